//! Brightness textures that repeat without a seam, with mip levels, made once per program from hashed lattices:
//! value noise (Lewis 1989) for what is soft, scattered dots and cells for grain, blades and stones.

use super::chance::{Chance as _, fixed_stream, hash, unit_from_hash};
use std::sync::LazyLock;

/// Texels per side of a full-size tile.
pub(super) const SIDE: usize = 256;

/// Index of the coarsest level of a texture, one texel.
pub(super) const TOP_LEVEL: u32 = SIDE.ilog2();

/// Texels of one texture in all its levels: 256² + 128² + … + 1.
const TEXELS: usize = (4 * SIDE * SIDE - 1) / 3;

/// Texels of all textures, rounded up to a power of two: an index is cut to it instead of being checked.
const ALL_TEXELS: usize = (5 * TEXELS).next_power_of_two();

/// Integer part (rounded down) and the rest, without a call into the C library on plain x86-64.
/// Right for |x| < 2^21; adding 1.5·2^23 leaves the integer in the low mantissa bits.
#[inline(always)]
pub(super) fn floor_fract(x: f32) -> (i32, f32) {
    const SHIFT: f32 = 12_582_912.0;
    let shifted = (x - 0.5) + SHIFT;
    ((shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32), x - (shifted - SHIFT))
}

/// Power of two at or below `ratio`, at least 0 and at most `top`: the mip level whose texel matches a pixel.
#[inline(always)]
pub(super) fn level_from_ratio(ratio: f32, top: u32) -> u32 {
    (ratio.to_bits() >> 23).saturating_sub(127).min(top)
}

/// One seamless square of numbers around 1 (surfaces) or within [0, 1] (soft noise).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Texture {
    /// Soft fractal noise in [0, 1], features of 4 to 32 texels.
    Noise,
    /// Grain and stone chips of asphalt.
    Asphalt,
    /// Pebbles.
    Gravel,
    /// Blades and tufts.
    Grass,
    /// Clods and crumbs.
    Soil,
}

impl Texture {
    /// Index of its first texel.
    #[inline(always)]
    pub(super) fn start(self) -> u32 {
        self as u32 * TEXELS as u32
    }
}

/// All textures of the program with their mip levels, one after the other in one array, so that neighbouring pixels can
/// look up different ones side by side.
pub(super) struct Textures(Box<[f32; ALL_TEXELS]>);

impl Textures {
    fn from_finest(finest: [Vec<f32>; 5]) -> Self {
        let mut texels = Vec::with_capacity(ALL_TEXELS);
        for mut level in finest {
            for side in (0..TOP_LEVEL).map(|level| SIDE >> level) {
                let coarser = halved(&level, side / 2);
                texels.append(&mut level);
                level = coarser;
            }
            texels.append(&mut level);
        }
        texels.resize(ALL_TEXELS, 0.0);
        Self(Box::try_from(texels).unwrap_or_else(|_| unreachable!("the texels were brought to this length")))
    }

    /// Bilinear value of the texture at index `start` at texel coordinates of its finest level, read from mip `level`.
    #[inline(always)]
    pub(super) fn sample(&self, start: u32, level: u32, x: f32, y: f32) -> f32 {
        // 2^-level, put together from its exponent.
        let shrink = f32::from_bits((127 - level) << 23);
        let ((column, u), (row, v)) = (floor_fract(x * shrink), floor_fract(y * shrink));
        let mask = (SIDE as u32 >> level) - 1;
        let (x0, y0) = (column as u32 & mask, row as u32 & mask);
        let (x1, y1) = ((x0 + 1) & mask, (y0 + 1) & mask);
        // All levels together are (4^9 - 1) / 3 texels; those from `level` on are as many, shifted by two bits a level.
        let start = start + TEXELS as u32 - (TEXELS as u32 >> (2 * level));
        let (y0, y1) = (start + (y0 << (TOP_LEVEL - level)), start + (y1 << (TOP_LEVEL - level)));
        let texel = |index: u32| self.0[index as i32 as usize & (ALL_TEXELS - 1)];
        let top = texel(y0 + x0) + (texel(y0 + x1) - texel(y0 + x0)) * u;
        let bottom = texel(y1 + x0) + (texel(y1 + x1) - texel(y1 + x0)) * u;
        top + (bottom - top) * v
    }

    /// Value along one row of the soft noise: noise of one variable.
    #[inline(always)]
    pub(super) fn along(&self, x: f32) -> f32 {
        let (column, u) = floor_fract(x);
        let texel = |column: u32| self.0[column as usize & (SIDE - 1)];
        let (a, b) = (texel(column as u32), texel((column as u32).wrapping_add(1)));
        a + (b - a) * u
    }
}

/// The next coarser level, `side` texels wide: means of four.
fn halved(finer: &[f32], side: usize) -> Vec<f32> {
    let mean = |x: usize, y: usize| {
        let at = |dx: usize, dy: usize| finer[(2 * y + dy) * 2 * side + 2 * x + dx];
        0.25 * (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1))
    };
    (0..side * side).map(|i| mean(i % side, i / side)).collect()
}

/// The textures, built at first use (some 20 ms).
pub(super) fn textures() -> &'static Textures {
    static TEXTURES: LazyLock<Textures> = LazyLock::new(|| {
        // In the order of the variants of `Texture`.
        Textures::from_finest([
            spread(texels(|x, y| fractal(1, x, y, 8, 4))),
            asphalt(),
            gravel(),
            grass(),
            texels(|x, y| 0.55 + 0.9 * fractal(5, x, y, 16, 5)),
        ])
    });
    &TEXTURES
}

fn texels(value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    (0..SIDE * SIDE).map(|i| value((i % SIDE) as f32, (i / SIDE) as f32)).collect()
}

/// Stretches values to fill [0, 1].
fn spread(mut texels: Vec<f32>) -> Vec<f32> {
    let (low, high) = texels.iter().fold((f32::MAX, f32::MIN), |(low, high), &t| (low.min(t), high.max(t)));
    texels.iter_mut().for_each(|t| *t = (*t - low) / (high - low));
    texels
}

/// Value noise with `cells` lattice cells per tile, each octave twice as fine and half as strong; in [0, 1].
fn fractal(seed: u64, x: f32, y: f32, cells: usize, octaves: u32) -> f32 {
    let (mut value, mut weight, mut total) = (0.0, 1.0, 0.0);
    for octave in 0..octaves {
        let cells = cells << octave;
        let to_cells = cells as f32 / SIDE as f32;
        value += weight * lattice(seed * 31 + u64::from(octave), x * to_cells, y * to_cells, cells);
        total += weight;
        weight *= 0.5;
    }
    value / total
}

/// Smoothly interpolated random lattice that repeats after `cells`.
fn lattice(seed: u64, x: f32, y: f32, cells: usize) -> f32 {
    let ((column, u), (row, v)) = (floor_fract(x), floor_fract(y));
    let at = |dx: i32, dy: i32| {
        let (x, y) = ((column + dx) as usize % cells, (row + dy) as usize % cells);
        unit_from_hash(hash((seed << 32) | (y << 16 | x) as u64))
    };
    let (u, v) = (u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v));
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * u;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * u;
    top + (bottom - top) * v
}

/// Fine grain with scattered light and dark stone chips.
fn asphalt() -> Vec<f32> {
    let mut texels = texels(|x, y| 0.80 + 0.25 * fractal(2, x, y, 128, 2) + 0.15 * fractal(3, x, y, 16, 3));
    let mut rng = fixed_stream(2);
    for _ in 0..3000 {
        let (x, y) = ((rng.unit() * SIDE as f32) as usize, (rng.unit() * SIDE as f32) as usize);
        texels[y % SIDE * SIDE + x % SIDE] *= if rng.chance(0.55) { 1.22 } else { 0.75 };
    }
    texels
}

/// Pebbles: each texel belongs to its nearest stone (Worley 1996); stones differ in brightness, gaps are dark.
fn gravel() -> Vec<f32> {
    const CELLS: i32 = 88;
    let stone = |column: i32, row: i32| {
        let key = hash((7 << 40) | (row.rem_euclid(CELLS) * CELLS + column.rem_euclid(CELLS)) as u64);
        let (x, y) = (unit_from_hash(key), unit_from_hash(hash(key)));
        (column as f32 + x, row as f32 + y, unit_from_hash(hash(key ^ 1)))
    };
    texels(|x, y| {
        let (x, y) = (x * CELLS as f32 / SIDE as f32, y * CELLS as f32 / SIDE as f32);
        let (column, row) = (x as i32, y as i32);
        let mut nearest = (9.0, 9.0, 0.5);
        for (cell_x, cell_y) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (column + dx, row + dy))) {
            let (stone_x, stone_y, brightness) = stone(cell_x, cell_y);
            let distance = (stone_x - x) * (stone_x - x) + (stone_y - y) * (stone_y - y);
            if distance < nearest.0 {
                nearest = (distance, nearest.0, brightness);
            } else if distance < nearest.1 {
                nearest.1 = distance;
            }
        }
        let gap = ((nearest.1 - nearest.0) * 4.0).min(1.0);
        (0.65 + 0.35 * gap) * (0.78 + 0.6 * nearest.2)
    })
}

/// Tufts with short upright strokes, brighter at their tip.
fn grass() -> Vec<f32> {
    let mut texels = texels(|x, y| 0.55 + 0.55 * fractal(4, x, y, 16, 3));
    let mut rng = fixed_stream(4);
    for _ in 0..9000 {
        let (x, y) = (rng.unit() * SIDE as f32, (rng.unit() * SIDE as f32) as usize);
        let (length, lean, tip) = (3 + (rng.unit() * 5.0) as usize, rng.uniform(-0.5, 0.5), rng.uniform(0.75, 1.6));
        for step in 0..length {
            let column = (x + lean * step as f32 + SIDE as f32) as usize % SIDE;
            let up = step as f32 / length as f32;
            texels[(y + SIDE - step) % SIDE * SIDE + column] = (0.6 + (tip - 0.6) * up) * 0.95;
        }
    }
    texels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_and_rest_make_up_the_number() {
        for x in [-1000.25_f32, -1.0, -0.75, 0.0, 0.25, 1.5, 7.999, 65_535.5] {
            let (floor, rest) = floor_fract(x);
            assert_eq!(floor as f32 + rest, x, "{x}");
            assert!((0.0..=1.0).contains(&rest), "{x} leaves {rest}");
        }
    }

    #[test]
    fn textures_repeat_without_a_seam() {
        let noise = |x: f32, y: f32| textures().sample(Texture::Noise.start(), 0, x, y);
        for i in 0..64 {
            let y = i as f32 * 4.1;
            assert_eq!(noise(3.5, y), noise(3.5 + SIDE as f32, y));
            // Neighbours across the seam differ no more than soft noise does anywhere (32 texels per feature).
            assert!((noise(255.5, y) - noise(0.5, y)).abs() < 0.25);
        }
    }

    #[test]
    fn the_coarsest_level_is_the_mean_of_the_finest() {
        for texture in [Texture::Asphalt, Texture::Grass, Texture::Gravel, Texture::Soil] {
            let start = texture.start();
            let mean = textures().0[start as usize..][..SIDE * SIDE].iter().sum::<f32>() / (SIDE * SIDE) as f32;
            // Summing 65,536 f32 one after the other rounds at about 1e-4.
            assert!((textures().sample(start, TOP_LEVEL, 0.0, 0.0) - mean).abs() < 1e-3);
        }
    }

    #[test]
    fn mip_levels_follow_the_pixel_size() {
        assert_eq!([0.3, 1.0, 1.9, 2.0, 5.0, 1e9].map(|ratio| level_from_ratio(ratio, 8)), [0, 0, 0, 1, 2, 8]);
    }
}
