//! Reader of tubs: catalogs in the manifest's order, one JSON record a line.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::IMAGE_FOLDER;
use super::manifest::Manifest;
use crate::formats::donkey::{self, USUAL_STEP_MS, driving_angle, number, steerer};
use crate::media::folder::{base_name, numbered_lines};
use crate::media::json::standard_json;
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::media::times;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::SkipReason;
use crate::model::steering_name::steering_rank;
use crate::model::timeline::Clock;

/// The keys of a record that are read, named as in the parent module (serde takes no constants). For an angle, an
/// absent key is `None`, and null is a value that is no number. For the curvature null means that it is not known, and
/// an absent key that donkeycar has appended the record.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "_index")]
    index: u64,
    #[serde(rename = "_timestamp_ms")]
    timestamp_ms: Option<Value>,
    #[serde(rename = "_session_id", borrow)]
    session: Option<Cow<'a, str>>,
    #[serde(rename = "cam/image_array", borrow)]
    image: Option<Cow<'a, str>>,
    #[serde(rename = "user/angle", default, deserialize_with = "present")]
    user_angle: Option<Value>,
    #[serde(rename = "pilot/angle", default, deserialize_with = "present")]
    pilot_angle: Option<Value>,
    /// Forks of donkeycar name the angle so.
    #[serde(rename = "user/steering", default, deserialize_with = "present")]
    user_steering: Option<Value>,
    #[serde(rename = "pilot/steering", default, deserialize_with = "present")]
    pilot_steering: Option<Value>,
    #[serde(rename = "user/mode", borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(rename = "liquid_lane/curvature", default, deserialize_with = "present")]
    curvature: Option<Value>,
    #[serde(rename = "liquid_lane/speed_mps")]
    speed_mps: Option<f32>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

pub(super) fn read(source: &Source, _: &RecordingOptions) -> Result<Log, RecordingError> {
    let folder = &source.folder;
    let manifest = Manifest::read(folder)?;
    let files = folder.names_in("")?;
    let pictures = if files.contains(IMAGE_FOLDER) { folder.names_in(IMAGE_FOLDER)? } else { HashSet::new() };
    let reader = Reader { pictures, manifest };
    let mut judged = Judged::default();
    for name in &reader.manifest.catalogs {
        if !files.contains(name) {
            judged.rows.push(Err(SkipReason::CatalogMissing));
            continue;
        }
        reader.judge_catalog(name, &folder.read_text(name)?, &mut judged);
    }
    let (mut rows, skipped) = sort_out(judged.rows);
    let mut times: Vec<f64> = rows.iter().map(|row| row.recorded_ms).collect();
    times::rescale_unix_times(&mut times);
    rows.iter_mut().zip(times).for_each(|(row, time_ms)| row.recorded_ms = time_ms);
    let is_own = reader.manifest.is_own;
    Ok(Log {
        rows,
        skipped,
        pictures: PictureFiles::in_folder(folder),
        label: Some(if is_own { LabelProfile::CURVATURE } else { donkey::LABEL }),
        label_name: None,
        camera: reader.manifest.camera.unwrap_or(if is_own { CameraGuess::TRAINING } else { donkey::CAMERA }),
        clock: Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
        time_note: String::new(),
    })
}

/// Rows judged so far. Of two records with one index the later counts: it has overwritten the picture.
#[derive(Default)]
struct Judged {
    rows: Vec<Result<Row, SkipReason>>,
    position_of_index: HashMap<u64, usize>,
    /// Session of the last record; tubs of 2020 have none.
    session: Option<String>,
    /// True until the first usable row of that session.
    is_new_session: bool,
}

impl Judged {
    fn push(&mut self, record: &Record, row: Result<Row, SkipReason>) {
        if let Some(earlier) = self.position_of_index.insert(record.index, self.rows.len()) {
            self.replace(earlier);
        }
        if self.session.as_deref() != record.session.as_deref() {
            self.session = record.session.as_deref().map(str::to_owned);
            self.is_new_session = true;
        }
        self.rows.push(row.map(|row| Row { starts_drive: std::mem::take(&mut self.is_new_session), ..row }));
    }

    /// Leaves an earlier row out. If its drive began with it, that begins with the next usable one.
    fn replace(&mut self, position: usize) {
        let replaced = std::mem::replace(&mut self.rows[position], Err(SkipReason::ReplacedByLaterRecord));
        if !replaced.is_ok_and(|row| row.starts_drive) {
            return;
        }
        match self.rows[position + 1..].iter_mut().flatten().next() {
            Some(next) => next.starts_drive = true,
            None => self.is_new_session = true,
        }
    }
}

struct Reader {
    manifest: Manifest,
    pictures: HashSet<String>,
}

impl Reader {
    fn judge_catalog(&self, name: &str, text: &[u8], judged: &mut Judged) {
        let file: Arc<str> = name.into();
        for (line, bytes) in numbered_lines(text) {
            if bytes.trim_ascii().is_empty() {
                judged.rows.push(Err(SkipReason::BlankLine));
                continue;
            }
            match serde_json::from_slice::<Record>(&standard_json(bytes)) {
                Ok(record) => judged.push(&record, self.judge(&record, bytes, Place::line(&file, line))),
                Err(_) => judged.rows.push(Err(SkipReason::DamagedRecord)),
            }
        }
    }

    /// Makes a row of one record, or says why it is left out.
    fn judge(&self, record: &Record, bytes: &[u8], place: Place) -> Result<Row, SkipReason> {
        if self.manifest.deleted.contains(&record.index) {
            return Err(SkipReason::Deleted);
        }
        let name = base_name(record.image.as_deref().unwrap_or_default());
        if !self.pictures.contains(name) {
            return Err(SkipReason::PictureMissing);
        }
        Ok(Row {
            recorded_ms: record.timestamp_ms.as_ref().and_then(number).unwrap_or(f64::NAN),
            value: self.value(record, bytes)?,
            speed_mps: record.speed_mps.filter(|speed_mps| speed_mps.is_finite()),
            place,
            picture: PictureRef::File(format!("{IMAGE_FOLDER}/{name}")),
            starts_drive: false,
            steered_by: steerer(record.mode.as_deref()),
        })
    }

    fn value(&self, record: &Record, bytes: &[u8]) -> Result<Option<f64>, SkipReason> {
        match &record.curvature {
            Some(Value::Null) if self.manifest.is_own => return Ok(None),
            Some(curvature) if self.manifest.is_own => {
                return curvature.as_f64().map(Some).ok_or(SkipReason::SteeringNotANumber);
            }
            _ => {}
        }
        let user = record.user_angle.as_ref().or(record.user_steering.as_ref());
        let pilot = record.pilot_angle.as_ref().or(record.pilot_steering.as_ref());
        let angle = match driving_angle(record.mode.as_deref(), user, pilot)? {
            None if user.or(pilot).is_none() => other_steering(bytes),
            angle => angle,
        };
        if !self.manifest.is_own {
            return Ok(angle);
        }
        let curvature = angle.map(|angle| donkey::LABEL.curvature(angle)).transpose()?;
        Ok(curvature.map(|steering| f64::from(steering.0)))
    }
}

/// The number in the key of a record that is the most likely to be steering by its name, where it has none of the usual keys.
fn other_steering(bytes: &[u8]) -> Option<f64> {
    let record: serde_json::Map<String, Value> = serde_json::from_slice(&standard_json(bytes)).ok()?;
    let ranked = record.iter().filter_map(|(key, value)| Some((steering_rank(key)?, number(value)?)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::Steerer;
    use crate::{Recording, Skipped, Timing};
    use lane_frame::RgbImage;
    use std::fs;
    #[cfg(unix)]
    use std::path::Path;

    const MANIFEST: &str = "[\"cam/image_array\"]\n[\"image_array\"]\n{}\n{\"created_at\": 1.0}\n";

    /// A tub of these catalogs with pictures 0 to 4; `list` is the manifest's fifth line.
    fn tub(list: &str, catalogs: &[(&str, String)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("images")).unwrap();
        for index in 0..5 {
            let path = dir.path().join(format!("images/{index}_cam_image_array_.jpg"));
            RgbImage::new(16, 12).save(path).unwrap();
        }
        fs::write(dir.path().join("manifest.json"), format!("{MANIFEST}{list}\n")).unwrap();
        for (name, text) in catalogs {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    fn open(catalog: String) -> Recording {
        let dir = tub(r#"{"paths": ["catalog_0.catalog"]}"#, &[("catalog_0.catalog", catalog)]);
        Recording::open(dir.path()).unwrap()
    }

    fn record(index: u64, angle: &str) -> String {
        let millis = 1_706_111_381_892 + 50 * index;
        format!(
            "{{\"_index\": {index}, \"_timestamp_ms\": {millis}, \
             \"cam/image_array\": \"{index}_cam_image_array_.jpg\", \"user/angle\": {angle}, \
             \"user/mode\": \"user\"}}\n"
        )
    }

    fn counted<const N: usize>(reasons: [(SkipReason, usize); N]) -> Skipped {
        reasons.into()
    }

    #[test]
    fn a_tub_opens_with_times_and_steering() {
        let recording = open(record(0, "0") + &record(1, "1.0") + &record(2, "-1"));
        assert_eq!(recording.len(), 3);
        assert_eq!(recording.duration_secs(), 0.1);
        assert_eq!(recording.timing(), Timing::Recorded { step_ms: 50.0 });
        let curvature = |i: usize| recording.entry(i).steering.unwrap().0;
        assert!(curvature(1) < -0.1 && curvature(2) > 0.1, "right is recorded positive, ours is left positive");
        assert_eq!(recording.entry(2).place.to_string(), "catalog_0.catalog line 3");
    }

    #[test]
    fn a_value_that_nobody_reads_spoils_no_record_and_forks_name_the_angle_steering() {
        let recording = open(
            record(0, "0.5, \"imu/gyr_x\": NaN, \"imu/acl_y\": -Infinity")
                + &record(1, "0.25").replace("user/angle", "user/steering"),
        );
        assert_eq!((recording.len(), recording.skipped().len()), (2, 0));
        let values = [0, 1].map(|i| recording.entry(i).recorded_value);
        assert_eq!(values, [Some(0.5), Some(0.25)]);
    }

    #[test]
    fn records_that_cannot_be_trusted_are_left_out_and_counted() {
        let cut_into_next = r#"{"_index": 1, "_timestamp_ms": 160318619447"#.to_owned() + &record(2, "0");
        let joined = record(1, "0").trim_end().to_owned() + &record(2, "0");
        let cases = [
            (record(1, "null"), SkipReason::SteeringNotANumber),
            (record(1, "\"left\""), SkipReason::SteeringNotANumber),
            (record(1, "15.0"), SkipReason::SteeringOutOfRange),
            (record(1, "NaN"), SkipReason::SteeringNotANumber),
            (record(77, "0"), SkipReason::PictureMissing),
            ("\n".to_owned(), SkipReason::BlankLine),
            ("\0".repeat(875) + "\n", SkipReason::DamagedRecord),
            (cut_into_next, SkipReason::DamagedRecord),
            (joined, SkipReason::DamagedRecord),
            (r#"{"_index": 1, "cam/image_array": "1_cam_image_array_.jpg"}"#.to_owned() + "\n", SkipReason::NoTime),
            (record(1, "0").replace("1_cam", "../../1_cam_x"), SkipReason::PictureMissing),
        ];
        for (bad, reason) in cases {
            let recording = open(record(0, "0") + &bad + &record(3, "0"));
            assert_eq!(recording.skipped(), &counted([(reason, 1)]), "{bad:?}");
            assert_eq!(recording.len(), 2, "{bad:?}");
        }
    }

    #[test]
    fn the_later_of_two_records_with_one_index_counts() {
        let recording = open(record(0, "0.1") + &record(1, "0.2") + &record(0, "0.3"));
        assert_eq!(recording.skipped(), &counted([(SkipReason::ReplacedByLaterRecord, 1)]));
        assert_eq!(recording.entry(1).place.number, 3);
        assert_eq!(recording.drives(), [0..1, 1..2], "the later record was taken up from an earlier time");
    }

    #[test]
    fn only_catalogs_of_the_manifest_count_and_missing_ones_are_counted() {
        let list = r#"{"paths": ["catalog_1.catalog", "catalog_2.catalog"]}"#;
        let stale = ("catalog_0.catalog", record(0, "0"));
        let apple_double = ("._catalog_1.catalog", "\0\u{5}\u{16}\u{7}\n".to_owned());
        let dir = tub(list, &[stale, apple_double, ("catalog_1.catalog", record(1, "0"))]);
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!(recording.len(), 1);
        assert_eq!(&*recording.entry(0).place.file, "catalog_1.catalog");
        assert_eq!(recording.skipped(), &counted([(SkipReason::CatalogMissing, 1)]));
    }

    #[test]
    fn a_tub_deleted_as_a_whole_says_so() {
        let list = r#"{"paths": ["catalog_0.catalog"], "deleted_indexes": [0, 1]}"#;
        let dir = tub(list, &[("catalog_0.catalog", record(0, "0") + &record(1, "0"))]);
        let message = Recording::open(dir.path()).unwrap_err().to_string();
        assert!(message.contains("skipped: 2 marked as deleted"), "{message}");
    }

    #[test]
    fn the_label_is_the_angle_of_who_was_steering() {
        let piloted = record(1, "0.0").replace("\"user\"", "\"local\", \"pilot/angle\": 0.5");
        let idle = record(2, "0.0").replace("\"user\"", "\"local_angle\"");
        let pilot_only = record(3, "0.5").replace("user/angle", "pilot/angle");
        let recording = open(record(0, "0.5") + &piloted + &idle + &pilot_only);
        let steering = |i: usize| recording.entry(i).steering;
        assert!(steering(0).is_some() && steering(1) == steering(0) && steering(3) == steering(0));
        assert_eq!(steering(2), None, "the user's stick lay idle");
        let steered_by: Vec<_> = (0..4).map(|i| recording.entry(i).steered_by).collect();
        let [person, machine] = [Steerer::Person, Steerer::Machine].map(Some);
        assert_eq!(steered_by, [person, machine, machine, person]);
    }

    #[test]
    fn a_new_session_starts_a_drive_even_where_time_goes_on() {
        let of_session = |index, session: &str| {
            record(index, "0").replace("\"user/mode\"", &format!("\"_session_id\": \"{session}\", \"user/mode\""))
        };
        // Left out by this reader, and by what every recording goes through.
        for angle in ["null", "15.0"] {
            let spoiled = of_session(2, "b").replace("user/angle\": 0", &format!("user/angle\": {angle}"));
            let recording = open(of_session(0, "a") + &of_session(1, "a") + &spoiled + &of_session(3, "b"));
            assert_eq!(recording.drives(), [0..2, 2..3], "{angle}");
            assert!(recording.gaps().is_empty(), "the recorder did not stop for longer than a record");
        }
        let in_place = |number: u64, index: u64, session: &str| {
            let millis = |number: u64| (1_706_111_381_892 + 50 * number).to_string();
            of_session(index, session).replace(&millis(index), &millis(number))
        };
        let recording = open(in_place(0, 0, "a") + &in_place(1, 1, "b") + &in_place(2, 2, "b") + &in_place(3, 1, "b"));
        assert_eq!(recording.skipped(), &counted([(SkipReason::ReplacedByLaterRecord, 1)]));
        assert_eq!(recording.drives(), [0..1, 1..3], "the record that began session b was replaced");
    }

    #[test]
    fn a_record_without_any_angle_stays_without_a_label() {
        let recording = open(record(0, "0").replace("user/angle", "user/other"));
        assert_eq!(recording.entry(0).steering, None);
    }

    #[test]
    fn times_of_a_conversion_are_replaced_by_twenty_hertz() {
        let at = |index: u64, millis: u64| {
            let written = (1_706_111_381_892 + 50 * index).to_string();
            record(index, "0").replace(&written, &millis.to_string())
        };
        let recording = open(at(0, 1000) + &at(1, 1003) + &at(2, 1006));
        assert_eq!(recording.timing(), Timing::Assumed { step_ms: 50.0 });
        assert_eq!(recording.entry(2).time_secs, 0.1);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_leave_the_tub_are_refused() {
        let dir =
            tub(r#"{"paths": ["catalog_0.catalog"]}"#, &[("catalog_0.catalog", record(0, "0") + &record(1, "0"))]);
        let elsewhere = tempfile::tempdir().unwrap();
        relink(&elsewhere.path().join("picture.jpg"), &dir.path().join("images/1_cam_image_array_.jpg"));
        let recording = Recording::open(dir.path()).unwrap();
        assert!(recording.sample(0).is_ok());
        assert!(recording.sample(1).unwrap_err().reason.starts_with("link out of the recording"));
        relink(&elsewhere.path().join("log"), &dir.path().join("catalog_0.catalog"));
        assert!(Recording::open(dir.path()).unwrap_err().to_string().contains("inside the recording's folder"));
    }

    /// Moves a file away and leaves a link to it.
    #[cfg(unix)]
    fn relink(away: &Path, here: &Path) {
        fs::rename(here, away).or_else(|_| fs::copy(here, away).and(fs::remove_file(here))).unwrap();
        std::os::unix::fs::symlink(away, here).unwrap();
    }

    // Parts that people add to their cars write text, lists, names and units of their own.
    #[test]
    fn angles_and_times_in_other_forms_are_numbers() {
        for (angle, time) in [
            (r#""user/angle": "-0.25""#, "1700000000000"),
            (r#""user/angle": [-0.25]"#, "1700000000000"),
            (r#""car/steering": -0.25"#, r#""1700000000000""#),
            (r#""user/angle": -0.25"#, "1700000000000000"),
        ] {
            let step = if time.len() > 15 { 50_000 } else { 50 };
            let time: u64 = time.trim_matches('"').parse().unwrap();
            let quote = if angle.contains("car") { "\"" } else { "" };
            let record = |index: u64| {
                format!(
                    "{{\"_index\": {index}, \"_timestamp_ms\": {quote}{}{quote}, \"cam/image_array\": \"{index}_cam_image_array_.jpg\", \
                     {angle}, \"user/mode\": \"user\"}}\n",
                    time + step * index
                )
            };
            let list = r#"{"paths": ["catalog_0.catalog"], "current_index": 5, "deleted_indexes": []}"#;
            let dir = tub(list, &[("catalog_0.catalog", (0..5).map(record).collect())]);
            let recording = Recording::open(dir.path()).unwrap();
            assert_eq!(recording.timing(), Timing::Recorded { step_ms: 50.0 }, "{angle} {time}");
            assert_eq!(recording.entry(4).recorded_value, Some(-0.25), "{angle} {time}");
        }
    }
}
