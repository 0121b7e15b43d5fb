//! Frames per second of a recording's pictures: the decoder alone, decoding and preprocessing, and the same read ahead
//! on all threads; and milliseconds from a folder of 100,000 records to its first frame.

#![allow(clippy::expect_used, reason = "a benchmark states what it expects")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lane_frame::{RgbImage, Size};
use lane_policy::preprocess::fit;
use lane_recording::Recording;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Pictures of the drive: more than are ever ahead.
const FRAMES: usize = 512;

/// The size of the Udacity simulator's pictures.
const PICTURE: Size = Size::new(320, 160);

/// What the small policies take.
const INPUT: Size = Size::new(120, 48);

/// Records of the large folder.
const RECORDS: usize = 100_000;

fn main() {
    divan::main();
}

/// A picture with the detail of a road: smooth shading, edges and grain.
fn picture(number: usize) -> RgbImage {
    RgbImage::from_fn(PICTURE.width, PICTURE.height, |x, y| {
        let grain = (x * 7919 + y * 104_729 + number as u32 * 31) % 23;
        let edge = if (x + number as u32) % 64 < 6 { 90 } else { 0 };
        image::Rgb([(y + grain + edge) as u8, (y / 2 + 60 + grain) as u8, (200 - y + grain) as u8])
    })
}

fn name(number: usize) -> String {
    let (minute, second, millis) = (number / 1000 % 60, number / 20 % 50, number % 20 * 50);
    format!("center_2021_05_{:02}_15_{minute:02}_{second:02}_{millis:03}.jpg", 1 + number / 60_000)
}

/// A Udacity drive of so many rows; `write` puts each picture into its place.
fn drive(rows: usize, write: impl Fn(usize, &Path)) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder for the benchmark");
    fs::create_dir(dir.path().join("IMG")).expect("a folder for pictures");
    let mut log = String::new();
    for number in 0..rows {
        let name = name(number);
        write(number, &dir.path().join("IMG").join(&name));
        writeln!(log, "IMG/{name},IMG/l.jpg,IMG/r.jpg,0.1,0.4,0,30").expect("text grows");
    }
    fs::write(dir.path().join("driving_log.csv"), log).expect("a log");
    dir
}

fn pictures() -> TempDir {
    drive(FRAMES, |number, path| picture(number).save(path).expect("a picture"))
}

#[divan::bench]
fn decoder_alone(bencher: Bencher) {
    let dir = pictures();
    let jpegs: Vec<Vec<u8>> =
        (0..FRAMES).map(|number| fs::read(dir.path().join("IMG").join(name(number))).expect("a picture")).collect();
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        for jpeg in &jpegs {
            black_box(image::load_from_memory(jpeg).expect("a picture"));
        }
    });
}

#[divan::bench]
fn read_decode_and_preprocess(bencher: Bencher) {
    let dir = pictures();
    let recording = Recording::open(dir.path()).expect("a recording");
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        for i in 0..recording.len() {
            let image = recording.sample(i).expect("a picture").frame.image;
            black_box(fit(&image, recording.view().crop, INPUT));
        }
    });
}

#[divan::bench]
fn read_ahead_on_all_threads(bencher: Bencher) {
    let dir = pictures();
    let recording = Arc::new(Recording::open(dir.path()).expect("a recording"));
    let crop = recording.view().crop;
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        recording.stream_prepared(0..FRAMES, move |sample| fit(&sample.frame.image, crop, INPUT)).for_each(|input| {
            black_box(input.expect("a picture"));
        });
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn a_hundred_thousand_records_to_the_first_frame(bencher: Bencher) {
    // Every picture is a link to one file: what opening costs is the index and the listing.
    let first = tempfile::tempdir().expect("a folder for the benchmark");
    let original = first.path().join("original.jpg");
    picture(0).save(&original).expect("a picture");
    let dir = drive(RECORDS, |_, path| {
        fs::hard_link(&original, path).or_else(|_| fs::copy(&original, path).map(drop)).expect("a picture");
    });
    bencher.bench_local(|| Recording::open(black_box(dir.path())).expect("a recording").sample(0).expect("a picture"));
}
