//! Reasons for which rows are left out when a recording is opened.

use std::collections::BTreeMap;
use std::fmt;

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
