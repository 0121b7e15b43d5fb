//! Time from a tick to its picture for each screen of the window, on one thread: what egui lays out and the rasteriser
//! paints. Prints the median and the 95th percentile while the session rests, a few moments ahead, and the median while the
//! session works at the next moments as fast as it can, on all cores.
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
use std::time::{Duration, Instant};

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

/// What the session does while a picture is drawn.
#[derive(Clone, Copy)]
enum Session {
    /// Nothing: it was given the time to be as far ahead as it goes.
    Rests,
    Works,
}

/// More than a session of four policies needs for a moment.
const MOMENT: Duration = Duration::from_millis(60);

/// Times of the pictures of a drive after these keys, in ms, from the shortest to the longest.
fn times_ms(policies: &[&str], size: Size, keys: &[Key], session: Session) -> Vec<f64> {
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
        if matches!(session, Session::Rests) {
            std::thread::sleep(MOMENT);
        }
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
    println!("{:<34} {:>10} {:>10} {:>16}", "screen", "median", "95 %", "beside the work");
    for (name, policies, size, keys) in screens {
        let [alone, beside] = [Session::Rests, Session::Works].map(|session| times_ms(policies, size, keys, session));
        let at = |times: &[f64], share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let [median, most, beside] = [at(&alone, 0.5), at(&alone, 0.95), at(&beside, 0.5)];
        println!("{name:<34} {median:>7.2} ms {most:>7.2} ms {beside:>13.2} ms");
    }
}
