//! Files of our own writer, and files of other encodings made here with the MCAP crate.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::*;
use crate::model::label::LabelProfile;
use crate::model::options::Columns;
use crate::model::skip::SkipReason;
use crate::model::unit::{Sign, Unit};
use lane_frame::{RgbImage, Size};
use lane_fuzz::survives_broken_copies;

/// A JPEG of one grey.
fn jpeg(level: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(16, 8, image::Rgb([level; 3])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn read_file(path: &Path) -> Result<Log, RecordingError> {
    read(&Source::of_file(path).unwrap(), &RecordingOptions::default())
}

fn level(log: &Log, row: usize) -> u8 {
    log.pictures.read(&log.rows[row].picture).unwrap().get_pixel(4, 4)[1]
}

/// Three pictures 50 ms apart, of our own writer.
fn own_file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mcap");
    let mut writer = McapWriter::create(&path, None).unwrap();
    for i in 0..3_u8 {
        let label = McapLabel { curvature: Some(f32::from(i) * 0.25), speed_mps: Some(10.0) };
        writer.append(f64::from(i) * 0.05, &jpeg(50 * i), &label).unwrap();
    }
    writer.finish().unwrap();
    (dir, path)
}

/// A file with one channel of pictures and one of something else, of three messages each.
fn foreign_file(
    [picture_schema, picture_definition]: [&str; 2],
    [schema, definition, topic]: [&str; 3],
    [message_encoding, schema_encoding]: [&str; 2],
    message: impl Fn(u8) -> [Vec<u8>; 2],
) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mcap");
    let mut writer = mcap::Writer::new(fs::File::create(&path).unwrap()).unwrap();
    let mut channel = |name: &str, definition: &str, topic: &str| {
        let id = writer.add_schema(name, schema_encoding, definition.as_bytes()).unwrap();
        writer.add_channel(id, topic, message_encoding, &BTreeMap::new()).unwrap()
    };
    let channels = [channel(picture_schema, picture_definition, "/camera"), channel(schema, definition, topic)];
    for i in 0..3_u8 {
        for (channel_id, data) in channels.into_iter().zip(message(i)) {
            let time = 1_700_000_000_000_000_000 + u64::from(i) * 50_000_000;
            let header = mcap::records::MessageHeader { channel_id, sequence: 0, log_time: time, publish_time: 0 };
            writer.write_to_known_channel(&header, &data).unwrap();
        }
    }
    writer.finish().unwrap();
    (dir, path)
}

#[test]
fn what_our_writer_writes_comes_back() {
    let (_dir, path) = own_file();
    let log = read_file(&path).unwrap();
    assert_eq!(log.label, Some(LabelProfile::CURVATURE));
    let rows: Vec<_> =
        log.rows.iter().map(|row| (row.recorded_ms, row.value.unwrap(), row.speed_mps.unwrap())).collect();
    assert_eq!(rows, [(0.0, 0.0, 10.0), (50.0, 0.25, 10.0), (100.0, 0.5, 10.0)]);
    assert_eq!((level(&log, 2), level(&log, 0), level(&log, 1)), (100, 0, 50), "in any order");
    assert_eq!(log.pictures.size(&log.rows[1].picture).unwrap(), Size::new(16, 8));
    assert_eq!(log.pictures.jpeg(&log.rows[1].picture).unwrap().unwrap(), jpeg(50));
    assert_eq!(log.rows[1].place.to_string(), "drive.mcap message 1");
}

/// The values of six pictures 50 ms apart, by the number of the picture, after a way through our own file.
fn values_through_our_file(curvature: impl Fn(u8) -> Option<f32>) -> Log {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mcap");
    let mut writer = McapWriter::create(&path, None).unwrap();
    for i in 0..6_u8 {
        let label = McapLabel { curvature: curvature(i), speed_mps: (i > 2).then_some(f32::from(i)) };
        writer.append(f64::from(i) * 0.05, &jpeg(50), &label).unwrap();
    }
    writer.finish().unwrap();
    read_file(&path).unwrap()
}

#[test]
fn rows_without_a_label_come_back_without_one_from_our_own_file() {
    let of = |log: &Log| log.rows.iter().map(|row| (row.place.number, row.value)).collect::<Vec<_>>();
    let log = values_through_our_file(|i| (i != 2 && i != 3).then_some(f32::from(i) / 8.0));
    assert_eq!(of(&log), [(0, Some(0.0)), (1, Some(0.125)), (4, Some(0.5)), (5, Some(0.625))], "none is drawn between");
    assert_eq!(log.skipped, [(SkipReason::SteeringNotANumber, 2)].into());
    let log = values_through_our_file(|i| (i > 0).then_some(0.125));
    assert_eq!(of(&log), [1, 2, 3, 4, 5].map(|i| (i, Some(0.125))), "the first message has no number");
    assert_eq!(log.label, Some(LabelProfile::CURVATURE));
    let speeds: Vec<Option<f32>> = log.rows.iter().map(|row| row.speed_mps).collect();
    assert_eq!(speeds, [None, None, Some(3.0), Some(4.0), Some(5.0)]);
    let log = values_through_our_file(|_| None);
    assert_eq!((log.label, log.rows.len()), (None, 6), "pictures alone");
}

#[test]
fn values_that_are_no_numbers_are_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = McapWriter::create(&dir.path().join("drive.mcap"), None).unwrap();
    let label = McapLabel { curvature: Some(f32::NAN), speed_mps: None };
    assert!(writer.append(0.0, &jpeg(0), &label).unwrap_err().to_string().contains("picture 0"));
    assert!(McapWriter::create(Path::new("/nowhere/drive.mcap"), None).is_err());
}

#[test]
fn json_of_foxglove_is_read_and_steering_found_by_its_name() {
    use base64::Engine as _;
    let (_dir, path) =
        foreign_file(["foxglove.CompressedImage", "{}"], ["car.State", "{}", "/car"], ["json", "jsonschema"], |i| {
            let data = base64::engine::general_purpose::STANDARD.encode(jpeg(50 * i));
            let picture = format!(r#"{{"timestamp": {{"sec": 0, "nsec": 0}}, "data": "{data}", "format": "jpeg"}}"#);
            let state = format!(r#"{{"steering_rate": 9, "steering": {i}, "speed_mps": 4.5}}"#);
            [picture.into_bytes(), state.into_bytes()]
        });
    let log = read_file(&path).unwrap();
    assert_eq!(log.rows.iter().map(|row| row.value.unwrap()).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
    assert_eq!((log.rows[0].speed_mps, level(&log, 1)), (Some(4.5), 50));
    let columns = Columns { steering: Some("/car.steering_rate".to_owned()), ..Columns::default() };
    let options = RecordingOptions { columns, ..RecordingOptions::default() };
    let log = read(&Source::of_file(&path).unwrap(), &options).unwrap();
    assert!(log.rows.iter().all(|row| row.value == Some(9.0)), "what the user names is read instead");
}

const HEADER: &str = "================\nMSG: std_msgs/Header\n";

#[test]
fn ros_1_and_ros_2_are_read() {
    let ros1_header = format!("{HEADER}uint32 seq\ntime stamp\nstring frame_id\n");
    let ros2_header = format!(
        "{HEADER}builtin_interfaces/Time stamp\nstring frame_id\n===\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
    );
    let picture = "std_msgs/Header header\nstring format\nuint8[] data\n";
    let counted = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    let (_dir1, ros1) = foreign_file(
        ["sensor_msgs/CompressedImage", &format!("{picture}{ros1_header}")],
        ["std_msgs/Float64", "float64 data\n", "/steering_cmd"],
        ["ros1", "ros1msg"],
        |i| {
            let picture = [vec![0; 12], counted(b""), counted(b"jpeg"), counted(&jpeg(50 * i))].concat();
            [picture, f64::from(i).to_le_bytes().to_vec()]
        },
    );
    let (_dir2, ros2) = foreign_file(
        ["sensor_msgs/msg/CompressedImage", &format!("{picture}{ros2_header}")],
        ["ackermann_msgs/msg/AckermannDrive", "float32 steering_angle\nfloat32 steering_angle_velocity\n", "/drive"],
        ["cdr", "ros2msg"],
        |i| {
            let (empty, format) = (counted(b"\0\0\0\0"), counted(b"jpg\0"));
            let picture = [vec![0, 1, 0, 0], vec![0; 8], empty, format, counted(&jpeg(50 * i))].concat();
            [picture, [&[0, 1, 0, 0], &f32::from(i).to_le_bytes()[..], &[0; 4]].concat()]
        },
    );
    for path in [&ros1, &ros2] {
        let log = read_file(path).unwrap();
        assert_eq!(log.rows.iter().map(|row| row.value.unwrap()).collect::<Vec<_>>(), [0.0, 1.0, 2.0], "{log:?}");
        assert_eq!((level(&log, 1), level(&log, 2)), (50, 100));
    }
    let label = read_file(&ros2).unwrap().label.unwrap();
    assert_eq!((label.unit, label.sign), (Unit::FrontRadians, Sign::LeftPositive));
}

#[test]
fn the_stamp_of_a_steering_report_is_not_its_steering() {
    let time = "builtin_interfaces/Time stamp\nfloat32 steering_tire_angle\n===\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n";
    let header = format!("{HEADER}string frame_id\n");
    let picture = format!("std_msgs/Header header\nstring format\nuint8[] data\n{header}");
    let counted = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    let (_dir, path) = foreign_file(
        ["sensor_msgs/msg/CompressedImage", &picture],
        ["autoware_vehicle_msgs/msg/SteeringReport", time, "/vehicle/status/steering_status"],
        ["cdr", "ros2msg"],
        |i| {
            let picture = [vec![0, 1, 0, 0], counted(b"\0\0\0\0"), counted(b"jpg\0"), counted(&jpeg(50 * i))].concat();
            let stamp = [[1, 0, 0, 0], [2, 0, 0, 0]].concat();
            [picture, [&[0, 1, 0, 0], &stamp[..], &(f32::from(i) / 8.0).to_le_bytes()].concat()]
        },
    );
    let log = read_file(&path).unwrap();
    assert_eq!(log.rows.iter().map(|row| row.value.unwrap()).collect::<Vec<_>>(), [0.0, 0.125, 0.25]);
}

#[test]
fn an_option_that_names_nothing_is_refused_with_what_there_is() {
    let (_dir, path) = own_file();
    let refusal = |columns: Columns| {
        let options = RecordingOptions { columns, ..RecordingOptions::default() };
        read(&Source::of_file(&path).unwrap(), &options).unwrap_err().to_string()
    };
    let message = refusal(Columns { image: Some("/left".to_owned()), ..Columns::default() });
    assert!(message.contains("one of /camera, got image=/left"), "{message}");
    let message = refusal(Columns { steering: Some("/steering.angle".to_owned()), ..Columns::default() });
    assert!(message.contains("/camera, /steering, got steering=/steering.angle"), "{message}");
}

#[test]
fn a_file_cut_in_the_middle_keeps_what_came_before() {
    let (_dir, path) =
        foreign_file(["foxglove.CompressedImage", "{}"], ["car.State", "{}", "/car"], ["json", "jsonschema"], |i| {
            [br#"{"data": ""}"#.to_vec(), format!(r#"{{"steering": {i}}}"#).into_bytes()]
        });
    let whole = fs::read(&path).unwrap();
    let mut opened = 0;
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        match read_file(&path) {
            Ok(log) => opened += usize::from(log.rows.len() == 3),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
    assert!(opened > 0, "the index at the end is not needed");
    fs::write(&path, "version https://git-lfs.github.com/spec/v1\n").unwrap();
    assert!(read_file(&path).unwrap_err().to_string().contains("expected an MCAP file"));
}

/// Sixty pictures in many small chunks, packed in this way, and where each chunk's records begin.
fn chunked_file(compression: Option<mcap::Compression>) -> (tempfile::TempDir, PathBuf, Vec<usize>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mcap");
    let options = mcap::WriteOptions::new().chunk_size(Some(4096)).compression(compression);
    let mut writer = options.create(fs::File::create(&path).unwrap()).unwrap();
    let mut channel = |name: &str, topic: &str| {
        let id = writer.add_schema(name, "jsonschema", b"{}").unwrap();
        writer.add_channel(id, topic, "json", &BTreeMap::new()).unwrap()
    };
    let [camera, steering] = [channel("foxglove.CompressedImage", "/camera"), channel("car.State", "/car")];
    for i in 0..60_u8 {
        let picture = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, jpeg(4 * i));
        let messages =
            [(camera, format!(r#"{{"data": "{picture}"}}"#)), (steering, format!(r#"{{"steer": 0.{i:02}}}"#))];
        for (channel_id, data) in messages {
            let log_time = u64::from(i) * 50_000_000;
            let header = mcap::records::MessageHeader { channel_id, sequence: 0, log_time, publish_time: 0 };
            writer.write_to_known_channel(&header, data.as_bytes()).unwrap();
        }
    }
    let chunks = writer.finish().unwrap().chunk_indexes;
    let starts = chunks.iter().map(|chunk| chunk.compressed_data_offset().unwrap() as usize);
    (dir, path, starts.collect())
}

#[test]
fn a_damaged_chunk_in_the_middle_is_passed_over_and_counted() {
    for compression in [None, Some(mcap::Compression::Zstd), Some(mcap::Compression::Lz4)] {
        let (_dir, path, chunks) = chunked_file(compression);
        assert!(chunks.len() > 4, "{}", chunks.len());
        let whole = read_file(&path).unwrap();
        assert_eq!((whole.rows.len(), whole.skipped.len()), (60, 0));
        let mut bytes = fs::read(&path).unwrap();
        // In the text of a picture or a number, or in what either was packed to.
        bytes[chunks[2] + 200] ^= 0x41;
        fs::write(&path, bytes).unwrap();
        let log = read_file(&path).unwrap();
        assert_eq!(log.skipped.get(&SkipReason::DamagedChunk), Some(&1), "{compression:?}");
        assert!((40..60).contains(&log.rows.len()), "{}", log.rows.len());
        let last = log.rows.len() - 1;
        assert!((log.rows[last].recorded_ms - 2950.0).abs() < 1e-6, "read to the end");
        for row in 0..=last {
            let i = (log.rows[row].recorded_ms / 50.0).round() as u8;
            assert!(level(&log, row).abs_diff(4 * i) < 3, "picture {i}");
            assert!((log.rows[row].value.unwrap() - f64::from(i) / 100.0).abs() < 1e-9, "label {i}");
        }
    }
}

#[test]
fn channels_of_a_damaged_chunk_are_taken_from_the_end_of_the_file() {
    let (_dir, path, chunks) = chunked_file(None);
    let mut bytes = fs::read(&path).unwrap();
    bytes[chunks[0] + 9] ^= 0x41;
    fs::write(&path, bytes).unwrap();
    let log = read_file(&path).unwrap();
    assert_eq!(log.skipped, [(SkipReason::DamagedChunk, 1)].into());
    assert!((40..60).contains(&log.rows.len()) && log.rows[0].value > Some(0.0), "{}", log.rows.len());
}

#[test]
fn a_file_of_damaged_chunks_alone_is_refused() {
    let (_dir, path, chunks) = chunked_file(None);
    let mut bytes = fs::read(&path).unwrap();
    chunks.iter().for_each(|&chunk| bytes[chunk + 9] ^= 0x41);
    fs::write(&path, bytes).unwrap();
    let message = read_file(&path).unwrap_err().to_string();
    assert!(message.contains(&format!("{} damaged chunks and no picture", chunks.len())), "{message}");
}

#[test]
fn broken_files_are_survived() {
    let (_dir, path) = own_file();
    let whole = fs::read(&path).unwrap();
    survives_broken_copies(&whole, |bytes| {
        fs::write(&path, bytes).unwrap();
        if let Ok(log) = read_file(&path) {
            log.rows.iter().take(10).for_each(|row| drop(log.pictures.read(&row.picture)));
        }
    });
}
