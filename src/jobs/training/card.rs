//! The model card of a policy that was just trained.

use super::{SCORE_SECONDS, TrainingRequest};
use lane_audit::driving::DrivingScore;
use lane_driver::train::{Learned, Recorded, Trained, TrainingConfig};
use lane_policy::weights::ModelCard;
use lane_sim::Weather;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A training that is done, and how its policy drives.
pub struct Done<'a> {
    pub request: &'a TrainingRequest,
    pub config: &'a TrainingConfig,
    /// Sources that the program was built from.
    pub revision: &'a str,
    pub recorded: Option<&'a Recorded>,
    pub trained: &'a Trained,
    pub training_secs: f64,
    /// And on how many roads, where it drove.
    pub score: Option<(&'a DrivingScore, u32)>,
}

impl Done<'_> {
    /// The card.
    pub fn card(&self) -> ModelCard {
        let policy = &self.trained.policy;
        ModelCard {
            policy: self.config.policy,
            parameters: policy.parameters(),
            cell: policy.cell_spec().cloned(),
            input: self.input(),
            output: "path curvature in 1/m, left positive, times 15".into(),
            training: self.training(),
            scores: self.scores(),
            views: self.recorded.map(Recorded::views).unwrap_or_default(),
        }
    }

    fn input(&self) -> String {
        let size = self.trained.policy.input_size();
        if self.config.simulator_share() == 0.0 {
            return format!("{size} RGB, the part of the pictures that the recordings below say, whitened per image");
        }
        format!("{size} RGB, horizon at 30 % of the height, 80 degrees across, whitened per image")
    }

    /// Origin of the weights.
    fn training(&self) -> BTreeMap<String, Value> {
        let held_back = Weather::ALL.into_iter().filter(|weather| !weather.in_training());
        let mut training = entries([
            ("command", self.request.command.as_str().into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("revision", self.revision.into()),
            ("recipe", json!(self.config)),
            ("data", self.data().into()),
            ("augmentation", self.augmentation().into()),
            ("device", self.request.backend.to_string().into()),
            ("seconds", self.training_secs.round().into()),
            ("threads", rayon::current_num_threads().into()),
        ]);
        if self.config.simulator_share() > 0.0 {
            training.insert("held_back_looks".into(), held_back.map(Weather::name).collect());
        }
        if let Some(recorded) = self.recorded {
            training.insert("recordings".into(), recorded.recordings().iter().map(recording).collect());
            training.extend(self.request.data.as_ref().map(|data| ("data_origin".into(), data.as_str().into())));
        }
        if self.recorded.is_some() || self.trained.steps < self.config.steps {
            training.insert("steps_done".into(), self.trained.steps.into());
        }
        training
    }

    /// What was done to pictures.
    fn augmentation(&self) -> &'static str {
        let changed = self.config.noise_share + self.config.blur_share > 0.0;
        match (self.recorded, changed || self.config.variation.pictures_share > 0.0) {
            (None, false) => "none",
            (None, true) => "image noise, blur and what else the recipe says",
            (Some(_), _) => "as the recipe says of recordings, noise and blur",
        }
    }

    /// The data that the policy was shown.
    fn data(&self) -> String {
        if self.recorded.is_some() {
            let rest = if self.config.simulator_share() > 0.0 { ", and the built-in simulator" } else { "" };
            return format!("the recordings below{rest}");
        }
        let bushes = if self.config.cue { "; bushes beside the road tell by their colour how it bends" } else { "" };
        let colours = match self.config.variation.colours_share {
            0.0 => String::new(),
            share => format!("; any colours of ground, leaves and dust in {:.0} %", 100.0 * share),
        };
        format!(
            "the built-in simulator, training seeds only: daylight in a varied mix of road, roadside, light and camera, \
             one in eight in light rain{colours}{bushes}"
        )
    }

    /// Figures of the trained policy.
    fn scores(&self) -> BTreeMap<String, Value> {
        let bushes = if self.config.cue { ", no bushes that tell how the road bends" } else { "" };
        let mut scores = BTreeMap::new();
        if let Some(validation) = self.trained.validation {
            scores.insert("validation_mse".to_owned(), json!(validation));
        }
        if let Some((score, roads)) = self.score {
            let roads = format!("{roads} validation roads x {SCORE_SECONDS} s, no noise{bushes}");
            scores.extend(entries([("closed_loop", json!(score)), ("closed_loop_roads", roads.into())]));
        }
        if let Some((held_back, steps)) = self.trained.held_back {
            let note = "open loop on the held-back parts, which also chose the weights: a little too good";
            scores.extend(entries([
                ("held_back", json!(held_back)),
                ("held_back_note", note.into()),
                ("best_after_steps", steps.into()),
            ]));
        }
        scores
    }
}

/// A recording that was trained on.
fn recording(learned: &Learned) -> Value {
    let recording = learned.recording();
    json!({
        "name": recording.path().file_name().map(|name| name.to_string_lossy()),
        "format": recording.format().name(),
        "label": recording.label().map(|label| label.to_string()),
        "timing": recording.timing().to_string(),
        "drives": recording.drives().len(),
        "training_frames": learned.training_frames(),
        "held_back_frames": learned.test_frames(),
        "weight": learned.weight(),
        "crop_px": learned.crop(),
        "steering_smoothed_over_rows": learned.smoothed_rows(),
        "side_cameras_correct_by_1_per_m": learned.side_correction(),
    })
}

fn entries<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}
