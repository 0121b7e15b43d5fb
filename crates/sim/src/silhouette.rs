//! The drawings behind the sprites: trunks, leaf clumps, whorls, walls and roofs, put together from discs and noise.
//! The light falls from the upper left.

use super::chance::{Chance as _, hash, unit_from_hash};
use rand_chacha::ChaCha8Rng;
use std::f32::consts::TAU;

/// Opacity, shade and share of the second material, each 0 to 255.
pub(super) type Texel = [u8; 3];

/// A drawing in progress.
pub(super) struct Drawing {
    pub width: usize,
    pub height: usize,
    pub texels: Vec<Texel>,
}

impl Drawing {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, texels: vec![[0, 110, 0]; width * height] }
    }

    /// Half the size; shade and material are means weighted with opacity, so that no invisible colour bleeds in.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), self.height / 2);
        let mean = |x: usize, y: usize| {
            let at = |dx: usize, dy: usize| self.texels[(2 * y + dy) * self.width + (2 * x + dx).min(self.width - 1)];
            let four = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
            let opacity: u32 = four.iter().map(|texel| u32::from(texel[0])).sum();
            let weighted = |channel: usize| {
                four.iter().map(|texel| u32::from(texel[0]) * u32::from(texel[channel])).sum::<u32>() / opacity.max(1)
            };
            if opacity == 0 { [0, 110, 0] } else { [(opacity / 4) as u8, weighted(1) as u8, weighted(2) as u8] }
        };
        Self { width, height, texels: (0..width * height).map(|i| mean(i % width, i / width)).collect() }
    }

    /// Sets a texel to a `shade` in [0, 1] of material 0 or 1 and covers it by `cover`; outside, nothing happens.
    fn set(&mut self, x: f32, y: f32, shade: f32, second: bool, cover: f32) {
        if x >= 0.0 && y >= 0.0 && (x as usize) < self.width && (y as usize) < self.height && cover > 0.0 {
            let texel = &mut self.texels[y as usize * self.width + x as usize];
            let opacity = ((255.0 * cover) as u8).max(texel[0]);
            *texel = [opacity, (255.0 * shade.clamp(0.0, 1.0)) as u8, if second { 255 } else { 0 }];
        }
    }
}

/// Noise per texel in [0, 1].
fn speck(x: i32, y: i32, seed: u64) -> f32 {
    unit_from_hash(hash((seed << 32) ^ ((y as u64) << 16) ^ x as u64))
}

/// A trunk that tapers and leans a little, flares at its foot and is lit from the left.
fn trunk(level: &mut Drawing, top: usize, half_width: f32, lean: f32) {
    let (bottom, centre) = (level.height, level.width as f32 * 0.5);
    for y in top..bottom {
        let up = (bottom - y) as f32 / (bottom - top) as f32;
        let flare = (1.0 - 9.0 * up).max(0.0);
        let (half, middle) = (half_width * (1.2 - 0.6 * up + 0.6 * flare * flare), centre + lean * up * up);
        for x in (middle - half) as usize..=(middle + half) as usize + 1 {
            let round = (x as f32 + 0.5 - middle) / half;
            let bark = speck(x as i32, y as i32 / 5, 1) - 0.5;
            let cover = (half + 0.5 - (x as f32 + 0.5 - middle).abs()).clamp(0.0, 1.0);
            level.set(x as f32, y as f32, 0.58 - 0.34 * round + 0.28 * bark, true, cover);
        }
    }
}

/// An ellipse to fill with leaves, in texels.
struct Crown {
    x: f32,
    y: f32,
    half_width: f32,
    half_height: f32,
}

/// Leaf clumps at random within the crown, each a ragged ball lit from the upper left.
fn leaves(level: &mut Drawing, crown: &Crown, count: usize, radius: (f32, f32), rng: &mut ChaCha8Rng) {
    for clump in 0..count {
        let (angle, out) = (rng.uniform(0.0, TAU), rng.unit().sqrt());
        let (side, down) = (out * libm::cosf(angle), out * libm::sinf(angle));
        let (x, y) = (crown.x + side * crown.half_width, crown.y + down * crown.half_height);
        let size = rng.uniform(radius.0, radius.1) * (1.0 - 0.25 * out);
        let base = 0.44 - 0.16 * side - 0.26 * down + rng.uniform(-0.06, 0.06);
        ball(level, (x, y), size, base, clump as u64);
    }
}

fn ball(level: &mut Drawing, (centre_x, centre_y): (f32, f32), radius: f32, base: f32, seed: u64) {
    let reach = radius as i32 + 1;
    for (dx, dy) in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy))) {
        let (u, v) = (dx as f32 / radius, dy as f32 / radius);
        let (x, y) = (centre_x + dx as f32, centre_y + dy as f32);
        let noise = speck(x as i32, y as i32, seed + 7);
        if u * u + v * v < 0.55 + 0.55 * noise {
            level.set(x, y, base - 0.14 * u - 0.20 * v + 0.28 * (noise - 0.5), false, 1.0);
        }
    }
}

pub(super) fn broadleaf(rng: &mut ChaCha8Rng) -> Drawing {
    let mut level = Drawing::new(256, 256);
    trunk(&mut level, 90, rng.uniform(4.0, 7.0), rng.uniform(-10.0, 10.0));
    let (y, half_width, half_height) = (rng.uniform(94.0, 106.0), rng.uniform(72.0, 96.0), rng.uniform(60.0, 76.0));
    leaves(&mut level, &Crown { x: 128.0, y, half_width, half_height }, 130, (11.0, 27.0), rng);
    // Single twigs that stand out of the outline.
    leaves(&mut level, &Crown { x: 128.0, y, half_width: half_width + 9.0, half_height }, 70, (5.0, 9.0), rng);
    level
}

pub(super) fn bush(rng: &mut ChaCha8Rng) -> Drawing {
    let mut level = Drawing::new(128, 128);
    let (half_width, half_height) = (rng.uniform(40.0, 52.0), rng.uniform(36.0, 52.0));
    let crown = Crown { x: 64.0, y: 76.0, half_width, half_height };
    leaves(&mut level, &crown, 80, (8.0, 18.0), rng);
    leaves(&mut level, &crown, 60, (4.0, 7.0), rng);
    // The lowest twigs reach the ground.
    leaves(&mut level, &Crown { y: 115.0, half_height: 10.0, ..crown }, 40, (6.0, 11.0), rng);
    level
}

/// Whorls of branches that hang over one another, dark below each.
pub(super) fn conifer(seed: u64) -> Drawing {
    let mut level = Drawing::new(128, 256);
    trunk(&mut level, 200, 4.0, 0.0);
    for y in 4..236 {
        let down = y as f32 / 236.0;
        let whorl = (y as f32 / (13.0 + 11.0 * down)).fract();
        let half = (2.0 + 54.0 * down) * (0.62 + 0.42 * whorl);
        for x in (64.0 - half * 1.2) as i32..=(64.0 + half * 1.2) as i32 {
            // Twigs are some texels thick and hang down towards the outside.
            let (round, twig) = ((x as f32 - 64.0) / half, speck(x / 3, (y - (x - 64).abs() / 3) / 3, seed));
            let hangs = (y as f32) < 222.0 + 16.0 * speck(x / 4, 0, seed + 2);
            if hangs && round.abs() < 0.75 + 0.4 * twig {
                let noise = 0.6 * twig + 0.4 * speck(x, y, seed + 1);
                let shade = 0.30 - 0.18 * round + 0.24 * whorl + 0.3 * (noise - 0.5) + 0.10 * (1.0 - down);
                level.set(x as f32, y as f32, shade, false, 1.0);
            }
        }
    }
    level
}

/// Wooden pole with a cross-arm.
pub(super) fn pole() -> Drawing {
    let mut level = Drawing::new(32, 128);
    for y in 1..128 {
        for x in 14..=17 {
            level.set(x as f32, y as f32, 0.75 - 0.12 * (x - 14) as f32 + 0.1 * speck(x, y / 4, 3), false, 1.0);
        }
    }
    for x in 5..=26 {
        (8..=10).for_each(|y| level.set(x as f32, y as f32, 0.5, false, 1.0));
    }
    level
}

/// White delineator post with a slanted black band and a reflector (second material).
pub(super) fn post() -> Drawing {
    let mut level = Drawing::new(16, 64);
    for y in 2..64 {
        for x in 5..=11 {
            let band = y + (x - 8) / 2;
            let shade = if (10..=22).contains(&band) { 0.06 } else { 0.92 - 0.05 * (x - 5) as f32 };
            let reflector = (13..=19).contains(&band) && (7..=9).contains(&x);
            level.set(x as f32, y as f32, if reflector { 1.0 } else { shade }, reflector, 1.0);
        }
    }
    level
}

/// A house seen from a corner: gable end on the left, long wall and roof (second material) on the right.
pub(super) fn house(long: bool) -> Drawing {
    let mut level = Drawing::new(128, 64);
    let corner = if long { 38 } else { 54 };
    for x in 2..126 {
        for y in 2..64 {
            if let Some((shade, roof)) = house_texel(x, y, corner) {
                level.set(x as f32, y as f32, shade, roof, 1.0);
            }
        }
    }
    // Chimney.
    (1..12).for_each(|y| (92..98).for_each(|x| level.set(x as f32, y as f32, 0.35, true, 1.0)));
    level
}

/// Shade and whether it is roof, or nothing where the sky shows.
fn house_texel(x: i32, y: i32, corner: i32) -> Option<(f32, bool)> {
    const EAVES: i32 = 30;
    const RIDGE: i32 = 6;
    let gable = x < corner;
    let window = |width: i32| y > 38 && y < 50 && x.rem_euclid(width) > width / 2 && x > 6 && x < 122;
    if y >= EAVES {
        let wall = if gable { 0.95 } else { 0.62 };
        let shade = if window(if gable { 17 } else { 14 }) { 0.10 } else { wall - 0.1 * speck(x / 3, y / 3, 11) };
        let in_eaves_shadow = y < EAVES + 3 && !gable;
        return Some((if in_eaves_shadow { shade * 0.6 } else { shade }, false));
    }
    let half = corner / 2;
    let rise = (EAVES - RIDGE) * (half - (x - half).abs()) / half.max(1);
    if gable && y >= EAVES - rise {
        return Some((0.9, false));
    }
    // The roof's left edge follows the gable, its right edge leans in a little.
    let (from, to) = (half + (y - RIDGE) * half / (EAVES - RIDGE), 122 + (y - RIDGE) * 5 / (EAVES - RIDGE));
    let tile_row = if y % 4 == 0 { 0.12 } else { 0.0 };
    (y >= RIDGE && x >= from && x <= to).then(|| (0.72 - tile_row - 0.12 * speck(x / 2, y / 2, 12), true))
}
