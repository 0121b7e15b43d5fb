//! A training under way on threads of its own, and what is known of it.

use super::car::{Shared, Weights, drive_stages};
use crate::jobs::training::{TrainingJob, TrainingRequest};
use crate::view::places::form::duration;
use crate::view::places::pool;
use anyhow::ensure;
use lane_audit::driving::DrivingScore;
use lane_driver::train::HeldBack;
use lane_frame::RgbImage;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Stages of a training: how often its policy drives.
const STAGES: usize = 10;

/// Points of the loss on screen.
const LOSS_POINTS: usize = 400;

/// Least time between two reports of the loss.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// What a stage came to.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Steps done.
    pub step: usize,
    /// How it steers on what was held back of recordings.
    pub held_back: Option<HeldBack>,
    /// How it drives on a few validation roads.
    pub score: Option<DrivingScore>,
}

impl Stage {
    /// The row of the table of stages.
    pub fn cells(&self) -> [String; 5] {
        let dash = || "–".to_owned();
        let held_back = self.held_back.map(|figures| format!("R2 {:.3}", figures.r2_over_zero));
        let score = self.score.as_ref();
        [
            self.step.to_string(),
            held_back.unwrap_or_else(dash),
            score.map_or_else(dash, |score| format!("{} of {}", score.roads_without_crash, score.roads)),
            score.map_or_else(dash, |score| format!("{:.2}", score.crashes_per_km)),
            score.map_or_else(dash, |score| format!("{:.2}", score.mean_abs_error_m)),
        ]
    }
}

/// The car that drives with the newest weights.
pub struct CarView {
    /// Tells pictures apart.
    pub number: u64,
    /// What a person sees.
    pub image: RgbImage,
    /// Steps after which these are the weights.
    pub step: usize,
    /// Crashes so far.
    pub crashes: u32,
    /// Cross-track error in m, left positive.
    pub offset_m: f32,
}

impl CarView {
    /// What it does, in a line.
    pub fn words(&self) -> String {
        let side = if self.offset_m < 0.0 { "right" } else { "left" };
        let crashes = if self.crashes == 1 { "1 crash".to_owned() } else { format!("{} crashes", self.crashes) };
        let Self { step, offset_m, .. } = self;
        format!(
            "drives with the weights after step {step}: {crashes}, {:.2} m {side} of the lane's centre",
            offset_m.abs()
        )
    }
}

/// How a training ended.
pub enum Ended {
    /// Its weights are on disk.
    Saved { weights: PathBuf, words: String },
    /// Nothing was written, and why.
    Failed(String),
}

pub enum News {
    Started { steps: usize },
    Step { step: usize, loss: f32 },
    Stage(Stage),
    Car(CarView),
    Finishing,
    Ended(Ended),
}

/// Everything that the place shows of a training.
#[derive(Default)]
pub struct View {
    pub steps: usize,
    pub step: usize,
    /// The smoothed loss by step.
    pub losses: Vec<[f64; 2]>,
    /// The stages so far, in the order of their steps.
    pub stages: Vec<Stage>,
    pub car: Option<CarView>,
    pub stopping: bool,
    pub finishing: bool,
    /// Time since the first step, in s.
    pub secs: f64,
}

impl View {
    /// Share of the steps that are done.
    pub fn share(&self) -> f32 {
        self.step as f32 / self.steps.max(1) as f32
    }

    /// How far it is, in a line.
    pub fn words(&self) -> String {
        match (self.steps, self.step) {
            (0, _) => "preparing".to_owned(),
            _ if self.finishing => "scoring and saving".to_owned(),
            _ if self.stopping => "stopping".to_owned(),
            (steps, 0) => format!("step 0 of {steps}"),
            (steps, step) => {
                let left = self.secs / step as f64 * (steps - step) as f64;
                format!("step {step} of {steps}, about {} left", duration(left))
            }
        }
    }

    /// What the stages came to, with the title of the chart.
    pub fn stage_points(&self) -> (&'static str, Vec<[f64; 2]>) {
        let driven = self.stages.iter().any(|stage| stage.score.is_some());
        let value = |stage: &Stage| match (&stage.score, stage.held_back) {
            (Some(score), _) if driven => Some(score.mean_abs_error_m),
            (_, Some(figures)) if !driven => Some(figures.mse),
            _ => None,
        };
        let points = self.stages.iter().filter_map(|stage| Some([stage.step as f64, value(stage)?]));
        let title =
            if driven { "Mean |cross-track error| in m, by step" } else { "Error on what was held back, by step" };
        (title, points.collect())
    }

    fn add_loss(&mut self, step: usize, loss: f32) {
        self.step = step;
        self.losses.push([step as f64, f64::from(loss)]);
        if self.losses.len() > 2 * LOSS_POINTS {
            let mut place = 0;
            self.losses.retain(|_| {
                place += 1;
                place % 2 == 0
            });
        }
    }

    fn add_stage(&mut self, stage: Stage) {
        match self.stages.iter_mut().find(|known| known.step == stage.step) {
            Some(known) => {
                known.held_back = stage.held_back.or(known.held_back);
                known.score = stage.score.or(known.score.take());
            }
            None => {
                self.stages.push(stage);
                self.stages.sort_by_key(|stage| stage.step);
            }
        }
    }
}

/// A training under way.
pub struct Run {
    policy: String,
    news: Receiver<News>,
    stop: Arc<AtomicBool>,
    shared: Arc<Shared>,
    started: Option<Instant>,
    ended: Option<Ended>,
}

impl Run {
    /// Starts a training.
    pub fn start(request: TrainingRequest) -> Self {
        let (sent, news) = channel();
        let (stop, shared) = (Arc::new(AtomicBool::new(false)), Arc::new(Shared::default()));
        let policy = request.policy.to_string();
        let (stopped, known) = (Arc::clone(&stop), Arc::clone(&shared));
        pool::spawn(move || {
            let ended =
                train(&request, &stopped, &known, &sent).unwrap_or_else(|error| Ended::Failed(format!("{error:#}")));
            // Nobody listens when the window has gone.
            let _ = sent.send(News::Ended(ended));
        });
        Self { policy, news, stop, shared, started: None, ended: None }
    }

    /// The policy that learns.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Says that somebody looks: the car drives on.
    pub fn look(&self) {
        *self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Asks it to end and to keep the best weights.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Takes in what was reported. Says whether anything changed.
    pub fn update(&mut self, view: &mut View) -> bool {
        let mut changed = false;
        loop {
            let news = match self.news.try_recv() {
                Ok(news) => news,
                Err(TryRecvError::Empty) => return changed,
                Err(TryRecvError::Disconnected) => {
                    let why = "the training ended unexpectedly; nothing was written".to_owned();
                    self.ended.get_or_insert(Ended::Failed(why));
                    return true;
                }
            };
            changed = true;
            match news {
                News::Started { steps } => (view.steps, self.started) = (steps, Some(Instant::now())),
                News::Step { step, loss } => {
                    view.add_loss(step, loss);
                    view.secs = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
                }
                News::Stage(stage) => view.add_stage(stage),
                News::Car(car) => view.car = Some(car),
                News::Finishing => view.finishing = true,
                News::Ended(ended) => {
                    self.ended = Some(ended);
                    return true;
                }
            }
        }
    }

    /// How it ended, when it has.
    pub fn take_end(&mut self) -> Option<Ended> {
        self.ended.take()
    }
}

/// Trains, reports on the way and saves the outcome.
fn train(
    request: &TrainingRequest,
    stop: &AtomicBool,
    shared: &Arc<Shared>,
    sent: &Sender<News>,
) -> anyhow::Result<Ended> {
    let job = TrainingJob::prepare(request)?;
    let started = Instant::now();
    let mut training = job.training();
    let steps = job.config().steps;
    // Nobody listens when the window has gone; the training ends then as if it had been stopped.
    let tell = |news| sent.send(news).is_ok();
    tell(News::Started { steps });
    let drives = job.config().simulator_share() > 0.0;
    let (weights, weights_taken) = channel();
    let car = drives.then(|| {
        let (news, shared, device) = (sent.clone(), Arc::clone(shared), job.device().clone());
        std::thread::spawn(move || drive_stages(&weights_taken, &news, &shared, &device))
    });
    let (mut smooth, mut reported, mut stopped) = (None, Instant::now(), false);
    while !training.is_done() && !stopped {
        let progress = training.step();
        let loss = smooth.map_or(progress.loss, |smooth: f32| 0.98 * smooth + 0.02 * progress.loss);
        ensure!(loss.is_finite(), "the loss is no longer a number: nothing was written");
        smooth = Some(loss);
        stopped = stop.load(Ordering::Relaxed);
        if reported.elapsed() > REPORT_EVERY || progress.step == steps {
            reported = Instant::now();
            stopped |= !tell(News::Step { step: progress.step, loss });
        }
        if progress.held_back.is_some() {
            tell(News::Stage(Stage { step: progress.step, held_back: progress.held_back, score: None }));
        }
        if drives && progress.step.is_multiple_of(steps.div_ceil(STAGES).max(1)) && progress.step < steps {
            // The car has gone where its news are no longer taken.
            let _ = weights.send(Weights { policy: training.policy(), step: progress.step });
        }
    }
    drop(weights);
    tell(News::Finishing);
    let (steps_done, has_recordings) = (training.steps(), job.config().recordings.is_some());
    let mut trained = training.finish();
    let mut words = format!("after {steps_done} steps in {}", duration(started.elapsed().as_secs_f64()));
    if stopped && drives && !has_recordings {
        let best = shared.best.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(best) = best {
            words =
                format!("stopped after {steps_done} steps; the best weights were those after step {}", best.stage.step);
            trained.policy = best.policy;
        }
    }
    let score = if stopped || !drives { None } else { Some(job.score(&trained.policy, &|| ())?) };
    if let Some(score) = &score {
        words += &format!("; {} of {} roads without a crash", score.roads_without_crash, score.roads);
    }
    let saved = job.save(&trained, score.as_ref(), started.elapsed().as_secs_f64())?;
    if let Some(car) = car {
        // It ends when it is given no more weights; that it panicked does not matter to what was saved.
        let _ = car.join();
    }
    Ok(Ended::Saved { weights: saved, words })
}
