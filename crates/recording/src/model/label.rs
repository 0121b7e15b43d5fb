//! The meaning of a recorded steering value, and its conversion to path curvature at the recording's edge.

use std::fmt;

use crate::model::options::RecordingOptions;
use crate::model::skip::SkipReason;
use crate::model::unit::{Counts, MAX_FRONT_DEG, Sign, Unit, Vehicle};
use lane_frame::Steering;

/// Unit, sign and vehicle behind a recorded steering value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelProfile {
    /// Unit of the recorded value.
    pub unit: Unit,
    /// The side to which positive values steer.
    pub sign: Sign,
    /// The vehicle whose dimensions turn the value into curvature.
    pub vehicle: Vehicle,
    /// True for the unit of the format or of the user, false for a guess that the user should check.
    pub unit_is_known: bool,
    /// The same of the sign.
    pub sign_is_known: bool,
    /// The scale of values that are [`Unit::Counts`].
    pub counts: Option<Counts>,
}

/// A share in a table may be a little beyond full lock; no drive in degrees stays below that.
const LARGEST_GUESSED_SHARE: f64 = 1.5;

/// Pulses of a model car's servo: 1.5 ms straight on, half a millisecond to either side.
const SERVO_PULSES_US: std::ops::RangeInclusive<f64> = 900.0..=2100.0;

/// The absolute value that 99 of 100 do not exceed.
fn usual_largest(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get((sizes.len().saturating_sub(1) * 99).div_ceil(100)).copied().unwrap_or(0.0)
}

impl LabelProfile {
    /// Our own recordings: path curvature, exactly as commanded.
    pub const CURVATURE: Self = Self::known(Unit::Curvature, Sign::LeftPositive, Vehicle::ASSUMED);

    /// A profile of which nothing is guessed but, where it says so, the vehicle.
    pub(crate) const fn known(unit: Unit, sign: Sign, vehicle: Vehicle) -> Self {
        Self { unit, sign, vehicle, unit_is_known: true, sign_is_known: true, counts: None }
    }

    /// A guess for a column of a table of unknown origin, by its name and its values. A few values beyond all others, such as
    /// a glitch or a joystick's overshoot, do not make degrees of shares.
    pub(crate) fn guessed(column: &str, values: &[f64]) -> Self {
        let name = column.to_ascii_lowercase();
        if ["percent", "pct", "%"].iter().any(|word| name.contains(word)) {
            return Self::guessed_counts(Counts { centre: 0.0, full: 100.0 });
        }
        if values.len() > 1 && values.iter().all(|value| SERVO_PULSES_US.contains(value)) {
            return Self::guessed_counts(Counts { centre: 1500.0, full: 500.0 });
        }
        let unit = if name.contains("curvature") {
            Unit::Curvature
        } else if name.contains("deg") {
            Unit::WheelDegrees
        } else if name.contains("rad") {
            Unit::WheelRadians
        } else if usual_largest(values) <= LARGEST_GUESSED_SHARE {
            Unit::Share
        } else {
            Unit::WheelDegrees
        };
        let known = Self::known(unit, unit.customary_sign(), Vehicle::ASSUMED);
        Self { unit_is_known: false, sign_is_known: false, ..known }
    }

    /// A guess for counts around a centre, right positive as a servo's usually are.
    pub(crate) fn guessed_counts(counts: Counts) -> Self {
        let known = Self::known(Unit::Counts, Sign::RightPositive, Vehicle::ASSUMED);
        Self { unit_is_known: false, sign_is_known: false, counts: Some(counts), ..known }
    }

    /// This profile with the options that the user has stated. A sign that is only guessed goes with the unit.
    pub(crate) fn with(mut self, options: &RecordingOptions) -> Self {
        if let Some(unit) = options.unit {
            self.unit = unit;
            self.unit_is_known = true;
            if !self.sign_is_known {
                self.sign = unit.customary_sign();
            }
        }
        if let Some(sign) = options.sign {
            self.sign = sign;
            self.sign_is_known = true;
        }
        self.vehicle = self.vehicle.with(options.vehicle);
        self.counts = options.counts.or(self.counts);
        self
    }

    /// curvature = tan(front-wheel angle) / wheelbase, of the kinematic bicycle.
    pub(crate) fn curvature(&self, value: f64) -> Result<Steering, SkipReason> {
        if !value.is_finite() {
            return Err(SkipReason::SteeringNotANumber);
        }
        let value = self.counts.filter(|_| self.unit == Unit::Counts).map_or(value, |counts| counts.share(value));
        if value.abs() > self.unit.largest() {
            return Err(SkipReason::SteeringOutOfRange);
        }
        let is_share = matches!(self.unit, Unit::Share | Unit::Counts);
        let value = if is_share { value.clamp(-1.0, 1.0) } else { value };
        let value = self.sign.to_left_positive(value);
        let Some(angle_deg) = self.front_deg(value) else { return Ok(Steering(value as f32)) };
        // A vehicle of other dimensions may make much of a value that is none in itself.
        if angle_deg.abs() > MAX_FRONT_DEG {
            return Err(SkipReason::SteeringOutOfRange);
        }
        Ok(Steering((libm::tan(angle_deg.to_radians()) / f64::from(self.vehicle.wheelbase_m)) as f32))
    }

    /// Front-wheel angle behind a value; `None` for curvature, which has none.
    fn front_deg(&self, value: f64) -> Option<f64> {
        let ratio = f64::from(self.vehicle.steering_ratio);
        match self.unit {
            Unit::Share | Unit::Counts => Some(value * f64::from(self.vehicle.full_angle_deg)),
            Unit::FrontDegrees => Some(value),
            Unit::FrontRadians => Some(value.to_degrees()),
            Unit::WheelDegrees => Some(value / ratio),
            Unit::WheelRadians => Some(value.to_degrees() / ratio),
            Unit::Curvature => None,
        }
    }

    /// The recorded share that stands for a curvature: the inverse of [`Self::curvature`] for profiles that hold
    /// shares. Beyond -1 to 1 where the vehicle cannot turn so sharply.
    pub(crate) fn share(&self, steering: Steering) -> f64 {
        let angle_rad = libm::atan(f64::from(steering.0) * f64::from(self.vehicle.wheelbase_m));
        self.sign.to_left_positive(angle_rad.to_degrees() / f64::from(self.vehicle.full_angle_deg))
    }

    /// The unit in words, with the vehicle's part in it.
    pub fn unit_text(&self) -> String {
        let Vehicle { full_angle_deg, steering_ratio, .. } = self.vehicle;
        match self.unit {
            Unit::Share if self.vehicle.full_angle_is_known => format!("share of {full_angle_deg}° front-wheel angle"),
            Unit::Share => format!("share of the servo's range, taken as {full_angle_deg}° front-wheel angle"),
            Unit::Counts => {
                let Counts { centre, full } = self.counts.unwrap_or(Counts::SHARES);
                format!(
                    "counts of a servo or joystick, {centre} straight on and {full} more at full lock, taken as {full_angle_deg}°"
                )
            }
            Unit::FrontDegrees => "degrees of the front wheels".to_owned(),
            Unit::FrontRadians => "radians of the front wheels".to_owned(),
            Unit::WheelDegrees => format!("degrees of the steering wheel (ratio {steering_ratio})"),
            Unit::WheelRadians => format!("radians of the steering wheel (ratio {steering_ratio})"),
            Unit::Curvature => "path curvature in 1/m".to_owned(),
        }
    }
}

impl fmt::Display for LabelProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.unit_text(), self.sign)?;
        f.write_str(match (self.unit_is_known, self.sign_is_known) {
            (true, true) => "",
            (false, true) => ", unit guessed",
            (true, false) => ", sign guessed",
            (false, false) => ", both guessed",
        })?;
        match self.vehicle {
            _ if self.unit == Unit::Curvature => Ok(()),
            Vehicle { wheelbase_m, wheelbase_is_known: true, .. } => write!(f, ", wheelbase {wheelbase_m} m"),
            Vehicle { wheelbase_m, .. } => write!(f, ", wheelbase {wheelbase_m} m assumed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{comma2k19, donkey, sully_chen, udacity, udacity_car};
    use crate::model::unit::VehicleOptions;

    #[test]
    fn full_right_in_the_udacity_simulator_is_a_right_turn_of_six_metres_radius() {
        // tan(25°) / 2.87 m = 0.466308 / 2.87 = 0.162477 1/m, negative because it turns right.
        let Steering(curvature) = udacity::LABEL.curvature(1.0).unwrap();
        assert!((curvature + 0.162_477).abs() < 1e-6, "f32 holds 7 digits, got {curvature}");
    }

    #[test]
    fn half_left_on_a_donkey_is_a_left_turn() {
        // tan(10°) / 2.7 m = 0.176327 / 2.7 = 0.065306 1/m.
        let Steering(curvature) = donkey::LABEL.curvature(-0.5).unwrap();
        assert!((curvature - 0.065_306).abs() < 1e-6, "f32 holds 7 digits, got {curvature}");
    }

    #[test]
    fn a_steering_wheel_turns_the_front_wheels_by_its_ratio() {
        // 30° / 15 = 2°; tan(2°) / 2.7 m = 0.0349208 / 2.7 = 0.0129336 1/m.
        let Steering(sully) = sully_chen::LABEL.curvature(30.0).unwrap();
        let Steering(comma) = comma2k19::LABEL.curvature(30.0).unwrap();
        assert!((comma - 0.012_933_6).abs() < 1e-7, "f32 holds 7 digits, got {comma}");
        assert_eq!(sully, -comma, "the one has right positive, the other left");
        // 0.5 rad = 28.6479°, / 14.8 = 1.93567°; tan / 2.85 m = 0.0337965 / 2.85 = 0.0118584 1/m.
        let Steering(udacity) = udacity_car::LABEL.curvature(0.5).unwrap();
        assert!((udacity - 0.011_858_4).abs() < 1e-6, "the expected value has six digits, got {udacity}");
    }

    #[test]
    fn degrees_and_radians_of_the_front_wheels_are_the_same_angle() {
        let profile = |unit| LabelProfile { unit, ..donkey::LABEL };
        let Steering(degrees) = profile(Unit::FrontDegrees).curvature(10.0).unwrap();
        let Steering(radians) = profile(Unit::FrontRadians).curvature(10_f64.to_radians()).unwrap();
        let Steering(share) = profile(Unit::Share).curvature(0.5).unwrap();
        assert!((degrees - radians).abs() < 1e-8 && degrees == share, "{degrees} {radians} {share}");
    }

    #[test]
    fn curvature_passes_unchanged_and_zero_stays_positive_zero() {
        assert_eq!(LabelProfile::CURVATURE.curvature(0.0123).unwrap(), Steering(0.0123));
        assert!(udacity::LABEL.curvature(0.0).unwrap().0.is_sign_positive());
    }

    #[test]
    fn values_that_are_no_steering_are_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(donkey::LABEL.curvature(value), Err(SkipReason::SteeringNotANumber));
        }
        for value in [15.0, -1.011] {
            assert_eq!(donkey::LABEL.curvature(value), Err(SkipReason::SteeringOutOfRange));
        }
        let go_kart = VehicleOptions { steering_ratio: Some(1.0), ..VehicleOptions::default() };
        let options = RecordingOptions { vehicle: go_kart, ..RecordingOptions::default() };
        let direct = sully_chen::LABEL.with(&options);
        assert_eq!(direct.curvature(90.0), Err(SkipReason::SteeringOutOfRange), "its tangent has no size");
        assert!(direct.curvature(30.0).is_ok());
    }

    // -32768 of 32767 made steering-wheel degrees of a whole table of shares, and was left out of a tub.
    #[test]
    fn the_full_lock_of_a_joystick_is_the_end_stop() {
        for full_lock in [-1.000_03, -128.0 / 127.0] {
            assert_eq!(LabelProfile::guessed("angle", &[full_lock, 0.5]).unit, Unit::Share, "{full_lock}");
            assert_eq!(donkey::LABEL.curvature(full_lock), donkey::LABEL.curvature(-1.0), "{full_lock}");
        }
    }

    #[test]
    fn a_glitch_among_shares_makes_no_degrees_and_a_bend_among_degrees_no_shares() {
        let straight_on = |largest: f64| (0..200).map(|i| 0.004 * f64::from(i)).chain([largest]).collect::<Vec<_>>();
        assert_eq!(LabelProfile::guessed("angle", &straight_on(37.0)).unit, Unit::Share, "one of 201");
        let bends: Vec<f64> = (0..200).map(|i| if i % 40 == 0 { 12.0 } else { 0.3 }).collect();
        assert_eq!(LabelProfile::guessed("angle", &bends).unit, Unit::WheelDegrees, "one of forty");
    }

    #[test]
    fn raw_counts_become_shares_by_centre_and_full_lock() {
        let counts = Some(Counts { centre: 90.0, full: 60.0 });
        let options = RecordingOptions { unit: Some(Unit::Counts), counts, ..RecordingOptions::default() };
        let profile = LabelProfile::guessed("servo", &[90.0]).with(&options);
        for (value, share) in [(90.0, 0.0), (120.0, 0.5), (30.0, -1.0), (150.5, 1.0)] {
            assert_eq!(profile.curvature(value), donkey::LABEL.curvature(share), "{value}");
        }
        assert_eq!(profile.curvature(160.0), Err(SkipReason::SteeringOutOfRange));
    }

    #[test]
    fn a_share_survives_the_way_to_curvature_and_back() {
        let there = donkey::LABEL.curvature(-0.37).unwrap();
        let back = donkey::LABEL.share(there);
        assert!((back + 0.37).abs() < 1e-6, "one f32 rounding on the way, got {back}");
        assert!(donkey::LABEL.share(Steering(1.0)) < -1.0, "no servo reaches that");
    }

    #[test]
    fn what_the_user_says_overrides_the_format() {
        let vehicle = VehicleOptions { wheelbase_m: Some(0.25), full_angle_deg: Some(30.0), steering_ratio: None };
        let options =
            RecordingOptions { vehicle, sign: Some(Sign::LeftPositive), unit: None, ..RecordingOptions::default() };
        let profile = donkey::LABEL.with(&options);
        // tan(30°) / 0.25 m = 2.309401 1/m, a model car's circle.
        let Steering(curvature) = profile.curvature(1.0).unwrap();
        assert!((curvature - 2.309_401).abs() < 1e-5, "f32 holds 7 digits, got {curvature}");
        assert_eq!(profile.to_string(), "share of 30° front-wheel angle, left positive, wheelbase 0.25 m");
    }

    #[test]
    fn a_guess_goes_by_name_and_size_and_says_that_it_is_one() {
        assert_eq!(LabelProfile::guessed("Curvature", &[0.1]).sign, Sign::LeftPositive);
        assert_eq!(LabelProfile::guessed("angle_rad", &[0.1]).unit, Unit::WheelRadians);
        assert_eq!(LabelProfile::guessed("angle", &[0.9]).unit, Unit::Share);
        assert_eq!(LabelProfile::guessed("angle", &[90.0]).unit, Unit::WheelDegrees);
        assert!(LabelProfile::guessed("angle", &[0.9]).to_string().contains("both guessed"));
    }

    #[test]
    fn a_unit_without_a_sign_brings_the_sign_that_goes_with_it() {
        let options = |unit, sign| RecordingOptions { unit: Some(unit), sign, ..RecordingOptions::default() };
        let guessed = LabelProfile::guessed("steering", &[0.1]);
        let profile = guessed.with(&options(Unit::Curvature, None));
        assert_eq!(profile.to_string(), "path curvature in 1/m, left positive, sign guessed");
        let profile = guessed.with(&options(Unit::Curvature, Some(Sign::RightPositive)));
        assert_eq!(profile.to_string(), "path curvature in 1/m, right positive");
        let profile = LabelProfile::guessed("curvature", &[0.1]).with(&options(Unit::WheelDegrees, None));
        assert_eq!(profile.sign, Sign::RightPositive);
        assert_eq!(comma2k19::LABEL.with(&options(Unit::WheelRadians, None)).sign, Sign::LeftPositive, "known");
        let only_sign = RecordingOptions { sign: Some(Sign::LeftPositive), ..RecordingOptions::default() };
        assert!(guessed.with(&only_sign).to_string().contains(", left positive, unit guessed"));
    }

    #[test]
    fn a_known_wheelbase_makes_no_known_angle() {
        let vehicle = VehicleOptions { wheelbase_m: Some(0.25), ..VehicleOptions::default() };
        let profile = donkey::LABEL.with(&RecordingOptions { vehicle, ..RecordingOptions::default() });
        let expected = "share of the servo's range, taken as 20° front-wheel angle, right positive, wheelbase 0.25 m";
        assert_eq!(profile.to_string(), expected);
        let vehicle = VehicleOptions { full_angle_deg: Some(30.0), ..VehicleOptions::default() };
        let profile = donkey::LABEL.with(&RecordingOptions { vehicle, ..RecordingOptions::default() });
        assert_eq!(profile.to_string(), "share of 30° front-wheel angle, right positive, wheelbase 2.7 m assumed");
    }

    #[test]
    fn the_screen_text_names_unit_sign_and_assumption() {
        let text = udacity::LABEL.to_string();
        assert_eq!(text, "share of 25° front-wheel angle, right positive, wheelbase 2.87 m");
        assert!(donkey::LABEL.to_string().ends_with(", right positive, wheelbase 2.7 m assumed"));
        assert_eq!(LabelProfile::CURVATURE.to_string(), "path curvature in 1/m, left positive");
    }
}
