//! Options that choose the trainings which an audit judges.

use crate::jobs::subjects;
use lane_audit::suite::Subject;
use std::path::PathBuf;
use std::sync::Arc;

/// Options that choose trainings.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn, lstm, …) or by weights file, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ncp,cnn", visible_alias = "policy")]
    pub policies: Vec<String>,
    /// Folders with one training of each policy, DIR/NAME.safetensors, instead of the three in the binary; separated by
    /// commas
    #[arg(long, value_name = "DIRS", value_delimiter = ',')]
    pub models: Vec<PathBuf>,
}

impl Arguments {
    /// Every training of every policy, policy by policy.
    ///
    /// # Errors
    /// When a name stands for nothing, weights are unusable, or two trainings have the same policy and seed.
    pub fn subjects(&self) -> anyhow::Result<Arc<[Subject]>> {
        subjects::subjects(&self.policies, &self.models)
    }
}
