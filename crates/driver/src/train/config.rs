//! Everything that decides the weights: recipes for the simulator and for recordings.

use super::variation::Variation;
use lane_policy::PolicyKind;
use lane_policy::cell::CellSpec;
use lane_policy::weights::ModelCard;
use lane_sim::Cue;
use serde::{Deserialize, Serialize};

/// Frames of one optimiser step as a rule: 16 sequences of 16 for a head with memory, 256 single ones for a head without.
pub const FRAMES_PER_STEP: usize = 256;

/// Frames of one demonstration as a rule: 0.8 s.
pub const FRAMES_PER_LOOK: usize = 16;

/// Times that each look is seen: rendering a frame costs about as much as two or three passes over it.
const PASSES: usize = 3;

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
    /// Optimiser steps.
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
    /// SHA-256 of the weights that it begins with. Unsaid where they are by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_with: Option<String>,
    /// Share that the weights it begins with have in those it ends with: a mean of the two keeps more of what the first
    /// could do (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). Unsaid where they have none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep: f64,
    /// What goes beyond the looks of the simulator. Unsaid in a recipe without it.
    #[serde(default, skip_serializing_if = "Variation::is_none")]
    pub variation: Variation,
    /// Rates, batches and loss. Unsaid where they are the usual ones of the simulator.
    #[serde(default, skip_serializing_if = "Optimisation::is_usual")]
    pub optimisation: Optimisation,
    /// What is done with recordings, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<RecordingRecipe>,
}

/// How the weights follow the loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimisation {
    /// Peak rate of convolutions and dense layers.
    pub learning_rate: f64,
    /// Peak rate of liquid neurons: their parameters are few and their gradients small. Other cells have the one above.
    pub cell_learning_rate: f64,
    /// Steps over which the rates rise; behind them they fall along a cosine.
    pub warm_up_steps: usize,
    /// Decoupled weight decay of convolutions and dense layers; cells have none.
    pub weight_decay: f64,
    /// Share of the encoder's last features that is left out at each frame.
    pub dropout: f64,
    /// Frames of one step.
    pub batch_frames: usize,
    /// Frames of one sequence of a head with memory.
    pub sequence_frames: usize,
    /// Squared errors are weighted by 1 + this · |target|, so that curves count more.
    pub curve_weight: f64,
}

impl Default for Optimisation {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            cell_learning_rate: 1e-2,
            warm_up_steps: 100,
            weight_decay: 0.0,
            dropout: 0.0,
            batch_frames: FRAMES_PER_STEP,
            sequence_frames: FRAMES_PER_LOOK,
            curve_weight: 1.0,
        }
    }
}

impl Optimisation {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What is done with recordings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingRecipe {
    /// Share of the sequences that are of recordings; the others are the simulator's.
    pub share: f64,
    /// Times that the training part of the recordings is gone through. Unused where the simulator takes part.
    pub passes: usize,
    /// Seconds over which the steering of a keyboard is smoothed, a train of full presses; other steering stays.
    pub smooth_secs: f64,
    /// What the picture of a side camera adds to the steering, towards the middle, in the recording's unit; without it
    /// side cameras are not used.
    pub side_correction: Option<f64>,
    /// Share of sequences that are mirrored, picture and steering.
    pub mirror_share: f64,
    /// Brightness is multiplied by up to 1 plus or minus this.
    pub brightness: f64,
    /// Share of sequences with a shadow over part of the picture.
    pub shadow_share: f64,
    /// The view is moved sideways by up to this, in m, and the steering by what brings the car back.
    pub shift_m: f64,
    /// The view is turned by up to this, in degrees, and the steering by what brings the car back.
    pub turn_deg: f64,
    /// 0 takes sequences as they come, 1 as many of bends as of straight road.
    pub balance: f64,
    /// The training ends when the held-back part got no better for this share of the passes.
    pub patience: f64,
}

/// What was found to work.
impl Default for RecordingRecipe {
    fn default() -> Self {
        Self {
            share: 1.0,
            passes: 40,
            smooth_secs: 1.3,
            side_correction: Some(0.05),
            mirror_share: 0.5,
            brightness: 0.0,
            shadow_share: 0.0,
            shift_m: 0.0,
            turn_deg: 0.0,
            balance: 0.0,
            patience: 0.5,
        }
    }
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
            begins_with: None,
            keep: 0.0,
            variation: Variation::default(),
            optimisation: Optimisation::default(),
            recordings: None,
        }
    }

    /// The recipe for recordings alone; [`super::Recorded::steps`] says how many steps its passes are.
    pub fn recorded(policy: PolicyKind, seed: u64) -> Self {
        // Single frames of one drive are alike: smaller batches, whose noise keeps a head without memory from fitting them.
        let (learning_rate, batch_frames) = if policy.has_memory() { (2e-3, FRAMES_PER_STEP) } else { (1e-3, 32) };
        let usual = Optimisation::default();
        Self {
            optimisation: Optimisation { learning_rate, batch_frames, warm_up_steps: 30, dropout: 0.2, ..usual },
            recordings: Some(RecordingRecipe::default()),
            on_policy_share: 0.0,
            validation_looks: 0,
            ..Self::recipe(policy, seed, 0).without_augmentation()
        }
    }

    /// The recipe for recordings and the simulator together, of which this share of the sequences is recordings.
    pub fn mixed(policy: PolicyKind, seed: u64, looks: usize, share: f64) -> Self {
        let recipe = Self::recipe(policy, seed, looks);
        let simulated = ((1.0 - share) * looks as f64).round() as usize;
        // Side cameras and the whole width are not what the simulator shows.
        let recordings = RecordingRecipe { share, side_correction: None, patience: 1.0, ..RecordingRecipe::default() };
        Self { looks: simulated.max(FRAMES_PER_LOOK), recordings: Some(recordings), ..recipe }
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

    /// Share of the sequences that are the simulator's.
    pub fn simulator_share(&self) -> f64 {
        self.recordings.map_or(1.0, |recordings| 1.0 - recordings.share)
    }

    /// Frames of the sequences that the network is shown: a head without memory sees single ones of as many different
    /// looks as the step has frames, which is the better use of its step.
    pub(super) fn frames_shown(&self) -> usize {
        if self.policy.has_memory() { self.optimisation.sequence_frames } else { 1 }
    }

    /// What the roadside of its demonstrations tells.
    pub(super) fn roadside(&self) -> Cue {
        if self.cue { Cue::Predictive } else { Cue::Absent }
    }

    /// The same without noise and blur: what Lechner et al. 2020 trained for their test under noise.
    pub fn without_augmentation(self) -> Self {
        Self { noise_share: 0.0, blur_share: 0.0, variation: Variation::default(), ..self }
    }
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// 8,000 frames keep the error of the mean below 3 %.
const fn usual_validation_looks() -> usize {
    500
}
