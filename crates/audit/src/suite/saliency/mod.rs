//! Saliency: where maps of a policy's attention lie, what they are worth, and what its steering really depends on. Each
//! method is one procedure for all policies, beside controls that know no policy or one without training.

mod attention;
mod charts;
mod contrast;
mod pictures;
mod probe;
mod quantity;
mod region;
mod scene;
mod steps;
mod swaps;
mod tables;
#[cfg(test)]
mod tests;
mod way;
mod words;

use super::named_recording::NamedRecording;
use crate::study::{Entrant, Findings, Measure, Study};
use anyhow::Context as _;
use lane_policy::saliency::{Cost, Method};
use lane_report::section::Section;
use probe::PROCEDURES;
use quantity::{Outcome, Quantity, Ranking, Swap, share_on_road};
use region::Region;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// First of the test roads; no other suite goes so far.
const FIRST_ROAD: u64 = 500_000;

/// Roads that the slow measurements are made on: the first ones.
const SLOW_ROADS: u32 = 40;

/// Roads per unit of quick and of slow measurements: a few seconds.
const QUICK_BLOCK: u32 = 20;
const SLOW_BLOCK: u32 = 4;

/// Where the policies attend, as a study.
pub struct SaliencyStudy {
    frames: u32,
    recordings: Vec<Arc<NamedRecording>>,
    scope: Scope,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Everything.
    Full,
    /// What the paper's own figures and the question of its procedures need.
    Paper,
}

/// A piece of work on one training.
#[derive(Clone, Debug)]
pub struct Case(Work);

#[derive(Clone, Debug)]
enum Work {
    /// By so many methods.
    Quick {
        methods: usize,
        roads: Range<u64>,
    },
    Slow {
        methods: usize,
        roads: Range<u64>,
    },
    /// On the recording of this number, which has this key.
    Recording {
        number: usize,
        key: String,
    },
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = |roads: &Range<u64>| roads.end - 1;
        match &self.0 {
            Work::Quick { methods, roads } => {
                write!(f, "{methods} methods quick roads {} to {}", roads.start, last(roads))
            }
            Work::Slow { methods, roads } => {
                write!(f, "{methods} methods slow roads {} to {}", roads.start, last(roads))
            }
            Work::Recording { number, key } => write!(f, "recording {number}, {key}, {} frames", way::FRAMES),
        }
    }
}

/// What was measured of one training in one piece of work.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(Outcome);

impl SaliencyStudy {
    /// All methods and controls on this many frames, a road each, and the paper's procedures on some recordings.
    pub fn new(frames: u32, recordings: Vec<Arc<NamedRecording>>) -> Self {
        Self { frames, recordings, scope: Scope::Full }
    }

    /// Only the paper's three procedures: under noise, with and without training, on roads and recordings; and what the
    /// steering depends on.
    pub fn paper(frames: u32, recordings: Vec<Arc<NamedRecording>>) -> Self {
        Self { frames, recordings, scope: Scope::Paper }
    }

    /// Methods that the quick measurements are made by.
    fn methods(&self) -> Vec<Method> {
        match self.scope {
            Scope::Full => Method::of_cost(Cost::Quick).collect(),
            Scope::Paper => PROCEDURES.to_vec(),
        }
    }
}

/// The methods whose maps depend on the head, and so may show what the neurons attend to. The one that is shown by default
/// comes first: its share on the road's outline is the primary comparison.
fn methods_of_the_head() -> impl Iterator<Item = Method> {
    let others = tables::methods().filter(|method| *method != Method::DEFAULT && !PROCEDURES.contains(method));
    std::iter::once(Method::DEFAULT).chain(others)
}

/// Name of the measure of a method's share on the road's outline.
fn share_on_outline(method: Method) -> String {
    let name = method.name().to_lowercase().replace([' ', '-'], "_");
    format!("outline_{name}_times_uniform")
}

/// Roads in blocks, the last one shorter.
fn blocks(frames: u32, block: u32) -> impl Iterator<Item = Range<u64>> {
    let road = |number: u32| FIRST_ROAD + u64::from(number);
    (0..frames).step_by(block as usize).map(move |first| road(first)..road((first + block).min(frames)))
}

impl Study for SaliencyStudy {
    type Case = Case;
    type Seen = Seen;

    fn id(&self) -> &'static str {
        "saliency"
    }

    /// Nothing for an imported graph or module, which has no untrained twin.
    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Case> {
        if entrant.subject().is_none_or(|subject| subject.driver.policy().is_none()) {
            return Vec::new();
        }
        let methods = self.methods().len();
        let quick = blocks(self.frames, QUICK_BLOCK).map(|roads| Work::Quick { methods, roads });
        let slow_frames = if self.scope == Scope::Full { self.frames.min(SLOW_ROADS) } else { 0 };
        let slow = blocks(slow_frames, SLOW_BLOCK)
            .map(|roads| Work::Slow { methods: Method::of_cost(Cost::Slow).count(), roads });
        let recordings = self.recordings.iter().enumerate();
        let recordings = recordings.map(|(number, recording)| Work::Recording { number, key: recording.key() });
        quick.chain(slow).chain(recordings).map(Case).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, case: &Case) -> anyhow::Result<Seen> {
        let subject = entrant.subject().context("a yardstick has no maps")?;
        Ok(Seen(match &case.0 {
            Work::Quick { roads, .. } => probe::quick(subject, &self.methods(), roads.clone())?,
            Work::Slow { roads, .. } => probe::slow(subject, roads.clone())?,
            Work::Recording { number, .. } => way::measure(subject, self.recordings[*number].opened(), *number)?,
        }))
    }

    /// What policies are compared by; every other quantity is listed only.
    fn measures(&self) -> Vec<Measure<Self>> {
        let mut measures = Vec::new();
        for (method, [name, heading, _]) in PROCEDURES.into_iter().zip(tables::PROCEDURE_NAMES) {
            // What is claimed of these stands in the table of contrasts, beside what the procedures themselves make.
            let (name, heading) = (format!("road_{name}_times_uniform"), format!("Road, {heading}"));
            measures.push(share_on_road(method).measure(&name, &heading, 2));
        }
        if self.scope == Scope::Full {
            for method in methods_of_the_head() {
                let quantity = Quantity::Share(Ranking::Method(method), Region::Outline);
                let measure = quantity.measure(&share_on_outline(method), &format!("Outline, {method}"), 2);
                measures.push(measure.claiming(format!("shares on the road outline ({method})"), ""));
            }
        }
        for (method, [name, heading, what]) in PROCEDURES.into_iter().zip(tables::PROCEDURE_NAMES) {
            let (name, heading) = (format!("ssim_{name}_at_variance_0.2"), format!("SSIM at 0.2, {heading}"));
            measures.push(Quantity::Noise(method, 20).measure(&name, &heading, 3).claiming(what, ""));
        }
        for (swap, what) in Swap::ALL.into_iter().zip([
            "changes of the steering with another roadside",
            "changes of the steering with another roadside beyond the outline",
            "changes of the steering with another asphalt",
            "changes of the steering without paint",
        ]) {
            let (name, heading) = tables::swap_names(swap);
            let (name, heading) = (format!("{name}_mean_abs_change_1e3_per_m"), format!("{heading}, 1e-3 1/m"));
            measures.push(Quantity::Swap(swap).measure(&name, &heading, 2).claiming(what, "1e-3 1/m"));
        }
        measures
    }

    fn reading(&self) -> &'static str {
        "Means over frames: how far single trainings differ from each other."
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        words::section(self, findings)
    }
}
