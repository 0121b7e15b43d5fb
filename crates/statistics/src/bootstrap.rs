//! Percentile bootstrap (Efron 1979) at 95 %: how far a mean would have been off with other roads and other trainings.
//!
//! Samples come in clusters: the values of one training seed each. A resample draws clusters with replacement and then
//! values within each drawn cluster, since the roads of one training are more alike than those of several; with one
//! cluster only the inner draw is left, and the interval says nothing about other trainings. With few clusters or
//! values such intervals come out too narrow: five seeds are few.

use super::order::quantile_of_sorted;
use crate::interval::Interval;
use lane_frame::random::{Purpose, stream};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

const RESAMPLES: u64 = 2000;

/// How one thing differs from another that was tried on the same roads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The first less the second.
    pub mean: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Whether the interval excludes zero; otherwise no difference was shown.
    pub differs: bool,
}

/// Interval of the mean of all values. Nothing for fewer than two values and for values that are not numbers.
pub fn mean(clusters: &[Vec<f64>], seed: u64) -> Option<Interval> {
    Some(estimate(clusters, seed, |value| [value, 1.0], |[sum, count]| sum / count)?.1)
}

/// A rate, which is a ratio of sums, and its interval: of drives, `[crashes, km]` of each. Nothing for fewer than two
/// samples, for values that are not numbers, and for a denominator that is not above zero.
pub fn rate(clusters: &[Vec<[f64; 2]>], seed: u64) -> Option<(f64, Interval)> {
    let positive = clusters.iter().flatten().all(|[_, per]| *per > 0.0);
    estimate(clusters, seed, |sample| sample, |[sum, per]| sum / per).filter(|_| positive)
}

/// Mean difference of pairs measured under the same conditions, first less second. Nothing for fewer than two pairs and
/// for values that are not numbers.
pub fn paired_difference(pairs: &[Vec<(f64, f64)>], seed: u64) -> Option<Difference> {
    difference(estimate(pairs, seed, |(a, b)| [a - b, 1.0], |[sum, count]| sum / count)?)
}

/// Difference of two rates, each a ratio of sums: for drives of the same roads, `[crashes, km]` of each. Nothing for
/// fewer than two pairs, for values that are not numbers, and for a denominator that is not above zero.
pub fn paired_rate_difference(pairs: &[Vec<([f64; 2], [f64; 2])>], seed: u64) -> Option<Difference> {
    let positive = pairs.iter().flatten().all(|([_, a], [_, b])| *a > 0.0 && *b > 0.0);
    let rates = |[a, a_per, b, b_per]: [f64; 4]| a / a_per - b / b_per;
    difference(estimate(pairs, seed, |(a, b)| [a[0], a[1], b[0], b[1]], rates).filter(|_| positive)?)
}

/// Difference of two means whose samples have nothing in common, first less second: each side is resampled by itself.
/// Nothing where a side has fewer than two values, and for values that are not numbers.
pub fn unpaired_difference(first: &[Vec<f64>], second: &[Vec<f64>], seed: u64) -> Option<Difference> {
    let counted = |clusters: &[Vec<f64>]| {
        clusters.iter().map(|cluster| cluster.iter().map(|value| [*value, 1.0]).collect()).collect::<Vec<_>>()
    };
    unpaired_rate_difference(&counted(first), &counted(second), seed)
}

/// Difference of two rates whose samples have nothing in common, first less second: each side is resampled by itself.
/// Nothing as in [`unpaired_difference`], and for a denominator that is not above zero.
pub fn unpaired_rate_difference(first: &[Vec<[f64; 2]>], second: &[Vec<[f64; 2]>], seed: u64) -> Option<Difference> {
    let positive = first.iter().chain(second).flatten().all(|[_, per]| *per > 0.0);
    let sides = [Sums::new(first, |sample| sample)?, Sums::new(second, |sample| sample)?];
    let rate = |[sum, per]: [f64; 2]| sum / per;
    let [a, b] = &sides;
    let estimate = rate(a.total()) - rate(b.total());
    let interval = interval(estimate, seed, |rng| rate(a.resample(rng)) - rate(b.resample(rng)));
    difference((estimate, interval.filter(|_| positive)?))
}

fn difference((mean, interval): (f64, Interval)) -> Option<Difference> {
    Some(Difference { mean, interval, differs: interval.low > 0.0 || interval.high < 0.0 })
}

/// A figure of the sums over all samples, and its interval.
fn estimate<T: Copy, const N: usize>(
    clusters: &[Vec<T>],
    seed: u64,
    summands: impl Fn(T) -> [f64; N],
    figure: impl Fn([f64; N]) -> f64,
) -> Option<(f64, Interval)> {
    let sums = Sums::new(clusters, summands)?;
    let estimate = figure(sums.total());
    Some((estimate, interval(estimate, seed, |rng| figure(sums.resample(rng)))?))
}

/// Interval of an estimate by a figure of resamples; nothing where one of them is not a number.
fn interval(estimate: f64, seed: u64, figure: impl Fn(&mut ChaCha8Rng) -> f64) -> Option<Interval> {
    let mut resamples: Vec<f64> =
        (0..RESAMPLES).map(|part| figure(&mut stream(seed, Purpose::Bootstrap, part))).collect();
    if !estimate.is_finite() || resamples.iter().any(|value| !value.is_finite()) {
        return None;
    }
    resamples.sort_by(f64::total_cmp);
    Some(Interval { low: quantile_of_sorted(&resamples, 0.025)?, high: quantile_of_sorted(&resamples, 0.975)? })
}

/// What each sample adds to the sums, in clusters none of which is empty.
struct Sums<const N: usize>(Vec<Vec<[f64; N]>>);

impl<const N: usize> Sums<N> {
    /// Nothing for fewer than two samples.
    fn new<T: Copy>(clusters: &[Vec<T>], summands: impl Fn(T) -> [f64; N]) -> Option<Self> {
        let clusters =
            clusters.iter().map(|cluster| cluster.iter().map(|sample| summands(*sample)).collect::<Vec<_>>());
        let clusters: Vec<_> = clusters.filter(|cluster| !cluster.is_empty()).collect();
        (clusters.iter().map(Vec::len).sum::<usize>() >= 2).then_some(Self(clusters))
    }

    fn total(&self) -> [f64; N] {
        self.0.iter().flatten().fold([0.0; N], add)
    }

    /// The sums of a draw of clusters, and of samples within each of them.
    fn resample(&self, rng: &mut ChaCha8Rng) -> [f64; N] {
        let Self(clusters) = self;
        let mut sums = [0.0; N];
        for _ in 0..clusters.len() {
            let cluster = &clusters[rng.random_range(0..clusters.len())];
            sums = (0..cluster.len()).fold(sums, |sums, _| add(sums, &cluster[rng.random_range(0..cluster.len())]));
        }
        sums
    }
}

fn add<const N: usize>(mut sums: [f64; N], summands: &[f64; N]) -> [f64; N] {
    sums.iter_mut().zip(summands).for_each(|(sum, summand)| *sum += summand);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundred() -> Vec<f64> {
        (0..100).map(f64::from).collect()
    }

    #[test]
    fn the_interval_of_one_cluster_is_that_of_the_normal_law() {
        // Standard error of the mean of 0..=99: sqrt((100² − 1) / 12 / 100) = 2.8866; 49.5 ± 1.96 · 2.8866. The 2.5 %
        // quantile of 2000 resamples has itself a standard error of 0.17.
        let interval = mean(&[hundred()], 1).unwrap();
        assert!((interval.low - 43.84).abs() < 0.6 && (interval.high - 55.16).abs() < 0.6, "{interval:?}");
        assert_eq!(mean(&[hundred()], 1), Some(interval), "the same seed, the same interval");
        assert_ne!(mean(&[hundred()], 2), Some(interval));
    }

    #[test]
    fn clusters_that_disagree_widen_the_interval() {
        // Ten values of 0 and ten of 1: alike as one sample, a quarter of the resamples see only one of two clusters.
        let (zeros, ones) = (vec![0.0; 10], vec![1.0; 10]);
        let pooled = mean(&[[zeros.clone(), ones.clone()].concat()], 1).unwrap();
        assert!(pooled.low > 0.2 && pooled.high < 0.8, "{pooled:?}");
        assert_eq!(mean(&[zeros, ones], 1), Some(Interval { low: 0.0, high: 1.0 }));
    }

    #[test]
    fn a_paired_difference_sees_through_roads_that_differ_from_each_other() {
        let roads = hundred();
        let pairs: Vec<_> = roads.iter().map(|road| (road + 1.0 + (road % 2.0), *road)).collect();
        let swapped: Vec<_> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
        let found = paired_difference(&[pairs], 3).unwrap();
        // Differences 1 and 2 in turn: mean 1.5, standard error 0.05.
        assert!((found.mean - 1.5).abs() < 1e-12 && found.differs, "{found:?}");
        assert!((found.interval.low - 1.402).abs() < 0.02 && (found.interval.high - 1.598).abs() < 0.02, "{found:?}");
        let swapped = paired_difference(&[swapped], 3).unwrap();
        assert_eq!((swapped.mean, swapped.differs), (-found.mean, true));
    }

    #[test]
    fn what_is_the_same_on_average_does_not_differ() {
        let pairs: Vec<_> = hundred().iter().map(|road| (*road, 99.0 - road)).collect();
        let found = paired_difference(&[pairs], 4).unwrap();
        assert!(!found.differs && found.mean.abs() < 1e-12, "{found:?}");
        assert!(found.interval.low < 0.0 && found.interval.high > 0.0);
        let same = paired_difference(&[vec![(1.0, 1.0); 9]], 4).unwrap();
        assert!(!same.differs, "no spread and no difference: {same:?}");
    }

    #[test]
    fn rates_are_ratios_of_sums() {
        // 4 crashes in 4 km against 1 in 10 km; the mean of the roads' own rates would be 1.67 less 0.083.
        let pairs = vec![([3.0, 1.0], [1.0, 4.0]), ([1.0, 1.5], [0.0, 3.0]), ([0.0, 1.5], [0.0, 3.0])];
        let found = paired_rate_difference(&[pairs], 5).unwrap();
        assert!((found.mean - 0.9).abs() < 1e-12, "{found:?}");
        assert!(found.interval.low <= found.mean && found.mean <= found.interval.high && !found.differs, "{found:?}");
    }

    #[test]
    fn a_rate_has_the_interval_of_its_difference_from_none() {
        let drives = vec![vec![[3.0, 1.0], [1.0, 1.5], [0.0, 1.5]], vec![[0.0, 2.0], [2.0, 2.0]]];
        let (value, interval) = rate(&drives, 5).unwrap();
        assert!((value - 6.0 / 8.0).abs() < 1e-12, "{value}");
        let from_none: Vec<Vec<_>> =
            drives.iter().map(|drives| drives.iter().map(|drive| (*drive, [0.0, 1.0])).collect()).collect();
        assert_eq!(paired_rate_difference(&from_none, 5).unwrap().interval, interval);
    }

    #[test]
    fn samples_without_a_common_seed_are_as_uncertain_as_both_sides_together() {
        // The same roads, 1.5 easier for the second: paired, the difference is certain; unpaired, its standard error is
        // that of both means, sqrt(2) · 2.8866 = 4.08.
        let easier: Vec<f64> = hundred().iter().map(|road| road - 1.5).collect();
        let found = unpaired_difference(&[hundred()], &[easier], 3).unwrap();
        assert!((found.mean - 1.5).abs() < 1e-12 && !found.differs, "{found:?}");
        let half_width = (found.interval.high - found.interval.low) / 2.0;
        assert!((half_width - 1.96 * 4.08).abs() < 0.8, "{found:?}");
        let far: Vec<f64> = hundred().iter().map(|road| road + 40.0).collect();
        let far = unpaired_difference(&[hundred()], &[far], 3).unwrap();
        assert!((far.mean + 40.0).abs() < 1e-12 && far.differs, "{far:?}");
        assert_eq!(unpaired_difference(&[vec![1.0]], &[hundred()], 3), None, "one value has no spread");
        assert_eq!(unpaired_rate_difference(&[vec![[1.0, 0.0]; 3]], &[vec![[1.0, 1.0]; 3]], 3), None);
    }

    #[test]
    fn one_sample_has_no_interval_and_neither_have_values_that_are_no_numbers() {
        assert_eq!((mean(&[], 1), mean(&[vec![], vec![]], 1), mean(&[vec![1.0]], 1)), (None, None, None));
        assert!(mean(&[vec![1.0], vec![], vec![2.0]], 1).is_some());
        assert_eq!(mean(&[vec![1.0, f64::NAN]], 1), None);
        assert_eq!(paired_difference(&[vec![(1.0, f64::INFINITY), (0.0, 0.0)]], 1), None);
        assert_eq!(paired_rate_difference(&[vec![([1.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, 1.0])]], 1), None);
    }
}
