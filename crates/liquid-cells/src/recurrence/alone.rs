//! One sequence, one step after the other, without tensors.

use super::Recurrence;
use super::held::Held;
use super::op::Ready;

/// A cell on one sequence, its parameters packed once. A copy shares them.
#[derive(Clone, Debug)]
pub(crate) struct Alone {
    ready: Ready,
    /// Hidden state and memory after the step.
    after: [Vec<f32>; 2],
}

impl Alone {
    /// The cell as it is now; nothing on a device without a kernel, or one that records operations.
    pub(crate) fn new(cell: &impl Recurrence, inputs: usize, held: &[Held]) -> Option<Self> {
        let ready = Ready::of(cell.kernel(), cell, held, |parameters| super::program(cell, parameters, inputs, held))?;
        Some(Self { ready, after: Default::default() })
    }

    /// One step: the state `[units]` and the memory `[units]`, where there is one, become those after it.
    pub(crate) fn step(&mut self, inputs: &[f32], hidden: &mut Vec<f32>, memory: Option<&mut Vec<f32>>, elapsed: f32) {
        let [after, memory_after] = &mut self.after;
        after.resize(hidden.len(), 0.0);
        memory_after.resize(memory.as_ref().map_or(0, |memory| memory.len()), 0.0);
        let before = (&hidden[..], memory.as_ref().map(|memory| &memory[..]));
        self.ready.step(inputs, before, elapsed, [after, memory_after]);
        std::mem::swap(hidden, after);
        if let Some(memory) = memory {
            std::mem::swap(memory, memory_after);
        }
    }
}
