//! The formats a recording can have, and how one is recognised. A new format is a variant here and a reader file.

use std::path::Path;

use super::entry::Log;
use super::error::RecordingError;
use super::folder::Folder;
use super::{tub_v2, udacity};

/// Layout of a recording's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `driving_log.csv` beside `IMG/`, as Udacity's behavioural-cloning simulator writes it.
    UdacitySimulator,
    /// `manifest.json`, catalogs and `images/`, as donkeycar 4 and 5 write it, and this program.
    TubV2,
}

impl Format {
    const ALL: [Self; 2] = [Self::UdacitySimulator, Self::TubV2];

    /// Name for the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::UdacitySimulator => "Udacity simulator",
            Self::TubV2 => "donkeycar tub v2",
        }
    }

    /// The file that makes a folder a recording of this format.
    fn index_file(self) -> &'static str {
        match self {
            Self::UdacitySimulator => udacity::INDEX_FILE,
            Self::TubV2 => tub_v2::INDEX_FILE,
        }
    }

    pub(super) fn read(self, folder: &Folder) -> Result<Log, RecordingError> {
        match self {
            Self::UdacitySimulator => udacity::read(folder),
            Self::TubV2 => tub_v2::read(folder),
        }
    }
}

/// Format and folder of the recording at `path`, which is the folder itself or its index file.
pub(super) fn recognise(path: &Path) -> Result<(Format, Folder), RecordingError> {
    if !path.exists() {
        return Err(RecordingError::Missing { path: path.to_owned() });
    }
    if !path.is_dir() {
        return recognise_file(path);
    }
    let found: Vec<Format> = Format::ALL.into_iter().filter(|format| path.join(format.index_file()).exists()).collect();
    match found[..] {
        [format] => Ok((format, Folder::open(path)?)),
        [] => Err(not_a_recording(path, "a folder with neither")),
        _ => Err(not_a_recording(path, "a folder with both")),
    }
}

fn recognise_file(path: &Path) -> Result<(Format, Folder), RecordingError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(format) = Format::ALL.into_iter().find(|format| format.index_file() == name) else {
        return Err(not_a_recording(path, "another file"));
    };
    // The parent of a bare file name is the empty path, which means the current folder.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((format, Folder::open(parent)?))
}

fn not_a_recording(path: &Path, got: &str) -> RecordingError {
    RecordingError::NotARecording { path: path.to_owned(), got: got.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        recognise(path).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_and_its_index_file_are_the_same_recording() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("manifest.json"), "").unwrap();
        let by_folder = recognise(dir.path()).unwrap();
        let by_file = recognise(&dir.path().join("manifest.json")).unwrap();
        assert_eq!(by_folder.0, Format::TubV2);
        assert_eq!(by_folder.0, by_file.0);
        assert_eq!(by_folder.1.path(), by_file.1.path());
    }

    #[test]
    fn a_path_that_is_no_recording_is_refused_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        assert!(refusal(&dir.path().join("nowhere")).contains("no such file or folder"));
        assert!(refusal(dir.path()).contains("a folder with neither"));
        std::fs::write(dir.path().join("notes.txt"), "hello").unwrap();
        let message = refusal(&dir.path().join("notes.txt"));
        assert!(message.contains("got another file") && !message.contains('\n'), "{message}");
    }

    #[test]
    fn a_folder_with_two_indexes_asks_which_one() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["manifest.json", "driving_log.csv"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert!(refusal(dir.path()).contains("a folder with both"));
        assert_eq!(recognise(&dir.path().join("driving_log.csv")).unwrap().0, Format::UdacitySimulator);
    }
}
