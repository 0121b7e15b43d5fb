//! The rectified convolution as one burn operation: on the CPU backend forward and backward by hand, on every other from
//! burn's tensor operations.

use super::conv::{self, ConvShape};
use super::conv_tensor;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Device, Shape, Tensor, TensorData};

/// Rectified convolution; see [`conv::forward`] for the shapes, with height x width x channel images.
///
/// # Shapes
/// - input: `[batch, in_height, in_width, in_channels]`
/// - weight: `[out_channels, in_channels, kernel, kernel]`, bias: `[out_channels]`
/// - returns: `[batch, out_height, out_width, out_channels]`
pub fn conv_relu(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: ConvShape) -> Tensor<4> {
    if !has_kernels(&input.device()) {
        return conv_tensor::conv_relu(input, weight, bias, shape);
    }
    let [input, weight, bias] = [input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as PolicyOps>::conv_relu(input, weight, bias, shape))
}

/// Whether the kernels run there; a device that records operations is the same as one that does not.
pub(crate) fn has_kernels(device: &Device) -> bool {
    *device == Device::flex()
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
}

impl PolicyOps for Flex {
    fn conv_relu(input: FlexTensor, weight: FlexTensor, bias: FlexTensor, shape: ConvShape) -> FlexTensor {
        let [input, weight, bias] = [input, weight, bias].map(|tensor| tensor.to_contiguous());
        let output = conv::forward(&shape, values(&input), values(&weight), values(&bias));
        let batch = input.shape()[0];
        tensor(output, [batch, shape.out_height(), shape.out_width(), shape.out_channels])
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

/// The numbers of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}
