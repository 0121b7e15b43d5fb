//! The step of a cell as a list of operations on registers, written down by running the step once with values that only
//! note what is done with them.

use super::function::Function;
use super::held::Held;
use super::value::{Bias, Mask, Value, Weight};
use crate::lanes::LANES;
use burn::module::{Param, ParamId};
use burn::tensor::Tensor;
use std::cell::RefCell;
use std::ops::{Add, Mul, Sub};
use std::rc::Rc;

/// Numbers of each sequence at one step, by number.
pub(super) type Id = usize;

/// A cell's step.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) registers: Vec<Register>,
    /// What is the same in all steps, computed before the first one.
    pub(super) once: Vec<Operation>,
    /// A step.
    pub(super) step: Vec<Operation>,
    /// `step` backward.
    pub(super) adjoints: Vec<Adjoint>,
    /// Registers whose gradients begin as zero at each step: nothing that is differentiated fills them.
    pub(super) untouched: Vec<Id>,
    pub(super) input: Id,
    /// Of width 1; the same number in all sixteen lanes.
    pub(super) elapsed: Id,
    pub(super) state: Vec<StatePart>,
    /// Chunks per sequence of what is computed once, of what lasts for a step, and of what is recorded of each step.
    pub(super) sizes: Sizes,
    /// Chunks of the gradients of matrices, biases and rows.
    pub(super) gradient_chunks: usize,
}

/// Chunks of sixteen numbers per sequence.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub(super) once: usize,
    pub(super) scratch: usize,
    pub(super) record: usize,
    /// Of a gradient of every register.
    pub(super) gradients: usize,
}

/// Where the numbers of a register are.
#[derive(Debug)]
pub(super) struct Register {
    /// Numbers per sequence.
    pub(super) width: usize,
    pub(super) place: Place,
    /// Chunks per sequence before its gradient.
    pub(super) gradient: usize,
}

impl Register {
    /// Sixteen numbers each, the last one filled up with what nobody reads.
    pub(super) fn chunks(&self) -> usize {
        self.width.div_ceil(LANES)
    }
}

/// Chunks per sequence before a register, in its part of the memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Computed before the first step.
    Once(usize),
    /// Overwritten by the next step.
    Scratch(usize),
    /// Kept for the way back.
    Record(usize),
}

/// A part of a cell's state.
#[derive(Debug)]
pub(super) struct StatePart {
    pub(super) before: Id,
    pub(super) after: Id,
    /// Whether it is a part of the memory instead of the hidden state.
    pub(super) in_memory: bool,
    /// Its place there.
    pub(super) column: usize,
}

/// One operation.
#[derive(Debug)]
pub(super) enum Operation {
    Affine(Affine),
    Apply {
        function: Function,
        x: Id,
        y: Id,
    },
    Combine {
        how: Combination,
        a: Id,
        b: Id,
        y: Id,
    },
    Scale {
        x: Id,
        y: Id,
        factor: f32,
        offset: f32,
    },
    /// A value of width 1 to the width of `y`.
    Spread {
        x: Id,
        y: Id,
    },
    /// A row of parameters for every sequence; `gradient` is where the gradient of the row is summed.
    Row {
        parameter: usize,
        y: Id,
        gradient: usize,
    },
    Hold {
        x: Id,
        y: Id,
        held: Vec<Held>,
    },
}

/// Two numbers into one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Combination {
    Sum,
    Difference,
    Product,
}

/// Sums of matrices by sources, and biases; all maps from the same sources at once.
#[derive(Debug)]
pub(super) struct Affine {
    pub(super) sources: Vec<Id>,
    pub(super) outputs: Vec<Output>,
}

/// One output of an affine map.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) y: Id,
    /// One per source.
    pub(super) blocks: Vec<Block>,
    /// Parameter and the place in it where the bias begins.
    pub(super) biases: Vec<(usize, usize)>,
    /// Chunks before the gradients of its matrices `[chunks of y · 16, chunks of the sources]`, followed by that of its bias.
    pub(super) gradient: usize,
}

/// A block of a parameter matrix, as it is seen from one source and one output.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) parameter: usize,
    columns: usize,
    first: [usize; 2],
    is_transposed: bool,
    pub(super) mask: Option<Mask>,
}

impl Block {
    /// The place in the parameter of the weight from a number of the source to one of the output.
    pub(super) fn place(&self, output: usize, input: usize) -> usize {
        let [output, input] = [self.first[0] + output, self.first[1] + input];
        if self.is_transposed { input * self.columns + output } else { output * self.columns + input }
    }
}

/// An operation on the way back.
#[derive(Debug)]
pub(super) struct Adjoint {
    /// Its number in the step.
    pub(super) operation: usize,
    /// For each operand, whether this is the first contribution to its gradient in the step.
    pub(super) is_first: Vec<bool>,
}

impl Operation {
    fn operands(&self) -> Vec<Id> {
        match self {
            Self::Affine(affine) => affine.sources.clone(),
            Self::Apply { x, .. } | Self::Scale { x, .. } | Self::Spread { x, .. } | Self::Hold { x, .. } => vec![*x],
            Self::Combine { a, b, .. } => vec![*a, *b],
            Self::Row { .. } => vec![],
        }
    }

    fn results(&self) -> Vec<Id> {
        match self {
            Self::Affine(affine) => affine.outputs.iter().map(|output| output.y).collect(),
            Self::Apply { y, .. }
            | Self::Scale { y, .. }
            | Self::Spread { y, .. }
            | Self::Hold { y, .. }
            | Self::Row { y, .. }
            | Self::Combine { y, .. } => vec![*y],
        }
    }

    /// The registers whose numbers its gradients are computed from.
    fn recorded(&self) -> Vec<Id> {
        match self {
            Self::Affine(affine) => affine.sources.clone(),
            Self::Apply { function, x, y } => vec![if function.is_reversible() { *y } else { *x }],
            Self::Combine { how: Combination::Product, a, b, .. } => vec![*a, *b],
            _ => vec![],
        }
    }
}

/// What is known of a register while a program is written.
#[derive(Clone, Copy)]
struct Noted {
    width: usize,
    /// Whether it is the same in all steps.
    is_constant: bool,
}

/// A program that is being written.
pub(super) struct Draft {
    parameters: Vec<ParamId>,
    registers: Vec<Noted>,
    once: Vec<Operation>,
    step: Vec<Operation>,
}

/// A value of a program that is being written.
#[derive(Clone)]
pub(super) struct Noting {
    draft: Rc<RefCell<Draft>>,
    id: Id,
}

impl Program {
    /// Writes down a step.
    ///
    /// # Arguments
    /// - parameters: the cell's, in the order of their numbers
    /// - inputs: width of the input
    /// - parts: widths of the parts of the state, and whether each is in the memory
    pub(super) fn write(
        parameters: Vec<ParamId>,
        inputs: usize,
        parts: &[(usize, bool)],
        step: impl FnOnce(Noting, Vec<Noting>, Noting) -> Vec<Noting>,
    ) -> Self {
        let draft = Draft { parameters, registers: Vec::new(), once: Vec::new(), step: Vec::new() };
        let draft = Rc::new(RefCell::new(draft));
        let given = |width| {
            let id = draft.borrow_mut().register(width, false);
            Noting { draft: Rc::clone(&draft), id }
        };
        let (input, elapsed) = (given(inputs), given(1));
        let before: Vec<Noting> = parts.iter().map(|(width, _)| given(*width)).collect();
        let ids = (input.id, elapsed.id);
        let after = step(input, before.clone(), elapsed);
        assert_eq!(after.len(), parts.len(), "a step gives all parts of the state");
        let (mut columns, mut state) = ([0; 2], Vec::new());
        for ((before, after), (width, in_memory)) in before.iter().zip(&after).zip(parts) {
            let column = &mut columns[usize::from(*in_memory)];
            state.push(StatePart { before: before.id, after: after.id, in_memory: *in_memory, column: *column });
            *column += width;
        }
        drop((before, after));
        let draft = Rc::try_unwrap(draft).unwrap_or_else(|_| unreachable!("the step has dropped its values"));
        draft.into_inner().finish(ids, state)
    }
}

impl Draft {
    fn register(&mut self, width: usize, is_constant: bool) -> Id {
        self.registers.push(Noted { width, is_constant });
        self.registers.len() - 1
    }

    fn parameter(&self, id: ParamId) -> usize {
        self.parameters
            .iter()
            .position(|other| *other == id)
            .unwrap_or_else(|| unreachable!("a step uses its own cell's parameters"))
    }

    /// Notes an operation that is the same in all steps if its operands are.
    fn note(&mut self, operation: Operation, is_constant: bool) {
        if is_constant { self.once.push(operation) } else { self.step.push(operation) }
    }

    fn one(&mut self, x: Id, operation: impl FnOnce(Id) -> Operation) -> Id {
        let Noted { width, is_constant } = self.registers[x];
        let y = self.register(width, is_constant);
        self.note(operation(y), is_constant);
        y
    }

    fn combined(&mut self, how: Combination, a: Id, b: Id) -> Id {
        let width = self.registers[a].width.max(self.registers[b].width);
        let [a, b] = [a, b].map(|id| self.spread(id, width));
        let is_constant = self.registers[a].is_constant && self.registers[b].is_constant;
        let y = self.register(width, is_constant);
        self.note(Operation::Combine { how, a, b, y }, is_constant);
        y
    }

    fn spread(&mut self, x: Id, width: usize) -> Id {
        let noted = self.registers[x];
        if noted.width == width {
            return x;
        }
        assert_eq!(noted.width, 1, "values of different widths");
        let is_known = |operation: &&Operation| match operation {
            Operation::Spread { x: other, y } => *other == x && self.registers[*y].width == width,
            _ => false,
        };
        if let Some(Operation::Spread { y, .. }) = self.step.iter().find(is_known) {
            return *y;
        }
        let y = self.register(width, noted.is_constant);
        self.note(Operation::Spread { x, y }, noted.is_constant);
        y
    }

    fn finish(mut self, (input, elapsed): (Id, Id), state: Vec<StatePart>) -> Program {
        let mut gradient_chunks = 0;
        let chunks = |id: Id| self.registers[id].width.div_ceil(LANES);
        for operation in self.once.iter_mut().chain(&mut self.step) {
            match operation {
                Operation::Affine(affine) => {
                    let sources: usize = affine.sources.iter().map(|id| chunks(*id)).sum();
                    for output in &mut affine.outputs {
                        output.gradient = gradient_chunks;
                        gradient_chunks += chunks(output.y) * (LANES * sources + 1);
                    }
                }
                Operation::Row { y, gradient, .. } => {
                    *gradient = gradient_chunks;
                    gradient_chunks += chunks(*y);
                }
                _ => {}
            }
        }
        let (adjoints, untouched) = self.adjoints(input, elapsed, &state);
        let (registers, sizes) = self.places(&state);
        let Self { once, step, .. } = self;
        Program { registers, once, step, adjoints, untouched, input, elapsed, state, sizes, gradient_chunks }
    }

    /// The way back, and the registers whose gradients nothing fills on it.
    fn adjoints(&self, input: Id, elapsed: Id, state: &[StatePart]) -> (Vec<Adjoint>, Vec<Id>) {
        let mut is_filled: Vec<bool> = self.registers.iter().map(|noted| noted.is_constant).collect();
        state.iter().for_each(|part| is_filled[part.after] = true);
        let (mut adjoints, mut untouched) = (Vec::new(), Vec::new());
        for (number, operation) in self.step.iter().enumerate().rev() {
            let results = operation.results();
            if results.iter().all(|id| !is_filled[*id]) {
                continue;
            }
            untouched.extend(results.into_iter().filter(|id| !is_filled[*id]));
            let first = |id: Id| !std::mem::replace(&mut is_filled[id], true);
            adjoints
                .push(Adjoint { operation: number, is_first: operation.operands().into_iter().map(first).collect() });
        }
        let given = state.iter().map(|part| part.before).chain([input, elapsed]);
        untouched.extend(given.filter(|id| !is_filled[*id]));
        (adjoints, untouched)
    }

    /// Where each register is.
    fn places(&self, state: &[StatePart]) -> (Vec<Register>, Sizes) {
        let mut is_recorded = vec![false; self.registers.len()];
        let mut uses = vec![0; self.registers.len()];
        for operation in self.once.iter().chain(&self.step) {
            operation.recorded().into_iter().for_each(|id| is_recorded[id] = true);
            operation.operands().into_iter().for_each(|id| uses[id] += 1);
        }
        // They are read when the step is over.
        state.iter().for_each(|part| uses[part.after] += 1);
        let mut sizes = Sizes::default();
        let mut registers: Vec<Register> = Vec::with_capacity(self.registers.len());
        for (id, noted) in self.registers.iter().enumerate() {
            let mut register = Register { width: noted.width, place: Place::Once(0), gradient: sizes.gradients };
            let size = match (noted.is_constant, is_recorded[id]) {
                (true, _) => &mut sizes.once,
                (false, true) => &mut sizes.record,
                (false, false) => &mut sizes.scratch,
            };
            register.place = match (noted.is_constant, is_recorded[id]) {
                (true, _) => Place::Once(*size),
                (false, true) => Place::Record(*size),
                (false, false) => Place::Scratch(*size),
            };
            *size += register.chunks();
            sizes.gradients += register.chunks();
            registers.push(register);
        }
        // A function takes its argument's place where nobody else reads the argument: gates are made from sums so.
        let is_sum = |id: Id| {
            let is_output = |operation: &Operation| match operation {
                Operation::Affine(affine) => affine.outputs.iter().any(|output| output.y == id),
                _ => false,
            };
            self.step.iter().any(is_output)
        };
        for operation in &self.step {
            if let Operation::Apply { x, y, .. } = operation
                && uses[*x] == 1
                && !is_recorded[*x]
                && is_sum(*x)
            {
                registers[*x].place = registers[*y].place;
            }
        }
        (registers, sizes)
    }
}

impl Noting {
    fn with(&self, note: impl FnOnce(&mut Draft, Id) -> Id) -> Self {
        let id = note(&mut self.draft.borrow_mut(), self.id);
        Self { draft: Rc::clone(&self.draft), id }
    }

    fn combined(self, how: Combination, other: Self) -> Self {
        self.with(|draft, a| draft.combined(how, a, other.id))
    }
}

impl Add for Noting {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.combined(Combination::Sum, other)
    }
}

impl Sub for Noting {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.combined(Combination::Difference, other)
    }
}

impl Mul for Noting {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.combined(Combination::Product, other)
    }
}

impl Value for Noting {
    fn affine<const PARTS: usize>(maps: &[(&[&Self], Weight<'_>)], biases: &[Bias<'_>]) -> [Self; PARTS] {
        let handle = maps.iter().flat_map(|(sources, _)| sources.iter()).next();
        let handle = handle.unwrap_or_else(|| unreachable!("a map of at least one source"));
        let mut draft = handle.draft.borrow_mut();
        let width = maps[0].1.outputs.len() / PARTS;
        let sources: Vec<Id> = maps.iter().flat_map(|(sources, _)| sources.iter().map(|source| source.id)).collect();
        let output = |draft: &mut Draft, part: usize| {
            let mut blocks = Vec::with_capacity(sources.len());
            for (sources, weight) in maps {
                let Weight { matrix, is_transposed, outputs, inputs, mask } = weight;
                let mut input = inputs.start;
                for source in *sources {
                    blocks.push(Block {
                        parameter: draft.parameter(matrix.id),
                        columns: matrix.shape()[1],
                        first: [outputs.start + part * width, input],
                        is_transposed: *is_transposed,
                        mask: mask.cloned(),
                    });
                    input += draft.registers[source.id].width;
                }
                assert_eq!(input, inputs.end, "the sources of a map are as wide as its inputs");
            }
            let bias = |bias: &Bias<'_>| (draft.parameter(bias.vector.id), bias.outputs.start + part * width);
            let biases = biases.iter().map(bias).collect();
            Output { y: draft.register(width, false), blocks, biases, gradient: 0 }
        };
        let outputs: [Output; PARTS] = std::array::from_fn(|part| output(&mut draft, part));
        let ids = outputs.each_ref().map(|output| output.y);
        let same = draft.step.iter_mut().find_map(|operation| match operation {
            Operation::Affine(affine) if affine.sources == sources => Some(affine),
            _ => None,
        });
        match same {
            Some(affine) => affine.outputs.extend(outputs),
            None => draft.step.push(Operation::Affine(Affine { sources, outputs: outputs.into() })),
        }
        drop(draft);
        ids.map(|id| handle.with(|_, _| id))
    }

    fn apply(self, function: Function) -> Self {
        self.with(|draft, x| draft.one(x, |y| Operation::Apply { function, x, y }))
    }

    fn scaled(self, factor: f32, offset: f32) -> Self {
        self.with(|draft, x| draft.one(x, |y| Operation::Scale { x, y, factor, offset }))
    }

    fn row(&self, row: &Param<Tensor<2>>) -> Self {
        self.with(|draft, _| {
            let parameter = draft.parameter(row.id);
            let is_known = |operation: &&Operation| matches!(operation, Operation::Row { parameter: other, .. } if *other == parameter);
            if let Some(Operation::Row { y, .. }) = draft.once.iter().find(is_known) {
                return *y;
            }
            let y = draft.register(row.shape()[1], true);
            draft.once.push(Operation::Row { parameter, y, gradient: 0 });
            y
        })
    }

    fn hold(self, held: &[Held]) -> Self {
        if held.is_empty() {
            return self;
        }
        self.with(|draft, x| draft.one(x, |y| Operation::Hold { x, y, held: held.to_vec() }))
    }
}
