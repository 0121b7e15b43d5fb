//! SmoothGrad (Smilkov et al. 2017): the input gradient averaged over noisy copies of the picture.

use super::gradient::{gradient_of_pictures, per_brightness};
use super::map::SignedMap;
use super::{BATCH, Cost, Procedure, Situation, weighted_sum};
use lane_frame::random::{Purpose, stream};
use rand_distr::{Distribution as _, StandardNormal};

/// The method.
pub(super) const SMOOTH_GRAD: Procedure =
    Procedure { name: "SmoothGrad", short: "smooth", cost: Cost::Slow, map: |situation| smooth_grad(situation).into() };

/// Noisy copies. The paper takes 50 and finds little gain from more; half of it keeps the window moving.
pub const SAMPLES: usize = 25;

/// Standard deviation of the noise as a share of the range from the picture's least to its largest value: the middle of
/// the 10 % to 20 % that the paper recommends.
pub const NOISE_SHARE: f32 = 0.15;

/// Every frame meets the same noise, so that two maps differ because the frames do.
const SEED: u64 = 2017;

/// The map of one frame: change of curvature in 1/m per unit of brightness, summed over the colour channels. The noise
/// is added to the whitened picture, whose mean and deviation stay those of the clean one.
///
/// # Panics
/// If the situation's recorder does not record.
pub fn smooth_grad(situation: &Situation<'_>) -> SignedMap {
    with_noise(situation, NOISE_SHARE)
}

/// The map with noise of this share of the range of the picture's values.
fn with_noise(situation: &Situation<'_>, noise_share: f32) -> SignedMap {
    let gradient = |inputs: &[Vec<f32>], weights: &[f32]| Some(gradient_of_pictures(situation, inputs, weights));
    let gradient = mean_gradient(situation.seen.whitened(), noise_share, gradient);
    per_brightness(situation, &gradient.unwrap_or_else(|| unreachable!("the policy records gradients")))
}

/// Mean gradient of an output over noisy copies of an input, whose noise is this share of the range of its numbers.
/// `gradient` says for some inputs the sum of weight times gradient of the output; nothing where it cannot say.
pub fn mean_gradient(
    clean: &[f32],
    noise_share: f32,
    mut gradient: impl FnMut(&[Vec<f32>], &[f32]) -> Option<Vec<f32>>,
) -> Option<Vec<f32>> {
    let (least, most) = clean.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
    let deviation = noise_share * (most - least);
    let samples: Vec<u64> = (0..SAMPLES as u64).collect();
    weighted_sum(samples.chunks(BATCH).map(|samples| {
        let noisy: Vec<Vec<f32>> = samples.iter().map(|sample| noisy(clean, deviation, *sample)).collect();
        gradient(&noisy, &vec![1.0 / SAMPLES as f32; samples.len()])
    }))
}

fn noisy(clean: &[f32], deviation: f32, sample: u64) -> Vec<f32> {
    let noise = StandardNormal.sample_iter(stream(SEED, Purpose::ImageNoise, sample));
    clean.iter().zip(noise).map(|(value, draw): (&f32, f32)| value + deviation * draw).collect()
}

#[cfg(test)]
mod tests {
    use super::super::gradient::input_gradient;
    use super::*;
    use crate::{Eye, Policy, PolicyKind, device};
    use lane_frame::RgbImage;

    #[test]
    fn without_noise_it_is_the_input_gradient_and_with_noise_another_map() {
        let device = device::cpu();
        let policy = Policy::init(PolicyKind::NCP, 3, &device);
        let image = RgbImage::from_fn(120, 48, |x, y| image::Rgb([(2 * x) as u8, (5 * y) as u8, (x ^ y) as u8]));
        let situation = Situation {
            policy: &policy,
            recorder: &policy.recording(&device),
            device: &device,
            seen: &Eye::new(&policy, &device).glance(&image),
            memory: &policy.zero_state(1, &device).numbers(),
            elapsed_secs: 0.05,
        };
        let gradient = input_gradient(&situation).values;
        let largest = gradient.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let off = |map: &SignedMap| {
            map.values.iter().zip(&gradient).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
        };
        // The mean of 25 equal gradients, summed in 32 bits.
        assert!(off(&with_noise(&situation, 0.0)) < 1e-5, "{}", off(&with_noise(&situation, 0.0)));
        assert!(off(&smooth_grad(&situation)) > 1e-2, "{}", off(&smooth_grad(&situation)));
    }
}
