//! A block of sequences through all steps of a program.

use super::buffer::Chunk;
use super::function::Each;
use super::packed::Packed;
use super::product::{Start, Strip, product};
use super::program::{Combination, Id, Operation, Place, Program, StatePart};
use crate::lanes::{LANES, Lanes};
use pulp::{Simd, WithSimd};

/// Sequences of a block: few enough that the numbers of a step stay in the first cache, enough that its matrices are read
/// from the second one but rarely.
pub(super) const BLOCK: usize = 16;

/// What a batch of sequences is run on.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) batch: usize,
    pub(super) steps: usize,
    /// `[batch, steps, inputs]`
    pub(super) inputs: &'a [f32],
    /// `[batch, units]`
    pub(super) hidden: &'a [f32],
    /// `[batch, units]`, where there is one.
    pub(super) memory: Option<&'a [f32]>,
    /// `[batch, steps]`
    pub(super) elapsed: &'a [f32],
}

impl Given<'_> {
    /// Batch, steps and units.
    pub(super) fn shape(&self) -> [usize; 3] {
        [self.batch, self.steps, self.hidden.len() / self.batch]
    }

    /// Numbers of the states after all steps.
    pub(super) fn states(&self) -> usize {
        self.steps * self.hidden.len()
    }

    /// Numbers of the memory after all steps.
    pub(super) fn memories(&self) -> usize {
        self.steps * self.memory.map_or(0, <[f32]>::len)
    }
}

/// Sequences of a batch that follow each other, and where their numbers are.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) program: &'a Program,
    pub(super) packed: &'a Packed,
    /// Its first sequence.
    pub(super) first: usize,
    /// Sequences of it.
    pub(super) rows: usize,
    /// Whether each step has memory of its own, for the way back.
    pub(super) is_recording: bool,
}

impl Block<'_> {
    /// Chunks of its working memory.
    pub(super) fn chunks(&self, steps: usize) -> usize {
        let sizes = self.program.sizes;
        let records = if self.is_recording { steps } else { 1 };
        self.rows * (sizes.once + sizes.scratch + records * sizes.record)
    }

    /// Where a register is in a step.
    #[inline(always)]
    pub(super) fn strip(&self, id: Id, step: usize) -> Strip {
        let (register, sizes) = (&self.program.registers[id], self.program.sizes);
        let record = if self.is_recording { step } else { 0 };
        let at = match register.place {
            Place::Once(at) => at,
            Place::Scratch(at) => sizes.once + at,
            Place::Record(at) => sizes.once + sizes.scratch + record * sizes.record + at,
        };
        Strip { at: self.rows * at, chunks: register.chunks(), width: register.width }
    }

    /// The numbers of a part of the state in a tensor `[batch, units]`.
    pub(super) fn of_state<'a>(&self, part: &StatePart, given: &Given<'a>) -> Rows<'a> {
        let tensor = if part.in_memory { given.memory.unwrap_or_default() } else { given.hidden };
        let units = tensor.len() / given.batch;
        Rows { numbers: tensor, first: self.first * units + part.column, stride: units }
    }
}

/// Rows of a tensor.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) numbers: &'a [f32],
    /// The first number of the first row.
    pub(super) first: usize,
    /// Numbers from row to row.
    pub(super) stride: usize,
}

impl Rows<'_> {
    /// Copies them into a register. Lanes that nobody reads become zero and stay finite: what is not a number would
    /// survive multiplication by zero on the way back.
    #[inline(always)]
    pub(super) fn load(&self, chunks: &mut [Chunk], strip: Strip, rows: usize) {
        for row in 0..rows {
            let (from, to) = (self.first + row * self.stride, strip.at + row * strip.chunks);
            let row = &mut chunks[to..to + strip.chunks];
            row[strip.chunks - 1] = [0.0; LANES];
            row.as_flattened_mut()[..strip.width].copy_from_slice(&self.numbers[from..from + strip.width]);
        }
    }
}

/// Copies a register to the rows of a tensor: row `r` begins at number `first + r · stride`.
#[inline(always)]
pub(super) fn store(chunks: &[Chunk], strip: Strip, rows: usize, tensor: &mut [f32], (first, stride): (usize, usize)) {
    let flat = chunks.as_flattened();
    for row in 0..rows {
        let (from, to) = ((strip.at + row * strip.chunks) * LANES, first + row * stride);
        tensor[to..to + strip.width].copy_from_slice(&flat[from..from + strip.width]);
    }
}

/// A block forward, compiled for the instruction set that is there.
pub(super) struct Forward<'a> {
    pub(super) block: Block<'a>,
    pub(super) given: Given<'a>,
    pub(super) numbers: &'a mut [Chunk],
    /// `[rows, steps, units]`
    pub(super) hidden: &'a mut [f32],
    /// `[rows, steps, units]`, empty where there is none.
    pub(super) memory: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { block, given, numbers, hidden, memory } = self;
        let (program, rows, steps) = (block.program, block.rows, given.steps);
        for number in 0..program.once.len() {
            run::<S>(&block, numbers, &program.once, number, 0);
        }
        let inputs = given.inputs.len() / (given.batch * steps);
        for step in 0..steps {
            for part in &program.state {
                let to = block.strip(part.before, step);
                match step {
                    0 => block.of_state(part, &given).load(numbers, to, rows),
                    _ => {
                        let from = block.strip(part.after, step - 1);
                        numbers.copy_within(from.at..from.at + rows * from.chunks, to.at);
                    }
                }
            }
            let first = (block.first * steps + step) * inputs;
            let given_inputs = Rows { numbers: given.inputs, first, stride: steps * inputs };
            given_inputs.load(numbers, block.strip(program.input, step), rows);
            let elapsed = block.strip(program.elapsed, step);
            for row in 0..rows {
                numbers[elapsed.at + row] = [given.elapsed[(block.first + row) * steps + step]; LANES];
            }
            for number in 0..program.step.len() {
                run::<S>(&block, numbers, &program.step, number, step);
            }
            for part in &program.state {
                let tensor = if part.in_memory { &mut *memory } else { &mut *hidden };
                let units = tensor.len() / (rows * steps);
                let place = (step * units + part.column, steps * units);
                store(numbers, block.strip(part.after, step), rows, tensor, place);
            }
        }
    }
}

/// One operation of a list.
#[inline(always)]
fn run<S: Simd>(block: &Block<'_>, numbers: &mut [Chunk], operations: &[Operation], number: usize, step: usize) {
    let rows = block.rows;
    let strip = |id: Id| block.strip(id, step);
    match &operations[number] {
        Operation::Affine(affine) => {
            for (at, output) in affine.outputs.iter().enumerate() {
                let (panels, bias) = block.packed.forward(number, at);
                let sources = affine.sources.iter().map(|id| strip(*id));
                product::<S>(numbers, sources, panels, Start::Bias(bias), strip(output.y), rows);
            }
        }
        Operation::Apply { function, x, y } => {
            let y = strip(*y);
            function.forward::<S>(Map { numbers, x: strip(*x).at, y: y.at, count: rows * y.chunks });
        }
        Operation::Combine { how, a, b, y } => {
            let (a, b, y) = (strip(*a).at, strip(*b).at, strip(*y));
            let combine = Pairs { numbers, a, b, y: y.at, count: rows * y.chunks };
            match how {
                Combination::Sum => combine.each(|a, b| a + b),
                Combination::Difference => combine.each(|a, b| a - b),
                Combination::Product => combine.each(|a, b| a * b),
            }
        }
        Operation::Scale { x, y, factor, offset } => {
            let y = strip(*y);
            let map = Map { numbers, x: strip(*x).at, y: y.at, count: rows * y.chunks };
            map.each(|x| x.mul_add::<S>(*factor, *offset));
        }
        Operation::Spread { x, y } => {
            let (x, y) = (strip(*x).at, strip(*y));
            for row in 0..rows {
                let number = numbers[x + row];
                numbers[y.at + row * y.chunks..][..y.chunks].fill(number);
            }
        }
        Operation::Row { y, .. } => {
            let y = strip(*y);
            for row in 0..rows {
                numbers[y.at + row * y.chunks..][..y.chunks].copy_from_slice(block.packed.row(number));
            }
        }
        Operation::Hold { x, y, held } => {
            let (x, y) = (strip(*x), strip(*y));
            numbers.copy_within(x.at..x.at + rows * x.chunks, y.at);
            for (row, held) in (0..rows).flat_map(|row| held.iter().map(move |held| (row, held))) {
                numbers[y.at + row * y.chunks + held.neuron / LANES][held.neuron % LANES] = held.value;
            }
        }
    }
}

/// One register into another.
struct Map<'a> {
    numbers: &'a mut [Chunk],
    x: usize,
    y: usize,
    count: usize,
}

impl Each for Map<'_> {
    #[inline(always)]
    fn each(self, function: impl Fn(Lanes) -> Lanes) {
        for i in 0..self.count {
            self.numbers[self.y + i] = *function(self.numbers[self.x + i].into()).numbers();
        }
    }
}

/// Two registers into one.
struct Pairs<'a> {
    numbers: &'a mut [Chunk],
    a: usize,
    b: usize,
    y: usize,
    count: usize,
}

impl Pairs<'_> {
    #[inline(always)]
    fn each(self, function: impl Fn(Lanes, Lanes) -> Lanes) {
        for i in 0..self.count {
            let (a, b) = (self.numbers[self.a + i].into(), self.numbers[self.b + i].into());
            self.numbers[self.y + i] = *function(a, b).numbers();
        }
    }
}
