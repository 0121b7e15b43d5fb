//! All measurements in one place, by training and by policy, with their uncertainty.

use super::quantity::{Outcome, Quantity};
use crate::study::{BOOTSTRAP_SEED, Comparison, colours, compare_trainings};
use crate::suite::Subject;
use lane_report::plot::Colour;
use lane_report::section::Cell;
use lane_statistics::bootstrap::{self, Difference};
use lane_statistics::order;
use lane_statistics::pairs::every_two;
use std::collections::BTreeMap;

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

    /// The policies, each with its colour in every chart of the report.
    pub fn coloured(&self) -> impl Iterator<Item = (&'a str, Colour)> {
        let policies = self.policies();
        let colours = colours(&policies);
        policies.into_iter().zip(colours)
    }

    /// Whether a policy remembers earlier frames.
    pub fn has_memory(&self, policy: &str) -> bool {
        self.trainings(policy)
            .any(|(_, subject)| subject.driver.policy().is_some_and(|policy| policy.kind().has_memory()))
    }

    /// Every two policies.
    pub fn pairs(&self) -> Vec<[&'a str; 2]> {
        every_two(&self.policies()).map(|(a, b)| [*a, *b]).collect()
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

    /// One policy less another: trainings of the same seed are paired, frame by frame.
    pub fn between(&self, policies: [&str; 2], quantity: Quantity) -> Comparison {
        self.across(policies, [quantity; 2])
    }

    /// One quantity of one policy less another one of another, paired as in [`Findings::between`].
    pub fn across(&self, [a, b]: [&str; 2], [of_a, of_b]: [Quantity; 2]) -> Comparison {
        let trainings = |policy: &str, quantity: Quantity| -> Vec<(u64, Vec<Option<f64>>)> {
            let of_training = |(number, subject): (usize, &Subject)| {
                (subject.training_seed, self.measured[number].get(&quantity).cloned().unwrap_or_default())
            };
            self.trainings(policy).map(of_training).collect()
        };
        compare_trainings(&trainings(a, of_a), &trainings(b, of_b))
    }

    /// One quantity less another of the same policy, paired by frame and training.
    pub fn within(&self, policy: &str, [a, b]: [Quantity; 2]) -> Option<Difference> {
        let pairs = self.trainings(policy).filter_map(|(number, _)| {
            let pairs = self.measured[number].get(&a)?.iter().zip(self.measured[number].get(&b)?);
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
