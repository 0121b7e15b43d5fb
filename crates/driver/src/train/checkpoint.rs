//! A training in a file: what it needs to go on as if nothing had happened.
//!
//! One line of JSON, then the sections that it lists, one behind the other: weights and the optimiser's state.

use super::batch::BatcherState;
use super::config::TrainingConfig;
use super::pool::PoolState;
use super::recorded::{HeldBack, Recorded};
use anyhow::{Context as _, bail, ensure};
use burn::module::{Module as _, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use lane_policy::{Network, to_vec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A training, read from a file.
#[derive(Debug)]
pub struct Checkpoint {
    header: Header,
    bytes: Vec<u8>,
    /// Where the sections begin.
    start: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// What was trained, key by key.
    config: Map<String, Value>,
    state: State,
    /// Names and lengths in bytes.
    sections: Vec<(String, usize)>,
}

/// How far a training has come, but for its weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub steps: usize,
    pub pool: PoolState,
    pub batcher: BatcherState,
    /// Figures of the best weights so far, and the steps after which they were the weights.
    pub best: Option<(HeldBack, usize)>,
    /// What the caller wants to know again.
    pub notes: String,
}

impl Checkpoint {
    pub(super) fn to_bytes(
        config: &TrainingConfig,
        recorded: Option<&Recorded>,
        state: State,
        sections: &[(String, Vec<u8>)],
    ) -> anyhow::Result<Vec<u8>> {
        let lengths = sections.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect();
        let header = Header { config: keys(config, recorded)?, state, sections: lengths };
        let mut bytes = serde_json::to_vec(&header)?;
        bytes.push(b'\n');
        sections.iter().for_each(|(_, section)| bytes.extend(section));
        Ok(bytes)
    }

    /// The checkpoint in a file's bytes.
    ///
    /// # Errors
    /// Refuses bytes that are no whole checkpoint.
    pub fn from_bytes(bytes: Vec<u8>) -> anyhow::Result<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n').context("expected a checkpoint, got no header")?;
        let header: Header = serde_json::from_slice(&bytes[..end]).context("expected a checkpoint")?;
        let start = end + 1;
        let length = header.sections.iter().try_fold(start, |sum, (_, length)| sum.checked_add(*length));
        ensure!(length == Some(bytes.len()), "expected a whole checkpoint, got one of another length");
        Ok(Self { header, bytes, start })
    }

    /// The notes that were given to [`super::Training::checkpoint`].
    pub fn notes(&self) -> &str {
        &self.header.state.notes
    }

    pub(super) fn state(&self) -> &State {
        &self.header.state
    }

    /// Refuses another configuration, and other recordings, by the first key that differs.
    pub(super) fn check(&self, config: &TrainingConfig, recorded: Option<&Recorded>) -> anyhow::Result<()> {
        let (there, here) = (&self.header.config, keys(config, recorded)?);
        let differs = there.keys().chain(here.keys()).find(|key| there.get(*key) != here.get(*key));
        let Some(key) = differs else { return Ok(()) };
        let shown = |map: &Map<String, Value>| map.get(key).map_or("nothing".into(), Value::to_string);
        bail!("a checkpoint of another training: `{key}` is {} in it, and {} now", shown(there), shown(&here))
    }

    pub(super) fn section(&self, name: &str) -> anyhow::Result<&[u8]> {
        let mut start = self.start;
        for (section, length) in &self.header.sections {
            if section == name {
                return Ok(&self.bytes[start..start + length]);
            }
            start += length;
        }
        bail!("expected a checkpoint with a section `{name}`, got one without")
    }

    pub(super) fn weights(&self, name: &str) -> anyhow::Result<Weights> {
        Weights::from_bytes(self.section(name)?).with_context(|| format!("section `{name}`"))
    }
}

/// A configuration and recordings as keys and values, those of its parts under their own names.
fn keys(config: &TrainingConfig, recorded: Option<&Recorded>) -> anyhow::Result<Map<String, Value>> {
    let mut keys = Map::new();
    let Value::Object(config_keys) = serde_json::to_value(config)? else { bail!("a configuration is an object") };
    for (key, value) in config_keys {
        match value {
            Value::Object(part) => keys.extend(part),
            value => drop(keys.insert(key, value)),
        }
    }
    // Unsaid in a model card where they are the usual ones; here every key counts.
    if let Value::Object(optimisation) = serde_json::to_value(config.optimisation)? {
        keys.extend(optimisation);
    }
    keys.insert("cell".into(), serde_json::to_value(&config.cell)?);
    let recordings = recorded.map(|recorded| {
        recorded
            .recordings()
            .iter()
            .map(|learned| format!("{} weight {}", learned.recording().fingerprint(), learned.weight()))
            .collect::<Vec<_>>()
    });
    keys.insert("recording".into(), serde_json::to_value(recordings)?);
    Ok(keys)
}

/// All parameters of a network in the order of its parts, each with the number by which the optimiser knows it.
#[derive(Default)]
pub(super) struct Weights(Vec<(u64, Vec<f32>)>);

impl Weights {
    pub fn from_network(network: &Network) -> Self {
        let mut weights = Self::default();
        network.visit(&mut weights);
        weights
    }

    /// These, with a share of others of the same network in their place.
    pub fn mixed(mut self, others: &Self, share: f64) -> Self {
        for ((_, values), (_, others)) in self.0.iter_mut().zip(&others.0) {
            for (value, other) in values.iter_mut().zip(others) {
                *value = ((1.0 - share) * f64::from(*value) + share * f64::from(*other)) as f32;
            }
        }
        self
    }

    /// Number, length and values of each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, values) in &self.0 {
            bytes.extend(id.to_le_bytes());
            bytes.extend((values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        bytes
    }

    pub fn from_bytes(mut bytes: &[u8]) -> anyhow::Result<Self> {
        let mut weights = Vec::new();
        while !bytes.is_empty() {
            let (id, rest) = number(bytes)?;
            let (length, rest) = number(rest)?;
            let length = usize::try_from(length).ok().and_then(|length| length.checked_mul(4));
            let (values, rest) = length.and_then(|length| rest.split_at_checked(length)).context("cut short")?;
            let values =
                values.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            weights.push((id, values.collect()));
            bytes = rest;
        }
        Ok(Self(weights))
    }

    /// The network with these weights, recording operations as before.
    pub fn put_into(self, network: Network, device: &Device) -> Network {
        network.map(&mut Put { weights: self.0.into_iter(), device: device.clone().autodiff() })
    }
}

fn number(bytes: &[u8]) -> anyhow::Result<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk().context("cut short")?;
    Ok((u64::from_le_bytes(*number), rest))
}

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push((param.id.val(), to_vec(param.val())));
    }
}

struct Put {
    weights: std::vec::IntoIter<(u64, Vec<f32>)>,
    device: Device,
}

impl ModuleMapper for Put {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.val().dims();
        match self.weights.next() {
            Some((id, values)) if values.len() == shape.iter().product::<usize>() => {
                let tensor = Tensor::from_data(TensorData::new(values, shape), &self.device).require_grad();
                Param::initialized(ParamId::from(id), tensor)
            }
            // Another network than that of the checkpoint, whose configuration was found to be the same.
            _ => param,
        }
    }
}
