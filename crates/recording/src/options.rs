//! What the user may say about a recording that its files do not: each of it overrides one default of the format.

use super::format::Format;
use super::unit::{Sign, Unit};

/// Everything that can be said; nothing of it is needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingOptions {
    /// Layout of the files, where it is not to be recognised.
    pub format: Option<Format>,
    /// Dimensions of the vehicle.
    pub vehicle: VehicleOptions,
    /// Which way positive values steer.
    pub sign: Option<Sign>,
    /// Unit of the recorded steering.
    pub unit: Option<Unit>,
    /// Left, top, width and height of what a policy sees, in recorded pixels.
    pub crop: Option<[u32; 4]>,
    /// Row of the horizon in the recorded picture, in pixels from the top.
    pub horizon_px: Option<f32>,
    /// Frames per second, in place of recorded times.
    pub rate_hz: Option<f64>,
    /// Where in a table or container the values stand.
    pub columns: Columns,
}

/// The dimensions that turn a recorded value into curvature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VehicleOptions {
    /// Front axle to rear axle, in m.
    pub wheelbase_m: Option<f32>,
    /// Degrees of the steering wheel per degree of the front wheels.
    pub steering_ratio: Option<f32>,
    /// Front-wheel angle, in degrees, at a recorded share of 1.
    pub full_angle_deg: Option<f32>,
}

/// Names or numbers (from 1) of a table's columns; topics and fields of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The picture.
    pub image: Option<String>,
    /// The steering.
    pub steering: Option<String>,
    /// The capture time.
    pub time: Option<String>,
    /// The speed in m/s.
    pub speed: Option<String>,
}

impl Columns {
    /// Key and value of each that was said.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("image", &self.image), ("steering", &self.steering), ("time", &self.time), ("speed", &self.speed)];
        all.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)))
    }
}
