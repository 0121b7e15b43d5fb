//! Time from a tick to its picture for each screen of the window, on one thread: what egui lays out and the rasteriser
//! paints, without the work of the session. Prints the median and the 95th percentile.
//!
//! `cargo bench --bench window`

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark states what it expects and prints what it finds"
)]

use egui::{Event, Key, Modifiers, RawInput};
use lane_driver::twin_drive::TwinDrive;
use lane_driver::{Driver, Source};
use lane_frame::Size;
use lane_policy::device;
use lane_policy::weights;
use lane_sim::{Course, RoadSet};
use liquid_lane::view::App;
use liquid_lane::view::raster::Raster;
use std::path::Path;
use std::time::Instant;

/// Pictures of each screen, after some to warm up.
const PICTURES: usize = 200;
const WARM_UP: usize = 20;

const WINDOW: Size = Size::new(1280, 800);

fn driver(name: &str) -> Driver {
    let (device, folder) = (device::cpu(), Path::new(env!("CARGO_MANIFEST_DIR")).join("models/seed-1"));
    let path = folder.join(name).with_extension("safetensors");
    let (policy, _) = weights::load(&path, None, &device).expect("the shipped weights load");
    Driver::new(Source { name: name.into(), origin: "models".into() }, policy, &device)
}

fn press(key: Key) -> RawInput {
    let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    RawInput { events: vec![event], ..RawInput::default() }
}

/// Times of the pictures of a drive after these keys, in ms, in their order.
fn times_ms(policies: &[&str], size: Size, keys: &[Key]) -> Vec<f64> {
    let drivers = policies.iter().map(|name| driver(name)).collect();
    let course = Course::drawn(RoadSet::Demo, 3, 60.0);
    let mut app = App::new(Box::new(TwinDrive::new(drivers, course)));
    let mut raster = Raster::new(size, 1.0);
    app.show_until(0.0);
    for key in keys {
        raster.draw(&mut app, press(*key));
    }
    let mut times = Vec::new();
    for picture in 0..WARM_UP + PICTURES {
        app.show_until(picture as f64 * 0.05);
        let started = Instant::now();
        raster.draw(&mut app, RawInput::default());
        if picture >= WARM_UP {
            times.push(1e3 * started.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

fn main() {
    let screens: [(&str, &[&str], Size, &[Key]); 8] = [
        ("drive, two policies, 1280x800", &["ncp", "cnn"], WINDOW, &[]),
        ("the same without maps", &["ncp", "cnn"], WINDOW, &[Key::O]),
        ("the same with the setup beside it", &["ncp", "cnn"], WINDOW, &[Key::Tab]),
        ("the same with the keys over it", &["ncp", "cnn"], WINDOW, &[Key::F1]),
        ("one policy, 1280x800", &["ncp"], WINDOW, &[]),
        ("four policies, 1280x800", &["ncp", "cnn", "lstm", "ctrnn"], WINDOW, &[]),
        ("two policies, 640x440", &["ncp", "cnn"], Size::new(640, 440), &[]),
        ("two policies, 1920x1080", &["ncp", "cnn"], Size::new(1920, 1080), &[]),
    ];
    println!("{:<34} {:>10} {:>10}", "screen", "median", "95 %");
    for (name, policies, size, keys) in screens {
        let times = times_ms(policies, size, keys);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("{name:<34} {:>7.2} ms {:>7.2} ms", at(0.5), at(0.95));
    }
}
