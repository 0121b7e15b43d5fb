//! One layer with its filters packed, as often as it runs.

use super::ConvShape;
use super::filters::pack;
use super::forward::{Forward, Linear, Strides};
use super::input_gradient::TransposedWeight;
use super::padding::pad_image;
use pulp::Arch;
use rayon::prelude::*;
use std::sync::OnceLock;

/// `relu(conv(input, weight) + bias)` for a batch.
///
/// # Shapes
/// - input: `[batch, in_height, in_width, in_channels]`
/// - weight: `[out_channels, in_channels, kernel, kernel]`, bias: `[out_channels]`
/// - returns: `[batch, out_height, out_width, out_channels]`
///
/// # Panics
/// If a slice has another length than the shapes say.
pub fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let batch = shape.batch_of(input);
    let (layer, strides) = (Layer::new(*shape, weight, bias), Strides::of(shape));
    let mut output = vec![0.0; batch * shape.out_len()];
    output.par_chunks_mut(shape.out_len()).zip(input.par_chunks(shape.in_len())).for_each(|(output, input)| {
        let input = pad_image(input, shape.in_width, shape.in_channels, shape.padding);
        layer.forward(strides, &input, output);
    });
    output
}

/// A rectified convolution, ready to run.
pub struct Layer {
    pub(super) shape: ConvShape,
    /// As [`pack`] makes it.
    weight: Vec<f32>,
    /// Channels padded to whole vectors.
    pub(super) bias: Vec<f32>,
    /// Made when the first gradient is asked for.
    transposed: OnceLock<TransposedWeight>,
}

impl Layer {
    /// # Shapes
    /// - weight: `[out_channels, in_channels, kernel, kernel]`, bias: `[out_channels]`
    ///
    /// # Panics
    /// If a slice has another length than the shapes say.
    pub fn new(shape: ConvShape, weight: &[f32], bias: &[f32]) -> Self {
        shape.check_weight(weight);
        assert_eq!(bias.len(), shape.out_channels, "one bias per output channel of {shape:?}");
        let mut bias = bias.to_vec();
        bias.resize(shape.lanes(), 0.0);
        Self { shape, weight: pack(&shape, weight), bias, transposed: OnceLock::new() }
    }

    /// Output rows from the padded input above and left of the first one.
    pub(super) fn forward(&self, strides: Strides, input: &[f32], output: &mut [f32]) {
        Arch::new().dispatch(Forward { strides, input, weight: &self.weight, bias: &self.bias, output });
    }

    /// The same without bias and ReLU.
    pub(super) fn sums(&self, strides: Strides, input: &[f32], output: &mut [f32]) {
        let no_bias = vec![0.0; self.bias.len()];
        Arch::new().dispatch(Linear(Forward { strides, input, weight: &self.weight, bias: &no_bias, output }));
    }

    /// Its filters for the gradient of its input.
    pub(super) fn transposed(&self) -> &TransposedWeight {
        self.transposed.get_or_init(|| TransposedWeight::new(&self.shape, &self.weight))
    }
}

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shape.fmt(f)
    }
}
