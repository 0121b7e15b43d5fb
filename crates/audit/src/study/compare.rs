//! One policy beside another: the one rule of pairing.

use super::measure::{BOOTSTRAP_SEED, Clusters, exponential, measured};
use super::{Measure, Row, Study};
use lane_report::section::Cell;
use lane_statistics::bootstrap::{self, Difference};
use lane_statistics::pairs::equal_seeds;
use std::fmt;

/// How one row differs from another in one figure, and which of their trainings were paired.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which trainings were paired.
    pub pairing: Pairing,
    /// First less second; of a geometric mean, of the logarithms. Nothing where there is too little to compare.
    pub difference: Option<Difference>,
}

/// Which samples were paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Case by case, the trainings of these seeds.
    Seeds(Vec<u64>),
    /// Case by case, each training with the baseline.
    Baseline,
    /// None: no seed in common, or not the same cases.
    Unpaired,
}

impl fmt::Display for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeds(seeds) => {
                let numbers: Vec<String> = seeds.iter().map(u64::to_string).collect();
                write!(f, "{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, numbers.join(", "))
            }
            Self::Baseline => write!(f, "each training"),
            Self::Unpaired => write!(f, "unpaired"),
        }
    }
}

impl<S: Study> Measure<S> {
    /// How the first row differs from the second. Trainings of the same seed are paired, case by case; a baseline is
    /// paired with each training. Without a common seed the comparison is unpaired.
    pub fn compare(&self, first: &Row<'_, S>, second: &Row<'_, S>) -> Comparison {
        let (pairing, places) = trainings_to_pair(first, second);
        let (paired, difference) = match (self.clusters(first), self.clusters(second)) {
            (Clusters::Values(first), Clusters::Values(second)) => difference_of_values(&places, first, second),
            (Clusters::Rates(first), Clusters::Rates(second)) => match pairs(&places, &first, &second) {
                Some(pairs) => (true, bootstrap::paired_rate_difference(&pairs, BOOTSTRAP_SEED)),
                None => (false, bootstrap::unpaired_rate_difference(&first, &second, BOOTSTRAP_SEED)),
            },
            // One measure has one kind of samples.
            _ => (false, None),
        };
        Comparison { pairing: if paired { pairing } else { Pairing::Unpaired }, difference }
    }

    /// A difference as an entry of a table: of a geometric mean the ratio.
    pub fn difference_cell(&self, difference: Option<Difference>) -> Cell {
        let Some(Difference { mean, interval, .. }) = difference else { return Cell::Missing };
        if self.is_ratio() {
            Cell::with_interval(mean.exp(), Some(exponential(interval)))
        } else {
            Cell::with_interval(mean, Some(interval))
        }
    }
}

/// How the trainings of one policy differ from those of another by the mean of some values, with the rule of
/// [`Measure::compare`]. Each training is its seed and its values, case by case.
pub fn compare_trainings(first: &[(u64, Vec<Option<f64>>)], second: &[(u64, Vec<Option<f64>>)]) -> Comparison {
    let split = |trainings: &[(u64, Vec<Option<f64>>)]| -> (Vec<u64>, Vec<Vec<Option<f64>>>) {
        trainings.iter().cloned().unzip()
    };
    let ((seeds, first), (other_seeds, second)) = (split(first), split(second));
    let places = equal_seeds(&seeds, &other_seeds);
    let (paired, difference) = difference_of_values(&places, first, second);
    let seeds = Pairing::Seeds(places.iter().map(|(place, _)| seeds[*place]).collect());
    Comparison { pairing: if paired { seeds } else { Pairing::Unpaired }, difference }
}

/// The difference of the means of some trainings' values, and whether they were paired case by case.
fn difference_of_values(
    places: &[(usize, usize)],
    first: Vec<Vec<Option<f64>>>,
    second: Vec<Vec<Option<f64>>>,
) -> (bool, Option<Difference>) {
    let Some(pairs) = pairs(places, &first, &second) else {
        return (false, bootstrap::unpaired_difference(&measured(first), &measured(second), BOOTSTRAP_SEED));
    };
    let both = |cluster: Vec<(Option<f64>, Option<f64>)>| {
        cluster.into_iter().filter_map(|(first, second)| first.zip(second)).collect()
    };
    let pairs: Vec<Vec<(f64, f64)>> = pairs.into_iter().map(both).collect();
    (true, bootstrap::paired_difference(&pairs, BOOTSTRAP_SEED))
}

/// Places of the records that are paired.
fn trainings_to_pair<S: Study>(first: &Row<'_, S>, second: &Row<'_, S>) -> (Pairing, Vec<(usize, usize)>) {
    if second.is_baseline() {
        return (Pairing::Baseline, (0..first.records.len()).map(|place| (place, 0)).collect());
    }
    let seeds = |row: &Row<'_, S>| -> Vec<u64> {
        row.records.iter().filter_map(|record| Some(record.entrant.subject()?.training_seed)).collect()
    };
    let (seeds, others) = (seeds(first), seeds(second));
    let places = equal_seeds(&seeds, &others);
    (Pairing::Seeds(places.iter().map(|(place, _)| seeds[*place]).collect()), places)
}

/// Samples of the same cases of each two records; nothing where there are none, or where the cases are not the same.
fn pairs<T: Copy>(places: &[(usize, usize)], first: &[Vec<T>], second: &[Vec<T>]) -> Option<Vec<Vec<(T, T)>>> {
    let same = places.iter().all(|(a, b)| first[*a].len() == second[*b].len());
    let of = |(a, b): &(usize, usize)| first[*a].iter().copied().zip(second[*b].iter().copied()).collect();
    (same && !places.is_empty()).then(|| places.iter().map(of).collect())
}

/// A difference, first less second, in words.
pub fn verdict(first: &str, second: &str, difference: Option<Difference>) -> String {
    match difference {
        None => "too little to compare".into(),
        Some(found) if !found.differs => "no difference shown".into(),
        Some(found) if found.mean < 0.0 => format!("{first} lower"),
        Some(_) => format!("{second} lower"),
    }
}
