//! Options that change the recipe of a training: rates, batches, loss, and what is done with recordings.

use crate::cli::range::{above, number, whole};
use anyhow::ensure;
use lane_driver::train::{RecordingRecipe, TrainingConfig, Variation};
use std::str::FromStr;
use toml::Value;

/// Most frames of a step or a sequence.
const MOST_FRAMES: usize = 65_536;

/// Options of the recipe; each overrides what was found to work, which the model card states.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Recipe")]
pub struct Arguments {
    /// Times that recordings are gone through [default: 40]
    #[arg(long, value_parser = whole(1..=1_000_000_usize))]
    pub passes: Option<usize>,
    /// Peak learning rate of convolutions and dense layers
    #[arg(long, value_name = "RATE", value_parser = above(0.0, 1.0))]
    pub learning_rate: Option<f64>,
    /// Peak learning rate of liquid neurons
    #[arg(long, value_name = "RATE", value_parser = above(0.0, 1.0))]
    pub cell_learning_rate: Option<f64>,
    /// Steps over which the learning rate rises
    #[arg(long, value_name = "STEPS", value_parser = whole(0..=1_000_000_usize))]
    pub warm_up: Option<usize>,
    /// Decoupled weight decay of convolutions and dense layers
    #[arg(long, value_name = "RATE", value_parser = number(0.0..=10.0))]
    pub weight_decay: Option<f64>,
    /// Share of the encoder's features left out at each frame
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=0.9))]
    pub dropout: Option<f64>,
    /// Frames of one optimiser step
    #[arg(long, value_name = "FRAMES", value_parser = whole(1..=MOST_FRAMES))]
    pub batch: Option<usize>,
    /// Frames of one sequence
    #[arg(long, value_name = "FRAMES", value_parser = whole(1..=MOST_FRAMES))]
    pub sequence: Option<usize>,
    /// Errors are weighted by 1 + this · |15 · curvature|
    #[arg(long, value_name = "WEIGHT", value_parser = number(0.0..=1000.0))]
    pub curve_weight: Option<f64>,
    /// Seconds over which the steering of a keyboard is smoothed
    #[arg(long, value_name = "SECONDS", value_parser = number(0.0..=60.0))]
    pub smooth: Option<f64>,
    /// What side cameras add to the steering towards the middle, in the recording's unit; `none` leaves them out
    #[arg(long, value_name = "VALUE|none")]
    pub side_correction: Option<Correction>,
    /// Share of mirrored sequences, picture and steering
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub mirror: Option<f64>,
    /// Brightness changes by up to this share
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub brightness: Option<f64>,
    /// Share of sequences with a shadow over part of the picture
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub shadow: Option<f64>,
    /// The view is moved sideways by up to this, and the steering comes back
    #[arg(long, value_name = "METRES", value_parser = number(0.0..=5.0))]
    pub shift: Option<f64>,
    /// The view is turned by up to this, and the steering comes back
    #[arg(long, value_name = "DEGREES", value_parser = number(0.0..=30.0))]
    pub turn: Option<f64>,
    /// 0 takes sequences as they come, 1 as many of bends as of straight road
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub balance: Option<f64>,
    /// Stop when the held-back part got no better for this share of the passes; 1 never does
    #[arg(long, value_name = "SHARE", value_parser = above(0.0, 1.0))]
    pub patience: Option<f64>,
    /// How far pictures go beyond the simulator's looks: any colours of ground, leaves and dust; filters, light, haze and
    /// patches over the pictures [default: none]
    #[arg(long, value_name = "WHAT", value_parser = Variation::NAMED.map(|(word, _)| word))]
    pub variation: Option<String>,
    /// Share of sequences with image noise
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub noise_share: Option<f64>,
    /// Share of blurred sequences
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0))]
    pub blur_share: Option<f64>,
}

/// What side cameras add to the steering.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction(pub Option<f64>);

impl FromStr for Correction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        number(-1000.0..=1000.0)(text).map(|value| Self(Some(value))).map_err(|expected| format!("{expected}, or none"))
    }
}

impl Arguments {
    /// A recipe with these changes.
    ///
    /// # Errors
    /// Refuses options of recordings for a training without one, and a sequence longer than a batch.
    pub fn apply(&self, mut config: TrainingConfig) -> anyhow::Result<TrainingConfig> {
        let optimisation = &mut config.optimisation;
        set(&mut optimisation.learning_rate, self.learning_rate);
        set(&mut optimisation.cell_learning_rate, self.cell_learning_rate);
        set(&mut optimisation.warm_up_steps, self.warm_up);
        set(&mut optimisation.weight_decay, self.weight_decay);
        set(&mut optimisation.dropout, self.dropout);
        set(&mut optimisation.batch_frames, self.batch);
        set(&mut optimisation.sequence_frames, self.sequence);
        set(&mut optimisation.curve_weight, self.curve_weight);
        set(&mut config.noise_share, self.noise_share);
        set(&mut config.blur_share, self.blur_share);
        let named = |word: &String| Variation::NAMED.into_iter().find(|(name, _)| name == word);
        set(&mut config.variation, self.variation.as_ref().and_then(named).map(|(_, variation)| variation));
        let (sequence, batch) = (config.optimisation.sequence_frames, config.optimisation.batch_frames);
        ensure!(sequence <= batch, "--sequence: expected at most the {batch} frames of a step, got {sequence}");
        match &mut config.recordings {
            Some(recipe) => self.apply_to_recordings(recipe),
            None => ensure!(self.is_of_the_simulator(), "options of recordings: expected --recording PATH with them"),
        }
        Ok(config)
    }

    fn apply_to_recordings(&self, recipe: &mut RecordingRecipe) {
        set(&mut recipe.passes, self.passes);
        set(&mut recipe.smooth_secs, self.smooth);
        set(&mut recipe.side_correction, self.side_correction.map(|Correction(correction)| correction));
        set(&mut recipe.mirror_share, self.mirror);
        set(&mut recipe.brightness, self.brightness);
        set(&mut recipe.shadow_share, self.shadow);
        set(&mut recipe.shift_m, self.shift);
        set(&mut recipe.turn_deg, self.turn);
        set(&mut recipe.balance, self.balance);
        set(&mut recipe.patience, self.patience);
    }

    /// Whether no option is about recordings.
    fn is_of_the_simulator(&self) -> bool {
        let shares = [self.smooth, self.mirror, self.brightness, self.shadow, self.shift, self.turn, self.balance];
        shares.iter().chain([&self.patience]).all(Option::is_none)
            && self.passes.is_none()
            && self.side_correction.is_none()
    }
}

/// The values of all options of a recipe, by the options' names.
pub fn defaults(config: &TrainingConfig) -> Vec<(&'static str, Value)> {
    let whole = |number: usize| Value::Integer(number as i64);
    let optimisation = &config.optimisation;
    let mut defaults = vec![
        ("policy", config.policy.to_string().into()),
        ("seed", Value::Integer(config.seed as i64)),
        ("learning-rate", optimisation.learning_rate.into()),
        ("cell-learning-rate", optimisation.cell_learning_rate.into()),
        ("warm-up", whole(optimisation.warm_up_steps)),
        ("weight-decay", optimisation.weight_decay.into()),
        ("dropout", optimisation.dropout.into()),
        ("batch", whole(optimisation.batch_frames)),
        ("sequence", whole(optimisation.sequence_frames)),
        ("curve-weight", optimisation.curve_weight.into()),
        ("noise-share", config.noise_share.into()),
        ("blur-share", config.blur_share.into()),
    ];
    let is_named = |named: &&(&str, Variation)| named.1 == config.variation;
    defaults.extend(Variation::NAMED.iter().find(is_named).map(|(word, _)| ("variation", (*word).into())));
    if let Some(recipe) = config.recordings {
        let correction = recipe.side_correction.map_or(Value::String("none".into()), Value::Float);
        defaults.extend([
            ("recording-share", recipe.share.into()),
            ("passes", whole(recipe.passes)),
            ("smooth", recipe.smooth_secs.into()),
            ("side-correction", correction),
            ("mirror", recipe.mirror_share.into()),
            ("brightness", recipe.brightness.into()),
            ("shadow", recipe.shadow_share.into()),
            ("shift", recipe.shift_m.into()),
            ("turn", recipe.turn_deg.into()),
            ("balance", recipe.balance.into()),
            ("patience", recipe.patience.into()),
        ]);
    } else {
        defaults.push(("looks", whole(config.looks)));
    }
    defaults
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}
