//! The two policies of Lechner et al. 2020 with the weights of a reference file.

use super::stored::Stored;
use crate::wiring::spec_of;
use anyhow::{Context as _, anyhow, ensure};
use burn::store::{ModuleSnapshot as _, SafetensorsStore};
use burn::tensor::Device;
use lane_policy::cell::{Cell, CellSpec, CoreSpec, LtcSpec, WiringSource};
use lane_policy::encoder::{ConvLayer, EncoderKind};
use lane_policy::{FEATURES, Policy, PolicyKind, interchange};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

/// What the reference calls its two encoders.
pub(super) const RECURRENT: &str = "ncp_head";
pub(super) const CONVOLUTIONAL: &str = "cnn_head";

/// The recurrent policy: encoder, dense layer per filter, liquid neurons whose wiring is held against the stored masks.
pub(super) fn recurrent(stored: &mut Stored<'_>, case: &Value, device: &Device) -> anyhow::Result<Policy> {
    check_encoder(EncoderKind::Paper, case, RECURRENT)?;
    let cell = neurons(stored, case, device)?;
    let policy = Policy::init_with(PolicyKind::NCP_PAPER, Some(cell.spec()), 0, device).with_cell(cell);
    with_weights(policy, |name, shape| {
        let theirs = convolution(name).or_else(|| Some(format!("dense.{}", name.strip_prefix("head.features.")?)));
        theirs.map(|theirs| stored.parameter(&format!("{RECURRENT}/{theirs}"), shape)).transpose()
    })
}

/// The CNN, of which the reference has the convolutions; the dense layers reach none of its results.
pub(super) fn convolutional(stored: &mut Stored<'_>, case: &Value, device: &Device) -> anyhow::Result<Policy> {
    check_encoder(EncoderKind::PaperCnn, case, CONVOLUTIONAL)?;
    with_weights(Policy::init(PolicyKind::CNN_PAPER, 0, device), |name, shape| {
        convolution(name).map(|theirs| stored.parameter(&format!("{CONVOLUTIONAL}/{theirs}"), shape)).transpose()
    })
}

/// Refuses a case whose convolutions are others than ours: `[filters, kernel, stride, padding]` each.
fn check_encoder(ours: EncoderKind, case: &Value, name: &str) -> anyhow::Result<()> {
    let row = |layer: &ConvLayer| [layer.filters, layer.kernel, layer.stride, layer.padding];
    let ours: Vec<_> = ours.layers().iter().map(row).collect();
    let theirs = &case[name];
    ensure!(*theirs == serde_json::json!(ours), "`{name}`: expected convolutions {ours:?}, got {theirs}");
    Ok(())
}

/// Liquid neurons as ncps has them by default, in the wiring of the case.
fn neurons(stored: &mut Stored<'_>, case: &Value, device: &Device) -> anyhow::Result<Cell> {
    let wiring = spec_of(&case["wiring"]).map_err(|why| anyhow!("`wiring`: {why}"))?;
    let spec = CellSpec::from(CoreSpec::Ltc(LtcSpec::new(WiringSource::draw(wiring)?)));
    let (inputs, outputs) = (spec.core.inputs(), spec.outputs());
    let fits = inputs == FEATURES && outputs == 1;
    ensure!(fits, "`wiring`: expected {FEATURES} inputs and 1 output, got {inputs} and {outputs}");
    interchange::import(&stored.dict("ltc/")?, &spec, device).context("liquid neurons")
}

/// What the reference calls `encoder.conv.0.weight`: `conv1.weight`.
fn convolution(name: &str) -> Option<String> {
    let (index, part) = name.strip_prefix("encoder.conv.")?.split_once('.')?;
    Some(format!("conv{}.{part}", index.parse::<usize>().ok()? + 1))
}

/// A parameter of a policy by its name, its shape, and the bytes of its numbers.
type Replacement = (String, Vec<usize>, Vec<u8>);

/// The policy with those parameters replaced for whose name and shape `values` has numbers.
fn with_weights(
    policy: Policy,
    mut values: impl FnMut(&str, &[usize]) -> anyhow::Result<Option<Vec<f32>>>,
) -> anyhow::Result<Policy> {
    let mut replaced: Vec<Replacement> = Vec::new();
    for tensor in policy.network().collect(None, None, true) {
        let (name, shape) = (tensor.name.to_string(), tensor.shape.to_vec());
        if let Some(values) = values(&name, &shape)? {
            replaced.push((name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
        }
    }
    let views = replaced.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    let bytes = safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, None)?;
    let mut network = policy.network().clone();
    network.load_from(&mut SafetensorsStore::from_bytes(Some(bytes)).skip_enum_variants(true).allow_partial(true))?;
    Ok(policy.with_network(network))
}
