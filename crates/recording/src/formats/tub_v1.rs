//! Reader of donkeycar tubs, version 1: one folder of `record_<n>.json` and the pictures that they name.
//!
//! `n` starts anywhere, is not padded and may have gaps, so that records are sorted by number. Most tubs have no times;
//! some have `milliseconds` since the start, others `timestamp` as a date.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::donkey::{CAMERA, LABEL, USUAL_STEP_MS, driving_angle, steerer};
use super::{Mark, Reader};
use crate::media::folder::{Folder, base_name, read_plain_file};
use crate::media::json::standard_json;
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::model::civil_time::time_ms;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::SkipReason;
use crate::model::timeline::Clock;

impl Format {
    /// `record_<n>.json` and pictures in one folder, as donkeycar up to 3 writes it.
    pub const TUB_V1: Self = Self::new("tub-v1", "donkeycar tub v1");
}

pub(super) const READER: Reader = Reader {
    format: Format::TUB_V1,
    mark: Mark::Records { is_record: |name| record_number(name).is_some(), beside: META_FILE },
    table: None,
    columns: &[],
    read: Ok(read),
};

/// Lists the keys of the records; it may be missing, and nothing in it is needed.
const META_FILE: &str = "meta.json";

/// A record has a handful of short values; a larger file is none.
const MAX_RECORD_BYTES: u64 = 1 << 20;

/// Number of a record by the name of its file.
fn record_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("record_")?.strip_suffix(".json")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn read(source: &Source, _: &RecordingOptions) -> Result<Log, RecordingError> {
    let folder = &source.folder;
    let names = folder.names_in("")?;
    let mut numbers: Vec<(u64, &String)> = names.iter().filter_map(|name| Some((record_number(name)?, name))).collect();
    numbers.sort_unstable();
    let file: Arc<str> = "record_*.json".into();
    // In parallel, because a tub has as many files as records.
    let judged: Vec<_> = numbers
        .par_iter()
        .map(|&(number, name)| judge(folder, name, &names, Place::record(&file, number as usize)))
        .collect();
    let clock = clock(&judged);
    let (rows, skipped) = sort_out(judged.into_iter().map(|judged| judged?.on(clock)));
    Ok(Log {
        rows,
        skipped,
        pictures: PictureFiles::in_folder(folder),
        label: Some(LABEL),
        label_name: None,
        camera: CAMERA,
        clock,
        time_note: String::new(),
    })
}

/// A usable record, with the time it has itself.
struct Judged {
    time_ms: Option<f64>,
    row: Row,
}

impl Judged {
    fn on(self, clock: Clock) -> Result<Row, SkipReason> {
        let recorded_ms = match clock {
            Clock::Recorded { .. } => self.time_ms.ok_or(SkipReason::NoTime)?,
            Clock::Counted { step_ms } => self.row.place.number as f64 * step_ms,
        };
        Ok(Row { recorded_ms, ..self.row })
    }
}

/// Recorded times count if most records have one.
fn clock(judged: &[Result<Judged, SkipReason>]) -> Clock {
    let usable = judged.iter().flatten();
    let timed = usable.clone().filter(|judged| judged.time_ms.is_some()).count();
    if 2 * timed > usable.count() {
        return Clock::Recorded { usual_step_ms: USUAL_STEP_MS };
    }
    Clock::Counted { step_ms: USUAL_STEP_MS }
}

/// The keys of a record that are read. Numbers may be whole; an absent angle differs from one that is null.
#[derive(Deserialize)]
#[serde(transparent)]
struct Record(Map<String, Value>);

impl Record {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn time_ms(&self) -> Option<f64> {
        let millis = self.0.get("milliseconds").and_then(Value::as_f64);
        millis.or_else(|| time_ms(self.text("timestamp")?))
    }
}

/// Makes a row of one record, or says why it is left out.
fn judge(folder: &Folder, name: &str, names: &HashSet<String>, place: Place) -> Result<Judged, SkipReason> {
    let path = folder.resolve(name).map_err(|_| SkipReason::DamagedRecord)?;
    let bytes = read_plain_file(&path, MAX_RECORD_BYTES).map_err(|_| SkipReason::DamagedRecord)?;
    let record: Record = serde_json::from_slice(&standard_json(&bytes)).map_err(|_| SkipReason::DamagedRecord)?;
    let picture = base_name(record.text("cam/image_array").unwrap_or_default());
    if !names.contains(picture) {
        return Err(SkipReason::PictureMissing);
    }
    // Forks of donkeycar name the angle `steering`.
    let angle = |who: &str| ["angle", "steering"].iter().find_map(|name| record.0.get(&format!("{who}/{name}")));
    let row = Row {
        recorded_ms: 0.0,
        value: driving_angle(record.text("user/mode"), angle("user"), angle("pilot"))?,
        speed_mps: None,
        place,
        picture: PictureRef::File(picture.to_owned()),
        starts_drive: false,
        steered_by: steerer(record.text("user/mode")),
    };
    Ok(Judged { time_ms: record.time_ms(), row })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Recording, Timing};
    use lane_frame::RgbImage;
    use std::fs;

    fn record(number: u64, more: &str) -> String {
        format!(
            r#"{{"cam/image_array": "{number}_cam-image_array_.jpg", "user/throttle": 5.6, "user/mode": "user"{more}}}"#
        )
    }

    /// A tub of these records; each has its picture.
    fn tub(records: &[(u64, String)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(META_FILE), r#"{"inputs": ["timestamp"], "types": ["str"]}"#).unwrap();
        for (number, text) in records {
            fs::write(dir.path().join(format!("record_{number}.json")), text).unwrap();
            let picture = dir.path().join(format!("{number}_cam-image_array_.jpg"));
            RgbImage::new(16, 12).save(picture).unwrap();
        }
        dir
    }

    fn open(records: &[(u64, String)]) -> Recording {
        Recording::open(tub(records).path()).unwrap()
    }

    #[test]
    fn records_come_in_the_order_of_their_numbers_at_twenty_hertz() {
        let records: Vec<_> = [2, 10, 9].map(|number| (number, record(number, r#", "user/angle": 0"#))).into();
        let recording = open(&records);
        assert_eq!((recording.format(), recording.len()), (Format::TUB_V1, 3));
        assert_eq!(recording.timing(), Timing::Assumed { step_ms: 50.0 });
        let places: Vec<String> = (0..3).map(|i| recording.entry(i).place.to_string()).collect();
        assert_eq!(places, ["record_*.json record 2", "record_*.json record 9", "record_*.json record 10"]);
        assert_eq!(recording.entry(1).time_secs, 0.35, "seven numbers later");
    }

    #[test]
    fn times_are_read_where_the_records_have_them() {
        let dated = |number: u64| {
            let time = format!(r#", "user/angle": 0, "timestamp": "2019-04-05 20:43:31.{}00000""#, number);
            (number, record(number, &time))
        };
        let counted =
            |number: u64| (number, record(number, &format!(r#", "user/angle": 0, "milliseconds": {}"#, 40 * number)));
        assert_eq!(open(&[dated(1), dated(2), dated(3)]).timing(), Timing::Recorded { step_ms: 100.0 });
        assert_eq!(open(&[counted(1), counted(2), counted(3)]).timing(), Timing::Recorded { step_ms: 40.0 });
    }

    #[test]
    fn records_that_cannot_be_trusted_are_left_out_and_counted() {
        let cases = [
            (record(1, r#", "user/angle": null"#), SkipReason::SteeringNotANumber),
            (record(1, r#", "user/angle": 15.0"#), SkipReason::SteeringOutOfRange),
            (record(7, r#", "user/angle": 0"#), SkipReason::PictureMissing),
            (record(1, "").replace("1_cam", "../1_cam"), SkipReason::PictureMissing),
            (String::new(), SkipReason::DamagedRecord),
            ("\0".repeat(200), SkipReason::DamagedRecord),
            (record(1, "")[..40].to_owned(), SkipReason::DamagedRecord),
            ("[1, 2]".to_owned(), SkipReason::DamagedRecord),
        ];
        for (bad, reason) in cases {
            let good = |number| (number, record(number, r#", "user/angle": 0"#));
            let recording = open(&[good(0), (1, bad.replace("../1_cam", "../7_cam")), good(2)]);
            assert_eq!((recording.len(), recording.skipped()), (2, &[(reason, 1)].into()), "{bad:?}");
        }
    }

    #[test]
    fn a_tub_driven_by_its_pilot_has_the_pilots_angle() {
        let recording = open(&[(1, record(1, r#", "pilot/angle": -1"#).replace("user\"", "local\""))]);
        assert!(recording.entry(0).steering.unwrap().0 > 0.1, "left is recorded negative, ours is left positive");
    }
}
