//! Blur of lens, pane and motion.

use super::constants::Glass;
use super::grid::Grid;
use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::FRAC_PI_4;

/// Averaged over a disk.
pub(super) fn defocus(image: &mut RgbImage, radius_px: f32) {
    Grid::of(image).defocused(radius_px).write(image);
}

/// Blurred, then pixels change places with near ones, then blurred again.
pub(super) fn glass(image: &mut RgbImage, glass: Glass, rng: &mut ChaCha8Rng) {
    let mut picture = Grid::of(image).blurred(glass.sd_px);
    let (width, height) = (picture.width, picture.height);
    let mut near = |place: usize, of: usize| {
        let shift: f32 = rng.random_range(-glass.shift_px..=glass.shift_px);
        place.saturating_add_signed(shift.round() as isize).min(of - 1)
    };
    for place in (0..glass.passes).flat_map(|_| (0..width * height).rev()) {
        let (x, y) = (near(place % width, width), near(place / width, height));
        picture.pixels.swap(place, y * width + x);
    }
    picture.blurred(glass.sd_px).write(image);
}

/// Smeared along a direction within 45 degrees of level. Unlike ImageMagick's one-sided smear, which the published
/// pictures were made with, it lies about each pixel's own place: a picture that is shifted aside is another fault.
pub(super) fn motion(image: &mut RgbImage, sd_px: f32, rng: &mut ChaCha8Rng) {
    let direction_rad = rng.random_range(-FRAC_PI_4..=FRAC_PI_4);
    Grid::of(image).smeared(sd_px, direction_rad).write(image);
}

/// Mean of the picture and of its magnifications up to the largest, 2 % apart.
pub(super) fn zoom(image: &mut RgbImage, largest: f32) {
    const STEP: f32 = 0.02;
    let picture = Grid::of(image);
    let mut sum = picture.clone();
    let steps = ((largest - 1.0) / STEP).round() as usize;
    for factor in (0..=steps).map(|step| 1.0 + STEP * step as f32) {
        let zoomed = picture.zoomed(factor);
        for (sum, value) in sum.pixels.iter_mut().flatten().zip(zoomed.pixels.iter().flatten()) {
            *sum += value;
        }
    }
    sum.pixels.iter_mut().flatten().for_each(|value| *value /= (steps + 2) as f32);
    sum.write(image);
}
