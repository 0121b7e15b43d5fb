use lane_frame::whole_file;
use lane_frame::{RgbImage, Size};
use lane_policy::device;
use lane_policy::preprocess::whiten;
use lane_policy::weights::{self, WeightsError};
use lane_policy::{Policy, PolicyKind};
use lane_testing::{card, file_with};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// A good file of a fresh policy, and the folder it lies in.
fn good_file(kind: PolicyKind) -> (tempfile::TempDir, std::path::PathBuf, Policy) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    let policy = Policy::init(kind, 3, &device::cpu());
    whole_file::write(&path, &weights::to_bytes(&policy, &card(kind)).unwrap()).unwrap();
    (folder, path, policy)
}

fn steering(policy: &Policy) -> f32 {
    let Size { width, height } = policy.input_size();
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, (x ^ y) as u8]));
    let input = whiten(&[&image], policy.input_size(), &device::cpu());
    let (output, _) = policy.forward(input, policy.zero_state(1, &device::cpu()), &[0.05], 1);
    output.steering()[0].0
}

fn refusal(bytes: &[u8], expected: Option<PolicyKind>) -> WeightsError {
    let refused = weights::from_bytes(bytes, Path::new("some/file"), expected, &device::cpu());
    let error = refused.expect_err("the file is refused");
    assert!(error.to_string().starts_with("some/file: "), "names the file: {error}");
    assert!(!error.to_string().contains('\n'), "one line: {error}");
    error
}

#[test]
fn every_policy_survives_the_round_trip_to_disk() {
    for kind in [PolicyKind::NCP, PolicyKind::CNN, PolicyKind::NCP_PAPER] {
        let (_folder, path, policy) = good_file(kind);
        let (loaded, _) = weights::load(&path, Some(kind), &device::cpu()).unwrap();
        assert_eq!(steering(&loaded), steering(&policy), "{kind}: same weights, same steering");
        assert_ne!(steering(&loaded), steering(&Policy::init(kind, 4, &device::cpu())));
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = weights::load(Path::new("no/such.safetensors"), None, &device::cpu()).unwrap_err();
    assert!(matches!(error, WeightsError::Io(..)) && error.to_string().contains("no/such.safetensors"), "{error}");
}

#[test]
fn an_empty_file_a_truncated_one_and_noise_are_refused_as_damaged() {
    let (_folder, path, _) = good_file(PolicyKind::NCP);
    let bytes = std::fs::read(&path).unwrap();
    let cuts = [0, 1, 7, 8, 100, bytes.len() / 2, bytes.len() - 1];
    for cut in cuts {
        assert!(matches!(refusal(&bytes[..cut], None), WeightsError::Damaged(..)), "cut at {cut}");
    }
    // A length field of 2^63 must not be believed.
    let mut lying = bytes;
    lying[7] = 0x80;
    assert!(matches!(refusal(&lying, None), WeightsError::Damaged(..)));
    assert!(matches!(refusal(&[0xAB; 4096], None), WeightsError::Damaged(..)));
}

#[test]
fn a_safetensors_file_of_somebody_else_is_refused_as_foreign() {
    let tensor = TensorView::new(Dtype::F32, vec![1], &[0, 0, 0, 0]).unwrap();
    let bytes = safetensors::serialize([("weight", tensor)], None).unwrap();
    assert!(matches!(refusal(&bytes, None), WeightsError::Foreign(..)));
}

#[test]
fn weights_of_another_policy_are_refused_with_both_names() {
    let (_folder, path, _) = good_file(PolicyKind::CNN);
    let error = refusal(&std::fs::read(path).unwrap(), Some(PolicyKind::NCP)).to_string();
    assert!(error.contains("`ncp`") && error.contains("`cnn`"), "{error}");
}

#[test]
fn a_missing_a_misshapen_a_superfluous_and_a_nan_tensor_are_refused_by_name() {
    let (_folder, path, _) = good_file(PolicyKind::CNN);
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let good: Vec<_> = file
        .iter()
        .map(|(name, tensor)| (name.to_string(), tensor.shape().to_vec(), lane_testing::numbers(&file, name)))
        .collect();
    let refused = |tensors: &[(String, Vec<usize>, Vec<f32>)]| {
        refusal(&file_with(&card(PolicyKind::CNN), tensors), None).to_string()
    };
    let at = good.iter().position(|(name, ..)| name == "encoder.conv.1.bias").unwrap();
    let mut missing = good.clone();
    missing.remove(at);
    assert!(refused(&missing).contains("`encoder.conv.1.bias` is missing"));
    let mut misshapen = good.clone();
    misshapen[at] = (good[at].0.clone(), vec![23], vec![0.0; 23]);
    assert!(refused(&misshapen).contains("expected shape [24], got [23]"));
    let mut superfluous = good.clone();
    superfluous.push(("extra".into(), vec![1], vec![0.0]));
    assert!(refused(&superfluous).contains("`extra`"));
    let mut spoiled = good;
    spoiled[at].2[5] = f32::NAN;
    assert!(refused(&spoiled).contains("expected finite numbers, got NaN"));
}

#[test]
fn a_card_that_cannot_be_understood_is_refused_with_the_reason() {
    let header = HashMap::from([("liquid_lane_model_card".into(), "{\"policy\": \"mlp\"}".into())]);
    let tensor = TensorView::new(Dtype::F32, vec![1], &[0, 0, 0, 0]).unwrap();
    let error = refusal(&safetensors::serialize([("weight", tensor)], Some(header)).unwrap(), None);
    assert!(matches!(error, WeightsError::Foreign(..)) && error.to_string().contains("mlp"), "{error}");
}

#[test]
fn random_damage_to_a_weights_file_is_refused_or_read_but_never_a_panic() {
    let (_folder, path, _) = good_file(PolicyKind::NCP);
    let good = std::fs::read(path).unwrap();
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for _ in 0..300 {
        let mut bytes = good.clone();
        // Most of the damage to the header, where it matters.
        for _ in 0..1 + draw(4) {
            let at = if draw(4) == 0 { draw(bytes.len()) } else { draw(4000) };
            bytes[at] = draw(256) as u8;
        }
        bytes.truncate(if draw(5) == 0 { draw(bytes.len()) } else { bytes.len() });
        refused += usize::from(weights::from_bytes(&bytes, Path::new("damaged"), None, &device::cpu()).is_err());
    }
    assert!(refused > 200, "{refused} of 300 refused");
}
