//! Weather between the camera and the road, and on the lens.

use super::constants::{Fog, Frost, Snow};
use super::fractal::Plasma;
use super::grid::Grid;
use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

/// Flakes are what of magnified normal noise exceeds a threshold, smeared within 45 degrees of straight down and laid
/// over a paler picture, once as they are and once turned by 180 degrees. They are cut from a layer of the width that
/// their lengths are for, and enlarged with it: the flakes of a larger picture are not finer.
pub(super) fn snow(
    image: &mut RgbImage,
    snow: Snow,
    layer_width_px: usize,
    lasting: &mut ChaCha8Rng,
    passing: &mut ChaCha8Rng,
) {
    let picture = Grid::of(image);
    let falls_rad = FRAC_PI_2 + lasting.random_range(-FRAC_PI_4..=FRAC_PI_4);
    let per_px = layer_width_px as f32 / picture.width as f32;
    let noise = Grid::new(layer_width_px, (per_px * picture.height as f32).ceil() as usize, |_, _| {
        let draw: f32 = StandardNormal.sample(passing);
        [snow.mean + snow.sd * draw]
    });
    let mut flakes = noise.zoomed(snow.flake_px);
    let flake = |value: f32| if value < snow.threshold { 0.0 } else { value.min(1.0) };
    flakes.pixels.iter_mut().for_each(|[value]| *value = flake(*value));
    let flakes = flakes.smeared(snow.fall_sd_px, falls_rad);
    let place = |i: usize| (i as f32 + 0.5) * per_px - 0.5;
    let layer = Grid::new(picture.width, picture.height, |x, y| flakes.at(place(x), place(y)));
    let mut snowed = picture;
    for ((pixel, [flake]), [turned]) in snowed.pixels.iter_mut().zip(&layer.pixels).zip(layer.pixels.iter().rev()) {
        let pale = 1.5 * luma(*pixel) + 0.5;
        let paler = |value: f32| snow.picture_left * value + (1.0 - snow.picture_left) * value.max(pale);
        *pixel = pixel.map(|value| paler(value) + flake + turned);
    }
    snowed.write(image);
}

/// A mix of the picture and ice. The published frost is photographed; here it is ridges of plasma, thicker towards the
/// border of the lens.
pub(super) fn frost(image: &mut RgbImage, frost: Frost, rng: &mut ChaCha8Rng) {
    const COLOUR: [f32; 3] = [0.84, 0.93, 1.0];
    let (crystals, thickness) = (Plasma::new(1.35, rng), Plasma::new(2.0, rng));
    let mut picture = Grid::of(image);
    each_place(&mut picture, |x, y, pixel| {
        let ridge = 1.0 - (2.0 * crystals.at(2.0 * x, 2.0 * y) - 1.0).abs();
        let rim = (2.0 * x - 1.0).powi(2).max((2.0 * y / aspect(image) - 1.0).powi(2));
        let ice = (0.25 + 0.45 * ridge * ridge + 0.3 * (thickness.at(x, y) + rim - 0.5)).clamp(0.0, 1.0);
        std::array::from_fn(|c| frost.picture_left * pixel[c] + frost.ice * ice * COLOUR[c])
    });
    picture.write(image);
}

/// Bright plasma added to the picture, which is then scaled back to the brightest value it had.
pub(super) fn fog(image: &mut RgbImage, fog: Fog, tick: u64, rng: &mut ChaCha8Rng) {
    /// Share of the width that the fog drifts in a control step: ten seconds from side to side at 20 Hz.
    const DRIFT_PER_TICK: f32 = 0.005;
    let plasma = Plasma::new(fog.decay, rng);
    // Whole widths are taken off first: the plasma repeats, and a large number would lose the drift of one step.
    let drift = (tick % 200) as f32 * DRIFT_PER_TICK;
    let mut picture = Grid::of(image);
    let brightest = picture.pixels.iter().flatten().copied().fold(0.0, f32::max);
    each_place(&mut picture, |x, y, pixel| {
        let added = fog.thickness * plasma.at(x + drift, y);
        pixel.map(|value| (value + added) * brightest / (brightest + fog.thickness))
    });
    picture.write(image);
}

/// Changes every pixel by its place, measured in widths of the picture.
fn each_place(picture: &mut Grid<3>, change: impl Fn(f32, f32, [f32; 3]) -> [f32; 3]) {
    let width = picture.width;
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        let place = |i: usize| (i as f32 + 0.5) / width as f32;
        *pixel = change(place(i % width), place(i / width), *pixel);
    }
}

/// Height in widths.
fn aspect(image: &RgbImage) -> f32 {
    image.height() as f32 / image.width() as f32
}

/// Brightness of a colour to the eye (ITU-R BT.601).
fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}
