//! The entries that a conversion has written: a line for each, behind a first line that says what is converted to what.

use std::io;
use std::path::{Path, PathBuf};

use lane_frame::journal::{self, JournalError};
use serde_json::Value;

use crate::media::folder::numbered_lines;
use crate::model::error::RecordingError;

const NAME: &str = "journal";

/// The journal of one conversion, locked against a second run of it.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    lines: journal::Journal,
    frames: usize,
    next_entry: usize,
}

impl Journal {
    /// Begins a journal, or goes on with the one that is there.
    ///
    /// # Errors
    /// Refuses the journal of another conversion, or of one that is going on.
    pub fn open(folder: &Path, fingerprint: &Value) -> Result<Self, RecordingError> {
        let (lines, text) = journal::Journal::open(&folder.join(NAME)).map_err(|error| refusal(folder, error))?;
        let mut journal = Self { folder: folder.to_owned(), lines, frames: 0, next_entry: 0 };
        if text.is_empty() {
            journal.append(&fingerprint.to_string())?;
        } else {
            journal.go_on(&text, fingerprint)?;
        }
        Ok(journal)
    }

    fn go_on(&mut self, text: &[u8], fingerprint: &Value) -> Result<(), RecordingError> {
        let mut lines = numbered_lines(text).map(|(_, line)| line);
        let begun = lines.next().and_then(|line| serde_json::from_slice::<Value>(line).ok());
        if begun.as_ref() != Some(fingerprint) {
            return Err(unfinished_by(&self.folder, "the conversion of another recording, or with other options"));
        }
        for line in lines {
            let entry = str::from_utf8(line).ok().and_then(|line| line.parse::<usize>().ok());
            let entry = entry.ok_or_else(|| unfinished_by(&self.folder, "a conversion whose journal is damaged"))?;
            (self.frames, self.next_entry) = (self.frames + 1, entry + 1);
        }
        Ok(())
    }

    fn append(&self, line: &str) -> Result<(), RecordingError> {
        self.lines.append(line).map_err(|error| refusal(&self.folder, error))
    }

    /// Frames written so far.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The first entry that is not yet dealt with.
    pub fn next_entry(&self) -> usize {
        self.next_entry
    }

    /// Notes that an entry is written.
    pub fn note(&mut self, entry: usize) -> Result<(), RecordingError> {
        self.append(&entry.to_string())?;
        (self.frames, self.next_entry) = (self.frames + 1, entry + 1);
        Ok(())
    }
}

fn refusal(folder: &Path, error: JournalError) -> RecordingError {
    match error {
        JournalError::Busy(_) => unfinished_by(folder, "another run that is still going on"),
        JournalError::NotAFile(path) => RecordingError::io(path, "cannot open")(io::ErrorKind::InvalidInput.into()),
        JournalError::Io { path, refusal, source } => RecordingError::io(path, refusal)(source),
    }
}

fn unfinished_by(folder: &Path, got: &'static str) -> RecordingError {
    RecordingError::Unfinished { path: folder.to_owned(), got }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    #[test]
    fn a_journal_goes_on_behind_its_last_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path(), &json!({"from": "a"})).unwrap();
        [0, 1, 5].into_iter().for_each(|entry| journal.note(entry).unwrap());
        assert_eq!((journal.frames(), journal.next_entry()), (3, 6));
        drop(journal);
        let path = dir.path().join(NAME);
        fs::write(&path, fs::read_to_string(&path).unwrap() + "12").unwrap();
        let mut journal = Journal::open(dir.path(), &json!({"from": "a"})).unwrap();
        assert_eq!((journal.frames(), journal.next_entry()), (3, 6));
        journal.note(6).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "{\"from\":\"a\"}\n0\n1\n5\n6\n");
    }

    #[test]
    fn the_journal_of_another_conversion_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::open(dir.path(), &json!({"from": "a"})).unwrap());
        let message = Journal::open(dir.path(), &json!({"from": "b"})).unwrap_err().to_string();
        assert!(message.contains("another recording") && message.contains("--out"), "{message}");
    }

    #[test]
    fn a_second_run_at_the_same_time_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Journal::open(dir.path(), &json!({})).unwrap();
        assert!(Journal::open(dir.path(), &json!({})).unwrap_err().to_string().contains("still going on"));
    }

    #[test]
    fn a_journal_that_never_got_its_first_line_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "{\"from").unwrap();
        assert_eq!(Journal::open(dir.path(), &json!({"from": "a"})).unwrap().frames(), 0);
    }
}
