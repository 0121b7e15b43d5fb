//! The outcomes sorted by policy and training, and the figures that follow from them.

use super::activity::{Kept, RoadOutcome};
use super::lesion::{LesionOutcome, LostNeuron};
use super::memory::{MemoryOutcome, frames_until, mean_curve};
use super::moments::{Components, Moments};
use super::{NeuronsStudy, Outcome};
use crate::study::{self, Record};
use crate::suite::Subject;
use lane_policy::wiring::{Layer, Wiring};
use lane_report::plot::Colour;
use lane_sim::DT_SECS;
use lane_statistics::effects;
use lane_statistics::interval::Interval;
use lane_statistics::order::{mean, quantile};

/// All trainings of one policy.
pub(super) struct PolicyFindings<'a> {
    pub(super) name: &'a str,
    pub(super) colour: Colour,
    /// At least one.
    pub(super) trainings: Vec<Findings<'a>>,
}

/// One training.
pub(super) struct Findings<'a> {
    pub(super) subject: &'a Subject,
    pub(super) roads: Vec<&'a RoadOutcome>,
    pub(super) lesion: Option<LesionOutcome>,
    pub(super) memory: Option<&'a MemoryOutcome>,
    wiring: Option<Wiring>,
    pooled: Moments,
}

/// The policies whose neurons are known.
pub(super) fn by_policy<'a>(findings: &'a study::Findings<'a, NeuronsStudy>) -> Vec<PolicyFindings<'a>> {
    let policies = findings.policies().iter().map(|row| {
        let trainings = row.records.iter().filter_map(Findings::of).collect();
        PolicyFindings { name: &row.name, colour: row.colour, trainings }
    });
    policies.collect()
}

impl PolicyFindings<'_> {
    /// Mean of a figure of every training with its interval over trainings.
    pub(super) fn over_trainings(&self, figure: impl Fn(&Findings<'_>) -> f64) -> (f64, Option<Interval>) {
        let clusters: Vec<Vec<f64>> = self.trainings.iter().map(|findings| vec![figure(findings)]).collect();
        (mean(&clusters.concat()).unwrap_or(f64::NAN), effects::mean(&clusters).map(|mean| mean.interval))
    }
}

impl<'a> Findings<'a> {
    /// Puts together what was seen of one training; nothing for what was never trained.
    pub(super) fn of(record: &Record<'a, NeuronsStudy>) -> Option<Self> {
        let subject = record.entrant.subject()?;
        let (mut roads, mut lesion, mut memory) = (Vec::new(), None::<LesionOutcome>, None);
        for (_, seen) in &record.seen {
            match &seen.0 {
                Outcome::Road(road) => roads.push(road),
                Outcome::Memory(outcome) => memory = Some(outcome),
                Outcome::Lesion(group) => match &mut lesion {
                    Some(lesion) => lesion.neurons.extend(&group.neurons),
                    none => *none = Some(group.clone()),
                },
            }
        }
        let pooled = roads.iter().fold(Moments::default(), |pooled, road| pooled.pooled(&road.activity.moments));
        Some(Self { subject, roads, lesion, memory, wiring: subject.driver.describe().wiring, pooled })
    }

    /// Neurons that were watched.
    pub(super) fn neurons(&self) -> usize {
        // A road without a settled frame shows none.
        self.roads.iter().map(|road| road.activity.range.len()).max().unwrap_or(0)
    }

    /// Whether its neurons have a state from frame to frame.
    pub(super) fn has_memory(&self) -> bool {
        self.lesion.is_some()
    }

    /// Its wiring, if its neurons have one.
    pub(super) fn wiring(&self) -> Option<&Wiring> {
        self.wiring.as_ref()
    }

    /// Layer of a neuron, or what it is where there are no layers.
    pub(super) fn layer(&self, neuron: usize) -> &'static str {
        let layer = self.wiring.as_ref().and_then(|wiring| {
            wiring.layers().into_iter().find(|(_, ids)| ids.contains(&neuron)).map(|(layer, _)| layer.name())
        });
        layer.unwrap_or(if self.has_memory() { "cell" } else { "dense" })
    }

    /// The neurons that are not themselves the output: the 2020 paper leaves the output out as well.
    pub(super) fn hidden(&self) -> Vec<usize> {
        let output = self.wiring.as_ref().map_or(0..0, |wiring| wiring.ids(Layer::Motor));
        (0..self.neurons()).filter(|neuron| !output.contains(neuron)).collect()
    }

    /// Principal components over all roads.
    pub(super) fn components(&self) -> Option<Components> {
        self.pooled.components(&self.hidden())
    }

    /// Share of the variance along the first component.
    pub(super) fn first_share(&self) -> f64 {
        self.components().map_or(f64::NAN, |components| components.shares[0])
    }

    /// The same where each neuron has a variance of 1.
    pub(super) fn first_share_with_unit_variances(&self) -> f64 {
        self.pooled.first_share_with_unit_variances(&self.hidden()).unwrap_or(f64::NAN)
    }

    /// Share of the variance along the first component, road by road.
    pub(super) fn first_share_by_road(&self) -> Vec<f64> {
        let hidden = self.hidden();
        let share = |road: &&RoadOutcome| {
            road.activity.moments.components(&hidden).map_or(f64::NAN, |components| components.shares[0])
        };
        self.roads.iter().map(share).collect()
    }

    /// Over all roads, of every neuron, then the steering, then the road's curvature.
    pub(super) fn moments(&self) -> &Moments {
        &self.pooled
    }

    /// Least and largest state of a neuron on any road.
    pub(super) fn range(&self, neuron: usize) -> [f64; 2] {
        let ranges = self.roads.iter().filter_map(|road| road.activity.range.get(neuron));
        ranges.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], range| [low.min(range[0]), high.max(range[1])])
    }

    /// Largest change of a neuron's state from frame to frame on any road, without and with noise.
    pub(super) fn largest_change(&self, neuron: usize) -> [f64; 2] {
        let largest = |changes: &dyn Fn(&RoadOutcome) -> Option<f64>| {
            self.roads.iter().copied().filter_map(changes).fold(f64::NEG_INFINITY, f64::max)
        };
        [
            largest(&|road| road.activity.largest_change.get(neuron).copied()),
            largest(&|road| road.largest_change_in_noise.get(neuron).copied()),
        ]
    }

    /// Median over the hidden neurons that change at all of the largest change on one road, in standard deviations of
    /// the neuron over all roads: without the unit, networks can be compared.
    pub(super) fn relative_change_by_road(&self, in_noise: bool) -> Vec<f64> {
        let hidden = self.hidden();
        let of_road = |road: &&RoadOutcome| {
            let changes = if in_noise { &road.largest_change_in_noise } else { &road.activity.largest_change };
            let relative = hidden.iter().filter_map(|neuron| {
                let sd = self.pooled.sd(*neuron);
                Some(changes.get(*neuron)? / sd).filter(|_| sd > 0.0)
            });
            quantile(&relative.collect::<Vec<_>>(), 0.5).unwrap_or(f64::NAN)
        };
        self.roads.iter().map(of_road).collect()
    }

    /// Time constants of a liquid neuron in s: the least, means over the roads of 5 %, median and 95 %, the largest.
    pub(super) fn time_constants_secs(&self, neuron: usize) -> Option<[f64; 5]> {
        let roads: Vec<[f64; 5]> =
            self.roads.iter().filter_map(|road| road.activity.time_constants_secs.get(neuron).copied()).collect();
        let mean = |place: usize| roads.iter().map(|road| road[place]).sum::<f64>() / roads.len() as f64;
        let least = roads.iter().map(|road| road[0]).fold(f64::INFINITY, f64::min);
        let most = roads.iter().map(|road| road[4]).fold(f64::NEG_INFINITY, f64::max);
        (!roads.is_empty()).then(|| [least, mean(1), mean(2), mean(3), most])
    }

    /// What was driven without a neuron.
    pub(super) fn lost(&self, neuron: usize) -> Option<&LostNeuron> {
        self.lesion.as_ref()?.neurons.iter().find(|lost| lost.neuron == neuron)
    }

    /// Rise of the mean |e| in m with a neuron kept at its mean, for every neuron.
    pub(super) fn error_rises_m(&self) -> Vec<f64> {
        let Some(lesion) = &self.lesion else { return Vec::new() };
        let intact_m = lesion.intact.mean_abs_error_m();
        lesion.neurons.iter().map(|lost| lost.held.mean_abs_error_m() - intact_m).collect()
    }

    /// Crashes and distance over all roads, without and with noise.
    pub(super) fn kept(&self) -> [Kept; 2] {
        let sum =
            |kept: fn(&RoadOutcome) -> Kept| self.roads.iter().copied().map(kept).fold(Kept::default(), Kept::and);
        [sum(|road| road.kept), sum(|road| road.kept_in_noise)]
    }

    /// Mean |change of steering| by lag after a grey frame, and after a noisy one.
    pub(super) fn memory_curves(&self) -> Option<[Vec<f64>; 2]> {
        self.memory.map(|memory| [mean_curve(&memory.grey), mean_curve(&memory.noise)])
    }

    /// Seconds after a grey frame until it changes the steering by no more than a share of the largest change; not a number
    /// where that is longer than was tried.
    pub(super) fn memory_secs(&self, share: f64) -> f64 {
        let curve = self.memory.map(|memory| mean_curve(&memory.grey));
        secs_until(curve.as_deref().unwrap_or_default(), share)
    }

    /// What is left of the largest change of the steering so many frames after a grey one, as a share of it.
    pub(super) fn memory_left(&self, frames: usize) -> Option<f64> {
        let curve = mean_curve(&self.memory?.grey);
        let peak = curve.iter().copied().fold(f64::NAN, f64::max);
        Some(curve.get(frames)? / peak)
    }

    /// Seconds to a share road by road.
    pub(super) fn memory_secs_by_road(&self, share: f64) -> Vec<f64> {
        self.memory.iter().flat_map(|memory| &memory.grey).map(|curve| secs_until(curve, share)).collect()
    }
}

fn secs_until(curve: &[f64], share: f64) -> f64 {
    frames_until(curve, share).map_or(f64::NAN, |frames| frames as f64 * DT_SECS)
}
