//! Folders of pictures with a table: the Udacity simulator's, and the plain one.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::target::{Sink, move_to_place};
use super::{Appended, Encoded, Passing};
use crate::LabelProfile;
use crate::civil_time::CivilTime;
use crate::error::RecordingError;
use crate::folder::cut_lines;
use lane_frame::Steering;

/// Midnight of 1 January 2000: recordings that are converted know how long they took and not when they were made.
const START_MS: u64 = 946_684_800_000;

const MPH_PER_MPS: f64 = 1.0 / 0.447_04;

/// Rounding alone takes a label no further beyond its range.
const ROUNDING: f64 = 1e-6;

/// A folder that grows by one picture and one line at a time.
struct TableFolder {
    path: PathBuf,
    picture_folder: &'static str,
    table: File,
    table_path: PathBuf,
}

impl TableFolder {
    /// Begins a folder, or goes on behind so many lines of its table; `header` is the first of them where it has one.
    fn open(
        path: &Path,
        picture_folder: &'static str,
        table_name: &str,
        header: Option<&str>,
        frames: usize,
    ) -> Result<Self, RecordingError> {
        let table_path = path.join(table_name);
        fs::create_dir_all(path.join(picture_folder)).map_err(RecordingError::io(path, "cannot create the folder"))?;
        let opened = OpenOptions::new().append(true).create(true).open(&table_path);
        let mut table = opened.map_err(RecordingError::io(&table_path, "cannot open"))?;
        let lines = cut_lines(&table_path, if frames > 0 { frames + usize::from(header.is_some()) } else { 0 })?;
        if let Some(header) = header.filter(|_| lines.is_empty()) {
            let written = table.write_all(format!("{header}\n").as_bytes());
            written.map_err(RecordingError::io(&table_path, "cannot write"))?;
        }
        Ok(Self { path: path.to_owned(), picture_folder, table, table_path })
    }

    /// Adds a picture, and then its line: no line names a picture that is not there.
    fn append(&mut self, picture_name: &str, jpeg: &[u8], line: &str) -> Result<(), RecordingError> {
        let picture_path = self.path.join(self.picture_folder).join(picture_name);
        fs::write(&picture_path, jpeg).map_err(RecordingError::io(picture_path, "cannot write"))?;
        let written = self.table.write_all(format!("{}/{picture_name},{line}\n", self.picture_folder).as_bytes());
        written.map_err(RecordingError::io(&self.table_path, "cannot write"))
    }

    fn finish(self, out: &Path) -> Result<(), RecordingError> {
        self.table.sync_all().map_err(RecordingError::io(&self.table_path, "cannot finish"))?;
        move_to_place(&self.path, out)
    }
}

/// `driving_log.csv` and `IMG/`.
pub(super) struct UdacitySink {
    folder: TableFolder,
    /// Time in the name of the last picture.
    last_ms: Option<u64>,
}

impl UdacitySink {
    pub fn open(path: &Path, frames: usize) -> Result<Self, RecordingError> {
        Ok(Self { folder: TableFolder::open(path, "IMG", "driving_log.csv", None, frames)?, last_ms: None })
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
    let share = LabelProfile::UDACITY.share(steering);
    let appended = if share.abs() > 1.0 + ROUNDING { Appended::LabelClipped } else { Appended::Whole };
    (share.clamp(-1.0, 1.0), appended)
}

fn picture_name(time_ms: u64) -> String {
    let CivilTime { year, month, day, hour, minute, second, millis } = CivilTime::after_1970(time_ms);
    format!("center_{year:04}_{month:02}_{day:02}_{hour:02}_{minute:02}_{second:02}_{millis:03}.jpg")
}

/// `labels.csv` and `images/`.
pub(super) struct CsvSink {
    folder: TableFolder,
    has_labels: bool,
}

impl CsvSink {
    pub fn open(path: &Path, frames: usize, has_labels: bool) -> Result<Self, RecordingError> {
        let header = if has_labels { "image,time,curvature,speed_mps" } else { "image,time,speed_mps" };
        Ok(Self { folder: TableFolder::open(path, "images", "labels.csv", Some(header), frames)?, has_labels })
    }
}

impl Sink for CsvSink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Passing { entry, steering, picture: Encoded::Jpeg(jpeg), .. } = &passing else {
            return Ok(Appended::Refused);
        };
        if self.has_labels && steering.is_none() {
            return Ok(Appended::Refused);
        }
        let curvature = self.has_labels.then(|| steering.map(|steering| steering.0));
        let fields = label_fields(passing.time_secs, curvature, passing.speed_mps);
        self.folder.append(&format!("{entry:06}.jpg"), jpeg, &fields)?;
        Ok(Appended::Whole)
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        self.folder.finish(out)
    }
}

/// Time, curvature where the table has that column, and speed: empty where it is not known.
pub(super) fn label_fields(time_secs: f64, curvature: Option<Option<f32>>, speed_mps: Option<f32>) -> String {
    let text = |number: Option<f32>| number.map_or(String::new(), |number| number.to_string());
    let curvature = curvature.map_or(String::new(), |curvature| text(curvature) + ",");
    format!("{time_secs},{curvature}{}", text(speed_mps))
}
