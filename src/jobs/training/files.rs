//! What a training leaves in its folder.

use super::history::History;
use anyhow::Context as _;
use lane_driver::train::{Checkpoint, Trained};
use lane_frame::whole_file::{self, WholeFile};
use lane_policy::PolicyKind;
use lane_policy::weights::{self, ModelCard};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a card says of the run, not of what was trained: two runs of one command differ in it.
const OF_THE_RUN: [&str; 2] = ["seconds", "threads"];

/// The files of a training, all named after its policy.
pub struct Files {
    weights: PathBuf,
}

impl Files {
    /// Files in a folder, which is made.
    ///
    /// # Errors
    /// When it cannot be written: found out before the training, not after it.
    pub fn new(folder: &Path, policy: PolicyKind) -> anyhow::Result<Self> {
        let files = Self { weights: folder.join(format!("{policy}.safetensors")) };
        for path in [files.weights.clone(), files.beside("json")] {
            WholeFile::create(&path)?;
        }
        Ok(files)
    }

    /// The weights.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.weights.with_extension(extension)
    }

    /// Place of the checkpoint.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.beside("checkpoint")
    }

    /// The checkpoint, if there is one.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn checkpoint(&self) -> anyhow::Result<Option<Checkpoint>> {
        let path = self.checkpoint_path();
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        Checkpoint::from_bytes(bytes).with_context(|| path.display().to_string()).map(Some)
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// When it cannot be written, as on a full disk: the last good one stays.
    pub fn keep(&self, checkpoint: &[u8]) -> anyhow::Result<()> {
        whole_file::write(&self.checkpoint_path(), checkpoint)
    }

    /// Writes the weights, their card, the options that made them and the course of the training.
    ///
    /// # Errors
    /// When something cannot be written, naming it.
    pub fn write(&self, trained: &Trained, card: &ModelCard, options: &str, history: &History) -> anyhow::Result<()> {
        let mut of_the_weights = card.clone();
        of_the_weights.training.retain(|key, _| !OF_THE_RUN.contains(&key.as_str()));
        whole_file::write(&self.weights, &weights::to_bytes(&trained.policy, &of_the_weights)?)?;
        whole_file::write(&self.beside("json"), (serde_json::to_string_pretty(card)? + "\n").as_bytes())?;
        whole_file::write(&self.beside("toml"), options.as_bytes())?;
        whole_file::write(&self.beside("losses.csv"), history.csv().as_bytes())?;
        whole_file::write(&self.beside("losses.svg"), history.svg()?.as_bytes())
    }

    /// Removes the checkpoint of a training that has come to its end, if there is one.
    ///
    /// # Errors
    /// When it cannot be removed, naming it.
    pub fn remove_checkpoint(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(self.checkpoint_path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.checkpoint_path().display()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.weights.display(), self.beside("json").display())
    }
}
