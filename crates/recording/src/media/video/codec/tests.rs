//! Videos that our own encoder writes, a few frames of a foreign H.265 stream, and what damage does to them.

use std::path::PathBuf;

use super::encoder::{VideoEncoder, steady, write_mp4};
use super::*;
use crate::model::pictures::PictureRef;
use crate::samples::real_recording;
use lane_frame::{RgbImage, Size};
use lane_fuzz::survives_broken_copies;

const SIZE: Size = Size::new(48, 32);

/// A picture whose brightness tells its number apart from its neighbours', after coding too.
fn picture(number: usize) -> RgbImage {
    RgbImage::from_pixel(SIZE.width, SIZE.height, image::Rgb([20 + 8 * (number % 25) as u8; 3]))
}

/// The number that a decoded picture shows, from 0 to 24.
fn number_shown(image: &RgbImage) -> usize {
    assert_eq!(image.dimensions(), (SIZE.width, SIZE.height));
    ((f32::from(image.get_pixel(20, 20)[1]) - 20.0) / 8.0).round() as usize
}

/// A video of so many numbered frames at 10 a second: a key frame every 20.
fn video_of(frames: usize) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mp4");
    let mut encoder = VideoEncoder::new(SIZE, 10.0).unwrap();
    let frames = (0..frames).map(|number| encoder.encode(&picture(number)).unwrap());
    write_mp4(&path, SIZE, 10.0, steady(10.0, frames)).unwrap();
    (dir, path)
}

/// Opens changed bytes as a video and reads all its frames.
fn read_all(bytes: &[u8]) -> Result<Vec<Result<RgbImage, String>>, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drive.mp4");
    std::fs::write(&path, bytes).unwrap();
    let mut video = Video::open(&path)?;
    Ok((0..video.len().min(100)).map(|index| video.frame(index)).collect())
}

#[test]
fn frames_come_by_their_numbers_in_order_and_in_any_order() {
    let (_dir, path) = video_of(50);
    let mut video = Video::open(&path).unwrap();
    assert_eq!((video.len(), video.size()), (50, SIZE));
    let jumps = [49, 0, 25, 24, 26, 3, 3, 45, 20, 19];
    for index in (0..50).chain(jumps) {
        assert_eq!(number_shown(&video.frame(index).unwrap()), index % 25, "frame {index}");
    }
    assert_eq!((video.time_ms(0), video.time_ms(13)), (0.0, 1300.0));
    assert_eq!(video.frame(50).unwrap_err(), "the video has 50 frames");
}

#[test]
fn a_video_is_read_as_rows_without_labels_and_its_pictures() {
    let (_dir, path) = video_of(5);
    let recording = crate::Recording::open(&path).unwrap();
    assert_eq!((recording.len(), recording.label()), (5, None));
    let fourth = recording.entry(3);
    assert!((fourth.time_secs - 0.3).abs() < 1e-12, "one rounding of three steps, got {}", fourth.time_secs);
    assert_eq!(fourth.place.to_string(), "drive.mp4 frame 3");
    assert_eq!(number_shown(&recording.sample(3).unwrap().frame.image), 3);
    assert_eq!(recording.pictures.size(&recording.entry(4).picture).unwrap(), SIZE);
    assert!(recording.pictures.read(&PictureRef::Frame { stream: 1, index: 0 }).is_err());
    assert!(recording.pictures.read(&PictureRef::File("drive.mp4".to_owned())).is_err());
}

#[test]
fn an_odd_size_loses_its_last_column_and_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd.mp4");
    let size = Size::new(455, 257);
    let mut encoder = VideoEncoder::new(size, 20.0).unwrap();
    let frame = encoder.encode(&RgbImage::new(455, 257)).unwrap();
    assert!(frame.is_key);
    write_mp4(&path, size, 20.0, [Ok((0.0, frame))].into_iter()).unwrap();
    assert_eq!(Video::open(&path).unwrap().size(), Size::new(454, 256));
    assert!(encoder.encode(&RgbImage::new(454, 256)).unwrap_err().contains("picture is 454x256"));
    assert!(VideoEncoder::new(Size::new(1, 8), 20.0).is_err());
    assert!(VideoEncoder::new(SIZE, f64::NAN).is_err());
}

#[test]
fn a_frame_that_is_damaged_costs_those_that_refer_to_it_and_no_other() {
    let (_dir, path) = video_of(60);
    let mut bytes = std::fs::read(&path).unwrap();
    let track = mp4::read(&path).unwrap();
    let (frame, next_key) = (track.frames[30], track.order.entry_after(30));
    bytes[frame.offset as usize..frame.end() as usize].fill(0);
    let frames = read_all(&bytes).unwrap();
    for (index, frame) in frames.iter().enumerate() {
        match frame {
            Ok(image) => assert_eq!(number_shown(image), index % 25),
            Err(reason) => assert!((30..next_key).contains(&index), "frame {index}: {reason}"),
        }
    }
    assert!(frames.len() == 60 && next_key < 60, "frames follow that do not refer to it");
    assert_eq!(frames.iter().filter(|frame| frame.is_err()).count(), next_key - 30);
}

#[test]
fn a_file_cut_anywhere_is_one_clear_error_or_fewer_frames() {
    let (_dir, path) = video_of(6);
    let bytes = std::fs::read(&path).unwrap();
    for len in (0..bytes.len()).step_by(7) {
        match read_all(&bytes[..len]) {
            Ok(frames) => assert!(frames.iter().any(Result::is_err), "first {len} of {} bytes", bytes.len()),
            Err(reason) => assert!(!reason.contains('\n'), "{reason}"),
        }
    }
    assert_eq!(read_all(&[]).err().unwrap(), "empty file");
    assert!(read_all(b"version https://git-lfs.github.com/spec/v1\noid").err().unwrap().contains("git lfs pull"));
}

#[test]
fn a_claim_of_four_billion_frames_is_refused_before_memory_is_taken() {
    let (_dir, path) = video_of(3);
    let mut bytes = std::fs::read(&path).unwrap();
    let sizes = bytes.windows(4).position(|name| name == b"stsz").unwrap();
    // After name and version: the size that all frames have, and their number.
    bytes[sizes + 8..sizes + 16].copy_from_slice(&[0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert!(read_all(&bytes).err().unwrap().contains("4 million frames"));
}

#[test]
fn a_codec_that_is_not_decoded_here_is_named() {
    let (dir, path) = video_of(3);
    let mut bytes = std::fs::read(&path).unwrap();
    let configuration = bytes.windows(4).position(|name| name == b"avcC").unwrap();
    let entry = bytes[..configuration].windows(4).rposition(|name| name == b"avc1").unwrap();
    bytes[entry..entry + 4].copy_from_slice(b"xvid");
    std::fs::write(&path, bytes).unwrap();
    let message = crate::Recording::open(dir.path()).unwrap_err().to_string();
    // With an ffmpeg on the PATH it is asked, and finds no such video either.
    assert!(message.contains("coded as xvid, decoded here are H.264"), "{message}");
    assert!(message.contains("ffmpeg") && message.lines().count() == 1, "{message}");
}

#[test]
fn broken_videos_are_survived() {
    let (_dir, path) = video_of(6);
    survives_broken_copies(&std::fs::read(&path).unwrap(), |bytes| drop(read_all(bytes)));
    survives_broken_copies(&hevc_stream(), |bytes| drop(read_all(bytes)));
}

#[test]
fn broken_containers_are_survived() {
    let files = [
        &include_bytes!("../../../../tests/videos/h264.mkv")[..],
        include_bytes!("../../../../tests/videos/h264.avi"),
        include_bytes!("../../../../tests/videos/h265.ts"),
        #[cfg(feature = "av1")]
        include_bytes!("../../../../tests/videos/av1.webm"),
    ];
    for file in files {
        survives_broken_copies(file, |bytes| drop(read_all(bytes)));
    }
}

/// Six frames of 64x64 pixels in two sequences, of brightness 40, 65 and so on, coded by x265 with B frames:
/// they are shown in another order than decoded.
const HEVC_STREAM: &str = include_str!("test_stream.hex");

fn hevc_stream() -> Vec<u8> {
    let digits: Vec<u32> = HEVC_STREAM.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

#[test]
fn a_raw_h265_stream_is_shown_in_its_own_order() {
    let frames = read_all(&hevc_stream()).unwrap();
    let brightness: Vec<u8> = frames.iter().map(|frame| frame.as_ref().unwrap().get_pixel(30, 30)[0]).collect();
    let expected = [40, 65, 90, 115, 140, 165];
    assert!(brightness.iter().zip(expected).all(|(got, expected)| got.abs_diff(expected) < 8), "{brightness:?}");
    assert_eq!(brightness.len(), expected.len());
}

#[test]
fn a_real_road_video_is_read_where_it_is_at_hand() {
    let Some(path) = real_recording("ood-road-video/solidWhiteRight.mp4") else { return };
    let mut video = Video::open(&path).unwrap();
    assert_eq!((video.len(), video.size()), (221, Size::new(960, 540)));
    assert_eq!(video.time_ms(220), 8800.0, "25 frames a second");
    let in_order: Vec<RgbImage> = (0..12).map(|index| video.frame(index).unwrap()).collect();
    video.frame(150).unwrap();
    for index in [7, 2, 11] {
        assert!(video.frame(index).unwrap() == in_order[index], "frame {index} by a jump is the one in order");
    }
}
