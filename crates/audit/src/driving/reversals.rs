//! Turning points of the steering.

use lane_sim::DT_SECS;
use std::f64::consts::{PI, SQRT_2};

/// 0.2° at the front wheels: 3° at the steering wheel of a car with a steering ratio of 15.
const GAP_RAD: f64 = 0.2 * PI / 180.0;

/// Cut-off of the low-pass filter; the source leaves it to its user.
const CUT_OFF_HZ: f64 = 0.6;

/// Times the front wheels turned back by more than the gap after having turned by more than it, on the angles of one stretch
/// without a break behind a low-pass filter (Markkula and Engström 2006; SAE J2944). The filter is the one of their
/// published code: Butterworth's of second order, forth and back, which shifts nothing.
pub(super) fn reversals(angles_rad: &[f64]) -> u64 {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut turning, mut reversals) = (0, 0);
    for angle in low_passed(angles_rad) {
        (low, high) = (low.min(angle), high.max(angle));
        let now = if turning <= 0 && angle - low >= GAP_RAD {
            1
        } else if turning >= 0 && high - angle >= GAP_RAD {
            -1
        } else {
            continue;
        };
        reversals += u64::from(turning != 0);
        (turning, low, high) = (now, angle, angle);
    }
    reversals
}

/// Values that each end is continued by, turned about it, so that the filter settles: three times its coefficients, as in
/// MATLAB's and scipy's `filtfilt`.
const PADDING: usize = 9;

/// The angles without what swings faster than the cut-off. Stretches too short to be filtered stay as they are.
fn low_passed(angles_rad: &[f64]) -> Vec<f64> {
    let count = angles_rad.len();
    if count <= PADDING {
        return angles_rad.to_vec();
    }
    let (first, last) = (angles_rad[0], angles_rad[count - 1]);
    let before = (1..=PADDING).rev().map(|place| 2.0 * first - angles_rad[place]);
    let behind = (1..=PADDING).map(|place| 2.0 * last - angles_rad[count - 1 - place]);
    let mut padded: Vec<f64> = before.chain(angles_rad.iter().copied()).chain(behind).collect();
    let filter = Butterworth::new(CUT_OFF_HZ * DT_SECS);
    for _ in 0..2 {
        filter.run(&mut padded);
        padded.reverse();
    }
    padded[PADDING..PADDING + count].to_vec()
}

/// A low-pass filter of second order as a difference equation; the output's own weight is 1.
struct Butterworth {
    of_input: [f64; 3],
    of_output: [f64; 2],
}

impl Butterworth {
    /// With its cut-off in cycles per sample, by the bilinear transform.
    fn new(cut_off: f64) -> Self {
        let warped = libm::tan(PI * cut_off);
        let scale = 1.0 + SQRT_2 * warped + warped * warped;
        let first = warped * warped / scale;
        Self {
            of_input: [first, 2.0 * first, first],
            of_output: [2.0 * (warped * warped - 1.0) / scale, (1.0 - SQRT_2 * warped + warped * warped) / scale],
        }
    }

    /// Filters in place, from the state of a signal that has always had its first value.
    fn run(&self, values: &mut [f64]) {
        let ([b0, b1, b2], [a1, a2]) = (self.of_input, self.of_output);
        let start = values.first().copied().unwrap_or_default();
        let (mut inputs, mut outputs) = ([start; 2], [start; 2]);
        for value in values {
            let output = b0 * *value + b1 * inputs[0] + b2 * inputs[1] - a1 * outputs[0] - a2 * outputs[1];
            (inputs, outputs) = ([*value, inputs[0]], [output, outputs[0]]);
            *value = output;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(degrees: &[f64]) -> u64 {
        reversals(&degrees.iter().map(|angle| angle.to_radians()).collect::<Vec<_>>())
    }

    #[test]
    fn only_turns_beyond_the_gap_count() {
        assert_eq!(count(&[0.0, 0.3, 0.6, 0.5, 0.9, 0.6, 0.1, 0.25, -0.2]), 1, "up, then down; 0.1 and 0.15 are less");
        assert_eq!(count(&[0.0, 0.1, 0.0, 0.1, -0.05, 0.1]), 0, "noise below the gap");
    }

    #[test]
    fn the_filter_is_that_of_scipy() {
        // scipy 1.17: b, a = butter(2, .6, fs=20); filtfilt(b, a, [sin(.3 t) + .5 (-1)^t for t in range(30)]).
        let angles: Vec<f64> = (0..30).map(|t| (0.3 * f64::from(t)).sin() + 0.5 * f64::from(1 - 2 * (t % 2))).collect();
        let filtered = low_passed(&angles);
        let expected = [
            (0, 0.473_636_009_621_168_86),
            (1, 0.455_675_472_660_999_1),
            (7, 0.238_209_105_114_673_94),
            (15, -0.168_694_884_309_487_23),
            (28, 0.080_126_463_629_116_14),
            (29, 0.069_417_165_458_046_53),
        ];
        for (place, expected) in expected {
            assert!((filtered[place] - expected).abs() < 1e-12, "{place}: {}", filtered[place]);
        }
    }

    #[test]
    fn a_slow_swing_is_two_reversals_a_period_and_a_quick_shake_is_none() {
        let swing = |hertz: f64| -> Vec<f64> {
            (0..400).map(|step| (f64::from(step) * 0.05 * hertz * std::f64::consts::TAU).sin()).collect()
        };
        // Six periods of 0.3 Hz in 20 s, each with a highest and a lowest point; the first turn is no reversal.
        assert_eq!(count(&swing(0.3)), 12);
        assert_eq!(count(&swing(5.0)), 0, "each frame another way: noise, not correction");
    }

    #[test]
    fn wheels_that_never_turn_back_never_reverse() {
        assert_eq!((count(&[]), count(&[1.0]), count(&[0.0, 1.0, 2.0, 3.0])), (0, 0, 0));
    }
}
