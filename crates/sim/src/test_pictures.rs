//! Pictures for the tests of what a picture shows.

use super::factors::Factors;
use super::family::{RoadFamily, RoadSet};
use super::masks::Masks;
use super::render::Camera;
use super::vehicle::CarState;
use super::weather::Weather;
use super::world::{World, WorldSpec};
use lane_frame::{RgbImage, Size};

/// The sizes in use: small policies, the paper's policies, the window.
pub(super) const SIZES: [Size; 3] = [Size::new(120, 48), Size::new(200, 78), Size::new(640, 256)];

/// Pixels of the middle size from row 40 on show ground within 10 m, where nothing is thinner than a pixel; farther
/// out, a pixel of verge or tree may have a corner of road or paint.
pub(super) const NEAR: usize = 40 * 200;

/// A test road of 250 m.
pub(super) fn world(seed: u64, weather: Weather) -> World {
    World::build(WorldSpec::drawn(RoadSet::Test, seed, weather, 250.0))
}

/// The view of a car a little off the lane centre.
pub(super) fn picture(world: &World, size: Size, factors: &Factors) -> (RgbImage, Masks) {
    let car = CarState::on_lane(world, 60.0, 0.3, 0.02);
    let (mut image, mut masks) = (RgbImage::new(1, 1), Masks::new(size));
    Camera::new(size).render(world, &car, 7, factors, &mut image, Some(&mut masks));
    (image, masks)
}

/// The mean view of a car on eight marked roads in a weather, value by value.
pub(super) fn mean_picture(weather: Weather) -> Vec<f32> {
    const ROADS: u64 = 8;
    let mut mean = vec![0.0; 3 * SIZES[0].pixels()];
    for seed in 0..ROADS {
        let family = Some(RoadFamily::Marked);
        let world = World::build(WorldSpec { family, ..WorldSpec::drawn(RoadSet::Test, seed, weather, 250.0) });
        let (image, _) = picture(&world, SIZES[0], &Factors::default());
        mean.iter_mut().zip(image.iter()).for_each(|(mean, value)| *mean += f32::from(*value) / ROADS as f32);
    }
    mean
}

/// Indices of the pixels that differ.
pub(super) fn changed(a: &RgbImage, b: &RgbImage) -> Vec<usize> {
    let differs = |(i, (a, b)): (usize, (&image::Rgb<u8>, &image::Rgb<u8>))| (a != b).then_some(i);
    a.pixels().zip(b.pixels()).enumerate().filter_map(differs).collect()
}

/// True if the pixel and its eight neighbours all have one of the flags.
pub(super) fn deep_inside(masks: &Masks, index: usize, flags: u8) -> bool {
    let (width, height) = (masks.size.width as usize, masks.size.height as usize);
    let (column, row) = (index % width, index / width);
    let rows = row.saturating_sub(1)..=(row + 1).min(height - 1);
    rows.into_iter().all(|row| {
        (column.saturating_sub(1)..=(column + 1).min(width - 1))
            .all(|column| masks.bits[row * width + column] & flags != 0)
    })
}

/// True if the pixel or one of its eight neighbours has one of the flags.
pub(super) fn touches(masks: &Masks, index: usize, flags: u8) -> bool {
    let inverted =
        Masks { size: masks.size, bits: masks.bits.iter().map(|bits| u8::from(bits & flags == 0)).collect() };
    !deep_inside(&inverted, index, 1)
}
