//! The paper's passive test: held-out demonstrations, open loop, in ten parts (Lechner et al. 2020, Table 1).

use super::policies::{difference_cell, matched, pairs, policies, verdict};
use super::{Subject, Suite};
use lane_frame::Frame;
use lane_report::section::{Cell, Column, Section, Table};
use lane_sim::{Cue, DT_SECS, DemonstrationSpec, RoadSet, demonstrate};
use lane_statistics::{bootstrap, order};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Parts of the held-out data.
const FOLDS: usize = 10;

/// Frames of a demonstration that are scored: the first ones still fill the memory.
const WARM_UP: usize = 16;

/// Frames of a demonstration.
const FRAMES: usize = 48;

/// What 1 / m squared is in the unit of the table, (1 / km) squared.
const PER_KM2: f64 = 1e6;

/// The paper's passive test on the simulator's demonstrations.
pub struct PassiveSuite {
    subjects: Arc<[Subject]>,
    demonstrations: usize,
}

/// One policy on one part of the data.
#[derive(Serialize, Deserialize)]
struct Outcome {
    /// Mean squared error of its curvature, in 1 / km2.
    squared_error: f64,
    /// The same for always straight on.
    straight: f64,
}

impl PassiveSuite {
    /// `demonstrations` of 2.4 s in each of the ten parts.
    pub fn new(subjects: Arc<[Subject]>, demonstrations: usize) -> Self {
        Self { subjects, demonstrations }
    }
}

impl Suite for PassiveSuite {
    fn id(&self) -> &'static str {
        "passive"
    }

    fn units(&self) -> Vec<String> {
        let of = |subject: &Subject| {
            let label = subject.label();
            (0..FOLDS).map(move |fold| format!("{label} part {fold}, {} demonstrations", self.demonstrations))
        };
        if self.demonstrations == 0 { Vec::new() } else { self.subjects.iter().flat_map(of).collect() }
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let (subject, fold) = (&self.subjects[unit / FOLDS], unit % FOLDS);
        let mut driver = subject.driver.clone();
        let (mut squared, mut straight, mut count) = (0.0, 0.0, 0_usize);
        for number in 0..self.demonstrations {
            let seed = (fold * self.demonstrations + number) as u64;
            let size = driver.input_size();
            let (set, frames, family, cue) = (RoadSet::Test, FRAMES, None, Cue::Absent);
            let shown = demonstrate(DemonstrationSpec { set, seed, frames, size, family, cue });
            driver.reset();
            for (index, (image, label)) in shown.frames.into_iter().zip(shown.curvature).enumerate() {
                let frame = Frame { index: index as u64, time_secs: index as f64 * DT_SECS, image };
                let steering = driver.steer(&frame)?;
                if index >= WARM_UP {
                    squared += f64::from(steering.0 - label.0).powi(2);
                    straight += f64::from(label.0).powi(2);
                    count += 1;
                }
            }
        }
        let per_frame = PER_KM2 / count.max(1) as f64;
        Ok(serde_json::to_value(Outcome { squared_error: squared * per_frame, straight: straight * per_frame })?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let outcomes = outcomes.iter().map(|value| serde_json::from_value(value.clone()));
        let outcomes = outcomes.collect::<Result<Vec<Outcome>, _>>()?;
        let errors = |training: usize| -> Vec<f64> {
            outcomes[training * FOLDS..][..FOLDS].iter().map(|outcome| outcome.squared_error).collect()
        };
        let policies = policies(&self.subjects);
        let mut table = Table {
            id: "squared-error".into(),
            title: "Squared error on held-out demonstrations".into(),
            note: "Mean over ten parts of the data and all trainings, with the spread between parts as the paper's \
                   Table 1 states it, and a 95 % bootstrap interval over trainings and parts."
                .into(),
            columns: vec![
                Column::key("policy", "policy"),
                Column::measured("trainings", "trainings", 0),
                Column::measured("squared_error_per_km2", "squared error, 1/km²", 2),
                Column::measured("sd_of_parts_per_km2", "sd of parts, 1/km²", 2),
            ],
            rows: Vec::new(),
        };
        for policy in &policies {
            let clusters: Vec<_> = policy.trainings.iter().map(|training| errors(*training)).collect();
            let all = clusters.concat();
            let mean = order::mean(&all).unwrap_or(f64::NAN);
            table.rows.push(vec![
                Cell::text(policy.name),
                Cell::Count(clusters.len() as u64),
                Cell::with_interval(mean, bootstrap::mean(&clusters, 0)),
                order::sd(&all).map_or(Cell::Missing, Cell::number),
            ]);
        }
        let straight: Vec<f64> = outcomes.iter().take(FOLDS).map(|outcome| outcome.straight).collect();
        table.rows.push(vec![
            Cell::text("straight"),
            Cell::Missing,
            order::mean(&straight).map_or(Cell::Missing, Cell::number),
            order::sd(&straight).map_or(Cell::Missing, Cell::number),
        ]);
        let mut differences = Table {
            id: "differences".into(),
            title: "Which differences are there".into(),
            note: "Paired by training seed and by part; a difference is called one when its 95 % bootstrap interval \
                   excludes zero."
                .into(),
            columns: vec![
                Column::key("first", "first"),
                Column::key("second", "second"),
                Column::measured("squared_error_per_km2", "first − second, 1/km²", 2),
                Column::measured("verdict", "verdict", 0),
            ],
            rows: Vec::new(),
        };
        for (first, second) in pairs(&policies) {
            let of_pair = |(a, b)| errors(a).into_iter().zip(errors(b)).collect();
            let found: Vec<Vec<(f64, f64)>> = matched(first, second, &self.subjects).into_iter().map(of_pair).collect();
            let found = bootstrap::paired_difference(&found, 0);
            differences.rows.push(vec![
                Cell::text(first.name),
                Cell::text(second.name),
                difference_cell(found),
                Cell::text(verdict(first.name, second.name, found)),
            ]);
        }
        Ok(Section::new("passive", "Passive test: held-out demonstrations, open loop")
            .say(format!(
                "{} demonstrations of {:.1} s on test roads in {FOLDS} parts; each starts off the lane centre and shows \
                 what the expert would do. The first {:.1} s of each fill the policy's memory and are not scored. The \
                 paper trained once for each of ten folds of its recordings; here the data that is held out is drawn \
                 apart from the start, so the same trainings are scored on ten parts of it.",
                FOLDS * self.demonstrations,
                FRAMES as f64 * DT_SECS,
                WARM_UP as f64 * DT_SECS,
            ))
            .say(
                "Open-loop error says little about driving (Codevilla et al., ECCV 2018): the paper's own spread \
                 between folds is larger than every difference between its policies.",
            )
            .table(table)
            .table(differences))
    }
}
