//! Reader of comma2k19 segments (comma.ai, 2018): a minute of video and the car's logs as NumPy arrays.
//!
//! `global_pose/frame_times` has one time for each frame of `video.hevc`. Steering and speed come about 83 times a
//! second on the same clock, and are interpolated at the times of the frames. Many copies lack the video: their labels
//! are listed all the same, and reading a picture says that it is absent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Mark, Reader};
use crate::media::folder::Folder;
use crate::media::numpy::Table;
use crate::media::source::Source;
use crate::media::video::VideoPictures;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::series::Series;
use crate::model::skip::SkipReason;
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit, Vehicle};
use lane_frame::Size;

impl Format {
    /// NumPy arrays and a video, one folder a minute.
    pub const COMMA2K19: Self = Self::new("comma2k19", "comma2k19");
}

pub(super) const READER: Reader =
    Reader { format: Format::COMMA2K19, mark: Mark::Folder("global_pose"), table: None, columns: &[], read: Ok(read) };

pub(crate) const LABEL: LabelProfile = LabelProfile::known(Unit::WheelDegrees, Sign::LeftPositive, Vehicle::ASSUMED);

/// A focal length of 910 pixels for pictures of 1164x874, and a horizon near their middle (comma.ai's
/// `common/transformations/camera.py`).
pub(crate) const CAMERA: CameraGuess = CameraGuess::new(Size::new(1164, 874), 0.5, 910.0 / 874.0);

const FRAME_TIMES: &str = "global_pose/frame_times";
const STEERING: &str = "processed_log/CAN/steering_angle";
/// The documentation names it `car_speed`, the folders are `speed`.
const SPEEDS: [&str; 2] = ["processed_log/CAN/speed", "processed_log/CAN/car_speed"];
const VIDEOS: [&str; 3] = ["video.hevc", "video.mp4", "video.mkv"];

/// The camera takes 20 pictures a second.
const USUAL_STEP_MS: f64 = 50.0;

fn read(source: &Source, _: &RecordingOptions) -> Result<Log, RecordingError> {
    let folder = &source.folder;
    let times = column(folder, FRAME_TIMES)?;
    let steering = series(folder, STEERING)?;
    let speed = SPEEDS.iter().find(|name| folder.resolve(name).is_ok()).map(|name| series(folder, name)).transpose()?;
    let file: Arc<str> = FRAME_TIMES.into();
    let row = |(index, &time_secs): (usize, &f64)| {
        if !time_secs.is_finite() {
            return Err(SkipReason::NoTime);
        }
        Ok(Row {
            recorded_ms: time_secs * 1e3,
            value: Some(steering.at(time_secs).ok_or(SkipReason::SteeringNotANumber)?),
            speed_mps: speed.as_ref().and_then(|speed| speed.at(time_secs)).map(|speed| speed as f32),
            place: Place::frame(&file, index),
            picture: PictureRef::Frame { stream: 0, index: index as u32 },
            starts_drive: false,
            steered_by: None,
        })
    };
    let (rows, skipped) = sort_out(times.iter().enumerate().map(row));
    Ok(Log {
        rows,
        skipped,
        pictures: Box::new(VideoPictures::new(vec![video(folder)])),
        label: Some(LABEL),
        label_name: None,
        camera: CAMERA,
        clock: Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
        time_note: String::new(),
    })
}

/// A value over time: the arrays `t`, in seconds, and `value`.
fn series(folder: &Folder, name: &str) -> Result<Series, RecordingError> {
    let times = column(folder, &format!("{name}/t"))?;
    let values = column(folder, &format!("{name}/value"))?;
    if times.len() != values.len() {
        let got = format!("{} times and {} values", times.len(), values.len());
        return Err(unreadable(&folder.path().join(name), "as many values as times", got));
    }
    Ok(Series::new(times.into_iter().zip(values)))
}

fn column(folder: &Folder, name: &str) -> Result<Vec<f64>, RecordingError> {
    let path = folder.resolve(name)?;
    let array = Table::read(&path).map_err(|got| unreadable(&path, "a NumPy array of numbers", got))?;
    Ok(array.first_column())
}

fn unreadable(path: &Path, expected: &str, got: String) -> RecordingError {
    let (place, expected) = ("whole file".to_owned(), expected.to_owned());
    RecordingError::Unreadable { path: path.to_owned(), place, expected, got }
}

fn video(folder: &Folder) -> Result<PathBuf, String> {
    VIDEOS
        .iter()
        .find_map(|name| folder.resolve(name).ok())
        .ok_or_else(|| format!("{} is absent: this copy of the segment has labels only", VIDEOS[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::video::{VideoEncoder, steady, write_mp4};
    use crate::samples::real_recording;
    use lane_frame::{RgbImage, Size};
    use std::fs;

    fn write_column(path: &Path, values: &[f64]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", values.len());
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(format!("{header:117}\n").bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        fs::write(path, bytes).unwrap();
    }

    /// A segment of four frames 50 ms apart from 100 s on, whose steering rises by 10 degrees a second from 100.05 s.
    fn segment() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        write_column(&dir.path().join(FRAME_TIMES), &[100.0, 100.05, 100.1, 100.15]);
        write_column(&dir.path().join(STEERING).join("t"), &[100.05, 100.25]);
        write_column(&dir.path().join(STEERING).join("value"), &[-1.0, 1.0]);
        dir
    }

    fn read_folder(path: &Path) -> Result<Log, RecordingError> {
        read(&Source::of_folder(path).unwrap(), &RecordingOptions::default())
    }

    #[test]
    fn labels_are_interpolated_at_the_times_of_the_frames_and_held_before_the_first() {
        let dir = segment();
        let log = read_folder(dir.path()).unwrap();
        let values: Vec<f64> = log.rows.iter().map(|row| row.value.unwrap()).collect();
        for (value, expected) in values.iter().zip([-1.0, -1.0, -0.5, 0.0]) {
            assert!((value - expected).abs() < 1e-9, "times near 100 hold 14 digits, got {values:?}");
        }
        assert_eq!((log.rows.len(), log.rows[0].speed_mps), (4, None));
    }

    #[test]
    fn a_segment_without_its_video_says_so_where_a_picture_is_asked_for() {
        let dir = segment();
        let log = read_folder(dir.path()).unwrap();
        assert!(log.pictures.read(&log.rows[0].picture).unwrap_err().contains("video.hevc is absent"));
    }

    #[test]
    fn a_segment_with_a_video_gives_the_frame_of_each_row() {
        let dir = segment();
        let size = Size::new(16, 16);
        let mut encoder = VideoEncoder::new(size, 20.0).unwrap();
        let grey = |level: u8| RgbImage::from_pixel(16, 16, image::Rgb([level; 3]));
        let frames = (0..4).map(|i| encoder.encode(&grey(40 + 50 * i)).unwrap());
        write_mp4(&dir.path().join("video.mp4"), size, 20.0, steady(20.0, frames)).unwrap();
        let log = read_folder(dir.path()).unwrap();
        let level = log.pictures.read(&log.rows[2].picture).unwrap().get_pixel(8, 8)[1];
        assert!(level.abs_diff(140) < 8, "coding changes it a little, got {level}");
    }

    #[test]
    fn arrays_that_do_not_fit_together_and_missing_ones_are_refused_by_name() {
        let dir = segment();
        write_column(&dir.path().join(STEERING).join("value"), &[0.0]);
        let message = read_folder(dir.path()).unwrap_err().to_string();
        assert!(message.contains("expected as many values as times, got 2 times and 1 values"), "{message}");
        fs::remove_file(dir.path().join(FRAME_TIMES)).unwrap();
        assert!(read_folder(dir.path()).unwrap_err().to_string().contains("frame_times"));
    }

    #[test]
    fn frames_without_time_are_left_out_and_counted() {
        let dir = segment();
        write_column(&dir.path().join(FRAME_TIMES), &[100.0, f64::NAN, 100.1]);
        let log = read_folder(dir.path()).unwrap();
        assert_eq!(log.skipped, [(SkipReason::NoTime, 1)].into());
        assert_eq!(log.rows[1].picture, PictureRef::Frame { stream: 0, index: 2 });
    }

    #[test]
    fn a_real_segment_has_the_labels_that_numpy_interpolates() {
        let Some(folder) = real_recording("comma2k19/b0c9d2329ad1606b_2018-08-02--08-34-47/40") else { return };
        let log = read_folder(&folder).unwrap();
        assert_eq!((log.rows.len(), log.skipped.len()), (1200, 0));
        // numpy.interp(frame_times, t, value) at these frames.
        for (frame, expected) in [(0, -0.4), (600, -0.4), (1199, -1.089)] {
            let value = log.rows[frame].value.unwrap();
            assert!((value - expected).abs() < 1e-3, "the expected value has three digits, frame {frame} has {value}");
        }
        let speed_mps = log.rows[0].speed_mps.unwrap();
        assert!((speed_mps - 7.974_31).abs() < 1e-4, "the first sample, held; got {speed_mps}");
    }
}
