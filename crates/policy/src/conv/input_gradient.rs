//! Gradient of the input: itself convolutions of stride 1, over the gradient of the output.
//!
//! Row `stride · q + r` of the padded input meets only every `stride`-th row of a filter, so each phase `r` is a
//! convolution with those rows. The columns of all phases are one convolution: its output pixels have `stride` input
//! pixels side by side, which is how they lie in the input.

use super::forward::{Forward, Linear, Strides};
use super::{ConvShape, whole_vectors};
use pulp::Arch;

/// Filters of a layer rearranged for the gradient of its input.
pub(super) struct TransposedWeight {
    /// Of each row phase, `[taps of the phase, taps, out_channels, lanes]`, taps reversed.
    phases: Vec<Vec<f32>>,
    /// Numbers of `stride` input pixels, padded to whole vectors.
    no_bias: Vec<f32>,
}

/// Memory for one image after the other.
#[derive(Default)]
pub(super) struct Scratch {
    /// Gradient of the output, with its border of zeros.
    bordered: Vec<f32>,
    /// Rows of one phase.
    rows: Vec<f32>,
}

/// Filter rows, or columns, of one phase: `phase`, `phase + stride`, ...
fn taps(shape: &ConvShape, phase: usize) -> usize {
    shape.kernel.saturating_sub(phase).div_ceil(shape.stride)
}

impl TransposedWeight {
    /// Rearranges `[kernel, kernel, in_channels, lanes]`.
    pub(super) fn new(shape: &ConvShape, packed: &[f32]) -> Self {
        let no_bias = vec![0.0; whole_vectors(shape.stride * shape.in_channels)];
        let phases = (0..shape.stride).map(|phase| Self::phase(shape, packed, phase, no_bias.len())).collect();
        Self { phases, no_bias }
    }

    /// The filter of one row phase; columns that a filter does not have stay zero.
    fn phase(shape: &ConvShape, packed: &[f32], phase: usize, lanes: usize) -> Vec<f32> {
        let (rows, columns) = (taps(shape, phase), taps(shape, 0));
        let mut transposed = vec![0.0; rows * columns * shape.out_channels * lanes];
        for (tap, transposed) in transposed.chunks_exact_mut(shape.out_channels * lanes).enumerate() {
            let ky = phase + (rows - 1 - tap / columns) * shape.stride;
            let kx = (columns - 1 - tap % columns) * shape.stride;
            // Neighbouring filter columns are neighbouring input pixels, so their numbers follow each other here too.
            let side_by_side = shape.stride.min(shape.kernel - kx) * shape.in_channels;
            let from = (ky * shape.kernel + kx) * shape.in_channels * shape.lanes();
            let from = packed[from..].chunks_exact(shape.lanes()).take(side_by_side);
            for (lane, filters) in from.enumerate() {
                for (row, value) in transposed.chunks_exact_mut(lanes).zip(filters) {
                    row[lane] = *value;
                }
            }
        }
        transposed
    }

    /// Gradient of one image, written over zeros, from the gradient of the output before the ReLU,
    /// `[out_height, out_width, lanes]`.
    pub(super) fn input_gradient(&self, shape: &ConvShape, d_sum: &[f32], d_input: &mut [f32], scratch: &mut Scratch) {
        let plan = Plan::of(shape);
        plan.border(shape, d_sum, &mut scratch.bordered);
        for (phase, weight) in self.phases.iter().enumerate() {
            let first_row = shape.padding.saturating_sub(phase).div_ceil(shape.stride);
            let first_in_row = first_row * shape.stride + phase - shape.padding;
            let rows = shape.in_height.saturating_sub(first_in_row).div_ceil(shape.stride);
            let strides = plan.strides(shape, taps(shape, phase));
            if strides.window_rows == 0 {
                continue; // a stride beyond the filter: no window sees these rows
            }
            scratch.rows.resize(rows * strides.out_width * strides.out_channels, 0.0);
            let input = &scratch.bordered[(first_row + plan.taps - strides.window_rows) * strides.in_row..];
            let input = &input[plan.first_column * shape.out_channels..];
            let job = Forward { strides, input, weight, bias: &self.no_bias, output: &mut scratch.rows };
            Arch::new().dispatch(Linear(job));
            let run = shape.in_width * shape.in_channels;
            let targets = d_input.chunks_exact_mut(run).skip(first_in_row).step_by(shape.stride);
            for (target, row) in targets.zip(scratch.rows.chunks_exact(strides.out_width * strides.out_channels)) {
                target.copy_from_slice(&row[plan.skipped..plan.skipped + run]);
            }
        }
    }
}

/// What the phases have in common. Columns count in steps of `stride` input pixels.
struct Plan {
    /// Window columns.
    taps: usize,
    /// The first column that holds pixels of the unpadded input, and how many do.
    first_column: usize,
    columns: usize,
    /// Numbers at the start of a row that belong to the padding.
    skipped: usize,
    /// Rows and columns of the bordered gradient of the output.
    bordered: [usize; 2],
}

impl Plan {
    fn of(shape: &ConvShape) -> Self {
        let (taps, first_column) = (taps(shape, 0), shape.padding / shape.stride);
        let [last_row, last_column] =
            [shape.in_height, shape.in_width].map(|length| (shape.padding + length - 1) / shape.stride);
        Self {
            taps,
            first_column,
            columns: last_column + 1 - first_column,
            skipped: shape.padding % shape.stride * shape.in_channels,
            bordered: [last_row + taps, last_column + taps],
        }
    }

    fn strides(&self, shape: &ConvShape, window_rows: usize) -> Strides {
        let in_row = self.bordered[1] * shape.out_channels;
        Strides {
            out_width: self.columns,
            out_channels: shape.stride * shape.in_channels,
            out_row: self.columns * shape.stride * shape.in_channels,
            window_rows,
            window_run: self.taps * shape.out_channels,
            in_row,
            down: in_row,
            across: shape.out_channels,
        }
    }

    /// Puts `taps - 1` rows and columns of zeros before the gradient, and as many behind it as windows reach.
    fn border(&self, shape: &ConvShape, d_sum: &[f32], bordered: &mut Vec<f32>) {
        let [height, width] = self.bordered;
        let (channels, before) = (shape.out_channels, self.taps - 1);
        bordered.clear();
        bordered.resize(height * width * channels, 0.0);
        let rows = bordered.chunks_exact_mut(width * channels).skip(before);
        for (row, d_sum) in rows.zip(d_sum.chunks_exact(shape.out_width() * shape.lanes())) {
            let pixels = row.chunks_exact_mut(channels).skip(before);
            for (pixel, d_sum) in pixels.zip(d_sum.chunks_exact(shape.lanes())) {
                pixel.copy_from_slice(&d_sum[..channels]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{backward, forward};
    use super::*;

    /// Convolution without its ReLU is linear, so `Σ d_output · conv(input) = Σ d_input · input`: whatever the stride,
    /// also one beyond the filter and a padding that is no multiple of it.
    #[test]
    fn the_input_gradient_is_the_adjoint_of_the_convolution_at_any_stride_and_padding() {
        for [kernel, stride, padding] in [[2, 3, 0], [2, 3, 1], [1, 2, 0], [5, 3, 1], [3, 4, 2], [4, 2, 3]] {
            let shape =
                ConvShape { in_height: 10, in_width: 13, in_channels: 3, out_channels: 5, kernel, stride, padding };
            let signed = |count: usize| (0..count).map(|i| (i as f32 * 0.618_034).fract() - 0.5).collect::<Vec<f32>>();
            let (input, weight) = (signed(shape.in_len()), signed(shape.window_len() * shape.out_channels));
            // Opens every ReLU; taken off again below.
            let open = 100.0;
            let output = forward(&shape, &input, &weight, &[open; 5]);
            let d_output = signed(output.len());
            let d_input = backward(&shape, &input, &weight, &output, &d_output, true).input.unwrap();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let convolved: Vec<f32> = output.iter().map(|value| value - open).collect();
            let (forth, back) = (dot(&d_output, &convolved), dot(&d_input, &input));
            // Outputs near 100 keep five digits after the point.
            assert!((forth - back).abs() < 1e-3 * (1.0 + forth.abs()), "{shape:?}: {forth} against {back}");
        }
    }
}
