//! Which trainings an audit judges: those in the binary, those in folders, or files.

use super::models::{audit_set, special};
use super::onnx;
use anyhow::{Context as _, bail, ensure};
use lane_audit::engine::sha256;
use lane_audit::suite::Subject;
use lane_driver::train::TrainingConfig;
use lane_driver::train::identity::Identity;
use lane_driver::{Driver, Source};
use lane_policy::device::Device;
use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every training of every policy, policy by policy: those in the binary, or those in `folders` where there are some.
/// Audits compute on the processor: other devices round differently, and two runs would not be the same.
///
/// # Errors
/// When a name stands for nothing, weights are unusable, or two trainings have the same policy and seed.
pub fn subjects(policies: &[String], folders: &[PathBuf]) -> anyhow::Result<Arc<[Subject]>> {
    let device = lane_policy::device::Backend::Cpu.open()?;
    let mut subjects = Vec::new();
    for name in policies {
        if let Some(subject) = onnx::subject(name) {
            subjects.push(subject?);
            continue;
        }
        if name.ends_with(".safetensors") {
            subjects.push(from_file(Path::new(name), None, &device)?);
            continue;
        }
        if let Some(bytes) = special(name) {
            let subject = subject(bytes, Path::new(name), None, &device)?;
            subjects.push(Subject { policy: name.clone(), ..subject });
            continue;
        }
        let kind: PolicyKind = name.parse().map_err(anyhow::Error::msg)?;
        for folder in folders {
            subjects.push(from_file(&folder.join(format!("{kind}.safetensors")), Some(kind), &device)?);
        }
        if folders.is_empty() {
            subjects.extend(shipped(kind, &device)?);
        }
    }
    for (place, subject) in subjects.iter().enumerate() {
        let label = subject.label();
        let twice = subjects[..place].iter().any(|earlier| earlier.label() == label);
        ensure!(!twice, "--policies, --models: two trainings are `{label}`, the same policy and the same seed");
    }
    Ok(subjects.into())
}

fn shipped(kind: PolicyKind, device: &Device) -> anyhow::Result<Vec<Subject>> {
    let trainings = audit_set(kind).map(|(origin, bytes)| subject(bytes, Path::new(&origin), Some(kind), device));
    let subjects = trainings.collect::<anyhow::Result<Vec<_>>>()?;
    if subjects.is_empty() {
        let train = format!("`liquid-lane train --policy {kind} --seed 1 --out DIR`");
        bail!("no weights of `{kind}` are in the binary; train them ({train}) and add --models DIR");
    }
    Ok(subjects)
}

fn from_file(path: &Path, kind: Option<PolicyKind>, device: &Device) -> anyhow::Result<Subject> {
    // First through the reader that says what is wrong with a file and refuses huge ones.
    weights::load(path, kind, device)?;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    subject(&bytes, path, kind, device)
}

fn subject(bytes: &[u8], origin: &Path, kind: Option<PolicyKind>, device: &Device) -> anyhow::Result<Subject> {
    let (policy, card) = weights::from_bytes(bytes, origin, kind, device)?;
    let recipe = TrainingConfig::from_card(&card);
    // Another recipe makes another policy: the two are compared, not pooled.
    let name = Identity::new(policy.kind(), recipe.as_ref()).to_string();
    Ok(Subject {
        training_seed: recipe.as_ref().map_or(0, |recipe| recipe.seed),
        weights_sha256: sha256(bytes),
        parameters: card.parameters,
        training: training(&card, recipe.as_ref()),
        trained_noise_variance: recipe.as_ref().map(TrainingConfig::noise_variance),
        trained_with_cue: recipe.is_some_and(|recipe| recipe.cue),
        driver: driver(&name, origin, policy, device).with_views(card.views.clone()),
        policy: name,
    })
}

fn driver(name: &str, origin: &Path, policy: Policy, device: &Device) -> Driver {
    Driver::new(Source { name: name.into(), origin: origin.display().to_string() }, policy, device)
}

/// The card's training in a few words.
fn training(card: &ModelCard, recipe: Option<&TrainingConfig>) -> String {
    let Some(recipe) = recipe else { return "no recipe in its card".into() };
    let word = |key: &str| card.training.get(key).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    format!("{} looks; augmentation: {}; revision {}", recipe.looks, word("augmentation"), word("revision"))
}
