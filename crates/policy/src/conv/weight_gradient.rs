//! Gradient of the filters: a sum over output pixels, in blocks of taps x output channels.

use super::accumulate::{Walk, accumulate, block_starts, fits, passes, registers};
use super::{ConvShape, WIDEST};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Adds one frame's gradient of the filters: the sum runs over output pixels.
pub(super) struct WeightGradient<'a> {
    /// Of the layer.
    pub(super) shape: &'a ConvShape,
    /// With its border of zeros.
    pub(super) input: &'a [f32],
    /// Gradient of the output before the ReLU, channels padded to whole vectors.
    pub(super) d_sum: &'a [f32],
    /// Channels padded to whole vectors.
    pub(super) d_weight: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.shape.lanes() / S::F32_LANES;
        let (d_sum, _) = S::as_simd_f32s(self.d_sum);
        let (d_weight, _) = S::as_mut_simd_f32s(self.d_weight);
        let (height, row) =
            (self.shape.out_height(), self.shape.out_width() * self.shape.out_channels.next_multiple_of(WIDEST));
        for rows in strips(height, STRIP_LEN.div_ceil(row)) {
            for (first, width) in passes(vectors, registers::<S>()) {
                let taps = Taps { shape: self.shape, input: self.input, d_sum, rows: rows.clone(), vectors, first };
                match width {
                    4 => taps.run::<S, 4, 3>(simd, d_weight),
                    3 if fits(4, 3, registers::<S>()) => taps.run::<S, 3, 4>(simd, d_weight),
                    3 => taps.run::<S, 3, 3>(simd, d_weight),
                    2 => taps.run::<S, 2, 6>(simd, d_weight),
                    _ => taps.run::<S, 1, 12>(simd, d_weight),
                }
            }
        }
    }
}

/// Numbers of the output's gradient that are summed over at a time: 8 KiB of them, and the input under them, stay in
/// the first cache while every tap of the filters walks over them.
const STRIP_LEN: usize = 2048;

/// `0..height` in parts of `rows`.
fn strips(height: usize, rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..height).step_by(rows).map(move |first| first..height.min(first + rows))
}

/// All taps of the filters, for some rows and some vectors of output channels.
struct Taps<'a, V> {
    shape: &'a ConvShape,
    input: &'a [f32],
    d_sum: &'a [V],
    rows: Range<usize>,
    vectors: usize,
    first: usize,
}

impl<V: Copy> Taps<'_, V> {
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const VECTORS: usize, const TAPS: usize>(&self, simd: S, d_weight: &mut [V]) {
        let run = self.shape.run_len();
        for ky in 0..self.shape.kernel {
            if run >= TAPS {
                let mut done = 0;
                for tap in block_starts(run, TAPS) {
                    self.block::<S, VECTORS, TAPS>(simd, d_weight, ky, tap, done);
                    done = tap + TAPS;
                }
            } else {
                (0..run).for_each(|tap| self.block::<S, VECTORS, 1>(simd, d_weight, ky, tap, tap));
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd<f32s = V>, const VECTORS: usize, const TAPS: usize>(
        &self,
        simd: S,
        d_weight: &mut [V],
        ky: usize,
        tap: usize,
        done: usize,
    ) {
        let shape = self.shape;
        let in_row = shape.padded_row_len();
        let walk = Walk {
            steps: shape.out_width(),
            block_stride: 1,
            step_stride: shape.stride * shape.in_channels,
            row_stride: self.vectors,
        };
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; TAPS];
        for y in self.rows.clone() {
            let input = &self.input[(y * shape.stride + ky) * in_row + tap..];
            let d_sum = &self.d_sum[y * shape.out_width() * self.vectors + self.first..];
            accumulate(simd, &mut sums, input, d_sum, walk);
        }
        // Blocks may overlap at the end of the run: taps before `done` have had their sum.
        for (offset, sum) in sums.iter().enumerate().skip(done - tap) {
            let start = (ky * shape.run_len() + tap + offset) * self.vectors + self.first;
            for (total, sum) in d_weight[start..start + VECTORS].iter_mut().zip(sum) {
                *total = simd.add_f32s(*total, *sum);
            }
        }
    }
}
