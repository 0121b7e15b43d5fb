//! A measured value over time, asked for between its samples: cars report steering on another clock than the camera's.

/// Further than that from a sample nothing is known of the value: cars report it 10 to 100 times a second.
const LONGEST_REACH_SECS: f64 = 1.0;

/// Samples by time in seconds, rising.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    samples: Vec<(f64, f64)>,
}

impl Series {
    /// Takes samples in any order; those without a finite time are left out, and of several at one time all but the
    /// first.
    pub fn new(samples: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut samples: Vec<(f64, f64)> = samples.into_iter().filter(|(time, _)| time.is_finite()).collect();
        samples.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        samples.dedup_by_key(|(time, _)| *time);
        Self { samples }
    }

    /// The value at a time, on the line between the samples around it; shortly before the first and after the last,
    /// theirs. `None` where no sample is near, or one around it is no finite number.
    pub fn at(&self, time_secs: f64) -> Option<f64> {
        let after = self.samples.partition_point(|&(sample_secs, _)| sample_secs <= time_secs);
        let near = |sample: &&(f64, f64)| (sample.0 - time_secs).abs() <= LONGEST_REACH_SECS;
        let before = after.checked_sub(1).and_then(|before| self.samples.get(before)).filter(near);
        let after = self.samples.get(after).filter(near);
        let value = match (before, after) {
            (Some(&(t0, a)), Some(&(t1, b))) if time_secs > t0 => a + (b - a) * (time_secs - t0) / (t1 - t0),
            (Some(&(_, value)), _) | (None, Some(&(_, value))) => value,
            (None, None) => return None,
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_on_lines_between_samples_and_are_held_outside() {
        let series = Series::new([(2.0, 30.0), (0.0, 10.0), (1.0, 20.0), (1.0, 99.0)]);
        let values = [-0.5, 0.0, 0.25, 1.0, 1.5, 2.0, 2.9].map(|time| series.at(time).unwrap());
        assert_eq!(values, [10.0, 10.0, 12.5, 20.0, 25.0, 30.0, 30.0]);
    }

    #[test]
    fn nothing_is_known_of_a_value_far_from_its_samples() {
        let series = Series::new([(0.0, 10.0), (100.0, 20.0)]);
        assert_eq!([-1.5, 50.0, 101.5].map(|time| series.at(time)), [None; 3]);
        assert_eq!([0.5, 99.5].map(|time| series.at(time)), [Some(10.0), Some(20.0)], "held, not drawn over the gap");
    }

    #[test]
    fn a_sample_that_is_no_number_gives_none_beside_it() {
        let series = Series::new([(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0), (f64::NAN, 5.0)]);
        assert_eq!(
            [series.at(0.0), series.at(0.5), series.at(1.5), series.at(2.0)],
            [Some(1.0), None, None, Some(3.0)]
        );
        assert_eq!(Series::default().at(0.0), None);
    }
}
