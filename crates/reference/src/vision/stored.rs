//! Tensors of a reference file, every one read and judged or known not to be.

use anyhow::{Context as _, bail, ensure};
use lane_policy::interchange::{Array, StateDict};
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use std::collections::BTreeSet;

/// How far a recomputed tensor is from the stored one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    /// Name of the stored tensor.
    pub what: String,
    /// Largest deviation, as a share of the largest stored absolute value; infinite if a number is not one.
    pub of_largest: f64,
    /// What is still in order, and why that much is said where it is chosen.
    pub tolerance: f64,
}

impl Deviation {
    /// Whether it is in order.
    pub fn is_within(&self) -> bool {
        self.of_largest <= self.tolerance
    }
}

/// A reference file while it is checked.
pub(super) struct Stored<'a> {
    tensors: &'a SafeTensors<'a>,
    read: BTreeSet<String>,
    deviations: Vec<Deviation>,
}

impl<'a> Stored<'a> {
    pub fn new(tensors: &'a SafeTensors<'a>) -> Self {
        Self { tensors, read: BTreeSet::new(), deviations: Vec::new() }
    }

    /// The bytes of a tensor of this type and shape.
    pub fn bytes(&mut self, name: &str, dtypes: &[Dtype], shape: &[usize]) -> anyhow::Result<(&'a [u8], Dtype)> {
        let tensor = self.tensors.tensor(name).with_context(|| format!("tensor `{name}` is missing"))?;
        let (found, dtype) = (tensor.shape(), tensor.dtype());
        ensure!(found == shape, "tensor `{name}`: expected shape {shape:?}, got {found:?}");
        ensure!(dtypes.contains(&dtype), "tensor `{name}`: expected {dtypes:?}, got {dtype:?}");
        self.read.insert(name.into());
        Ok((tensor.data(), dtype))
    }

    /// The numbers of a tensor of this shape.
    pub fn numbers(&mut self, name: &str, shape: &[usize]) -> anyhow::Result<Vec<f64>> {
        let (bytes, dtype) = self.bytes(name, &[Dtype::F32, Dtype::F64], shape)?;
        let numbers: Vec<f64> = match dtype {
            Dtype::F64 => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
            _ => bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
        };
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(number) => bail!("tensor `{name}`: expected finite numbers, got {number}"),
            None => Ok(numbers),
        }
    }

    /// The numbers of a parameter, which 32 bits hold in the reference too.
    pub fn parameter(&mut self, name: &str, shape: &[usize]) -> anyhow::Result<Vec<f32>> {
        let numbers = self.numbers(name, shape)?;
        match numbers.iter().find(|number| !(**number as f32).is_finite()) {
            Some(number) => bail!("tensor `{name}`: expected 32-bit numbers, got {number}"),
            None => Ok(numbers.into_iter().map(|number| number as f32).collect()),
        }
    }

    /// All parameters whose names have a prefix, without it.
    pub fn dict(&mut self, prefix: &str) -> anyhow::Result<StateDict> {
        let mut dict = StateDict::default();
        for (name, tensor) in self.tensors.tensors() {
            if let Some(short) = name.strip_prefix(prefix) {
                let shape = tensor.shape().to_vec();
                dict.insert(short, Array { values: self.parameter(&name, &shape)?, shape });
            }
        }
        Ok(dict)
    }

    /// Holds a result against the stored one.
    pub fn compare(&mut self, name: &str, shape: &[usize], computed: &[f32], tolerance: f64) -> anyhow::Result<()> {
        let stored = self.numbers(name, shape)?;
        let computed: Vec<f64> = computed.iter().copied().map(f64::from).collect();
        self.judge(name, &computed, &stored, tolerance);
        Ok(())
    }

    /// Notes how far numbers are from those that a stored tensor leads to, as a share of the largest.
    pub fn judge(&mut self, what: &str, computed: &[f64], expected: &[f64], tolerance: f64) {
        let largest = expected.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        self.judge_by(what, computed, expected, largest, tolerance);
    }

    /// The same as a share of something else than the largest number.
    ///
    /// # Panics
    /// If there is not one computed number per expected one.
    pub fn judge_by(&mut self, what: &str, computed: &[f64], expected: &[f64], largest: f64, tolerance: f64) {
        assert_eq!(computed.len(), expected.len(), "{what}: as many numbers computed as stored");
        let off = |(computed, expected): (&f64, &f64)| {
            let off = (computed - expected).abs();
            if off.is_nan() { f64::INFINITY } else { off }
        };
        let deviation = computed.iter().zip(expected).map(off).fold(0.0, f64::max);
        // Of a tensor of zeros the deviation itself.
        let of_largest = if largest > 0.0 { deviation / largest } else { deviation };
        self.deviations.push(Deviation { what: what.into(), of_largest, tolerance });
    }

    /// The deviations, and the names of tensors that nobody asked for.
    pub fn finish(self) -> (Vec<Deviation>, Vec<String>) {
        let mut unread: Vec<String> =
            self.tensors.names().into_iter().filter(|name| !self.read.contains(*name)).map(String::from).collect();
        unread.sort();
        (self.deviations, unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_is_infinitely_far() {
        let bytes =
            safetensors::serialize(std::iter::empty::<(&str, safetensors::tensor::TensorView<'_>)>(), None).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let mut stored = Stored::new(&tensors);
        stored.judge("nan", &[f64::NAN, 0.0], &[1.0, 0.0], 1e9);
        stored.judge("half", &[1.0, -4.0], &[3.0, -4.0], 0.5);
        let (deviations, _) = stored.finish();
        assert_eq!((deviations[0].of_largest, deviations[0].is_within()), (f64::INFINITY, false));
        assert_eq!((deviations[1].of_largest, deviations[1].is_within()), (0.5, true));
    }
}
