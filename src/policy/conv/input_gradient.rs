//! Gradient of the input: itself convolutions of stride 1, over the gradient of the output.

use super::ConvShape;
use super::forward::{Forward, Linear};
use super::padding::{fit_image, pad_image};
use pulp::Arch;

/// Filters rearranged for the gradient of the input: one stride-1 filter per phase of the stride, taps reversed.
pub(super) struct TransposedWeight {
    /// Shape of the stride-1 convolutions over the gradient of the output.
    inner: ConvShape,
    /// Per phase (row phase, then column phase): `[taps, taps, out lanes, in lanes]`.
    phases: Vec<Vec<f32>>,
}

impl TransposedWeight {
    /// Rearranges the filters of a layer, `[kernel, kernel, in_channels, out_channels]`.
    pub(super) fn new(shape: &ConvShape, weight: &[f32]) -> Self {
        let taps = shape.kernel.div_ceil(shape.stride);
        let (stride, padding) = (shape.stride, taps - 1);
        // Phase (r, c) of the padded input: rows r, r + stride, ...; the first of them meets output row 0 with its last tap.
        let rows = (shape.in_height + 2 * shape.padding).div_ceil(stride);
        let columns = (shape.in_width + 2 * shape.padding).div_ceil(stride);
        let inner = ConvShape {
            in_height: rows - taps + 1,
            in_width: columns - taps + 1,
            in_channels: shape.lanes(),
            out_channels: shape.in_channels,
            kernel: taps,
            stride: 1,
            padding,
        };
        let phases = (0..stride * stride)
            .map(|phase| Self::phase(shape, weight, &inner, [phase / stride, phase % stride]))
            .collect();
        Self { inner, phases }
    }

    /// The filter of one phase; taps that it does not have stay zero.
    fn phase(shape: &ConvShape, weight: &[f32], inner: &ConvShape, [row, column]: [usize; 2]) -> Vec<f32> {
        let (taps, lanes, in_lanes) = (inner.kernel, shape.lanes(), inner.lanes());
        let mut flipped = vec![0.0; taps * taps * lanes * in_lanes];
        for (tap, flipped) in flipped.chunks_exact_mut(lanes * in_lanes).enumerate() {
            let ky = row + (taps - 1 - tap / taps) * shape.stride;
            let kx = column + (taps - 1 - tap % taps) * shape.stride;
            if ky >= shape.kernel || kx >= shape.kernel {
                continue;
            }
            for channel in 0..shape.in_channels {
                for filter in 0..shape.out_channels {
                    let from = ((ky * shape.kernel + kx) * shape.in_channels + channel) * shape.out_channels + filter;
                    flipped[filter * in_lanes + channel] = weight[from];
                }
            }
        }
        flipped
    }

    /// Gradient of one image, from the gradient of the output before the ReLU.
    pub(super) fn input_gradient(&self, shape: &ConvShape, d_sum: &[f32]) -> Vec<f32> {
        let inner = &self.inner;
        let d_sum = fit_image(d_sum, [shape.out_height(), shape.out_width()], inner);
        let d_sum = pad_image(&d_sum, inner.in_width, inner.in_channels, inner.padding);
        let no_bias = vec![0.0; inner.lanes()];
        let mut d_input = vec![0.0; shape.in_len()];
        let mut phase_output = vec![0.0; inner.out_len()];
        for (phase, weight) in self.phases.iter().enumerate() {
            let job = Forward { shape: inner, input: &d_sum, weight, bias: &no_bias, output: &mut phase_output };
            Arch::new().dispatch(Linear(job));
            scatter_phase(shape, inner, &phase_output, [phase / shape.stride, phase % shape.stride], &mut d_input);
        }
        d_input
    }
}

/// Writes one phase of the padded input's gradient to the pixels of the input that it belongs to.
fn scatter_phase(shape: &ConvShape, inner: &ConvShape, phase: &[f32], [row, column]: [usize; 2], d_input: &mut [f32]) {
    let channels = shape.in_channels;
    let unpadded = |at: usize, offset: usize, limit: usize| {
        (at * shape.stride + offset).checked_sub(shape.padding).filter(|at| *at < limit)
    };
    for y in 0..inner.out_height() {
        let Some(in_y) = unpadded(y, row, shape.in_height) else { continue };
        for x in 0..inner.out_width() {
            let Some(in_x) = unpadded(x, column, shape.in_width) else { continue };
            let source = (y * inner.out_width() + x) * channels;
            let target = (in_y * shape.in_width + in_x) * channels;
            d_input[target..target + channels].copy_from_slice(&phase[source..source + channels]);
        }
    }
}
