//! 95 % confidence intervals for counts and shares.

use statrs::distribution::{ContinuousCDF as _, Gamma};

/// Ends of a 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// 2.5 % of such intervals begin above the truth.
    pub low: f64,
    /// 2.5 % of such intervals end below it.
    pub high: f64,
}

/// Exact interval for the mean of a Poisson count (Garwood 1936): quantiles of the gamma distribution.
pub fn poisson(count: u32) -> Interval {
    let quantile = |shape: f64, share: f64| Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| gamma.inverse_cdf(share));
    let low = if count == 0 { 0.0 } else { quantile(f64::from(count), 0.025) };
    Interval { low, high: quantile(f64::from(count) + 1.0, 0.975) }
}

/// Interval for a share of successes (Wilson 1927). The whole range for no trial at all.
pub fn wilson(successes: usize, trials: usize) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Rounding would leave 5e-17 of a share that is exactly none, or take it from all.
    let low = if successes == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if successes == trials { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: Interval, low: f64, high: f64) {
        assert!((got.low - low).abs() < 1e-3 && (got.high - high).abs() < 1e-3, "{got:?}, expected {low} to {high}");
    }

    #[test]
    fn poisson_intervals_are_those_of_the_tables() {
        // scipy.stats.chi2.ppf([.025, .975], [2 k, 2 k + 2]) / 2
        assert_near(poisson(0), 0.0, 3.6889);
        assert_near(poisson(1), 0.0253, 5.5716);
        assert_near(poisson(10), 4.7954, 18.3904);
    }

    #[test]
    fn wilson_intervals_are_those_of_the_tables() {
        // statsmodels.stats.proportion.proportion_confint(.., method="wilson")
        assert_near(wilson(99, 100), 0.9455, 0.9982);
        assert_near(wilson(0, 10), 0.0, 0.2775);
        assert_near(wilson(0, 0), 0.0, 1.0);
    }

    #[test]
    fn none_and_all_are_exact_ends() {
        for trials in 1..=1000 {
            assert_eq!((wilson(0, trials).low, wilson(trials, trials).high), (0.0, 1.0), "{trials}");
        }
    }
}
