//! All measurements in one place, by training and by policy, with their uncertainty.

use super::quantity::{Outcome, Quantity};
use crate::suite::Subject;
use lane_report::section::Cell;
use lane_statistics::bootstrap::{self, Difference};
use lane_statistics::order;
use std::collections::BTreeMap;

/// Seed of every interval.
const BOOTSTRAP_SEED: u64 = 6;

/// With more policies than this, each is compared with the first alone.
const MOST_COMPARED_WITH_ALL: usize = 4;

/// See the module.
pub(super) struct Findings<'a> {
    subjects: &'a [Subject],
    /// Per subject, the values of all its units in their order.
    measured: Vec<BTreeMap<Quantity, Vec<Option<f64>>>>,
}

impl<'a> Findings<'a> {
    pub fn new(subjects: &'a [Subject]) -> Self {
        Self { subjects, measured: vec![BTreeMap::new(); subjects.len()] }
    }

    /// Adds what a unit measured, in the order of units.
    pub fn add(&mut self, subject: usize, outcome: Outcome) {
        for series in outcome.series {
            self.measured[subject].entry(series.of).or_default().extend(series.values);
        }
    }

    /// All trainings, with their numbers.
    pub fn subjects(&self) -> impl Iterator<Item = (usize, &'a Subject)> {
        self.subjects.iter().enumerate()
    }

    /// The trainings of a policy.
    pub fn trainings(&self, policy: &str) -> impl Iterator<Item = (usize, &'a Subject)> {
        self.subjects().filter(move |(_, subject)| subject.policy == policy)
    }

    /// Names of the policies, in the order of their first trainings.
    pub fn policies(&self) -> Vec<&'a str> {
        let mut policies: Vec<&str> = Vec::new();
        for subject in self.subjects {
            if !policies.contains(&subject.policy.as_str()) {
                policies.push(&subject.policy);
            }
        }
        policies
    }

    /// Whether a policy remembers earlier frames.
    pub fn has_memory(&self, policy: &str) -> bool {
        self.trainings(policy)
            .any(|(_, subject)| subject.driver.policy().is_some_and(|policy| policy.kind().has_memory()))
    }

    /// Pairs of policies that are compared.
    pub fn pairs(&self) -> Vec<[&'a str; 2]> {
        let policies = self.policies();
        let firsts = if policies.len() > MOST_COMPARED_WITH_ALL { 1 } else { policies.len() };
        (0..firsts).flat_map(|a| policies[a + 1..].iter().map(|b| [policies[a], *b]).collect::<Vec<_>>()).collect()
    }

    /// Values of one training where it has any.
    pub fn values(&self, subject: usize, quantity: Quantity) -> Vec<f64> {
        self.measured[subject].get(&quantity).into_iter().flatten().flatten().copied().collect()
    }

    /// Mean of one training.
    pub fn of_training(&self, subject: usize, quantity: Quantity) -> Cell {
        Cell::number(order::mean(&self.values(subject, quantity)).unwrap_or(f64::NAN))
    }

    /// Mean of all trainings of a policy, after a function of each value; frames and trainings make the interval.
    pub fn of_policy(&self, policy: &str, quantity: Quantity, of_value: fn(f64) -> f64) -> Cell {
        let values = |(number, _)| self.values(number, quantity).into_iter().map(of_value).collect();
        let clusters: Vec<Vec<f64>> = self.trainings(policy).map(values).collect();
        let mean = order::mean(&clusters.concat()).unwrap_or(f64::NAN);
        Cell::with_interval(mean, bootstrap::mean(&clusters, BOOTSTRAP_SEED))
    }

    /// Mean of all trainings of a policy.
    pub fn mean(&self, policy: &str, quantity: Quantity) -> Option<f64> {
        let values = self.trainings(policy).flat_map(|(number, _)| self.values(number, quantity));
        order::mean(&values.collect::<Vec<_>>())
    }

    /// One policy less another, paired by frame and by training seed. Seeds that only one of them has are left out.
    pub fn between(&self, policies: [&str; 2], quantity: Quantity) -> Option<Difference> {
        self.across(policies, [quantity; 2])
    }

    /// One quantity of one policy less another one of another, paired as in [`Findings::between`].
    pub fn across(&self, [a, b]: [&str; 2], [of_a, of_b]: [Quantity; 2]) -> Option<Difference> {
        let both = self.trainings(a).filter_map(|(first, subject)| {
            let (second, _) = self.trainings(b).find(|(_, other)| other.training_seed == subject.training_seed)?;
            Some([(first, of_a), (second, of_b)])
        });
        self.paired(both)
    }

    /// One quantity less another of the same policy, paired by frame and training.
    pub fn within(&self, policy: &str, [a, b]: [Quantity; 2]) -> Option<Difference> {
        self.paired(self.trainings(policy).map(|(number, _)| [(number, a), (number, b)]))
    }

    fn paired(&self, clusters: impl Iterator<Item = [(usize, Quantity); 2]>) -> Option<Difference> {
        let values = |(subject, quantity): (usize, Quantity)| self.measured[subject].get(&quantity);
        let pairs = clusters.filter_map(|[a, b]| {
            let pairs = values(a)?.iter().zip(values(b)?);
            Some(pairs.filter_map(|(a, b)| a.zip(*b)).collect::<Vec<_>>())
        });
        bootstrap::paired_difference(&pairs.collect::<Vec<_>>(), BOOTSTRAP_SEED)
    }
}

/// A difference as a sentence of numbers.
pub(super) fn in_words(of: [&str; 2], difference: &Difference) -> String {
    let Difference { mean, interval, differs } = difference;
    let shown = if *differs { "a difference" } else { "no difference shown" };
    format!("{shown} between {} and {}: {mean:+.2} [{:.2}, {:.2}]", of[0], of[1], interval.low, interval.high)
}
