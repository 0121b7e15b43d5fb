//! Imitation learning on the simulator: ever new short demonstrations, the expert's curvature as label, and later also
//! drives by the network itself (Ross et al. 2011, DAgger). What is known to work here: many different looks. A user's
//! recording may take the place of some or all of them.

mod batch;
pub mod identity;
pub mod optimizer;
mod pool;
mod recorded;
mod sequence;

use batch::{Batch, Batcher};
use burn::tensor::{Device, Tensor, TensorData};
use lane_policy::cell::CellSpec;
use lane_policy::preprocess::whiten;
use lane_policy::weights::ModelCard;
use lane_policy::{Policy, PolicyKind, to_vec};
use lane_sim::Cue;
use optimizer::Optimizer;
use pool::Pool;
pub use recorded::Recorded;
use serde::{Deserialize, Serialize};

/// Frames of one optimiser step: 16 sequences of 16 for a head with memory, 256 single ones for a head without.
pub const FRAMES_PER_STEP: usize = 256;

/// Frames of one demonstration: 0.8 s.
pub const FRAMES_PER_LOOK: usize = 16;

/// Everything that decides the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// Which policy.
    pub policy: PolicyKind,
    /// What its cell is made of, where it has one. A model card states it beside the recipe.
    #[serde(skip)]
    pub cell: Option<CellSpec>,
    /// Seed of the first weights, the demonstrations, their order and their augmentation.
    pub seed: u64,
    /// Different demonstrations, each with its own road and look.
    pub looks: usize,
    /// Optimiser steps of [`FRAMES_PER_STEP`] frames.
    pub steps: usize,
    /// Share of new demonstrations that the network itself drives, from the second quarter of the training on.
    pub on_policy_share: f64,
    /// Share of sequences with image noise of a variance up to [`TrainingConfig::max_noise_variance`].
    pub noise_share: f64,
    /// On the [0, 1] image.
    pub max_noise_variance: f64,
    /// Share of sequences that are blurred (3x3 binomial filter).
    pub blur_share: f64,
    /// Demonstrations that the error at the end is measured on. The first recipes do not say it.
    #[serde(default = "usual_validation_looks")]
    pub validation_looks: usize,
    /// Whether bushes beside the road tell how it bends, in all demonstrations: a shortcut to be caught taking.
    /// Unsaid in a recipe without them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cue: bool,
}

impl TrainingConfig {
    /// The recipe of the shipped weights, for a number of looks.
    pub fn recipe(policy: PolicyKind, seed: u64, looks: usize) -> Self {
        Self {
            policy,
            cell: policy.cell(),
            seed,
            looks,
            steps: looks * FRAMES_PER_LOOK * PASSES / FRAMES_PER_STEP,
            on_policy_share: 0.25,
            noise_share: 0.5,
            max_noise_variance: 0.3,
            blur_share: 0.2,
            validation_looks: usual_validation_looks(),
            cue: false,
        }
    }

    /// The recipe in a model card; nothing where it has none that this program understands.
    pub fn from_card(card: &ModelCard) -> Option<Self> {
        let recipe: Self = serde_json::from_value(card.training.get("recipe")?.clone()).ok()?;
        Some(Self { cell: card.cell.clone(), ..recipe })
    }

    /// Largest variance of the image noise that a training shows; 0 where it shows none.
    pub fn noise_variance(&self) -> f64 {
        // The first recipes hold a 32-bit number: 0.3, not 0.30000001192092896.
        if self.noise_share > 0.0 { (1e6 * self.max_noise_variance).round() / 1e6 } else { 0.0 }
    }

    /// What the roadside of its demonstrations tells.
    fn roadside(&self) -> Cue {
        if self.cue { Cue::Predictive } else { Cue::Absent }
    }

    /// The same without noise and blur: what Lechner et al. 2020 trained for their test under noise.
    pub fn without_augmentation(self) -> Self {
        Self { noise_share: 0.0, blur_share: 0.0, ..self }
    }
}

/// 8,000 frames keep the error of the mean below 3 %.
const fn usual_validation_looks() -> usize {
    500
}

/// Times that each look is seen: rendering a frame costs about as much as two or three passes over it.
const PASSES: usize = 3;

/// State of a training.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Optimiser steps done.
    pub step: usize,
    /// Optimiser steps in all.
    pub steps: usize,
    /// Mean training loss since the last report.
    pub loss: f32,
    /// Demonstrations rendered so far.
    pub looks: usize,
}

/// Outcome of a training.
pub struct Trained {
    /// The policy, without gradients.
    pub policy: Policy,
    /// Mean squared error on demonstrations never trained on, in (15/m)², clean and with noise.
    pub validation: Validation,
    /// The same on the part of the recording that was held back, where one was trained on.
    pub recorded: Option<Validation>,
}

/// Mean squared error of the network's output on frames never trained on, in the unit of the target squared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// As rendered or recorded.
    pub clean: f64,
    /// With image noise of variance 0.1.
    pub noisy: f64,
    /// Of the constant 0: what the labels vary.
    pub predict_zero: f64,
}

/// Trains a policy, on a recording too where there is one. `report` is called after every optimiser step; returning `false` stops early.
pub fn train(
    config: &TrainingConfig,
    recorded: Option<&Recorded>,
    device: &Device,
    report: &mut dyn FnMut(Progress) -> bool,
) -> Trained {
    let mut policy = Policy::init_with(config.policy, config.cell.as_ref(), config.seed, device).recording(device);
    let mut optimizer = Optimizer::new(&policy, config.steps);
    let mut pool = Pool::new(config, recorded);
    let mut batcher = Batcher::new(config);
    for step in 0..config.steps {
        pool.refresh(step, &policy, device);
        let batch = batcher.draw(&pool, step);
        let loss = loss(&policy, &batch, device);
        let value = loss.clone().detach().into_scalar::<f32>();
        let network = optimizer.step(policy.network().clone(), loss.backward(), step);
        policy = policy.with_network(network.constrain());
        let progress = Progress { step: step + 1, steps: config.steps, loss: value, looks: pool.rendered() };
        if !report(progress) {
            break;
        }
    }
    let policy = policy.inference();
    let validation = validate(&policy, &batch::validation(config), device);
    let recorded = recorded.map(|recorded| {
        let tests = recorded.tests(config.validation_looks, policy.input_size());
        validate(&policy, &batch::in_batches(&tests), device)
    });
    Trained { policy, validation, recorded }
}

/// Squared error weighted by 1 + |target|, so that curves count more, over the sum of the weights.
fn loss(policy: &Policy, batch: &Batch, device: &Device) -> Tensor<1> {
    let recording = device.clone().autodiff();
    let output = output(policy, batch, &recording);
    let [sequences, steps] = output.dims();
    let target = Tensor::<2>::from_data(TensorData::new(batch.targets.clone(), [sequences, steps]), &recording);
    let weight = target.clone().abs() + 1.0;
    ((output - target).square() * weight.clone()).sum() / weight.sum()
}

fn output(policy: &Policy, batch: &Batch, device: &Device) -> Tensor<2> {
    let images: Vec<_> = batch.images.iter().collect();
    let input = whiten(&images, policy.input_size(), device).input;
    let state = policy.zero_state(batch.sequences, device);
    policy.forward(input, state, &batch.elapsed_secs, batch.sequences).0.output
}

fn validate(policy: &Policy, batches: &[Batch], device: &Device) -> Validation {
    let error = |variance: f32| {
        let (mut error, mut zero, mut count) = (0.0, 0.0, 0_u32);
        for (number, batch) in batches.iter().enumerate() {
            let output = to_vec(output(policy, &batch.with_noise(variance, number as u64), device));
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
