//! How a training goes, for whoever watches: one live line on a terminal, plain lines elsewhere.

use super::history::{History, in_words};
use crate::cli::output;
use anyhow::ensure;
use indicatif::ProgressBar;
use lane_audit::driving::DrivingScore;
use lane_driver::train::{HeldBack, Progress, TrainingConfig};
use std::io::IsTerminal as _;
use std::time::Instant;

/// Stages of a training: a row of its history, a plain line and a checkpoint each.
const STAGES: usize = 20;

/// Follows a training.
pub struct Watch {
    bar: ProgressBar,
    is_terminal: bool,
    steps: usize,
    frames_per_step: usize,
    started: Instant,
    /// When its first step began.
    first: Instant,
    /// Steps done since then.
    done: usize,
    history: History,
    /// Of the losses since the last stage.
    sum: f64,
    count: usize,
    held_back: Option<HeldBack>,
}

impl Watch {
    /// A watch over a training that was started then, and of which this is known from before.
    pub fn new(config: &TrainingConfig, history: History, started: Instant) -> Self {
        Self {
            bar: output::progress(config.steps as u64, "training {wide_bar} {percent:>3} %  {msg}  {eta} left"),
            is_terminal: std::io::stderr().is_terminal(),
            steps: config.steps,
            frames_per_step: config.optimisation.batch_frames,
            started,
            first: Instant::now(),
            done: 0,
            history,
            sum: 0.0,
            count: 0,
            held_back: None,
        }
    }

    /// Takes a step into account.
    ///
    /// # Errors
    /// When the training came to nothing.
    pub fn see(&mut self, progress: &Progress) -> anyhow::Result<()> {
        ensure!(progress.loss.is_finite(), "the loss is no longer a number: nothing was written");
        self.done += 1;
        self.sum += f64::from(progress.loss);
        self.count += 1;
        self.held_back = progress.held_back.or(self.held_back);
        let loss = self.sum / self.count as f64;
        let message = self.message(progress, loss);
        if self.is_stage(progress.step) {
            if !self.is_terminal {
                eprintln!("step {} of {}: {message}", progress.step, self.steps);
            }
            self.history.push_row(progress.step, loss, progress.held_back);
            (self.sum, self.count) = (0.0, 0);
        }
        self.bar.set_message(message);
        self.bar.set_position(progress.step as u64);
        Ok(())
    }

    /// Whether a stage ends with this step.
    pub fn is_stage(&self, step: usize) -> bool {
        step.is_multiple_of(self.steps.div_ceil(STAGES).max(1)) || step == self.steps
    }

    /// Adds the driving score of the stage that ended.
    pub fn note_score(&mut self, score: &DrivingScore) {
        self.history.note_score(score);
    }

    /// The course so far.
    pub fn history(&self) -> History {
        let mut history = self.history.clone();
        history.secs += self.started.elapsed().as_secs_f64();
        history
    }

    /// The course of the training that has ended.
    pub fn finish(self) -> History {
        self.bar.finish_and_clear();
        self.history()
    }

    fn message(&self, progress: &Progress, loss: f64) -> String {
        let rate = (self.done * self.frames_per_step) as f64 / self.first.elapsed().as_secs_f64();
        let looks = if progress.looks > 0 { format!(", {} looks", progress.looks) } else { String::new() };
        let held_back = self.held_back.map_or(String::new(), |figures| format!(", held back {}", in_words(&figures)));
        format!("loss {loss:.4}, {rate:.0} frames/s{looks}{held_back}")
    }
}
