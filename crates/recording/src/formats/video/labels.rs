//! Labels of a video from the table beside it: `drive.csv` for `drive.mp4`, or the only table of a folder that has no
//! other video.
//!
//! A row belongs to a frame by its column `frame` (numbers from 0), or by its place where the table has as many rows as
//! the video frames.

use std::path::Path;

use crate::formats::has_extension;
use crate::media::columns::{ColumnNumbers, Steerings, Time};
use crate::media::source::Source;
use crate::media::table::{self, Table};
use crate::media::times;
use crate::media::video::{RAW_STREAM_STEP_MS, VIDEO_EXTENSIONS};
use crate::model::entry::Log;
use crate::model::error::{BadOption, RecordingError};
use crate::model::label::LabelProfile;
use crate::model::options::{Columns, RecordingOptions};
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Clock;

/// The content of a row about its frame.
#[derive(Clone, Copy, Debug)]
struct Label {
    frame: usize,
    value: Option<f64>,
    speed_mps: Option<f32>,
    raw_time: Option<f64>,
}

/// Gives the rows of a video the labels of the table beside it, if there is one.
pub(super) fn join(mut log: Log, source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let Some(name) = table_beside(source)? else { return without_table(log, source, options) };
    let table = Table::read(&source.folder, &name)?;
    let mut columns = table.columns(&options.columns)?;
    if options.columns.image.is_none() {
        columns.image = table.frame_column();
    }
    if columns.steering.is_none() && columns.time.is_none() && columns.speed.is_none() {
        return without_labels(log, source, options);
    }
    let labels = labels(&table, &columns, log.rows.len(), &mut log.skipped)?;
    let mut by_frame: Vec<Option<Label>> = vec![None; log.rows.len()];
    for label in labels {
        by_frame[label.frame] = Some(label);
    }
    if let Some(time) = columns.time {
        take_times(&mut log, &by_frame, time, table.column_name(time.column));
    }
    let Some(steering) = columns.steering else {
        let speeds = by_frame.iter().map(|label| label.and_then(|label| label.speed_mps));
        log.rows.iter_mut().zip(speeds).for_each(|(row, speed_mps)| row.speed_mps = speed_mps);
        return Ok(log);
    };
    let values: Vec<f64> = by_frame.iter().flatten().filter_map(|label| label.value).collect();
    let name = table.steerings(steering).name_with_unit(table.column_name(steering));
    log.label = Some(LabelProfile::guessed(&name, &values));
    log.label_name = Some(table.column_text(steering));
    let unlabelled = label_rows(&mut log, &by_frame);
    if unlabelled > 0 {
        *log.skipped.entry(SkipReason::SteeringNotANumber).or_default() += unlabelled;
    }
    Ok(log)
}

/// Sets each row's label and leaves out the rows without; says how many.
fn label_rows(log: &mut Log, by_frame: &[Option<Label>]) -> usize {
    let before = log.rows.len();
    let mut labels = by_frame.iter();
    log.rows.retain_mut(|row| {
        let label = labels.next().copied().flatten();
        row.value = label.and_then(|label| label.value);
        row.speed_mps = label.and_then(|label| label.speed_mps);
        row.value.is_some()
    });
    before - log.rows.len()
}

/// Times of a table replace the video's, which are those of its player: they keep the gaps between drives.
fn take_times(log: &mut Log, by_frame: &[Option<Label>], time: Time, column: &str) {
    let raw_times: Option<Vec<f64>> = by_frame.iter().map(|label| label.and_then(|label| label.raw_time)).collect();
    let Some(mut raw_times) = raw_times else { return };
    times::in_millis(&mut raw_times, time.are_dates, column);
    for (row, time_ms) in log.rows.iter_mut().zip(raw_times) {
        row.recorded_ms = time_ms;
    }
    log.clock = Clock::Recorded { usual_step_ms: RAW_STREAM_STEP_MS };
}

/// A table without a column of use says nothing of the video, and one that the user has named a column of must not be
/// passed over.
fn without_labels(log: Log, source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    if options.columns == Columns::default() { Ok(log) } else { without_table(log, source, options) }
}

/// A video alone has no columns that could be chosen.
fn without_table(log: Log, source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    if options.columns == Columns::default() {
        return Ok(log);
    }
    let expected = "a table that is named as the video, or the only one beside the only video".to_owned();
    let bad = BadOption { option: "--columns", expected, got: "no such CSV file".to_owned() };
    Err(RecordingError::Option { path: source.path(), bad })
}

/// The table named as the video. Where there is none, the only table beside the only video: among several videos it may
/// be another's.
fn table_beside(source: &Source) -> Result<Option<String>, RecordingError> {
    let names = source.folder.names_in("")?;
    let stem = source.file.as_deref().map(Path::new).and_then(Path::file_stem).and_then(|stem| stem.to_str());
    let same_stem = stem.map(|stem| format!("{stem}.csv")).filter(|name| names.contains(name));
    let shown = || names.iter().filter(|name| !name.starts_with('.'));
    let is_only_video = shown().filter(|name| has_extension(name, &VIDEO_EXTENSIONS)).count() == 1;
    let mut tables = shown().filter(|name| has_extension(name, &["csv"]));
    let only = tables.next().filter(|_| is_only_video && tables.next().is_none());
    Ok(same_stem.or_else(|| only.cloned()))
}

/// Every row with the frame it belongs to. Rows whose number is none are counted as damaged.
///
/// # Errors
/// Refuses a table that does not say which frames its rows are of, and one that names a frame behind the video's last:
/// its numbers are another video's, or begin at 1, and every label would be a wrong frame's.
fn labels(
    table: &Table,
    columns: &ColumnNumbers,
    frames: usize,
    skipped: &mut Skipped,
) -> Result<Vec<Label>, RecordingError> {
    let rows: Vec<_> = table.rows().filter(|(_, fields)| !fields.is_empty()).collect();
    let number = |fields: &[String]| columns.image.and_then(|column| table::number(fields, column));
    let is_numbered = rows.iter().any(|(_, fields)| number(fields).is_some());
    if !is_numbered && rows.len() != frames {
        return Err(no_frames(table, frames, format!("{} rows", rows.len())));
    }
    let steerings = columns.steering.map(|column| table.steerings(column));
    let mut labels = Vec::with_capacity(rows.len());
    for (place, (line, fields)) in rows.iter().enumerate() {
        let numbered = || number(fields).filter(|number| *number >= 0.0 && number.fract() == 0.0);
        let Some(frame) = (if is_numbered { numbered() } else { Some(place as f64) }) else {
            *skipped.entry(SkipReason::DamagedRecord).or_default() += 1;
            continue;
        };
        if frame >= frames as f64 {
            return Err(no_frames(table, frames, format!("frame {frame} in line {line}")));
        }
        labels.push(label(fields, columns, steerings, frame as usize));
    }
    Ok(labels)
}

fn label(fields: &[String], columns: &ColumnNumbers, steerings: Option<Steerings>, frame: usize) -> Label {
    Label {
        frame,
        value: steerings.and_then(|steerings| steerings.value(fields).ok()),
        speed_mps: columns.speed.and_then(|column| table::number(fields, column)).map(|speed_mps| speed_mps as f32),
        raw_time: columns.time.map(|time| time.raw(fields)).filter(|time| time.is_finite()),
    }
}

fn no_frames(table: &Table, frames: usize, got: String) -> RecordingError {
    let last = frames.saturating_sub(1);
    RecordingError::Option {
        path: table.path().clone(),
        bad: BadOption {
            option: "--columns",
            expected: format!(
                "image=COLUMN with frame numbers from 0 to {last}, or one row for each of the {frames} frames"
            ),
            got,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::picture::PictureFiles;
    use crate::model::camera_view::CameraGuess;
    use crate::model::entry::{Place, Row};
    use crate::model::pictures::PictureRef;

    /// Three frames of a video beside these tables.
    fn joined(tables: &[(&str, &str)]) -> Result<Log, RecordingError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("drive.mp4"), "").unwrap();
        for (name, text) in tables {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let source = Source::of_file(&dir.path().join("drive.mp4")).unwrap();
        let row = |index: u32| Row {
            recorded_ms: 40.0 * f64::from(index),
            value: None,
            speed_mps: None,
            place: Place::frame(&"drive.mp4".into(), index as usize),
            picture: PictureRef::Frame { stream: 0, index },
            starts_drive: false,
            steered_by: None,
        };
        let log = Log {
            rows: (0..3).map(row).collect(),
            skipped: Skipped::new(),
            pictures: PictureFiles::in_folder(&source.folder),
            label: None,
            label_name: None,
            camera: CameraGuess::UNKNOWN,
            clock: Clock::Recorded { usual_step_ms: 40.0 },
            time_note: String::new(),
        };
        join(log, &source, &RecordingOptions::default())
    }

    fn values(log: &Log) -> Vec<Option<f64>> {
        log.rows.iter().map(|row| row.value).collect()
    }

    #[test]
    fn a_table_of_as_many_rows_labels_the_frames_in_order() {
        let log = joined(&[("labels.csv", "steering\n0.1\n0.2\n0.3\n")]).unwrap();
        assert_eq!(values(&log), [Some(0.1), Some(0.2), Some(0.3)]);
        assert_eq!(log.rows[1].recorded_ms, 40.0, "the video's own times");
    }

    #[test]
    fn frame_numbers_and_times_of_the_table_count() {
        let table = "frame,time,curvature,speed_mps\n2,11.0,0.3,5\n0,0.0,0.1,4\n1,0.5,0.2,\n";
        let log = joined(&[("drive.csv", table), ("other.csv", "steering\n9\n")]).unwrap();
        assert_eq!(values(&log), [Some(0.1), Some(0.2), Some(0.3)]);
        assert_eq!(log.rows.iter().map(|row| row.recorded_ms).collect::<Vec<_>>(), [0.0, 500.0, 11_000.0]);
        assert_eq!(log.rows[2].speed_mps, Some(5.0));
    }

    #[test]
    fn a_table_without_steering_gives_times_and_speed() {
        let log = joined(&[("drive.csv", "frame,time,speed_mps\n0,0.0,1\n1,0.5,2\n2,11.0,3\n")]).unwrap();
        assert!(log.label.is_none());
        let rows: Vec<_> = log.rows.iter().map(|row| (row.recorded_ms, row.speed_mps)).collect();
        assert_eq!(rows, [(0.0, Some(1.0)), (500.0, Some(2.0)), (11_000.0, Some(3.0))]);
    }

    #[test]
    fn frames_without_a_label_are_left_out_and_counted() {
        let log = joined(&[("drive.csv", "frame,angle\n0,0.1\n2,nan\n-1,0.5\n")]).unwrap();
        let skipped = [(SkipReason::SteeringNotANumber, 2), (SkipReason::DamagedRecord, 1)].into();
        assert_eq!((values(&log), log.skipped), (vec![Some(0.1)], skipped));
    }

    #[test]
    fn a_table_that_does_not_say_whose_labels_it_has_is_refused() {
        let message = joined(&[("drive.csv", "steering\n0.1\n")]).unwrap_err().to_string();
        assert!(message.contains("one row for each of the 3 frames, got 1 rows"), "{message}");
    }

    #[test]
    fn a_table_numbered_from_one_shifts_no_label_but_is_refused() {
        let message = joined(&[("drive.csv", "frame,steering\n1,0.1\n2,0.2\n3,0.3\n")]).unwrap_err().to_string();
        assert!(message.contains("numbers from 0 to 2") && message.contains("got frame 3 in line 4"), "{message}");
    }

    #[test]
    fn the_only_table_is_not_taken_from_another_video() {
        let labels = ("other.csv", "steering\n0.1\n0.2\n0.3\n");
        assert!(joined(&[labels, ("other.mkv", "")]).unwrap().label.is_none());
        assert!(joined(&[labels]).unwrap().label.is_some(), "there is no other video that it could belong to");
    }

    #[test]
    fn without_a_table_or_a_steering_column_there_are_no_labels() {
        for tables in [&[][..], &[("a.csv", "x\n1\n")], &[("a.csv", "steering\n1\n"), ("b.csv", "steering\n1\n")]] {
            assert!(joined(tables).unwrap().label.is_none(), "{tables:?}");
        }
    }
}
