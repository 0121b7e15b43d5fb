use super::*;
use crate::view::mock::MockWorkshop;
use crate::view::pictures;
use crate::view::raster::Raster;
use egui::{RawInput, Theme};
use lane_driver::train::HeldBack;
use lane_frame::Size;

fn drawn(place: &mut TrainPlace, theme: Theme, size: Size) -> Raster {
    let mut raster = Raster::new(size, 1.0);
    // The second pass knows the sizes that the first found.
    for _ in 0..2 {
        raster.draw_ui(theme, 1.0, RawInput::default(), |ui| place.ui(ui, theme::palette(theme)));
    }
    raster
}

const WHOLE: Size = Size::new(1280, 740);

/// A training of 1,875 steps at step 1,250, with what its stages came to.
fn view(stage: impl Fn(f64) -> (Option<HeldBack>, Option<f64>)) -> View {
    let losses = (1..=250).map(|point| {
        let step = f64::from(point) * 5.0;
        [step, 0.04 + 0.3 / (1.0 + step / 60.0) + 0.004 * libm::sin(step / 17.0)]
    });
    let stages = (1..=13).map(|number| {
        let (held_back, without_crash) = stage(f64::from(number));
        Row { step: 94 * number as usize, loss: 0.3 / f64::from(number), held_back, without_crash }
    });
    View { steps: 1875, step: 1250, losses: losses.collect(), stages: stages.collect(), secs: 90.0, ..View::default() }
}

fn held_back(number: f64) -> HeldBack {
    let r2_over_zero = 0.3 - 0.3 / number;
    HeldBack {
        frames: 400,
        mse: 0.1,
        predict_zero: 0.14,
        r2_over_zero,
        correlation: r2_over_zero + 0.2,
        smoothed_r2_over_zero: r2_over_zero + 0.1,
        smoothed_correlation: r2_over_zero + 0.25,
    }
}

#[test]
fn pictures_of_the_train_place_look_as_they_did() {
    let mut place = TrainPlace::default();
    pictures::check(&drawn(&mut place, Theme::Dark, WHOLE), "train-empty-dark");
    place.run = Some(Run::idle("ncp"));
    (place.learning, place.view) = ("ncp".to_owned(), view(|number| (None, Some((number / 12.0).min(1.0)))));
    pictures::check(&drawn(&mut place, Theme::Dark, WHOLE), "train-running-dark");
    let mut place = TrainPlace::default();
    place.add_recording(Path::new("/home/somebody/drives/2026-11-03 through the village and back"));
    place.add_recording(Path::new("tuesday/"));
    place.policy = "cnn".into();
    (place.learning, place.view) = ("cnn".to_owned(), view(|number| (Some(held_back(number)), None)));
    place.saved = Some(Saved {
        weights: "out/train-cnn/cnn.safetensors".into(),
        words: "stopped after 1250 of 1875 steps and 2 min; held back: R2 over zero 0.277, correlation 0.477".into(),
        stopped: true,
        drives: false,
        recording: Some("tuesday/".into()),
    });
    pictures::check(&drawn(&mut place, Theme::Light, WHOLE), "train-stopped-light");
}

#[test]
fn the_form_asks_for_what_its_command_line_asks_for() {
    let mut place = TrainPlace { seed: " 3 ".into(), clean: true, ..TrainPlace::default() };
    let asked = |place: &TrainPlace| place.words().join(" ");
    assert_eq!(asked(&place), "--policy ncp --seed 3 --looks 10000 --stage-roads 3 --out out/train-ncp --clean");
    place.add_recording(Path::new("drive"));
    assert_eq!(asked(&place), "--policy ncp --seed 3 --recording drive --out out/train-ncp", "no looks, no noise");
    (place.material, place.clean, place.out) = (Material::Both, false, "made".into());
    (place.passes, place.more, place.stage_roads) = ("7".into(), "--dropout 0.1".into(), "0".into());
    let expected = "--policy ncp --seed 3 --looks 10000 --recording drive --passes 7 --recording-share 0.5 --out made \
                    --dropout 0.1";
    assert_eq!(asked(&place), expected);
}

fn place(looks: usize, out: &Path) -> TrainPlace {
    TrainPlace {
        workshop: Some(Arc::new(MockWorkshop { looks })),
        out: out.display().to_string(),
        ..TrainPlace::default()
    }
}

/// Lets a training go on until this holds of its place.
fn wait(place: &mut TrainPlace, done: impl Fn(&TrainPlace) -> bool) {
    for _ in 0..30_000 {
        place.tick();
        if done(place) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the training does not get there");
}

fn is_at_rest(place: &TrainPlace) -> bool {
    place.running().is_none()
}

#[test]
fn a_training_runs_to_its_weights_and_offers_to_drive_and_audit_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(16, folder.path());
    place.start(false);
    assert_eq!(place.running().unwrap(), "training ncp: preparing");
    wait(&mut place, is_at_rest);
    assert_eq!(place.problem, None);
    let saved = place.saved.as_ref().unwrap();
    assert!(saved.weights.exists() && saved.weights.with_extension("json").exists());
    assert!(saved.words.ends_with("of 1 roads without a crash"), "{}", saved.words);
    assert!(saved.drives && !saved.stopped && saved.recording.is_none());
    assert_eq!(place.view.stages.last().unwrap().step, place.view.steps);
}

#[test]
fn a_stopped_training_keeps_its_weights_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut stopped = place(640, folder.path());
    stopped.start(false);
    wait(&mut stopped, |place| place.view.step > 2);
    stopped.stop();
    assert!(stopped.running().unwrap().contains("stopping"));
    wait(&mut stopped, is_at_rest);
    let saved = stopped.saved.as_ref().unwrap();
    assert!(saved.stopped && saved.weights.exists(), "{}", saved.words);
    assert!(saved.weights.with_extension("checkpoint").exists());
    let card: serde_json::Value =
        serde_json::from_slice(&std::fs::read(saved.weights.with_extension("json")).unwrap()).unwrap();
    let steps = card["training"]["steps_done"].as_u64().unwrap() as usize;
    assert!(steps > 2 && steps < stopped.view.steps, "the card says that it was cut short: {steps}");
    stopped.start(true);
    wait(&mut stopped, |place| place.view.step > steps);
    assert!(stopped.view.steps_before >= steps, "it does not begin again");
    stopped.stop();
    wait(&mut stopped, is_at_rest);
}

#[test]
fn a_training_that_cannot_run_says_why_in_the_place() {
    let mut unwritable = place(16, Path::new("/dev/null/nowhere"));
    unwritable.start(false);
    wait(&mut unwritable, is_at_rest);
    assert!(unwritable.problem.as_ref().unwrap().contains("/dev/null/nowhere"), "{:?}", unwritable.problem);
    let mut empty = TrainPlace { material: Material::Both, ..TrainPlace::default() };
    empty.start(false);
    assert!(empty.problem.as_ref().unwrap().contains("name a recording") && empty.run.is_none());
}
