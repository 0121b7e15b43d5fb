//! The weights that a policy's name stands for: those in the binary, those in a folder, or a file; and where they run.

use anyhow::Context as _;
use lane_driver::{Driver, Source};
use lane_policy::device::{Backend, Device};
use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind};
use std::path::{Path, PathBuf};

/// The shipped weights that drive: the longest training of each.
const EMBEDDED: [(PolicyKind, &[u8]); 2] = [
    (PolicyKind::NCP, include_bytes!("../../models/ncp.safetensors")),
    (PolicyKind::CNN, include_bytes!("../../models/cnn.safetensors")),
];

/// Three trainings of each policy that an audit compares, with the seeds 1, 2 and 3, all by one recipe.
macro_rules! audit_set {
    ($($name:literal),*) => {
        [$(($name, [
            include_bytes!(concat!("../../models/seed-1/", $name, ".safetensors")) as &[u8],
            include_bytes!(concat!("../../models/seed-2/", $name, ".safetensors")),
            include_bytes!(concat!("../../models/seed-3/", $name, ".safetensors")),
        ])),*]
    };
}

const AUDIT_SET: [(&str, [&[u8]; 3]); 5] = audit_set!["ncp", "cnn", "lstm", "ctrnn", "ltc-random"];

/// The trainings of this policy in the audit set, with the names of their files.
pub fn audit_set(kind: PolicyKind) -> impl Iterator<Item = (String, &'static [u8])> {
    let name = kind.to_string();
    let found = AUDIT_SET.into_iter().filter(move |(shipped, _)| *shipped == name);
    found.flat_map(|(name, seeds)| {
        (1..).zip(seeds).map(move |(seed, bytes)| (format!("models/seed-{seed}/{name}"), bytes))
    })
}

/// Names of the policies whose weights are in the binary.
pub fn shipped_names() -> Vec<String> {
    let mut names: Vec<String> = EMBEDDED.iter().map(|(kind, _)| kind.to_string()).collect();
    let others = AUDIT_SET.iter().map(|(name, _)| (*name).to_owned()).filter(|name| !names.contains(name));
    let others: Vec<String> = others.collect();
    names.extend(others);
    names
}

/// Options that choose policies.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Policies by name (ncp, cnn), by weights file (anything that ends in .safetensors) or as torchscript:FILE with
    /// FILE.json beside it (docs/backends.md), separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "ncp,cnn", visible_alias = "policy")]
    pub policies: Vec<String>,
    /// Take the named policies' weights from DIR/NAME.safetensors instead of those in the binary
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// Where policies compute: cpu, libtorch, libtorch:cuda, libtorch:cuda:N, wgpu; all but cpu are built on request
    #[arg(long, default_value_t)]
    pub device: Backend,
}

/// The start of the name of a user's module.
const TORCHSCRIPT: &str = "torchscript:";

impl Arguments {
    /// A driver for every policy asked for.
    ///
    /// # Errors
    /// When the device is not there, a name stands for nothing, or its weights are unusable.
    pub fn drivers(&self) -> anyhow::Result<Vec<Driver>> {
        let device = self.device.open()?;
        self.policies.iter().map(|name| self.driver(name, &device)).collect()
    }

    fn driver(&self, name: &str, device: &Device) -> anyhow::Result<Driver> {
        if let Some(path) = name.strip_prefix(TORCHSCRIPT) {
            return torchscript(Path::new(path), self.device);
        }
        if let Some(stem) = name.strip_suffix(".safetensors") {
            let stem = Path::new(stem).file_name().map_or(name.into(), |stem| stem.to_string_lossy());
            return from_file(&stem, Path::new(name), None, device);
        }
        if let Some(folder) = &self.models {
            let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
            return from_file(name, &folder.join(format!("{kind}.safetensors")), Some(kind), device);
        }
        let (policy, _) = embedded(name, device)?;
        Ok(Driver::new(Source { name: name.into(), origin: BUILT_IN.into() }, policy, device))
    }
}

/// A user's module: on LibTorch's processor where our own policies run elsewhere.
#[cfg(feature = "torchscript")]
fn torchscript(path: &Path, backend: Backend) -> anyhow::Result<Driver> {
    use lane_driver::torchscript::TorchScript;
    use lane_policy::device::LibTorchDevice;
    let device = match backend {
        Backend::LibTorch(device) => device,
        Backend::Cpu | Backend::Wgpu => LibTorchDevice::Cpu,
    };
    let stem = path.file_stem().map_or("torchscript".into(), |stem| stem.to_string_lossy());
    let source = Source { name: stem.into(), origin: path.display().to_string() };
    Ok(Driver::torchscript(source, TorchScript::open(path, device)?))
}

#[cfg(not(feature = "torchscript"))]
fn torchscript(path: &Path, _: Backend) -> anyhow::Result<Driver> {
    Err(lane_policy::device::not_built("torchscript")).with_context(|| format!("{TORCHSCRIPT}{}", path.display()))
}

/// The name of the weights in the binary in messages.
const BUILT_IN: &str = "built-in weights";

/// The policy of this name whose weights are in the binary.
///
/// # Errors
/// When there is no such policy, or its weights are not shipped.
pub fn embedded(name: &str, device: &Device) -> anyhow::Result<(Policy, ModelCard)> {
    let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
    let best = EMBEDDED.iter().find(|(embedded, _)| *embedded == kind).map(|(_, bytes)| *bytes);
    let bytes = best.or_else(|| audit_set(kind).next().map(|(_, bytes)| bytes)).with_context(|| {
        let train = format!("`liquid-lane train --policy {kind} --out DIR`");
        format!("no weights of `{kind}` are in the binary; train them ({train}) and name DIR/{kind}.safetensors")
    })?;
    Ok(weights::from_bytes(bytes, Path::new(BUILT_IN), Some(kind), device)?)
}

fn from_file(name: &str, path: &Path, kind: Option<PolicyKind>, device: &Device) -> anyhow::Result<Driver> {
    let (policy, _) = weights::load(path, kind, device)?;
    Ok(Driver::new(Source { name: name.into(), origin: path.display().to_string() }, policy, device))
}
