//! Steering policies: an encoder and a head. Tensors live here, and above only in saliency, driver, training and the
//! checks against reference numbers.
//!
//! ```text
//! RgbImage -> preprocess (whitening) -> encoder -> feature maps -> head -> steering
//!                                                                 (state, elapsed)
//! ```

pub mod conv;
mod conv_op;
mod conv_tensor;
pub mod device;
pub mod encoder;
pub mod export;
pub mod head;
mod kind;
mod lesion;
pub mod preprocess;
pub mod saliency;
mod seen;
pub mod step;
mod stepper;
pub mod weights;

pub use kind::{FEATURES, HeadKind, PolicyKind};
pub use lesion::Lesion;
pub use liquid_cells::{FirstWeights, cell, interchange, ltc_kernel, solver, to_vec, wiring};
pub use seen::{Eye, Seen};
pub use stepper::Stepper;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use cell::{CellSpec, CellState};
use encoder::Encoder;
use head::{CnnHead, RecurrentHead};
use lane_frame::{Size, Steering};
use std::sync::Arc;
use wiring::Wiring;

/// What a network's output is multiplied by to be a curvature in 1/m: brings the target's standard deviation near
/// 0.3, where training is well conditioned.
pub const CURVATURE_PER_OUTPUT: f32 = 1.0 / 15.0;

/// The head of a network.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one per network, and networks are not moved about")]
pub enum Head {
    /// A cell, with memory.
    Recurrent(RecurrentHead),
    /// Dense layers, without.
    Cnn(CnnHead),
}

/// The trainable part of a policy.
#[derive(Module, Debug)]
pub struct Network {
    encoder: Encoder,
    head: Head,
}

/// A network that steers, and what is fixed about it.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    network: Network,
}

/// Memory of a policy between frames, or nothing for a head without memory.
#[derive(Clone, Debug)]
pub struct PolicyState(Option<CellState>);

/// What a policy computes for a batch of sequences.
pub struct PolicyOutput {
    /// `[batch, steps]`; times [`CURVATURE_PER_OUTPUT`] it is a curvature.
    pub output: Tensor<2>,
    /// State of each neuron after each step, `[batch, steps, units]`: of the cell, or of the last dense layer.
    pub neurons: Tensor<3>,
    /// What the neurons of a cell sensed, `[batch, steps, inputs]`.
    pub sensory: Option<Tensor<3>>,
    /// Rectified feature maps of all frames, from the image on: `[batch · steps, rows, columns, filters]`.
    pub maps: Vec<Tensor<4>>,
}

impl Policy {
    /// An untrained policy, its cell as its kind says.
    pub fn init(kind: PolicyKind, seed: u64, device: &Device) -> Self {
        Self::init_with(kind, kind.cell().as_ref(), seed, device)
    }

    /// An untrained policy with this cell: another wiring, solver or number of parts of a step than its kind has.
    ///
    /// # Panics
    /// If the kind has a cell and none is given, or one that has not one output, or not [`FEATURES`] inputs on the
    /// paper's encoder: [`weights`] and the command line refuse those before.
    pub fn init_with(kind: PolicyKind, cell: Option<&CellSpec>, seed: u64, device: &Device) -> Self {
        Self::build(kind, cell, &mut FirstWeights::new(seed, device))
    }

    fn build(kind: PolicyKind, cell: Option<&CellSpec>, first: &mut FirstWeights<'_>) -> Self {
        let encoder = Encoder::init(kind.encoder(), first);
        let map = kind.encoder().map_shape();
        let head = match cell {
            Some(cell) => {
                assert_eq!(cell.outputs(), 1, "a cell that steers has one output");
                Head::Recurrent(if kind.paper {
                    RecurrentHead::per_filter(map, cell, first)
                } else {
                    RecurrentHead::flat(map, cell, first)
                })
            }
            None if kind.paper => Head::Cnn(CnnHead::init(map, &[1000, 100], first)),
            None => Head::Cnn(CnnHead::init(map, &[100], first)),
        };
        assert_eq!(cell.is_some(), kind.has_memory(), "a cell where the kind has one");
        Self { kind, network: Network { encoder, head } }
    }

    /// Which policy it is.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Size of the image it takes.
    pub fn input_size(&self) -> Size {
        self.kind.encoder().input_size()
    }

    /// Its recurrent head, if it has one.
    pub fn recurrent(&self) -> Option<&RecurrentHead> {
        match &self.network.head {
            Head::Recurrent(head) => Some(head),
            Head::Cnn(_) => None,
        }
    }

    /// What its cell is made of, if it has one.
    pub fn cell_spec(&self) -> Option<&CellSpec> {
        self.recurrent().map(|head| head.cell().spec())
    }

    /// The wiring of its neurons, if they have one.
    pub fn wiring(&self) -> Option<&Arc<Wiring>> {
        self.cell_spec().and_then(|spec| spec.core.wiring())
    }

    /// Trainable numbers in all.
    pub fn parameters(&self) -> usize {
        self.network.num_params()
    }

    /// The trainable part.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The same policy with another network of its kind.
    pub fn with_network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// The same policy with another cell behind its encoder; nothing changes for one without a cell.
    pub fn with_cell(self, cell: cell::Cell) -> Self {
        let head = match self.network.head {
            Head::Recurrent(head) => Head::Recurrent(head.with_cell(cell)),
            head @ Head::Cnn(_) => head,
        };
        Self { network: Network { head, ..self.network }, ..self }
    }

    /// The same policy untrained from its output down: first weights in its head and in this many of its convolutions,
    /// the last ones first.
    pub fn untrained_down_to(&self, convolutions: usize, seed: u64, device: &Device) -> Self {
        let Network { encoder, head } = Self::init_with(self.kind, self.cell_spec(), seed, device).network;
        let encoder = self.network.encoder.clone().with_last_of(convolutions, encoder);
        Self { kind: self.kind, network: Network { encoder, head } }
    }

    /// The same policy on a device that records operations for gradients.
    pub fn recording(&self, device: &Device) -> Self {
        Self { network: self.network.clone().train().fork(&device.clone().autodiff()), ..*self }
    }

    /// The same policy without gradients.
    pub fn inference(&self) -> Self {
        Self { network: self.network.valid(), ..*self }
    }

    /// Memory at the start of a drive.
    pub fn zero_state(&self, batch: usize, device: &Device) -> PolicyState {
        PolicyState(self.recurrent().map(|head| head.cell().zero_state(batch, device)))
    }

    /// Runs a batch of sequences.
    ///
    /// # Shapes
    /// - input: `[batch · steps, height, width, 3]`, whitened, sequence by sequence
    /// - elapsed_secs: `batch · steps` times since the frame before
    ///
    /// # Panics
    /// If the shapes do not agree.
    pub fn forward(
        &self,
        input: Tensor<4>,
        state: PolicyState,
        elapsed_secs: &[f32],
        batch: usize,
    ) -> (PolicyOutput, PolicyState) {
        self.forward_from_maps(self.encode(input), state, elapsed_secs, batch)
    }

    /// Every rectified feature map of whitened frames, from the image on.
    pub fn encode(&self, input: Tensor<4>) -> Vec<Tensor<4>> {
        self.network.encoder.forward(self.kind.encoder(), input)
    }

    /// What the head makes of feature maps, of which it sees the last; the second half of [`Policy::forward`].
    ///
    /// # Panics
    /// If the shapes do not agree.
    pub fn forward_from_maps(
        &self,
        maps: Vec<Tensor<4>>,
        state: PolicyState,
        elapsed_secs: &[f32],
        batch: usize,
    ) -> (PolicyOutput, PolicyState) {
        let last = maps[maps.len() - 1].clone();
        let [frames, ..] = last.dims();
        assert_eq!(frames, elapsed_secs.len(), "one elapsed time per frame");
        let (steps, device) = (frames / batch, last.device());
        match &self.network.head {
            Head::Recurrent(head) => {
                let state = state.0.unwrap_or_else(|| head.cell().zero_state(batch, &device));
                let unit_secs = self.kind.head.time_unit_secs();
                let elapsed: Vec<f32> = elapsed_secs.iter().map(|secs| secs / unit_secs).collect();
                let elapsed = Tensor::from_data(TensorData::new(elapsed, [batch, steps]), &device);
                let (run, sensory) = head.forward(last, state, elapsed);
                let output = run.outputs.squeeze_dim(2); // [batch, steps]
                let output = PolicyOutput { output, neurons: run.hidden, sensory: Some(sensory), maps };
                (output, PolicyState(Some(run.state)))
            }
            Head::Cnn(head) => {
                let (output, hidden) = head.forward(last);
                let output = output.reshape([batch, steps]);
                let neurons = hidden.reshape([batch as i32, steps as i32, -1]);
                (PolicyOutput { output, neurons, sensory: None, maps }, PolicyState(None))
            }
        }
    }

    /// The state of one sequence and step by neuron id: closed-form cells in a wiring run inter, command, motor inside.
    pub fn in_order_of_ids(&self, state: Vec<f32>) -> Vec<f32> {
        let Some(spec) = self.cell_spec() else { return state };
        (0..state.len()).map(|id| state[spec.core.place_of(id)]).collect()
    }

    /// Time constants and currents of liquid neurons at a state, if it has such.
    pub fn introspect(&self, sensory: &[f32], state: &[f32]) -> Option<ltc_kernel::Introspection> {
        self.recurrent()?.cell().introspect(sensory, state)
    }
}

impl PolicyState {
    /// The memory of one sequence, for each of `batch` sequences.
    pub fn repeat(&self, batch: usize) -> Self {
        let repeat = |state: &Tensor<2>| state.clone().repeat_dim(0, batch);
        Self(
            self.0
                .as_ref()
                .map(|state| CellState { hidden: repeat(&state.hidden), memory: state.memory.as_ref().map(repeat) }),
        )
    }

    /// Its numbers, exactly: state and memory, each `batch · units` long; nothing for a head without memory.
    pub fn numbers(&self) -> Vec<Vec<f32>> {
        let Some(state) = &self.0 else { return Vec::new() };
        std::iter::once(&state.hidden).chain(&state.memory).map(|tensor| to_vec(tensor.clone())).collect()
    }

    /// A state of the same shape with these numbers, as [`PolicyState::numbers`] gives them.
    ///
    /// # Panics
    /// If they are not as many.
    pub fn with_numbers(&self, numbers: &[Vec<f32>]) -> Self {
        let mut numbers = numbers.iter();
        let mut next = |like: &Tensor<2>| {
            let numbers = numbers.next().cloned().unwrap_or_default();
            Tensor::from_data(TensorData::new(numbers, like.dims()), &like.device())
        };
        Self(self.0.as_ref().map(|state| {
            let hidden = next(&state.hidden);
            CellState { hidden, memory: state.memory.as_ref().map(next) }
        }))
    }
}

impl Network {
    /// Keeps physical quantities physical; to be called after each optimiser step. See [`cell::Cell::constrain`].
    pub fn constrain(self) -> Self {
        match self.head {
            Head::Recurrent(head) => Self { head: Head::Recurrent(head.constrain()), ..self },
            Head::Cnn(_) => self,
        }
    }
}

impl PolicyOutput {
    /// Steering of every frame, sequence by sequence.
    pub fn steering(&self) -> Vec<Steering> {
        to_vec(self.output.clone()).into_iter().map(|output| Steering(output * CURVATURE_PER_OUTPUT)).collect()
    }
}
