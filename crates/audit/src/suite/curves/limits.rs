//! Sweeps sorted by policy, and the radius at which each ends.

use super::{BASELINE, CurvesSuite, RADII_M, STEP_RATIO, Sweep};
use crate::suite::Subject;
use crate::suite::policies::{Policy, matched, policies};
use lane_statistics::bootstrap::{self, Difference, paired_difference};
use lane_statistics::interval::Interval;
use lane_statistics::order;

/// All sweeps of the suite.
pub struct Limits<'a> {
    suite: &'a CurvesSuite,
    sweeps: &'a [Sweep],
    /// The policies, then the baseline.
    policies: Vec<Policy<'a>>,
}

impl Sweep {
    /// Radii driven before the first that was not.
    fn unbroken(&self) -> usize {
        self.driven.iter().take_while(|driven| **driven).count()
    }

    /// Tightest radius driven with none failed before it; a step above the first where that failed.
    fn limit_m(&self) -> f64 {
        match self.unbroken() {
            0 => f64::from(RADII_M[0]) / STEP_RATIO,
            driven => f64::from(RADII_M[driven - 1]),
        }
    }

    /// The widest radius that was not driven.
    fn widest_failed_m(&self) -> Option<f64> {
        RADII_M.get(self.unbroken()).map(|radius_m| f64::from(*radius_m))
    }
}

impl<'a> Limits<'a> {
    /// `sweeps` in the order of the suite's units.
    pub(super) fn new(suite: &'a CurvesSuite, sweeps: &'a [Sweep]) -> Self {
        let mut policies = policies(&suite.subjects);
        policies.push(Policy { name: BASELINE, trainings: vec![suite.subjects.len()] });
        Self { suite, sweeps, policies }
    }

    /// The policies and the baseline.
    pub fn all(&self) -> &[Policy<'a>] {
        &self.policies
    }

    /// The policies without the baseline.
    pub fn trained(&self) -> &[Policy<'a>] {
        &self.policies[..self.policies.len() - 1]
    }

    /// What was trained.
    pub fn subjects(&self) -> &[Subject] {
        &self.suite.subjects
    }

    /// Sweeps of an entrant: left and right in turn, look by look.
    fn of(&self, entrant: usize) -> &[Sweep] {
        &self.sweeps[entrant * self.suite.sweeps()..][..self.suite.sweeps()]
    }

    fn of_all<'b>(&'b self, policy: &'b Policy) -> impl Iterator<Item = &'b Sweep> {
        policy.trainings.iter().flat_map(|entrant| self.of(*entrant))
    }

    /// Number of sweeps.
    pub fn count(&self, policy: &Policy) -> usize {
        self.of_all(policy).count()
    }

    /// Geometric mean of the limits, and its interval over trainings and sweeps.
    pub fn mean_limit_m(&self, policy: &Policy) -> (f64, Option<Interval>) {
        let log = |entrant: &usize| self.of(*entrant).iter().map(|sweep| sweep.limit_m().ln()).collect::<Vec<_>>();
        let logs: Vec<Vec<f64>> = policy.trainings.iter().map(log).collect();
        let interval = bootstrap::mean(&logs, 0);
        let mean = order::mean(&logs.concat()).unwrap_or(f64::NAN);
        (mean.exp(), interval.map(|found| Interval { low: found.low.exp(), high: found.high.exp() }))
    }

    /// Median of the limits.
    pub fn median_limit_m(&self, policy: &Policy) -> f64 {
        let limits: Vec<f64> = self.of_all(policy).map(Sweep::limit_m).collect();
        order::quantile(&limits, 0.5).unwrap_or(f64::NAN)
    }

    /// The widest radius that any sweep failed at.
    pub fn widest_failed_m(&self, policy: &Policy) -> Option<f64> {
        self.of_all(policy).filter_map(Sweep::widest_failed_m).max_by(f64::total_cmp)
    }

    /// The tightest radius that any sweep came down to.
    pub fn tightest_driven_m(&self, policy: &Policy) -> Option<f64> {
        let driven = self.of_all(policy).filter(|sweep| sweep.unbroken() > 0);
        driven.map(Sweep::limit_m).min_by(f64::total_cmp)
    }

    /// Sweeps that ended before the first radius, and those that never failed: their true limits are not known.
    pub fn censored(&self, policy: &Policy) -> [usize; 2] {
        let counted = |driven: usize| self.of_all(policy).filter(|sweep| sweep.unbroken() == driven).count();
        [counted(0), counted(RADII_M.len())]
    }

    /// Mean of speed² over the limit.
    pub fn lateral_acceleration_mps2(&self, policy: &Policy) -> f64 {
        let lateral = |sweep: &Sweep| f64::from(sweep.speed_mps).powi(2) / sweep.limit_m();
        order::mean(&self.of_all(policy).map(lateral).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    }

    /// Share of an entrant's bends of each radius that were driven.
    pub fn shares(&self, entrant: usize) -> Vec<f64> {
        let sweeps = self.of(entrant);
        let share = |radius| sweeps.iter().filter(|sweep| sweep.driven[radius]).count() as f64 / sweeps.len() as f64;
        (0..RADII_M.len()).map(share).collect()
    }

    /// The limits to the left over those to the right of the same looks, as a difference of logarithms.
    pub fn left_over_right(&self, policy: &Policy) -> Option<Difference> {
        let sides = |entrant: &usize| {
            let sides = self.of(*entrant).chunks_exact(2);
            sides.map(|sides| (sides[0].limit_m().ln(), sides[1].limit_m().ln())).collect::<Vec<_>>()
        };
        paired_difference(&policy.trainings.iter().map(sides).collect::<Vec<_>>(), 0)
    }

    /// The first's limits over the second's in the same sweeps, as a difference of logarithms.
    pub fn ratio(&self, first: &Policy, second: &Policy) -> Option<Difference> {
        let of_pair = |(a, b)| {
            let sweeps = self.of(a).iter().zip(self.of(b));
            sweeps.map(|(a, b)| (a.limit_m().ln(), b.limit_m().ln())).collect::<Vec<_>>()
        };
        paired_difference(&matched(first, second, self.subjects()).into_iter().map(of_pair).collect::<Vec<_>>(), 0)
    }
}
