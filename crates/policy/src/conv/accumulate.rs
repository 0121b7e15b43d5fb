//! The one sum that all passes are made of, and how it is cut into blocks that fit the registers.

use pulp::Simd;

/// How [`accumulate`] walks along its two operands.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// Terms of the sum.
    pub(super) steps: usize,
    /// Distance between the scalars of neighbouring results.
    pub(super) block_stride: usize,
    /// Distance between the scalars of neighbouring terms.
    pub(super) step_stride: usize,
    /// Distance between the vectors of neighbouring terms.
    pub(super) row_stride: usize,
}

/// `sums[b][v] += Σ_r scalars[b · block_stride + r · step_stride] · vectors[r · row_stride + v]`
#[inline(always)]
#[allow(unsafe_code, reason = "bounds are asserted once, before the loop; checks inside it halve its speed")]
pub(super) fn accumulate<S: Simd, const VECTORS: usize, const BLOCK: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; BLOCK],
    scalars: &[f32],
    vectors: &[S::f32s],
    walk: Walk,
) {
    let last = walk.steps - 1;
    assert!((BLOCK - 1) * walk.block_stride + last * walk.step_stride < scalars.len(), "scalars reach the last term");
    assert!(last * walk.row_stride + VECTORS <= vectors.len(), "vectors reach the last term");
    for step in 0..walk.steps {
        // SAFETY: step <= last, v < VECTORS and b < BLOCK, so both indices are within what was asserted above.
        let row: [S::f32s; VECTORS] =
            std::array::from_fn(|v| unsafe { *vectors.get_unchecked(step * walk.row_stride + v) });
        for (b, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let scalar = unsafe { *scalars.get_unchecked(b * walk.block_stride + step * walk.step_stride) };
            let scalar = simd.splat_f32s(scalar);
            for (sum, row) in sums.iter_mut().zip(row) {
                *sum = simd.mul_add_e_f32s(scalar, row, *sum);
            }
        }
    }
}

/// Results in a block of a narrow row. Full blocks hold 12 vectors of results, which leaves registers for the operands
/// on machines that have 16 of them and keeps both multipliers of a core busy for the latency of one addition.
pub(super) const SMALL_BLOCK: usize = 3;

/// Starts of blocks that cover `0..length`; the last one is moved back to fit.
///
/// # Panics
/// If a block is longer than the whole.
pub(super) fn block_starts(length: usize, block: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(block).map(move |start| start.min(length - block))
}

/// Passes over the output channels, `(first vector, vectors)`: as many at a time as one block of registers takes. Five
/// go as 3 + 2, since a pass of one vector loads a scalar for every multiplication.
pub(super) fn passes(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = vectors - first;
        let width = if left == 5 { 3 } else { left.min(4) };
        first += width;
        (width > 0).then_some((first - width, width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_row_and_stay_inside() {
        assert_eq!(block_starts(8, 3).collect::<Vec<_>>(), [0, 3, 5]);
        assert_eq!(block_starts(6, 3).collect::<Vec<_>>(), [0, 3]);
    }

    #[test]
    fn passes_cover_all_vectors_without_a_single_one_left_over_from_five() {
        assert_eq!(passes(5).collect::<Vec<_>>(), [(0, 3), (3, 2)]);
        assert_eq!(passes(9).collect::<Vec<_>>(), [(0, 4), (4, 3), (7, 2)]);
        assert_eq!(passes(1).collect::<Vec<_>>(), [(0, 1)]);
    }
}
