//! The head of a policy on plain numbers: one frame of one drive after the other, in memory that is given out once. Burn
//! holds the parameters and trains.

use super::{CURVATURE_PER_OUTPUT, Head, Policy, Seen, to_vec};
use burn::tensor::Device;
use lane_frame::Steering;
use liquid_cells::Map;
use liquid_cells::cell;

/// A policy's head, one frame after the other.
#[derive(Clone, Debug)]
pub struct Stepper {
    way: Way,
    /// Of the last frame.
    sensory: Vec<f32>,
    neurons: Vec<f32>,
}

/// How a head computes.
#[derive(Clone, Debug)]
enum Way {
    Recurrent(Box<RecurrentStepper>),
    Dense(DenseStepper),
    /// On a device without kernels of ours, and for a cell that has none.
    Tensors(Box<Policy>, Device),
}

/// A few features into a cell.
#[derive(Clone, Debug)]
pub(crate) struct RecurrentStepper {
    pub(crate) features: Map,
    pub(crate) is_rectified: bool,
    pub(crate) cell: cell::Stepper,
    /// Seconds in the cell's unit of time.
    pub(crate) unit_secs: f32,
}

/// Dense layers, rectified but for the last.
#[derive(Clone, Debug)]
pub(crate) struct DenseStepper {
    pub(crate) hidden: Vec<Map>,
    pub(crate) output: Map,
}

impl Stepper {
    /// The head of a policy that is on this device, as it is now.
    pub fn new(policy: &Policy, device: &Device) -> Self {
        let way = match &policy.network.head {
            _ if !super::conv_op::has_kernels(device) => None,
            Head::Recurrent(head) => head.stepper(policy.kind.head.time_unit_secs()).map(Box::new).map(Way::Recurrent),
            Head::Cnn(head) => Some(Way::Dense(head.stepper())),
        };
        let way = way.unwrap_or_else(|| Way::Tensors(Box::new(policy.clone()), device.clone()));
        Self { way, sensory: Vec::new(), neurons: Vec::new() }
    }

    /// The command for a frame; the memory becomes that after it.
    ///
    /// # Arguments
    /// - memory: [`PolicyState::numbers`](super::PolicyState::numbers) of one sequence
    /// - elapsed_secs: time since the frame before
    ///
    /// # Panics
    /// If the memory is not of such a policy.
    pub fn step(&mut self, seen: &Seen, memory: &mut Vec<Vec<f32>>, elapsed_secs: f32) -> Steering {
        let Self { way, sensory, neurons } = self;
        let output = match way {
            Way::Recurrent(head) => {
                head.features.apply(seen.last(), sensory);
                if head.is_rectified {
                    rectify(sensory);
                }
                head.cell.step(sensory, memory, elapsed_secs / head.unit_secs);
                sensory.copy_from_slice(head.cell.sensory());
                neurons.clone_from(&memory[0]);
                head.cell.outputs()[0]
            }
            Way::Dense(head) => {
                neurons.clear();
                neurons.extend_from_slice(seen.last());
                let mut next = Vec::new();
                for layer in &head.hidden {
                    layer.apply(neurons, &mut next);
                    rectify(&mut next);
                    std::mem::swap(neurons, &mut next);
                }
                head.output.apply(neurons, &mut next);
                next[0]
            }
            Way::Tensors(policy, device) => {
                let state = policy.zero_state(1, device).with_numbers(memory);
                let (output, state) = policy.forward_from_maps(vec![seen.last_map(device)], state, &[elapsed_secs], 1);
                *memory = state.numbers();
                *neurons = to_vec(output.neurons);
                *sensory = output.sensory.map(to_vec).unwrap_or_default();
                to_vec(output.output)[0]
            }
        };
        Steering(output * CURVATURE_PER_OUTPUT)
    }

    /// State of each neuron after the last frame: of the cell, or of the last dense layer.
    pub fn neurons(&self) -> &[f32] {
        &self.neurons
    }

    /// What the neurons of a cell sensed in the last frame; nothing of dense layers.
    pub fn sensory(&self) -> &[f32] {
        &self.sensory
    }
}

/// As ReLU does: what is not a number becomes zero nowhere, so that a broken network is noticed.
fn rectify(numbers: &mut [f32]) {
    numbers.iter_mut().filter(|number| **number < 0.0).for_each(|number| *number = 0.0);
}
