//! A cell that is a [`Recurrence`], on plain numbers.

use super::kind::{CoreStepper, StepOutputs};
use crate::recurrence::{Alone, Held, Recurrence};
use std::ops::Range;

#[derive(Clone, Debug)]
struct RecurrentStepper {
    alone: Alone,
    /// The part of the hidden state that the cell says.
    outputs: Range<usize>,
}

/// A cell that says this part of its state, given how many neurons it has; nothing where it has no kernel.
pub(super) fn stepper(
    cell: &impl Recurrence,
    inputs: usize,
    held: &[Held],
    outputs: impl FnOnce(usize) -> Range<usize>,
) -> Option<Box<dyn CoreStepper>> {
    let units = cell.parts().iter().filter(|(_, in_memory)| !in_memory).map(|(width, _)| width).sum();
    Some(Box::new(RecurrentStepper { alone: Alone::new(cell, inputs, held)?, outputs: outputs(units) }))
}

impl CoreStepper for RecurrentStepper {
    fn step(
        &mut self,
        inputs: &[f32],
        (hidden, memory): (&mut Vec<f32>, Option<&mut Vec<f32>>),
        elapsed: f32,
        to: &mut StepOutputs,
    ) {
        self.alone.step(inputs, hidden, memory, elapsed);
        to.sensory.clear();
        to.sensory.extend_from_slice(inputs);
        to.outputs.clear();
        to.outputs.extend_from_slice(&hidden[self.outputs.clone()]);
    }

    fn boxed_clone(&self) -> Box<dyn CoreStepper> {
        Box::new(self.clone())
    }
}
