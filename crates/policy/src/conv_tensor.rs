//! Rectified convolution from burn's own operations: on every device, differentiated by burn. On the processor `conv`
//! has kernels of our own, which are faster.

use super::conv::ConvShape;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

/// The same as [`super::conv_op::conv_relu`]: burn's images are channel x height x width, ours height x width x channel.
pub fn conv_relu(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: ConvShape) -> Tensor<4> {
    let ConvShape { stride, padding, .. } = shape;
    let input = input.permute([0, 3, 1, 2]); // [batch, channels, rows, columns]
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    relu(conv2d(input, weight, Some(bias), options)).permute([0, 2, 3, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conv_op, to_vec};
    use burn::tensor::{Device, TensorData};

    const SHAPE: ConvShape =
        ConvShape { in_height: 7, in_width: 9, in_channels: 3, out_channels: 5, kernel: 3, stride: 2, padding: 1 };

    /// Fills -0.5 to 0.5 evenly but out of order: multiples of the golden section.
    fn tensor<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|i| (i as f32 * 0.618_034).fract() - 0.5).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff()).require_grad()
    }

    /// Output, then the gradients of a sum over it that weights every output differently.
    fn run(convolution: fn(Tensor<4>, Tensor<4>, Tensor<1>, ConvShape) -> Tensor<4>) -> [Vec<f32>; 4] {
        let (input, weight, bias) = (tensor([2, 7, 9, 3]), tensor([5, 3, 3, 3]), tensor([5]));
        let output = convolution(input.clone(), weight.clone(), bias.clone(), SHAPE);
        let gradients = (output.clone() * tensor(output.dims()).detach()).sum().backward();
        let [input, weight] = [input, weight].map(|leaf| to_vec(leaf.grad(&gradients).unwrap()));
        [to_vec(output), input, weight, to_vec(bias.grad(&gradients).unwrap())]
    }

    #[test]
    fn the_output_and_all_gradients_are_those_of_the_kernels() {
        for (tensors, kernels) in run(conv_relu).into_iter().zip(run(conv_op::conv_relu)) {
            assert_eq!(tensors.len(), kernels.len());
            for (tensors, kernels) in tensors.into_iter().zip(kernels) {
                // Sums of at most 40 terms of size 0.25, added in another order.
                assert!((tensors - kernels).abs() < 2e-6, "{tensors} against {kernels}");
            }
        }
    }
}
