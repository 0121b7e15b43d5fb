//! Options that choose policies which drive or watch.

use crate::jobs::models::Choice;
use crate::jobs::onnx;
use lane_driver::Driver;
use lane_onnx::Preset;
use lane_policy::device::Backend;
use lane_recording::Recording;
use std::path::PathBuf;

/// Options that choose policies.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn), by weights file (anything that ends in .safetensors), as onnx:FILE with FILE.toml beside it
    /// (docs/onnx.md) or as torchscript:FILE with FILE.json beside it (docs/backends.md), separated by commas [default: ncp,cnn, and for a recording of a format that
    /// shipped weights were trained on, those and ncp]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', visible_alias = "policy")]
    pub policies: Vec<String>,
    /// Take the named policies' weights from DIR/NAME.safetensors instead of those in the binary
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// The pilot that ONNX files are of, for what their manifests do not say: udacity, donkeycar, donkeycar-categorical,
    /// sully, comma, curvature
    #[arg(long = "as", value_name = "PRESET")]
    pub preset: Option<Preset>,
    /// Where policies compute: cpu, libtorch, libtorch:cuda, libtorch:cuda:N, wgpu; all but cpu are built on request
    #[arg(long, default_value_t)]
    pub device: Backend,
}

impl Arguments {
    /// A driver for every policy asked for.
    ///
    /// # Errors
    /// When the device is not there, a name stands for nothing, or its weights are unusable.
    pub fn drivers(&self) -> anyhow::Result<Vec<Driver>> {
        self.choice(&self.names()).drivers()
    }

    /// The same for a recording, with weights that were trained on its format where none are named.
    ///
    /// # Errors
    /// As [`Arguments::drivers`].
    pub fn drivers_for(&self, recording: &Recording) -> anyhow::Result<Vec<Driver>> {
        self.choice(&self.names()).drivers_for(recording)
    }

    fn names(&self) -> Vec<String> {
        onnx::with_preset(&self.policies, self.preset)
    }

    fn choice<'a>(&'a self, names: &'a [String]) -> Choice<'a> {
        Choice { names, folder: self.models.as_deref(), backend: self.device }
    }
}
