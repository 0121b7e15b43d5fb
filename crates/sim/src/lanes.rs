//! Blocks of neighbouring pixels in one row, whose arithmetic runs side by side.
//!
//! A block is plain arrays and loops over them without a branch, which the compiler turns into vector instructions of
//! whatever width there is; [`pulp::Arch::dispatch`] chooses the width when the program runs. Every lane computes what one
//! pixel alone would, in the same order and without fused operations, so a picture's bytes do not depend on the machine.

use std::ops::Range;

/// Pixels in a block: one of the widest registers, two of AVX2. With half or twice as many a picture takes a sixth to a
/// third longer there (benches/README.md).
pub(super) const BLOCK: usize = 16;

/// One number for each pixel of a block.
pub(super) type Lanes = [f32; BLOCK];

/// The value that `value` has for each lane.
#[inline(always)]
pub(super) fn lanes<T: Copy + Default>(value: impl Fn(usize) -> T) -> [T; BLOCK] {
    let mut lanes = [T::default(); BLOCK];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = value(i);
    }
    lanes
}

/// True if `holds` in any lane. All lanes are asked: a loop that may end early is not computed side by side.
#[inline(always)]
pub(super) fn any(holds: impl Fn(usize) -> bool) -> bool {
    let mut found = false;
    for i in 0..BLOCK {
        found |= holds(i);
    }
    found
}

/// Integer part of a number from 0 on; 2^22 - 1 of all larger ones. A cast would be right for every number, and is not
/// computed side by side.
#[inline(always)]
pub(super) fn whole(x: f32) -> u32 {
    const SHIFT: f32 = 8_388_608.0;
    // Adding 2^23 rounds to the nearest integer and leaves it in the mantissa.
    let x = x.min(4_194_303.0);
    let shifted = x + SHIFT;
    (shifted.to_bits() - SHIFT.to_bits()) - u32::from(shifted - SHIFT > x)
}

/// Runs of neighbouring lanes that have the same key, in order.
pub(super) struct Runs<'a> {
    keys: &'a [u32; BLOCK],
    start: usize,
}

impl<'a> Runs<'a> {
    #[inline(always)]
    pub(super) fn new(keys: &'a [u32; BLOCK]) -> Self {
        Self { keys, start: 0 }
    }
}

impl Iterator for Runs<'_> {
    /// The lanes and their key.
    type Item = (Range<usize>, u32);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let start = self.start;
        let key = *self.keys.get(start)?;
        let mut end = start + 1;
        // Most blocks are one run, which is soon found out.
        if start == 0 && !any(|i| self.keys[i] != key) {
            end = BLOCK;
        }
        while end < BLOCK && self.keys[end] == key {
            end += 1;
        }
        self.start = end;
        Some((start..end, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_a_block_in_order_and_differ_from_their_neighbours() {
        const QUARTER: usize = BLOCK / 4;
        let keys = std::array::from_fn(|i| [4, 4, 7, 4][i / QUARTER]);
        let runs = [(0..2 * QUARTER, 4), (2 * QUARTER..3 * QUARTER, 7), (3 * QUARTER..BLOCK, 4)];
        assert_eq!(Runs::new(&keys).collect::<Vec<_>>(), runs);
    }

    #[test]
    fn the_integer_part_is_that_of_a_cast() {
        for x in [0.0_f32, 0.25, 0.5, 0.99999994, 1.0, 1.5, 2.5, 254.99998, 1e6 + 0.9375, 4_194_302.8, 4_194_303.0] {
            assert_eq!(whole(x), x as u32, "{x}");
        }
        assert_eq!(whole(1e9), (1 << 22) - 1);
    }
}
