//! Errors of recordings, sorted by who has to act. Each message is one line: path, place, expected, got,
//! and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::model::format::Format;
use crate::model::skip::{SkipReason, Skipped};

/// Why a recording cannot be opened or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// The path does not exist.
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path exists and is no recording of a known format.
    NotARecording {
        /// The path that was asked for.
        path: PathBuf,
        /// The kind of file that is there instead.
        got: String,
        /// Names of the known formats.
        known: Vec<&'static str>,
    },
    /// This build lacks the reader of the recording's format.
    NotBuilt {
        /// The path that was asked for.
        path: PathBuf,
        /// Layout of its files.
        format: Format,
        /// The cargo feature that brings the reader.
        feature: &'static str,
    },
    /// A file of the recording is not as its format says.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The place in the file.
        place: String,
        /// The content that the format has there.
        expected: String,
        /// The content that is there.
        got: String,
    },
    /// Nothing is wrong with the recording, and it cannot be read here as it is.
    Unsupported {
        /// The file or folder.
        path: PathBuf,
        /// What is read here.
        expected: String,
        /// What is there.
        got: String,
        /// What can be done about it.
        way_out: String,
    },
    /// An option does not go with the recording.
    Option {
        /// The path that was asked for.
        path: PathBuf,
        /// The option and its value.
        bad: BadOption,
    },
    /// The path may be more than one recording.
    Ambiguous {
        /// The path that was asked for.
        path: PathBuf,
        /// The recordings that it may be, in words.
        candidates: Vec<String>,
        /// The way to choose between them.
        way_out: String,
    },
    /// The recording has no usable entry.
    Empty {
        /// Layout of its files.
        format: Format,
        /// The recording's folder.
        path: PathBuf,
        /// Rows left out, counted by reason.
        skipped: Skipped,
    },
    /// The recording names a file outside of its own folder.
    OutsideFolder {
        /// The name as the recording has it.
        path: PathBuf,
        /// The file that it leads to.
        target: PathBuf,
    },
    /// A recording would be written where something exists already.
    WouldOverwrite {
        /// The path that is taken.
        path: PathBuf,
    },
    /// Something else lies where a conversion keeps what is unfinished.
    Unfinished {
        /// The folder of the unfinished conversion.
        path: PathBuf,
        /// The thing that is there.
        got: &'static str,
    },
    /// A sample to be written holds a value that no recording may hold.
    Unwritable {
        /// The recording's folder.
        path: PathBuf,
        /// The sample and the value.
        place: String,
        /// The values that may be written.
        expected: String,
        /// The value to be written.
        got: String,
    },
    /// The operating system refused.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The attempt, as in "cannot read".
        doing: &'static str,
        /// The system's own words.
        source: io::Error,
    },
}

/// An option's value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOption {
    /// The option, as on the command line.
    pub option: &'static str,
    /// The values that it takes.
    pub expected: String,
    /// The value that was stated.
    pub got: String,
}

impl RecordingError {
    /// Turns a system error into one that says which path and what was being done.
    pub(crate) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, doing, source }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(f, "{}: no such file or folder; check the path", path.display()),
            Self::NotARecording { path, got, known } => write!(
                f,
                "{}: expected a recording's folder or file, got {got}; name one of a known format ({})",
                path.display(),
                known.join(", ")
            ),
            Self::NotBuilt { path, format, feature } => write!(
                f,
                "{}: expected a format that this build reads, got {}, which needs the cargo feature {feature}; build with it",
                path.display(),
                format.name()
            ),
            Self::Unreadable { path, place, expected, got } => write!(
                f,
                "{}, {place}: expected {expected}, got {got}; restore the file or record again",
                path.display()
            ),
            Self::Unsupported { path, expected, got, way_out } => {
                write!(f, "{}: expected {expected}, got {got}; {way_out}", path.display())
            }
            Self::Option { path, bad: BadOption { option, expected, got } } => {
                write!(f, "{}, {option}: expected {expected}, got {got}", path.display())
            }
            Self::Ambiguous { path, candidates, way_out } => {
                write!(f, "{}: expected one recording, got {}; {way_out}", path.display(), candidates.join(" and "))
            }
            Self::Empty { format, path, skipped } => write!(
                f,
                "{}, {}: expected at least one entry with time and picture, got none ({}); {}",
                path.display(),
                format.name(),
                counts(skipped),
                way_out(skipped)
            ),
            Self::OutsideFolder { path, target } => write!(
                f,
                "{}: expected a file inside the recording's folder, got a link to {}; copy the file into the folder, or name a folder \
                 that links may end in with --links-below",
                path.display(),
                target.display()
            ),
            Self::WouldOverwrite { path } => write!(
                f,
                "{}: expected a new path or an empty folder, got one that is taken; choose another",
                path.display()
            ),
            Self::Unfinished { path, got } => write!(
                f,
                "{}: expected this conversion, unfinished, got {got}; remove that folder or choose another --out",
                path.display()
            ),
            Self::Unwritable { path, place, expected, got } => {
                write!(f, "{}, {place}: expected {expected}, got {got}; nothing was written", path.display())
            }
            Self::Io { path, doing, source } => {
                write!(f, "{}: {doing}: {source}; check the path and its permissions", path.display())
            }
        }
    }
}

// Without a source: the system's words are in the message already, and would be said twice.
impl std::error::Error for RecordingError {}

/// What to do about a recording of which most rows are left out for this reason.
fn way_out(skipped: &Skipped) -> &'static str {
    let most = skipped.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| *reason);
    match most {
        Some(SkipReason::WrongColumnCount | SkipReason::DamagedRecord | SkipReason::BlankLine) => {
            "the rows are not as this format has them: see --format and --columns"
        }
        Some(SkipReason::SteeringNotANumber) => {
            "name the steering with --columns steering=NAME where the format allows it"
        }
        Some(SkipReason::SteeringOutOfRange) => "say what the values are with --unit",
        Some(SkipReason::NoTime) => "say how fast the frames follow with --rate",
        Some(SkipReason::Deleted | SkipReason::Excluded) => "all of it is marked as not to be used",
        Some(SkipReason::DamagedChunk) => "restore the file or record again",
        _ => "copy the whole recording, pictures included",
    }
}

/// "700 picture missing, 2 blank line", or that there were no rows.
fn counts(skipped: &Skipped) -> String {
    if skipped.is_empty() {
        return "no rows".to_owned();
    }
    let parts: Vec<String> = skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    format!("skipped: {}", parts.join(", "))
}

/// One sample whose picture cannot be used; the rest of the recording can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoiled {
    /// Position of the entry in the recording.
    pub index: usize,
    /// File and line of the entry, and the picture it names.
    pub place: String,
    /// The fault of the picture.
    pub reason: String,
}

impl fmt::Display for Spoiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}, {}: {}", self.index, self.place, self.reason)
    }
}

impl std::error::Error for Spoiled {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_the_systems_words_once() {
        let refused = RecordingError::io("drive", "cannot read")(io::Error::other("disk is gone"));
        let text = format!("{:#}", anyhow::Error::from(refused));
        assert_eq!(text, "drive: cannot read: disk is gone; check the path and its permissions");
    }
}
