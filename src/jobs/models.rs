//! The weights that a policy's name stands for: those in the binary, those in a folder, or a file; and where they run.

use super::onnx;
use anyhow::Context as _;
use lane_driver::{Driver, Source};
use lane_policy::device::{Backend, Device};
use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind};
use lane_recording::{Format, Recording, Unit};
use std::path::Path;

/// The shipped weights that drive: the longest training of each.
const EMBEDDED: [(PolicyKind, &[u8]); 2] = [
    (PolicyKind::NCP, include_bytes!("../../models/ncp.safetensors")),
    (PolicyKind::CNN, include_bytes!("../../models/cnn.safetensors")),
];

/// Weights by another recipe than the usual one, by name.
struct Special {
    name: &'static str,
    /// Of the recordings that they were trained on: they follow those roads, not the simulator's.
    formats: &'static [Format],
    bytes: &'static [u8],
}

const SPECIAL: [Special; 4] = [
    // Trained beyond the simulator's looks.
    Special { name: "ncp-varied", formats: &[], bytes: include_bytes!("../../models/ncp-varied.safetensors") },
    Special { name: "cnn-varied", formats: &[], bytes: include_bytes!("../../models/cnn-varied.safetensors") },
    Special {
        name: "ncp-udacity",
        formats: &[Format::UDACITY_SIMULATOR],
        bytes: include_bytes!("../../models/ncp-udacity.safetensors"),
    },
    Special {
        name: "ncp-donkey",
        formats: &[Format::TUB_V1, Format::TUB_V2],
        bytes: include_bytes!("../../models/ncp-donkey.safetensors"),
    },
];

/// Policies that take part where none is named.
const USUAL: [&str; 2] = ["ncp", "cnn"];

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
    names.extend(SPECIAL.map(|weights| weights.name.to_owned()));
    names
}

/// The weights of this name, where they are by another recipe than the usual one.
pub fn special(name: &str) -> Option<&'static [u8]> {
    SPECIAL.iter().find(|weights| weights.name == name).map(|weights| weights.bytes)
}

/// The start of the name of a user's module.
const TORCHSCRIPT: &str = "torchscript:";

/// The choice of policies: those named, where they come from and where they compute.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// Names, weights files, `onnx:FILE` or `torchscript:FILE`; the usual ones where there are none.
    pub names: &'a [String],
    /// The folder of the named policies' weights, in place of those in the binary.
    pub folder: Option<&'a Path>,
    /// Where they compute.
    pub backend: Backend,
}

impl Choice<'_> {
    /// A driver for every policy of the choice.
    ///
    /// # Errors
    /// When the device is not there, a name stands for nothing, or its weights are unusable.
    pub fn drivers(&self) -> anyhow::Result<Vec<Driver>> {
        self.named(&USUAL)
    }

    /// The same for a recording: where none is named and shipped weights were trained on its format, those take the place
    /// of the second usual policy.
    ///
    /// # Errors
    /// As [`Choice::drivers`].
    pub fn drivers_for(&self, recording: &Recording) -> anyhow::Result<Vec<Driver>> {
        // Recordings of this program are of its simulator, whatever their format.
        let is_ours = recording.label().is_some_and(|label| label.unit == Unit::Curvature);
        let theirs = SPECIAL.iter().find(|weights| weights.formats.contains(&recording.format()));
        match theirs.filter(|_| !is_ours && self.folder.is_none()) {
            Some(theirs) => self.named(&[theirs.name, USUAL[0]]),
            None => self.named(&USUAL),
        }
    }

    fn named(&self, usual: &[&str]) -> anyhow::Result<Vec<Driver>> {
        let device = self.backend.open()?;
        if self.names.is_empty() {
            return usual.iter().map(|name| self.driver(name, &device)).collect();
        }
        self.names.iter().map(|name| self.driver(name, &device)).collect()
    }

    fn driver(&self, name: &str, device: &Device) -> anyhow::Result<Driver> {
        if let Some(path) = name.strip_prefix(TORCHSCRIPT) {
            return torchscript(Path::new(path), self.backend);
        }
        if let Some(driver) = onnx::driver(name) {
            return driver;
        }
        if let Some(stem) = name.strip_suffix(".safetensors") {
            let stem = Path::new(stem).file_name().map_or(name.into(), |stem| stem.to_string_lossy());
            return from_file(&stem, Path::new(name), None, device);
        }
        if let Some(folder) = self.folder {
            let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
            return from_file(name, &folder.join(format!("{kind}.safetensors")), Some(kind), device);
        }
        let (policy, card) = embedded(name, device)?;
        let source = Source { name: name.into(), origin: BUILT_IN.into() };
        Ok(Driver::new(source, policy, device).with_views(card.views))
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
    if let Some(bytes) = special(name) {
        return Ok(weights::from_bytes(bytes, Path::new(BUILT_IN), None, device)?);
    }
    let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
    let best = EMBEDDED.iter().find(|(embedded, _)| *embedded == kind).map(|(_, bytes)| *bytes);
    let bytes = best.or_else(|| audit_set(kind).next().map(|(_, bytes)| bytes)).with_context(|| {
        let train = format!("`liquid-lane train --policy {kind} --out DIR`");
        format!("no weights of `{kind}` are in the binary; train them ({train}) and name DIR/{kind}.safetensors")
    })?;
    Ok(weights::from_bytes(bytes, Path::new(BUILT_IN), Some(kind), device)?)
}

fn from_file(name: &str, path: &Path, kind: Option<PolicyKind>, device: &Device) -> anyhow::Result<Driver> {
    let (policy, card) = weights::load(path, kind, device)?;
    let source = Source { name: name.into(), origin: path.display().to_string() };
    Ok(Driver::new(source, policy, device).with_views(card.views))
}
