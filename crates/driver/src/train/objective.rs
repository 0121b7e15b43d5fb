//! What a training makes small, and the same on frames never trained on.

use super::batch::Batch;
use super::config::TrainingConfig;
use burn::tensor::{Device, Tensor, TensorData};
use lane_frame::random::{Purpose, stream};
use lane_policy::preprocess::whiten;
use lane_policy::{Policy, to_vec};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

/// Mean squared error of the network's output on frames never trained on, in the unit of the target squared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// As rendered.
    pub clean: f64,
    /// With image noise of variance 0.1.
    pub noisy: f64,
    /// Of the constant 0: what the labels vary.
    pub predict_zero: f64,
}

/// Squared error weighted by 1 + |target|, so that curves count more, over the sum of the weights.
pub(super) fn loss(policy: &Policy, batch: &Batch, config: &TrainingConfig, step: usize, device: &Device) -> Tensor<1> {
    let recording = device.clone().autodiff();
    let dropout = Dropout { share: config.optimisation.dropout, seed: config.seed, step };
    let output = output(policy, batch, Some(dropout), &recording);
    let [sequences, steps] = output.dims();
    let target = Tensor::<2>::from_data(TensorData::new(batch.targets.clone(), [sequences, steps]), &recording);
    let weight = match config.optimisation.curve_weight {
        1.0 => target.clone().abs() + 1.0,
        curve_weight => target.clone().abs() * curve_weight + 1.0,
    };
    ((output - target).square() * weight.clone()).sum() / weight.sum()
}

/// Which of the encoder's features are left out at a step.
pub(super) struct Dropout {
    share: f64,
    seed: u64,
    step: usize,
}

impl Dropout {
    /// The last map with a share of its features set to 0 and the others scaled up.
    fn apply(&self, map: Tensor<4>) -> Tensor<4> {
        let shape = map.dims();
        let mut rng = stream(self.seed, Purpose::Dropout, self.step as u64);
        let kept = 1.0 / (1.0 - self.share) as f32;
        let mask = (0..shape.iter().product()).map(|_| if rng.random::<f64>() < self.share { 0.0 } else { kept });
        let mask = TensorData::new(mask.collect::<Vec<f32>>(), shape);
        let device = map.device();
        map * Tensor::from_data(mask, &device)
    }
}

/// The outputs of a batch, `[sequences, steps]`.
pub(super) fn output(policy: &Policy, batch: &Batch, dropout: Option<Dropout>, device: &Device) -> Tensor<2> {
    let images: Vec<_> = batch.images.iter().collect();
    let input = whiten(&images, policy.input_size(), device);
    let state = policy.zero_state(batch.sequences, device);
    let mut maps = policy.encode(input);
    if let Some(dropout) = dropout.filter(|dropout| dropout.share > 0.0)
        && let Some(last) = maps.pop()
    {
        maps.push(dropout.apply(last));
    }
    policy.forward_from_maps(maps, state, &batch.elapsed_secs, batch.sequences).0.output
}

/// The error on whole batches.
pub(super) fn validate(policy: &Policy, batches: &[Batch], device: &Device) -> Validation {
    let error = |variance: f32| {
        let (mut error, mut zero, mut count) = (0.0, 0.0, 0_u32);
        for (number, batch) in batches.iter().enumerate() {
            let output = to_vec(output(policy, &batch.with_noise(variance, number as u64), None, device));
            error += output.iter().zip(&batch.targets).map(|(p, y)| f64::from((p - y) * (p - y))).sum::<f64>();
            zero += batch.targets.iter().map(|y| f64::from(y * y)).sum::<f64>();
            count += batch.targets.len() as u32;
        }
        [error, zero].map(|sum| sum / f64::from(count.max(1)))
    };
    let [clean, predict_zero] = error(0.0);
    let [noisy, _] = error(0.1);
    Validation { clean, noisy, predict_zero }
}
