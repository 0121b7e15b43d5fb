//! A small car that drives with the weights of the last stage: first a score on a few roads as fast as it goes, then one
//! road at its own pace for whoever looks.

use super::run::{CarView, News, Stage};
use lane_audit::driving::{DriveFigures, DrivingScore};
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage, Size};
use lane_policy::Policy;
use lane_policy::device::Device;
use lane_sim::{Camera, Course, DT_SECS, Factors, RoadSet, Simulator, StepOutcome};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Roads of a stage's score, and seconds on each: few, so that the training loses little time by them.
const ROADS: u32 = 3;
const SECONDS: f64 = 15.0;

/// Size of the picture of the car, in pixels.
const PICTURE: Size = Size::new(480, 192);

/// Control steps between two pictures.
const STEPS_PER_PICTURE: u64 = 2;

/// Seconds of a road before the next.
const ROAD_SECS: f64 = 60.0;

/// Nobody has looked for this long: the car stands.
const UNSEEN_SECS: f64 = 1.0;

/// Weights of a stage.
pub struct Weights {
    pub policy: Policy,
    pub step: usize,
}

/// The best stage so far, by its score.
pub struct Best {
    pub policy: Policy,
    pub stage: Stage,
}

/// When the car was looked at last, and the best stage so far.
#[derive(Default)]
pub struct Shared {
    pub looked: Mutex<Option<Instant>>,
    pub best: Mutex<Option<Best>>,
}

/// Scores and drives with each stage's weights until no more come.
pub fn drive_stages(weights: &Receiver<Weights>, news: &Sender<News>, shared: &Arc<Shared>, device: &Device) {
    let mut next = weights.recv().ok();
    while let Some(Weights { policy, step }) = next.take() {
        if let Some(stage) = score(&policy, step, device) {
            keep_best(shared, &policy, &stage);
            if news.send(News::Stage(stage)).is_err() {
                return;
            }
        }
        next = drive_until_next(&policy, step, weights, news, shared, device);
    }
}

fn driver(policy: &Policy, device: &Device) -> Driver {
    let source = Source { name: policy.kind().to_string(), origin: "the training".into() };
    Driver::new(source, policy.clone(), device)
}

/// How a stage drives; nothing where its steering is no number.
fn score(policy: &Policy, step: usize, device: &Device) -> Option<Stage> {
    let mut pilot = Pilot::Policy(Box::new(driver(policy, device)));
    let roads = (0..ROADS).map(|seed| Course::drawn(RoadSet::Validation, seed, SECONDS));
    let drives = roads.map(|course| {
        let log = drive(&mut pilot, course.world(), course.seconds, &Conditions::default());
        log.map(|log| DriveFigures::of(&log))
    });
    let drives = drives.collect::<Result<Vec<_>, _>>().ok()?;
    let score = DrivingScore::of(&policy.kind().to_string(), 0.0, &drives);
    Some(Stage { step, held_back: None, score: Some(score) })
}

/// Fewer crashes are better, then a smaller error.
fn keep_best(shared: &Shared, policy: &Policy, stage: &Stage) {
    let rank = |stage: &Stage| stage.score.as_ref().map(|score| (score.crashes, score.mean_abs_error_m));
    let mut best = shared.best.lock().unwrap_or_else(PoisonError::into_inner);
    if best.as_ref().is_none_or(|best| rank(stage) <= rank(&best.stage)) {
        *best = Some(Best { policy: policy.clone(), stage: stage.clone() });
    }
}

/// One road at its own pace, pictures of it for whoever looks; gives the weights of the next stage when they come.
fn drive_until_next(
    policy: &Policy,
    step: usize,
    weights: &Receiver<Weights>,
    news: &Sender<News>,
    shared: &Shared,
    device: &Device,
) -> Option<Weights> {
    let mut driver = driver(policy, device);
    let course = Course::drawn(RoadSet::Validation, ROADS, ROAD_SECS);
    let world = course.world();
    let mut simulator = Simulator::new(Arc::clone(&world));
    let (mut eyes, mut camera) = (Camera::new(driver.input_size()), Camera::new(PICTURE));
    let mut image = RgbImage::default();
    loop {
        match weights.recv_timeout(Duration::from_secs_f64(DT_SECS)) {
            Ok(next) => return Some(next),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let looked = *shared.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_none_or(|at| at.elapsed().as_secs_f64() > UNSEEN_SECS) {
            continue;
        }
        let tick = simulator.tick();
        eyes.render(&world, simulator.car(), tick, &Factors::default(), &mut image, None);
        let frame = Frame { index: tick, time_secs: simulator.time_secs(), image: std::mem::take(&mut image) };
        // Weights that steer by no number are told by the training itself.
        let Ok(steering) = driver.steer(&frame) else { continue };
        image = frame.image;
        match simulator.step(steering) {
            StepOutcome::Driving => {}
            StepOutcome::Crashed { .. } => driver.reset(),
            StepOutcome::RoadEnded => {
                simulator = Simulator::new(Arc::clone(&world));
                driver.reset();
            }
        }
        if simulator.time_secs() > ROAD_SECS {
            simulator = Simulator::new(Arc::clone(&world));
            driver.reset();
        }
        if tick.is_multiple_of(STEPS_PER_PICTURE) {
            let mut picture = RgbImage::default();
            camera.render(&world, simulator.car(), simulator.tick(), &Factors::default(), &mut picture, None);
            let (crashes, offset_m) = (simulator.crashes(), simulator.road_pose().offset_m);
            let view = CarView { number: (step as u64) << 32 | tick, image: picture, step, crashes, offset_m };
            if news.send(News::Car(view)).is_err() {
                return None;
            }
        }
    }
}
