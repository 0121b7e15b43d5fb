//! Where the car was on its lane.

use super::histogram::Histogram;
use lane_driver::closed_loop::{DriveLog, LoggedStep};
use serde::{Deserialize, Serialize};

/// A time to line crossing of this many seconds or more is as good as none.
const LONGEST_TIME_TO_LINE_S: f64 = 10.0;

/// Bins of 1 cm that lie within ±0.3 m.
const BINS_WITHIN_30_CM: usize = 30;

/// Sums over the steps of one drive, or of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneKeeping {
    steps: u64,
    abs_error_sum_m: f64,
    square_error_sum_m2: f64,
    /// Squares of the offset less the drive's own mean offset.
    square_sway_sum_m2: f64,
    max_abs_error_m: f64,
    abs_errors: Histogram<300, 100>,
    /// Steps after which the car stood where it had driven to; after a crash it stands where it was put.
    own_steps: u64,
    square_heading_sum_rad2: f64,
    min_time_to_line_s: Option<f64>,
    times_to_line: Histogram<100, 10>,
}

impl LaneKeeping {
    /// Of one drive.
    pub(super) fn of(log: &DriveLog) -> Self {
        let mut sums = Self::default();
        let offsets = || log.steps.iter().map(|step| f64::from(step.offset_m));
        let mean_offset_m = offsets().sum::<f64>() / log.steps.len().max(1) as f64;
        for offset_m in offsets() {
            sums.steps += 1;
            sums.abs_error_sum_m += offset_m.abs();
            sums.square_error_sum_m2 += offset_m.powi(2);
            sums.square_sway_sum_m2 += (offset_m - mean_offset_m).powi(2);
            sums.max_abs_error_m = sums.max_abs_error_m.max(offset_m.abs());
            sums.abs_errors.add(offset_m.abs());
        }
        for step in log.steps.iter().filter(|step| !step.crashed) {
            sums.own_steps += 1;
            sums.square_heading_sum_rad2 += f64::from(step.heading_error_rad).powi(2);
        }
        for time_s in log.steps.iter().map(|step| time_to_line_s(log, step)) {
            sums.min_time_to_line_s = Some(sums.min_time_to_line_s.map_or(time_s, |least| least.min(time_s)));
            sums.times_to_line.add(time_s);
        }
        sums
    }

    /// Adds another drive's.
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.abs_error_sum_m += other.abs_error_sum_m;
        self.square_error_sum_m2 += other.square_error_sum_m2;
        self.square_sway_sum_m2 += other.square_sway_sum_m2;
        self.max_abs_error_m = self.max_abs_error_m.max(other.max_abs_error_m);
        self.abs_errors.add_all(&other.abs_errors);
        self.own_steps += other.own_steps;
        self.square_heading_sum_rad2 += other.square_heading_sum_rad2;
        let least = [self.min_time_to_line_s, other.min_time_to_line_s];
        self.min_time_to_line_s = least.into_iter().flatten().reduce(f64::min);
        self.times_to_line.add_all(&other.times_to_line);
    }

    /// Mean absolute cross-track error; like every figure here 0 where nothing was driven.
    pub fn mean_abs_error_m(&self) -> f64 {
        self.abs_error_sum_m / self.steps.max(1) as f64
    }

    /// Root mean square cross-track error.
    pub fn rms_error_m(&self) -> f64 {
        (self.square_error_sum_m2 / self.steps.max(1) as f64).sqrt()
    }

    /// 95th percentile of the absolute cross-track error, to 1 cm.
    pub fn p95_abs_error_m(&self) -> f64 {
        self.abs_errors.quantile(0.95).unwrap_or(0.0)
    }

    /// Largest absolute cross-track error.
    pub fn max_abs_error_m(&self) -> f64 {
        self.max_abs_error_m
    }

    /// Standard deviation of lateral position (SDLP) within drives: how much the car sways, wherever it keeps to.
    pub fn sdlp_m(&self) -> f64 {
        (self.square_sway_sum_m2 / self.steps.max(1) as f64).sqrt()
    }

    /// Share of the time within 0.3 m of the lane centre.
    pub fn share_within_30_cm(&self) -> f64 {
        self.abs_errors.share_in_first(BINS_WITHIN_30_CM)
    }

    /// Root mean square of the heading against the road's.
    pub fn rms_heading_error_rad(&self) -> f64 {
        (self.square_heading_sum_rad2 / self.own_steps.max(1) as f64).sqrt()
    }

    /// Least time to line crossing; nothing where nothing was driven.
    pub fn min_time_to_line_s(&self) -> Option<f64> {
        self.min_time_to_line_s
    }

    /// 5th percentile of the time to line crossing, to 0.1 s; nothing where nothing was driven.
    pub fn p5_time_to_line_s(&self) -> Option<f64> {
        self.times_to_line.quantile(0.05)
    }
}

/// Time until a wheel would be over the edge of the lane (Godthelp, Milgram and Blaauw 1984) in its simplest
/// approximation (the first of van Winsum, Brookhuis and de Waard 2000): distance of the wheel to the edge it moves
/// towards, over lateral speed. It takes the heading against the road's as lasting, so the car as bending with the road
/// from here on. 0 once a wheel is over, 10 s where it is longer than that.
fn time_to_line_s(log: &DriveLog, step: &LoggedStep) -> f64 {
    let (offset_m, wheel_limit_m) = (f64::from(step.offset_m), f64::from(log.wheel_limit_m));
    if step.crashed || offset_m.abs() >= wheel_limit_m {
        return 0.0;
    }
    let lateral_mps = f64::from(log.speed_mps) * libm::sin(f64::from(step.heading_error_rad));
    let distance_m = wheel_limit_m - offset_m * lateral_mps.signum();
    (distance_m / lateral_mps.abs()).min(LONGEST_TIME_TO_LINE_S)
}

#[cfg(test)]
mod tests {
    use super::super::test_drives::{at, crash, drive};
    use super::*;

    #[test]
    fn errors_are_those_counted_by_hand() {
        let lane = LaneKeeping::of(&drive(vec![at(0.1), at(-0.3), at(0.5), at(0.5)]));
        let near = |got: f64, expected: f64| (got - expected).abs() < 1e-6;
        assert!(near(lane.mean_abs_error_m(), 0.35) && near(lane.rms_error_m(), 0.15_f64.sqrt()));
        // Mean offset 0.2: (0.1² + 0.5² + 0.3² + 0.3²) / 4.
        assert!(near(lane.sdlp_m(), 0.11_f64.sqrt()) && near(lane.max_abs_error_m(), 0.5));
        assert!(near(lane.share_within_30_cm(), 0.25) && near(lane.p95_abs_error_m(), 0.505));
    }

    #[test]
    fn drives_together_are_the_steps_of_both_but_each_sways_about_its_own_mean() {
        let (left, right) = (drive(vec![at(0.2); 8]), drive(vec![at(-0.2); 8]));
        let mut both = LaneKeeping::of(&left);
        both.add(&LaneKeeping::of(&right));
        assert!((both.mean_abs_error_m() - 0.2).abs() < 1e-6 && both.sdlp_m() < 1e-6);
        let mut same = LaneKeeping::of(&left);
        same.add(&LaneKeeping::default());
        assert_eq!(same, LaneKeeping::of(&left), "an empty drive changes nothing");
    }

    #[test]
    fn the_time_to_the_line_is_distance_over_lateral_speed_on_the_side_the_car_moves_to() {
        // 10 m/s and 0.1 rad: 0.998 m/s to the left; a wheel is over at 0.85 m.
        let drifting = |offset_m| LoggedStep { heading_error_rad: 0.1, ..at(offset_m) };
        let times = [0.35, -0.15, 0.9].map(|offset_m| time_to_line_s(&drive(vec![]), &drifting(offset_m)));
        for (time, expected) in times.into_iter().zip([0.50083, 1.00167, 0.0]) {
            assert!((time - expected).abs() < 1e-4, "{time}, expected {expected}");
        }
        assert_eq!(time_to_line_s(&drive(vec![]), &at(0.2)), 10.0, "parallel to the road");
        let lane = LaneKeeping::of(&drive(vec![drifting(0.35), at(0.2), at(0.2)]));
        assert!((lane.min_time_to_line_s().unwrap() - 0.50083).abs() < 1e-4);
        assert!((lane.p5_time_to_line_s().unwrap() - 0.55).abs() < 1e-9);
    }

    #[test]
    fn the_heading_of_a_car_put_back_is_not_its_own() {
        let turned = LoggedStep { heading_error_rad: 0.2, ..at(0.0) };
        let lane = LaneKeeping::of(&drive(vec![turned, crash(1.7)]));
        assert!((lane.rms_heading_error_rad() - 0.2).abs() < 1e-6);
        assert_eq!(lane.min_time_to_line_s(), Some(0.0));
    }
}
