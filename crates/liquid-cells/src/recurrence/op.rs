//! A cell's sequence as one burn operation of the CPU backend, forward and backward.

use super::backward::{Backward as BlockBackward, BlockGradients, gather};
use super::buffer::{Lease, Pool};
use super::forward::{BLOCK, Block, Forward, Given};
use super::held::Held;
use super::packed::Packed;
use super::program::Program;
use crate::lanes::LANES;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use pulp::Arch;
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// What a cell keeps from call to call: its step as a program, its parameters as the program reads them, and memory. A
/// copy of the cell has only the memory in common with it: its parameters may become others.
#[derive(Debug, Default)]
pub(crate) struct Kernel {
    pool: Arc<Pool>,
    known: Mutex<Option<Known>>,
}

impl Clone for Kernel {
    fn clone(&self) -> Self {
        Self { pool: Arc::clone(&self.pool), known: Mutex::default() }
    }
}

/// A program, and parameters that it has read.
#[derive(Clone, Debug)]
struct Known {
    held: Vec<Held>,
    plan: Plan,
    /// As long as these are held, nobody changes them in place.
    parameters: Arc<Vec<FlexTensor>>,
    packed: Option<Arc<Packed>>,
}

/// What is fixed about a cell.
#[derive(Clone, Debug)]
struct Plan {
    program: Arc<Program>,
    pool: Arc<Pool>,
    /// Numbers of each parameter.
    lengths: Arc<Vec<usize>>,
}

impl Plan {
    fn has_memory(&self) -> bool {
        self.program.state.iter().any(|part| part.in_memory)
    }
}

/// What a cell is run on.
pub(super) struct Run {
    /// `[batch, steps, inputs]`
    pub(super) inputs: Tensor<3>,
    /// `[batch, units]`
    pub(super) hidden: Tensor<2>,
    /// `[batch, units]`
    pub(super) memory: Option<Tensor<2>>,
    /// `[batch, steps]`
    pub(super) elapsed: Tensor<2>,
}

/// Whether the kernel runs there; a device that records operations is the same as one that does not.
pub(super) fn has_kernel(device: &Device) -> bool {
    *device == Device::flex()
}

/// The states after each step, `[batch, steps, units]`, and likewise the memory.
pub(super) fn states(
    kernel: &Kernel,
    cell: &impl Module,
    held: &[Held],
    run: Run,
    write: impl FnOnce(Vec<ParamId>) -> Program,
) -> (Tensor<3>, Option<Tensor<3>>) {
    let Run { inputs, hidden, memory, elapsed } = run;
    let mut parameters = Parameters::default();
    cell.visit(&mut parameters);
    let is_recorded = inputs.is_autodiff() || hidden.is_autodiff() || parameters.is_recorded;
    if !is_recorded {
        let [hidden, elapsed] = [hidden, elapsed].map(|tensor| flex(tensor).to_contiguous());
        let (inputs, memory) = (flex(inputs).to_contiguous(), memory.map(|memory| flex(memory).to_contiguous()));
        let (plan, packed) = kernel.packed(held, parameters, write);
        let given = given(&inputs, &hidden, memory.as_ref(), &elapsed);
        let mut states = vec![0.0; given.states()];
        let mut memories = vec![0.0; given.memories()];
        forward(&plan, &packed, &given, false, [&mut states, &mut memories]);
        let tensor = |numbers: Vec<f32>| Tensor::from_primitive::<Flex>(tensor(numbers, given.shape()));
        return (tensor(states), given.memory.map(|_| tensor(memories)));
    }
    let plan = kernel.plan(held, &parameters, write);
    let mut flat = Flat::default();
    cell.visit(&mut flat);
    let (batch, has_memory) = (inputs.dims()[0], memory.is_some());
    let memory = memory.unwrap_or_else(|| hidden.clone());
    let [inputs, hidden, elapsed, parameters] = [
        inputs.into_dispatch(),
        hidden.into_dispatch(),
        elapsed.into_dispatch(),
        Tensor::cat(flat.0, 0).into_dispatch(),
    ];
    let both = <Dispatch as Recurrent>::states(inputs, hidden, elapsed, parameters, memory.into_dispatch(), plan);
    let both: Tensor<3> = Tensor::from_dispatch(both);
    match has_memory {
        true => (both.clone().narrow(0, 0, batch), Some(both.narrow(0, batch, batch))),
        false => (both, None),
    }
}

/// The parameters of a module, in its order.
#[derive(Default)]
struct Parameters {
    ids: Vec<ParamId>,
    /// Numbers of each.
    lengths: Vec<usize>,
    /// Those on a device that does not record.
    plain: Vec<FlexTensor>,
    /// Whether there are others.
    is_recorded: bool,
}

impl ModuleVisitor for Parameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        self.ids.push(param.id);
        self.lengths.push(tensor.shape().num_elements());
        match tensor.is_autodiff() {
            true => self.is_recorded = true,
            false => self.plain.push(flex(tensor)),
        }
    }
}

/// The parameters of a module, in its order, as they are differentiated.
#[derive(Default)]
struct Flat(Vec<Tensor<1>>);

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val().autodiff();
        let numbers = tensor.shape().num_elements();
        self.0.push(tensor.reshape([numbers]));
    }
}

impl Kernel {
    /// The program of a cell with these neurons held.
    fn plan(&self, held: &[Held], parameters: &Parameters, write: impl FnOnce(Vec<ParamId>) -> Program) -> Plan {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.held == held) {
            return known.plan.clone();
        }
        let lengths = Arc::new(parameters.lengths.clone());
        let plan = Plan { program: Arc::new(write(parameters.ids.clone())), pool: Arc::clone(&self.pool), lengths };
        *known = Some(Known { held: held.to_vec(), plan: plan.clone(), parameters: Arc::default(), packed: None });
        plan
    }

    /// The program, and its parameters as it reads them: anew only where they are others than at the last call.
    fn packed(
        &self,
        held: &[Held],
        parameters: Parameters,
        write: impl FnOnce(Vec<ParamId>) -> Program,
    ) -> (Plan, Arc<Packed>) {
        let plan = self.plan(held, &parameters, write);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Known { parameters: read, packed: Some(packed), .. }) = known.as_ref()
            && read.len() == parameters.plain.len()
            && read.iter().zip(&parameters.plain).all(|(read, tensor)| is_same(read, tensor))
        {
            return (plan, Arc::clone(packed));
        }
        let flat: Vec<FlexTensor> = parameters.plain.iter().map(FlexTensor::to_contiguous).collect();
        let flat: Vec<&[f32]> = flat.iter().map(values).collect();
        let packed = Arc::new(Packed::new(&plan.program, &flat, false, &self.pool));
        if let Some(known) = known.as_mut() {
            known.parameters = Arc::new(parameters.plain);
            known.packed = Some(Arc::clone(&packed));
        }
        (plan, packed)
    }
}

/// A cell's step, ready to run on plain numbers.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    plan: Plan,
    packed: Arc<Packed>,
}

impl Ready {
    /// Nothing where the cell is not on the processor, or on a device that records operations.
    pub(super) fn of(
        kernel: &Kernel,
        cell: &impl Module,
        held: &[Held],
        write: impl FnOnce(Vec<ParamId>) -> Program,
    ) -> Option<Self> {
        if !cell.devices().iter().all(has_kernel) {
            return None;
        }
        let mut parameters = Parameters::default();
        cell.visit(&mut parameters);
        if parameters.is_recorded {
            return None;
        }
        let (plan, packed) = kernel.packed(held, parameters, write);
        Some(Self { plan, packed })
    }

    /// One step of one sequence, into the hidden state and the memory after it.
    pub(super) fn step(
        &self,
        inputs: &[f32],
        (hidden, memory): (&[f32], Option<&[f32]>),
        elapsed: f32,
        after: [&mut [f32]; 2],
    ) {
        let given = Given { batch: 1, steps: 1, inputs, hidden, memory, elapsed: &[elapsed] };
        forward(&self.plan, &self.packed, &given, false, after);
    }
}

/// Whether two tensors are the same numbers in memory.
fn is_same(a: &FlexTensor, b: &FlexTensor) -> bool {
    a.bytes().as_ptr() == b.bytes().as_ptr()
        && a.layout().start_offset() == b.layout().start_offset()
        && a.layout().strides() == b.layout().strides()
}

/// All blocks forward, into states and memories `[batch, steps, units]`. Returns the blocks' working memory.
fn forward(
    plan: &Plan,
    packed: &Packed,
    given: &Given<'_>,
    is_recording: bool,
    [states, memories]: [&mut [f32]; 2],
) -> Vec<Lease> {
    let Given { batch, steps, .. } = *given;
    let per_block = BLOCK * given.states() / batch;
    let mut memories = memories.chunks_mut(per_block);
    let both = states.chunks_mut(per_block).map(|states| (states, memories.next().unwrap_or_default()));
    let blocks: Vec<_> = both.enumerate().collect();
    let run = |(index, (hidden, memory)): (usize, (&mut [f32], &mut [f32]))| {
        let block = block(plan, packed, index, batch, is_recording);
        let mut lease = plan.pool.lease(block.chunks(steps));
        Arch::new().dispatch(Forward { block, given: *given, numbers: lease.chunks_mut(), hidden, memory });
        lease
    };
    // A block alone need not wait for another thread.
    match blocks.len() {
        1 => blocks.into_iter().map(run).collect(),
        _ => blocks.into_par_iter().map(run).collect(),
    }
}

/// Block number `index` of a batch.
fn block<'a>(plan: &'a Plan, packed: &'a Packed, index: usize, batch: usize, is_recording: bool) -> Block<'a> {
    let first = index * BLOCK;
    Block { program: &plan.program, packed, first, rows: BLOCK.min(batch - first), is_recording }
}

/// What the way back needs.
#[derive(Clone, Debug)]
struct Recorded {
    plan: Plan,
    packed: Arc<Packed>,
    leases: Arc<Vec<Lease>>,
    batch: usize,
    steps: usize,
}

/// Gradients of a batch.
struct RunGradients {
    inputs: Vec<f32>,
    hidden: Vec<f32>,
    memory: Vec<f32>,
    elapsed: Vec<f32>,
    parameters: Vec<f32>,
}

impl Recorded {
    /// All blocks backward, from gradients of the states, followed by those of the memory where there is one. Blocks are
    /// the same on any number of threads, and so is every number.
    fn backward(&self, d_states: &[f32], into_inputs: bool) -> RunGradients {
        let Self { plan, packed, leases, batch, steps } = self;
        let program = &*plan.program;
        let has_memory = plan.has_memory();
        let (d_hidden, d_memory) = d_states.split_at(d_states.len() / if has_memory { 2 } else { 1 });
        let run = |(index, lease): (usize, &Lease)| {
            let block = block(plan, packed, index, *batch, true);
            let mut gradients = plan.pool.lease(block.rows * program.sizes.gradients);
            let mut parameters = plan.pool.lease(program.gradient_chunks);
            parameters.chunks_mut().fill([0.0; LANES]);
            let of_block = Arch::new().dispatch(BlockBackward {
                block,
                steps: *steps,
                numbers: lease.chunks(),
                d_hidden,
                d_memory: has_memory.then_some(d_memory),
                into_inputs,
                gradients: gradients.chunks_mut(),
                parameters: parameters.chunks_mut(),
            });
            (of_block, parameters)
        };
        let blocks: Vec<(BlockGradients, Lease)> = match leases.len() {
            1 => leases.iter().enumerate().map(run).collect(),
            _ => leases.par_iter().enumerate().map(run).collect(),
        };
        let mut all = RunGradients {
            inputs: Vec::new(),
            hidden: Vec::new(),
            memory: Vec::new(),
            elapsed: Vec::new(),
            parameters: Vec::new(),
        };
        let mut sum: Option<Lease> = None;
        for (block, parameters) in blocks {
            all.inputs.extend(block.inputs);
            all.hidden.extend(block.hidden);
            all.memory.extend(block.memory);
            all.elapsed.extend(block.elapsed);
            match &mut sum {
                None => sum = Some(parameters),
                Some(sum) => {
                    let numbers = parameters.chunks().as_flattened();
                    let sums = sum.chunks_mut().as_flattened_mut();
                    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
                }
            }
        }
        if let Some(sum) = sum {
            all.parameters = gather(program, sum.chunks(), &plan.lengths);
        }
        all
    }
}

/// Backends that have the operation.
#[backend_extension(Flex, Autodiff)]
trait Recurrent: Backend {
    /// The states of a cell, followed by its memory where it has one: `[batch or twice that, steps, units]`. Where it has
    /// none, whatever stands for the memory is not looked at.
    fn states(
        inputs: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self>;
}

impl Recurrent for Flex {
    fn states(
        inputs: FlexTensor,
        hidden: FlexTensor,
        elapsed: FlexTensor,
        parameters: FlexTensor,
        memory: FlexTensor,
        plan: Plan,
    ) -> FlexTensor {
        run(&plan, [inputs, hidden, memory, elapsed], parameters, false).0
    }
}

/// States and memory in one tensor, and what the way back needs.
fn run(plan: &Plan, tensors: [FlexTensor; 4], parameters: FlexTensor, is_recording: bool) -> (FlexTensor, Recorded) {
    let parameters = parameters.to_contiguous();
    let mut rest = values(&parameters);
    let mut next = |length: &usize| {
        let (parameter, others) = rest.split_at(*length);
        rest = others;
        parameter
    };
    let flat: Vec<&[f32]> = plan.lengths.iter().map(&mut next).collect();
    let packed = Arc::new(Packed::new(&plan.program, &flat, is_recording, &plan.pool));
    let [inputs, hidden, memory, elapsed] = tensors.map(|tensor| tensor.to_contiguous());
    let memory = plan.has_memory().then_some(&memory);
    let given = given(&inputs, &hidden, memory, &elapsed);
    let mut both = vec![0.0; given.states() + given.memories()];
    let (states, memories) = both.split_at_mut(given.states());
    let leases = forward(plan, &packed, &given, is_recording, [states, memories]);
    let [batch, steps, units] = given.shape();
    let both = tensor(both, [batch * if given.memory.is_some() { 2 } else { 1 }, steps, units]);
    (both, Recorded { plan: plan.clone(), packed, leases: Arc::new(leases), batch, steps })
}

impl<C: CheckpointStrategy> Recurrent for Autodiff<Flex, C> {
    fn states(
        inputs: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        plan: Plan,
    ) -> FloatTensor<Self> {
        let nodes = [inputs.node(), hidden.node(), elapsed.node(), parameters.node(), memory.node()];
        let tensors = [inputs, hidden, memory, elapsed].map(|tensor| tensor.into_primitive());
        let parameters = parameters.into_primitive();
        match Sequence.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (states, recorded) = run(&plan, tensors, parameters, true);
                prep.finish(recorded, states)
            }
            OpsKind::UnTracked(prep) => prep.finish(run(&plan, tensors, parameters, false).0),
        }
    }
}

#[derive(Debug)]
struct Sequence;

impl Backward<Flex, 5> for Sequence {
    type State = Recorded;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let recorded = ops.state;
        let d_states = grads.consume::<Flex>(&ops.node).to_contiguous();
        let into_inputs = ops.parents[0].is_some();
        let all = recorded.backward(values(&d_states), into_inputs);
        let (batch, steps, units) = (recorded.batch, recorded.steps, all.hidden.len() / recorded.batch);
        let has_memory = recorded.plan.has_memory();
        let gradients = [
            (vec![batch, steps, all.inputs.len() / (batch * steps)], all.inputs),
            (vec![batch, units], all.hidden),
            (vec![batch, steps], all.elapsed),
            (vec![all.parameters.len()], all.parameters),
            // What stands for a memory that there is not has none either.
            (vec![batch, units], if has_memory { all.memory } else { vec![0.0; batch * units] }),
        ];
        for (node, (shape, gradient)) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, shape));
            }
        }
    }
}

/// The numbers of contiguous tensors.
fn given<'a>(
    inputs: &'a FlexTensor,
    hidden: &'a FlexTensor,
    memory: Option<&'a FlexTensor>,
    elapsed: &'a FlexTensor,
) -> Given<'a> {
    let shape = elapsed.shape();
    Given {
        batch: shape[0],
        steps: shape[1],
        inputs: values(inputs),
        hidden: values(hidden),
        memory: memory.map(values),
        elapsed: values(elapsed),
    }
}

/// A tensor of the CPU backend.
fn flex<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    match tensor.try_into_primitive::<Flex>() {
        Ok(tensor) => tensor,
        Err(error) => unreachable!("the device was looked at: {error:?}"),
    }
}

/// The numbers of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}
