//! Gradient of the input: itself convolutions of stride 1, over the gradient of the output.
//!
//! Row `stride · q + r` of the padded input meets only every `stride`-th row of a filter, and so do its columns. So the pixels
//! of each row phase and column phase are a convolution with those rows and columns. Where pixels have few channels, all
//! column phases are one convolution: its output pixels have `stride` input pixels side by side, which is how they lie
//! in the input; filter columns that one phase has and another has not are zeros there.

use super::forward::{Forward, Linear, Strides};
use super::{ConvShape, whole_vectors};
use pulp::Arch;

/// Filters of a layer rearranged for the gradient of its input.
pub(super) struct TransposedWeight {
    parts: Vec<Part>,
}

/// Filters for the input pixels of one row phase and of one column phase or of all.
struct Part {
    /// The phase down and across; of all column phases the first.
    phase: [usize; 2],
    /// Column phases.
    phases: usize,
    /// Rows and columns of the filters.
    taps: [usize; 2],
    /// `[rows, columns, out_channels, lanes]`, taps reversed.
    weight: Vec<f32>,
    /// Numbers of an output pixel, padded to whole vectors.
    no_bias: Vec<f32>,
}

/// Memory for one image after the other.
#[derive(Default)]
pub(super) struct Scratch {
    /// Gradient of the output, with its border of zeros.
    bordered: Vec<f32>,
}

/// Filter rows, or columns, of one phase: `phase`, `phase + stride`, ...
fn taps(shape: &ConvShape, phase: usize) -> usize {
    shape.kernel.saturating_sub(phase).div_ceil(shape.stride)
}

/// Whether all column phases are one convolution: where rows begin and end with a whole step, and that takes no more
/// vectors than one phase after the other.
fn phases_go_together(shape: &ConvShape) -> bool {
    let ConvShape { stride, padding, in_width, in_channels, .. } = *shape;
    let together = taps(shape, 0) * whole_vectors(stride * in_channels);
    let apart = shape.kernel * whole_vectors(in_channels);
    padding % stride == 0 && in_width % stride == 0 && together <= apart
}

impl TransposedWeight {
    /// Rearranges `[kernel, kernel, in_channels, lanes]`.
    pub(super) fn new(shape: &ConvShape, packed: &[f32]) -> Self {
        let phases = if phases_go_together(shape) { shape.stride } else { 1 };
        let starts =
            (0..shape.stride).flat_map(|down| (0..shape.stride).step_by(phases).map(move |across| [down, across]));
        // A stride beyond the filter leaves phases that no window sees.
        let seen = starts.filter(|phase| phase.iter().all(|phase| taps(shape, *phase) > 0));
        Self { parts: seen.map(|phase| Part::new(shape, packed, phase, phases)).collect() }
    }

    /// Gradient of one image, written over zeros, from the gradient of the output before the ReLU,
    /// `[out_height, out_width, lanes]`.
    pub(super) fn input_gradient(&self, shape: &ConvShape, d_sum: &[f32], d_input: &mut [f32], scratch: &mut Scratch) {
        let bordered = Bordered::of(shape);
        bordered.fill(shape, d_sum, &mut scratch.bordered);
        self.parts.iter().for_each(|part| part.write(shape, &bordered, &scratch.bordered, d_input));
    }
}

impl Part {
    fn new(shape: &ConvShape, packed: &[f32], [down, across]: [usize; 2], phases: usize) -> Self {
        let no_bias = vec![0.0; whole_vectors(phases * shape.in_channels)];
        let (lanes, [rows, columns]) = (no_bias.len(), [down, across].map(|phase| taps(shape, phase)));
        let mut weight = vec![0.0; rows * columns * shape.out_channels * lanes];
        for (tap, transposed) in weight.chunks_exact_mut(shape.out_channels * lanes).enumerate() {
            let ky = down + (rows - 1 - tap / columns) * shape.stride;
            let kx = across + (columns - 1 - tap % columns) * shape.stride;
            // Neighbouring filter columns are neighbouring input pixels, so their numbers follow each other here too.
            let side_by_side = phases.min(shape.kernel - kx) * shape.in_channels;
            let from = (ky * shape.kernel + kx) * shape.in_channels * shape.lanes();
            let from = packed[from..].chunks_exact(shape.lanes()).take(side_by_side);
            for (lane, filters) in from.enumerate() {
                for (row, value) in transposed.chunks_exact_mut(lanes).zip(filters) {
                    row[lane] = *value;
                }
            }
        }
        Self { phase: [down, across], phases, taps: [rows, columns], weight, no_bias }
    }

    /// Writes the gradient of its pixels.
    fn write(&self, shape: &ConvShape, border: &Bordered, bordered: &[f32], d_input: &mut [f32]) {
        let ConvShape { in_height, in_width, in_channels, out_channels, stride, padding, .. } = *shape;
        // The first step, down or across, whose pixel is no padding; and that pixel.
        let first = |phase: usize| {
            let step = padding.saturating_sub(phase).div_ceil(stride);
            (step, step * stride + phase - padding)
        };
        let [(first_row, in_row), (first_column, in_column)] = self.phase.map(first);
        if in_row >= in_height || in_column >= in_width {
            return;
        }
        let [rows, columns] = self.taps;
        let run = in_width * in_channels;
        let strides = Strides {
            out_width: (in_width - in_column).div_ceil(stride),
            out_channels: self.phases * in_channels,
            out_across: stride * in_channels,
            out_row: stride * run,
            window_rows: rows,
            window_run: columns * out_channels,
            in_row: border.width * out_channels,
            down: border.width * out_channels,
            across: out_channels,
        };
        let place = (first_row + border.taps - rows) * border.width + first_column + border.taps - columns;
        let job = Forward {
            strides,
            input: &bordered[place * out_channels..],
            weight: &self.weight,
            bias: &self.no_bias,
            output: &mut d_input[in_row * run + in_column * in_channels..],
        };
        Arch::new().dispatch(Linear(job));
    }
}

/// The gradient of the output with a border of zeros, as wide as the widest window reaches.
struct Bordered {
    height: usize,
    width: usize,
    /// The most window rows, and columns, of a part.
    taps: usize,
}

impl Bordered {
    fn of(shape: &ConvShape) -> Self {
        let taps = taps(shape, 0);
        let [height, width] =
            [shape.in_height, shape.in_width].map(|length| (shape.padding + length - 1) / shape.stride + taps);
        Self { height, width, taps }
    }

    /// Puts `taps - 1` rows and columns of zeros before the gradient, and as many behind it as windows reach.
    fn fill(&self, shape: &ConvShape, d_sum: &[f32], bordered: &mut Vec<f32>) {
        let (channels, before) = (shape.out_channels, self.taps - 1);
        bordered.clear();
        bordered.resize(self.height * self.width * channels, 0.0);
        let rows = bordered.chunks_exact_mut(self.width * channels).skip(before);
        for (row, d_sum) in rows.zip(d_sum.chunks_exact(shape.out_width() * shape.lanes())) {
            let row = &mut row[before * channels..];
            if shape.lanes() == channels {
                let run = d_sum.len().min(row.len());
                row[..run].copy_from_slice(&d_sum[..run]);
                continue;
            }
            for (pixel, d_sum) in row.chunks_exact_mut(channels).zip(d_sum.chunks_exact(shape.lanes())) {
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
