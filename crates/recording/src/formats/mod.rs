//! The formats that are read. Each is a file or folder of its own with its name, its [`Reader`], and the label and
//! camera that all its recordings have; here it has a line among the modules and one in [`READERS`].

pub(crate) mod comma2k19;
pub(crate) mod donkey;
mod images;
mod lerobot;
pub(crate) mod mcap;
#[cfg(feature = "mcap")]
mod messages;
pub(crate) mod npz;
mod rosbag;
pub(crate) mod sully_chen;
mod tub_v1;
pub(crate) mod tub_v2;
pub(crate) mod udacity;
pub(crate) mod udacity_car;
mod video;

use crate::media::listing::numeric_order;
use crate::media::source::Source;
use crate::model::entry::Log;
use crate::model::error::{BadOption, RecordingError};
use crate::model::format::Format;
use crate::model::options::{Columns, RecordingOptions};

/// Every format, in the order in which help lists them. The first table of these that a line fits is taken.
pub(crate) const READERS: [&Reader; 13] = [
    &udacity::READER,
    &tub_v1::READER,
    &tub_v2::READER,
    &sully_chen::READER,
    &comma2k19::READER,
    &udacity_car::READER,
    &images::READER,
    &video::READER,
    &lerobot::READER,
    &mcap::READER,
    &rosbag::ROS2,
    &rosbag::ROS1,
    &npz::READER,
];

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; READERS.len()] = {
        let mut all = [READERS[0].format; READERS.len()];
        let mut i = 1;
        while i < all.len() {
            all[i] = READERS[i].format;
            i += 1;
        }
        all
    };
}

/// One format: how its recordings are recognised, and the function that reads them.
#[derive(Debug)]
pub(crate) struct Reader {
    pub format: Format,
    /// The sign by which a folder shows that it is a recording of this format.
    pub mark: Mark,
    /// The sign by which a text file of any name shows that it is the table of such a recording.
    pub table: Option<TableMark>,
    /// The keys of `--columns` that the reader goes by.
    pub columns: &'static [&'static str],
    /// The reading function, or the cargo feature that this build would need for it.
    pub read: Result<Read, &'static str>,
}

/// Lists the rows of a recording.
pub(crate) type Read = fn(&Source, &RecordingOptions) -> Result<Log, RecordingError>;

/// The sign of a format in the names of a folder's files.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// A file of this name.
    File(&'static str),
    /// A subfolder of this name.
    Folder(&'static str),
    /// Files named so, one for each entry; and the name of a file beside them that may be named in their place.
    Records { is_record: fn(&str) -> bool, beside: &'static str },
    /// Each file with one of these extensions is a recording.
    Extensions(&'static [&'static str]),
    /// The same, or a part of one: some recorders begin a new file now and then, and number them.
    Parts(&'static [&'static str]),
    /// Pictures, alone or with a table.
    Pictures,
}

impl Mark {
    /// Of several formats that a folder may have, those of the lowest rank count: a video or pictures beside an index
    /// belong to the index.
    pub fn rank(self) -> u8 {
        match self {
            Self::File(_) | Self::Folder(_) | Self::Records { .. } => 0,
            Self::Extensions(_) | Self::Parts(_) => 1,
            Self::Pictures => 2,
        }
    }

    /// True for a file that is one of many that each hold an entry.
    pub fn is_record(self, name: &str) -> bool {
        matches!(self, Self::Records { is_record, .. } if is_record(name))
    }

    /// True for a name that alone tells that its file belongs to such a recording.
    pub fn has_name(self, name: &str) -> bool {
        match self {
            Self::File(index) => name == index,
            Self::Records { is_record, beside } => is_record(name) || name == beside,
            Self::Extensions(extensions) | Self::Parts(extensions) => has_extension(name, extensions),
            Self::Folder(_) | Self::Pictures => false,
        }
    }
}

/// The sign of a format in the first lines of a text file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableMark {
    /// Extensions that such tables have.
    pub extensions: &'static [&'static str],
    /// True for a file of this name that may be such a table by its first lines, two at most.
    pub is_head: fn(&str, &[&[u8]]) -> bool,
}

impl TableMark {
    /// True for a file of this name with these first lines.
    pub fn fits(self, name: &str, lines: &[&[u8]]) -> bool {
        has_extension(name, self.extensions) && (self.is_head)(name, lines)
    }
}

impl Reader {
    /// True if one file is the whole recording, false if a folder is.
    pub fn is_one_file(&self) -> bool {
        matches!(self.mark, Mark::Extensions(_) | Mark::Parts(_))
    }

    /// Lists the rows of a recording.
    ///
    /// # Errors
    /// Refuses columns that this format does not go by, a format that this build cannot read, and what its reader
    /// refuses.
    pub fn read(&self, source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
        self.check_columns(source, &options.columns)?;
        let lacking = |feature| RecordingError::NotBuilt { path: source.path(), format: self.format, feature };
        self.read.map_err(lacking)?(source, options)
    }

    /// Refuses columns that would be read from nowhere.
    fn check_columns(&self, source: &Source, columns: &Columns) -> Result<(), RecordingError> {
        let Some((key, value)) = columns.stated().find(|(key, _)| !self.columns.contains(key)) else { return Ok(()) };
        let expected = match self.columns {
            [] => format!("nothing: the columns of {} are fixed", self.format.name()),
            keys => format!("{} of {}", keys.join(", "), self.format.name()),
        };
        let bad = BadOption { option: "--columns", expected, got: format!("{key}={value}") };
        Err(RecordingError::Option { path: source.path(), bad })
    }
}

/// The file that is the recording, or its parts in the order of their numbers where a folder is.
///
/// # Errors
/// Says that the folder cannot be listed.
pub(crate) fn parts(source: &Source, extensions: &[&str]) -> Result<Vec<String>, RecordingError> {
    if let Some(file) = &source.file {
        return Ok(vec![file.clone()]);
    }
    let names = source.folder.names_in("")?.into_iter();
    let mut names: Vec<String> =
        names.filter(|name| !name.starts_with('.') && has_extension(name, extensions)).collect();
    names.sort_by(|a, b| numeric_order(a, b));
    // Messages name their file by a number of 16 bits.
    names.truncate(usize::from(u16::MAX));
    Ok(names)
}

/// True for names that differ in nothing but their numbers, as those of a recording's parts do.
pub(crate) fn are_parts(names: &[&String]) -> bool {
    let without_digits = |name: &str| name.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let is_numbered = |name: &str| name.contains(|letter: char| letter.is_ascii_digit());
    names.windows(2).all(|pair| without_digits(pair[0]) == without_digits(pair[1]) && is_numbered(pair[1]))
}

/// True for a file's name that ends in one of these extensions, in letters of either size.
pub(crate) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = std::path::Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn formats_differ_in_name_in_id_and_in_mark() {
        let distinct = |of: fn(&Reader) -> String| READERS.map(of).into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|reader| reader.format.id().to_owned()), READERS.len());
        assert_eq!(distinct(|reader| reader.format.name().to_owned()), READERS.len());
        assert_eq!(distinct(|reader| format!("{:?}", reader.mark)), READERS.len());
    }

    #[test]
    fn a_format_whose_feature_is_off_is_refused_by_its_name_and_the_feature() {
        let reader = Reader { read: Err("mcap"), mark: Mark::Extensions(&["mcap"]), ..images::READER };
        let dir = tempfile::tempdir().unwrap();
        let source = Source::of_folder(dir.path()).unwrap();
        let message = reader.read(&source, &RecordingOptions::default()).unwrap_err().to_string();
        assert!(message.contains("got images, which needs the cargo feature mcap"), "{message}");
    }
}
