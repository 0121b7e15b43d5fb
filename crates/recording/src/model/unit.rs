//! Unit and sign of recorded steering, and the vehicle that it steers.

use std::fmt;

/// Unit of a recorded steering value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Share of the largest front-wheel angle, -1 to 1.
    Share,
    /// Degrees of the front wheels.
    FrontDegrees,
    /// Radians of the front wheels.
    FrontRadians,
    /// Degrees of the steering wheel.
    WheelDegrees,
    /// Radians of the steering wheel.
    WheelRadians,
    /// Path curvature in 1/m.
    Curvature,
    /// Counts of a servo or joystick, which [`Counts`] makes shares of.
    Counts,
}

/// The scale of raw counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    /// The count that steers straight on.
    pub centre: f64,
    /// Counts from there to full lock on the side that counts up; below 0 where that is the side of negative shares.
    pub full: f64,
}

impl Counts {
    /// Counts that are shares already.
    pub(crate) const SHARES: Self = Self { centre: 0.0, full: 1.0 };

    /// The share of full lock behind a count.
    pub(crate) fn share(self, count: f64) -> f64 {
        (count - self.centre) / self.full
    }
}

impl Unit {
    /// The side to which positive values steer by custom. Most tables come from copies of the formats whose right is positive;
    /// only curvature is left positive.
    pub(crate) fn customary_sign(self) -> Sign {
        if self == Self::Curvature { Sign::LeftPositive } else { Sign::RightPositive }
    }

    /// Every unit, in the order in which help lists them.
    pub const ALL: [Self; 7] = [
        Self::Share,
        Self::FrontDegrees,
        Self::FrontRadians,
        Self::WheelDegrees,
        Self::WheelRadians,
        Self::Curvature,
        Self::Counts,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::FrontDegrees => "front-deg",
            Self::FrontRadians => "front-rad",
            Self::WheelDegrees => "wheel-deg",
            Self::WheelRadians => "wheel-rad",
            Self::Curvature => "curvature",
            Self::Counts => "counts",
        }
    }

    /// The largest value that is steering and no error; of curvature, a circle of 1 m radius.
    pub(crate) fn largest(self) -> f64 {
        match self {
            Self::Share | Self::Counts => LARGEST_SHARE,
            Self::Curvature => 1.0,
            Self::FrontDegrees => MAX_FRONT_DEG,
            Self::FrontRadians => MAX_FRONT_DEG.to_radians(),
            Self::WheelDegrees => MAX_WHEEL_DEG,
            Self::WheelRadians => MAX_WHEEL_DEG.to_radians(),
        }
    }
}

/// A joystick at full lock: its whole numbers reach one further on one side, at the coarsest -128 of 127.
const LARGEST_SHARE: f64 = 1.01;
/// More than any linkage of a road vehicle turns its front wheels.
pub(crate) const MAX_FRONT_DEG: f64 = 60.0;
/// Two and a half turns: no road car turns further to one side.
const MAX_WHEEL_DEG: f64 = 900.0;

/// The side to which positive values steer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// As everywhere in this program.
    LeftPositive,
    /// As in most recordings.
    RightPositive,
}

impl Sign {
    /// Both signs.
    pub const ALL: [Self; 2] = [Self::LeftPositive, Self::RightPositive];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeftPositive => "left",
            Self::RightPositive => "right",
        }
    }

    /// Turns a value of this sign into one that is left positive, and the other way round.
    pub(crate) fn to_left_positive(self, value: f64) -> f64 {
        match self {
            Self::LeftPositive => value,
            // 0 minus, so that a value of 0 becomes 0 and not -0.
            Self::RightPositive => 0.0 - value,
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} positive", self.name())
    }
}

/// Dimensions of the vehicle that the user states in place of the format's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VehicleOptions {
    /// Front axle to rear axle, in m.
    pub wheelbase_m: Option<f32>,
    /// Degrees of the steering wheel per degree of the front wheels.
    pub steering_ratio: Option<f32>,
    /// Front-wheel angle, in degrees, at a recorded share of 1.
    pub full_angle_deg: Option<f32>,
}

/// The dimensions of the steered vehicle that turn a recorded value into curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vehicle {
    /// Front axle to rear axle, in m.
    pub wheelbase_m: f32,
    /// Degrees of the steering wheel per degree of the front wheels.
    pub steering_ratio: f32,
    /// Front-wheel angle, in degrees, at a recorded share of 1.
    pub full_angle_deg: f32,
    /// True for the vehicle's own wheelbase, false for that of a mid-size car because no recording states it.
    pub wheelbase_is_known: bool,
    /// True for the vehicle's own full angle.
    pub full_angle_is_known: bool,
}

impl Vehicle {
    /// A mid-size car, so that curvature has the size it has on a road. Steering ratios of cars lie around 15; 16 to 25
    /// degrees are commonly taken for the end stop of a model car's servo.
    pub(crate) const ASSUMED: Self = Self {
        wheelbase_m: 2.7,
        steering_ratio: 15.0,
        full_angle_deg: 20.0,
        wheelbase_is_known: false,
        full_angle_is_known: false,
    };

    /// These dimensions, each replaced by the one that the user has stated.
    pub(crate) fn with(self, stated: VehicleOptions) -> Self {
        Self {
            wheelbase_m: stated.wheelbase_m.unwrap_or(self.wheelbase_m),
            steering_ratio: stated.steering_ratio.unwrap_or(self.steering_ratio),
            full_angle_deg: stated.full_angle_deg.unwrap_or(self.full_angle_deg),
            wheelbase_is_known: self.wheelbase_is_known || stated.wheelbase_m.is_some(),
            full_angle_is_known: self.full_angle_is_known || stated.full_angle_deg.is_some(),
        }
    }
}
