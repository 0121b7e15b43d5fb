//! The entries that a conversion has written: a line for each, behind a first line that says what is converted to what.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::media::folder::numbered_lines;
use crate::model::error::RecordingError;

const NAME: &str = "journal";

/// The journal of one conversion, locked against a second run of it.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    frames: usize,
    next_entry: usize,
}

impl Journal {
    /// Begins a journal, or goes on with the one that is there.
    ///
    /// # Errors
    /// Refuses the journal of another conversion, or of one that is going on.
    pub fn open(folder: &Path, fingerprint: &Value) -> Result<Self, RecordingError> {
        let path = folder.join(NAME);
        let opened = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = opened.map_err(RecordingError::io(&path, "cannot open"))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(unfinished_by(folder, "another run that is still going on")),
            // Some network disks know no locks; the conversion is as safe there as its user is careful.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(RecordingError::io(&path, "cannot read"))?;
        let mut journal = Self { path, file, frames: 0, next_entry: 0 };
        if text.contains(&b'\n') {
            journal.go_on(folder, &text, fingerprint)?;
        } else {
            journal.begin(fingerprint)?;
        }
        Ok(journal)
    }

    fn begin(&mut self, fingerprint: &Value) -> Result<(), RecordingError> {
        let begun = self.file.set_len(0).and_then(|()| self.file.write_all(format!("{fingerprint}\n").as_bytes()));
        begun.map_err(RecordingError::io(&self.path, "cannot write"))
    }

    fn go_on(&mut self, folder: &Path, text: &[u8], fingerprint: &Value) -> Result<(), RecordingError> {
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let mut lines = numbered_lines(&text[..whole]).map(|(_, line)| line);
        let begun = lines.next().and_then(|line| serde_json::from_slice::<Value>(line).ok());
        if begun.as_ref() != Some(fingerprint) {
            return Err(unfinished_by(folder, "the conversion of another recording, or with other options"));
        }
        for line in lines {
            let entry = str::from_utf8(line).ok().and_then(|line| line.parse::<usize>().ok());
            let entry = entry.ok_or_else(|| unfinished_by(folder, "a conversion whose journal is damaged"))?;
            (self.frames, self.next_entry) = (self.frames + 1, entry + 1);
        }
        self.file.set_len(whole as u64).map_err(RecordingError::io(&self.path, "cannot cut"))
    }

    /// Frames written so far.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The first entry that is not yet dealt with.
    pub fn next_entry(&self) -> usize {
        self.next_entry
    }

    /// Notes that an entry is written. One short line in one call: a kill leaves it whole or not there.
    pub fn note(&mut self, entry: usize) -> Result<(), RecordingError> {
        let noted = self.file.write_all(format!("{entry}\n").as_bytes());
        noted.map_err(RecordingError::io(&self.path, "cannot write"))?;
        (self.frames, self.next_entry) = (self.frames + 1, entry + 1);
        Ok(())
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
        journal.file.write_all(b"12").unwrap();
        drop(journal);
        let mut journal = Journal::open(dir.path(), &json!({"from": "a"})).unwrap();
        assert_eq!((journal.frames(), journal.next_entry()), (3, 6));
        journal.note(6).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(NAME)).unwrap(), "{\"from\":\"a\"}\n0\n1\n5\n6\n");
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
