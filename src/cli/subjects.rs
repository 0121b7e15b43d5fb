//! Options that choose the trainings which an audit judges.

use std::path::PathBuf;

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
