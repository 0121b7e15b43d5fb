//! A folder of pictures that grows along with a table beside it.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::sink::move_to_place;
use crate::media::folder::cut_lines;
use crate::model::error::RecordingError;

/// A folder that grows by one picture and one line at a time.
pub(super) struct PictureFolder {
    path: PathBuf,
    picture_folder: &'static str,
    table: File,
    table_path: PathBuf,
}

impl PictureFolder {
    /// Begins a folder, or goes on behind so many lines of its table; `header` is the first of them where it has one.
    pub fn open(
        path: &Path,
        picture_folder: &'static str,
        table_name: &str,
        header: Option<&str>,
        frames: usize,
    ) -> Result<Self, RecordingError> {
        let table_path = path.join(table_name);
        fs::create_dir_all(path.join(picture_folder)).map_err(RecordingError::io(path, "cannot create the folder"))?;
        let opened = OpenOptions::new().append(true).create(true).open(&table_path);
        let mut table = opened.map_err(RecordingError::io(&table_path, "cannot open"))?;
        let lines = cut_lines(&table_path, if frames > 0 { frames + usize::from(header.is_some()) } else { 0 })?;
        if let Some(header) = header.filter(|_| lines.is_empty()) {
            let written = table.write_all(format!("{header}\n").as_bytes());
            written.map_err(RecordingError::io(&table_path, "cannot write"))?;
        }
        Ok(Self { path: path.to_owned(), picture_folder, table, table_path })
    }

    /// Adds a picture, and then its line: no line names a picture that is not there.
    pub fn append(&mut self, picture_name: &str, jpeg: &[u8], line: &str) -> Result<(), RecordingError> {
        let picture_path = self.path.join(self.picture_folder).join(picture_name);
        fs::write(&picture_path, jpeg).map_err(RecordingError::io(picture_path, "cannot write"))?;
        let written = self.table.write_all(format!("{}/{picture_name},{line}\n", self.picture_folder).as_bytes());
        written.map_err(RecordingError::io(&self.table_path, "cannot write"))
    }

    pub fn finish(self, out: &Path) -> Result<(), RecordingError> {
        self.table.sync_all().map_err(RecordingError::io(&self.table_path, "cannot finish"))?;
        move_to_place(&self.path, out)
    }
}
