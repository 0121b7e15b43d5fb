use super::run::CarView;
use super::*;
use crate::view::pictures;
use crate::view::raster::Raster;
use egui::{RawInput, Theme};
use lane_frame::{RgbImage, Size};

fn drawn(place: &mut TrainPlace, theme: Theme) -> Raster {
    let mut raster = Raster::new(Size::new(1280, 740), 1.0);
    // The second pass knows the sizes that the first found.
    for _ in 0..2 {
        raster.draw_ui(theme, RawInput::default(), |ui| place.ui(ui, theme::palette(theme)));
    }
    raster
}

/// What is known of a training at two thirds.
fn view() -> View {
    let steps = 1875;
    let losses = (1..=250).map(|point| {
        let step = f64::from(point) * 5.0;
        [step, 0.04 + 0.3 / (1.0 + step / 60.0) + 0.004 * (step / 17.0).sin()]
    });
    let score = |crashes: u32, error: f64| lane_audit::driving::DrivingScore {
        crashes,
        roads_without_crash: 3 - crashes as usize,
        roads: 3,
        crashes_per_km: f64::from(crashes) / 0.41,
        mean_abs_error_m: error,
        ..lane_audit::driving::DrivingScore::of("ncp", 0.0, &[])
    };
    let stages = [(188, 3, 0.71), (376, 2, 0.44), (564, 1, 0.31), (752, 0, 0.26), (940, 0, 0.22), (1128, 0, 0.19)];
    let stages =
        stages.map(|(step, crashes, error)| Stage { step, held_back: None, score: Some(score(crashes, error)) });
    let picture = crate::view::mock::picture(0.01, [0.0, 0.0, 1.0, 1.0]).image;
    let image = RgbImage::from_fn(480, 192, |x, y| *picture.get_pixel(x * 4 / 3, y * 4 / 3));
    let car = CarView { number: 1, image, step: 1128, crashes: 0, offset_m: -0.21 };
    View {
        steps,
        step: 1250,
        losses: losses.collect(),
        stages: stages.into(),
        car: Some(car),
        secs: 90.0,
        ..View::default()
    }
}

#[test]
fn pictures_of_the_train_place_look_as_they_did() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut place = TrainPlace::default();
        pictures::check(&drawn(&mut place, theme), &format!("train-empty-{name}"));
        (place.view, place.learning) = (view(), "ncp".to_owned());
        let words = "after 1875 steps in 2 min; 49 of 50 roads without a crash".to_owned();
        place.ended = Some(Ended::Saved { weights: "out/ncp.safetensors".into(), words });
        pictures::check(&drawn(&mut place, theme), &format!("train-finished-{name}"));
    }
}

#[test]
fn the_form_asks_for_what_its_command_line_asks_for() {
    let mut place = TrainPlace { seed: " 3 ".into(), clean: true, ..TrainPlace::default() };
    assert_eq!(place.request().unwrap().words().join(" "), "train --policy ncp --seed 3 --looks 10000 --clean");
    place.add_recording(Path::new("my drive"));
    assert_eq!(place.request().unwrap().words().join(" "), "train --policy ncp --seed 3 --recording my drive --clean");
    (place.material, place.clean) = (Material::Both, false);
    let words = place.request().unwrap().words().join(" ");
    assert_eq!(words, "train --policy ncp --seed 3 --looks 10000 --recording my drive --recording-share 0.5");
}

#[test]
fn what_cannot_be_asked_for_is_told_in_a_line() {
    let refusal = |change: fn(&mut TrainPlace)| {
        let mut place = TrainPlace::default();
        change(&mut place);
        place.request().unwrap_err()
    };
    assert_eq!(refusal(|place| place.looks = "many".into()), "looks: expected a whole number, got many");
    assert_eq!(refusal(|place| place.looks = "3".into()), "looks: expected 16 to 10000000, got 3");
    assert_eq!(refusal(|place| place.material = Material::Both), "name a recording to learn from");
    assert!(refusal(|place| place.policy = "nobody".into()).contains("nobody"));
}

/// Lets a training go on until its place is at rest.
fn wait(place: &mut TrainPlace) {
    for _ in 0..30_000 {
        place.tick();
        if place.running().is_none() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the training does not end");
}

#[test]
fn a_stopped_training_keeps_its_weights_and_offers_to_drive_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let mut place = TrainPlace { looks: "2400".into(), out, ..TrainPlace::default() };
    place.start();
    for _ in 0..6_000 {
        place.tick();
        if place.view.step > 3 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(place.running().unwrap().starts_with("training ncp: step"), "{:?}", place.running());
    place.stop();
    wait(&mut place);
    let Some(Ended::Saved { weights, words }) = &place.ended else { panic!("nothing was saved") };
    assert!(weights.exists() && weights.with_extension("json").exists(), "{words}");
    assert!(!place.view.losses.is_empty());
}

#[test]
fn a_training_that_cannot_run_says_why_in_the_place() {
    let mut place = TrainPlace { out: "/dev/null/nowhere".into(), ..TrainPlace::default() };
    place.start();
    wait(&mut place);
    let Some(Ended::Failed(why)) = &place.ended else { panic!("it must fail") };
    assert!(why.contains("/dev/null/nowhere"), "{why}");
}
