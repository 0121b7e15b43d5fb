//! A training from what was asked for to the weights and their model card on disk.

mod card;
mod files;
mod history;

pub use history::{Row, in_words};

use super::revision::revision;
use super::roads::drive_roads;
use crate::memory;
use anyhow::{Context as _, ensure};
use card::Done;
use files::Files;
use history::History;
use lane_audit::driving::DrivingScore;
use lane_audit::engine::sha256;
use lane_driver::closed_loop::Pilot;
use lane_driver::train::{Progress, Recorded, Source as RecordedSource, Trained, Training, TrainingConfig};
use lane_driver::{Driver, Source};
use lane_policy::Policy;
use lane_policy::device::{Backend, Device};
use lane_policy::weights::{self, ModelCard};
use lane_sim::{Course, RoadSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Stages of a training: a row of its history and a checkpoint each.
const STAGES: usize = 20;

/// Seconds on each road of a score.
const SCORE_SECONDS: f64 = 30.0;

/// A training as it was asked for.
#[derive(Debug)]
pub struct TrainingRequest {
    /// Everything that decides the weights, but for the steps that recordings are gone through in.
    pub config: TrainingConfig,
    /// Weights to begin with, in place of some by chance.
    pub from: Option<PathBuf>,
    /// Recordings to learn from.
    pub recordings: Vec<RecordedSource>,
    /// Where it computes.
    pub backend: Backend,
    /// Folder for the weights and all that goes with them.
    pub out: PathBuf,
    /// Validation roads to drive at the end, and at each stage.
    pub score_roads: u32,
    /// Validation roads to drive at each stage.
    pub stage_roads: u32,
    /// Whether it goes on from its checkpoint, where there is one.
    pub resume: bool,
    /// The command line that asks for the same.
    pub command: String,
    /// The options as the file that `--config` reads.
    pub options: String,
    /// Origin and licence of the recordings.
    pub data: Option<String>,
}

/// What becomes known while a training runs.
pub enum TrainingEvent<'a> {
    /// A step is done.
    Step {
        /// The step, its loss and what was looked at after it.
        progress: &'a Progress,
        /// Mean loss since the last stage.
        mean_loss: f64,
        /// Whether a stage ends with it.
        is_stage: bool,
    },
    /// So many roads are driven for a score.
    ScoreBegins(u32),
    /// One of them is done.
    RoadDone,
    /// All of them are.
    ScoreEnds,
    /// A stage is over.
    Stage(&'a Row),
    /// A checkpoint could not be written; the one before stays, and the training goes on.
    NoCheckpoint(&'a anyhow::Error),
}

/// Whoever follows a training; `false` ends it. Called from many threads while roads are driven.
pub type Watch<'a> = &'a (dyn Fn(TrainingEvent<'_>) -> bool + Sync);

/// A training that is ready to run.
pub struct TrainingJob {
    request: TrainingRequest,
    config: TrainingConfig,
    /// What it begins with.
    first: Option<Policy>,
    recorded: Option<Recorded>,
    device: Device,
    files: Files,
    revision: String,
}

/// A training that has ended, with its files on disk.
pub struct Finished {
    /// The policy and how it came out.
    pub trained: Trained,
    /// Its card.
    pub card: ModelCard,
    /// How it drives, where it was scored.
    pub score: Option<DrivingScore>,
    /// Whether it was ended before its time: its checkpoint is still there.
    pub stopped: bool,
    /// Seconds that it took, with those before a checkpoint.
    pub secs: f64,
    files: Files,
}

impl Finished {
    /// The file of the weights.
    pub fn weights(&self) -> &Path {
        self.files.weights()
    }
}

/// The files that it left, as a reader looks for them.
impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

impl TrainingJob {
    /// Opens the device, sees that the folder can be written, parts the recordings.
    ///
    /// # Errors
    /// When one of these cannot be done, naming it.
    pub fn prepare(mut request: TrainingRequest) -> anyhow::Result<Self> {
        let device = request.backend.open()?;
        let mut config = request.config.clone();
        let files = Files::new(&request.out, config.policy)?;
        let first = request.from.as_deref().map(|path| begin_with(path, &mut config, &device)).transpose()?;
        let recordings = std::mem::take(&mut request.recordings);
        let recorded = if recordings.is_empty() { None } else { Some(Recorded::new(recordings, &config)?) };
        if let Some(recorded) = &recorded {
            config.steps = recorded.steps(&config);
        }
        // Taken now: the repository may move on while the training runs.
        Ok(Self { config, first, recorded, device, files, revision: revision(), request })
    }

    /// What is trained.
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// What its recordings disagree in, and what is done about it, a sentence each.
    pub fn disagreements(&self) -> Vec<String> {
        self.recorded.as_ref().map(Recorded::disagreements).unwrap_or_default()
    }

    /// Trains to the end, or until `watch` gives `false`, and writes the files. What was ended early keeps its checkpoint.
    /// `elapsed_secs` are the seconds since the training was asked for.
    ///
    /// # Errors
    /// When the loss is no longer a number, the checkpoint is of another training, or a file cannot be written.
    pub fn run(self, elapsed_secs: &dyn Fn() -> f64, watch: Watch<'_>) -> anyhow::Result<Finished> {
        let _kept = memory::keep_pages();
        let (mut training, mut history) = self.begin()?;
        let secs_before = history.secs;
        let mut goes_on = true;
        while goes_on && !training.is_done() {
            let progress = training.step();
            ensure!(progress.loss.is_finite(), "the loss is no longer a number: nothing was written");
            let (mean_loss, is_stage) = (history.push_loss(progress.loss), self.is_stage(progress.step));
            goes_on = watch(TrainingEvent::Step { progress: &progress, mean_loss, is_stage });
            if is_stage {
                history.push_row(progress.step, progress.held_back);
                if self.request.stage_roads > 0 && goes_on && !training.is_done() {
                    history.note_score(&self.score(&training.policy(), self.request.stage_roads, watch)?);
                }
                goes_on &= history.rows().last().is_none_or(|row| watch(TrainingEvent::Stage(row)));
            }
            history.secs = secs_before + elapsed_secs();
            if !training.is_done()
                && (is_stage || !goes_on)
                && let Err(error) = self.files.keep(&training.checkpoint(&serde_json::to_string(&history)?)?)
            {
                goes_on &= watch(TrainingEvent::NoCheckpoint(&error));
            }
        }
        let stopped = !training.is_done();
        let trained = training.finish();
        let roads = if stopped { 0 } else { self.request.score_roads };
        // Whoever has gone meanwhile finds the files all the same.
        let score = if roads > 0 { Some(self.score(&trained.policy, roads, watch)?) } else { None };
        let done = Done {
            request: &self.request,
            config: &self.config,
            revision: &self.revision,
            recorded: self.recorded.as_ref(),
            trained: &trained,
            training_secs: history.secs,
            score: score.as_ref().map(|score| (score, roads)),
        };
        let card = done.card();
        self.files.write(&trained, &card, &self.request.options, &history)?;
        if !stopped {
            self.files.remove_checkpoint()?;
        }
        Ok(Finished { card, score, stopped, secs: history.secs, trained, files: self.files })
    }

    /// The training at its checkpoint, if that was asked for and there is one; else before its first step.
    fn begin(&self) -> anyhow::Result<(Training<'_>, History)> {
        let (config, recorded) = (&self.config, self.recorded.as_ref());
        let checkpoint = if self.request.resume { self.files.checkpoint()? } else { None };
        let Some(checkpoint) = checkpoint else {
            let training = Training::new(config, self.first.as_ref(), recorded, &self.device);
            return Ok((training, History::default()));
        };
        let training = Training::resumed(&checkpoint, config, self.first.as_ref(), recorded, &self.device);
        let training = training.with_context(|| self.files.checkpoint_path().display().to_string())?;
        Ok((training, serde_json::from_str(checkpoint.notes())?))
    }

    fn is_stage(&self, step: usize) -> bool {
        let steps = self.config.steps;
        step.is_multiple_of(steps.div_ceil(STAGES).max(1)) || step == steps
    }

    /// Drives roads of the validation family.
    fn score(&self, policy: &Policy, roads: u32, watch: Watch<'_>) -> anyhow::Result<DrivingScore> {
        let source = Source { name: policy.kind().to_string(), origin: "the training".into() };
        let driver = Driver::new(source, policy.clone(), &self.device);
        let course = Course::drawn(RoadSet::Validation, 0, SCORE_SECONDS);
        // A score is short beside the training: it is driven to its end whatever the watcher says.
        watch(TrainingEvent::ScoreBegins(roads));
        let done = || {
            watch(TrainingEvent::RoadDone);
        };
        let drives = drive_roads(&Pilot::Policy(Box::new(driver)), course, roads, 0.0, &done)?;
        watch(TrainingEvent::ScoreEnds);
        Ok(DrivingScore::of(&policy.kind().to_string(), 0.0, &[drives.iter().collect()]))
    }
}

/// The policy of a file, from which the training is to begin; the configuration states which.
fn begin_with(path: &Path, config: &mut TrainingConfig, device: &Device) -> anyhow::Result<Policy> {
    let name = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("--from {name}: cannot read it"))?;
    let (policy, _) = weights::load(path, None, device).with_context(|| format!("--from {name}"))?;
    let (is, wanted) = (policy.kind(), config.policy);
    ensure!(is == wanted, "--from {name}: expected weights of `{wanted}`, got those of `{is}`");
    ensure!(policy.cell_spec() == config.cell.as_ref(), "--from {name}: its cell is another than this training's");
    config.begins_with = Some(sha256(&bytes));
    Ok(policy)
}
