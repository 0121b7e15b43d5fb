//! One layer with its filters packed, as often as it runs.

use super::ConvShape;
use super::filters::pack;
use super::forward::{Forward, Strides};
use pulp::Arch;

/// A rectified convolution, ready to run.
pub struct Layer {
    pub(super) shape: ConvShape,
    /// As [`pack`] makes it.
    weight: Vec<f32>,
    /// Channels padded to whole vectors.
    bias: Vec<f32>,
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
        Self { shape, weight: pack(&shape, weight), bias }
    }

    /// Output rows from the padded input above and left of the first one.
    pub(super) fn forward(&self, strides: Strides, input: &[f32], output: &mut [f32]) {
        Arch::new().dispatch(Forward { strides, input, weight: &self.weight, bias: &self.bias, output });
    }
}

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shape.fmt(f)
    }
}
