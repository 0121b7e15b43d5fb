//! Recomputes stored reference numbers of a picture's way through the networks of Lechner et al. 2020 and of every map
//! of it: a file that PyTorch, ncps and captum made in 64 bits, whatever its weights, picture and wiring seed.

mod networks;
mod stored;

pub use stored::Deviation;

use anyhow::Context as _;
use burn::tensor::{Device, Tensor};
use lane_frame::{RgbImage, Size};
use lane_policy::conv::FeatureMap;
use lane_policy::encoder::EncoderKind;
use lane_policy::saliency::Situation;
use lane_policy::saliency::grad_cam::last_map_attribution;
use lane_policy::saliency::gradient::whitened_gradient;
use lane_policy::saliency::integrated_gradients::whitened_shares;
use lane_policy::saliency::plane::Plane;
use lane_policy::saliency::quadrature::Quadrature;
use lane_policy::saliency::visual_backprop::{released_convolutional, released_recurrent, visual_backprop};
use lane_policy::{Eye, Policy, PolicyOutput, Seen, to_vec};
use networks::{CONVOLUTIONAL, RECURRENT};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use stored::Stored;

/// What 32 bits may differ from 64, as a share of a tensor's largest value: forward, and for gradients.
const FORWARD: f64 = 5e-6;
const GRADIENT: f64 = 5e-5;

/// A ReLU whose input is 0 but for rounding is open in 32 bits and shut in 64, or the other way round: at one of n
/// steps of an integral that moves the pixels under it by an n-th of their gradient. PyTorch's own 32 bits do the same.
/// The most seen in nine files was 0.05/n of the largest share.
const FLIPPED_RELU: f64 = 0.1;

/// Points of an integral that a file may ask for: a few seconds of work at most.
const MOST_STEPS: std::ops::RangeInclusive<u64> = 2..=1000;

/// What came of a reference file.
#[derive(Clone, Debug)]
pub struct VisionCheck {
    /// Every stored result, recomputed.
    pub deviations: Vec<Deviation>,
    /// Stored tensors that no result or parameter of ours belongs to: they were not run.
    pub not_run: Vec<String>,
}

impl VisionCheck {
    /// Whether everything was run and nothing is over its tolerance.
    pub fn is_passed(&self) -> bool {
        self.not_run.is_empty() && self.deviations.iter().all(Deviation::is_within)
    }
}

/// Runs everything in a reference file: `tensors`, and `case`, the manifest's words about it.
///
/// # Errors
/// If a tensor is missing, of another shape or type, or not finite, or the case describes networks that are not ours.
pub fn check_vision(tensors: &SafeTensors<'_>, case: &Value, device: &Device) -> anyhow::Result<VisionCheck> {
    let mut stored = Stored::new(tensors);
    let recurrent = networks::recurrent(&mut stored, case, device)?;
    let convolutional = networks::convolutional(&mut stored, case, device)?;
    let image = stored_image(&mut stored, recurrent.input_size())?;

    let seen = Eye::new(&recurrent, device).glance(&image);
    check_whitening(&mut stored, &seen)?;
    check_means(&mut stored, RECURRENT, &seen.maps())?;
    check_steering(&mut stored, &forward(&recurrent, seen.input(device), device))?;
    check_recurrent_maps(&mut stored, &seen)?;
    check_attributions(&mut stored, case, &recurrent, &seen, device)?;

    let maps = Eye::new(&convolutional, device).glance(&image);
    check_means(&mut stored, CONVOLUTIONAL, &maps.maps())?;
    check_convolutional_maps(&mut stored, &maps)?;

    let (deviations, not_run) = stored.finish();
    Ok(VisionCheck { deviations, not_run })
}

/// One frame at the start of a drive, one unit of the cell's time after it, as in the reference.
fn forward(policy: &Policy, input: Tensor<4>, device: &Device) -> PolicyOutput {
    policy.forward(input, policy.zero_state(1, device), &[step_secs(policy)], 1).0
}

fn step_secs(policy: &Policy) -> f32 {
    policy.kind().head.time_unit_secs()
}

fn stored_image(stored: &mut Stored<'_>, size: Size) -> anyhow::Result<RgbImage> {
    let shape = [size.height as usize, size.width as usize, 3];
    let (bytes, _) = stored.bytes("image_u8_hwc", &[Dtype::U8], &shape)?;
    RgbImage::from_raw(size.width, size.height, bytes.to_vec()).context("`image_u8_hwc` is no image")
}

fn check_whitening(stored: &mut Stored<'_>, seen: &Seen) -> anyhow::Result<()> {
    let FeatureMap { height, width, channels, .. } = seen.image();
    stored.compare("whitened_f32_chw", &[channels, height, width], &by_channel(seen.whitened()), FORWARD)
}

fn check_means(stored: &mut Stored<'_>, prefix: &str, maps: &[FeatureMap<'_>]) -> anyhow::Result<()> {
    for (index, map) in maps.iter().enumerate() {
        compare_plane(stored, &format!("{prefix}/mean{}_f64", index + 1), &Plane::channel_mean(map, None), FORWARD)?;
    }
    Ok(())
}

/// The features are compared as what the neurons sense of them, the place where ours show.
fn check_steering(stored: &mut Stored<'_>, output: &PolicyOutput) -> anyhow::Result<()> {
    stored.compare("steer_f64", &[1], &to_vec(output.output.clone()), FORWARD)?;
    let sensory = output.sensory.clone().map(to_vec).unwrap_or_default();
    let shape = [sensory.len()];
    let [features, input_w, input_b] = [
        stored.numbers("features_f64", &shape)?,
        stored.numbers("ltc/input_w", &shape)?,
        stored.numbers("ltc/input_b", &shape)?,
    ];
    let expected: Vec<f64> = features.iter().zip(input_w.iter().zip(&input_b)).map(|(x, (w, b))| x * w + b).collect();
    let sensory: Vec<f64> = sensory.into_iter().map(f64::from).collect();
    stored.judge("features_f64", &sensory, &expected, FORWARD);
    Ok(())
}

fn check_recurrent_maps(stored: &mut Stored<'_>, seen: &Seen) -> anyhow::Result<()> {
    compare_plane(stored, "vbp/ncp_deconv_f32", &algorithm_7(EncoderKind::Paper, seen), FORWARD)?;
    compare_plane(stored, "vbp/ncp_released_f32", &released_recurrent(seen.image(), &seen.maps()), FORWARD)
}

fn check_convolutional_maps(stored: &mut Stored<'_>, seen: &Seen) -> anyhow::Result<()> {
    compare_plane(stored, "vbp/cnn_deconv_f32", &algorithm_7(EncoderKind::PaperCnn, seen), FORWARD)?;
    compare_plane(stored, "vbp/cnn_released_f64", &released_convolutional(&seen.maps()), FORWARD)
}

/// Algorithm 7 from 0 to 1, as the reference stores it.
fn algorithm_7(encoder: EncoderKind, seen: &Seen) -> Plane {
    let map = visual_backprop(encoder, &seen.maps());
    Plane { height: map.size.height as usize, width: map.size.width as usize, values: map.values }.min_max()
}

/// Everything that goes through the head.
fn check_attributions(
    stored: &mut Stored<'_>,
    case: &Value,
    policy: &Policy,
    seen: &Seen,
    device: &Device,
) -> anyhow::Result<()> {
    let (recorder, memory) = (&policy.recording(device), &policy.zero_state(1, device).numbers());
    let situation = Situation { policy, recorder, device, seen, memory, elapsed_secs: step_secs(policy) };
    let Size { width, height } = policy.input_size();
    let shape = [3, height as usize, width as usize];
    stored.compare("input_grad_f32", &shape, &by_channel(&whitened_gradient(&situation)), GRADIENT)?;
    check_grad_cam(stored, &last_map_attribution(&situation))?;
    let baseline = forward(policy, seen.input(device).zeros_like(), device);
    stored.compare("ig/y_baseline_f64", &[1], &to_vec(baseline.output), FORWARD)?;
    check_integrated_gradients(stored, case, &situation)
}

fn check_grad_cam(stored: &mut Stored<'_>, signed: &Plane) -> anyhow::Result<()> {
    let rectified = Plane { values: signed.values.iter().map(|value| value.max(0.0)).collect(), ..signed.clone() };
    compare_plane(stored, "gradcam/raw_f64", signed, GRADIENT)?;
    compare_plane(stored, "gradcam/relu_f64", &rectified, GRADIENT)
}

fn check_integrated_gradients(stored: &mut Stored<'_>, case: &Value, situation: &Situation<'_>) -> anyhow::Result<()> {
    let steps = &case["ig_steps"];
    let count = steps.as_u64().filter(|steps| MOST_STEPS.contains(steps));
    let count = count.with_context(|| format!("`ig_steps`: expected {MOST_STEPS:?}, got {steps}"))? as usize;
    let Size { width, height } = situation.policy.input_size();
    let rules = [("gausslegendre", Quadrature::GaussLegendre), ("riemann_trapezoid", Quadrature::RiemannTrapezoid)];
    for (name, rule) in rules {
        let shares = whitened_shares(situation, rule, count);
        let per_pixel: Vec<f32> = shares.chunks_exact(3).map(|pixel| pixel.iter().sum()).collect();
        let shape = [height as usize, width as usize];
        let tolerance = GRADIENT + FLIPPED_RELU / count as f64;
        stored.compare(&format!("ig/{name}_chansum_f32"), &shape, &per_pixel, tolerance)?;
        check_total(stored, &format!("ig/{name}_total_f64"), &shares)?;
    }
    Ok(())
}

/// A sum of shares of both signs may be nearly 0; what it may be off by is a part of the sum of their sizes.
fn check_total(stored: &mut Stored<'_>, name: &str, shares: &[f32]) -> anyhow::Result<()> {
    let expected = stored.numbers(name, &[1])?;
    let shares = || shares.iter().copied().map(f64::from);
    stored.judge_by(name, &[shares().sum()], &expected, shares().map(f64::abs).sum(), FORWARD);
    Ok(())
}

fn compare_plane(stored: &mut Stored<'_>, name: &str, plane: &Plane, tolerance: f64) -> anyhow::Result<()> {
    stored.compare(name, &[plane.height, plane.width], &plane.values, tolerance)
}

/// Pixel by pixel to channel by channel, the order of PyTorch.
fn by_channel(by_pixel: &[f32]) -> Vec<f32> {
    (0..3).flat_map(|channel| by_pixel.iter().skip(channel).step_by(3).copied()).collect()
}
