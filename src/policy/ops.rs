//! The two operations of our own as burn operations: forward on the CPU backend, backward by hand.

use super::conv::{self, ConvShape};
use super::ltc_kernel::{self, Run};
use super::wiring::Wiring;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, TensorData};
use std::sync::Arc;

/// What a liquid layer needs beside its tensors.
#[derive(Clone, Debug)]
pub struct LtcSpec {
    /// Which neuron talks to which.
    pub wiring: Arc<Wiring>,
    /// Parts of one step.
    pub unfolds: usize,
}

/// Rectified convolution; see [`conv::forward`] for the shapes, with height x width x channel images.
///
/// # Shapes
/// - input: `[batch, in_height, in_width, in_channels]`
/// - weight: `[kernel, kernel, in_channels, out_channels]`, bias: `[out_channels]`
/// - returns: `[batch, out_height, out_width, out_channels]`
pub fn conv_relu(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: ConvShape) -> Tensor<4> {
    let [input, weight, bias] = [input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as PolicyOps>::conv_relu(input, weight, bias, shape))
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
    spec: LtcSpec,
) -> Tensor<3> {
    let [inputs, first_state] = [inputs.into_dispatch(), first_state.into_dispatch()];
    let [elapsed, parameters] = [elapsed.into_dispatch(), parameters.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as PolicyOps>::ltc(inputs, first_state, elapsed, parameters, spec))
}

/// Backends that have our operations.
#[backend_extension(Flex, Autodiff)]
trait PolicyOps: Backend {
    fn conv_relu(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    fn ltc(
        inputs: FloatTensor<Self>,
        first_state: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        spec: LtcSpec,
    ) -> FloatTensor<Self>;
}

impl PolicyOps for Flex {
    fn conv_relu(input: FlexTensor, weight: FlexTensor, bias: FlexTensor, shape: ConvShape) -> FlexTensor {
        let [input, weight, bias] = [input, weight, bias].map(|tensor| tensor.to_contiguous());
        let output = conv::forward(&shape, values(&input), values(&weight), values(&bias));
        let batch = input.shape()[0];
        tensor(output, [batch, shape.out_height(), shape.out_width(), shape.out_channels])
    }

    fn ltc(
        inputs: FlexTensor,
        first_state: FlexTensor,
        elapsed: FlexTensor,
        parameters: FlexTensor,
        spec: LtcSpec,
    ) -> FlexTensor {
        let tensors = [inputs, first_state, elapsed, parameters].map(|tensor| tensor.to_contiguous());
        let run = ltc_run(&tensors, &spec);
        tensor(ltc_kernel::forward(&run), [run.batch, run.steps, spec.wiring.units()])
    }
}

impl<C: CheckpointStrategy> PolicyOps for Autodiff<Flex, C> {
    fn conv_relu(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        let nodes = [input.node(), weight.node(), bias.node()];
        let [input, weight] = [input.into_primitive(), weight.into_primitive()].map(|tensor| tensor.to_contiguous());
        let output = Flex::conv_relu(input.clone(), weight.clone(), bias.into_primitive(), shape);
        match ConvRelu.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input, weight, output.clone(), shape), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn ltc(
        inputs: FloatTensor<Self>,
        first_state: FloatTensor<Self>,
        elapsed: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        spec: LtcSpec,
    ) -> FloatTensor<Self> {
        let nodes = [inputs.node(), first_state.node(), elapsed.node(), parameters.node()];
        let [inputs, first_state, elapsed, parameters] =
            [inputs, first_state, elapsed, parameters].map(|tensor| tensor.into_primitive().to_contiguous());
        let kept = [inputs.clone(), first_state.clone(), elapsed.clone(), parameters.clone()];
        let output = Flex::ltc(inputs, first_state, elapsed, parameters, spec.clone());
        match Ltc.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((kept, spec), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

#[derive(Debug)]
struct ConvRelu;

impl Backward<Flex, 3> for ConvRelu {
    type State = (FlexTensor, FlexTensor, FlexTensor, ConvShape);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (input, weight, output, shape) = ops.state;
        let d_output = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [input_node, weight_node, bias_node] = ops.parents;
        let wants_d_input = input_node.is_some();
        let [x, w, y, d] = [&input, &weight, &output, &d_output].map(values);
        let gradients = conv::backward(&shape, x, w, y, d, wants_d_input);
        if let (Some(node), Some(gradient)) = (input_node, gradients.input) {
            grads.register::<Flex>(node.id, tensor(gradient, input.shape()));
        }
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, tensor(gradients.weight, weight.shape()));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, tensor(gradients.bias, [shape.out_channels]));
        }
    }
}

#[derive(Debug)]
struct Ltc;

impl Backward<Flex, 4> for Ltc {
    type State = ([FlexTensor; 4], LtcSpec);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (tensors, spec) = ops.state;
        let d_states = grads.consume::<Flex>(&ops.node).to_contiguous();
        let gradients = ltc_kernel::backward(&ltc_run(&tensors, &spec), values(&d_states));
        let gradients = [gradients.inputs, gradients.first_state, gradients.elapsed, gradients.parameters];
        for ((node, gradient), of) in ops.parents.into_iter().zip(gradients).zip(&tensors) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, of.shape()));
            }
        }
    }
}

fn ltc_run<'a>([inputs, first_state, elapsed, parameters]: &'a [FlexTensor; 4], spec: &'a LtcSpec) -> Run<'a> {
    let shape = inputs.shape();
    Run {
        wiring: &spec.wiring,
        unfolds: spec.unfolds,
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
