//! Reader of a video file, with or without a table of labels. It needs the cargo feature `video`.

mod labels;

use std::path::Path;
use std::sync::Arc;

use super::{Mark, Reader};
use crate::media::source::Source;
use crate::media::video::{RAW_STREAM_STEP_MS, VIDEO_EXTENSIONS, Video, VideoPictures};
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::Skipped;
use crate::model::timeline::Clock;

impl Format {
    /// A video file, with or without a table of labels.
    pub const VIDEO: Self = Self::new("video", "video");
}

pub(super) const READER: Reader = Reader {
    format: Format::VIDEO,
    mark: Mark::Extensions(&VIDEO_EXTENSIONS),
    table: None,
    columns: &["image", "steering", "time", "speed"],
    read: if cfg!(feature = "video") { Ok(read) } else { Err("video") },
};

fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    labels::join(frames(source)?, source, options)
}

/// Lists the frames of a video as rows without labels.
fn frames(source: &Source) -> Result<Log, RecordingError> {
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
        steered_by: None,
    };
    let rows = (0..video.len()).map(row).collect();
    let clock = if video.has_times() {
        Clock::Recorded { usual_step_ms: RAW_STREAM_STEP_MS }
    } else {
        Clock::Counted { step_ms: RAW_STREAM_STEP_MS }
    };
    let pictures = Box::new(VideoPictures::new(vec![Ok(path)]));
    let (skipped, camera) = (Skipped::new(), CameraGuess::UNKNOWN);
    Ok(Log { rows, skipped, pictures, label: None, label_name: None, camera, clock, time_note: String::new() })
}

/// A video that does not open may be whole: what is not decoded here another program may play.
fn unreadable(path: &Path, got: String) -> RecordingError {
    RecordingError::Unsupported {
        path: path.to_owned(),
        expected: "a whole video that is decoded here (docs/recordings.md), or any that ffmpeg decodes".to_owned(),
        got,
        way_out: "see whether another program plays it; if so, put ffmpeg on the PATH".to_owned(),
    }
}
