//! Early stopping: looks at what was held back now and then, and keeps the best weights.

use super::config::TrainingConfig;
use super::objective::output;
use super::recorded::{HeldBack, Judged};
use burn::tensor::Device;
use lane_policy::{Policy, to_vec};

/// Looks that a training takes, if it is not ended early.
const LOOKS: usize = 20;

pub(super) struct Judge {
    stretches: Vec<Judged>,
    every: usize,
    steps: usize,
    /// Steps without a better look that end the training.
    patience: usize,
    pub best: Option<Best>,
}

pub(super) struct Best {
    pub policy: Policy,
    pub figures: HeldBack,
    /// Steps after which these are the weights.
    pub steps: usize,
}

impl Judge {
    pub fn new(stretches: Vec<Judged>, config: &TrainingConfig) -> Self {
        let patience = config.recordings.map_or(1.0, |recipe| recipe.patience) * config.steps as f64;
        let every = config.steps.div_ceil(LOOKS).max(1);
        Self { stretches, every, steps: config.steps, patience: patience.ceil() as usize, best: None }
    }

    /// Whether it is time to look.
    pub fn is_due(&self, steps: usize) -> bool {
        steps.is_multiple_of(self.every) || steps >= self.steps
    }

    /// The figures of a policy without gradients.
    pub fn look(&mut self, policy: Policy, steps: usize, device: &Device) -> HeldBack {
        let compared = self.stretches.iter().flat_map(|judged| {
            let output = to_vec(output(&policy, &judged.batch(), None, device));
            let frames = output.into_iter().zip(&judged.labels);
            frames.map(|(output, [raw, smoothed])| [output, *raw, *smoothed].map(f64::from)).collect::<Vec<_>>()
        });
        let figures = HeldBack::new(&compared.collect::<Vec<_>>());
        if self.best.as_ref().is_none_or(|best| figures.mse < best.figures.mse) {
            self.best = Some(Best { policy, figures, steps });
        }
        figures
    }

    /// Whether the training has gone on for too long without a better look.
    pub fn is_out_of_patience(&self, steps: usize) -> bool {
        self.best.as_ref().is_some_and(|best| steps > best.steps + self.patience)
    }
}
