//! The formats that can be written, and what each needs of a frame.

use std::path::{Path, PathBuf};

use super::csv::CsvSink;
#[cfg(feature = "mcap")]
use super::mcap::McapSink;
#[cfg(feature = "video")]
use super::mp4::Mp4Sink;
use super::sink::{Sink, label_table};
use super::tub::TubSink;
use super::udacity::UdacitySink;
use crate::Recording;
use crate::model::error::{BadOption, RecordingError};
use crate::model::format::Format;

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

    /// The name of this recording's conversion where the user states none.
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

    /// Refuses a format whose cargo feature is off.
    pub(super) fn check_built(self, out: &Path) -> Result<(), RecordingError> {
        match self {
            Self::Mp4 if cfg!(not(feature = "video")) => Err(not_built(out, Format::VIDEO, "video")),
            Self::Mcap if cfg!(not(feature = "mcap")) => Err(not_built(out, Format::MCAP, "mcap")),
            _ => Ok(()),
        }
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
            #[cfg(feature = "video")]
            Self::Mp4 => Box::new(Mp4Sink::open(from, path, frames)?),
            #[cfg(feature = "mcap")]
            Self::Mcap => Box::new(McapSink::open(from, path, frames)?),
            #[cfg(not(feature = "video"))]
            Self::Mp4 => return Err(not_built(path, Format::VIDEO, "video")),
            #[cfg(not(feature = "mcap"))]
            Self::Mcap => return Err(not_built(path, Format::MCAP, "mcap")),
        })
    }
}

fn not_built(path: &Path, format: Format, feature: &'static str) -> RecordingError {
    RecordingError::NotBuilt { path: path.to_owned(), format, feature }
}
