//! What the neurons do while a policy drives (Lechner et al. 2020, Figs. 4c, 5 and 6): how they vary together, how fast
//! they change, what they go along with, how long they remember, and what is lost with each of them.

mod activity;
mod charts;
mod findings;
mod lesion;
mod memory;
mod moments;
mod tables;
mod words;

use crate::study::{self, Entrant, Measure, Record, Study};
use activity::RoadOutcome;
use anyhow::Context as _;
use findings::Findings;
use lane_report::answers::{Answer, Better, Question};
use lane_report::section::Section;
use lane_sim::{Course, RoadSet, Weather};
use lesion::LesionOutcome;
use memory::MemoryOutcome;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// Seed of the first road.
const FIRST_ROAD: u32 = 300_000;

/// Variance of the image noise where some is tried: the least in the text of the 2020 paper.
const NOISE_VARIANCE: f32 = 0.1;

/// Roads on whose frames memory is probed.
const MEMORY_ROADS: u32 = 2;

/// Neurons of one unit of work.
const LESION_GROUP: usize = 8;

/// Cells of more neurons than this are driven on fewer roads with each neuron lost.
const SMALL_CELL: usize = 32;

/// Name of the measure that the answer is about.
const FIRST_SHARE: &str = "pc1_share";

/// What the neurons do, as a study.
pub struct NeuronsStudy {
    roads: u32,
    seconds: f64,
}

/// A piece of work on one training.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    work: Work,
    seconds: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Work {
    /// Drives a road with and without noise.
    Road(u32),
    /// Spoils frames of roads.
    Memory { roads: Range<u32> },
    /// Drives roads with each of some neurons lost.
    Lesion { neurons: Range<usize>, roads: Range<u32> },
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds;
        match &self.work {
            Work::Road(road) => write!(f, "road {road}, {seconds} s, also with noise {NOISE_VARIANCE}"),
            Work::Memory { roads } => write!(f, "memory, roads {}, {seconds} s", inclusive(roads.start, roads.end)),
            Work::Lesion { neurons, roads } => {
                let (neurons, roads) = (inclusive(neurons.start, neurons.end), inclusive(roads.start, roads.end));
                write!(f, "without neuron {neurons}, roads {roads}, {seconds} s")
            }
        }
    }
}

/// What came of a piece of work.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(Outcome);

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Outcome {
    Road(RoadOutcome),
    Memory(MemoryOutcome),
    Lesion(LesionOutcome),
}

impl NeuronsStudy {
    /// Drives this many roads for this long each; fewer where many drives are needed.
    pub fn new(roads: u32, seconds: f64) -> Self {
        Self { roads, seconds }
    }
}

/// Roads that are driven without each neuron of a cell.
fn lesion_roads(neurons: usize) -> u32 {
    if neurons > SMALL_CELL { 1 } else { 3 }
}

fn inclusive<T: std::fmt::Display + std::ops::Sub<Output = T> + From<u8>>(start: T, end: T) -> String {
    format!("{start} to {}", end - T::from(1))
}

/// The road of a seed: of the test set, by day.
fn course(seed: u32, seconds: f64) -> Course {
    Course { set: RoadSet::Test, seed, family: None, weather: Weather::Daylight, seconds }
}

impl Study for NeuronsStudy {
    type Case = Case;
    type Seen = Seen;

    fn id(&self) -> &'static str {
        "neurons"
    }

    /// Nothing where the neurons are not known.
    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Case> {
        let policy = entrant.subject().and_then(|subject| subject.driver.policy());
        let Some(policy) = policy.filter(|_| self.roads > 0) else { return Vec::new() };
        let mut work: Vec<_> = (FIRST_ROAD..FIRST_ROAD + self.roads).map(Work::Road).collect();
        let first = |most: u32| FIRST_ROAD..FIRST_ROAD + most.min(self.roads);
        work.push(Work::Memory { roads: first(MEMORY_ROADS) });
        let neurons = policy.cell_spec().map_or(0, |cell| cell.core.units());
        let roads = first(lesion_roads(neurons));
        work.extend((0..neurons).step_by(LESION_GROUP).map(|from| {
            let neurons = from..neurons.min(from + LESION_GROUP);
            Work::Lesion { neurons, roads: roads.clone() }
        }));
        work.into_iter().map(|work| Case { work, seconds: self.seconds }).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, case: &Case) -> anyhow::Result<Seen> {
        let driver = &entrant.subject().context("a yardstick has no neurons")?.driver;
        let seconds = case.seconds;
        Ok(Seen(match &case.work {
            Work::Road(road) => Outcome::Road(activity::on_road(driver, *road, seconds)?),
            Work::Memory { roads } => Outcome::Memory(memory::probe(driver, roads.clone(), seconds)?),
            Work::Lesion { neurons, roads } => {
                Outcome::Lesion(lesion::lose(driver, neurons.clone(), roads.clone(), seconds)?)
            }
        }))
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        let by_road = |name, heading, what, unit, figure: fn(&Findings<'_>) -> Vec<f64>| {
            let values = move |record: &Record<'_, Self>| {
                let by_road = Findings::of(record).map_or_else(Vec::new, |findings| figure(&findings));
                by_road.into_iter().map(Some).collect()
            };
            Measure::mean_of_record(name, heading, 3, values).claiming(what, unit)
        };
        vec![
            by_road(
                FIRST_SHARE,
                "PC1 of the covariance, share",
                "the share of PC1 (covariance, road by road)",
                "",
                |findings| findings.first_share_by_road(),
            ),
            by_road("memory_secs", "memory to a half, s", "memory", "s", |findings| findings.memory_secs_by_road(0.5)),
            by_road("relative_change", "largest change, sd", "largest changes", "sd", |findings| {
                findings.relative_change_by_road(false)
            }),
            by_road(
                "relative_change_in_noise",
                "largest change in noise, sd",
                "largest changes in noise",
                "sd",
                |findings| findings.relative_change_by_road(true),
            ),
        ]
    }

    fn section(&self, findings: &study::Findings<'_, Self>) -> anyhow::Result<Section> {
        let policies = findings::by_policy(findings);
        let section = words::introduction(self.id(), &policies, self.roads, self.seconds);
        let section = findings.without_imported(section, "nothing is known of their neurons");
        let words = "share of their variance in one component, road by road";
        let answer = Answer::new(Question::Simplicity, words, "", Better::Higher, 2);
        let basis = findings.basis_of_roads(self.roads, self.seconds);
        let section = section.answer(findings.answer(answer.on(basis), FIRST_SHARE, ""));
        let section = findings.tell_differences(section.table(tables::policies(&policies)));
        charts::add(tables::add_details(section, &policies), &policies, self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::activity::{Activity, Kept};
    use super::lesion::LostNeuron;
    use super::moments::Moments;
    use super::*;
    use crate::suite::Subject;
    use crate::suite::test_subjects::{subject, untrained};
    use lane_policy::{Lesion, PolicyKind};
    use lane_report::section::Cell;
    use serde_json::Value;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn every_neuron_of_a_cell_is_lost_once_and_units_have_names_of_their_own() {
        let subjects = untrained(&["ncp", "cnn", "lstm"], 2);
        let lost = |subject: usize| {
            let cases = NeuronsStudy::new(6, 20.0).cases(&Entrant::Training(&subjects[subject]));
            let neurons = cases.into_iter().filter_map(|case| match case.work {
                Work::Lesion { neurons, .. } => Some(neurons),
                _ => None,
            });
            neurons.flatten().collect::<Vec<_>>()
        };
        assert_eq!(lost(0), (0..19).collect::<Vec<_>>());
        assert!(lost(2).is_empty(), "a cnn has no neurons with memory");
        assert_eq!(lost(4), (0..64).collect::<Vec<_>>());
        let units = NeuronsStudy::new(6, 20.0).on(Arc::clone(&subjects)).units();
        let names: HashSet<_> = units.iter().collect();
        assert_eq!(names.len(), units.len());
        assert_eq!(units[0], "ncp-1 road 300000, 20 s, also with noise 0.1");
        assert!(
            units.iter().any(|name| name == "lstm-2 without neuron 56 to 63, roads 300000 to 300000, 20 s"),
            "{units:?}"
        );
    }

    /// Outcomes of all units, in their order.
    fn outcomes(
        study: &NeuronsStudy,
        subjects: &[Subject],
        outcome: impl Fn(&Subject, &Case) -> Outcome,
    ) -> Vec<Value> {
        let of_subject = |subject| {
            let cases = study.cases(&Entrant::Training(subject));
            cases.into_iter().map(|case| outcome(subject, &case)).collect::<Vec<_>>()
        };
        let outcomes = subjects.iter().flat_map(of_subject);
        // By the text of a journal.
        outcomes.map(|outcome| serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap()).collect()
    }

    #[test]
    fn untrained_policies_make_a_section_whose_outcomes_survive_a_journal() {
        let subjects: Arc<[Subject]> = [subject("ncp", 1), subject("cnn", 1), subject("cnn", 2)].into();
        let study = NeuronsStudy::new(1, 4.5);
        // Made up where many drives would be needed.
        let outcomes = outcomes(&study, &subjects, |subject, case| match &case.work {
            Work::Lesion { neurons, .. } => {
                let (silenced, held) = Default::default();
                let lost = |neuron| LostNeuron { neuron, mean_state: 0.1, silenced, held };
                let neurons = neurons.clone().map(lost).collect();
                Outcome::Lesion(LesionOutcome { intact: Kept::default(), neurons })
            }
            _ => study.see(&Entrant::Training(subject), case).unwrap().0,
        });
        let suite = study.on(subjects);
        let section = suite.section(&outcomes).unwrap();
        for table in &section.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
        }
        let rows = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap().rows.len();
        assert_eq!((rows("policies"), rows("differences"), rows("trainings")), (2, 1, 3));
        assert_eq!((rows("neurons"), rows("all_neurons")), (119, 219));
        assert!(section.text.iter().any(|text| text.contains("cnn: no memory")), "{:?}", section.text);
        assert!(section.charts.iter().all(|chart| chart.figure.svg().is_ok()));
        assert_eq!(suite.run(0).unwrap(), suite.run(0).unwrap(), "the same unit, the same outcome");
        let broken = vec![Value::Null; outcomes.len()];
        assert!(suite.section(&broken).is_err() && suite.section(&outcomes[1..]).is_err());
    }

    /// A road on which the hidden neurons of a policy vary along as many axes, by these amounts, and change by multiples of
    /// their standard deviations over two such roads, without noise and with it.
    fn made_up_road(amounts: &[f64], neurons: usize, relative_changes: [f64; 2]) -> RoadOutcome {
        let first_hidden = neurons - amounts.len();
        let rows = amounts.iter().enumerate().flat_map(|(axis, amount)| {
            [-amount, *amount].map(|state| {
                let mut row = vec![0.0; neurons + 2];
                row[first_hidden + axis] = state;
                row
            })
        });
        let moments = Moments::of(&rows.collect::<Vec<_>>());
        let two_roads = moments.clone().pooled(&moments);
        let changes = |factor: f64| (0..neurons).map(|neuron| factor * two_roads.sd(neuron)).collect();
        let [clean, noisy] = relative_changes;
        let (range, time_constants_secs) = (vec![[-1.0, 1.0]; neurons], Vec::new());
        let activity = Activity { moments, range, largest_change: changes(clean), time_constants_secs };
        let (kept, kept_in_noise) = Default::default();
        RoadOutcome { kept, activity, kept_in_noise, largest_change_in_noise: changes(noisy) }
    }

    /// The steering changes as much as at first for so many frames, and then no more.
    fn made_up_memory(frames: usize) -> MemoryOutcome {
        let curve: Vec<f64> = (0..=memory::LONGEST_LAG).map(|lag| if lag <= frames { 1.0 } else { 0.0 }).collect();
        MemoryOutcome { grey: vec![curve.clone(); 2], noise: vec![curve; 2] }
    }

    #[test]
    fn differences_are_the_first_less_the_second_paired_by_seed_and_road() {
        // The seeds of the two policies stand in another order.
        let subjects: Arc<[Subject]> =
            [("ncp", 1), ("ncp", 2), ("cnn", 2), ("cnn", 1)].map(|(name, seed)| subject(name, seed)).into();
        let study = NeuronsStudy::new(2, 2.5);
        let outcomes = outcomes(&study, &subjects, |subject, case| match (&case.work, subject.policy == "ncp") {
            (Work::Road(_), true) => Outcome::Road(made_up_road(&[3.0, 1.0], 3, [2.0, 3.0])),
            (Work::Road(_), false) => Outcome::Road(made_up_road(&[2.0; 3], 3, [0.5, 6.0])),
            (Work::Memory { .. }, is_ncp) => {
                Outcome::Memory(made_up_memory(10 * subject.training_seed as usize - if is_ncp { 0 } else { 10 }))
            }
            (Work::Lesion { .. }, _) => Outcome::Lesion(LesionOutcome { intact: Kept::default(), neurons: Vec::new() }),
        });
        let section = study.on(subjects).section(&outcomes).unwrap();
        let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
        let cell = |id: &str, row: usize, column: &str| {
            let column = table(id).columns.iter().position(|known| known.name == column).unwrap();
            table(id).rows[row][column].clone()
        };
        assert_eq!(cell("differences", 0, "pairing"), Cell::text("seeds 1, 2"));
        // Variances of 9 to 1 along two axes against three equal ones; 10 frames of 50 ms; 2 less 0.5; 3 less 6.
        let expected = [
            ("pc1_share", 0.9 - 1.0 / 3.0),
            ("memory_secs", 0.5),
            ("relative_change", 1.5),
            ("relative_change_in_noise", -3.0),
        ];
        for (measure, difference) in expected {
            let Cell::Interval { value, low, high } = cell("differences", 0, measure) else { panic!("{measure}") };
            // Every pair of one seed differs by the same: pairs of other trainings would not in their memory.
            let near = |found: f64| (found - difference).abs() < 1e-9;
            assert!(near(value) && near(low) && near(high), "{measure}: {value} [{low}, {high}], not {difference}");
            assert_eq!(
                cell("differences", 0, &format!("{measure}_verdict")),
                Cell::text("no verdict with two trainings")
            );
        }
        let of = |row: usize, column: &str| {
            let (Cell::Number(value) | Cell::Interval { value, .. }) = cell("policies", row, column) else { panic!() };
            value
        };
        assert!((of(0, "pc1_share") - 0.9).abs() < 1e-9 && (of(1, "pc1_share") - 1.0 / 3.0).abs() < 1e-9);
        let [answer] = &section.answers[..] else { panic!("{:?}", section.answers) };
        let answered = ["ncp", "cnn"].map(|policy| match answer.value(policy) {
            Some(Cell::Interval { value, .. } | Cell::Number(value)) => *value,
            other => panic!("{policy}: {other:?}"),
        });
        assert!((answered[0] - 0.9).abs() < 1e-9 && (answered[1] - 1.0 / 3.0).abs() < 1e-9, "{answered:?}");
        // The effect is gone 11 and 21 frames of ncp later, and 1 and 11 of cnn.
        assert!((of(0, "memory_secs") - 0.8).abs() < 1e-9 && (of(1, "memory_secs") - 0.3).abs() < 1e-9);
        let left =
            |row: usize| [cell("memory", row, "left_after_1_frames"), cell("memory", row, "left_after_10_frames")];
        assert_eq!((left(0), left(3)), ([1.0, 1.0].map(Cell::Number), [0.0, 0.0].map(Cell::Number)));
        let none = section.verdicts.iter().find(|text| text.starts_with("No difference in ")).unwrap();
        assert!(none.contains("largest changes in noise") && none.contains("of 1 tried"), "{none}");
    }

    #[test]
    fn a_lost_output_neuron_steers_the_same_everywhere() {
        let outcome = lesion::lose(&subject("ncp", 1).driver, 0..1, FIRST_ROAD..FIRST_ROAD + 1, 1.0).unwrap();
        assert_eq!(outcome.neurons.len(), 1);
        let driver = subject("ncp", 1)
            .driver
            .lesioned(&[Lesion::Hold { neuron: 0, value: outcome.neurons[0].mean_state as f32 }])
            .unwrap();
        let (log, _) = activity::watched_drive(&driver, &course(FIRST_ROAD, 1.0).world(), 1.0, 0.0).unwrap();
        assert_eq!(Kept::of(&log), outcome.neurons[0].held);
        assert!(log.steps.iter().all(|step| (step.commanded.0 - log.steps[0].commanded.0).abs() < 1e-7), "{log:?}");
    }

    #[test]
    fn a_held_neuron_stays_where_it_is_in_every_kind_of_cell() {
        let world = course(FIRST_ROAD, 0.3).world();
        for kind in PolicyKind::all().filter(|kind| kind.has_memory() && !kind.paper) {
            let driver =
                subject(&kind.to_string(), 1).driver.lesioned(&[Lesion::Hold { neuron: 3, value: 0.25 }]).unwrap();
            let (_, watched) = activity::watched_drive(&driver, &world, 0.3, 0.0).unwrap();
            assert_eq!(watched.len(), 6);
            for activity in watched {
                assert!((activity.state[3] - 0.25).abs() < 1e-6, "{kind}: {}", activity.state[3]);
                assert!(activity.state.iter().any(|state| (state - 0.25).abs() > 1e-3), "{kind}: the others move");
            }
        }
    }
}
