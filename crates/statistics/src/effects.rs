//! Means, rates and their differences over trainings and cases, with 95 % intervals and p-values.
//!
//! All trainings of a policy meet the same cases (roads, blocks of a recording), so a value is the sum of a mean, of what
//! is the training's, of what is the case's, and of the rest. Both trainings and cases are drawn from more of their kind
//! (two-way random effects without replication; Satterthwaite 1946): with the mean squares of trainings, cases and rest,
//! the variance of the mean of S trainings on R cases is the largest of (MS_t + MS_c − MS_r), MS_t and MS_c, over S R. The
//! intervals are those of Student's t; the degrees of freedom are the fewer of those at MS_t and at three times MS_t, and of two
//! trainings the widest of the three intervals is taken. `examples/coverage.rs` shows how often they hold the truth.
//!
//! Samples come training by training. One training alone is judged over its cases, and says nothing of other trainings.
//! Where the trainings did not meet the same number of cases, their means are the samples.

use crate::interval::{Interval, poisson, wilson};
use crate::order::mean as arithmetic_mean;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// A figure with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure; of a ratio, its logarithm.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of the figure being 0.
    pub p: f64,
    /// Trainings that it rests on; of a comparison, of the side with fewer.
    pub trainings: usize,
    /// Whether every training by itself has the figure's sign; of an unpaired comparison, whether all trainings of one
    /// side lie beyond all of the other.
    pub unanimous: bool,
}

impl Estimate {
    /// Whether the interval excludes 0.
    pub fn differs(&self) -> bool {
        self.interval.low > 0.0 || self.interval.high < 0.0
    }
}

/// Mean of the values. Nothing for fewer than two values and for values that are not numbers.
pub fn mean(trainings: &[Vec<f64>]) -> Option<Estimate> {
    let sample = Sample::new(trainings)?;
    let one_sign = |holds: fn(&f64) -> bool| sample.means.iter().all(holds);
    let unanimous = one_sign(|mean| *mean > 0.0) || one_sign(|mean| *mean < 0.0);
    estimate(sample.mean, sample.spread, sample.means.len(), unanimous)
}

/// A rate, which is a ratio of sums: of drives, `[metres off the lane, km]` of each. Its interval is that of a mean after
/// linearisation. Nothing as in [`mean`], and for a denominator that is not above zero.
pub fn rate(trainings: &[Vec<[f64; 2]>]) -> Option<Estimate> {
    mean(&linearised(trainings)?)
}

/// Mean difference of pairs measured in the same cases, first less second. Nothing as in [`mean`].
pub fn paired_difference(pairs: &[Vec<(f64, f64)>]) -> Option<Estimate> {
    mean(&each(pairs, |(first, second)| first - second))
}

/// Difference of two rates whose samples come from the same cases, first less second. Nothing as in [`rate`].
pub fn paired_rate_difference(pairs: &[Vec<([f64; 2], [f64; 2])>]) -> Option<Estimate> {
    let [first, second] = [linearised(&each(pairs, |pair| pair.0))?, linearised(&each(pairs, |pair| pair.1))?];
    let differences = first.into_iter().zip(second).map(|(first, second)| first.into_iter().zip(second).collect());
    paired_difference(&differences.collect::<Vec<_>>())
}

/// Difference of two means whose trainings have nothing in common, first less second: the uncertainties of both sides
/// add up (Welch). Nothing where one side has fewer than two values, and for values that are not numbers.
pub fn unpaired_difference(first: &[Vec<f64>], second: &[Vec<f64>]) -> Option<Estimate> {
    welch(&Sample::new(first)?, &Sample::new(second)?)
}

/// Difference of two rates whose trainings have nothing in common. Nothing as in [`unpaired_difference`] and [`rate`].
pub fn unpaired_rate_difference(first: &[Vec<[f64; 2]>], second: &[Vec<[f64; 2]>]) -> Option<Estimate> {
    unpaired_difference(&linearised(first)?, &linearised(second)?)
}

/// How two rates of events differ: the logarithm of their ratio, first over second, from `[events, km]` of each case.
///
/// Events of one training come together on its roads and of one policy in its trainings, so trainings are never pooled
/// into one Poisson count: the samples are the logarithms of (events + 1/2) / km of each training, compared by Welch's t.
/// The variance is never taken to be smaller than that of counts which come by chance alone. One training by itself has
/// the spread of its cases. Nothing where neither side has an event (see [`rate_bound`]), and for a denominator that is
/// not above zero.
pub fn event_ratio(first: &[Vec<[f64; 2]>], second: &[Vec<[f64; 2]>]) -> Option<Estimate> {
    let [first, second] = [Counts::new(first)?, Counts::new(second)?];
    if first.events + second.events <= 0.0 {
        return None;
    }
    welch(&first.logarithms(), &second.logarithms())
}

/// Two rates of events of which none was seen on either side: with 95 % confidence they differ by no more than this,
/// exactly. Nothing where there is an event, and for a denominator that is not above zero.
pub fn rate_bound(first: &[Vec<[f64; 2]>], second: &[Vec<[f64; 2]>]) -> Option<f64> {
    let [first, second] = [Counts::new(first)?, Counts::new(second)?];
    (first.events + second.events <= 0.0).then(|| poisson(0).high / first.per.min(second.per))
}

/// The rate of events of one policy and its interval, on the scale of logarithms. Of several trainings it is the wider of
/// two: the one over trainings and cases after linearisation, and Cox's for the mean of log-normal rates of trainings, which
/// holds where a few of them have most of the events. One training by itself has the wider of the one over its cases and of
/// the exact one of a Poisson count; so has a policy without an event. Nothing for a denominator that is not above zero.
pub fn event_rate(trainings: &[Vec<[f64; 2]>]) -> Option<(f64, Interval)> {
    let counts = Counts::new(trainings)?;
    let rate = counts.events / counts.per;
    let clustered = Sample::new(&linearised(trainings)?).filter(|_| rate > 0.0);
    let half = clustered.map_or(0.0, |sample| sample.spread.quantile() * sample.spread.variance.sqrt() / rate);
    let other = if counts.each.len() > 1 && rate > 0.0 {
        counts.mean_of_log_normal_rates()
    } else {
        let exact = poisson(counts.events as u32);
        Interval { low: exact.low / counts.per, high: exact.high / counts.per }
    };
    Some((rate, Interval { low: other.low.min(rate * (-half).exp()), high: other.high.max(rate * half.exp()) }))
}

/// Interval of a share of successes, each sample 1 or 0: the wider of Wilson's, which takes all of them to be independent,
/// and of the one over trainings and cases.
pub fn share(trainings: &[Vec<f64>]) -> Interval {
    let samples = trainings.concat();
    let independent = wilson(samples.iter().filter(|success| **success > 0.5).count(), samples.len());
    let Some(clustered) = mean(trainings).map(|estimate| estimate.interval) else { return independent };
    let (low, high) = (clustered.low.max(0.0), clustered.high.min(1.0));
    Interval { low: low.min(independent.low), high: high.max(independent.high) }
}

/// Samples whose mean is the ratio of sums, and whose spread is its spread to first order.
fn linearised(trainings: &[Vec<[f64; 2]>]) -> Option<Vec<Vec<f64>>> {
    let samples = trainings.iter().map(Vec::len).sum::<usize>() as f64;
    let positive = trainings.iter().flatten().all(|[_, per]| *per > 0.0);
    let [sum, per] = sums(trainings);
    let (rate, each_per) = (sum / per, per / samples);
    positive.then(|| each(trainings, |[sum, per]| rate + (sum - rate * per) / each_per))
}

fn sums(trainings: &[Vec<[f64; 2]>]) -> [f64; 2] {
    trainings.iter().flatten().fold([0.0; 2], |[sum, per], [more, of]| [sum + more, per + of])
}

fn each<T: Copy, U>(trainings: &[Vec<T>], value: impl Fn(T) -> U) -> Vec<Vec<U>> {
    trainings.iter().map(|cases| cases.iter().map(|case| value(*case)).collect()).collect()
}

/// Variance of a mean, with its degrees of freedom.
#[derive(Clone, Copy)]
struct Spread {
    variance: f64,
    freedom: f64,
}

/// Degrees of freedom beyond which Student's t is the normal law to five digits.
const MANY: f64 = 1e5;

impl Spread {
    /// 97.5 % of the standardised mean.
    fn quantile(self) -> f64 {
        // By halving: the inverse of statrs 0.18 does not end for some degrees of freedom.
        let (mut low, mut high) = (0.0, 1.0);
        while self.cdf(high) < 0.975 && high < f64::MAX / 2.0 {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..f64::MANTISSA_DIGITS {
            let middle = f64::midpoint(low, high);
            if self.cdf(middle) < 0.975 { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }

    /// Share of draws further from 0 than `standardised`, on both sides.
    fn beyond(self, standardised: f64) -> f64 {
        2.0 * self.cdf(-standardised.abs())
    }

    fn cdf(self, at: f64) -> f64 {
        match StudentsT::new(0.0, 1.0, self.freedom) {
            Ok(law) if self.freedom < MANY => law.cdf(at),
            _ => Normal::standard().cdf(at),
        }
    }
}

/// Values of some trainings, none of which is without a value.
struct Sample {
    mean: f64,
    /// Of each training.
    means: Vec<f64>,
    spread: Spread,
}

impl Sample {
    /// Nothing for fewer than two values and for values that are not numbers.
    fn new(trainings: &[Vec<f64>]) -> Option<Self> {
        let trainings: Vec<&[f64]> = trainings.iter().map(Vec::as_slice).filter(|cases| !cases.is_empty()).collect();
        let values = trainings.concat();
        if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let means: Vec<f64> = trainings.iter().filter_map(|cases| arithmetic_mean(cases)).collect();
        let cases = trainings.first()?.len();
        let balanced = trainings.iter().all(|training| training.len() == cases);
        let spread = if balanced { two_way(&trainings, &means) } else { of_means(&means, &trainings) };
        Some(Self { mean: arithmetic_mean(&values)?, means, spread })
    }
}

/// Variance of the mean of trainings that met the same cases.
fn two_way(trainings: &[&[f64]], means: &[f64]) -> Spread {
    let (s, r) = (trainings.len(), trainings[0].len());
    let grand = means.iter().sum::<f64>() / s as f64;
    let by_case: Vec<f64> =
        (0..r).map(|case| trainings.iter().map(|training| training[case]).sum::<f64>() / s as f64).collect();
    let squares = |means: &[f64]| means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>();
    let of = |sum: f64, freedom: usize| (sum / freedom as f64, freedom as f64);
    let samples = (s * r) as f64;
    if s == 1 {
        let (square, freedom) = of(squares(&by_case), r - 1);
        return Spread { variance: square / samples, freedom };
    }
    let (by_training, freedom_of_trainings) = of(r as f64 * squares(means), s - 1);
    let only_trainings = Spread { variance: by_training / samples, freedom: freedom_of_trainings };
    if r == 1 {
        return only_trainings;
    }
    let (by_case_square, freedom_of_cases) = of(s as f64 * squares(&by_case), r - 1);
    let only_cases = Spread { variance: by_case_square / samples, freedom: freedom_of_cases };
    let rest = trainings.iter().zip(means).flat_map(|(training, of_training)| {
        training.iter().zip(&by_case).map(move |(value, of_case)| (value - of_training - of_case + grand).powi(2))
    });
    let (rest, freedom_of_rest) = of(rest.sum(), (s - 1) * (r - 1));
    let variance = |by_training: f64| (by_training + by_case_square - rest) / samples;
    let freedom = |by_training: f64| {
        let part = |square: f64, freedom: f64| (square / samples).powi(2) / freedom;
        let parts = part(by_training, freedom_of_trainings) + part(by_case_square, freedom_of_cases);
        variance(by_training).powi(2) / (parts + part(rest, freedom_of_rest))
    };
    // A mean square of few trainings is often far too small, and the plain formula then finds too many degrees of freedom.
    let freedom = freedom(by_training).min(freedom(3.0 * by_training));
    let both = Spread { variance: variance(by_training), freedom };
    let width =
        |spread: &Spread| if s == 2 { spread.quantile() * spread.variance.max(0.0).sqrt() } else { spread.variance };
    [only_trainings, only_cases].into_iter().fold(
        both,
        |widest, other| {
            if width(&other) > width(&widest) { other } else { widest }
        },
    )
}

/// Variance of the mean of trainings that met different numbers of cases.
fn of_means(means: &[f64], trainings: &[&[f64]]) -> Spread {
    let s = means.len() as f64;
    let grand = means.iter().sum::<f64>() / s;
    let between = means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>() / (s - 1.0) / s;
    let values = trainings.iter().map(|training| training.len()).sum::<usize>() as f64;
    let squares =
        trainings.iter().zip(means).flat_map(|(cases, mean)| cases.iter().map(move |case| (case - mean).powi(2)));
    let freedom = (values - s).max(1.0);
    let within = Spread { variance: squares.sum::<f64>() / freedom / values, freedom };
    if between > within.variance { Spread { variance: between, freedom: s - 1.0 } } else { within }
}

/// Counted events of some trainings.
struct Counts {
    events: f64,
    per: f64,
    /// Of each training.
    each: Vec<[f64; 2]>,
    /// Of one training alone, the variance of its rate over its cases as a share of the square of the rate.
    of_cases: Option<Spread>,
}

impl Counts {
    /// Nothing for a denominator that is not above zero, and for counts that are no numbers.
    fn new(trainings: &[Vec<[f64; 2]>]) -> Option<Self> {
        let trainings: Vec<Vec<[f64; 2]>> = trainings.iter().filter(|cases| !cases.is_empty()).cloned().collect();
        let [events, per] = sums(&trainings);
        let positive = trainings.iter().flatten().all(|[_, per]| *per > 0.0);
        if !(positive && per > 0.0 && events.is_finite()) {
            return None;
        }
        let alone = trainings.len() == 1 && events > 0.0;
        let of_cases = if alone { Sample::new(&linearised(&trainings)?).map(|sample| sample.spread) } else { None };
        let relative = |spread: Spread| Spread { variance: spread.variance / (events / per).powi(2), ..spread };
        let each = trainings.iter().map(|cases| sums(std::slice::from_ref(cases))).collect();
        Some(Self { events, per, each, of_cases: of_cases.map(relative) })
    }

    /// Interval of the mean of log-normal rates of trainings (Cox; Zhou and Gao 1997), half an event added to each.
    fn mean_of_log_normal_rates(&self) -> Interval {
        let logarithms = self.each.iter().map(|[events, per]| ((events + 0.5) / per).ln());
        let logarithms: Vec<f64> = logarithms.collect();
        let trainings = logarithms.len() as f64;
        let mean = logarithms.iter().sum::<f64>() / trainings;
        let variance = logarithms.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (trainings - 1.0);
        let of_mean = variance / trainings + variance.powi(2) / (2.0 * (trainings - 1.0));
        let spread = Spread { variance: of_mean, freedom: trainings - 1.0 };
        let (centre, half) = (mean + variance / 2.0, spread.quantile() * of_mean.sqrt());
        Interval { low: (centre - half).exp(), high: (centre + half).exp() }
    }

    /// The logarithms of the rates of the trainings, half an event added to each.
    fn logarithms(&self) -> Sample {
        let means: Vec<f64> = self.each.iter().map(|[events, per]| ((events + 0.5) / per).ln()).collect();
        let trainings = means.len() as f64;
        let mean = means.iter().sum::<f64>() / trainings;
        let between = means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (trainings - 1.0) / trainings;
        let by_chance = Spread { variance: 1.0 / (self.events + 0.5), freedom: f64::INFINITY };
        let seen = match self.of_cases {
            Some(of_cases) => of_cases,
            None if means.len() > 1 => Spread { variance: between, freedom: trainings - 1.0 },
            None => by_chance,
        };
        Sample { mean, means, spread: if seen.variance > by_chance.variance { seen } else { by_chance } }
    }
}

fn welch(first: &Sample, second: &Sample) -> Option<Estimate> {
    let part = |spread: Spread| spread.variance.powi(2) / spread.freedom;
    let variance = first.spread.variance + second.spread.variance;
    let freedom = variance.powi(2) / (part(first.spread) + part(second.spread));
    let ends = |sample: &Sample| {
        sample
            .means
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], mean| [low.min(*mean), high.max(*mean)])
    };
    let ([low, high], [other_low, other_high]) = (ends(first), ends(second));
    let trainings = first.means.len().min(second.means.len());
    let unanimous = high < other_low || low > other_high;
    estimate(first.mean - second.mean, Spread { variance, freedom }, trainings, unanimous)
}

/// Nothing where the spread is no number. Samples that are all alike leave no doubt.
fn estimate(value: f64, spread: Spread, trainings: usize, unanimous: bool) -> Option<Estimate> {
    let error = spread.variance.sqrt();
    if !(value.is_finite() && error.is_finite()) {
        return None;
    }
    let (half, p) = if error > 0.0 {
        (spread.quantile() * error, spread.beyond(value / error))
    } else {
        (0.0, if value == 0.0 { 1.0 } else { 0.0 })
    };
    Some(Estimate { value, interval: Interval { low: value - half, high: value + half }, p, trainings, unanimous })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trainings() -> Vec<Vec<f64>> {
        vec![vec![1.0, 2.0, 4.0, 3.0], vec![2.5, 3.0, 6.0, 3.5], vec![0.5, 2.2, 3.1, 3.3]]
    }

    fn assert_near(got: Estimate, value: f64, [low, high]: [f64; 2], p: f64) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let interval = near(got.interval.low, low) && near(got.interval.high, high);
        assert!(
            near(got.value, value) && interval && near(got.p, p),
            "{got:?}, expected {value} [{low}, {high}], p {p}"
        );
    }

    #[test]
    fn the_mean_of_trainings_on_the_same_roads_has_two_way_random_effects() {
        // numpy 2 and scipy 1.17: mean squares 2.525833, 4.976389 and 0.368056, variance 0.594514; 4.438385 degrees of
        // freedom, 4.014815 with three times the first mean square; scipy.stats.t.ppf(.975, 4.014815) = 2.772409.
        let found = mean(&trainings()).unwrap();
        assert_near(found, 2.841_666_667, [0.704_008_070, 4.979_325_263], 0.020_966_015);
        assert!(found.unanimous && found.trainings == 3);
    }

    #[test]
    fn one_training_is_judged_over_its_roads_and_one_road_over_trainings() {
        // scipy.stats.ttest_1samp(x, 0), its confidence_interval() and pvalue.
        let first = trainings()[..1].to_vec();
        assert_near(mean(&first).unwrap(), 2.5, [0.445_739_743, 4.554_260_257], 0.030_466_292);
        let on_one_road: Vec<Vec<f64>> = trainings().iter().map(|roads| vec![roads[0]]).collect();
        assert_near(mean(&on_one_road).unwrap(), 1.333_333_333, [-1.252_239_173, 3.918_905_840], 0.156_725_957);
    }

    #[test]
    fn a_paired_difference_sees_through_roads_that_differ_from_each_other() {
        let pairs = |roads: &Vec<f64>| {
            roads.iter().map(|change| (100.0 * change.sin() + change, 100.0 * change.sin())).collect()
        };
        let pairs: Vec<Vec<(f64, f64)>> = trainings().iter().map(pairs).collect();
        let (found, alone) = (paired_difference(&pairs).unwrap(), mean(&trainings()).unwrap());
        assert!((found.value - alone.value).abs() < 1e-9 && (found.interval.low - alone.interval.low).abs() < 1e-9);
        let swapped: Vec<Vec<(f64, f64)>> =
            pairs.iter().map(|pairs| pairs.iter().map(|(a, b)| (*b, *a)).collect()).collect();
        assert!((paired_difference(&swapped).unwrap().value + alone.value).abs() < 1e-9);
    }

    #[test]
    fn counted_events_are_compared_by_the_logarithms_of_their_rates() {
        // scipy.stats.ttest_ind(log((x + .5) / 4), log((y + .5) / 4), equal_var=False).
        let counts = |counts: [f64; 3]| counts.map(|count| vec![[count, 2.0], [0.0, 2.0]]).to_vec();
        let found = event_ratio(&counts([2.0, 12.0, 5.0]), &counts([5.0, 11.0, 43.0])).unwrap();
        assert_near(found, -0.924_362_866, [-3.099_410_975, 1.250_685_244], 0.296_431_505);
        assert!(!found.unanimous && found.trainings == 3);
    }

    #[test]
    fn trainings_that_agree_by_chance_do_not_make_few_events_certain() {
        // Two crashes of each training against none: alike within each side, yet of six counted crashes in all. By the
        // variance of counts alone, 1 / 6.5 + 1 / 0.5, z = log(5) / sqrt(2.1538) = 1.0966.
        let counts = |count: f64| vec![vec![[count, 4.0]]; 3];
        let found = event_ratio(&counts(2.0), &counts(0.0)).unwrap();
        assert!((found.p - 0.272_796).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn no_event_on_either_side_has_an_exact_bound_and_no_ratio() {
        let (first, second) = (vec![vec![[0.0, 1.5], [0.0, 0.5]]], vec![vec![[0.0, 3.0]]]);
        assert_eq!(event_ratio(&first, &second), None);
        // scipy.stats.chi2.ppf(.975, 2) / 2 / 2 km.
        assert!((rate_bound(&first, &second).unwrap() - 3.688_879 / 2.0).abs() < 1e-6);
        assert_eq!(rate_bound(&first, &[vec![[1.0, 3.0]]]), None);
        assert_eq!(rate_bound(&first, &[vec![[0.0, 0.0]]]), None);
    }

    #[test]
    fn a_rate_is_a_ratio_of_sums() {
        let drives = vec![vec![[3.0, 1.0], [1.0, 1.5], [0.0, 1.5]], vec![[0.0, 2.0], [2.0, 2.0], [1.0, 1.0]]];
        assert!((rate(&drives).unwrap().value - 7.0 / 9.0).abs() < 1e-12);
        let from_none: Vec<Vec<_>> =
            drives.iter().map(|drives| drives.iter().map(|drive| (*drive, [0.0, 1.0])).collect()).collect();
        let found = paired_rate_difference(&from_none).unwrap();
        assert!((found.interval.low - rate(&drives).unwrap().interval.low).abs() < 1e-12, "{found:?}");
        assert_eq!(rate(&[vec![[1.0, 0.0], [1.0, 1.0]]]), None);
    }

    #[test]
    fn crashes_that_come_together_widen_the_interval_of_their_rate() {
        // 12 crashes on 4 km: by chance [6.2006, 20.9616] / 4 (scipy.stats.chi2.ppf([.025, .975], [24, 26]) / 2).
        let (rate, even) = event_rate(&[vec![[3.0, 1.0]; 4]]).unwrap();
        assert!(rate == 3.0 && (even.low - 6.2006 / 4.0).abs() < 1e-3 && (even.high - 20.9616 / 4.0).abs() < 1e-3);
        let (rate, together) = event_rate(&[vec![[12.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]]).unwrap();
        assert!(rate == 3.0 && together.low < even.low && together.high > even.high, "{together:?}");
        // Three trainings of 1, 2 and 9 crashes, each on 4 km, the logarithms of (1.5, 2.5, 9.5) / 4: Cox's interval by numpy
        // and scipy.stats.t.ppf(.975, 2).
        let (rate, apart) = event_rate(&[1.0, 2.0, 9.0].map(|crashes| vec![[crashes, 4.0]])).unwrap();
        assert!(
            rate == 1.0 && (apart.low - 0.060_143_6).abs() < 1e-6 && (apart.high - 27.905_876).abs() < 1e-5,
            "{apart:?}"
        );
        let (none, interval) = event_rate(&[vec![[0.0, 4.0]], vec![[0.0, 6.0]]]).unwrap();
        assert!(none == 0.0 && interval.low == 0.0 && (interval.high - 0.368_888).abs() < 1e-6, "{interval:?}");
    }

    #[test]
    fn shares_stay_between_none_and_all() {
        // statsmodels.stats.proportion.proportion_confint(20, 20, method="wilson")
        let all = share(&vec![vec![1.0; 10]; 2]);
        assert!((all.low - 0.838_875).abs() < 1e-6 && all.high == 1.0, "{all:?}");
        let apart = share(&[vec![1.0; 10], vec![0.0; 10]]);
        assert_eq!((apart.low, apart.high), (0.0, 1.0), "two trainings that disagree in everything tell nothing");
    }

    #[test]
    fn sides_without_a_common_seed_are_as_uncertain_as_both_together() {
        // scipy.stats.ttest_ind([1, 2, 4, 3], [2.5, 3, 6, 3.5], equal_var=False)
        let found = unpaired_difference(&trainings()[..1], &trainings()[1..2]).unwrap();
        assert_near(found, -1.25, [-3.742_627_998, 1.242_627_998], 0.263_723_734);
    }

    #[test]
    fn trainings_with_cases_of_their_own_are_compared_by_their_means() {
        let found = mean(&[vec![1.0, 2.0, 3.0], vec![5.0, 7.0]]).unwrap();
        assert!((found.value - 3.6).abs() < 1e-12 && found.interval.low < 0.0, "{found:?}");
    }

    #[test]
    fn what_is_the_same_everywhere_leaves_no_doubt_and_no_difference() {
        let same = paired_difference(&[vec![(1.0, 1.0); 9], vec![(1.0, 1.0); 9]]).unwrap();
        assert!(!same.differs() && same.p == 1.0 && !same.unanimous, "{same:?}");
        let shifted = paired_difference(&[vec![(2.0, 1.0); 9]]).unwrap();
        assert!(shifted.differs() && shifted.p == 0.0, "{shifted:?}");
    }

    #[test]
    fn one_sample_has_no_interval_and_neither_have_values_that_are_no_numbers() {
        assert_eq!((mean(&[]), mean(&[vec![], vec![]]), mean(&[vec![1.0]])), (None, None, None));
        assert!(mean(&[vec![1.0], vec![], vec![2.0]]).is_some());
        assert_eq!(mean(&[vec![1.0, f64::NAN]]), None);
        assert_eq!(paired_difference(&[vec![(1.0, f64::INFINITY), (0.0, 0.0)]]), None);
        assert_eq!(unpaired_difference(&[vec![1.0]], &trainings()), None);
    }
}
