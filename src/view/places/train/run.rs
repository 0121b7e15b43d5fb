//! A training under way on threads of its own, and what is known of it.

use crate::jobs::training::{Finished, Row, TrainingEvent, in_words};
use crate::view::places::form::duration;
use crate::view::places::pool;
use crate::view::workshop::Workshop;
use lane_driver::train::HeldBack;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Points of the loss on screen, at least; twice as many at most.
const LOSS_POINTS: usize = 400;

/// Share of a new loss in the smoothed one.
const SMOOTHING: f64 = 0.02;

/// Least time between two reports of the loss: each makes the window draw, which takes time from the training.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// A training whose files are on disk.
pub struct Saved {
    /// The weights.
    pub weights: PathBuf,
    /// How long it took and how it came out, in a line.
    pub words: String,
    /// Whether it was ended before its time, so that it can go on.
    pub stopped: bool,
    /// Whether it learned on the simulator's roads.
    pub drives: bool,
    /// A recording that it learned from.
    pub recording: Option<PathBuf>,
}

/// How a training ended.
pub enum Ended {
    /// Its files are on disk.
    Saved(Saved),
    /// It cannot go on, and why.
    Failed(String),
}

enum News {
    Started { steps: usize, notes: Vec<String> },
    Step { step: usize, loss: f64 },
    Stage(Row),
    Scoring { roads: u32 },
    RoadDone,
    ScoreDone,
    Note(String),
    Ended(Ended),
}

/// Everything that the place shows of a training.
#[derive(Default)]
pub struct View {
    /// Steps in all; 0 before it has begun.
    pub steps: usize,
    /// Steps done.
    pub step: usize,
    /// The smoothed loss by step.
    pub losses: Vec<[f64; 2]>,
    /// The stages so far.
    pub stages: Vec<Row>,
    /// Roads of a score that is being driven: those done, and all.
    pub roads: Option<(u32, u32)>,
    /// What is to be told of recordings and checkpoints.
    pub notes: Vec<String>,
    /// True once the user has asked it to end.
    pub stopping: bool,
    /// Time since the first step, in s.
    pub secs: f64,
    /// Steps done before it was taken up again.
    pub steps_before: usize,
}

impl View {
    /// Share of the steps that are done.
    pub fn share(&self) -> f32 {
        self.step as f32 / self.steps.max(1) as f32
    }

    /// How far it is, in a line.
    pub fn words(&self) -> String {
        if self.stopping {
            return "stopping, and writing down what it has learned".to_owned();
        }
        match (self.steps, self.step, self.roads) {
            (0, ..) => "preparing".to_owned(),
            (.., Some((done, roads))) => format!("driving roads for its score: {done} of {roads}"),
            (steps, 0, _) => format!("step 0 of {steps}"),
            (steps, step, _) if step == steps => "writing the weights".to_owned(),
            (steps, step, _) => {
                let here = (step - self.steps_before).max(1);
                let left = self.secs / here as f64 * (steps - step) as f64;
                format!("step {step} of {steps}, about {} left", duration(left))
            }
        }
    }

    fn take(&mut self, news: News, started: &mut Option<Instant>) -> Option<Ended> {
        match news {
            News::Started { steps, notes } => {
                (self.steps, self.notes) = (steps, notes);
                *started = Some(Instant::now());
            }
            News::Step { step, loss } => {
                if self.step == 0 {
                    self.steps_before = step.saturating_sub(1);
                }
                self.step = step;
                self.push_loss(step, loss);
                self.secs = started.map_or(0.0, |started| started.elapsed().as_secs_f64());
            }
            News::Stage(row) => self.stages.push(row),
            News::Scoring { roads } => self.roads = Some((0, roads)),
            News::RoadDone => self.roads = self.roads.map(|(done, roads)| (done + 1, roads)),
            News::ScoreDone => self.roads = None,
            News::Note(words) => self.notes.push(words),
            News::Ended(ended) => return Some(ended),
        }
        None
    }

    /// Adds a point to the curve; a curve of too many keeps every other one.
    fn push_loss(&mut self, step: usize, loss: f64) {
        self.losses.push([step as f64, loss]);
        if self.losses.len() > 2 * LOSS_POINTS {
            let mut place = 0;
            self.losses.retain(|_| {
                place += 1;
                place % 2 == 0
            });
        }
    }
}

/// A training under way.
pub struct Run {
    policy: String,
    news: Receiver<News>,
    stop: Arc<AtomicBool>,
    started: Option<Instant>,
}

impl Run {
    /// Starts the training of this policy that the words behind `liquid-lane` ask for.
    pub fn start(workshop: Arc<dyn Workshop>, policy: &str, words: &[String], recording: Option<PathBuf>) -> Self {
        let (sent, news) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (words, stopped) = (words.to_vec(), Arc::clone(&stop));
        pool::spawn(move || {
            let ended = train(workshop.as_ref(), &words, recording, &stopped, &sent);
            // Nobody listens when the window has gone.
            let _ = sent.send(News::Ended(ended.unwrap_or_else(|error| Ended::Failed(format!("{error:#}")))));
        });
        Self { policy: policy.to_owned(), news, stop, started: None }
    }

    /// The policy that learns.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Asks it to end and to write down what it has learned.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Takes in what was reported. Says whether anything changed, and how the training ended when it has.
    pub fn update(&mut self, view: &mut View) -> (bool, Option<Ended>) {
        let mut changed = false;
        loop {
            match self.news.try_recv() {
                Ok(news) => {
                    changed = true;
                    if let Some(ended) = view.take(news, &mut self.started) {
                        return (true, Some(ended));
                    }
                }
                Err(TryRecvError::Empty) => return (changed, None),
                Err(TryRecvError::Disconnected) => {
                    let why = "the training ended unexpectedly; go on from its last checkpoint";
                    return (true, Some(Ended::Failed(why.to_owned())));
                }
            }
        }
    }
}

/// The loss as it is reported: smoothed, now and then.
struct Reported {
    loss: Option<f64>,
    last: Instant,
}

/// Trains, reports on the way and saves the outcome.
fn train(
    workshop: &dyn Workshop,
    words: &[String],
    recording: Option<PathBuf>,
    stop: &AtomicBool,
    sent: &Sender<News>,
) -> anyhow::Result<Ended> {
    let started = Instant::now();
    let job = workshop.training(words)?;
    let (steps, drives) = (job.config().steps, job.config().simulator_share() > 0.0);
    // Nobody listens when the window has gone; the training ends then as if it had been stopped.
    let tell = |news| sent.send(news).is_ok();
    tell(News::Started { steps, notes: job.disagreements() });
    let reported = Mutex::new(Reported { loss: None, last: started });
    let finished = job.run(&|| started.elapsed().as_secs_f64(), &|event| {
        let heard = match event {
            TrainingEvent::Step { progress, .. } => {
                let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
                let loss = f64::from(progress.loss);
                let loss = reported.loss.map_or(loss, |smooth| smooth + SMOOTHING * (loss - smooth));
                reported.loss = Some(loss);
                let is_due = reported.last.elapsed() > REPORT_EVERY || progress.step == steps;
                if is_due {
                    reported.last = Instant::now();
                }
                !is_due || tell(News::Step { step: progress.step, loss })
            }
            TrainingEvent::ScoreBegins(roads) => tell(News::Scoring { roads }),
            TrainingEvent::RoadDone => tell(News::RoadDone),
            TrainingEvent::ScoreEnds => tell(News::ScoreDone),
            TrainingEvent::Stage(row) => tell(News::Stage(*row)),
            TrainingEvent::NoCheckpoint(error) => {
                tell(News::Note(format!("no checkpoint, the one before stays: {error:#}")))
            }
        };
        heard && !stop.load(Ordering::Relaxed)
    })?;
    let (weights, words) = (finished.weights().to_owned(), outcome(&finished, steps));
    Ok(Ended::Saved(Saved { weights, words, stopped: finished.stopped, drives, recording }))
}

/// How long a training took and how it came out, in a line.
fn outcome(finished: &Finished, steps: usize) -> String {
    let time = duration(finished.secs);
    let mut words = if finished.stopped {
        format!("stopped after {} of {steps} steps and {time}", finished.trained.steps)
    } else {
        format!("{} steps in {time}", finished.trained.steps)
    };
    if let Some(score) = &finished.score {
        words += &format!("; {} of {} roads without a crash", score.roads_without_crash, score.roads);
    }
    if let Some((held_back, step)) = &finished.trained.held_back {
        words += &format!("; held back: {}, best after step {step}", in_words(held_back));
    }
    words
}

/// The names of the columns of the table of stages, and of the curve beside the loss.
pub fn headings(stages: &[Row]) -> Vec<&'static str> {
    let mut headings = vec!["after step", "loss"];
    if stages.iter().any(|row| row.without_crash.is_some()) {
        headings.push("roads without a crash");
    }
    if stages.iter().any(|row| row.held_back.is_some()) {
        headings.extend(["held back: R2 over zero", "correlation"]);
    }
    headings
}

/// A row of the table, with a cell for each of its headings.
pub fn cells(row: &Row, headings: &[&str]) -> Vec<String> {
    let maybe = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let held_back =
        |figure: fn(&HeldBack) -> f64| maybe(row.held_back.as_ref().map(|all| format!("{:.3}", figure(all))));
    let cell = |heading: &&str| match *heading {
        "after step" => row.step.to_string(),
        "loss" => format!("{:.4}", row.loss),
        "roads without a crash" => maybe(row.without_crash.map(|share| format!("{:.0} %", 100.0 * share))),
        "correlation" => held_back(|figures| figures.correlation),
        _ => held_back(|figures| figures.r2_over_zero),
    };
    headings.iter().map(cell).collect()
}

#[cfg(test)]
impl Run {
    /// A training that nobody does.
    pub fn idle(policy: &str) -> Self {
        let (sent, news) = channel();
        // Kept, so that it does not count as ended.
        std::mem::forget(sent);
        Self { policy: policy.to_owned(), news, stop: Arc::new(AtomicBool::new(false)), started: None }
    }
}
