//! Options that choose the trainings which an audit judges.

use crate::jobs::onnx;
use lane_onnx::Preset;
use std::path::PathBuf;

/// Options that choose trainings.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn, lstm, …) by weights file or as onnx:FILE (docs/onnx.md), separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ncp,cnn", visible_alias = "policy")]
    pub policies: Vec<String>,
    /// Folders with one training of each policy, DIR/NAME.safetensors, instead of the three in the binary; separated by
    /// commas
    #[arg(long, value_name = "DIRS", value_delimiter = ',')]
    pub models: Vec<PathBuf>,
    /// The pilot that ONNX files are of, for what their manifests do not say: udacity, donkeycar, donkeycar-categorical,
    /// sully, comma, curvature
    #[arg(long = "as", value_name = "PRESET")]
    pub preset: Option<Preset>,
}

impl Arguments {
    /// The policies, each ONNX file with its preset.
    pub fn names(&self) -> Vec<String> {
        onnx::with_preset(&self.policies, self.preset)
    }
}
