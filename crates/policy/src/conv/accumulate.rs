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

/// Vector registers: 32 of AVX-512 and of NEON, 16 elsewhere.
#[inline(always)]
pub(super) fn registers<S: Simd>() -> usize {
    if S::F32_LANES >= 16 || cfg!(target_arch = "aarch64") { 32 } else { 16 }
}

/// Whether the sums of a block stay in registers, beside the vectors and the scalar of a term. One is left free: where
/// none was, the compiler kept two sums in memory, and a term waited for them.
pub(super) fn fits(block: usize, vectors: usize, registers: usize) -> bool {
    block * vectors + vectors + 1 < registers
}

/// Which of these numbers of pixels covers a row of `width` pixels in the least time, as blocks of so many vectors each.
///
/// # Panics
/// If none fits, where 1 is not among them.
pub(super) fn block_pixels(width: usize, vectors: usize, registers: usize, choice: &[usize]) -> usize {
    // Fewer sums than this wait for one another: two additions begin in a cycle, and each takes four.
    const FEWEST_SUMS: usize = 8;
    let fitting = choice.iter().filter(|pixels| **pixels <= width.max(1) && fits(**pixels, vectors, registers));
    let time = |pixels: usize| width.div_ceil(pixels) * (pixels * vectors).max(FEWEST_SUMS);
    // Of two that take as long, the larger reads the filters less often.
    let best = fitting.min_by_key(|pixels| (time(**pixels), std::cmp::Reverse(**pixels)));
    best.copied().unwrap_or_else(|| unreachable!("a block of one pixel fits"))
}

/// Starts of blocks that cover `0..length`; the last one is moved back to fit.
///
/// # Panics
/// If a block is longer than the whole.
pub(super) fn block_starts(length: usize, block: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(block).map(move |start| start.min(length - block))
}

/// Passes over the output channels, `(first vector, vectors)`: as many at a time as the registers take in blocks of three.
/// None is of one vector where two passes share what is left better: it loads a scalar for every multiplication.
pub(super) fn passes(vectors: usize, registers: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = if fits(3, 4, registers) { 4 } else { 3 };
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = vectors - first;
        let width = if left == most + 1 { left.div_ceil(2) } else { left.min(most) };
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
    fn a_block_wastes_as_little_of_a_row_as_there_is_choice() {
        let choice = [1, 3, 5, 6, 7, 9];
        // Three blocks of 9 cover 27 pixels; of twelve sums, five of 6 do with 30.
        assert_eq!([32, 16].map(|registers| block_pixels(27, 2, registers, &choice)), [9, 6]);
        assert_eq!(block_pixels(25, 1, 32, &[1, 3, 6, 9, 10, 12, 13]), 13);
        assert_eq!(block_pixels(2, 4, 32, &[1, 3, 4, 5]), 1, "no block is wider than the row");
    }

    #[test]
    fn passes_cover_all_vectors_without_a_single_one_left_over_from_five() {
        let widths = |vectors, registers| passes(vectors, registers).map(|(_, width)| width).collect::<Vec<_>>();
        assert_eq!(passes(9, 32).collect::<Vec<_>>(), [(0, 4), (4, 3), (7, 2)]);
        assert_eq!([1, 4, 5, 8].map(|vectors| widths(vectors, 32)), [vec![1], vec![4], vec![3, 2], vec![4, 4]]);
        assert_eq!([1, 4, 5, 8].map(|vectors| widths(vectors, 16)), [vec![1], vec![2, 2], vec![3, 2], vec![3, 3, 2]]);
    }
}
