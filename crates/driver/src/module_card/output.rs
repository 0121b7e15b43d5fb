//! From the number that a user's module gives to path curvature.

use anyhow::ensure;
use serde::Deserialize;

/// Unit and sign of a module's output, and the dimensions of the vehicle that turn it into curvature.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "unit", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Output {
    /// Path curvature in 1/m.
    Curvature { sign: Sign },
    /// Degrees of the steering wheel.
    WheelDeg { sign: Sign, wheelbase_m: f64, steering_ratio: f64 },
    /// Radians of the steering wheel.
    WheelRad { sign: Sign, wheelbase_m: f64, steering_ratio: f64 },
    /// Share of the largest front-wheel angle, -1 to 1; beyond them the wheels are at their end stop.
    Share { sign: Sign, wheelbase_m: f64, full_angle_deg: f64 },
}

/// Which way positive outputs steer.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sign {
    Left,
    Right,
}

impl Sign {
    fn to_left_positive(self, value: f64) -> f64 {
        match self {
            Self::Left => value,
            Self::Right => -value,
        }
    }
}

impl Output {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let above_0 = |value: f64| value.is_normal() && value > 0.0;
        match *self {
            Self::Curvature { .. } => {}
            Self::WheelDeg { wheelbase_m, steering_ratio, .. } | Self::WheelRad { wheelbase_m, steering_ratio, .. } => {
                ensure!(above_0(wheelbase_m), "output.wheelbase_m: expected more than 0, got {wheelbase_m}");
                ensure!(above_0(steering_ratio), "output.steering_ratio: expected more than 0, got {steering_ratio}");
            }
            Self::Share { wheelbase_m, full_angle_deg, .. } => {
                ensure!(above_0(wheelbase_m), "output.wheelbase_m: expected more than 0, got {wheelbase_m}");
                let turns = above_0(full_angle_deg) && full_angle_deg < 90.0;
                ensure!(turns, "output.full_angle_deg: expected more than 0 and less than 90, got {full_angle_deg}");
            }
        }
        Ok(())
    }

    /// Path curvature in 1/m, left positive.
    pub(super) fn curvature(&self, output: f64) -> f64 {
        match *self {
            Self::Curvature { sign } => sign.to_left_positive(output),
            Self::WheelDeg { sign, wheelbase_m, steering_ratio } => {
                bicycle(sign.to_left_positive(output).to_radians() / steering_ratio, wheelbase_m)
            }
            Self::WheelRad { sign, wheelbase_m, steering_ratio } => {
                bicycle(sign.to_left_positive(output) / steering_ratio, wheelbase_m)
            }
            Self::Share { sign, wheelbase_m, full_angle_deg } => {
                let share = sign.to_left_positive(output).clamp(-1.0, 1.0);
                bicycle(share * full_angle_deg.to_radians(), wheelbase_m)
            }
        }
    }

    /// Change of curvature per unit of output; a difference, which in 64 bits is as good as the derivative.
    pub(super) fn slope(&self, output: f64) -> f64 {
        const STEP: f64 = 1e-4;
        (self.curvature(output + STEP) - self.curvature(output - STEP)) / (2.0 * STEP)
    }
}

/// Largest angle of a front wheel, as for recorded steering: beyond a right angle the tangent would turn the other way.
const MOST_FRONT_RAD: f64 = std::f64::consts::FRAC_PI_3;

/// Curvature of a kinematic bicycle with its front wheel at an angle in rad.
fn bicycle(front_rad: f64, wheelbase_m: f64) -> f64 {
    libm::tan(front_rad.clamp(-MOST_FRONT_RAD, MOST_FRONT_RAD)) / wheelbase_m
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curvature(json: &str, output: f64) -> f64 {
        let unit: Output = serde_json::from_str(json).unwrap();
        unit.check().unwrap();
        unit.curvature(output)
    }

    #[test]
    fn the_same_turn_comes_out_of_every_unit() {
        let front = 10.0_f64.to_radians();
        let expected = front.tan() / 2.5;
        for (json, output) in [
            (r#"{"unit": "curvature", "sign": "right"}"#, -expected),
            (r#"{"unit": "wheel-deg", "sign": "left", "wheelbase_m": 2.5, "steering_ratio": 15}"#, 150.0),
            (r#"{"unit": "wheel-rad", "sign": "right", "wheelbase_m": 2.5, "steering_ratio": 15}"#, -15.0 * front),
            (r#"{"unit": "share", "sign": "left", "wheelbase_m": 2.5, "full_angle_deg": 40}"#, 0.25),
        ] {
            // A few roundings of f64.
            assert!((curvature(json, output) - expected).abs() < 1e-12, "{json}");
        }
    }

    #[test]
    fn a_share_beyond_the_end_stop_steers_no_further_and_has_no_slope() {
        let json = r#"{"unit": "share", "sign": "left", "wheelbase_m": 2.5, "full_angle_deg": 25}"#;
        assert_eq!(curvature(json, 1.7), curvature(json, 1.0));
        assert_eq!(serde_json::from_str::<Output>(json).unwrap().slope(1.7), 0.0);
    }

    #[test]
    fn a_steering_wheel_turned_too_far_does_not_steer_the_other_way() {
        let json = r#"{"unit": "wheel-deg", "sign": "left", "wheelbase_m": 2.5, "steering_ratio": 15}"#;
        // 60 degrees at the front wheels are 900 at the steering wheel; roundings of f64 remain.
        assert!((curvature(json, 1400.0) - curvature(json, 900.0)).abs() < 1e-12);
        assert!(curvature(json, 1400.0) > 0.6);
    }

    #[test]
    fn a_vehicle_that_cannot_be_is_refused() {
        for json in [
            r#"{"unit": "wheel-deg", "sign": "left", "wheelbase_m": 0, "steering_ratio": 15}"#,
            r#"{"unit": "wheel-rad", "sign": "left", "wheelbase_m": 2, "steering_ratio": -1}"#,
            r#"{"unit": "share", "sign": "left", "wheelbase_m": 2, "full_angle_deg": 90}"#,
        ] {
            assert!(serde_json::from_str::<Output>(json).unwrap().check().is_err(), "{json}");
        }
    }
}
