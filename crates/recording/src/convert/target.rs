//! The formats that can be written, and what each needs of a frame.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::files::{McapSink, VideoSink};
use super::tables::{CsvSink, UdacitySink};
use super::{Appended, Encoded, Passing};
use crate::error::{BadOption, RecordingError};
use crate::exclude::with_suffix;
use crate::stated_camera::{CAMERA_KEY, StatedCamera};
use crate::tub_v2::{TubRecord, TubWriter};
use crate::{LabelProfile, Recording};

/// A format to convert to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// donkeycar tub, version 2: a folder.
    Tub,
    /// Udacity simulator: a folder.
    Udacity,
    /// `labels.csv` and `images/`: a folder.
    Csv,
    /// MP4 with H.264, and a table of labels beside it.
    Mp4,
    /// MCAP with compressed images and labels.
    Mcap,
}

impl Target {
    /// Every target, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Tub, Self::Udacity, Self::Csv, Self::Mp4, Self::Mcap];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tub => "tub",
            Self::Udacity => "udacity",
            Self::Csv => "csv",
            Self::Mp4 => "mp4",
            Self::Mcap => "mcap",
        }
    }

    /// What a conversion of this recording is called where no name is given.
    pub fn usual_name(self, recording: &Path) -> String {
        let canonical = recording.canonicalize().unwrap_or_else(|_| recording.to_owned());
        let stem = canonical.file_stem().map_or_else(|| "recording".into(), |stem| stem.to_string_lossy());
        match self {
            _ if self.is_one_file() => format!("{stem}.{}", self.name()),
            _ => format!("{stem}-{}", self.name()),
        }
    }

    /// Refuses a file name that would not be recognised again by its extension.
    pub(super) fn check_name(self, out: &Path) -> Result<(), RecordingError> {
        let is_named = |extension: &str| out.extension().is_some_and(|got| got.eq_ignore_ascii_case(extension));
        if !self.is_one_file() || is_named(self.name()) {
            return Ok(());
        }
        let bad = BadOption {
            option: "--out",
            expected: format!("a name that ends in .{}", self.name()),
            got: out.file_name().map_or("none".to_owned(), |name| name.to_string_lossy().into_owned()),
        };
        Err(RecordingError::Option { path: out.to_owned(), bad })
    }

    fn is_one_file(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mcap)
    }

    /// Everything that will be there in the end.
    pub(super) fn results(self, out: &Path) -> Vec<PathBuf> {
        match self {
            Self::Mp4 => vec![out.to_owned(), label_table(out)],
            Self::Tub | Self::Udacity | Self::Csv | Self::Mcap => vec![out.to_owned()],
        }
    }

    pub(super) fn wants_pixels(self) -> bool {
        self == Self::Mp4
    }

    /// Begins what is to be written at `path`, or goes on behind so many frames of it.
    pub(super) fn open(self, from: &Recording, path: &Path, frames: usize) -> Result<Box<dyn Sink>, RecordingError> {
        Ok(match self {
            Self::Tub => Box::new(TubSink::open(from, path, frames)?),
            Self::Udacity => Box::new(UdacitySink::open(path, frames)?),
            Self::Csv => Box::new(CsvSink::open(path, frames, from.label().is_some())?),
            Self::Mp4 => Box::new(VideoSink::open(from, path, frames)?),
            Self::Mcap => Box::new(McapSink::open(from, path, frames)?),
        })
    }
}

/// The table of labels beside a video.
pub(super) fn label_table(video: &Path) -> PathBuf {
    with_suffix(&video.with_extension(""), ".csv")
}

/// What takes the frames of a conversion, in order.
pub(super) trait Sink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError>;

    /// Completes the new recording and moves it to its place.
    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError>;
}

/// Moves a finished file or folder to its place, making the folders above it.
pub(super) fn move_to_place(from: &Path, out: &Path) -> Result<(), RecordingError> {
    fs::rename(from, out).map_err(RecordingError::io(out, "cannot move the finished recording here"))
}

struct TubSink {
    writer: TubWriter,
    path: PathBuf,
}

impl TubSink {
    fn open(from: &Recording, path: &Path, frames: usize) -> Result<Self, RecordingError> {
        let metadata = json!({
            CAMERA_KEY: StatedCamera::of(from.picture_size(), from.view()),
            "liquid_lane/converted_from": {
                "name": from.path().file_name().map(|name| name.to_string_lossy()),
                "format": from.format().id(),
                "label": from.label().map(|label| label.to_string()),
            },
        });
        // A run that was ended before its first frame may have left a tub without one.
        let writer = if frames == 0 {
            let _ = fs::remove_dir_all(path);
            TubWriter::create(path, &metadata)?
        } else {
            TubWriter::resume(path, &metadata, frames as u64)?
        };
        Ok(Self { writer, path: path.to_owned() })
    }
}

impl Sink for TubSink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Passing { time_secs, steering, speed_mps, picture: Encoded::Jpeg(jpeg), .. } = passing else {
            return Ok(Appended::Refused);
        };
        self.writer.append_jpeg(&TubRecord { time_secs, steering, speed_mps, cross_track_m: None }, &jpeg)?;
        // The curvature is whole in a key of its own; what may be clipped is the angle for donkeycar's tools.
        let is_clipped = steering.is_some_and(|steering| LabelProfile::DONKEY.share(steering).abs() > 1.0 + 1e-6);
        Ok(if is_clipped { Appended::LabelClipped } else { Appended::Whole })
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        self.writer.finish()?;
        move_to_place(&self.path, out)
    }
}
