//! A block of sequences back through all steps of a program, from gradients of its states to those of all it was given.

use super::buffer::Chunk;
use super::forward::{Block, Rows, store};
use super::function::Each;
use super::product::{Start, Strip, outer, product};
use super::program::{Affine, Combination, Id, Operation, Place, Program};
use crate::lanes::{LANES, Lanes};
use pulp::{Simd, WithSimd};

/// Gradients of what a block of sequences was given.
pub(super) struct BlockGradients {
    /// `[rows, steps, inputs]`, empty where nobody asks.
    pub(super) inputs: Vec<f32>,
    /// `[rows, units]`
    pub(super) hidden: Vec<f32>,
    /// `[rows, units]`, empty where there is no memory.
    pub(super) memory: Vec<f32>,
    /// `[rows, steps]`
    pub(super) elapsed: Vec<f32>,
}

/// A block backward, compiled for the instruction set that is there.
pub(super) struct Backward<'a> {
    pub(super) block: Block<'a>,
    pub(super) steps: usize,
    /// What the way forward has left.
    pub(super) numbers: &'a [Chunk],
    /// Of the states after each step, `[batch, steps, units]`.
    pub(super) d_hidden: &'a [f32],
    /// Likewise of the memory, where there is one.
    pub(super) d_memory: Option<&'a [f32]>,
    /// Whether the inputs' gradient is asked for.
    pub(super) into_inputs: bool,
    /// Working memory: a gradient of every register.
    pub(super) gradients: &'a mut [Chunk],
    /// Gradients of the parameters, as the program lays them out. They are added to.
    pub(super) parameters: &'a mut [Chunk],
}

impl WithSimd for Backward<'_> {
    type Output = BlockGradients;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> BlockGradients {
        let (program, rows, steps) = (self.block.program, self.block.rows, self.steps);
        let inputs = if self.into_inputs { program.registers[program.input].width } else { 0 };
        let units = |in_memory: bool| -> usize {
            let parts = program.state.iter().filter(|part| part.in_memory == in_memory);
            parts.map(|part| program.registers[part.before].width).sum()
        };
        let mut all = BlockGradients {
            inputs: vec![0.0; rows * steps * inputs],
            hidden: vec![0.0; rows * units(false)],
            memory: vec![0.0; rows * units(true)],
            elapsed: vec![0.0; rows * steps],
        };
        for (id, register) in program.registers.iter().enumerate() {
            if let Place::Once(_) = register.place {
                self.clear(id);
            }
        }
        for step in (0..steps).rev() {
            self.load_states(step);
            program.untouched.iter().for_each(|id| self.clear(*id));
            for adjoint in &program.adjoints {
                self.undo::<S>(&program.step, adjoint.operation, &adjoint.is_first, step);
            }
            if self.into_inputs {
                let place = (step * inputs, steps * inputs);
                store(self.gradients, self.strip(program.input), rows, &mut all.inputs, place);
            }
            let elapsed = self.strip(program.elapsed);
            for row in 0..rows {
                all.elapsed[row * steps + step] = self.gradients[elapsed.at + row].iter().sum();
            }
        }
        for part in &program.state {
            let tensor = if part.in_memory { &mut all.memory } else { &mut all.hidden };
            let units = tensor.len() / rows;
            store(self.gradients, self.strip(part.before), rows, tensor, (part.column, units));
        }
        for number in (0..program.once.len()).rev() {
            self.undo::<S>(&program.once, number, &[false; 2], 0);
        }
        all
    }
}

impl Backward<'_> {
    /// The gradient of a register.
    #[inline(always)]
    fn strip(&self, id: Id) -> Strip {
        let register = &self.block.program.registers[id];
        Strip { at: self.block.rows * register.gradient, chunks: register.chunks(), width: register.width }
    }

    fn clear(&mut self, id: Id) {
        let Strip { at, chunks, .. } = self.strip(id);
        self.gradients[at..at + self.block.rows * chunks].fill([0.0; LANES]);
    }

    /// Gradients of the states after a step: of what was made of them in the next step, and of what the loss saw.
    #[inline(always)]
    fn load_states(&mut self, step: usize) {
        let (program, rows, steps) = (self.block.program, self.block.rows, self.steps);
        for part in &program.state {
            let tensor = if part.in_memory { self.d_memory } else { Some(self.d_hidden) };
            let (before, after) = (self.strip(part.before), self.strip(part.after));
            match tensor {
                Some(numbers) => {
                    let units = program.state.iter().filter(|other| other.in_memory == part.in_memory);
                    let units: usize = units.map(|other| program.registers[other.before].width).sum();
                    let first = (self.block.first * steps + step) * units + part.column;
                    Rows { numbers, first, stride: steps * units }.load(self.gradients, after, rows);
                }
                None => self.clear(part.after),
            }
            if step + 1 < steps {
                for i in 0..rows * before.chunks {
                    let sum = Lanes::from(self.gradients[after.at + i]) + Lanes::from(self.gradients[before.at + i]);
                    self.gradients[after.at + i] = *sum.numbers();
                }
            }
        }
    }

    /// From the gradients of an operation's results to those of its operands.
    #[inline(always)]
    fn undo<S: Simd>(&mut self, operations: &[Operation], number: usize, is_first: &[bool], step: usize) {
        let rows = self.block.rows;
        let value = |id: Id| self.block.strip(id, step).at;
        match &operations[number] {
            Operation::Affine(affine) => self.undo_affine::<S>(affine, number, is_first, step),
            Operation::Apply { function, x, y } => {
                let (dx, dy) = (self.strip(*x), self.strip(*y));
                let known = value(if function.is_reversible() { *y } else { *x });
                let (count, numbers) = (rows * dx.chunks, &self.numbers[known..]);
                let is_first = is_first[0];
                function.derivative::<S>(Chain {
                    numbers,
                    gradients: self.gradients,
                    dx: dx.at,
                    dy: dy.at,
                    count,
                    is_first,
                });
            }
            Operation::Combine { how: Combination::Product, a, b, y } => {
                let (dy, count) = (self.strip(*y).at, rows * self.strip(*y).chunks);
                for (operand, other, is_first) in [(*a, *b, is_first[0]), (*b, *a, is_first[1])] {
                    let numbers = &self.numbers[value(other)..];
                    let dx = self.strip(operand).at;
                    Chain { numbers, gradients: self.gradients, dx, dy, count, is_first }.each(|other| other);
                }
            }
            Operation::Combine { how, a, b, y } => {
                let sign = if *how == Combination::Sum { 1.0 } else { -1.0 };
                self.pass::<S>(*a, *y, 1.0, is_first[0]);
                self.pass::<S>(*b, *y, sign, is_first[1]);
            }
            Operation::Scale { x, y, factor, .. } => self.pass::<S>(*x, *y, *factor, is_first[0]),
            Operation::Spread { x, y } => {
                let (dx, dy) = (self.strip(*x), self.strip(*y));
                for row in 0..rows {
                    let start = if is_first[0] { [0.0; LANES] } else { self.gradients[dx.at + row] };
                    let all = &self.gradients[dy.at + row * dy.chunks..][..dy.chunks];
                    let sum = all.iter().fold(Lanes::from(start), |sum, chunk| sum + Lanes::from(*chunk));
                    self.gradients[dx.at + row] = *sum.numbers();
                }
            }
            Operation::Row { y, gradient, .. } => {
                let dy = self.strip(*y);
                add_rows(self.gradients, dy, rows, &mut self.parameters[*gradient..]);
            }
            Operation::Hold { x, y, held } => {
                self.pass::<S>(*x, *y, 1.0, is_first[0]);
                // Whatever was there before: what a held neuron's own value was makes no difference.
                let (dx, dy) = (self.strip(*x), self.strip(*y));
                for (row, held) in (0..rows).flat_map(|row| held.iter().map(move |held| (row, held))) {
                    let (chunk, lane) = (row * dx.chunks + held.neuron / LANES, held.neuron % LANES);
                    self.gradients[dx.at + chunk][lane] -= self.gradients[dy.at + chunk][lane];
                }
            }
        }
    }

    /// `dx += factor · dy`
    #[inline(always)]
    fn pass<S: Simd>(&mut self, x: Id, y: Id, factor: f32, is_first: bool) {
        let (dx, dy) = (self.strip(x), self.strip(y));
        for i in 0..self.block.rows * dx.chunks {
            let start = if is_first { Lanes::ZERO } else { self.gradients[dx.at + i].into() };
            let sum = Lanes::from(self.gradients[dy.at + i]).mul_add::<S>(factor, start);
            self.gradients[dx.at + i] = *sum.numbers();
        }
    }

    #[inline(always)]
    fn undo_affine<S: Simd>(&mut self, affine: &Affine, number: usize, is_first: &[bool], step: usize) {
        let (block, rows) = (self.block, self.block.rows);
        let gradient = |id: Id| {
            let register = &block.program.registers[id];
            Strip { at: rows * register.gradient, chunks: register.chunks(), width: register.width }
        };
        let stride: usize = affine.sources.iter().map(|id| gradient(*id).chunks).sum();
        for output in &affine.outputs {
            let left = (&*self.gradients, gradient(output.y));
            let mut first = output.gradient;
            for source in &affine.sources {
                let right = block.strip(*source, step);
                outer::<S>(left, (self.numbers, right), &mut self.parameters[first..], stride, rows);
                first += right.chunks;
            }
            let bias = output.gradient + gradient(output.y).chunks * LANES * stride;
            add_rows(self.gradients, gradient(output.y), rows, &mut self.parameters[bias..]);
        }
        for (at, source) in affine.sources.iter().enumerate() {
            if *source == block.program.input && !self.into_inputs {
                continue;
            }
            let outputs = affine.outputs.iter().map(|output| gradient(output.y));
            let start = if is_first[at] { Start::Zero } else { Start::Target };
            product::<S>(self.gradients, outputs, block.packed.backward(number, at), start, gradient(*source), rows);
        }
    }
}

/// Adds the rows of a register to a sum.
#[inline(always)]
fn add_rows(chunks: &[Chunk], strip: Strip, rows: usize, sum: &mut [Chunk]) {
    for row in chunks[strip.at..].chunks_exact(strip.chunks).take(rows) {
        for (sum, chunk) in sum.iter_mut().zip(row) {
            *sum = *(Lanes::from(*sum) + Lanes::from(*chunk)).numbers();
        }
    }
}

/// The chain rule: `dx += f(number) · dy`.
struct Chain<'a> {
    numbers: &'a [Chunk],
    gradients: &'a mut [Chunk],
    dx: usize,
    dy: usize,
    count: usize,
    is_first: bool,
}

impl Each for Chain<'_> {
    #[inline(always)]
    fn each(self, function: impl Fn(Lanes) -> Lanes) {
        for i in 0..self.count {
            let product = function(self.numbers[i].into()) * Lanes::from(self.gradients[self.dy + i]);
            let sum = if self.is_first { product } else { product + Lanes::from(self.gradients[self.dx + i]) };
            self.gradients[self.dx + i] = *sum.numbers();
        }
    }
}

/// The gradients of the parameters, one after the other and each in its own shape, from those of the matrices, biases and
/// rows that they are seen as.
pub(super) fn gather(program: &Program, gradients: &[Chunk], lengths: &[usize]) -> Vec<f32> {
    let flat = gradients.as_flattened();
    let mut all: Vec<Vec<f32>> = lengths.iter().map(|length| vec![0.0; *length]).collect();
    for operation in program.once.iter().chain(&program.step) {
        match operation {
            Operation::Affine(affine) => {
                let register = |id: Id| &program.registers[id];
                let stride: usize = affine.sources.iter().map(|id| register(*id).chunks()).sum();
                for output in &affine.outputs {
                    let (outputs, mut first) = (register(output.y).width, output.gradient);
                    for (source, block) in affine.sources.iter().zip(&output.blocks) {
                        for o in 0..outputs {
                            let row = &flat[(first + o * stride) * LANES..];
                            for (i, gradient) in row.iter().take(register(*source).width).enumerate() {
                                let place = block.place(o, i);
                                let mask = block.mask.as_ref().map_or(1.0, |mask| mask.values()[place]);
                                all[block.parameter][place] += gradient * mask;
                            }
                        }
                        first += register(*source).chunks();
                    }
                    let bias = output.gradient + register(output.y).chunks() * LANES * stride;
                    for (parameter, first) in &output.biases {
                        let sums = &flat[bias * LANES..][..outputs];
                        all[*parameter][*first..].iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
                    }
                }
            }
            Operation::Row { parameter, gradient, .. } => {
                let row = &flat[gradient * LANES..];
                all[*parameter].iter_mut().zip(row).for_each(|(all, sum)| *all += sum);
            }
            _ => {}
        }
    }
    all.concat()
}
