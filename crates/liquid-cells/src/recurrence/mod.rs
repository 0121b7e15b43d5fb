//! Recurrent cells over batches of sequences: a cell writes its step once, in the arithmetic of [`Value`]s, and this runs it
//! through all steps. On a device without a kernel those lines compute with tensors. On the processor they are written down
//! once as a program, which runs forward and backward as one operation of burn:
//!
//! - sixteen sequences are a block, which stays in the first cache; blocks are shared among threads, and their gradients
//!   summed in their order, so that no number depends on how many threads there are;
//! - matrices are packed once per call, or once for all calls that have the same weights, and all products go through one
//!   tile of sums that fits the registers ([`product`]);
//! - what is done number by number goes sixteen by sixteen ([`crate::lanes`]), and each operation has its derivative beside
//!   it, so that a cell says nothing of gradients;
//! - what the way back needs is recorded, in memory that is used again by the next call.
//!
//! A sequence has the same numbers alone, among others, and step by step, to the last bit.

mod alone;
mod backward;
mod buffer;
mod forward;
mod function;
mod held;
mod map;
mod op;
mod packed;
mod product;
mod program;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use alone::Alone;
pub(crate) use function::Function;
pub use held::Held;
pub(crate) use held::{at_rest, hold};
pub use map::Map;
pub(crate) use op::Kernel;
pub(crate) use value::{Bias, Mask, Value, Weight};

use burn::module::{Module, ParamId};
use burn::tensor::Tensor;
use op::{Run, has_kernel};
use program::Program;

/// The step of a cell.
pub(crate) trait Recurrence: Module {
    /// Widths of the parts of its state, in the order of [`Recurrence::step`], and whether each is in the memory instead of
    /// the hidden state. The parts of either stand side by side there.
    fn parts(&self) -> Vec<(usize, bool)>;

    /// What it keeps from call to call.
    fn kernel(&self) -> &Kernel;

    /// One step: the parts of the state after it. Those before it have held neurons at their values already.
    ///
    /// # Shapes
    /// - input: `[batch, inputs]`, state: `[batch, width]` each, elapsed: `[batch, 1]`
    fn step<V: Value>(&self, input: V, state: Vec<V>, elapsed: V, held: &[Held]) -> Vec<V>;
}

/// The states after each step of a batch of sequences, `[batch, steps, units]`, and likewise the memory where the cell has
/// one.
///
/// # Shapes
/// - inputs: `[batch, steps, inputs]`, hidden and memory: `[batch, units]`, elapsed: `[batch, steps]`
///
/// # Panics
/// If the shapes do not agree, or there is no step.
pub(crate) fn states<R: Recurrence>(
    cell: &R,
    inputs: Tensor<3>,
    (hidden, memory): (Tensor<2>, Option<Tensor<2>>),
    elapsed: Tensor<2>,
    held: &[Held],
) -> (Tensor<3>, Option<Tensor<3>>) {
    let [batch, steps, width] = inputs.dims();
    assert!(batch * steps > 0, "a sequence has at least one step");
    assert_eq!(hidden.dims()[0], batch, "hidden state: [batch, units]");
    assert_eq!(elapsed.dims(), [batch, steps], "elapsed: [batch, steps]");
    if !has_kernel(&inputs.device()) {
        return by_tensors(cell, inputs, (hidden, memory), elapsed, held);
    }
    let run = Run { inputs, hidden, memory, elapsed };
    op::states(cell.kernel(), cell, held, run, |parameters| program(cell, parameters, width, held))
}

/// The step of a cell with inputs of this width and these neurons held.
fn program<R: Recurrence>(cell: &R, parameters: Vec<ParamId>, width: usize, held: &[Held]) -> Program {
    let step = |input, state, elapsed| cell.step(input, state, elapsed, held);
    Program::write(parameters, width, &cell.parts(), step)
}

/// The same from burn's operations, on any device.
fn by_tensors<R: Recurrence>(
    cell: &R,
    inputs: Tensor<3>,
    (hidden, memory): (Tensor<2>, Option<Tensor<2>>),
    elapsed: Tensor<2>,
    held: &[Held],
) -> (Tensor<3>, Option<Tensor<3>>) {
    let ([batch, steps, width], parts) = (inputs.dims(), cell.parts());
    let (mut state, mut taken) = (Vec::with_capacity(parts.len()), [0; 2]);
    for (width, in_memory) in &parts {
        let (tensor, first) = match in_memory {
            true => (memory.as_ref().unwrap_or(&hidden), &mut taken[1]),
            false => (&hidden, &mut taken[0]),
        };
        state.push(tensor.clone().narrow(1, *first, *width));
        *first += width;
    }
    let (mut all, mut memories) = (Vec::with_capacity(steps), Vec::new());
    for step in 0..steps {
        let input = inputs.clone().narrow(1, step, 1).reshape([batch, width]);
        state = cell.step(input, state, elapsed.clone().narrow(1, step, 1), held);
        let of = |in_memory: bool| -> Vec<Tensor<2>> {
            let parts = state.iter().zip(&parts).filter(|(_, part)| part.1 == in_memory);
            parts.map(|(state, _)| state.clone()).collect()
        };
        all.push(Tensor::cat(of(false), 1));
        if memory.is_some() {
            memories.push(Tensor::cat(of(true), 1));
        }
    }
    (Tensor::stack(all, 1), memory.map(|_| Tensor::stack(memories, 1)))
}
