//! What a recorded steering value means, and its conversion to path curvature at the recording's edge.

use std::fmt;

use super::entry::SkipReason;
use crate::frame::Steering;

/// Distance between the axles of the vehicle that was steered; no recording states it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wheelbase {
    /// That of the vehicle which the format belongs to.
    Known {
        /// Front axle to rear axle.
        length_m: f32,
    },
    /// Vehicles of the format differ; a length is taken.
    Assumed {
        /// The length taken.
        length_m: f32,
    },
}

impl Wheelbase {
    /// Front axle to rear axle in m, known or assumed.
    pub fn length_m(self) -> f32 {
        match self {
            Self::Known { length_m } | Self::Assumed { length_m } => length_m,
        }
    }
}

impl fmt::Display for Wheelbase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { length_m } => write!(f, "wheelbase {length_m} m"),
            Self::Assumed { length_m } => write!(f, "wheelbase {length_m} m assumed"),
        }
    }
}

/// Unit, sign and vehicle behind a recorded steering value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelProfile {
    /// Unit of the recorded value, in words for the screen.
    pub unit: &'static str,
    /// Which way positive values steer, in words for the screen.
    pub sign: &'static str,
    /// Front-wheel angle at a recorded value of 1; `None` where the value is curvature already.
    pub full_angle_deg: Option<f32>,
    /// What turns that angle into curvature; `None` where the value is curvature already.
    pub wheelbase: Option<Wheelbase>,
}

impl LabelProfile {
    /// Udacity simulator: 1 is the largest front-wheel angle of its car, 25 degrees. Its wheel hubs lie 1.27 m ahead of
    /// the car's origin and 1.6 m behind it (`Car.prefab` of udacity/self-driving-car-sim).
    pub const UDACITY: Self = Self {
        unit: "share of 25° front-wheel angle",
        sign: "right positive",
        full_angle_deg: Some(25.0),
        wheelbase: Some(Wheelbase::Known { length_m: 2.87 }),
    };

    /// Donkeycar: 1 is the servo's end stop, a value without physical unit; 16 to 25 degrees are commonly taken. The
    /// wheelbase is that of a mid-size car, so that curvature has the size it has on a road.
    pub const DONKEY: Self = Self {
        unit: "share of the servo's range, taken as 20° front-wheel angle",
        sign: "right positive",
        full_angle_deg: Some(20.0),
        wheelbase: Some(Wheelbase::Assumed { length_m: 2.7 }),
    };

    /// Our own recordings: path curvature, exactly as commanded.
    pub const CURVATURE: Self =
        Self { unit: "path curvature in 1/m", sign: "left positive", full_angle_deg: None, wheelbase: None };

    /// curvature = -tan(value · full angle) / wheelbase, of the kinematic bicycle; negative because right is positive
    /// in the recordings that hold wheel angles.
    pub(super) fn curvature(&self, value: f64) -> Result<Steering, SkipReason> {
        if !value.is_finite() {
            return Err(SkipReason::SteeringNotANumber);
        }
        // As curvature, 1 is a circle of 1 m radius: no vehicle of this program turns tighter.
        if value.abs() > 1.0 {
            return Err(SkipReason::SteeringOutOfRange);
        }
        let (Some(full_angle_deg), Some(wheelbase)) = (self.full_angle_deg, self.wheelbase) else {
            return Ok(Steering(value as f32));
        };
        let angle_rad = (value * f64::from(full_angle_deg)).to_radians();
        // 0 minus, so that a value of 0 becomes 0 and not -0.
        Ok(Steering((0.0 - libm::tan(angle_rad) / f64::from(wheelbase.length_m())) as f32))
    }

    /// The recorded value that stands for a curvature: the inverse of [`Self::curvature`], clipped to the range.
    pub(super) fn value(&self, steering: Steering) -> f64 {
        let (Some(full_angle_deg), Some(wheelbase)) = (self.full_angle_deg, self.wheelbase) else {
            return f64::from(steering.0);
        };
        let angle_rad = libm::atan(f64::from(steering.0) * f64::from(wheelbase.length_m()));
        (0.0 - angle_rad.to_degrees() / f64::from(full_angle_deg)).clamp(-1.0, 1.0)
    }
}

impl fmt::Display for LabelProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.unit, self.sign)?;
        match self.wheelbase {
            Some(wheelbase) => write!(f, ", {wheelbase}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_right_in_the_udacity_simulator_is_a_right_turn_of_six_metres_radius() {
        // tan(25°) / 2.87 m = 0.466308 / 2.87 = 0.162477 1/m, negative because it turns right.
        let Steering(curvature) = LabelProfile::UDACITY.curvature(1.0).unwrap();
        assert!((curvature + 0.162_477).abs() < 1e-6, "f32 holds 7 digits, got {curvature}");
    }

    #[test]
    fn half_left_on_a_donkey_is_a_left_turn() {
        // tan(10°) / 2.7 m = 0.176327 / 2.7 = 0.065306 1/m.
        let Steering(curvature) = LabelProfile::DONKEY.curvature(-0.5).unwrap();
        assert!((curvature - 0.065_306).abs() < 1e-6, "f32 holds 7 digits, got {curvature}");
    }

    #[test]
    fn curvature_passes_unchanged_and_zero_stays_positive_zero() {
        assert_eq!(LabelProfile::CURVATURE.curvature(0.0123).unwrap(), Steering(0.0123));
        assert!(LabelProfile::UDACITY.curvature(0.0).unwrap().0.is_sign_positive());
    }

    #[test]
    fn values_that_are_no_steering_are_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(LabelProfile::DONKEY.curvature(value), Err(SkipReason::SteeringNotANumber));
        }
        for value in [15.0, -1.001] {
            assert_eq!(LabelProfile::DONKEY.curvature(value), Err(SkipReason::SteeringOutOfRange));
        }
    }

    #[test]
    fn a_value_survives_the_way_to_curvature_and_back() {
        let there = LabelProfile::DONKEY.curvature(-0.37).unwrap();
        let back = LabelProfile::DONKEY.value(there);
        assert!((back + 0.37).abs() < 1e-6, "one f32 rounding on the way, got {back}");
        assert_eq!(LabelProfile::DONKEY.value(Steering(1.0)), -1.0);
    }

    #[test]
    fn the_screen_text_names_unit_sign_and_assumption() {
        let text = LabelProfile::UDACITY.to_string();
        assert_eq!(text, "share of 25° front-wheel angle, right positive, wheelbase 2.87 m");
        assert!(LabelProfile::DONKEY.to_string().ends_with(", right positive, wheelbase 2.7 m assumed"));
        assert_eq!(LabelProfile::CURVATURE.to_string(), "path curvature in 1/m, left positive");
    }
}
