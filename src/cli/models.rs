//! Which weights a policy's name stands for: those in the binary, those in a folder, or a file.

use crate::driver::Driver;
use crate::policy::weights::{self, ModelCard};
use crate::policy::{Policy, PolicyKind};
use anyhow::Context as _;
use burn::tensor::Device;
use std::path::{Path, PathBuf};

/// The shipped weights.
const EMBEDDED: [(PolicyKind, &[u8]); 2] = [
    (PolicyKind::Ncp, include_bytes!("../../models/ncp.safetensors")),
    (PolicyKind::Cnn, include_bytes!("../../models/cnn.safetensors")),
];

/// Options that choose policies.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn) or by weights file, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ncp,cnn")]
    pub policies: Vec<String>,
    /// Take the named policies' weights from DIR/NAME.safetensors instead of those in the binary
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
}

impl Arguments {
    /// Loads every policy asked for.
    ///
    /// # Errors
    /// When a name stands for nothing, or its weights are unusable.
    pub fn load(&self, device: &Device) -> anyhow::Result<Vec<(Policy, ModelCard)>> {
        self.policies.iter().map(|name| self.load_one(name, device)).collect()
    }

    /// A driver for every policy asked for.
    ///
    /// # Errors
    /// As [`Arguments::load`].
    pub fn drivers(&self, device: &Device) -> anyhow::Result<Vec<Driver>> {
        Ok(self.load(device)?.into_iter().map(|(policy, _)| Driver::new(policy, device)).collect())
    }

    fn load_one(&self, name: &str, device: &Device) -> anyhow::Result<(Policy, ModelCard)> {
        if name.ends_with(".safetensors") {
            return Ok(weights::load(Path::new(name), None, device)?);
        }
        let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
        if let Some(folder) = &self.models {
            return Ok(weights::load(&folder.join(format!("{kind}.safetensors")), Some(kind), device)?);
        }
        let embedded = EMBEDDED.iter().find(|(embedded, _)| *embedded == kind);
        let (_, bytes) = embedded.with_context(|| {
            format!("no weights of `{kind}` are in the binary; train them (`liquid-lane train --policy {kind}`) and pass --models DIR")
        })?;
        Ok(weights::from_bytes(bytes, Path::new(&format!("built-in {kind}")), Some(kind), device)?)
    }
}
