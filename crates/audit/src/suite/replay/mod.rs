//! How near policies come to a recorded human's steering, open loop: on the user's own recording, where nothing can be
//! driven. A poor guide to driving (Codevilla et al. 2018), and said so.

mod charts;
mod comparison;
mod lag;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;

use super::named_recording::NamedRecording;
use super::{Subject, Suite};
use anyhow::{Context as _, ensure};
use comparison::Comparison;
use lane_driver::Driver;
use lane_driver::replay::steer_through;
use lane_frame::Steering;
use lane_report::counted;
use lane_report::section::Section;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;

/// Entries of one unit.
const PIECE: usize = 1000;

/// Entries of the same drive that the policies see before a piece that begins within it, to have memories: 5 s at 20 Hz,
/// many times the slowest time constant.
const RUN_UP: usize = 100;

/// Steps to 1/m in which commands are kept: one is a thousandth of the gentlest bend of a motorway.
const STEPS: f64 = 1e7;

/// See the module.
pub struct ReplaySuite {
    subjects: Arc<[Subject]>,
    recording: Arc<NamedRecording>,
}

/// What came of one piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    /// For each entry the command of each subject in 1/m; `None` where the picture cannot be used.
    commands: Vec<Option<Vec<f64>>>,
}

impl ReplaySuite {
    /// The suite on a recording.
    ///
    /// # Errors
    /// Refuses a recording without labels, and a suite without policies.
    pub fn new(subjects: Arc<[Subject]>, recording: Arc<NamedRecording>) -> anyhow::Result<Self> {
        let opened = recording.opened();
        let has_labels = (0..opened.len()).any(|i| opened.entry(i).steering.is_some());
        ensure!(
            has_labels,
            "{}: a recording without labels: there is no steering to compare a policy with; watch it with \
             `liquid-lane replay`",
            opened.path().display()
        );
        ensure!(!subjects.is_empty(), "no policy to compare with the recording");
        Ok(Self { subjects, recording })
    }

    fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let len = self.recording.opened().len();
        (0..len).step_by(PIECE).map(move |start| start..len.min(start + PIECE))
    }
}

impl Suite for ReplaySuite {
    fn id(&self) -> &'static str {
        "replay"
    }

    fn units(&self) -> Vec<String> {
        let labels: Vec<String> = self.subjects.iter().map(Subject::label).collect();
        let (labels, recording) = (labels.join(" "), self.recording.key());
        let unit = |Range { start, end }| format!("{labels} on {recording} entries {start} to {end}");
        self.pieces().map(unit).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let piece = self.pieces().nth(unit).context("the recording has no such piece")?;
        let recording = self.recording.opened();
        let drive = recording.drives().iter().find(|drive| drive.contains(&piece.start));
        let drive_start = drive.map_or(piece.start, |drive| drive.start);
        let start = drive_start.max(piece.start.saturating_sub(RUN_UP));
        let mut drivers: Vec<Driver> = self.subjects.iter().map(|subject| subject.driver.clone()).collect();
        let steer = || steer_through(recording, start..piece.end, &mut drivers);
        let mut commands = recording.in_turn(steer)?;
        commands.drain(..piece.start - start);
        let rounded = |steering: f32| (f64::from(steering) * STEPS).round() / STEPS;
        let of_entry = |commands: Vec<Steering>| commands.iter().map(|command| rounded(command.0)).collect();
        let commands = commands.into_iter().map(|commands| commands.map(of_entry)).collect();
        Ok(serde_json::to_value(Outcome { commands })?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let outcomes: Vec<Outcome> =
            outcomes.iter().map(|outcome| serde_json::from_value(outcome.clone())).collect::<Result<_, _>>()?;
        let commands: Vec<_> = outcomes.into_iter().flat_map(|outcome| outcome.commands).collect();
        let recording = self.recording.opened();
        let comparison = Comparison::new(recording, &self.subjects, &commands)?;
        let section = tables::add(self.introduction(&comparison), &comparison);
        sheet::add(charts::add(section, &comparison, recording), &comparison, recording)
    }
}

impl ReplaySuite {
    /// What was done and how to read it.
    fn introduction(&self, comparison: &Comparison) -> Section {
        let recording = self.recording.opened();
        let label = recording.label().map_or("none".to_owned(), |label| label.to_string());
        let left_out: Vec<String> =
            recording.skipped().iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let left_out = if left_out.is_empty() { "none".to_owned() } else { left_out.join(", ") };
        Section::new("replay", "Open loop on a recording")
            .say(format!(
                "{}: {}, {}, {}, {:.1} s, {}. Label: {label}. Rows left out: {left_out}. Compared are the \
                 {} frames with a label and a picture; {} pictures could not be used, {} frames have no label.",
                self.recording.name(),
                recording.format().name(),
                counted(recording.drives().len(), "drive"),
                counted(recording.len(), "frame"),
                recording.duration_secs(),
                recording.timing(),
                comparison.len(),
                comparison.spoiled,
                comparison.unlabelled,
            ))
            .say(format!(
                "Every policy sees every frame and commands a path curvature; the car goes where the human drove it. An \
                 error is the command less the recorded curvature, in 1/m, left positive. Beside the policies stand two \
                 predictors that look at nothing: zero, and the mean of this very recording's labels ({:.2} \
                 1/km). A policy that does not beat both shows no skill here. Units and signs are assumed where the \
                 recording does not state them: liquid-lane recording check shows whether they fit.",
                1e3 * comparison.mean_label(),
            ))
            .say(
                "Open loop is a poor guide to driving (Codevilla et al. 2018): a policy with a larger error may keep the \
                 lane better, since none of its mistakes ever moves the car. Neighbouring frames are near copies, so \
                 intervals (95 %) come from blocks of 5 s, the same on both sides of a comparison, and from the trainings \
                 where there are several.",
            )
    }
}
