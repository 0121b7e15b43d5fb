//! Liquid time-constant neurons as one burn operation: on the CPU backend forward and backward by the kernel, on every
//! other backend from burn's tensor operations.

use crate::ltc_kernel::{self, Run};
use crate::ltc_tensor::ltc_states;
use crate::solver::Solver;
use crate::wiring::Wiring;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use std::sync::Arc;

/// How liquid neurons step, beside their tensors.
#[derive(Clone, Debug)]
pub struct LtcStep {
    /// Which neuron talks to which.
    pub wiring: Arc<Wiring>,
    /// Parts of one step.
    pub unfolds: usize,
    /// Keeps the denominator of the fused step from 0.
    pub epsilon: f32,
    /// How the equation is solved.
    pub solver: Solver,
}

/// States of liquid time-constant neurons after each step; see [`ltc_kernel`].
///
/// # Shapes
/// - inputs: `[batch, steps, sensory]`, first_state: `[batch, units]`, elapsed: `[batch, steps]`
/// - parameters: as [`ltc_kernel::Layout`] says
/// - returns: `[batch, steps, units]`
pub fn ltc(
    inputs: Tensor<3>,
    first_state: Tensor<2>,
    elapsed: Tensor<2>,
    parameters: Tensor<1>,
    step: LtcStep,
) -> Tensor<3> {
    if step.solver != Solver::Fused || !has_kernel(&inputs.device()) {
        let LtcStep { wiring, unfolds, epsilon, solver } = step;
        return ltc_states(inputs, first_state, elapsed, parameters, &wiring, unfolds, epsilon.into(), solver);
    }
    let [inputs, first_state] = [inputs.into_dispatch(), first_state.into_dispatch()];
    let [elapsed, parameters] = [elapsed.into_dispatch(), parameters.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as LtcOp>::ltc(inputs, first_state, elapsed, parameters, step))
}

/// Whether the kernel runs there; a device that records operations is the same as one that does not.
pub(crate) fn has_kernel(device: &Device) -> bool {
    *device == Device::flex()
}

/// Backends that have the operation.
#[backend_extension(Flex, Autodiff)]
trait LtcOp: Backend {
    fn ltc(
        inputs: FloatTensor<Self>,
        first_state: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        step: LtcStep,
    ) -> FloatTensor<Self>;
}

impl LtcOp for Flex {
    fn ltc(
        inputs: FlexTensor,
        first_state: FlexTensor,
        elapsed: FlexTensor,
        parameters: FlexTensor,
        step: LtcStep,
    ) -> FlexTensor {
        let tensors = [inputs, first_state, elapsed, parameters].map(|tensor| tensor.to_contiguous());
        let run = ltc_run(&tensors, &step);
        tensor(ltc_kernel::forward(&run), [run.batch, run.steps, step.wiring.units()])
    }
}

impl<C: CheckpointStrategy> LtcOp for Autodiff<Flex, C> {
    fn ltc(
        inputs: FloatTensor<Self>,
        first_state: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        step: LtcStep,
    ) -> FloatTensor<Self> {
        let nodes = [inputs.node(), first_state.node(), elapsed.node(), parameters.node()];
        let [inputs, first_state, elapsed, parameters] =
            [inputs, first_state, elapsed, parameters].map(|tensor| tensor.into_primitive().to_contiguous());
        let kept = [inputs.clone(), first_state.clone(), elapsed.clone(), parameters.clone()];
        let output = Flex::ltc(inputs, first_state, elapsed, parameters, step.clone());
        match Ltc.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((kept, output.clone(), step), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

#[derive(Debug)]
struct Ltc;

impl Backward<Flex, 4> for Ltc {
    type State = ([FlexTensor; 4], FlexTensor, LtcStep);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (tensors, states, step) = ops.state;
        let d_states = grads.consume::<Flex>(&ops.node).to_contiguous();
        let run = ltc_run(&tensors, &step);
        let gradients = ltc_kernel::backward_from(&run, values(&states), values(&d_states));
        let gradients = [gradients.inputs, gradients.first_state, gradients.elapsed, gradients.parameters];
        for ((node, gradient), of) in ops.parents.into_iter().zip(gradients).zip(&tensors) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, of.shape()));
            }
        }
    }
}

fn ltc_run<'a>([inputs, first_state, elapsed, parameters]: &'a [FlexTensor; 4], step: &'a LtcStep) -> Run<'a> {
    let shape = inputs.shape();
    Run {
        wiring: &step.wiring,
        unfolds: step.unfolds,
        epsilon: step.epsilon,
        batch: shape[0],
        steps: shape[1],
        inputs: values(inputs),
        first_state: values(first_state),
        elapsed: values(elapsed),
        parameters: values(parameters),
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
