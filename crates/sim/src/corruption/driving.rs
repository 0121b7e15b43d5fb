//! What roads add: shadows across them, the sun low above them, mud thrown from them.

use super::constants::{LowSun, METRES_PER_TICK};
use super::grid::Grid;
use lane_frame::RgbImage;
use lane_frame::projection::{CAMERA_HEIGHT_M, FOCAL_PER_WIDTH, HORIZON_SHARE};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::TAU;

/// Darkens stripes of the ground that lie slanted across the road, irregular, coming nearer with every control step.
/// The ground is the training camera's: flat below its horizon.
pub(super) fn shadow_bands(image: &mut RgbImage, darkness: f32, tick: u64, rng: &mut ChaCha8Rng) {
    /// Two distances between stripes that share no common multiple nearby, so that stripes come irregularly.
    const SPACINGS_M: [f32; 2] = [7.0, 11.3];
    /// Light from the sky is left in a shadow, and the sky is blue.
    const COLOUR: [f32; 3] = [1.0, 0.96, 0.88];
    let phases: [f32; 2] = [(); 2].map(|()| rng.random_range(0.0..TAU));
    let slant = rng.random_range(-0.6..=0.6_f32);
    let travelled_m = tick as f64 * METRES_PER_TICK;
    let travelled: [f32; 2] = SPACINGS_M.map(|spacing| ((travelled_m / f64::from(spacing)).fract() as f32) * TAU);
    let mut picture = Grid::of(image);
    let (width, focal_px) = (picture.width, FOCAL_PER_WIDTH * picture.width as f32);
    let horizon = HORIZON_SHARE * picture.height as f32;
    for (y, row) in picture.pixels.chunks_exact_mut(width).enumerate() {
        let below = y as f32 + 0.5 - horizon;
        if below <= 0.0 {
            continue;
        }
        let ahead_m = focal_px * CAMERA_HEIGHT_M / below;
        // Stripes finer than two rows would only flicker: they fade before.
        let seen = (2.0 - 4.0 * ahead_m / below / SPACINGS_M[0]).clamp(0.0, 1.0);
        for (x, pixel) in row.iter_mut().enumerate() {
            let right_m = (x as f32 + 0.5 - width as f32 / 2.0) * ahead_m / focal_px;
            let along_m = ahead_m + slant * right_m;
            let wave = |i: usize| libm::sinf(along_m / SPACINGS_M[i] * TAU + travelled[i] + phases[i]);
            let shadow = (0.5 + 1.5 * (wave(0) + wave(1) + 0.2)).clamp(0.0, 1.0);
            *pixel = std::array::from_fn(|c| pixel[c] * (1.0 - darkness * COLOUR[c] * seen * shadow));
        }
    }
    picture.write(image);
}

/// Light that covers the picture as on film exposed twice: a dazzling disk above the horizon, a veil over everything
/// and a shining strip of road below.
pub(super) fn low_sun(image: &mut RgbImage, sun: LowSun, rng: &mut ChaCha8Rng) {
    const COLOUR: [f32; 3] = [1.0, 0.95, 0.84];
    let mut picture = Grid::of(image);
    let (width, height) = (picture.width as f32, picture.height as f32);
    let sun_x = width * rng.random_range(0.25..=0.75_f32);
    let sun_y = height * (HORIZON_SHARE - rng.random_range(0.02..=0.15_f32));
    let radius_px = sun.radius * width;
    let columns = picture.width;
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        let (right, down) = ((i % columns) as f32 + 0.5 - sun_x, (i / columns) as f32 + 0.5 - sun_y);
        let disk = libm::expf(-(right * right + down * down).sqrt() / radius_px);
        let strip = 0.3 * libm::expf(-(right / radius_px).powi(2)) * (down / height).clamp(0.0, 1.0);
        let light = (sun.strength * (disk + strip) + sun.veil).min(1.0);
        *pixel = std::array::from_fn(|c| 1.0 - (1.0 - pixel[c]) * (1.0 - light * COLOUR[c]));
    }
    picture.write(image);
}

/// Soft-edged elliptic drops of mud. More dirt keeps the drops that less has.
pub(super) fn lens_dirt(image: &mut RgbImage, drops: usize, rng: &mut ChaCha8Rng) {
    /// Brown of the mud that ImageNet-C spatters.
    const COLOUR: [f32; 3] = [63.0 / 255.0, 42.0 / 255.0, 20.0 / 255.0];
    let mut picture = Grid::of(image);
    let (width, height) = (picture.width as f32, picture.height as f32);
    for _ in 0..drops {
        let (middle_x, middle_y) = (width * rng.random::<f32>(), height * rng.random::<f32>());
        let turn_rad = rng.random_range(0.0..TAU);
        let (sin, cos) = (libm::sinf(turn_rad), libm::cosf(turn_rad));
        let (long_px, flatness) = (width * rng.random_range(0.02..=0.065_f32), rng.random_range(0.5..=1.0_f32));
        let opacity = rng.random_range(0.6..=0.95_f32);
        let columns = span(middle_x, long_px, picture.width);
        for y in span(middle_y, long_px, picture.height) {
            for x in columns.clone() {
                let (right, down) = (x as f32 + 0.5 - middle_x, y as f32 + 0.5 - middle_y);
                let (along, across) = (right * cos + down * sin, (down * cos - right * sin) / flatness);
                let from_middle = (along * along + across * across).sqrt() / long_px;
                let cover = opacity * (2.5 * (1.0 - from_middle)).clamp(0.0, 1.0);
                let pixel = &mut picture.pixels[y * picture.width + x];
                *pixel = std::array::from_fn(|c| pixel[c] + (COLOUR[c] - pixel[c]) * cover);
            }
        }
    }
    picture.write(image);
}

/// Pixels of a row or column that lie within `reach` of a place.
fn span(middle: f32, reach: f32, of: usize) -> std::ops::Range<usize> {
    // Saturating casts: what lies before the border begins at it.
    (middle - reach) as usize..((middle + reach).ceil() as usize).min(of)
}
