//! Files that are whole or not there: written beside their place under another name and moved when complete. What a
//! killed run left of its files goes when the next file is made in that folder.

use anyhow::Context as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How names of files in the making begin.
const PREFIX: &str = ".unfinished-";

/// A file in the making.
pub struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// Starts a file, with the folders above it. What is at `path` stays until [`WholeFile::commit`].
    ///
    /// # Errors
    /// Refuses a path that cannot be written, naming it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let refusal = || format!("cannot write {}", path.display());
        anyhow::ensure!(!path.is_dir(), "{}: it is a folder; give a file name", refusal());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(refusal)?;
        // Locks that only say something exist on Unix; elsewhere they would keep the writer out too.
        let locks = cfg!(unix);
        if locks {
            clear_leftovers(folder);
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        // The default would keep the finished file from other users; the umask still applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).with_context(refusal)?;
        if locks {
            // Says that it is being written. Where a disk knows no locks, leftovers stay.
            let _ = file.as_file().try_lock();
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where to write; a new writer starts at the beginning.
    ///
    /// # Errors
    /// When the file in the making has gone, naming its place.
    pub fn writer(&self) -> anyhow::Result<BufWriter<File>> {
        let file = self.file.reopen().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(BufWriter::new(file))
    }

    /// Writes all of it and moves it to its place.
    ///
    /// # Errors
    /// When it cannot be written, naming its place.
    pub fn finish(self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut writer = self.writer()?;
        let written = writer.write_all(bytes).and_then(|()| writer.flush());
        written.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.commit()
    }

    /// Moves the finished file to its place.
    ///
    /// # Errors
    /// When the place has become unwritable since, naming it.
    pub fn commit(self) -> anyhow::Result<()> {
        let path = self.path;
        // Before the rename, or a power cut could leave an empty file in place of a good one.
        self.file.as_file().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
        self.file.persist(&path).map(drop).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Removes files in the making that nobody has open. The system lets go of the lock when a run ends, however it ends.
fn clear_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let left = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if left {
            // It is in nobody's way: whether it can be removed does not matter to the new file.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Writes a whole file at once.
///
/// # Errors
/// Refuses a path that cannot be written, naming it.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    WholeFile::create(path)?.finish(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/picture.png");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "old").unwrap();
        let output = WholeFile::create(&path).unwrap();
        output.writer().unwrap().write_all(b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        output.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".unfinished-a1b2c3"), "half").unwrap();
        let [first, second] = ["a.json", "b.json"].map(|name| WholeFile::create(&folder.path().join(name)).unwrap());
        assert!(!folder.path().join(".unfinished-a1b2c3").exists());
        first.finish(b"first").unwrap();
        second.finish(b"second").unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.json", "b.json"]);
    }

    #[test]
    fn a_path_below_a_file_or_at_a_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for path in [folder.path().join("file/picture.png"), folder.path().to_owned()] {
            let message = format!("{:#}", WholeFile::create(&path).err().unwrap());
            assert!(message.contains(&path.display().to_string()), "{message}");
        }
    }
}
