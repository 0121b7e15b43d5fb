//! Saliency: where maps of a policy's attention lie, what they are worth, and what its steering really depends on. Each
//! method is one procedure for all policies, beside controls that know no policy or one without training.

mod charts;
mod contrast;
mod findings;
mod pictures;
mod probe;
mod quantity;
mod region;
mod scene;
mod steps;
mod tables;
#[cfg(test)]
mod tests;
mod way;
mod words;

use super::named_recording::NamedRecording;
use super::{Subject, Suite};
use anyhow::ensure;
use findings::Findings;
use lane_policy::saliency::{Cost, Method};
use lane_report::section::Section;
use probe::PROCEDURES;
use quantity::Outcome;
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;

/// First of the test roads; no other suite goes so far.
const FIRST_ROAD: u64 = 500_000;

/// Roads that the slow measurements are made on: the first ones.
const SLOW_ROADS: u32 = 20;

/// Roads per unit of quick and of slow measurements: a few seconds.
const QUICK_BLOCK: u32 = 20;
const SLOW_BLOCK: u32 = 4;

/// See the module.
pub struct SaliencySuite {
    /// Those that give maps.
    subjects: Vec<Subject>,
    /// Names of those that do not.
    left_out: Vec<String>,
    frames: u32,
    recordings: Vec<Arc<NamedRecording>>,
    scope: Scope,
    units: Vec<Unit>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Everything.
    Full,
    /// What the paper's own figures and the question of its procedures need.
    Paper,
}

/// A piece of work on the subject of this number.
struct Unit {
    subject: usize,
    work: Work,
}

enum Work {
    Quick(Range<u64>),
    Slow(Range<u64>),
    /// On the recording of this number.
    Recording(usize),
}

impl SaliencySuite {
    /// All methods and controls on this many frames, a road each, and the paper's procedures on some recordings.
    pub fn new(subjects: Arc<[Subject]>, frames: u32, recordings: Vec<Arc<NamedRecording>>) -> Self {
        Self::with_scope(&subjects, frames, recordings, Scope::Full)
    }

    /// Only the paper's three procedures: under noise, with and without training, on roads and recordings; and what the
    /// steering depends on.
    pub fn paper(subjects: Arc<[Subject]>, frames: u32, recordings: Vec<Arc<NamedRecording>>) -> Self {
        Self::with_scope(&subjects, frames, recordings, Scope::Paper)
    }

    fn with_scope(subjects: &[Subject], frames: u32, recordings: Vec<Arc<NamedRecording>>, scope: Scope) -> Self {
        let (own, modules): (Vec<&Subject>, Vec<&Subject>) =
            subjects.iter().partition(|subject| subject.driver.policy().is_some());
        let subjects: Vec<Subject> = own.into_iter().cloned().collect();
        let left_out = modules.into_iter().map(Subject::label).collect();
        let mut units = Vec::new();
        for subject in 0..subjects.len() {
            let mut add = |work| units.push(Unit { subject, work });
            blocks(frames, QUICK_BLOCK).for_each(|roads| add(Work::Quick(roads)));
            if scope == Scope::Full {
                blocks(frames.min(SLOW_ROADS), SLOW_BLOCK).for_each(|roads| add(Work::Slow(roads)));
            }
            (0..recordings.len()).for_each(|number| add(Work::Recording(number)));
        }
        Self { subjects, left_out, frames, recordings, scope, units }
    }

    /// Methods that the quick measurements are made by.
    fn methods(&self) -> Vec<Method> {
        match self.scope {
            Scope::Full => Method::of_cost(Cost::Quick).collect(),
            Scope::Paper => PROCEDURES.to_vec(),
        }
    }
}

/// Roads in blocks, the last one shorter.
fn blocks(frames: u32, block: u32) -> impl Iterator<Item = Range<u64>> {
    let road = |number: u32| FIRST_ROAD + u64::from(number);
    (0..frames).step_by(block as usize).map(move |first| road(first)..road((first + block).min(frames)))
}

impl Suite for SaliencySuite {
    fn id(&self) -> &'static str {
        "saliency"
    }

    fn units(&self) -> Vec<String> {
        let name = |Unit { subject, work }: &Unit| {
            let subject = self.subjects[*subject].label();
            let last = |roads: &Range<u64>| roads.end - 1;
            match work {
                Work::Quick(roads) => {
                    let methods = self.methods().len();
                    format!("{subject} {methods} methods quick roads {} to {}", roads.start, last(roads))
                }
                Work::Slow(roads) => format!("{subject} slow roads {} to {}", roads.start, last(roads)),
                Work::Recording(number) => {
                    let recording = self.recordings[*number].key();
                    format!("{subject} recording {number}, {recording}, {} frames", way::FRAMES)
                }
            }
        };
        self.units.iter().map(name).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let Unit { subject, work } = &self.units[unit];
        let subject = &self.subjects[*subject];
        let outcome = match work {
            Work::Quick(roads) => probe::quick(subject, &self.methods(), roads.clone())?,
            Work::Slow(roads) => probe::slow(subject, roads.clone())?,
            Work::Recording(number) => way::measure(subject, self.recordings[*number].opened(), *number)?,
        };
        Ok(serde_json::to_value(outcome)?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        ensure!(outcomes.len() == self.units.len(), "{} outcomes of {} units", outcomes.len(), self.units.len());
        let mut findings = Findings::new(&self.subjects);
        for (unit, outcome) in self.units.iter().zip(outcomes) {
            findings.add(unit.subject, serde_json::from_value::<Outcome>(outcome.clone())?);
        }
        words::section(self, &findings)
    }
}
