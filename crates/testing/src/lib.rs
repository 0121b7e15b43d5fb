//! Shared by the tests of several crates: reference files, weights files made on purpose, how near two tensors are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]

use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind, device};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::PathBuf;

/// A file of `tests/golden/`.
pub fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A tensor's numbers, whatever their width.
pub fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    match tensor.dtype() {
        Dtype::F64 => tensor.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()) as f32).collect(),
        Dtype::F32 => tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
        other => panic!("{name} is {other:?}"),
    }
}

/// Asserts that no number deviates by more than `tolerance` of the largest expected one.
pub fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: as many numbers");
    let scale = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = (got - expected).abs();
        // Not `off > …`: a NaN must fail.
        assert!(off <= tolerance * scale, "{what} at {at}: {got}, expected {expected}: {} of the largest", off / scale);
    }
}

/// Pseudo-random numbers in -0.5..0.5.
pub fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| draw()).collect()
}

/// A card that says no more than it must.
pub fn card(policy: PolicyKind) -> ModelCard {
    ModelCard {
        policy,
        parameters: 0,
        cell: policy.cell(),
        input: String::new(),
        output: String::new(),
        training: Default::default(),
        scores: Default::default(),
        views: Vec::new(),
    }
}

/// A weights file of these tensors.
pub fn file_with(card: &ModelCard, tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    let header = HashMap::from([("liquid_lane_model_card".into(), serde_json::to_string(card).unwrap())]);
    safetensors::serialize(views, Some(header)).unwrap()
}

/// Weights that load, since a file cannot hold NaN, and whose products overflow.
pub fn overflowing(kind: PolicyKind) -> Vec<u8> {
    let policy = Policy::init(kind, 1, &device::cpu());
    let bytes = weights::to_bytes(&policy, &card(kind)).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let huge: Vec<_> = file
        .iter()
        .map(|(name, tensor)| {
            let values = numbers(&file, name);
            (name.to_string(), tensor.shape().to_vec(), values.iter().map(|value| value.signum() * 3e37).collect())
        })
        .collect();
    file_with(&card(kind), &huge)
}
