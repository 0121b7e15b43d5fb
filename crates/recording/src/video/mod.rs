//! Videos: MP4 and QuickTime files and raw H.265 streams, decoded here; anything else through `ffmpeg` on the PATH.
//!
//! | part | by |
//! | --- | --- |
//! | MP4, fragmented or not | `re_mp4` |
//! | H.264 | `rusty_h264-decoder` |
//! | H.265, Main and Main 10 | `rusty_h265` |
//! | other codecs and containers | the program `ffmpeg`, where it is there |
//! | writing H.264 in MP4 | `openh264`, `muxide` |
//!
//! A video is a row of frames numbered from 0 in the order in which they are shown. Reading them in order decodes each
//! once; going elsewhere decodes from the key frame before.

mod annex_b;
mod decoder;
mod encoder;
mod ffmpeg;
mod frame_reader;
mod mp4;
mod opened;
mod pictures;
mod track;

pub use encoder::{EncodedFrame, VideoEncoder, write_mp4};
pub(super) use ffmpeg::VIDEO_EXTENSIONS;
pub(super) use pictures::VideoPictures;

use std::path::Path;
use std::sync::Arc;

use super::camera_view::CameraGuess;
use super::entry::{Log, Place, Row, Skipped};
use super::error::RecordingError;
use super::pictures::PictureRef;
use super::source::Source;
use super::timeline::Clock;
use opened::Video;

/// Frames of a raw stream, which has no times, are taken to follow at the rate of comma2k19's camera.
const RAW_STREAM_STEP_MS: f64 = 50.0;

/// Lists the frames of a video as rows without labels.
pub(super) fn read(source: &Source) -> Result<Log, RecordingError> {
    let name = source.file_or("video.mp4");
    let path = source.folder.resolve(name)?;
    let video = Video::open(&path).map_err(|got| unreadable(&source.path(), got))?;
    let file: Arc<str> = name.into();
    let row = |index: usize| Row {
        recorded_ms: video.time_ms(index),
        value: None,
        speed_mps: None,
        place: Place::frame(&file, index),
        picture: PictureRef::Frame { stream: 0, index: index as u32 },
        starts_drive: false,
    };
    let rows = (0..video.len()).map(row).collect();
    let clock = if video.has_times() {
        Clock::Recorded { usual_step_ms: RAW_STREAM_STEP_MS }
    } else {
        Clock::Counted { step_ms: RAW_STREAM_STEP_MS }
    };
    let pictures = Box::new(VideoPictures::new(vec![Ok(path)]));
    let (skipped, camera) = (Skipped::new(), CameraGuess::UNKNOWN);
    Ok(Log { rows, skipped, pictures, label: None, label_name: None, camera, clock })
}

fn unreadable(path: &Path, got: String) -> RecordingError {
    let expected = "a whole video file (MP4, QuickTime or raw H.265; others need ffmpeg)".to_owned();
    RecordingError::Unreadable { path: path.to_owned(), place: "whole file".to_owned(), expected, got }
}

#[cfg(test)]
mod tests;
