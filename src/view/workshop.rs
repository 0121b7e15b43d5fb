//! What the window asks of the program around it: policies by name, drives and replays to show.

use crate::jobs::training::TrainingJob;
use lane_driver::Driver;
use lane_driver::session::{DriveSetup, Session};
use std::path::{Path, PathBuf};

/// The maker of sessions. The command line knows where weights and recordings are; the window does not.
pub trait Workshop: Send + Sync {
    /// Names of policies whose weights are at hand.
    fn policy_names(&self) -> Vec<String>;

    /// The policies of these names, which may be files.
    ///
    /// # Errors
    /// When a name stands for nothing, or its weights are unusable.
    fn drivers(&self, names: &[String]) -> anyhow::Result<Vec<Driver>>;

    /// A drive on the simulator.
    ///
    /// # Errors
    /// When a name stands for nothing, or its weights are unusable.
    fn drive(&self, names: &[String], setup: &DriveSetup) -> anyhow::Result<Box<dyn Session>>;

    /// A replay of a recording.
    ///
    /// # Errors
    /// When there is no recording there, or a policy is unusable.
    fn replay(&self, path: &Path, names: &[String]) -> anyhow::Result<Box<dyn Session>>;

    /// The training that these words behind `liquid-lane train` ask for, ready to run.
    ///
    /// # Errors
    /// When the command line would refuse them, in one line.
    fn training(&self, words: &[String]) -> anyhow::Result<TrainingJob>;

    /// A recording that the program can show at once, made if need be.
    ///
    /// # Errors
    /// When it cannot be written.
    fn sample(&self) -> anyhow::Result<PathBuf>;
}
