//! Counts of values by size, so that quantiles of many drives together come from a few numbers per drive.

use serde::{Deserialize, Serialize};

/// Values from zero on in bins of one `PER_UNIT`th; the last of the `BINS` holds everything beyond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Histogram<const BINS: usize, const PER_UNIT: u32> {
    /// Up to the last bin that holds anything.
    counts: Vec<u32>,
}

impl<const BINS: usize, const PER_UNIT: u32> Histogram<BINS, PER_UNIT> {
    pub(super) fn add(&mut self, value: f64) {
        let bin = ((value * f64::from(PER_UNIT)) as usize).min(BINS - 1);
        self.reach(bin + 1);
        self.counts[bin] += 1;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.reach(other.counts.len());
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }

    fn reach(&mut self, bins: usize) {
        self.counts.resize(bins.max(self.counts.len()), 0);
    }

    fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// Middle of the bin below which a share of the values lies; nothing where there is no value.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let total = self.total();
        let rank = ((share * total as f64) as u64).min(total.checked_sub(1)?);
        let mut below = 0;
        let bin = self.counts.iter().position(|count| {
            below += u64::from(*count);
            below > rank
        })?;
        Some((bin as f64 + 0.5) / f64::from(PER_UNIT))
    }

    /// Share of the values in the first bins; 0 where there is no value.
    pub(super) fn share_in_first(&self, bins: usize) -> f64 {
        let inside: u64 = self.counts.iter().take(bins).map(|count| u64::from(*count)).sum();
        inside as f64 / self.total().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Centimetres = Histogram<300, 100>;

    fn of(values: &[f64]) -> Centimetres {
        let mut histogram = Centimetres::default();
        values.iter().for_each(|value| histogram.add(*value));
        histogram
    }

    #[test]
    fn quantiles_are_exact_to_half_a_bin() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i) / 400.0).collect();
        let histogram = of(&values);
        for share in [0.0, 0.05, 0.5, 0.95, 1.0] {
            let exact = values[((share * 1000.0) as usize).min(999)];
            assert!((histogram.quantile(share).unwrap() - exact).abs() <= 0.005 + 1e-12, "{share}");
        }
        assert!((histogram.share_in_first(30) - 0.12).abs() < 1e-12);
    }

    #[test]
    fn two_together_are_one_of_all_values_and_what_is_beyond_stays_counted() {
        let mut sum = of(&[0.0, 0.5]);
        sum.add_all(&of(&[0.1, 7.0]));
        assert_eq!(sum, of(&[0.0, 0.1, 0.5, 7.0]));
        assert!((sum.quantile(1.0).unwrap() - 2.995).abs() < 1e-12);
    }

    #[test]
    fn no_value_has_no_quantile_and_takes_no_room() {
        assert_eq!((of(&[]).quantile(0.5), of(&[]).share_in_first(9)), (None, 0.0));
        assert_eq!(serde_json::to_string(&of(&[0.02])).unwrap(), "[0,0,1]");
    }
}
