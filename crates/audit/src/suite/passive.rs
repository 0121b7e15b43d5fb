//! The paper's passive test: held-out demonstrations, open loop, in ten parts (Lechner et al. 2020, Table 1).

use crate::study::{Baseline, Entrant, Figure, Findings, Measure, Row, Study};
use lane_driver::Driver;
use lane_frame::{Frame, Steering};
use lane_policy::PolicyKind;
use lane_report::answers::{Answer, Better, Question};
use lane_report::measure::maybe;
use lane_report::section::{Cell, Section};
use lane_sim::{Colours, Cue, DT_SECS, Demonstration, DemonstrationSpec, RoadSet, demonstrate};
use lane_statistics::order;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Parts of the held-out data.
const FOLDS: usize = 10;

/// Frames of a demonstration that are scored: the first ones still fill the memory.
const WARM_UP: usize = 16;

/// Frames of a demonstration.
const FRAMES: usize = 48;

/// Name of the measure.
const SQUARED_ERROR: &str = "squared_error_per_km2";

/// What 1 / m squared is in the unit of the table, (1 / km) squared.
const PER_KM2: f64 = 1e6;

/// The paper's passive test on the simulator's demonstrations.
pub struct PassiveStudy {
    demonstrations: usize,
}

impl PassiveStudy {
    /// `demonstrations` of 2.4 s in each of the ten parts.
    pub fn new(demonstrations: usize) -> Self {
        Self { demonstrations }
    }
}

/// One part of the data.
pub struct Part {
    fold: usize,
    demonstrations: usize,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}, {} demonstrations", self.fold, self.demonstrations)
    }
}

/// One entrant on one part.
#[derive(Serialize, Deserialize)]
pub struct Error {
    /// Mean squared error of its curvature, in 1/km².
    squared_error: f64,
}

impl Study for PassiveStudy {
    type Case = Part;
    type Seen = Error;

    fn id(&self) -> &'static str {
        "passive"
    }

    fn baselines(&self) -> &'static [Baseline] {
        &[Baseline::Straight]
    }

    fn cases(&self, _: &Entrant<'_>) -> Vec<Part> {
        let Self { demonstrations } = *self;
        if demonstrations == 0 { Vec::new() } else { (0..FOLDS).map(|fold| Part { fold, demonstrations }).collect() }
    }

    fn see(&self, entrant: &Entrant<'_>, part: &Part) -> anyhow::Result<Error> {
        let mut driver = entrant.subject().map(|subject| subject.driver.clone());
        let size = driver.as_ref().map_or_else(|| PolicyKind::NCP.encoder().input_size(), Driver::input_size);
        let (mut squared, mut count) = (0.0, 0_usize);
        for number in 0..part.demonstrations {
            let seed = (part.fold * part.demonstrations + number) as u64;
            let (set, frames, family, cue) = (RoadSet::Test, FRAMES, None, Cue::Absent);
            let shown =
                demonstrate(DemonstrationSpec { set, seed, frames, size, family, cue, colours: Colours::Natural });
            let labels = shown.curvature.clone();
            for (steering, label) in steering(driver.as_mut(), shown)?.iter().zip(labels).skip(WARM_UP) {
                squared += f64::from(steering.0 - label.0).powi(2);
                count += 1;
            }
        }
        Ok(Error { squared_error: squared * (PER_KM2 / count.max(1) as f64) })
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        let error = Measure::<Self>::mean(SQUARED_ERROR, "squared error, 1/km²", 2, |seen| seen.squared_error);
        vec![error.claiming("squared errors", "1/km²")]
    }

    fn reading(&self) -> &'static str {
        "Mean over ten parts of the data and all trainings, with the spread between parts as the paper's Table 1 states it."
    }

    fn figures(&self) -> Vec<Figure<Self>> {
        vec![Figure::new("sd_of_parts_per_km2", "sd of parts, 1/km²", 2, spread)]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let section = Section::new("passive", "Passive test: held-out demonstrations, open loop").say(format!(
            "{} demonstrations of {:.1} s on test roads in {FOLDS} parts; each starts off the lane centre and shows what \
             the expert would do. The first {:.1} s of each fill the policy's memory and are not scored. The paper \
             trained once for each of ten folds of its recordings; here the data that is held out is drawn apart from \
             the start, so the same trainings are scored on ten parts of it.",
            FOLDS * self.demonstrations,
            FRAMES as f64 * DT_SECS,
            WARM_UP as f64 * DT_SECS,
        ));
        let section = section.say(
            "Open-loop error says little about driving (Codevilla et al., ECCV 2018): the paper's own spread between \
             folds is larger than every difference between its policies.",
        );
        let answer = Answer::new(Question::Demonstrations, "squared error of the curvature", "1/km²", Better::Lower, 1);
        let basis = findings.basis(&format!("{} demonstrations", FOLDS * self.demonstrations));
        let section = section.answer(findings.answer(answer.on(basis), SQUARED_ERROR, ""));
        Ok(findings.tell(section))
    }
}

/// What is steered through a demonstration; straight on without a driver.
fn steering(driver: Option<&mut Driver>, shown: Demonstration) -> anyhow::Result<Vec<Steering>> {
    let Some(driver) = driver else { return Ok(vec![Steering(0.0); shown.frames.len()]) };
    driver.reset();
    driver.set_speed(Some(shown.speed_mps));
    let frames = shown.frames.into_iter().enumerate();
    let frames = frames.map(|(index, image)| Frame { index: index as u64, time_secs: index as f64 * DT_SECS, image });
    Ok(frames.map(|frame| driver.steer(&frame)).collect::<Result<_, _>>()?)
}

fn spread(row: &Row<'_, PassiveStudy>) -> Cell {
    maybe(order::sd(&row.seen().map(|seen| seen.squared_error).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::test_subjects::untrained;
    use crate::suite::{Subject, Suite};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn suite(subjects: Arc<[Subject]>) -> Box<dyn Suite> {
        PassiveStudy::new(1).on(subjects)
    }

    /// Errors of each training's ten parts: a mean, and 1 above and below it in turn.
    fn outcomes(means: &[f64]) -> Vec<Value> {
        let of = |mean: &f64| (0..FOLDS).map(|fold| mean + if fold % 2 == 0 { 1.0 } else { -1.0 }).collect::<Vec<_>>();
        means.iter().flat_map(of).map(|error| json!({ "squared_error": error })).collect()
    }

    #[test]
    fn scores_are_means_over_parts_and_trainings_and_differences_are_first_less_second() {
        // ncp-1, ncp-2, cnn-1, cnn-2, straight.
        let section = suite(untrained(&["ncp", "cnn"], 2)).section(&outcomes(&[4.0, 6.0, 9.0, 13.0, 50.0])).unwrap();
        let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
        let value = |cell: &Cell| match cell {
            Cell::Interval { value, .. } | Cell::Number(value) => (1e9 * value).round() / 1e9,
            other => panic!("{other:?}"),
        };
        let scores = table("scores");
        let names: Vec<&Cell> = scores.rows.iter().map(|row| &row[0]).collect();
        assert_eq!(names, [&Cell::text("ncp"), &Cell::text("cnn"), &Cell::text("straight")]);
        // (4 + 6) / 2, (9 + 13) / 2 and 50.
        assert_eq!(scores.rows.iter().map(|row| value(&row[2])).collect::<Vec<_>>(), [5.0, 11.0, 50.0]);
        // Five times each of 5, 3, 7, 5: squares 0, 4, 4, 0 about 5 make 40 of 19; 10, 8, 14, 12 make 100 of 19.
        let spreads = [(40.0 / 19.0_f64).sqrt(), (100.0 / 19.0_f64).sqrt(), (10.0 / 9.0_f64).sqrt()];
        for (row, expected) in scores.rows.iter().zip(spreads) {
            assert!((value(&row[3]) - expected).abs() < 1e-8, "{row:?}");
        }
        assert_eq!(scores.rows[2][1], Cell::Missing, "straight on was not trained");
        // ncp less cnn: -5 for seed 1 in every part, -7 for seed 2.
        let differences = &table("differences").rows[0];
        assert_eq!(differences[2], Cell::text("seeds 1, 2"));
        // Two trainings: scipy.stats.ttest_1samp([-5, -7], 0).confidence_interval() = [-18.706205, 6.706205].
        let Cell::Interval { value: mean, low, high } = differences[3] else { panic!("{:?}", differences[3]) };
        assert!(
            (mean + 6.0).abs() < 1e-9 && (low + 18.706_205).abs() < 1e-6 && (high - 6.706_205).abs() < 1e-6,
            "{low} {high}"
        );
        assert_eq!(differences[5], Cell::text("no verdict with two trainings"));
        assert_eq!(table("trainings").rows.iter().map(|row| value(&row[1])).collect::<Vec<_>>(), [4.0, 6.0, 9.0, 13.0]);
        let [answer] = &section.answers[..] else { panic!("{:?}", section.answers) };
        let answered = ["ncp", "cnn", "straight"].map(|who| value(answer.value(who).unwrap()));
        assert_eq!((answer.question, answered), (Question::Demonstrations, [5.0, 11.0, 50.0]));
        assert!(suite(untrained(&["ncp"], 1)).section(&outcomes(&[1.0])).is_err(), "the baseline is missing");
    }

    #[test]
    fn the_parts_are_other_demonstrations_and_the_warm_up_is_not_scored() {
        let suite = suite(untrained(&["cnn"], 1));
        assert_eq!(suite.units()[3], "cnn-1 part 3, 1 demonstrations");
        assert_eq!(suite.units()[10], "straight part 0, 1 demonstrations");
        let straight = |fold: usize| suite.run(10 + fold).unwrap()["squared_error"].as_f64().unwrap();
        let size = PolicyKind::NCP.encoder().input_size();
        for fold in 0..2 {
            let (set, frames, family, cue) = (RoadSet::Test, FRAMES, None, Cue::Absent);
            let spec =
                DemonstrationSpec { set, seed: fold as u64, frames, size, family, cue, colours: Colours::Natural };
            let labels = demonstrate(spec).curvature;
            // Squares of the labels in 1/km, of the 32 frames behind the first 16.
            let squares: f64 = labels[16..].iter().map(|label| (1e3 * f64::from(label.0)).powi(2)).sum();
            assert!((straight(fold) - squares / 32.0).abs() < 1e-6 * squares, "part {fold}");
        }
        assert!(PassiveStudy::new(0).on(untrained(&["cnn"], 1)).units().is_empty());
    }
}
