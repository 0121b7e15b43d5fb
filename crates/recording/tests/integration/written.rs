//! Recordings that other people's libraries have written, and such as were once read wrongly. Each picture states its
//! number, so that a label beside the wrong picture shows.

use std::path::Path;

use crate::samples::sample;
use lane_frame::RgbImage;
use lane_recording::{Recording, RecordingOptions, Sign, SkipReason, Timing, Unit};

/// The number in eight bars along the bottom edge, or ten blocks along the top one, the lowest bit at the left.
pub(crate) fn number_shown(image: &RgbImage, bits: u32, y: u32) -> usize {
    let is_set = |bit: u32| image.get_pixel((2 * bit + 1) * image.width() / (2 * bits), y)[1] > 150;
    (0..bits).filter(|&bit| is_set(bit)).map(|bit| 1 << bit).sum()
}

fn open(name: &str) -> Option<Recording> {
    let path = sample(name)?;
    Some(Recording::open(&path).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn values(recording: &Recording) -> Vec<f64> {
    (0..recording.len()).filter_map(|i| recording.entry(i).recorded_value).collect()
}

/// The numbers that the pictures of a case state.
fn numbers(recording: &Recording) -> Vec<usize> {
    let number = |i: usize| {
        let image = recording.sample(i).unwrap().frame.image;
        number_shown(&image, 8, image.height() - 8)
    };
    (0..recording.len()).map(number).collect()
}

/// A case has twelve rows with these labels: 0.3 sin(i / 3) or so, rounded, from -0.1504 to 0.2986.
fn assert_twelve_labels(recording: &Recording, name: &str) {
    let values = values(recording);
    let (least, most) = values.iter().fold((0.0, 0.0), |(a, b): (f64, f64), &value| (a.min(value), b.max(value)));
    assert_eq!((values.len(), recording.skipped().len()), (12, 0), "{name}: {:?}", recording.skipped());
    assert!((least + 0.1504).abs() < 1e-3 && (most - 0.2986).abs() < 1e-3, "{name}: {least} to {most}");
}

#[test]
fn tables_of_any_origin_have_their_labels_beside_their_pictures() {
    for name in ["decimal-comma", "exif-orientation", "named-driving-log", "tub-user-steering"] {
        let Some(recording) = open(&format!("cases/{name}/data")) else { return };
        assert_twelve_labels(&recording, name);
    }
    let Some(recording) = open("cases/exif-orientation/data") else { return };
    assert_eq!(numbers(&recording), (0..12).collect::<Vec<_>>(), "upright, the bars along the bottom");
    let Some(recording) = open("cases/frame-counter-column/data") else { return };
    assert_eq!(numbers(&recording), (5..17).collect::<Vec<_>>());
    assert!(values(&recording).iter().enumerate().all(|(i, value)| (value - i as f64 / 100.0).abs() < 1e-9));
    let Some(recording) = open("cases/tub-not-a-number-elsewhere/data") else { return };
    assert!(values(&recording).iter().enumerate().all(|(i, value)| (value - i as f64 / 100.0).abs() < 1e-9));
    assert_eq!((recording.len(), recording.skipped().len()), (12, 0));
    let Some(recording) = open("cases/three-cameras-in-rows/data") else { return };
    assert_eq!((recording.len(), recording.skipped()), (12, &[(SkipReason::OtherCamera, 24)].into()));
    assert_eq!(recording.timing(), Timing::Recorded { step_ms: 100.0 });
    assert!((recording.duration_secs() - 1.1).abs() < 1e-6);
}

#[test]
fn airsims_table_is_found_in_its_folder() {
    for path in ["cases/airsim/data", "cases/airsim/data/airsim_rec.txt"] {
        let Some(recording) = open(path) else { return };
        assert_eq!((recording.len(), recording.label_name()), (12, Some("Steering")), "{path}");
        assert_eq!(recording.timing(), Timing::Recorded { step_ms: 210.0 }, "{path}");
    }
}

#[test]
fn a_unit_is_never_known_from_a_picture_and_a_number() {
    for path in ["cases/share-table-as-degrees/data", "cases/share-table-as-degrees/data/labels.csv"] {
        let Some(recording) = open(path) else { return };
        let label = recording.label().unwrap();
        assert_eq!((label.unit, label.unit_is_known, recording.len()), (Unit::Share, false, 12), "{path}");
    }
    let Some(recording) = open("cases/joystick-full-lock/data") else { return };
    assert_eq!((recording.label().unwrap().unit, recording.skipped().len()), (Unit::Share, 0));
    for i in 0..recording.len() {
        let entry = recording.entry(i);
        // A share of 1 is 20 degrees of the front wheels, right positive, of a car of 2.7 m.
        let share = entry.recorded_value.unwrap().clamp(-1.0, 1.0);
        let expected = -(20.0 * share).to_radians().tan() / 2.7;
        assert!((f64::from(entry.steering.unwrap().0) - expected).abs() < 1e-6, "{entry:?}");
    }
}

#[test]
fn times_in_odd_forms_are_times_and_a_rate_replaces_them() {
    let Some(recording) = open("cases/times-not-understood/data") else { return };
    assert_eq!((recording.len(), recording.timing()), (12, Timing::Recorded { step_ms: 100.0 }));
    let path = sample("cases/times-not-understood/data").unwrap();
    let options = RecordingOptions { rate_hz: Some(20.0), ..RecordingOptions::default() };
    assert_eq!(Recording::open_with(&path, &options).unwrap().timing(), Timing::Given { step_ms: 50.0 });
    let Some(recording) = open("cases/whole-second-stamps/data") else { return };
    assert_eq!(recording.len(), 100);
    assert!((recording.duration_secs() - 4.95).abs() < 0.3, "{}", recording.duration_secs());
    let Some(recording) = open("cases/unix-time-names/data") else { return };
    assert_eq!(numbers(&recording), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn messages_come_by_the_stamps_of_their_headers() {
    let Some(recording) = open("cases/mcap-header-stamp/data") else { return };
    assert_eq!(numbers(&recording), (0..recording.len()).collect::<Vec<_>>());
    for i in 0..recording.len() {
        let entry = recording.entry(i);
        assert!((entry.recorded_value.unwrap() - i as f64 / 100.0).abs() < 1e-4, "{entry:?}");
        assert!((entry.time_secs - 0.05 * i as f64).abs() < 1e-4, "{entry:?}");
    }
}

#[test]
fn a_video_of_another_rate_than_the_dataset_states_has_its_frames_beside_its_rows() {
    let Some(recording) = open("cases/lerobot-video-of-another-rate/data") else { return };
    assert_eq!(numbers(&recording), (0..58).collect::<Vec<_>>());
}

#[test]
fn colours_are_those_of_the_range_and_the_matrix_that_a_stream_states() {
    const PATCHES: [[u8; 3]; 8] =
        [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255; 3], [16; 3], [128; 3], [235; 3], [0, 128, 128]];
    for name in ["full-range", "bt709"] {
        let Some(recording) = open(&format!("cases/video-colour-range-and-matrix/data/{name}/drive.mp4")) else {
            return;
        };
        let image = recording.sample(3).unwrap().frame.image;
        for (patch, expected) in (0..).zip(PATCHES) {
            let got = image.get_pixel((2 * patch + 1) * image.width() / 16, image.height() / 2).0;
            let off = got.iter().zip(expected).map(|(got, expected)| got.abs_diff(expected)).max();
            assert!(off < Some(5), "{name}: coding changes a little, got {got:?} for {expected:?}");
        }
    }
}

/// Row k of such a recording has picture k, in ten blocks, and steering 0.6 sin(k / 9), times 0.4 where it is an angle in
/// radians.
fn assert_written(path: &Path, scale: f64) -> Recording {
    let recording = Recording::open(path).unwrap_or_else(|error| panic!("{error}"));
    assert!(recording.skipped().is_empty() && recording.len() >= 60, "{path:?}: {:?}", recording.skipped());
    for i in 0..recording.len() {
        let image = recording.sample(i).unwrap_or_else(|error| panic!("{path:?}: {error}")).frame.image;
        let number = number_shown(&image, 10, image.height() / 8);
        let entry = recording.entry(i);
        let expected = scale * 0.6 * (number as f64 / 9.0).sin();
        assert_eq!(number, i, "{path:?}");
        let value = entry.recorded_value.unwrap();
        assert!((value - expected).abs() < 2e-3, "{path:?}: picture {number} has {value}, expected {expected}");
    }
    recording
}

#[test]
fn datasets_of_every_codec_have_their_pictures_beside_their_rows() {
    for name in ["v21_default", "v3_default", "v3_image", "v3_hevc", "v3_twocam"] {
        let Some(path) = sample(&format!("written/lerobot/{name}")) else { return };
        if name.ends_with("default") && cfg!(not(feature = "av1")) {
            continue;
        }
        assert_written(&path, 1.0);
    }
}

#[test]
fn files_of_messages_have_their_pictures_beside_their_labels() {
    for name in ["fox_cv_h264", "fox_raw", "r2_image_rgb8", "r2_image_mono8", "r2_ci_ack_zstd"] {
        let Some(path) = sample(&format!("written/mcap/{name}.mcap")) else { return };
        assert_written(&path, 0.4);
    }
}

#[test]
fn the_motion_of_a_robot_is_the_curvature_of_its_path() {
    let Some(recording) = open("written/mcap/r2_ci_twist.mcap") else { return };
    let label = recording.label().unwrap();
    assert_eq!((label.unit, label.sign, label.unit_is_known), (Unit::Curvature, Sign::LeftPositive, true));
    assert_eq!((recording.len(), recording.label_name()), (60, Some("/cmd_vel.angular.z / linear.x")));
}

#[test]
fn bags_of_both_versions_of_ros_have_their_pictures_beside_their_labels() {
    for name in ["written/rosbag/ros2_db3", "written/rosbag/ros2_db3/ros2_db3.db3", "written/rosbag/ros1.bag"] {
        let Some(path) = sample(name) else { return };
        assert_written(&path, 0.4);
    }
}
