//! The strength of each severity on simulator frames, beside that of its authors' constants for 64 rows; holds
//! docs/corruptions.md to it. `cargo test --release -- --ignored print_the_calibration` prints that file's tables and
//! draws its picture.

use super::{Corruption, Family, Moment};
use crate::{Camera, Factors, RoadSet, Simulator, Weather, World, WorldSpec};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use lane_frame::RgbImage;
use lane_frame::Size;
use lane_frame::ssim::ssim;
use std::fs::File;
use std::sync::Arc;

const OURS: Size = Size::new(120, 48);
const LARGER: Size = Size::new(200, 78);
/// As many rows as Tiny ImageNet-C has, in our shape.
const PUBLISHED: Size = Size::new(160, 64);
/// Roads that a frame each is taken of.
const ROADS: u64 = 12;
/// Means over twelve frames on another machine differ by rounding only; the rest is room for small changes of the look.
const TOLERANCE: f64 = 0.02;
const DOCUMENT: &str = include_str!("../../../../docs/corruptions.md");

/// The view of the camera two seconds into a validation road in daylight.
fn frame(road: u64, size: Size, factors: &Factors) -> RgbImage {
    let (set, weather) = (RoadSet::Validation, Weather::Daylight);
    let world = Arc::new(World::build(WorldSpec::drawn(set, road, weather, 200.0)));
    let mut simulator = Simulator::new(Arc::clone(&world));
    for _ in 0..40 {
        simulator.step(simulator.expert());
    }
    let mut image = RgbImage::new(size.width, size.height);
    Camera::new(size).render(&world, simulator.car(), simulator.tick(), factors, &mut image, None);
    image
}

fn frames(size: Size, roads: u64) -> Vec<RgbImage> {
    (0..roads).map(|road| frame(road, size, &Factors::default())).collect()
}

/// Mean structural similarity of luma and mean peak signal-to-noise ratio in dB to the clean frames.
pub(super) fn likeness(clean: &[RgbImage], spoil: impl Fn(&mut RgbImage, u64)) -> (f64, f64) {
    let one = |(road, clean): (usize, &RgbImage)| {
        let mut spoiled = clean.clone();
        spoil(&mut spoiled, road as u64);
        let squares = clean.iter().zip(spoiled.iter()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        let mean_square = squares.sum::<f64>() / clean.len() as f64;
        let similarity = ssim(&luma(clean), &luma(&spoiled), clean.width() as usize, 255.0);
        (similarity, 10.0 * (255.0 * 255.0 / mean_square.max(1e-3)).log10())
    };
    let all: Vec<(f64, f64)> = clean.iter().enumerate().map(one).collect();
    let mean = |value: fn(&(f64, f64)) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
    (mean(|one| one.0), mean(|one| one.1))
}

fn luma(image: &RgbImage) -> Vec<f32> {
    let luma = |[r, g, b]: [u8; 3]| 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
    image.pixels().map(|pixel| luma(pixel.0)).collect()
}

/// Similarity and ratio of severity 1 to 5.
fn ours(family: Family, clean: &[RgbImage]) -> [(f64, f64); 5] {
    [1, 2, 3, 4, 5].map(|severity| {
        let corruption = Corruption::new(family, severity).unwrap();
        likeness(clean, |image, road| corruption.apply(image, road, 0))
    })
}

/// The authors' constants for 64 rows, in pixels of such pictures.
pub(super) fn corrupt_as_published(family: Family, step: usize, image: &mut RgbImage, road: u64) {
    let corrupt = family.row().published.unwrap();
    let mut moment = Moment::new(image, PUBLISHED.width as usize, road, 0);
    corrupt(image, step, &mut moment);
}

pub(super) fn row(name: &str, likeness: impl IntoIterator<Item = (f64, f64)>) {
    let cells: Vec<String> = likeness.into_iter().map(|(ssim, psnr)| format!("{ssim:.3} / {psnr:.1}")).collect();
    println!("| {name} | {} |", cells.join(" | "));
}

#[test]
#[ignore = "prints the tables of docs/corruptions.md and draws its picture"]
fn print_the_calibration() {
    for size in [OURS, LARGER] {
        let clean = frames(size, ROADS);
        println!("Ours, {size}:");
        Family::ALL.into_iter().for_each(|family| row(family.name(), ours(family, &clean)));
    }
    let clean = frames(PUBLISHED, ROADS);
    println!("Published, {PUBLISHED}:");
    for family in Family::ALL.into_iter().filter(|family| family.is_of_imagenet_c()) {
        let published = |step: usize| likeness(&clean, |image, road| corrupt_as_published(family, step, image, road));
        row(family.name(), (0..5).map(published));
    }
    let file = File::create(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/corruptions.png")).unwrap();
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
    contact_sheet().write_with_encoder(encoder).unwrap();
}

/// A clean frame; below it each family a row, severities from left to right. Without noise of the sensor and in 32
/// steps of brightness, which keeps the file small.
fn contact_sheet() -> RgbImage {
    const GAP: u32 = 3;
    const SIZE: Size = Size::new(100, 40);
    let clean = frame(2, SIZE, &Factors { sensor_noise: false, ..Factors::default() });
    let (width, height) = (SIZE.width + GAP, SIZE.height + GAP);
    let rows = Family::ALL.len() as u32 + 1;
    let mut sheet = RgbImage::from_pixel(5 * width - GAP, rows * height - GAP, image::Rgb([255; 3]));
    image::imageops::replace(&mut sheet, &clean, 0, 0);
    for (family, y) in Family::ALL.into_iter().zip(1..) {
        for (severity, x) in (1..=5).zip(0..) {
            let mut image = clean.clone();
            Corruption::new(family, severity).unwrap().apply(&mut image, 2, 40);
            image::imageops::replace(&mut sheet, &image, x * i64::from(width), y * i64::from(height));
        }
    }
    sheet.iter_mut().for_each(|value| *value = *value / 8 * 8 + *value / 32);
    sheet
}

/// Structural similarity of severity 1 to 5 as the document has it.
fn documented(family: Family) -> [f64; 5] {
    let start = format!("| {family} | ");
    let line = DOCUMENT.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    let numbers: Vec<f64> =
        line.split('|').take(5).map(|cell| cell.split('/').next().unwrap().trim().parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

#[test]
fn similarity_falls_with_severity_and_is_as_documented() {
    let clean = frames(OURS, ROADS);
    for family in Family::ALL {
        let measured = ours(family, &clean).map(|(similarity, _)| similarity);
        assert!(measured[0] < 1.0 && measured.is_sorted_by(|a, b| a > b), "{family}: {measured:.3?}");
        for (measured, documented) in measured.into_iter().zip(documented(family)) {
            assert!((measured - documented).abs() < TOLERANCE, "{family}: {measured:.3}, documented {documented}");
        }
    }
}

#[test]
fn a_larger_picture_is_spoiled_in_the_same_order() {
    let clean = frames(LARGER, 4);
    for family in Family::ALL {
        let measured = ours(family, &clean).map(|(similarity, _)| similarity);
        assert!(measured.is_sorted_by(|a, b| a > b), "{family}: {measured:.3?}");
    }
}
