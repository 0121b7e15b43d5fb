//! One file of reference tensors.

use super::Deviation;
use anyhow::{Context as _, bail, ensure};
use lane_policy::interchange::{Array, StateDict};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Larger fixtures are refused unread; those known have 2 MB.
const MAX_BYTES: u64 = 256 << 20;

/// A fixture: whole and every number of it finite.
#[derive(Debug)]
pub(super) struct Fixture {
    bytes: Vec<u8>,
}

/// Numbers of a tensor in 64 bits, and its shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Numbers {
    /// The same in 32 bits.
    pub fn narrow(&self) -> Vec<f32> {
        self.values.iter().map(|value| *value as f32).collect()
    }
}

impl Fixture {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let length = std::fs::metadata(path).context("cannot be read")?.len();
        ensure!(length <= MAX_BYTES, "expected at most {MAX_BYTES} bytes, got {length}");
        let fixture = Self { bytes: std::fs::read(path).context("cannot be read")? };
        let tensors = SafeTensors::deserialize(&fixture.bytes).context("expected a whole safetensors file")?;
        for (name, view) in tensors.tensors() {
            let values = numbers(&name, &view)?.values;
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                bail!("tensor `{name}`: expected finite numbers, got {value}");
            }
        }
        Ok(fixture)
    }

    /// Calls back with the tensors of the file.
    pub fn with_tensors<T>(&self, use_them: impl FnOnce(&SafeTensors<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        use_them(&SafeTensors::deserialize(&self.bytes)?)
    }

    /// Holds the file against the types and shapes that a manifest lists.
    pub fn check_shapes(&self, listed: &serde_json::Value) -> anyhow::Result<()> {
        let Some(listed) = listed.as_object() else { return Ok(()) };
        self.with_tensors(|tensors| {
            for (name, entry) in listed {
                let expected: (String, Vec<usize>) = serde_json::from_value(entry.clone())
                    .with_context(|| format!("manifest.json, tensor `{name}`: expected a type and a shape"))?;
                let view = tensors.tensor(name).with_context(|| format!("tensor `{name}` is missing"))?;
                let got = view.shape();
                ensure!(got == expected.1, "tensor `{name}`: expected shape {:?}, got {got:?}", expected.1);
            }
            Ok(())
        })
    }

    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        self.with_tensors(|tensors| Ok(tensors.names().into_iter().map(str::to_owned).collect()))
    }

    pub fn get(&self, name: &str) -> anyhow::Result<Option<Numbers>> {
        self.with_tensors(|tensors| tensors.tensor(name).ok().map(|view| numbers(name, &view)).transpose())
    }

    pub fn need(&self, name: &str) -> anyhow::Result<Numbers> {
        self.get(name)?.with_context(|| format!("tensor `{name}` is missing"))
    }

    /// The tensors below a prefix, in 32 bits.
    pub fn dict(&self, prefix: &str) -> anyhow::Result<StateDict> {
        let mut dict = StateDict::default();
        for name in self.names()? {
            if let Some(short) = name.strip_prefix(prefix) {
                let numbers = self.need(&name)?;
                dict.insert(short, Array { values: numbers.narrow(), shape: numbers.shape });
            }
        }
        Ok(dict)
    }
}

fn numbers(name: &str, view: &TensorView<'_>) -> anyhow::Result<Numbers> {
    let data = view.data();
    let values = match view.dtype() {
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        Dtype::U8 => data.iter().map(|byte| f64::from(*byte)).collect(),
        other => bail!("tensor `{name}`: expected floating point numbers or bytes, got {other:?}"),
    };
    Ok(Numbers { shape: view.shape().to_vec(), values })
}

/// Compares ours with the reference. A reference of zeros is compared as it is.
pub(super) fn compare(what: &str, ours: &[f32], reference: &Numbers, tolerance: f64) -> anyhow::Result<Deviation> {
    let count = reference.values.len();
    ensure!(ours.len() == count, "tensor `{what}`: expected {} numbers, got {count}", ours.len());
    let pairs = ours.iter().zip(&reference.values);
    let mut difference = 0.0_f64;
    for (ours, theirs) in pairs {
        let off = (f64::from(*ours) - theirs).abs();
        // `max` would pass over a NaN.
        difference = if off.is_nan() { f64::INFINITY } else { difference.max(off) };
    }
    let scale = reference.values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let of_largest = if scale > 0.0 { difference / scale } else { difference };
    Ok(Deviation { what: what.into(), of_largest, tolerance })
}
