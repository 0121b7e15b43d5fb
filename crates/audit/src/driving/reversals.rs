//! Turning points of the steering.

/// 0.2° at the front wheels: 3° at the steering wheel of a car with a steering ratio of 15.
const GAP_RAD: f64 = 0.2 * std::f64::consts::PI / 180.0;

/// Times the front wheels turned back by more than the gap after having turned by more than it (Markkula and Engström
/// 2006, but without their low-pass filter, since there is no measurement noise here).
pub(super) fn reversals(angles_rad: impl Iterator<Item = f64>) -> u64 {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut turning, mut reversals) = (0, 0);
    for angle in angles_rad {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn count(degrees: &[f64]) -> u64 {
        reversals(degrees.iter().map(|angle| angle.to_radians()))
    }

    #[test]
    fn only_turns_beyond_the_gap_count() {
        assert_eq!(count(&[0.0, 0.3, 0.6, 0.5, 0.9, 0.6, 0.1, 0.25, -0.2]), 1, "up, then down; 0.1 and 0.15 are less");
        assert_eq!(count(&[0.0, 0.1, 0.0, 0.1, -0.05, 0.1]), 0, "noise below the gap");
    }

    #[test]
    fn a_swing_is_two_reversals_a_period() {
        let swing: Vec<f64> = (0..400).map(|step| (f64::from(step) * 0.05 * std::f64::consts::TAU).sin()).collect();
        // Twenty periods, each with a highest and a lowest point; the last trough comes 5 steps before the end.
        assert_eq!(count(&swing), 40);
    }

    #[test]
    fn wheels_that_never_turn_back_never_reverse() {
        assert_eq!((count(&[]), count(&[1.0]), count(&[0.0, 1.0, 2.0, 3.0])), (0, 0, 0));
    }
}
