//! Products of matrices: the one sum that all three are made of, in tiles that fit the registers. Each number is summed in
//! the order of its terms, whatever tile it is in, so that a sequence has the same numbers alone and among others.

use super::buffer::Chunk;
use crate::lanes::{LANES, Lanes};
use pulp::Simd;

/// Rows of a tile. Four by four chunks are sixteen sums in flight, which is what two multipliers of a latency of four and
/// of sixteen lanes need and what their registers hold.
const ROWS: usize = 4;

/// A register of some sequences: `[rows, chunks]`.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    /// Chunks before it.
    pub(super) at: usize,
    /// Chunks of a row.
    pub(super) chunks: usize,
    /// Numbers of a row.
    pub(super) width: usize,
}

/// Matrices in panels of sixteen columns: `[panels, terms]`.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub(super) chunks: &'a [Chunk],
    /// Terms of a panel.
    pub(super) terms: usize,
}

/// What a product adds to.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// What is there.
    Target,
    /// One chunk per panel.
    Bias(&'a [Chunk]),
}

/// The widest tile, in chunks, that the registers hold.
#[inline(always)]
fn widest<S: Simd>() -> usize {
    if S::F32_LANES >= LANES { 4 } else { 1 }
}

/// Tiles over some chunks, `(first, chunks)`. Five go as 3 + 2, since a tile of one chunk waits for its own sums.
#[inline(always)]
fn tiles<S: Simd>(chunks: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = chunks - first;
        let width = if left == 5 && widest::<S>() > 2 { 3 } else { left.min(widest::<S>()) };
        first += width;
        (width > 0).then_some((first - width, width))
    })
}

/// `target ← start + Σ source · panels`, all in one buffer: the sources of a row follow each other in the terms of the
/// panels, and each panel is a chunk of the target.
#[inline(always)]
pub(super) fn product<S: Simd>(
    numbers: &mut [Chunk],
    sources: impl Iterator<Item = Strip> + Clone,
    panels: Panels<'_>,
    start: Start<'_>,
    target: Strip,
    rows: usize,
) {
    for (first, chunks) in tiles::<S>(target.chunks) {
        let panels = Panels { chunks: &panels.chunks[first * panels.terms..], ..panels };
        let start = match start {
            Start::Bias(bias) => Start::Bias(&bias[first..]),
            other => other,
        };
        let target = Strip { at: target.at + first, ..target };
        match chunks {
            4 => columns::<S, 4>(numbers, sources.clone(), panels, start, target, rows),
            3 => columns::<S, 3>(numbers, sources.clone(), panels, start, target, rows),
            2 => columns::<S, 2>(numbers, sources.clone(), panels, start, target, rows),
            _ => columns::<S, 1>(numbers, sources.clone(), panels, start, target, rows),
        }
    }
}

/// The first `P` chunks of each row of a target.
#[inline(always)]
fn columns<S: Simd, const P: usize>(
    numbers: &mut [Chunk],
    sources: impl Iterator<Item = Strip> + Clone,
    panels: Panels<'_>,
    start: Start<'_>,
    target: Strip,
    rows: usize,
) {
    let whole = rows - rows % ROWS;
    for row in (0..whole).step_by(ROWS) {
        tile::<S, ROWS, P>(numbers, sources.clone(), panels, start, target, row);
    }
    for row in whole..rows {
        tile::<S, 1, P>(numbers, sources.clone(), panels, start, target, row);
    }
}

#[inline(always)]
fn tile<S: Simd, const R: usize, const P: usize>(
    numbers: &mut [Chunk],
    sources: impl Iterator<Item = Strip>,
    panels: Panels<'_>,
    start: Start<'_>,
    target: Strip,
    row: usize,
) {
    let at = |r: usize, p: usize| target.at + (row + r) * target.chunks + p;
    let mut sums: [[Lanes; P]; R] = match start {
        Start::Zero => [[Lanes::ZERO; P]; R],
        Start::Target => std::array::from_fn(|r| std::array::from_fn(|p| numbers[at(r, p)].into())),
        Start::Bias(bias) => [std::array::from_fn(|p| bias[p].into()); R],
    };
    let mut term = 0;
    for source in sources {
        let flat = numbers.as_flattened();
        let first = |r: usize| (source.at + (row + r) * source.chunks) * LANES;
        let rows: [&[f32]; R] = std::array::from_fn(|r| &flat[first(r)..first(r) + source.width]);
        let panels: [&[Chunk]; P] =
            std::array::from_fn(|p| &panels.chunks[p * panels.terms + term..p * panels.terms + term + source.width]);
        sums = accumulated::<S, R, P>(sums, rows, panels, source.width);
        term += source.width;
    }
    for (r, sums) in sums.iter().enumerate() {
        for (p, sum) in sums.iter().enumerate() {
            numbers[at(r, p)] = *sum.numbers();
        }
    }
}

/// `sums[r][p] + Σ rows[r][term] · panels[p][term]`
#[inline(always)]
fn accumulated<S: Simd, const R: usize, const P: usize>(
    mut sums: [[Lanes; P]; R],
    rows: [&[f32]; R],
    panels: [&[Chunk]; P],
    terms: usize,
) -> [[Lanes; P]; R] {
    let (rows, panels) = (rows.map(|row| &row[..terms]), panels.map(|panel| &panel[..terms]));
    for term in 0..terms {
        let panel: [Lanes; P] = std::array::from_fn(|p| panels[p][term].into());
        for r in 0..R {
            let number = Lanes::from(rows[r][term]);
            for p in 0..P {
                sums[r][p] = number.mul_add::<S>(panel[p], sums[r][p]);
            }
        }
    }
    sums
}

/// `into[m] += Σ left[row][m] · right[row]` for all numbers of a left row and all chunks of a right one: what the rows of
/// one step add to the gradient of a matrix. Its row `m` begins at chunk `m · stride`.
#[inline(always)]
pub(super) fn outer<S: Simd>(
    (lefts, left): (&[Chunk], Strip),
    (rights, right): (&[Chunk], Strip),
    into: &mut [Chunk],
    stride: usize,
    rows: usize,
) {
    let lefts = &lefts[left.at..left.at + rows * left.chunks];
    let rights = &rights[right.at..right.at + rows * right.chunks];
    for (first, chunks) in tiles::<S>(right.chunks) {
        for m in (0..left.width).step_by(ROWS) {
            let place = Place { m, first, stride };
            match chunks {
                4 => outer_tile::<S, 4>((lefts, left), (rights, right), into, place),
                3 => outer_tile::<S, 3>((lefts, left), (rights, right), into, place),
                2 => outer_tile::<S, 2>((lefts, left), (rights, right), into, place),
                _ => outer_tile::<S, 1>((lefts, left), (rights, right), into, place),
            }
        }
    }
}

/// A tile of a gradient.
#[derive(Clone, Copy)]
struct Place {
    /// Its first row.
    m: usize,
    /// Its first chunk.
    first: usize,
    /// Chunks of a row of the gradient.
    stride: usize,
}

#[inline(always)]
fn outer_tile<S: Simd, const P: usize>(
    (lefts, left): (&[Chunk], Strip),
    (rights, right): (&[Chunk], Strip),
    into: &mut [Chunk],
    Place { m, first, stride }: Place,
) {
    let at = |r: usize, p: usize| (m + r) * stride + first + p;
    let mut sums: [[Lanes; P]; ROWS] = std::array::from_fn(|r| std::array::from_fn(|p| into[at(r, p)].into()));
    let left_rows = lefts.as_flattened().chunks_exact(left.chunks * LANES);
    for (numbers, chunks) in left_rows.zip(rights.chunks_exact(right.chunks)) {
        let (numbers, chunks) = (&numbers[m..m + ROWS], &chunks[first..first + P]);
        let panel: [Lanes; P] = std::array::from_fn(|p| chunks[p].into());
        for r in 0..ROWS {
            let number = Lanes::from(numbers[r]);
            for p in 0..P {
                sums[r][p] = number.mul_add::<S>(panel[p], sums[r][p]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (p, sum) in sums.iter().enumerate() {
            into[at(r, p)] = *sum.numbers();
        }
    }
}
