//! The target of a path: a folder, and in it perhaps the one file that is the recording or its index.

use std::path::{Path, PathBuf};

use crate::media::folder::Folder;
use crate::model::error::RecordingError;

/// A recording's folder and, where the path named a file, that file's name in it.
#[derive(Debug)]
pub(crate) struct Source {
    pub folder: Folder,
    pub file: Option<String>,
}

impl Source {
    /// A folder as a whole.
    pub fn of_folder(path: &Path) -> Result<Self, RecordingError> {
        Ok(Self { folder: Folder::open(path)?, file: None })
    }

    /// A file in its folder.
    pub fn of_file(path: &Path) -> Result<Self, RecordingError> {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        // The parent of a bare file name is the empty path, which means the current folder.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { folder: Folder::open(parent)?, file })
    }

    /// The named file, or the one that the format has.
    pub fn file_or<'a>(&'a self, usual: &'a str) -> &'a str {
        self.file.as_deref().unwrap_or(usual)
    }

    /// The path as the user knows it.
    pub fn path(&self) -> PathBuf {
        match &self.file {
            Some(file) => self.folder.path().join(file),
            None => self.folder.path().to_owned(),
        }
    }
}
