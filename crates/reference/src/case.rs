//! The settings of a fixture, as its manifest states them.

use crate::wiring::spec_of;
use anyhow::{Context as _, Error, anyhow, bail};
use lane_policy::cell::{
    Activation, CellSpec, CfcMode, CfcSpec, Constraint, CoreSpec, CtRnnSpec, GateOrder, LstmSpec, LtcSpec, Mapping,
    WiredCfcSpec, WiringSource,
};
use lane_policy::solver::Solver;
use serde::Deserialize;
use serde_json::Value;

/// What a fixture holds.
pub(super) enum Case {
    /// A cell over sequences, with gradients.
    Cell(CellCase),
    /// Steps of the optimiser on a cell.
    Adam(AdamCase),
    /// A frame through the paper's encoders, with maps.
    Vision(Value),
    /// Something that no part of this program computes.
    Unknown(String),
}

/// A cell over sequences.
pub(super) struct CellCase {
    pub spec: CellSpec,
    /// Length of every step where the fixture has no tensor of lengths.
    pub elapsed: f32,
}

/// Steps of the optimiser: loss Σ w·e² / Σ w with w = exp(alpha·|target|).
pub(super) struct AdamCase {
    pub spec: CellSpec,
    pub settings: AdamSettings,
}

#[derive(Deserialize)]
pub(super) struct AdamSettings {
    pub iters: usize,
    pub lr: f64,
    pub alpha: f64,
    pub clip_norm: Option<f32>,
}

impl Case {
    /// Tells the kinds apart by the settings that only one of them has.
    pub fn read(case: &Value) -> anyhow::Result<Self> {
        let has = |key: &str| case.get(key).is_some();
        if has("ig_steps") {
            return Ok(Self::Vision(case.clone()));
        }
        if has("iters") {
            let settings = serde_json::from_value(case.clone()).context("manifest.json, settings of the optimiser")?;
            return Ok(Self::Adam(AdamCase { spec: CellSpec::from(liquid(case)?), settings }));
        }
        let plain = |core: anyhow::Result<CoreSpec>| Ok(CellSpec::from(core?));
        let spec: anyhow::Result<CellSpec> = if has("core") {
            mixed(case)
        } else if has("flavour") {
            lstm(case)
        } else if has("delta") {
            ct_rnn(case)
        } else if has("wiring") && has("mode") {
            plain(wired_closed_form(case))
        } else if has("wiring") && has("unfolds") {
            plain(liquid(case))
        } else if has("hidden") && has("mode") {
            plain(closed_form(case))
        } else {
            let settings: Vec<_> = case.as_object().into_iter().flat_map(|case| case.keys()).cloned().collect();
            return Ok(Self::Unknown(format!(
                "a kind of fixture that is not known; its settings: {}",
                settings.join(", ")
            )));
        };
        let spec = spec?;
        spec.check()?;
        let elapsed = match case.get("delta") {
            Some(_) => number(case, "delta")? * number(case, "unfolds")?,
            None => 1.0,
        };
        Ok(Self::Cell(CellCase { spec, elapsed: elapsed as f32 }))
    }
}

fn mixed(case: &Value) -> anyhow::Result<CellSpec> {
    let core = match text(case, "core")? {
        "ltc" => liquid(case)?,
        "cfc" => closed_form(case)?,
        "wired" => wired_closed_form(case)?,
        other => bail!("manifest.json, `core`: expected ltc, cfc or wired, got {other}"),
    };
    let readout = if case.get("proj").is_some_and(|proj| !proj.is_null()) { Some(count(case, "proj")?) } else { None };
    Ok(CellSpec { core, mixed_memory: true, readout })
}

fn liquid(case: &Value) -> anyhow::Result<CoreSpec> {
    let softplus = case.get("implicit").and_then(Value::as_bool).unwrap_or(false);
    let defaults = LtcSpec::new(wiring(case)?);
    Ok(CoreSpec::Ltc(LtcSpec {
        unfolds: optional(case, "unfolds", count)?.unwrap_or(defaults.unfolds),
        epsilon: optional(case, "epsilon", number)?.unwrap_or(defaults.epsilon),
        constraint: if softplus { Constraint::Softplus } else { Constraint::Explicit },
        input_mapping: mapping(case, "input_mapping")?,
        output_mapping: mapping(case, "output_mapping")?,
        ..defaults
    }))
}

fn closed_form(case: &Value) -> anyhow::Result<CoreSpec> {
    let layers = optional(case, "layers", count)?.unwrap_or(1);
    Ok(CoreSpec::Cfc(CfcSpec {
        inputs: count(case, "input")?,
        units: count(case, "hidden")?,
        mode: mode(case)?,
        backbone_units: count(case, "units")?,
        backbone_layers: layers,
        activation: optional(case, "activation", text)?
            .map_or(Ok(Activation::default()), str::parse)
            .map_err(Error::msg)?,
    }))
}

fn wired_closed_form(case: &Value) -> anyhow::Result<CoreSpec> {
    Ok(CoreSpec::WiredCfc(WiredCfcSpec { wiring: wiring(case)?, mode: mode(case)? }))
}

fn lstm(case: &Value) -> anyhow::Result<CellSpec> {
    let (inputs, units) = (count(case, "input")?, count(case, "hidden")?);
    let (gates, readout) = match text(case, "flavour")? {
        "ncps" => (GateOrder::Ncps, None),
        "torch" => (GateOrder::Torch, Some(1)),
        other => bail!("manifest.json, `flavour`: expected ncps or torch, got {other}"),
    };
    Ok(CellSpec { core: CoreSpec::Lstm(LstmSpec { inputs, units, gates }), mixed_memory: false, readout })
}

fn ct_rnn(case: &Value) -> anyhow::Result<CellSpec> {
    let core = CoreSpec::CtRnn(CtRnnSpec {
        inputs: count(case, "input")?,
        units: count(case, "hidden")?,
        tau: number(case, "tau")?,
        clip: number(case, "clip")?,
        unfolds: count(case, "unfolds")?,
        solver: Solver::Euler,
    });
    Ok(CellSpec { core, mixed_memory: false, readout: Some(1) })
}

fn wiring(case: &Value) -> anyhow::Result<WiringSource> {
    let spec = spec_of(&case["wiring"]).map_err(|why| anyhow!("manifest.json, `wiring`: {why}"))?;
    Ok(WiringSource::draw(spec)?)
}

fn mode(case: &Value) -> anyhow::Result<CfcMode> {
    optional(case, "mode", text)?.map_or(Ok(CfcMode::Default), str::parse).map_err(Error::msg)
}

/// A mapping that is not named is ncps' default; one that is null is none.
fn mapping(case: &Value, key: &str) -> anyhow::Result<Mapping> {
    match case.get(key) {
        None => Ok(Mapping::Affine),
        Some(Value::Null) => Ok(Mapping::None),
        Some(_) => match text(case, key)? {
            "affine" => Ok(Mapping::Affine),
            "linear" => Ok(Mapping::Linear),
            other => bail!("manifest.json, `{key}`: expected affine, linear or null, got {other}"),
        },
    }
}

fn optional<'a, T>(
    case: &'a Value,
    key: &str,
    read: impl Fn(&'a Value, &str) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    case.get(key).filter(|value| !value.is_null()).map(|_| read(case, key)).transpose()
}

fn text<'a>(case: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    case[key].as_str().with_context(|| format!("manifest.json: expected a text `{key}`, got {}", case[key]))
}

fn number(case: &Value, key: &str) -> anyhow::Result<f64> {
    case[key].as_f64().with_context(|| format!("manifest.json: expected a number `{key}`, got {}", case[key]))
}

fn count(case: &Value, key: &str) -> anyhow::Result<usize> {
    let count = case[key].as_u64().and_then(|count| usize::try_from(count).ok());
    count.with_context(|| format!("manifest.json: expected a whole number `{key}`, got {}", case[key]))
}
