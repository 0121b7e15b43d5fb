//! How policies are compared: by one figure at a time, over roads and trainings.

use super::findings::{Findings, PolicyFindings};
use crate::study::{BOOTSTRAP_SEED, Comparison, compare_trainings};
use lane_statistics::bootstrap;
use lane_statistics::interval::Interval;
use lane_statistics::order::mean;

/// A figure that trainings are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Share of the variance along the first component.
    FirstShare,
    /// Time for which a grey frame changes the steering by more than half of the largest change, in s.
    Memory,
    /// Largest change from frame to frame in standard deviations.
    Change,
    /// The same with noise on the image.
    ChangeInNoise,
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [Self::FirstShare, Self::Memory, Self::Change, Self::ChangeInNoise];

    /// With its unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FirstShare => "share of PC1",
            Self::Memory => "memory, s",
            Self::Change => "largest change, sd",
            Self::ChangeInNoise => "largest change in noise, sd",
        }
    }

    fn by_road(self, findings: &Findings) -> Vec<f64> {
        match self {
            Self::FirstShare => findings.first_share_by_road(),
            Self::Memory => findings.memory_secs_by_road(0.5),
            Self::Change => findings.relative_change_by_road(false),
            Self::ChangeInNoise => findings.relative_change_by_road(true),
        }
    }
}

/// How a measure of one policy differs from that of another, road by road.
pub(super) fn compare(measure: Measure, first: &PolicyFindings, second: &PolicyFindings) -> Comparison {
    let by_road = |policy: &PolicyFindings| -> Vec<(u64, Vec<Option<f64>>)> {
        let of_training = |findings: &Findings| {
            (findings.subject.training_seed, measure.by_road(findings).into_iter().map(Some).collect())
        };
        policy.trainings.iter().map(of_training).collect()
    };
    compare_trainings(&by_road(first), &by_road(second))
}

/// Mean of a figure of every training of a policy with its interval over trainings.
pub(super) fn over_trainings(policy: &PolicyFindings, measure: impl Fn(&Findings) -> f64) -> (f64, Option<Interval>) {
    let clusters: Vec<Vec<f64>> = policy.trainings.iter().map(|findings| vec![measure(findings)]).collect();
    let interval = bootstrap::mean(&clusters, BOOTSTRAP_SEED);
    (mean(&clusters.concat()).unwrap_or(f64::NAN), interval)
}
