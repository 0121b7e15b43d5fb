//! How a training goes, for whoever watches: one live line on a terminal, plain lines elsewhere.

use crate::cli::output;
use crate::jobs::training::{TrainingEvent, in_words};
use indicatif::ProgressBar;
use lane_driver::train::{HeldBack, Progress, TrainingConfig};
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Follows a training.
pub struct Watch {
    bar: ProgressBar,
    is_terminal: bool,
    steps: usize,
    frames_per_step: usize,
    /// When its first step began.
    first: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Steps done since then.
    done: usize,
    held_back: Option<HeldBack>,
    /// The bar of the roads that are being driven.
    roads: Option<ProgressBar>,
}

impl Watch {
    /// A watch over a training that begins now.
    pub fn new(config: &TrainingConfig) -> Self {
        Self {
            bar: output::progress(config.steps as u64, "training {wide_bar} {percent:>3} %  {msg}  {eta} left"),
            is_terminal: std::io::stderr().is_terminal(),
            steps: config.steps,
            frames_per_step: config.optimisation.batch_frames,
            first: Instant::now(),
            seen: Mutex::default(),
        }
    }

    /// Shows what has happened.
    pub fn see(&self, event: &TrainingEvent<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            TrainingEvent::Step { progress, mean_loss, is_stage } => {
                seen.done += 1;
                seen.held_back = progress.held_back.or(seen.held_back);
                let message = self.message(&seen, progress, *mean_loss);
                if *is_stage && !self.is_terminal {
                    eprintln!("step {} of {}: {message}", progress.step, self.steps);
                }
                self.bar.set_message(message);
                self.bar.set_position(progress.step as u64);
            }
            TrainingEvent::ScoreBegins(roads) => {
                seen.roads = Some(output::progress(u64::from(*roads), "driving {wide_bar} {pos} of {len} roads"));
            }
            TrainingEvent::RoadDone => seen.roads.iter().for_each(|bar| bar.inc(1)),
            TrainingEvent::ScoreEnds => seen.roads.take().iter().for_each(ProgressBar::finish_and_clear),
            TrainingEvent::Stage(_) => {}
            TrainingEvent::NoCheckpoint(error) => eprintln!("no checkpoint, the one before stays: {error:#}"),
        }
    }

    /// The training has ended.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }

    fn message(&self, seen: &Seen, progress: &Progress, loss: f64) -> String {
        let rate = (seen.done * self.frames_per_step) as f64 / self.first.elapsed().as_secs_f64();
        let looks = if progress.looks > 0 { format!(", {} looks", progress.looks) } else { String::new() };
        let held_back = seen.held_back.map_or(String::new(), |figures| format!(", held back {}", in_words(&figures)));
        format!("loss {loss:.4}, {rate:.0} frames/s{looks}{held_back}")
    }
}
