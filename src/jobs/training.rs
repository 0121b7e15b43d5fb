//! A training from what was asked for to the weights and their model card on disk.

use super::drives::drive_roads;
use super::revision::revision;
use anyhow::Context as _;
use lane_audit::driving::DrivingScore;
use lane_driver::closed_loop::Pilot;
use lane_driver::train::{Recorded, Trained, Training, TrainingConfig};
use lane_driver::{Driver, Source};
use lane_frame::whole_file::WholeFile;
use lane_policy::device::{Backend, Device};
use lane_policy::{Policy, PolicyKind};
use lane_recording::{Recording, SplitBy};
use lane_sim::{Course, RoadSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Demonstrations of a training: at least one batch; at most what fits into the low half of the seed of one.
pub const LOOKS: RangeInclusive<u64> = 16..=10_000_000;

/// Largest seed of a training: each of its demonstrations has a seed of its own, made from it.
pub const LARGEST_SEED: u64 = (1 << 28) - 1;

/// Share of recordings in a training on both.
const SHARE_OF_RECORDINGS: f64 = 0.5;

/// What decides a training, as a form asks for it.
#[derive(Clone, Debug)]
pub struct TrainingRequest {
    /// The policy.
    pub policy: PolicyKind,
    /// Seed of first weights, demonstrations and their order.
    pub seed: u64,
    /// Demonstrations of the simulator; `None` for a training on recordings alone.
    pub looks: Option<usize>,
    /// Recordings to learn from.
    pub recordings: Vec<PathBuf>,
    /// Whether no picture has noise.
    pub clean: bool,
    /// Whether bushes tell how the road bends.
    pub cue: bool,
    /// Folder for the weights and the card.
    pub out: PathBuf,
}

impl TrainingRequest {
    /// The words behind `liquid-lane` that ask for the same.
    pub fn words(&self) -> Vec<String> {
        let mut words = ["train", "--policy"].map(str::to_owned).to_vec();
        words.push(self.policy.to_string());
        let mut say = |option: &str, value: String| words.extend([option.to_owned(), value]);
        if self.seed != 1 {
            say("--seed", self.seed.to_string());
        }
        if let Some(looks) = self.looks {
            say("--looks", looks.to_string());
        }
        self.recordings.iter().for_each(|path| say("--recording", path.display().to_string()));
        if self.looks.is_some() && !self.recordings.is_empty() {
            say("--recording-share", SHARE_OF_RECORDINGS.to_string());
        }
        if self.out != Path::new("out") {
            say("--out", self.out.display().to_string());
        }
        words.extend(self.clean.then(|| "--clean".to_owned()));
        words.extend(self.cue.then(|| "--cue".to_owned()));
        words
    }
}
