//! How smoothly the car was steered. A crash and the jump back onto the lane are no steering: changes are taken within
//! the stretches between them.

use super::reversals::reversals;
use lane_driver::closed_loop::{DriveLog, LoggedStep};
use lane_sim::{DT_SECS, WHEELBASE_M};
use serde::{Deserialize, Serialize};

/// Steps in the half second over which lateral jerk is averaged.
const JERK_WINDOW: usize = 10;

/// What UN Regulation 79 allows a system that keeps a lane, as a moving average over half a second.
pub(super) const JERK_LIMIT_MPS3: f64 = 5.0;

/// Sums over the steps of one drive, or of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comfort {
    steps: u64,
    /// Pairs of consecutive steps.
    changes: u64,
    square_command_change_sum_per_m2: f64,
    square_command_rate_sum: f64,
    square_wheel_rate_sum: f64,
    reversals: u64,
    square_lateral_acceleration_sum: f64,
    jerk_windows: u64,
    jerk_windows_above_limit: u64,
    max_lateral_jerk_mps3: f64,
}

impl Comfort {
    /// Of one drive.
    pub(super) fn of(log: &DriveLog) -> Self {
        let mut sums = Self::default();
        let square_speed = f64::from(log.speed_mps).powi(2);
        for stretch in log.steps.split(|step| step.crashed) {
            sums.add_stretch(stretch, square_speed);
        }
        sums
    }

    fn add_stretch(&mut self, stretch: &[LoggedStep], square_speed: f64) {
        let command = |step: &LoggedStep| f64::from(step.commanded.0);
        let driven = |step: &LoggedStep| f64::from(step.driven_per_m);
        for pair in stretch.windows(2) {
            let rate = |curvature: &dyn Fn(&LoggedStep) -> f64| {
                (wheel_angle_rad(curvature(&pair[1])) - wheel_angle_rad(curvature(&pair[0]))) / DT_SECS
            };
            self.changes += 1;
            self.square_command_change_sum_per_m2 += (command(&pair[1]) - command(&pair[0])).powi(2);
            self.square_command_rate_sum += rate(&command).powi(2);
            self.square_wheel_rate_sum += rate(&driven).powi(2);
        }
        for step in stretch {
            self.steps += 1;
            self.square_lateral_acceleration_sum += (square_speed * driven(step)).powi(2);
        }
        let angles_rad: Vec<f64> = stretch.iter().map(|step| wheel_angle_rad(driven(step))).collect();
        self.reversals += reversals(&angles_rad);
        for window in stretch.windows(JERK_WINDOW + 1) {
            // The mean of consecutive differences is that of the ends.
            let change = driven(&window[JERK_WINDOW]) - driven(&window[0]);
            let jerk_mps3 = (square_speed * change / (JERK_WINDOW as f64 * DT_SECS)).abs();
            self.jerk_windows += 1;
            self.jerk_windows_above_limit += u64::from(jerk_mps3 > JERK_LIMIT_MPS3);
            self.max_lateral_jerk_mps3 = self.max_lateral_jerk_mps3.max(jerk_mps3);
        }
    }

    /// Adds another drive's.
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.changes += other.changes;
        self.square_command_change_sum_per_m2 += other.square_command_change_sum_per_m2;
        self.square_command_rate_sum += other.square_command_rate_sum;
        self.square_wheel_rate_sum += other.square_wheel_rate_sum;
        self.reversals += other.reversals;
        self.square_lateral_acceleration_sum += other.square_lateral_acceleration_sum;
        self.jerk_windows += other.jerk_windows;
        self.jerk_windows_above_limit += other.jerk_windows_above_limit;
        self.max_lateral_jerk_mps3 = self.max_lateral_jerk_mps3.max(other.max_lateral_jerk_mps3);
    }

    /// Root mean square change of the commanded curvature from step to step, in 1/m; like every figure here 0 where
    /// nothing was driven.
    pub fn rms_steering_change_per_m(&self) -> f64 {
        (self.square_command_change_sum_per_m2 / self.changes.max(1) as f64).sqrt()
    }

    /// Whiteness of the commands: root mean square of their rate of change, as angle of the front wheels (arXiv
    /// 2301.12264).
    pub fn command_whiteness_rad_per_s(&self) -> f64 {
        (self.square_command_rate_sum / self.changes.max(1) as f64).sqrt()
    }

    /// Whiteness of what the front wheels did, whose rate is limited.
    pub fn wheel_whiteness_rad_per_s(&self) -> f64 {
        (self.square_wheel_rate_sum / self.changes.max(1) as f64).sqrt()
    }

    /// Times a minute that the front wheels turned back by more than 0.2°, what swings faster than 0.6 Hz taken out.
    pub fn steering_reversals_per_minute(&self) -> f64 {
        self.reversals as f64 * 60.0 / (self.steps.max(1) as f64 * DT_SECS)
    }

    /// Root mean square lateral acceleration: speed² · curvature driven.
    pub fn rms_lateral_acceleration_mps2(&self) -> f64 {
        (self.square_lateral_acceleration_sum / self.steps.max(1) as f64).sqrt()
    }

    /// Largest lateral jerk, averaged over half a second.
    pub fn max_lateral_jerk_mps3(&self) -> f64 {
        self.max_lateral_jerk_mps3
    }

    /// Share of the time that it is above 5 m/s³.
    pub fn share_above_jerk_limit(&self) -> f64 {
        self.jerk_windows_above_limit as f64 / self.jerk_windows.max(1) as f64
    }
}

/// Angle of the front wheels that makes the car drive a curvature.
fn wheel_angle_rad(curvature_per_m: f64) -> f64 {
    libm::atan(WHEELBASE_M * curvature_per_m)
}

#[cfg(test)]
mod tests {
    use super::super::test_drives::{crash, drive, steered};
    use super::*;

    fn near(got: f64, expected: f64) -> bool {
        (got - expected).abs() < 1e-6 * expected.abs().max(1e-3)
    }

    #[test]
    fn smoothness_is_that_counted_by_hand() {
        let comfort = Comfort::of(&drive(vec![steered(0.0, 0.01), steered(0.002, 0.01), steered(0.002, -0.01)]));
        assert!(near(comfort.rms_steering_change_per_m(), 0.002 / 2_f64.sqrt()));
        // atan(2.7 · 0.002) = 0.005399948 rad in one of two steps of 0.05 s.
        assert!(near(comfort.command_whiteness_rad_per_s(), 0.005_399_948 / 0.05 / 2_f64.sqrt()));
        assert!(near(comfort.wheel_whiteness_rad_per_s(), 2.0 * libm::atan(0.027) / 0.05 / 2_f64.sqrt()));
        // 10 m/s on 100 m radius.
        assert!(near(comfort.rms_lateral_acceleration_mps2(), 1.0));
    }

    #[test]
    fn lateral_jerk_is_averaged_over_half_a_second() {
        // Curvature rises by 0.003/m a step: 100 · 0.03 / 0.5 = 6 m/s³; over the last steps less and less.
        let ramp: Vec<_> = (0..=11).map(|step| steered(0.0, 0.003 * step as f32)).collect();
        let comfort = Comfort::of(&drive([ramp, vec![steered(0.0, 0.033); 10]].concat()));
        assert!(near(comfort.max_lateral_jerk_mps3(), 6.0), "{comfort:?}");
        // Windows start at steps 0 to 11; the first three rise by 0.03, 0.03 and 0.027: 6, 6 and 5.4 m/s³.
        assert!(near(comfort.share_above_jerk_limit(), 3.0 / 12.0), "{comfort:?}");
        let short = Comfort::of(&drive(vec![steered(0.0, 0.0), steered(0.0, 0.1)]));
        assert_eq!((short.max_lateral_jerk_mps3(), short.share_above_jerk_limit()), (0.0, 0.0));
    }

    #[test]
    fn a_crash_and_the_jump_after_it_are_no_steering() {
        let calm = vec![steered(0.01, 0.01); 12];
        let other_way = vec![steered(-0.01, -0.01); 12];
        let comfort = Comfort::of(&drive([calm, vec![crash(1.7)], other_way].concat()));
        assert_eq!(comfort.rms_steering_change_per_m(), 0.0);
        assert_eq!((comfort.max_lateral_jerk_mps3(), comfort.steering_reversals_per_minute()), (0.0, 0.0));
    }

    #[test]
    fn drives_together_are_the_steps_of_both() {
        let (calm, jerky) = (drive(vec![steered(0.0, 0.0); 3]), drive(vec![steered(0.0, 0.0), steered(0.01, 0.01)]));
        let mut both = Comfort::of(&calm);
        both.add(&Comfort::of(&jerky));
        assert!(near(both.rms_steering_change_per_m(), 0.01 / 3_f64.sqrt()));
        assert!(near(both.rms_lateral_acceleration_mps2(), 1.0 / 5_f64.sqrt()));
    }
}
