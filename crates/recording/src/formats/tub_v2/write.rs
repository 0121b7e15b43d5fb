//! Writer of tubs: append-only, so that a crash loses the last record at most.
//!
//! Writer of tubs as donkeycar writes them, with three more keys. `_timestamp_ms` is the frame's time from 0, as nothing here reads a
//! clock. `user/throttle` is 0: a commanded curvature comes with no throttle, and donkeycar's tools need a number.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use serde_json::{Value, json};

use super::manifest::{self, RECORDS_PER_CATALOG};
use super::{CROSS_TRACK_KEY, CURVATURE_KEY, IMAGE_FOLDER, IMAGE_KEY, OWN_VERSION_KEY, SPEED_KEY};
use crate::formats::donkey;
use crate::media::folder::cut_lines;
use crate::model::error::RecordingError;
use lane_frame::{RgbImage, Sample, Steering};

/// Above this the file grows fast and no policy sees a difference.
const JPEG_QUALITY: u8 = 90;

const OWN_VERSION: u32 = 1;

/// Everything of a record but its picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TubRecord {
    pub time_secs: f64,
    pub steering: Option<Steering>,
    pub speed_mps: Option<f32>,
    pub cross_track_m: Option<f32>,
}

/// A tub being written, one record after the other. What is on the disk is a readable tub at any time.
#[derive(Debug)]
pub struct TubWriter {
    path: PathBuf,
    metadata: Value,
    catalog: File,
    catalog_number: u64,
    /// Bytes of each line of the open catalog, newline included.
    line_lengths: Vec<usize>,
    /// Index of the next record.
    next_index: u64,
}

impl TubWriter {
    /// Starts a tub in a new or empty folder. `metadata` is an object: seed, road, policy and the like.
    ///
    /// # Errors
    /// Refuses a folder that holds something, a file in its place, and metadata that is no object.
    pub fn create(path: &Path, metadata: &Value) -> Result<Self, RecordingError> {
        let metadata = own_metadata(path, metadata)?;
        claim(path)?;
        fs::create_dir(path.join(IMAGE_FOLDER)).map_err(RecordingError::io(path, "cannot create the image folder"))?;
        let catalog = create_catalog(path, 0)?;
        let writer = Self {
            path: path.to_owned(),
            metadata,
            catalog,
            catalog_number: 0,
            line_lengths: Vec::new(),
            next_index: 0,
        };
        writer.write_manifest()?;
        Ok(writer)
    }

    /// Goes on with a tub of which so many records are done. What was begun behind them is taken back.
    pub(crate) fn resume(path: &Path, metadata: &Value, records: u64) -> Result<Self, RecordingError> {
        let catalog_number = records.saturating_sub(1) / RECORDS_PER_CATALOG;
        let done_in_catalog = records - catalog_number * RECORDS_PER_CATALOG;
        let catalog_path = path.join(catalog_name(catalog_number));
        let line_lengths = cut_lines(&catalog_path, done_in_catalog as usize)?;
        let _ = fs::remove_file(path.join(catalog_name(catalog_number + 1)));
        let _ = fs::remove_file(path.join(IMAGE_FOLDER).join(image_name(records)));
        let append = OpenOptions::new().append(true).open(&catalog_path);
        let writer = Self {
            path: path.to_owned(),
            metadata: own_metadata(path, metadata)?,
            catalog: append.map_err(RecordingError::io(&catalog_path, "cannot go on with"))?,
            catalog_number,
            line_lengths,
            next_index: records,
        };
        writer.write_manifest()?;
        Ok(writer)
    }

    /// Appends one sample: picture first, so that no record names a picture that is not there.
    ///
    /// # Errors
    /// Refuses values that are not finite, and reports a disk that is full or gone.
    pub fn append(&mut self, sample: &Sample, cross_track_m: Option<f32>) -> Result<(), RecordingError> {
        let (time_secs, steering, speed_mps) = (sample.frame.time_secs, sample.steering, sample.speed_mps);
        let jpeg =
            encode_jpeg(&sample.frame.image).map_err(RecordingError::io(&self.path, "cannot encode a picture"))?;
        self.append_jpeg(&TubRecord { time_secs, steering, speed_mps, cross_track_m }, &jpeg)
    }

    /// Appends one record with its picture as it is to be stored.
    pub(crate) fn append_jpeg(&mut self, record: &TubRecord, jpeg: &[u8]) -> Result<(), RecordingError> {
        self.check(record)?;
        if self.next_index == (self.catalog_number + 1) * RECORDS_PER_CATALOG {
            self.start_next_catalog()?;
        }
        let path = self.path.join(IMAGE_FOLDER).join(image_name(self.next_index));
        let written = File::create_new(&path).and_then(|mut file| file.write_all(jpeg));
        written.map_err(RecordingError::io(path, "cannot write"))?;
        let mut line = self.line(record).to_string();
        line.push('\n');
        // One call: a crash leaves at most one line cut short.
        self.catalog.write_all(line.as_bytes()).map_err(RecordingError::io(&self.path, "cannot append a record"))?;
        self.line_lengths.push(line.len());
        self.next_index += 1;
        Ok(())
    }

    /// Brings what donkeycar counts up to date and closes the tub.
    ///
    /// # Errors
    /// Reports a disk that is full or gone.
    pub fn finish(self) -> Result<(), RecordingError> {
        self.write_catalog_manifest()?;
        self.write_manifest()?;
        self.catalog.sync_all().map_err(RecordingError::io(&self.path, "cannot finish the catalog"))
    }

    fn check(&self, record: &TubRecord) -> Result<(), RecordingError> {
        let values = [
            ("time", Some(record.time_secs)),
            ("steering", record.steering.map(|steering| f64::from(steering.0))),
            ("speed", record.speed_mps.map(f64::from)),
            ("cross-track", record.cross_track_m.map(f64::from)),
        ];
        for (name, value) in values {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err(RecordingError::Unwritable {
                    path: self.path.clone(),
                    place: format!("sample {}, {name}", self.next_index),
                    expected: "a finite number".to_owned(),
                    got: value.to_string(),
                });
            }
        }
        Ok(())
    }

    fn line(&self, record: &TubRecord) -> Value {
        let share = |steering| donkey::LABEL.share(steering).clamp(-1.0, 1.0);
        json!({
            "_index": self.next_index,
            "_session_id": "0",
            "_timestamp_ms": (record.time_secs * 1e3).round() as i64,
            IMAGE_KEY: image_name(self.next_index),
            "user/angle": record.steering.map(share),
            "user/throttle": 0.0,
            "user/mode": "user",
            CURVATURE_KEY: record.steering,
            CROSS_TRACK_KEY: record.cross_track_m,
            SPEED_KEY: record.speed_mps,
        })
    }

    fn start_next_catalog(&mut self) -> Result<(), RecordingError> {
        self.write_catalog_manifest()?;
        self.catalog = create_catalog(&self.path, self.catalog_number + 1)?;
        self.catalog_number += 1;
        self.line_lengths.clear();
        self.write_manifest()
    }

    fn write_manifest(&self) -> Result<(), RecordingError> {
        let catalogs: Vec<String> = (0..=self.catalog_number).map(catalog_name).collect();
        manifest::write(&self.path, &self.metadata, &catalogs, self.next_index)
    }

    fn write_catalog_manifest(&self) -> Result<(), RecordingError> {
        let start_index = self.catalog_number * RECORDS_PER_CATALOG;
        manifest::write_of_catalog(&self.path, &catalog_name(self.catalog_number), start_index, &self.line_lengths)
    }
}

/// The caller's metadata with the mark of our own tubs.
fn own_metadata(path: &Path, metadata: &Value) -> Result<Value, RecordingError> {
    let Value::Object(object) = metadata else {
        return Err(RecordingError::Unwritable {
            path: path.to_owned(),
            place: "metadata".to_owned(),
            expected: "a JSON object".to_owned(),
            got: metadata.to_string(),
        });
    };
    let mut object = object.clone();
    object.insert(OWN_VERSION_KEY.to_owned(), json!(OWN_VERSION));
    Ok(Value::Object(object))
}

/// Makes sure that the folder exists and is empty.
fn claim(path: &Path) -> Result<(), RecordingError> {
    if path.exists() && !path.is_dir() {
        return Err(RecordingError::WouldOverwrite { path: path.to_owned() });
    }
    fs::create_dir_all(path).map_err(RecordingError::io(path, "cannot create the folder"))?;
    let mut entries = fs::read_dir(path).map_err(RecordingError::io(path, "cannot list"))?;
    match entries.next() {
        Some(_) => Err(RecordingError::WouldOverwrite { path: path.to_owned() }),
        None => Ok(()),
    }
}

fn catalog_name(number: u64) -> String {
    format!("catalog_{number}.catalog")
}

fn create_catalog(path: &Path, number: u64) -> Result<File, RecordingError> {
    let path = path.join(catalog_name(number));
    OpenOptions::new().append(true).create_new(true).open(&path).map_err(RecordingError::io(path, "cannot create"))
}

fn image_name(index: u64) -> String {
    format!("{index}_cam_image_array_.jpg")
}

/// A picture as recordings that are written here store it.
pub(crate) fn encode_jpeg(image: &RgbImage) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(image).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recording;
    use lane_frame::{Frame, Steering};

    fn sample(index: u64, curvature: Option<f32>) -> Sample {
        let image = RgbImage::from_fn(40, 16, |x, y| image::Rgb([6 * x as u8, 15 * y as u8, 100]));
        let frame = Frame { index, time_secs: index as f64 * 0.05, image };
        Sample { frame, steering: curvature.map(Steering), speed_mps: Some(10.5) }
    }

    fn write(path: &Path, samples: &[Sample]) {
        let mut writer = TubWriter::create(path, &json!({"seed": 17})).unwrap();
        for sample in samples {
            writer.append(sample, Some(-0.25)).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn what_is_written_reads_back_exactly_but_for_jpeg_loss() {
        let dir = tempfile::tempdir().unwrap();
        let written = [sample(0, Some(0.012_345)), sample(1, None), sample(2, Some(-0.2))];
        write(dir.path(), &written);
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.skipped().len()), (3, 0));
        assert_eq!(recording.label(), Some(crate::LabelProfile::CURVATURE));
        for (i, written) in written.iter().enumerate() {
            let read = recording.sample(i).unwrap();
            assert_eq!(read.steering, written.steering);
            assert_eq!(read.speed_mps, written.speed_mps);
            assert!((read.frame.time_secs - written.frame.time_secs).abs() < 1e-12, "whole milliseconds");
            assert!(mean_abs_difference(&read.frame.image, &written.frame.image) < 3.0, "JPEG of quality 90");
        }
    }

    #[test]
    fn a_record_that_donkeycar_appends_counts_by_its_angle() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[sample(0, Some(-0.05)), sample(1, None)]);
        let catalog = dir.path().join("catalog_0.catalog");
        let lines = fs::read_to_string(&catalog).unwrap();
        let appended = json!({
            "_index": 2, "_session_id": "26-11-28_0", "_timestamp_ms": 100, "cam/image_array": "2_cam_image_array_.jpg",
            "user/angle": 0.5, "user/throttle": 0.0, "user/mode": "user",
        });
        fs::write(&catalog, format!("{lines}{appended}\n")).unwrap();
        RgbImage::new(40, 16).save(dir.path().join("images/2_cam_image_array_.jpg")).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        let steering: Vec<Option<f32>> =
            (0..3).map(|i| recording.entry(i).steering.map(|steering| steering.0)).collect();
        assert_eq!(steering[..2], [Some(-0.05), None]);
        // tan(0.5 · 20°) / 2.7 m = 0.176327 / 2.7 = 0.065306 1/m, to the right.
        assert!((steering[2].unwrap() + 0.065_306).abs() < 1e-6, "f32 holds 7 digits, got {steering:?}");
    }

    fn mean_abs_difference(a: &RgbImage, b: &RgbImage) -> f64 {
        assert_eq!(a.dimensions(), b.dimensions());
        let sum: f64 = a.iter().zip(b.iter()).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum();
        sum / a.len() as f64
    }

    #[test]
    fn records_hold_what_donkeycar_expects() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[sample(0, Some(-0.05))]);
        let line = fs::read_to_string(dir.path().join("catalog_0.catalog")).unwrap();
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["cam/image_array"], "0_cam_image_array_.jpg");
        assert!(dir.path().join("images/0_cam_image_array_.jpg").is_file());
        // atan(0.05 · 2.7) = 7.689 degrees to the right, of 20.
        let angle = record["user/angle"].as_f64().unwrap();
        assert!((angle - 0.384_4).abs() < 1e-3, "the expected value has four digits, got {angle}");
        assert_eq!(record["liquid_lane/cross_track_m"], -0.25);
        let manifest = fs::read_to_string(dir.path().join("manifest.json")).unwrap();
        let lines: Vec<Value> = manifest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[2]["seed"], 17);
        assert_eq!(lines[4]["current_index"], 1);
        let catalog_manifest = fs::read_to_string(dir.path().join("catalog_0.catalog_manifest")).unwrap();
        let catalog_manifest: Value = serde_json::from_str(&catalog_manifest).unwrap();
        assert_eq!(catalog_manifest["line_lengths"], json!([line.len()]));
    }

    #[test]
    fn a_long_drive_goes_on_in_a_second_catalog() {
        let dir = tempfile::tempdir().unwrap();
        let samples: Vec<Sample> = (0..1001).map(|index| sample(index, Some(0.0))).collect();
        write(dir.path(), &samples);
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.drives().len()), (1001, 1));
        assert_eq!(recording.entry(1000).place.to_string(), "catalog_1.catalog line 1");
        assert!(dir.path().join("catalog_0.catalog_manifest").is_file());
    }

    #[test]
    fn a_crash_loses_the_last_record_at_most() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = TubWriter::create(dir.path(), &json!({})).unwrap();
        writer.append(&sample(0, Some(0.0)), None).unwrap();
        writer.append(&sample(1, Some(0.0)), None).unwrap();
        drop(writer);
        let catalog = dir.path().join("catalog_0.catalog");
        let text = fs::read(&catalog).unwrap();
        fs::write(&catalog, &text[..text.len() - 30]).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!(recording.len(), 1);
    }

    #[test]
    fn nothing_that_exists_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("precious");
        fs::write(&file, "mine").unwrap();
        for taken in [dir.path(), &file] {
            let refused = TubWriter::create(taken, &json!({}));
            assert!(matches!(refused, Err(RecordingError::WouldOverwrite { .. })), "{refused:?}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn values_that_are_not_finite_are_refused_and_leave_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = TubWriter::create(dir.path(), &json!({})).unwrap();
        let message = writer.append(&sample(0, Some(f32::NAN)), None).unwrap_err().to_string();
        assert!(message.contains("sample 0, steering: expected a finite number, got NaN"), "{message}");
        assert!(writer.append(&sample(0, None), Some(f32::INFINITY)).is_err());
        writer.append(&sample(0, Some(0.1)), None).unwrap();
        writer.finish().unwrap();
        assert_eq!(Recording::open(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn metadata_other_than_an_object_is_refused_before_a_folder_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tub");
        assert!(TubWriter::create(&path, &json!([1])).is_err());
        assert!(!path.exists());
    }
}
