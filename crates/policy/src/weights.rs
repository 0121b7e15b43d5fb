//! Weights on disk: safetensors with a model card in the header. Everything is checked before it is believed.

use super::cell::CellSpec;
use super::interchange::one_line;
use super::{FEATURES, FirstWeights, Network, Policy, PolicyKind};
use burn::module::Module as _;
use burn::store::{ModuleSnapshot as _, SafetensorsStore};
use burn::tensor::Device;
use lane_frame::Size;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where in the file's header the model card lies.
const CARD_KEY: &str = "liquid_lane_model_card";

/// Larger files are refused unread: the largest policy has 5.1 million parameters, 20 MB.
const MAX_BYTES: u64 = 256 << 20;

/// What is written down about trained weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Which policy they are of.
    pub policy: PolicyKind,
    /// Trainable numbers in all.
    pub parameters: usize,
    /// What its cell is made of, for heads with one.
    #[serde(default)]
    pub cell: Option<CellSpec>,
    /// `width x height` of the input and the meaning of the output.
    pub input: String,
    /// Unit and sign of the output.
    pub output: String,
    /// How they were made: command, seed, revision, data, augmentation, duration.
    pub training: BTreeMap<String, serde_json::Value>,
    /// Figures measured after training.
    pub scores: BTreeMap<String, serde_json::Value>,
    /// The part of recorded pictures that it was trained on, where that is its own choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<RecordedView>,
}

/// The part of the pictures of one recording format that a policy was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedView {
    /// Name of the format on the command line, such as `udacity-sim`.
    pub format: String,
    /// Left, top, width and height as shares of the picture's width and height.
    pub crop: [f64; 4],
}

impl RecordedView {
    /// Stands for every format.
    pub const ANY_FORMAT: &str = "*";

    /// Whether it is of this format's pictures.
    pub fn is_for(&self, format: &str) -> bool {
        self.format == format || self.format == Self::ANY_FORMAT
    }

    /// Left, top, width and height in a picture of this size: at least one pixel, and inside.
    pub fn crop_px(&self, size: Size) -> [u32; 4] {
        let along = |start: f64, length: f64, end: u32| {
            let start = ((start * f64::from(end)).round() as u32).min(end - 1);
            (start, ((length * f64::from(end)).round() as u32).clamp(1, end - start))
        };
        let [left, top, width, height] = self.crop;
        let (left, width) = along(left, width, size.width);
        let (top, height) = along(top, height, size.height);
        [left, top, width, height]
    }
}

/// Why weights cannot be used: the file, what was expected and what was found.
#[derive(Debug)]
pub enum WeightsError {
    /// The file cannot be read.
    Io(PathBuf, std::io::Error),
    /// Not a safetensors file, or a damaged one.
    Damaged(PathBuf, String),
    /// Sound, but not weights of this program: the card is missing or says something else.
    Foreign(PathBuf, String),
    /// Weights of another policy.
    OtherPolicy {
        /// The file.
        path: PathBuf,
        /// The policy asked for.
        expected: PolicyKind,
        /// The policy whose weights these are.
        found: PolicyKind,
    },
    /// A tensor is missing, superfluous, of another shape, or holds something that is not a number.
    Tensor(PathBuf, String),
}

impl std::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, what) = match self {
            Self::Io(path, error) => (path, format!("cannot be read: {error}")),
            Self::Damaged(path, why) => {
                (path, format!("expected a whole safetensors file, got a damaged or empty one ({why})"))
            }
            Self::Foreign(path, why) => (
                path,
                format!(
                    "expected weights written by `liquid-lane train`, got a safetensors file whose model card {why}"
                ),
            ),
            Self::OtherPolicy { path, expected, found } => {
                (path, format!("expected weights of policy `{expected}`, got weights of `{found}`"))
            }
            Self::Tensor(path, what) => (path, what.clone()),
        };
        write!(f, "{}: {}", one_line(&path.display().to_string()), one_line(&what))
    }
}

impl std::error::Error for WeightsError {}

/// Weights and their card as the bytes of a file. The same weights and card give the same bytes.
///
/// # Errors
/// When a card cannot be put into words.
pub fn to_bytes(policy: &Policy, card: &ModelCard) -> anyhow::Result<Vec<u8>> {
    // The card alone: several entries would be written in an order that differs from run to run.
    let store = SafetensorsStore::from_bytes(None).clear_metadata().metadata(CARD_KEY, serde_json::to_string(card)?);
    let mut store = store.skip_enum_variants(true);
    policy.network.valid().save_into(&mut store)?;
    Ok(store.get_bytes()?)
}

/// Reads weights from a file. `expected` says which policy they must be of, if that matters.
///
/// # Errors
/// Refuses what [`WeightsError`] lists, naming the file.
pub fn load(path: &Path, expected: Option<PolicyKind>, device: &Device) -> Result<(Policy, ModelCard), WeightsError> {
    from_bytes(&read(path)?, path, expected, device)
}

/// All bytes of a file that is not too large for weights.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path) -> Result<Vec<u8>, WeightsError> {
    let io = |error| WeightsError::Io(path.into(), error);
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(WeightsError::Damaged(path.into(), "not a file".into()));
    }
    let length = metadata.len();
    if length > MAX_BYTES {
        let why = format!("{length} bytes; no policy has more than {MAX_BYTES}");
        return Err(WeightsError::Damaged(path.into(), why));
    }
    std::fs::read(path).map_err(io)
}

/// Reads weights from memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(
    bytes: &[u8],
    name: &Path,
    expected: Option<PolicyKind>,
    device: &Device,
) -> Result<(Policy, ModelCard), WeightsError> {
    let damaged = |error: safetensors::SafeTensorError| WeightsError::Damaged(name.into(), error.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let card = header.metadata().as_ref().and_then(|metadata| metadata.get(CARD_KEY));
    let card = card.ok_or_else(|| WeightsError::Foreign(name.into(), "is missing".into()))?;
    let card: ModelCard = serde_json::from_str(card)
        .map_err(|error| WeightsError::Foreign(name.into(), format!("cannot be understood ({error})")))?;
    if let Some(expected) = expected.filter(|expected| *expected != card.policy) {
        return Err(WeightsError::OtherPolicy { path: name.into(), expected, found: card.policy });
    }
    check_cell(&card).map_err(|what| WeightsError::Foreign(name.into(), what))?;
    let policy = Policy::build(card.policy, card.cell.as_ref(), &mut FirstWeights::blank(device));
    check_tensors(&tensors, &policy.network).map_err(|what| WeightsError::Tensor(name.into(), what))?;
    let mut network = policy.network.clone();
    let mut store = SafetensorsStore::from_bytes(Some(bytes.to_vec())).skip_enum_variants(true);
    network.load_from(&mut store).map_err(|error| WeightsError::Damaged(name.into(), error.to_string()))?;
    Ok((policy.with_network(network), card))
}

/// Holds the cell against what a policy of its kind can have.
fn check_cell(card: &ModelCard) -> Result<(), String> {
    match (&card.cell, card.policy.has_memory()) {
        (None, false) => Ok(()),
        (Some(_), false) => Err(format!("names a cell, which policy `{}` does not have", card.policy)),
        (None, true) => Err(format!("names no cell, which policy `{}` has", card.policy)),
        (Some(cell), true) => {
            cell.check().map_err(|error| format!("has a cell that cannot be built: {error}"))?;
            if !card.policy.takes(cell) {
                return Err(format!("names a cell of another kind than policy `{}` has", card.policy));
            }
            match (cell.core.inputs(), cell.outputs()) {
                (FEATURES, 1) => Ok(()),
                (inputs, outputs) => Err(format!(
                    "has a cell of {inputs} inputs and {outputs} outputs; one that steers has {FEATURES} and 1"
                )),
            }
        }
    }
}

/// Holds every tensor against the network that is to take it.
fn check_tensors(tensors: &SafeTensors<'_>, network: &Network) -> Result<(), String> {
    let expected: BTreeMap<String, Vec<usize>> = network
        .collect(None, None, true)
        .into_iter()
        .map(|tensor| (tensor.name.to_string(), tensor.shape.to_vec()))
        .collect();
    for (name, shape) in &expected {
        let tensor = tensors.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
        if tensor.shape() != shape {
            return Err(format!("tensor `{name}`: expected shape {shape:?}, got {:?}", tensor.shape()));
        }
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("tensor `{name}`: expected 32-bit floats, got {:?}", tensor.dtype()));
        }
        let mut values =
            tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        if let Some(value) = values.find(|value| !value.is_finite()) {
            return Err(format!("tensor `{name}`: expected finite numbers, got {value}"));
        }
    }
    match tensors.names().into_iter().find(|name| !expected.contains_key(*name)) {
        Some(extra) => Err(format!("tensor `{extra}` belongs to no part of this policy")),
        None => Ok(()),
    }
}
