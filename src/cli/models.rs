//! Which weights a policy's name stands for: those in the binary, those in a folder, or a file.

use crate::device::Device;
use crate::driver::{Driver, Source};
use crate::policy::PolicyKind;
use crate::policy::weights;
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// The shipped weights.
const EMBEDDED: [(PolicyKind, &[u8]); 2] = [
    (PolicyKind::Ncp, include_bytes!("../../models/ncp.safetensors")),
    (PolicyKind::Cnn, include_bytes!("../../models/cnn.safetensors")),
];

/// Options that choose policies.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn) or by weights file (anything that ends in .safetensors), separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ncp,cnn")]
    pub policies: Vec<String>,
    /// Take the named policies' weights from DIR/NAME.safetensors instead of those in the binary
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
}

impl Arguments {
    /// A driver for every policy asked for.
    ///
    /// # Errors
    /// When a name stands for nothing, or its weights are unusable.
    pub fn drivers(&self, device: &Device) -> anyhow::Result<Vec<Driver>> {
        self.policies.iter().map(|name| self.driver(name, device)).collect()
    }

    fn driver(&self, name: &str, device: &Device) -> anyhow::Result<Driver> {
        if let Some(stem) = name.strip_suffix(".safetensors") {
            let stem = Path::new(stem).file_name().map_or(name.into(), |stem| stem.to_string_lossy());
            return from_file(&stem, Path::new(name), None, device);
        }
        let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
        if let Some(folder) = &self.models {
            return from_file(name, &folder.join(format!("{kind}.safetensors")), Some(kind), device);
        }
        let embedded = EMBEDDED.iter().find(|(embedded, _)| *embedded == kind);
        let (_, bytes) = embedded.with_context(|| {
            let train = format!("`liquid-lane train --policy {kind} --out DIR`");
            format!("no weights of `{kind}` are in the binary; train them ({train}) and pass --models DIR")
        })?;
        let origin = "built-in weights";
        let (policy, _) = weights::from_bytes(bytes, Path::new(origin), Some(kind), device)?;
        Ok(Driver::new(Source { name: name.into(), origin: origin.into() }, policy, device))
    }
}

fn from_file(name: &str, path: &Path, kind: Option<PolicyKind>, device: &Device) -> anyhow::Result<Driver> {
    let (policy, _) = weights::load(path, kind, device)?;
    Ok(Driver::new(Source { name: name.into(), origin: path.display().to_string() }, policy, device))
}
