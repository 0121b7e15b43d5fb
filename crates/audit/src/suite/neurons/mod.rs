//! What the neurons do while a policy drives (Lechner et al. 2020, Figs. 4c, 5 and 6): how they vary together, how fast
//! they change, what they go along with, how long they remember, and what is lost with each of them.

mod activity;
mod charts;
mod comparison;
mod findings;
mod lesion;
mod memory;
mod moments;
mod tables;
mod words;

use super::{Subject, Suite};
use lane_driver::twin_drive::Course;
use lane_report::section::Section;
use lane_sim::{RoadSet, Weather};
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;

/// Seed of the first road.
const FIRST_ROAD: u32 = 300_000;

/// Variance of the image noise where some is tried: the least of the 2020 paper's.
const NOISE_VARIANCE: f32 = 0.1;

/// Roads on whose frames memory is probed.
const MEMORY_ROADS: u32 = 2;

/// Neurons of one unit of work.
const LESION_GROUP: usize = 8;

/// Cells of more neurons than this are driven on fewer roads with each neuron lost.
const SMALL_CELL: usize = 32;

/// See the module.
pub struct NeuronsSuite {
    subjects: Arc<[Subject]>,
    roads: u32,
    seconds: f64,
    units: Vec<Unit>,
}

/// A piece of work on the subject of a place in the list.
#[derive(Clone, Debug, PartialEq)]
enum Unit {
    /// Drives a road with and without noise.
    Road { subject: usize, road: u32 },
    /// Drives roads with each of some neurons lost.
    Lesion { subject: usize, neurons: Range<usize>, roads: Range<u32> },
    /// Spoils frames of roads.
    Memory { subject: usize, roads: Range<u32> },
}

impl NeuronsSuite {
    /// Drives this many roads for this long each; fewer where many drives are needed.
    pub fn new(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        let units = subjects.iter().enumerate().flat_map(|(place, subject)| units_of(place, subject, roads)).collect();
        Self { subjects, roads, seconds, units }
    }

    fn name(&self, unit: &Unit) -> String {
        let (label, seconds) = (|subject: &usize| self.subjects[*subject].label(), self.seconds);
        match unit {
            Unit::Road { subject, road } => {
                format!("{} road {road}, {seconds} s, also with noise {NOISE_VARIANCE}", label(subject))
            }
            Unit::Lesion { subject, neurons, roads } => {
                let (neurons, roads) = (inclusive(neurons.start, neurons.end), inclusive(roads.start, roads.end));
                format!("{} without neuron {neurons}, roads {roads}, {seconds} s", label(subject))
            }
            Unit::Memory { subject, roads } => {
                format!("{} memory, roads {}, {seconds} s", label(subject), inclusive(roads.start, roads.end))
            }
        }
    }
}

/// What is done with one subject; nothing where its neurons are not known.
fn units_of(place: usize, subject: &Subject, roads: u32) -> Vec<Unit> {
    let Some(policy) = subject.driver.policy() else { return Vec::new() };
    let mut units: Vec<_> = (FIRST_ROAD..FIRST_ROAD + roads).map(|road| Unit::Road { subject: place, road }).collect();
    let first = |most: u32| FIRST_ROAD..FIRST_ROAD + most.min(roads);
    units.push(Unit::Memory { subject: place, roads: first(MEMORY_ROADS) });
    let neurons = policy.cell_spec().map_or(0, |cell| cell.core.units());
    let roads = first(lesion_roads(neurons));
    units.extend((0..neurons).step_by(LESION_GROUP).map(|from| {
        let neurons = from..neurons.min(from + LESION_GROUP);
        Unit::Lesion { subject: place, neurons, roads: roads.clone() }
    }));
    units
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

impl Suite for NeuronsSuite {
    fn id(&self) -> &'static str {
        "neurons"
    }

    fn units(&self) -> Vec<String> {
        self.units.iter().map(|unit| self.name(unit)).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let driver = |subject: &usize| &self.subjects[*subject].driver;
        Ok(match &self.units[unit] {
            Unit::Road { subject, road } => {
                serde_json::to_value(activity::on_road(driver(subject), *road, self.seconds)?)?
            }
            Unit::Lesion { subject, neurons, roads } => {
                let (neurons, roads) = (neurons.clone(), roads.clone());
                serde_json::to_value(lesion::lose(driver(subject), neurons, roads, self.seconds)?)?
            }
            Unit::Memory { subject, roads } => {
                serde_json::to_value(memory::probe(driver(subject), roads.clone(), self.seconds)?)?
            }
        })
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let policies = findings::by_policy(&self.subjects, &self.units, outcomes)?;
        let section = words::introduction(self.id(), &policies, self.roads, self.seconds);
        let section = tables::add(section, &policies);
        charts::add(section, &policies, self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::activity::{Activity, Kept, RoadOutcome};
    use super::lesion::{LesionOutcome, LostNeuron};
    use super::memory::MemoryOutcome;
    use super::moments::Moments;
    use super::*;
    use crate::suite::test_subjects::{subject, untrained};
    use lane_policy::PolicyKind;
    use lane_report::section::Cell;
    use std::collections::HashSet;

    fn suite(names: &[&str], roads: u32, seconds: f64) -> NeuronsSuite {
        NeuronsSuite::new(untrained(names, 2), roads, seconds)
    }

    #[test]
    fn every_neuron_of_a_cell_is_lost_once_and_units_have_names_of_their_own() {
        let suite = suite(&["ncp", "cnn", "lstm"], 6, 20.0);
        let names: HashSet<_> = suite.units().into_iter().collect();
        assert_eq!(names.len(), suite.units.len());
        let lost = |subject: usize| {
            let neurons = suite.units.iter().filter_map(move |unit| match unit {
                Unit::Lesion { subject: own, neurons, .. } if *own == subject => Some(neurons.clone()),
                _ => None,
            });
            neurons.flatten().collect::<Vec<_>>()
        };
        assert_eq!(lost(0), (0..19).collect::<Vec<_>>());
        assert!(lost(2).is_empty(), "a cnn has no neurons with memory");
        assert_eq!(lost(4), (0..64).collect::<Vec<_>>());
        assert_eq!(suite.units()[0], "ncp-1 road 300000, 20 s, also with noise 0.1");
        assert!(names.contains("lstm-2 without neuron 56 to 63, roads 300000 to 300000, 20 s"), "{names:?}");
    }

    /// Of a unit, made up where many drives would be needed.
    fn outcome(suite: &NeuronsSuite, unit: usize) -> Value {
        let outcome = match &suite.units[unit] {
            Unit::Lesion { neurons, .. } => {
                let (silenced, held) = Default::default();
                let lost = |neuron| LostNeuron { neuron, mean_state: 0.1, silenced, held };
                let neurons = neurons.clone().map(lost).collect();
                serde_json::to_value(LesionOutcome { intact: Kept::default(), neurons }).unwrap()
            }
            _ => suite.run(unit).unwrap(),
        };
        serde_json::from_str(&outcome.to_string()).unwrap()
    }

    #[test]
    fn untrained_policies_make_a_section_whose_outcomes_survive_a_journal() {
        let subjects = [subject("ncp", 1), subject("cnn", 1), subject("cnn", 2)];
        let suite = NeuronsSuite::new(Vec::from(subjects).into(), 1, 4.5);
        let outcomes: Vec<Value> = (0..suite.units.len()).map(|unit| outcome(&suite, unit)).collect();
        let section = suite.section(&outcomes).unwrap();
        for table in &section.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
        }
        let rows = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap().rows.len();
        assert_eq!((rows("policies"), rows("differences"), rows("trainings")), (2, 4, 3));
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
        let subjects = [("ncp", 1), ("ncp", 2), ("cnn", 2), ("cnn", 1)].map(|(name, seed)| subject(name, seed));
        let suite = NeuronsSuite::new(subjects.into(), 2, 2.5);
        let outcome = |unit: &Unit| {
            let of =
                |subject: &usize| (suite.subjects[*subject].policy == "ncp", suite.subjects[*subject].training_seed);
            match unit {
                Unit::Road { subject, .. } if of(subject).0 => {
                    serde_json::to_value(made_up_road(&[3.0, 1.0], 3, [2.0, 3.0]))
                }
                Unit::Road { .. } => serde_json::to_value(made_up_road(&[2.0; 3], 3, [0.5, 6.0])),
                Unit::Memory { subject, .. } => {
                    let (is_ncp, seed) = of(subject);
                    serde_json::to_value(made_up_memory(10 * seed as usize - if is_ncp { 0 } else { 10 }))
                }
                Unit::Lesion { .. } => {
                    serde_json::to_value(LesionOutcome { intact: Kept::default(), neurons: Vec::new() })
                }
            }
        };
        let outcomes: Vec<Value> = suite.units.iter().map(|unit| outcome(unit).unwrap()).collect();
        let section = suite.section(&outcomes).unwrap();
        let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
        // Variances of 9 to 1 along two axes against three equal ones; 10 frames of 50 ms; 2 less 0.5; 3 less 6.
        let expected = [("share of PC1", 0.9 - 1.0 / 3.0), ("memory, s", 0.5), ("largest change, sd", 1.5)]
            .into_iter()
            .chain([("largest change in noise, sd", -3.0)]);
        for (measure, difference) in expected {
            let keys = ["ncp", "cnn", measure].map(Cell::text);
            let row = table("differences").rows.iter().find(|row| row[..3] == keys).unwrap();
            let Cell::Interval { value, low, high } = row[3] else { panic!("{row:?}") };
            // Every pair of one seed differs by the same: pairs of other trainings would not in their memory.
            let near = |found: f64| (found - difference).abs() < 1e-9;
            assert!(near(value) && near(low) && near(high), "{measure}: {value} [{low}, {high}], not {difference}");
        }
        let policies = table("policies");
        let of = |row: usize, column: &str| {
            let column = policies.columns.iter().position(|known| known.name == column).unwrap();
            let (Cell::Number(value) | Cell::Interval { value, .. }) = policies.rows[row][column] else { panic!() };
            value
        };
        assert!((of(0, "pc1_share") - 0.9).abs() < 1e-9 && (of(1, "pc1_share") - 1.0 / 3.0).abs() < 1e-9);
        // 10 and 20 frames of ncp, none and 10 of cnn.
        assert!((of(0, "memory_secs") - 0.75).abs() < 1e-9 && (of(1, "memory_secs") - 0.25).abs() < 1e-9);
        let sentence = section.text.iter().find(|text| text.contains("ncp less cnn")).unwrap();
        assert!(sentence.contains("largest change in noise, sd: differs, -3.00 [-3.00, -3.00]"), "{sentence}");
    }

    #[test]
    fn a_lost_output_neuron_steers_the_same_everywhere() {
        let outcome = lesion::lose(&subject("ncp", 1).driver, 0..1, FIRST_ROAD..FIRST_ROAD + 1, 1.0).unwrap();
        assert_eq!(outcome.neurons.len(), 1);
        let driver = subject("ncp", 1).driver.holding_neuron(0, outcome.neurons[0].mean_state as f32);
        let (log, _) = activity::watched_drive(&driver, &course(FIRST_ROAD, 1.0).world(), 1.0, 0.0).unwrap();
        assert_eq!(Kept::of(&log), outcome.neurons[0].held);
        assert!(log.steps.iter().all(|step| (step.commanded.0 - log.steps[0].commanded.0).abs() < 1e-7), "{log:?}");
    }

    #[test]
    fn a_held_neuron_stays_where_it_is_in_every_kind_of_cell() {
        let world = course(FIRST_ROAD, 0.3).world();
        for kind in PolicyKind::all().filter(|kind| kind.has_memory() && !kind.paper) {
            let driver = subject(&kind.to_string(), 1).driver.holding_neuron(3, 0.25);
            let (_, watched) = activity::watched_drive(&driver, &world, 0.3, 0.0).unwrap();
            assert_eq!(watched.len(), 6);
            for activity in watched {
                assert!((activity.state[3] - 0.25).abs() < 1e-6, "{kind}: {}", activity.state[3]);
                assert!(activity.state.iter().any(|state| (state - 0.25).abs() > 1e-3), "{kind}: the others move");
            }
        }
    }
}
