use crate::support::{assert_close, golden, numbers};
use crate::weights::{card, file_with};
use liquid_lane::device;
use liquid_lane::frame::RgbImage;
use liquid_lane::policy::preprocess::{Whitened, whiten};
use liquid_lane::policy::wiring::{Synapse, Wiring};
use liquid_lane::policy::{CURVATURE_PER_OUTPUT, Policy, PolicyKind, to_vec, weights};
use liquid_lane::saliency::gradient::whitened_gradient;
use liquid_lane::saliency::visual_backprop::visual_backprop;
use safetensors::SafeTensors;
use std::path::Path;

/// Our name of each tensor of the reference's convolutional part, and its shape.
fn convolutions(file: &SafeTensors<'_>, prefix: &str) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let named = (1..=5).flat_map(|layer| ["weight", "bias"].map(|part| (layer, part)));
    let tensors = named.map(|(layer, part)| {
        let theirs = format!("{prefix}/conv{layer}.{part}");
        let shape = file.tensor(&theirs).unwrap().shape().to_vec();
        (format!("encoder.conv.{}.{part}", layer - 1), shape, numbers(file, &theirs))
    });
    tensors.collect()
}

fn frame(file: &SafeTensors<'_>) -> RgbImage {
    RgbImage::from_raw(200, 78, file.tensor("image_u8_hwc").unwrap().data().to_vec()).unwrap()
}

fn whitened(file: &SafeTensors<'_>, policy: &Policy) -> Whitened {
    whiten(&[&frame(file)], policy.input_size(), &device::cpu())
}

/// The reference's recurrent policy, through a weights file of ours.
fn ncp_paper(file: &SafeTensors<'_>) -> Policy {
    let mut tensors = convolutions(file, "ncp_head");
    for (ours, theirs, shape) in
        [("weight", "ncp_head/dense.weight", vec![8, 4, 250]), ("bias", "ncp_head/dense.bias", vec![8, 4])]
    {
        tensors.push((format!("head.features.{ours}"), shape, numbers(file, theirs)));
    }
    let wiring = Wiring::lane_keeping(22222);
    let pick = |name: &str, synapses: &[Synapse]| {
        let dense = numbers(file, &format!("ltc/{name}"));
        synapses.iter().map(|s| dense[s.source * wiring.units() + s.target]).collect::<Vec<_>>()
    };
    let mut add = |name: &str, values: Vec<f32>| tensors.push((format!("head.ltc.{name}"), vec![values.len()], values));
    for name in ["sensory_w", "sensory_mu", "sensory_sigma", "sensory_erev"] {
        add(name, pick(name, wiring.sensory_synapses()));
    }
    for name in ["w", "mu", "sigma", "erev"] {
        add(name, pick(name, wiring.synapses()));
    }
    for name in ["gleak", "vleak", "cm", "input_w", "input_b", "output_w", "output_b"] {
        add(name, numbers(file, &format!("ltc/{name}")));
    }
    let card = weights::ModelCard { wiring_seed: Some(22222), ..card(PolicyKind::NcpPaper) };
    let bytes = file_with(&card, &tensors);
    weights::from_bytes(&bytes, Path::new("reference"), Some(PolicyKind::NcpPaper), &device::cpu()).unwrap().0
}

/// The reference's step takes one unit of time.
const REFERENCE_STEP_SECS: f32 = liquid_lane::policy::ltc::TIME_UNIT_SECS;

#[test]
fn the_papers_recurrent_head_gives_the_references_steering_and_features() {
    let bytes = golden("vision_ncp_head.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let policy = ncp_paper(&file);
    let state = policy.zero_state(1, &device::cpu());
    let (output, _) = policy.forward(whitened(&file, &policy).input, state, &[REFERENCE_STEP_SECS], 1);
    let steering = output.steering()[0].0 / CURVATURE_PER_OUTPUT;
    assert_close("steering", &[steering], &numbers(&file, "steer_f64"), 5e-6);
    let [input_w, input_b] = ["ltc/input_w", "ltc/input_b"].map(|name| numbers(&file, name));
    let features = numbers(&file, "features_f64");
    let sensory: Vec<f32> = features.iter().zip(&input_w).zip(&input_b).map(|((x, w), b)| x * w + b).collect();
    assert_close("sensory", &to_vec(output.sensory.unwrap()), &sensory, 5e-6);
}

/// From the least to the largest value, as 0 to 1: the reference's maps are stored like that.
fn spread(values: &[f32]) -> Vec<f32> {
    let (least, most) = values.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
    values.iter().map(|value| (value - least) / (most - least)).collect()
}

#[test]
fn visual_backprop_is_algorithm_7_of_the_paper_for_both_of_its_encoders() {
    let bytes = golden("vision_ncp_head.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let policy = ncp_paper(&file);
    let state = policy.zero_state(1, &device::cpu());
    let (output, _) = policy.forward(whitened(&file, &policy).input, state, &[REFERENCE_STEP_SECS], 1);
    let map = visual_backprop(policy.kind().encoder(), &output.maps);
    // A product of five means, each within the 5e-6 of a forward pass.
    assert_close("recurrent head", &spread(&map.values), &numbers(&file, "vbp/ncp_deconv_f32"), 2.5e-5);

    let bytes = golden("vision_cnn_head.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = convolutions(&file, "cnn_head");
    // The dense layers do not reach the map.
    for (name, shape) in [
        ("head.hidden.0.weight", vec![1000, 4864]),
        ("head.hidden.0.bias", vec![1000]),
        ("head.hidden.1.weight", vec![100, 1000]),
        ("head.hidden.1.bias", vec![100]),
        ("head.output", vec![1, 100]),
    ] {
        let count = shape.iter().product();
        tensors.push((name.into(), shape, vec![0.0; count]));
    }
    let bytes = file_with(&card(PolicyKind::CnnPaper), &tensors);
    let (policy, _) = weights::from_bytes(&bytes, Path::new("reference"), None, &device::cpu()).unwrap();
    let state = policy.zero_state(1, &device::cpu());
    let (output, _) = policy.forward(whitened(&file, &policy).input, state, &[REFERENCE_STEP_SECS], 1);
    let map = visual_backprop(policy.kind().encoder(), &output.maps);
    assert_close("CNN", &spread(&map.values), &numbers(&file, "vbp/cnn_deconv_f32"), 2.5e-5);
}

#[test]
fn the_input_gradient_through_the_liquid_neurons_is_the_references() {
    let bytes = golden("vision_ncp_head.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let policy = ncp_paper(&file);
    let recorder = policy.recording(&device::cpu());
    let state = policy.zero_state(1, &device::cpu());
    let gradient = whitened_gradient(&recorder, &whitened(&file, &policy), state, REFERENCE_STEP_SECS);
    let reference = numbers(&file, "input_grad_f32");
    let pixels = 200 * 78;
    let by_pixel: Vec<f32> =
        (0..pixels).flat_map(|pixel| (0..3).map(move |c| c * pixels + pixel)).map(|at| reference[at]).collect();
    assert_close("gradient", &gradient, &by_pixel, 5e-5);
}
