//! One row of a recording, before and after it got its place on the time line, and why a row is left out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::camera_view::CameraGuess;
use super::label::LabelProfile;
use super::pictures::{PictureRef, Pictures};
use super::timeline::{Clock, Instant};
use lane_frame::Steering;

/// One usable entry of a recording: everything but its picture.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Seconds since the recording's first entry, strictly increasing; gaps between drives are closed to one step.
    pub time_secs: f64,
    /// The recorded steering as path curvature; `None` where the recording has no label.
    pub steering: Option<Steering>,
    /// The steering as it was recorded, in the unit and with the sign of the recording's [`LabelProfile`].
    pub recorded_value: Option<f64>,
    /// Speed over ground in m/s, where known.
    pub speed_mps: Option<f32>,
    /// Where in the recording's files the entry stands.
    pub place: Place,
    pub(super) picture: PictureRef,
}

/// A part of one of the recording's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File name, relative to the recording's folder.
    pub file: Arc<str>,
    /// Number of the part: lines count from 1, frames and messages from 0, as their tools count them.
    pub number: usize,
    part: &'static str,
}

impl Place {
    pub(super) fn line(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "line" }
    }

    pub(super) fn frame(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "frame" }
    }

    pub(super) fn record(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "record" }
    }

    pub(super) fn picture(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "picture" }
    }

    pub(super) fn message(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "message" }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.file, self.part, self.number)
    }
}

/// Why a row was left out when the recording was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// Nothing but blanks on the line.
    BlankLine,
    /// Fewer or more columns than the format has: a row cut short, or two rows on one line.
    WrongColumnCount,
    /// Not one whole record: cut, two on a line, NUL bytes or another kind of file.
    DamagedRecord,
    /// A stretch of a container whose bytes are not those that were written; counted once with all that was in it.
    DamagedChunk,
    /// Steering is NaN, infinite, null or no number.
    SteeringNotANumber,
    /// Steering is outside of what the format allows.
    SteeringOutOfRange,
    /// No capture time, or one that is no date.
    NoTime,
    /// The picture it names is not in the recording's folder.
    PictureMissing,
    /// Marked as deleted by whoever made the recording.
    Deleted,
    /// A later record has the same index and therefore the picture.
    ReplacedByLaterRecord,
    /// A whole catalog that the manifest names is not there; counted once per catalog.
    CatalogMissing,
    /// Of another camera than the one that is read.
    OtherCamera,
    /// In a range that the exclude file leaves out.
    Excluded,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankLine => "blank line",
            Self::WrongColumnCount => "wrong number of columns",
            Self::DamagedRecord => "damaged record",
            Self::DamagedChunk => "damaged chunk",
            Self::SteeringNotANumber => "steering is no number",
            Self::SteeringOutOfRange => "steering out of range",
            Self::NoTime => "no capture time",
            Self::PictureMissing => "picture missing",
            Self::Deleted => "marked as deleted",
            Self::ReplacedByLaterRecord => "replaced by a later record",
            Self::CatalogMissing => "catalog missing",
            Self::OtherCamera => "other camera",
            Self::Excluded => "excluded",
        })
    }
}

/// Rows left out, counted by reason.
pub type Skipped = BTreeMap<SkipReason, usize>;

/// A usable row as its reader found it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Capture time on the recorder's own clock; only differences mean anything.
    pub recorded_ms: f64,
    /// The steering as recorded: a finite number in the unit of the log's label profile.
    pub value: Option<f64>,
    pub speed_mps: Option<f32>,
    pub place: Place,
    pub picture: PictureRef,
    /// Whether the recording says that another drive begins here; jumps of the time are found without.
    pub starts_drive: bool,
}

impl Row {
    pub fn instant(&self) -> Instant {
        Instant { recorded_ms: self.recorded_ms, starts_drive: self.starts_drive }
    }
}

/// What the reader of a format hands over: all rows in recorded order, and how they are to be taken.
#[derive(Debug)]
pub(super) struct Log {
    pub rows: Vec<Row>,
    pub skipped: Skipped,
    pub pictures: Box<dyn Pictures>,
    /// `None` where the recording has pictures and no steering.
    pub label: Option<LabelProfile>,
    /// Column or field that the steering was read from, where that was chosen.
    pub label_name: Option<String>,
    pub camera: CameraGuess,
    pub clock: Clock,
}

/// Splits judged rows into the usable ones and the counts of the others.
pub(super) fn sort_out(judged: impl IntoIterator<Item = Result<Row, SkipReason>>) -> (Vec<Row>, Skipped) {
    let (mut rows, mut skipped) = (Vec::new(), Skipped::new());
    for row in judged {
        match row {
            Ok(row) => rows.push(row),
            Err(reason) => *skipped.entry(reason).or_default() += 1,
        }
    }
    (rows, skipped)
}
