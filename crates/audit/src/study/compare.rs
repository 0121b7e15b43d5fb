//! One policy beside another: the one rule of pairing.

use super::measure::{Clusters, exponential, measured};
use super::{Measure, Row, Study};
use lane_report::section::Cell;
use lane_statistics::effects::{self, Estimate};
use lane_statistics::multiple::holm;
use lane_statistics::pairs::equal_seeds;
use lane_statistics::verdict::Verdict;
use std::fmt;

/// How one row differs from another in one figure, and which of their trainings were paired.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which trainings were paired.
    pub pairing: Pairing,
    /// First less second; of a geometric mean and of events, of the logarithms. Nothing where there is too little to
    /// compare.
    pub difference: Option<Estimate>,
    /// Where neither side has an event: what their rates differ by at most, with 95 % confidence.
    pub bound: Option<f64>,
    /// The p-value of the difference, corrected for the other comparisons of the study where there are some.
    pub corrected_p: Option<f64>,
}

impl Comparison {
    fn new(pairing: Pairing, difference: Option<Estimate>) -> Self {
        Self { pairing, difference, bound: None, corrected_p: difference.map(|difference| difference.p) }
    }

    /// Corrects the p-values of some comparisons for each other (Holm).
    pub fn correct_together<'c>(comparisons: impl IntoIterator<Item = &'c mut Self>) {
        let p: Vec<&mut f64> =
            comparisons.into_iter().filter_map(|comparison| comparison.corrected_p.as_mut()).collect();
        let corrected = holm(&p.iter().map(|p| **p).collect::<Vec<_>>());
        p.into_iter().zip(corrected).for_each(|(p, corrected)| *p = corrected);
    }

    /// What it amounts to.
    pub fn verdict(&self) -> Verdict {
        match (&self.difference, self.corrected_p, self.bound) {
            (Some(difference), Some(corrected_p), _) => Verdict::new(difference, corrected_p),
            (_, _, Some(at_most)) => Verdict::NoEvents { at_most },
            _ => Verdict::TooLittle,
        }
    }
}

/// Which samples were paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Case by case, the trainings of these seeds.
    Seeds(Vec<u64>),
    /// Case by case, each training with the baseline or with itself.
    EachTraining,
    /// None: no seed in common, not the same cases, or counted events.
    Unpaired,
}

impl fmt::Display for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeds(seeds) => {
                let numbers: Vec<String> = seeds.iter().map(u64::to_string).collect();
                write!(f, "{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, numbers.join(", "))
            }
            Self::EachTraining => write!(f, "each training"),
            Self::Unpaired => write!(f, "unpaired"),
        }
    }
}

/// The trainings of two sides that belong together.
pub struct Partners {
    pairing: Pairing,
    /// Places on the first side beside those on the second.
    places: Vec<(usize, usize)>,
}

impl Partners {
    /// Trainings of the same seed; none where no seed is common.
    pub fn of_seeds(first: &[u64], second: &[u64]) -> Self {
        let places = equal_seeds(first, second);
        let pairing = if places.is_empty() {
            Pairing::Unpaired
        } else {
            Pairing::Seeds(places.iter().map(|(place, _)| first[*place]).collect())
        };
        Self { pairing, places }
    }

    /// Each of so many trainings with itself.
    pub fn within(trainings: usize) -> Self {
        Self { pairing: Pairing::EachTraining, places: (0..trainings).map(|place| (place, place)).collect() }
    }

    /// Each of so many trainings with a baseline.
    pub fn of_baseline(trainings: usize) -> Self {
        Self { pairing: Pairing::EachTraining, places: (0..trainings).map(|place| (place, 0)).collect() }
    }

    fn of_rows<S: Study>(first: &Row<'_, S>, second: &Row<'_, S>) -> Self {
        if second.is_baseline() {
            return Self::of_baseline(first.records.len());
        }
        let seeds = |row: &Row<'_, S>| -> Vec<u64> {
            row.records.iter().filter_map(|record| Some(record.entrant.subject()?.training_seed)).collect()
        };
        Self::of_seeds(&seeds(first), &seeds(second))
    }

    /// Samples of the same cases of each two trainings; nothing where there are none, or where the cases are not the same.
    fn pairs<T: Copy>(&self, first: &[Vec<T>], second: &[Vec<T>]) -> Option<Vec<Vec<(T, T)>>> {
        let same = self.places.iter().all(|(a, b)| first[*a].len() == second[*b].len());
        let of = |(a, b): &(usize, usize)| first[*a].iter().copied().zip(second[*b].iter().copied()).collect();
        (same && !self.places.is_empty()).then(|| self.places.iter().map(of).collect())
    }

    /// Two means of values, training by training and case by case; a case without a value on one side takes no part.
    pub fn compare_values(self, first: Vec<Vec<Option<f64>>>, second: Vec<Vec<Option<f64>>>) -> Comparison {
        let Some(pairs) = self.pairs(&first, &second) else {
            let difference = effects::unpaired_difference(&measured(first), &measured(second));
            return Comparison::new(Pairing::Unpaired, difference);
        };
        let both = |cluster: Vec<(Option<f64>, Option<f64>)>| {
            cluster.into_iter().filter_map(|(first, second)| first.zip(second)).collect()
        };
        let pairs: Vec<Vec<(f64, f64)>> = pairs.into_iter().map(both).collect();
        Comparison::new(self.pairing, effects::paired_difference(&pairs))
    }

    /// Two rates, each a ratio of sums over trainings and cases.
    pub fn compare_rates(self, first: &[Vec<[f64; 2]>], second: &[Vec<[f64; 2]>]) -> Comparison {
        match self.pairs(first, second) {
            Some(pairs) => Comparison::new(self.pairing, effects::paired_rate_difference(&pairs)),
            None => Comparison::new(Pairing::Unpaired, effects::unpaired_rate_difference(first, second)),
        }
    }
}

impl<S: Study> Measure<S> {
    /// How the first row differs from the second. Trainings of the same seed are paired, case by case; a baseline is
    /// paired with each training. Without a common seed the comparison is unpaired, and so it is for counted events.
    pub fn compare(&self, first: &Row<'_, S>, second: &Row<'_, S>) -> Comparison {
        let partners = Partners::of_rows(first, second);
        match (self.clusters(first), self.clusters(second)) {
            (Clusters::Values(first), Clusters::Values(second)) => partners.compare_values(first, second),
            (Clusters::Rates(first), Clusters::Rates(second)) => partners.compare_rates(&first, &second),
            (Clusters::Events(first), Clusters::Events(second)) => Comparison {
                bound: effects::rate_bound(&first, &second),
                ..Comparison::new(Pairing::Unpaired, effects::event_ratio(&first, &second))
            },
            // One measure has one kind of samples.
            _ => Comparison::new(Pairing::Unpaired, None),
        }
    }

    /// A difference as an entry of a table: of a geometric mean and of events the ratio.
    pub fn difference_cell(&self, difference: Option<Estimate>) -> Cell {
        let Some(Estimate { value, interval, .. }) = difference else { return Cell::Missing };
        if self.is_ratio() {
            Cell::with_interval(value.exp(), Some(exponential(interval)))
        } else {
            Cell::with_interval(value, Some(interval))
        }
    }
}
