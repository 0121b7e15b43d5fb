//! Forward pass: every output row in blocks of pixels x output channels.

use super::ConvShape;
use super::accumulate::{Walk, accumulate, block_pixels, block_starts, passes, registers};
use pulp::{Simd, WithSimd};

/// How a pass walks over its images: a window may have fewer rows than columns, and another step down than across.
#[derive(Clone, Copy)]
pub(super) struct Strides {
    /// Pixels of an output row.
    pub(super) out_width: usize,
    /// Numbers of an output pixel.
    pub(super) out_channels: usize,
    /// Numbers of the output from pixel to pixel.
    pub(super) out_across: usize,
    /// Numbers of the output from row to row.
    pub(super) out_row: usize,
    /// Rows of the filter window.
    pub(super) window_rows: usize,
    /// Numbers in one row of the filter window.
    pub(super) window_run: usize,
    /// Numbers in one row of the padded input.
    pub(super) in_row: usize,
    /// Numbers of the padded input between the windows of two output rows.
    pub(super) down: usize,
    /// Numbers of the padded input between the windows of two output pixels.
    pub(super) across: usize,
}

impl Strides {
    pub(super) fn of(shape: &ConvShape) -> Self {
        let in_row = shape.padded_row_len();
        Self {
            out_width: shape.out_width(),
            out_channels: shape.out_channels,
            out_across: shape.out_channels,
            out_row: shape.out_width() * shape.out_channels,
            window_rows: shape.kernel,
            window_run: shape.run_len(),
            in_row,
            down: shape.stride * in_row,
            across: shape.stride * shape.in_channels,
        }
    }
}

/// One padded image through one layer.
pub(super) struct Forward<'a> {
    /// Of the layer.
    pub(super) strides: Strides,
    /// With its border of zeros.
    pub(super) input: &'a [f32],
    /// As [`pack`](super::filters::pack) makes it.
    pub(super) weight: &'a [f32],
    /// Channels padded to whole vectors.
    pub(super) bias: &'a [f32],
    /// `[rows, out_width, out_channels]`, as many rows as are wanted; whatever lies between two rows or pixels stays.
    pub(super) output: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.run::<S, true>(simd);
    }
}

/// The same without the ReLU.
pub(super) struct Linear<'a>(pub(super) Forward<'a>);

impl WithSimd for Linear<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.run::<S, false>(simd);
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn run<S: Simd, const RELU: bool>(self, simd: S) {
        let Self { strides, input, output, .. } = self;
        let (weight, _) = S::as_simd_f32s(self.weight);
        let (bias, _) = S::as_simd_f32s(self.bias);
        for (first, width) in passes(bias.len(), registers::<S>()) {
            let columns = Columns { strides, input, weight, bias, first };
            /// All rows, in blocks of one of these numbers of pixels.
            macro_rules! rows {
                ($vectors:literal, [$($pixels:literal),*]) => {
                    match block_pixels(strides.out_width, $vectors, registers::<S>(), &[$($pixels),*]) {
                        $($pixels => columns.rows::<S, $vectors, $pixels, RELU>(simd, output),)*
                        _ => unreachable!("a block is one of those"),
                    }
                };
            }
            match width {
                4 => rows!(4, [1, 3, 4, 5]),
                3 => rows!(3, [1, 3, 4, 5]),
                2 => rows!(2, [1, 3, 5, 6, 7, 9]),
                _ => rows!(1, [1, 3, 6, 9, 10, 12, 13]),
            }
        }
    }
}

/// Some vectors of output channels.
struct Columns<'a, V> {
    strides: Strides,
    input: &'a [f32],
    weight: &'a [V],
    bias: &'a [V],
    first: usize,
}

impl<V: Copy> Columns<'_, V> {
    #[inline(always)]
    fn rows<S: Simd<f32s = V>, const VECTORS: usize, const PIXELS: usize, const RELU: bool>(
        &self,
        simd: S,
        output: &mut [f32],
    ) {
        for (y, row) in output.chunks_mut(self.strides.out_row).enumerate() {
            let input = &self.input[y * self.strides.down..];
            // Blocks may overlap at the end of the row: the same pixel is then written twice, with the same value.
            for x in block_starts(self.strides.out_width, PIXELS) {
                self.block::<S, VECTORS, PIXELS, RELU>(simd, input, row, x);
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd<f32s = V>, const VECTORS: usize, const PIXELS: usize, const RELU: bool>(
        &self,
        simd: S,
        input: &[f32],
        row: &mut [f32],
        x: usize,
    ) {
        let (strides, vectors) = (self.strides, self.bias.len());
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
        for sum in &mut sums {
            sum.copy_from_slice(&self.bias[self.first..self.first + VECTORS]);
        }
        for ky in 0..strides.window_rows {
            let input = &input[ky * strides.in_row + x * strides.across..];
            let weight = &self.weight[ky * strides.window_run * vectors + self.first..];
            let walk =
                Walk { steps: strides.window_run, block_stride: strides.across, step_stride: 1, row_stride: vectors };
            accumulate(simd, &mut sums, input, weight, walk);
        }
        for (pixel, sum) in sums.iter().enumerate() {
            let start = (x + pixel) * strides.out_across;
            let channel = self.first * S::F32_LANES;
            let end = strides.out_channels.min(channel + VECTORS * S::F32_LANES);
            let output = &mut row[start + channel..start + end];
            for (output, sum) in output.chunks_mut(S::F32_LANES).zip(sum) {
                let value = if RELU { simd.max_f32s(*sum, simd.splat_f32s(0.0)) } else { *sum };
                // The partial store is a call of a function, for which all sums would leave their registers.
                match output.len() == S::F32_LANES {
                    true => S::as_mut_simd_f32s(output).0[0] = value,
                    false => simd.partial_store_f32s(output, value),
                }
            }
        }
    }
}
