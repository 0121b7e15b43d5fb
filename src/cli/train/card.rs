//! The model card of a policy that was just trained.

use super::{Arguments, SCORE_ROADS, SCORE_SECONDS};
use crate::cli::command_line;
use lane_audit::driving::DrivingScore;
use lane_driver::train::{Recorded, Trained, TrainingConfig};
use lane_policy::weights::ModelCard;
use lane_sim::Weather;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A training that is done, and how its policy drives.
pub struct Done<'a> {
    pub arguments: &'a Arguments,
    pub config: &'a TrainingConfig,
    /// Sources that the program was built from.
    pub revision: String,
    pub recorded: Option<&'a Recorded>,
    pub trained: &'a Trained,
    pub training_secs: f64,
    pub score: &'a DrivingScore,
}

impl Done<'_> {
    /// The card.
    pub fn card(&self) -> ModelCard {
        let policy = &self.trained.policy;
        ModelCard {
            policy: self.arguments.policy,
            parameters: policy.parameters(),
            cell: policy.cell_spec().cloned(),
            input: format!(
                "{} RGB, horizon at 30 % of the height, 80 degrees across, whitened per image",
                policy.input_size()
            ),
            output: "path curvature in 1/m, left positive, times 15".into(),
            training: self.training(),
            scores: self.scores(),
        }
    }

    /// Origin of the weights.
    fn training(&self) -> BTreeMap<String, Value> {
        let held_back = Weather::ALL.into_iter().filter(|weather| !weather.in_training());
        let mut training = entries([
            ("command", command_line::whole(&["--json"], &["--out"]).into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("revision", self.revision.as_str().into()),
            ("recipe", json!(self.config)),
            ("data", self.data().into()),
            (
                "augmentation",
                if self.arguments.clean { "none" } else { "image noise and blur, as in the recipe" }.into(),
            ),
            ("held_back_looks", held_back.map(Weather::name).collect()),
            ("device", self.arguments.device.to_string().into()),
            ("seconds", self.training_secs.round().into()),
            ("threads", rayon::current_num_threads().into()),
        ]);
        training.extend(self.recorded.map(|recorded| ("recording".to_owned(), recording(recorded))));
        training
    }

    /// The data that the policy was shown.
    fn data(&self) -> String {
        if self.recorded.is_some() {
            return "a recording and, but for its share of the looks, the built-in simulator".into();
        }
        let bushes = if self.config.cue { "; bushes beside the road tell by their colour how it bends" } else { "" };
        format!(
            "the built-in simulator, training seeds only: daylight in a varied mix of road, roadside, light and camera, \
             one in eight in light rain{bushes}"
        )
    }

    /// Figures of the trained policy.
    fn scores(&self) -> BTreeMap<String, Value> {
        let bushes = if self.config.cue { ", no bushes that tell how the road bends" } else { "" };
        let roads = format!("{SCORE_ROADS} validation roads x {SCORE_SECONDS} s, no noise{bushes}");
        let mut scores = entries([
            ("validation_mse", json!(self.trained.validation)),
            ("closed_loop", json!(self.score)),
            ("closed_loop_roads", roads.into()),
        ]);
        scores.extend(self.trained.recorded.map(|error| ("recording_mse".to_owned(), json!(error))));
        scores
    }
}

/// The recording that was trained on.
fn recording(recorded: &Recorded) -> Value {
    let recording = recorded.recording();
    let [train, test] = recorded.frames();
    json!({
        "format": recording.format().name(),
        "label": recording.label().map(|label| label.to_string()),
        "timing": recording.timing().to_string(),
        "drives": recording.drives().len(),
        "training_frames": train,
        "test_frames": test,
        "share_of_looks": recorded.share(),
    })
}

fn entries<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}
