//! Options that say about a recording what its files do not: each overrides one default of the format.

use std::path::PathBuf;

use crate::model::format::Format;
use crate::model::unit::{Counts, Sign, Unit, VehicleOptions};

/// All options; none is needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingOptions {
    /// Layout of the files, where it is not to be recognised.
    pub format: Option<Format>,
    /// Dimensions of the vehicle.
    pub vehicle: VehicleOptions,
    /// The side to which positive values steer.
    pub sign: Option<Sign>,
    /// Unit of the recorded steering.
    pub unit: Option<Unit>,
    /// The scale of raw counts, with [`Unit::Counts`].
    pub counts: Option<Counts>,
    /// A folder in which links of the recording may end although it lies outside of the recording's own.
    pub links_below: Option<PathBuf>,
    /// Left, top, width and height of what a policy sees, in recorded pixels.
    pub crop: Option<[u32; 4]>,
    /// Row of the horizon in the recorded picture, in pixels from the top.
    pub horizon_px: Option<f32>,
    /// Frames per second, in place of recorded times.
    pub rate_hz: Option<f64>,
    /// The columns or topics that hold the values.
    pub columns: Columns,
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
    /// Key and value of each column that the user has stated.
    pub(crate) fn stated(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("image", &self.image), ("steering", &self.steering), ("time", &self.time), ("speed", &self.speed)];
        all.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)))
    }
}
