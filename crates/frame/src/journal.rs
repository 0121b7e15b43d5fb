//! Journals: lines on disk behind a first line that says what they belong to, so that a run that was killed goes on
//! where it stopped.
//!
//! A line is written by one call, so a kill leaves at most one unfinished line, the last. Readers leave it out, and it
//! is cut off before the next line is written.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A journal being written, locked against another run until it is dropped.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    end: Mutex<End>,
}

/// Where the next line goes.
#[derive(Debug)]
struct End {
    file: File,
    /// Bytes of whole lines when the journal was opened, as long as what follows them is not cut off.
    whole: Option<u64>,
}

/// The reason why a journal cannot be used.
#[derive(Debug)]
pub enum JournalError {
    /// Another run is writing it.
    Busy(PathBuf),
    /// It is a folder or a device, which might be read without end.
    NotAFile(PathBuf),
    /// The system refuses.
    Io {
        /// The journal.
        path: PathBuf,
        /// `cannot write` or `cannot read`.
        refusal: &'static str,
        /// The system's words.
        source: io::Error,
    },
}

impl JournalError {
    fn io(path: &Path, refusal: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), refusal, source }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(path) => write!(f, "{}: another run is writing it", path.display()),
            Self::NotAFile(path) => write!(f, "cannot write {}: it is not a file", path.display()),
            Self::Io { path, refusal, .. } => write!(f, "{refusal} {}", path.display()),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Busy(_) | Self::NotAFile(_) => None,
        }
    }
}

impl Journal {
    /// Opens a journal, with the folders above it, and gives its whole lines. Without any it has not begun: its first
    /// line is the caller's to write. Nothing is written before the first [`Journal::append`].
    ///
    /// # Errors
    /// Refuses a journal that another run is writing, what is no file, and a place that cannot be read and written.
    pub fn open(path: &Path) -> Result<(Self, Vec<u8>), JournalError> {
        let refused = || JournalError::io(path, "cannot write");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(refused())?;
        }
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).to_owned();
        let mut file = options.open(path).map_err(refused())?;
        if !file.metadata().map_err(refused())?.is_file() {
            return Err(JournalError::NotAFile(path.to_owned()));
        }
        // Some network disks know no locks; a journal is as safe there as its user is careful.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(JournalError::Busy(path.to_owned()));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(JournalError::io(path, "cannot read"))?;
        keep_whole_lines(&mut text);
        let end = End { file, whole: Some(text.len() as u64) };
        Ok((Self { path: path.to_owned(), end: Mutex::new(end) }, text))
    }

    /// Writes a line, given without its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&self, line: &str) -> Result<(), JournalError> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.append(&format!("{line}\n")).map_err(JournalError::io(&self.path, "cannot write"))
    }
}

impl End {
    fn append(&mut self, line: &str) -> io::Result<()> {
        if let Some(whole) = self.whole {
            self.file.set_len(whole)?;
            self.file.seek(SeekFrom::Start(whole))?;
            self.whole = None;
        }
        self.file.write_all(line.as_bytes())
    }
}

/// The whole lines of a journal that nobody needs to write.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, JournalError> {
    let mut text = std::fs::read(path).map_err(JournalError::io(path, "cannot read"))?;
    keep_whole_lines(&mut text);
    Ok(text)
}

fn keep_whole_lines(text: &mut Vec<u8>) {
    text.truncate(text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/journal");
        (folder, path)
    }

    #[test]
    fn a_journal_goes_on_behind_its_last_whole_line() {
        let (_folder, path) = place();
        let (journal, text) = Journal::open(&path).unwrap();
        assert!(text.is_empty());
        ["head", "1"].into_iter().for_each(|line| journal.append(line).unwrap());
        drop(journal);
        // The first byte of a sign of two: a kill may leave half a sign behind.
        std::fs::write(&path, b"head\n1\nhal\xc3").unwrap();
        assert_eq!(read(&path).unwrap(), b"head\n1\n");
        let (journal, text) = Journal::open(&path).unwrap();
        assert_eq!(text, b"head\n1\n");
        ["2", "3"].into_iter().for_each(|line| journal.append(line).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"head\n1\n2\n3\n");
    }

    #[test]
    fn a_file_that_is_only_looked_at_stays_as_it_is() {
        let (_folder, path) = place();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "somebody's notes\nwithout an end").unwrap();
        assert_eq!(Journal::open(&path).unwrap().1, b"somebody's notes\n");
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody's notes\nwithout an end");
    }

    #[test]
    fn a_second_run_at_the_same_time_is_refused() {
        let (_folder, path) = place();
        let _first = Journal::open(&path).unwrap();
        let message = Journal::open(&path).unwrap_err().to_string();
        assert_eq!(message, format!("{}: another run is writing it", path.display()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_device_is_refused_and_a_full_disk_is_reported_with_the_name_of_the_file() {
        let full = Path::new("/dev/full");
        assert_eq!(Journal::open(full).unwrap_err().to_string(), "cannot write /dev/full: it is not a file");
        let file = OpenOptions::new().write(true).open(full).unwrap();
        let journal = Journal { path: full.into(), end: Mutex::new(End { file, whole: None }) };
        let error = journal.append("a line").unwrap_err();
        assert_eq!(error.to_string(), "cannot write /dev/full");
        assert!(std::error::Error::source(&error).is_some());
    }
}
