//! Outcomes sorted by policy, and what each loses when the cue breaks.

use super::{Outcome, ShortcutSuite};
use crate::driving::{DriveFigures, DrivingScore};
use crate::suite::Subject;
use crate::suite::policies::{Policy, matched, policies};
use lane_statistics::bootstrap::{self, Difference, paired_difference, paired_rate_difference};
use lane_statistics::interval::Interval;
use lane_statistics::order;

/// All outcomes of the suite.
pub struct Results<'a> {
    suite: &'a ShortcutSuite,
    outcomes: &'a [Outcome],
    policies: Vec<Policy<'a>>,
}

impl<'a> Results<'a> {
    /// `outcomes` in the order of the suite's units.
    pub(super) fn new(suite: &'a ShortcutSuite, outcomes: &'a [Outcome]) -> Self {
        Self { suite, outcomes, policies: policies(&suite.subjects) }
    }

    /// What was trained, by policy.
    pub fn policies(&self) -> &[Policy<'a>] {
        &self.policies
    }

    /// What was trained.
    pub fn subjects(&self) -> &[Subject] {
        &self.suite.subjects
    }

    fn of(&self, training: usize) -> &[Outcome] {
        let roads = self.suite.roads as usize;
        &self.outcomes[training * roads..][..roads]
    }

    /// All drives of a policy in one mode.
    pub fn score(&self, policy: &Policy, mode: usize) -> DrivingScore {
        let outcomes = policy.trainings.iter().flat_map(|training| self.of(*training));
        let drives: Vec<_> = outcomes.map(|outcome| outcome.drives[mode].clone()).collect();
        DrivingScore::of(policy.name, 0.0, &drives)
    }

    /// Crashes per km in one mode less those in another, paired by road.
    pub fn crashes(&self, policy: &Policy, [first, second]: [usize; 2]) -> Option<Difference> {
        let rate = |drive: &DriveFigures| [f64::from(drive.crashes), drive.km];
        let pair = |outcome: &Outcome| (rate(&outcome.drives[first]), rate(&outcome.drives[second]));
        paired_rate_difference(&self.by_training(policy, pair), 0)
    }

    /// Mean |e| in one mode less that in another, paired by road, in m.
    pub fn error_m(&self, policy: &Policy, [first, second]: [usize; 2]) -> Option<Difference> {
        let error = |drive: &DriveFigures| drive.lane.mean_abs_error_m();
        let pair = |outcome: &Outcome| (error(&outcome.drives[first]), error(&outcome.drives[second]));
        paired_difference(&self.by_training(policy, pair), 0)
    }

    /// Change of the steering when the cue is swapped: mean over roads of the root mean square, in 1/km.
    pub fn change_per_km(&self, policy: &Policy) -> (f64, Option<Interval>) {
        let changes = self.by_training(policy, change_per_km);
        (order::mean(&changes.concat()).unwrap_or(f64::NAN), bootstrap::mean(&changes, 0))
    }

    /// Share of what the swapped cue tells that the steering follows.
    pub fn followed(&self, policy: &Policy) -> Option<Difference> {
        // Less a rate of nothing: the bootstrap of a rate is that of a difference of rates.
        let pair = |outcome: &Outcome| (outcome.swap.followed(), [0.0, 1.0]);
        paired_rate_difference(&self.by_training(policy, pair), 0)
    }

    /// The first's change of steering less the second's on the same roads, in 1/km.
    pub fn changes_compared(&self, first: &Policy, second: &Policy) -> Option<Difference> {
        let of_pair = |(a, b)| {
            let outcomes = self.of(a).iter().zip(self.of(b));
            outcomes.map(|(a, b)| (change_per_km(a), change_per_km(b))).collect::<Vec<_>>()
        };
        paired_difference(&matched(first, second, self.subjects()).into_iter().map(of_pair).collect::<Vec<_>>(), 0)
    }

    fn by_training<T>(&self, policy: &Policy, figure: impl Fn(&Outcome) -> T) -> Vec<Vec<T>> {
        policy.trainings.iter().map(|training| self.of(*training).iter().map(&figure).collect()).collect()
    }
}

fn change_per_km(outcome: &Outcome) -> f64 {
    1e3 * outcome.swap.rms_change_per_m()
}
