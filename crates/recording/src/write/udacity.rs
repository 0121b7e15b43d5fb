//! The Udacity simulator's folder: `driving_log.csv` and `IMG/`.

use std::path::Path;

use super::picture_folder::PictureFolder;
use super::sink::{Appended, Encoded, Passing, Sink};
use crate::formats::udacity;
use crate::model::civil_time::CivilTime;
use crate::model::error::RecordingError;
use lane_frame::Steering;

/// Midnight of 1 January 2000: recordings that are converted know how long they took and not when they were made.
const START_MS: u64 = 946_684_800_000;

const MPH_PER_MPS: f64 = 1.0 / 0.447_04;

/// Rounding alone takes a label no further beyond its range.
const ROUNDING: f64 = 1e-6;

/// `driving_log.csv` and `IMG/`.
pub(super) struct UdacitySink {
    folder: PictureFolder,
    /// Time in the name of the last picture.
    last_ms: Option<u64>,
}

impl UdacitySink {
    pub fn open(path: &Path, frames: usize) -> Result<Self, RecordingError> {
        Ok(Self { folder: PictureFolder::open(path, "IMG", "driving_log.csv", None, frames)?, last_ms: None })
    }
}

impl Sink for UdacitySink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Passing { time_secs, steering: Some(steering), speed_mps, picture: Encoded::Jpeg(jpeg), .. } = passing
        else {
            return Ok(Appended::Refused);
        };
        // Names have whole milliseconds, and no two pictures one name.
        let time_ms = (START_MS + (time_secs * 1e3).round() as u64).max(self.last_ms.map_or(0, |last_ms| last_ms + 1));
        self.last_ms = Some(time_ms);
        let (share, appended) = share(steering);
        // Empty where it is not known: 0 would say that the car stood.
        let mph = |speed_mps: f32| (f64::from(speed_mps) * MPH_PER_MPS).to_string();
        let speed_mph = speed_mps.map(mph).unwrap_or_default();
        self.folder.append(&picture_name(time_ms), &jpeg, &format!(",,{share},0,0,{speed_mph}"))?;
        Ok(appended)
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        self.folder.finish(out)
    }
}

/// The simulator's car turns no sharper than 1.
fn share(steering: Steering) -> (f64, Appended) {
    let share = udacity::LABEL.share(steering);
    let appended = if share.abs() > 1.0 + ROUNDING { Appended::LabelClipped } else { Appended::Whole };
    (share.clamp(-1.0, 1.0), appended)
}

fn picture_name(time_ms: u64) -> String {
    let CivilTime { year, month, day, hour, minute, second, millis } = CivilTime::after_1970(time_ms);
    format!("center_{year:04}_{month:02}_{day:02}_{hour:02}_{minute:02}_{second:02}_{millis:03}.jpg")
}
