//! Datasets of both versions, written here with the Parquet crate and our own videos.

use std::fs;
use std::path::Path;

use parquet::data_type::{DoubleType, FloatType, Int64Type};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::formats::lerobot::INDEX_FILE;
use crate::media::video::{VideoEncoder, steady, write_mp4};
use crate::model::options::Columns;
use lane_frame::{RgbImage, Size};
use lane_fuzz::survives_broken_copies;

const FPS: f64 = 10.0;

/// A frame of a dataset: episode, frame, steering and throttle.
type FrameRow = (i64, i64, [f32; 2]);

fn write_table(path: &Path, schema: &str, write: impl FnOnce(&mut SerializedRowGroupWriter<fs::File>)) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    write(&mut group);
    group.close().unwrap();
    writer.close().unwrap();
}

fn write_integers(group: &mut SerializedRowGroupWriter<fs::File>, values: &[i64]) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
}

fn write_doubles(group: &mut SerializedRowGroupWriter<fs::File>, values: &[f64]) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
}

fn write_data(path: &Path, rows: &[FrameRow]) {
    let schema = "message schema {
        required int64 episode_index; required int64 frame_index; required double timestamp;
        required group action (LIST) { repeated group list { required float element; } } }";
    write_table(path, schema, |group| {
        write_integers(group, &rows.iter().map(|row| row.0).collect::<Vec<_>>());
        write_integers(group, &rows.iter().map(|row| row.1).collect::<Vec<_>>());
        write_doubles(group, &rows.iter().map(|row| row.1 as f64 / FPS).collect::<Vec<_>>());
        let actions: Vec<f32> = rows.iter().flat_map(|row| row.2).collect();
        let repeats: Vec<i16> = rows.iter().flat_map(|_| [0, 1]).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<FloatType>().write_batch(&actions, Some(&vec![1; actions.len()]), Some(&repeats)).unwrap();
        column.close().unwrap();
    });
}

/// A video whose frames have these grey levels.
fn write_video(path: &Path, levels: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let size = Size::new(16, 16);
    let mut encoder = VideoEncoder::new(size, FPS).unwrap();
    let picture = |&level: &u8| RgbImage::from_pixel(16, 16, image::Rgb([level; 3]));
    let frames = levels.iter().map(|level| encoder.encode(&picture(level)).unwrap());
    write_mp4(path, size, FPS, steady(FPS, frames)).unwrap();
}

fn write_info(folder: &Path, version: &str) {
    let info = format!(
        r#"{{"codebase_version": "{version}", "fps": 10, "total_episodes": 2, "chunks_size": 1000, "features": {{
            "observation.images.front": {{"dtype": "video", "shape": [16, 16, 3]}},
            "action": {{"dtype": "float32", "shape": [2], "names": ["steering", "throttle"]}},
            "episode_index": {{"dtype": "int64", "shape": [1]}}}}}}"#
    );
    fs::create_dir_all(folder.join("meta")).unwrap();
    fs::write(folder.join(INDEX_FILE), info).unwrap();
}

const FIRST: [FrameRow; 2] = [(0, 0, [0.1, 1.0]), (0, 1, [0.2, 1.0])];
const SECOND: [FrameRow; 2] = [(1, 0, [-0.3, 1.0]), (1, 1, [f32::NAN, 1.0])];

fn version_2() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_info(dir.path(), "v2.1");
    for (episode, rows, levels) in [(0, FIRST, [40, 80]), (1, SECOND, [120, 160])] {
        write_data(&dir.path().join(format!("data/chunk-000/episode_{episode:06}.parquet")), &rows);
        let video = format!("videos/chunk-000/observation.images.front/episode_{episode:06}.mp4");
        write_video(&dir.path().join(video), &levels);
    }
    dir
}

fn version_3() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_info(dir.path(), "v3.0");
    write_data(&dir.path().join("data/chunk-000/file-000.parquet"), &[FIRST, SECOND].concat());
    write_video(&dir.path().join("videos/observation.images.front/chunk-000/file-000.mp4"), &[40, 80, 120, 160]);
    let video = "videos/observation.images.front";
    let schema = format!(
        "message schema {{ required int64 episode_index; required int64 data/chunk_index; required int64 data/file_index;
        required int64 {video}/chunk_index; required int64 {video}/file_index; required double {video}/from_timestamp; }}"
    );
    write_table(&dir.path().join("meta/episodes/chunk-000/file-000.parquet"), &schema, |group| {
        for column in [[0, 1], [0, 0], [0, 0], [0, 0], [0, 0]] {
            write_integers(group, &column);
        }
        write_doubles(group, &[0.0, 0.2]);
    });
    dir
}

fn read_folder(path: &Path) -> Result<Log, RecordingError> {
    read(&Source::of_folder(path).unwrap(), &RecordingOptions::default())
}

#[test]
fn both_versions_give_the_steering_and_the_frame_of_each_row() {
    for dir in [version_2(), version_3()] {
        let log = read_folder(dir.path()).unwrap();
        let values: Vec<f64> = log.rows.iter().map(|row| row.value.unwrap()).collect();
        assert_eq!(values, [0.1_f32, 0.2, -0.3].map(f64::from));
        assert_eq!(log.rows.iter().map(|row| row.starts_drive).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(log.rows.iter().map(|row| row.recorded_ms).collect::<Vec<_>>(), [0.0, 100.0, 0.0]);
        assert_eq!(log.skipped, [(SkipReason::SteeringNotANumber, 1)].into());
        for (row, expected) in log.rows.iter().zip([40_u8, 80, 120]) {
            let level = log.pictures.read(&row.picture).unwrap().get_pixel(8, 8)[1];
            assert!(level.abs_diff(expected) < 8, "coding changes it a little, got {level} for {expected}");
        }
    }
}

#[test]
fn a_dimension_that_the_user_names_is_read_instead() {
    let dir = version_2();
    let columns = Columns { steering: Some("action.1".to_owned()), ..Columns::default() };
    let options = RecordingOptions { columns, ..RecordingOptions::default() };
    let log = read(&Source::of_folder(dir.path()).unwrap(), &options).unwrap();
    assert!(log.rows.len() == 4 && log.rows.iter().all(|row| row.value == Some(1.0)));
}

#[test]
fn an_absent_video_is_told_where_its_picture_is_asked_for_and_an_absent_table_is_left_out() {
    let dir = version_2();
    fs::remove_file(dir.path().join("videos/chunk-000/observation.images.front/episode_000000.mp4")).unwrap();
    let log = read_folder(dir.path()).unwrap();
    let reason = log.pictures.read(&log.rows[0].picture).unwrap_err();
    assert!(reason.contains("episode_000000.mp4 is absent"), "{reason}");
    assert!(log.pictures.read(&log.rows[2].picture).is_ok());
    fs::remove_file(dir.path().join("data/chunk-000/episode_000000.parquet")).unwrap();
    assert_eq!(read_folder(dir.path()).unwrap().rows.len(), 1);
}

#[test]
fn paths_that_leave_the_folder_are_not_followed() {
    let dir = version_2();
    let text = fs::read_to_string(dir.path().join(INDEX_FILE)).unwrap();
    let inside = dir.path().join("inside");
    fs::create_dir_all(inside.join("meta")).unwrap();
    let outside = text.replacen('{', r#"{"data_path": "../data/chunk-000/episode_{episode_index:06d}.parquet", "#, 1);
    fs::write(inside.join(INDEX_FILE), outside).unwrap();
    assert!(read_folder(&inside).unwrap_err().to_string().contains("none of 2"));
}

#[test]
fn descriptions_that_are_none_are_refused_in_one_line() {
    let dir = version_2();
    let whole = fs::read_to_string(dir.path().join(INDEX_FILE)).unwrap();
    for (from, to) in [
        ("v2.1", "v1.6"),
        ("\"fps\": 10", "\"fps\": 0"),
        ("{", "["),
        ("\"total_episodes\": 2", "\"total_episodes\": 99999999999"),
    ] {
        fs::write(dir.path().join(INDEX_FILE), whole.replacen(from, to, 1)).unwrap();
        let message = read_folder(dir.path()).unwrap_err().to_string();
        assert!(message.contains("info.json") && !message.contains('\n'), "{message}");
    }
}

#[test]
fn broken_datasets_are_survived() {
    let dir = version_3();
    for name in ["data/chunk-000/file-000.parquet", "meta/episodes/chunk-000/file-000.parquet", INDEX_FILE] {
        let path = dir.path().join(name);
        let whole = fs::read(&path).unwrap();
        survives_broken_copies(&whole, |bytes| {
            fs::write(&path, bytes).unwrap();
            drop(read_folder(dir.path()));
        });
        fs::write(&path, whole).unwrap();
    }
}
