//! A cell on plain numbers: one sequence, one step after the other, in memory that is given out once. The same kernels as
//! for batches, so a sequence has the same numbers to the last bit, but for a dense layer behind the cell: that adds in
//! another order.

use super::Cell;
use super::kind::{CoreStepper, StepOutputs};
use crate::dense::Dense;
use crate::recurrence::{Alone, Held, Map};

/// A cell, one step of one sequence after the other.
#[derive(Clone, Debug)]
pub struct Stepper {
    memory: Option<Alone>,
    core: Box<dyn CoreStepper>,
    readout: Option<Map>,
    held: Vec<Held>,
    said: StepOutputs,
    outputs: Vec<f32>,
}

impl Cell {
    /// The cell as it is now, on plain numbers. Nothing where it has no kernel: on a device that is not the processor, or one
    /// that records operations, and for liquid neurons by another solver than their own.
    pub fn stepper(&self) -> Option<Stepper> {
        let inputs = self.spec.core.inputs();
        let memory = match &self.memory {
            Some(lstm) => Some(Alone::new(lstm, inputs, &[])?),
            None => None,
        };
        let (core, readout) = (self.core.weights().stepper(inputs, &self.held)?, self.readout.as_ref());
        let (said, outputs) = (StepOutputs::default(), Vec::new());
        Some(Stepper { memory, core, readout: readout.map(Dense::map), held: self.held.clone(), said, outputs })
    }
}

impl Stepper {
    /// One step: from inputs `[inputs]` and the state before it to the state after it.
    ///
    /// # Arguments
    /// - state: the hidden state `[units]` and, where the cell has one, its memory `[units]`
    /// - elapsed: in the cell's unit of time
    ///
    /// # Panics
    /// If a part has another length, or there is a part too few.
    pub fn step(&mut self, inputs: &[f32], state: &mut [Vec<f32>], elapsed: f32) {
        let Some((hidden, memory)) = state.split_first_mut() else { unreachable!("a cell has a state") };
        let mut memory = memory.first_mut();
        if let Some(lstm) = &mut self.memory {
            lstm.step(inputs, hidden, memory.take(), elapsed);
        }
        for held in &self.held {
            hidden[held.neuron] = held.value;
        }
        self.core.step(inputs, (hidden, memory), elapsed, &mut self.said);
        if let Some(readout) = &self.readout {
            readout.apply(&self.said.outputs, &mut self.outputs);
        }
    }

    /// What the cell says after the last step, `[outputs]`.
    pub fn outputs(&self) -> &[f32] {
        if self.readout.is_some() { &self.outputs } else { &self.said.outputs }
    }

    /// What the neurons sensed at the last step, `[inputs]`: after the input mapping, where the cell has one.
    pub fn sensory(&self) -> &[f32] {
        &self.said.sensory
    }
}
