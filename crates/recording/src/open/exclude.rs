//! Ranges that the user wants left out, in a file beside the recording: nothing of a recording is ever deleted.
//!
//! `my_drive.exclude.json` lies beside the folder or file `my_drive` and names parts as messages do, so that a range
//! keeps its meaning whatever else is left out:
//! `{"exclude": [{"file": "driving_log.csv", "first": 120, "last": 180, "why": "parked"}]}`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::media::folder::read_plain_file;
use crate::model::entry::Place;
use crate::model::error::{BadOption, RecordingError};

/// The end of the name of the file beside `my_drive`.
const SUFFIX: &str = ".exclude.json";

/// Ten thousand ranges fit.
const MAX_BYTES: u64 = 4 << 20;

/// The ranges of one recording; none where no such file is there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exclusions {
    exclude: Vec<Exclusion>,
    /// The file that they are from.
    #[serde(skip)]
    path: PathBuf,
}

/// Parts of a file from the first to the last, both left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclusion {
    /// Name of the index file; every file where it is absent.
    file: Option<String>,
    first: usize,
    last: usize,
    /// For people to read.
    #[serde(rename = "why")]
    _why: Option<String>,
}

impl Exclusions {
    /// Reads the file that lies beside a recording.
    ///
    /// # Errors
    /// Refuses a file that is not as described, and a range that ends before it begins: a slip of the pen must not let
    /// through what was to be left out.
    pub fn beside(recording: &Path) -> Result<Self, RecordingError> {
        let Some(path) = path_beside(recording).filter(|path| path.exists()) else { return Ok(Self::default()) };
        let unreadable = |got: String| RecordingError::Unreadable {
            path: path.clone(),
            place: "whole file".to_owned(),
            expected: r#"{"exclude": [{"file": NAME, "first": NUMBER, "last": NUMBER, "why": TEXT}, …]}"#.to_owned(),
            got,
        };
        let bytes = read_plain_file(&path, MAX_BYTES).map_err(unreadable)?;
        let exclusions: Self = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        match exclusions.exclude.iter().find(|range| range.first > range.last) {
            Some(Exclusion { first, last, .. }) => Err(unreadable(format!("a range from {first} to {last}"))),
            None => Ok(Self { path, ..exclusions }),
        }
    }

    /// Refuses a range that begins behind the last row of its file or ends before the first, or names no such file.
    ///
    /// # Errors
    /// Says which range that is: it would leave nothing out, and what it was meant for would be taken.
    pub fn check<'a>(&self, places: impl Iterator<Item = &'a Place>) -> Result<(), RecordingError> {
        if self.exclude.is_empty() {
            return Ok(());
        }
        let mut files: BTreeMap<&str, RangeInclusive<usize>> = BTreeMap::new();
        for Place { file, number, .. } in places {
            let range = files.entry(file).or_insert(*number..=*number);
            *range = *number.min(range.start())..=*number.max(range.end());
        }
        match self.exclude.iter().find(|exclusion| !exclusion.meets(&files)) {
            // Without a single row the recording itself is what is wrong.
            Some(idle) if !files.is_empty() => Err(self.idle(idle, &files)),
            _ => Ok(()),
        }
    }

    fn idle(&self, idle: &Exclusion, files: &BTreeMap<&str, RangeInclusive<usize>>) -> RecordingError {
        let rows = files.iter().map(|(file, rows)| format!("{} to {} of {file}", rows.start(), rows.end()));
        let file = idle.file.as_deref().map_or(String::new(), |file| format!(" of {file}"));
        let bad = BadOption {
            option: "exclude",
            expected: format!("ranges among {}", rows.collect::<Vec<_>>().join(", ")),
            got: format!("{} to {}{file}", idle.first, idle.last),
        };
        RecordingError::Option { path: self.path.clone(), bad }
    }

    /// True for a row that is to be left out.
    pub fn cover(&self, place: &Place) -> bool {
        let covers = |exclusion: &Exclusion| {
            exclusion.is_of(&place.file) && (exclusion.first..=exclusion.last).contains(&place.number)
        };
        self.exclude.iter().any(covers)
    }
}

impl Exclusion {
    fn is_of(&self, file: &str) -> bool {
        self.file.as_deref().is_none_or(|named| named == file)
    }

    /// True if it lies, in part at least, between the first and the last row of a file.
    fn meets(&self, files: &BTreeMap<&str, RangeInclusive<usize>>) -> bool {
        let overlaps = |rows: &RangeInclusive<usize>| self.first <= *rows.end() && *rows.start() <= self.last;
        files.iter().any(|(file, rows)| self.is_of(file) && overlaps(rows))
    }
}

/// `my_drive.exclude.json` for `my_drive`, whatever way the path is written.
fn path_beside(recording: &Path) -> Option<PathBuf> {
    let recording = recording.canonicalize().ok()?;
    recording.file_name()?;
    Some(with_suffix(&recording, SUFFIX))
}

/// A path with something more behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn read(text: &str) -> Result<Exclusions, RecordingError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("drive")).unwrap();
        std::fs::write(dir.path().join("drive.exclude.json"), text).unwrap();
        Exclusions::beside(&dir.path().join("drive/../drive/"))
    }

    fn covers(exclusions: &Exclusions, file: &str, number: usize) -> bool {
        exclusions.cover(&Place::line(&Arc::from(file), number))
    }

    #[test]
    fn both_ends_of_a_range_are_left_out_of_the_file_that_it_names() {
        let exclusions = read(r#"{"exclude": [{"file": "a", "first": 3, "last": 4, "why": "parked"}]}"#).unwrap();
        let covered: Vec<usize> = (0..9).filter(|&number| covers(&exclusions, "a", number)).collect();
        assert_eq!(covered, [3, 4]);
        assert!(!covers(&exclusions, "b", 3));
        assert!(covers(&read(r#"{"exclude": [{"first": 3, "last": 3}]}"#).unwrap(), "b", 3));
    }

    #[test]
    fn a_slip_of_the_pen_is_refused() {
        for text in ["", "[]", r#"{"exclude": [{"first": 4, "last": 3}]}"#, r#"{"exclude": [{"first": 4}]}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        let message = read(r#"{"exclude": [{"form": 3, "last": 4}]}"#).unwrap_err().to_string();
        assert!(message.contains("drive.exclude.json, whole file: expected") && message.contains("form"), "{message}");
    }

    #[test]
    fn a_range_that_covers_no_row_is_refused() {
        let file: Arc<str> = "a".into();
        let places = [3, 4, 9].map(|number| Place::line(&file, number));
        let check = |range: &str| {
            let exclusions = read(&format!(r#"{{"exclude": [{{{range}}}]}}"#)).unwrap();
            exclusions.check(places.iter()).map_err(|error| error.to_string())
        };
        assert_eq!(check(r#""file": "a", "first": 9, "last": 20"#), Ok(()));
        assert_eq!(check(r#""first": 5, "last": 8"#), Ok(()), "these may be rows that cannot be used anyway");
        let message = check(r#""file": "b", "first": 3, "last": 4"#).unwrap_err();
        assert!(
            message.ends_with("drive.exclude.json, exclude: expected ranges among 3 to 9 of a, got 3 to 4 of b"),
            "{message}"
        );
        assert!(check(r#""first": 10, "last": 12"#).is_err() && check(r#""first": 0, "last": 2"#).is_err());
    }

    #[test]
    fn without_a_file_nothing_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!covers(&Exclusions::beside(dir.path()).unwrap(), "a", 0));
    }
}
