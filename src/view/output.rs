//! Files that are whole or not there: written beside their place under another name and moved when complete.

use super::raster::Raster;
use anyhow::Context as _;
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file in the making.
pub struct OutputFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl OutputFile {
    /// Starts a file, with the folders above it. What is at `path` stays until [`OutputFile::commit`].
    ///
    /// # Errors
    /// Refuses a path that cannot be written, naming it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let refusal = || format!("cannot write {}", path.display());
        anyhow::ensure!(!path.is_dir(), "{}: it is a folder; give a file name", refusal());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(refusal)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unfinished-");
        // The default would keep the finished file from other users; the umask still applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).with_context(refusal)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Where to write.
    pub fn writer(&self) -> anyhow::Result<BufWriter<File>> {
        let file = self.file.reopen().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(BufWriter::new(file))
    }

    /// Moves the finished file to its place.
    ///
    /// # Errors
    /// When the place has become unwritable since, naming it.
    pub fn commit(self) -> anyhow::Result<()> {
        let path = self.path;
        self.file.persist(&path).map(drop).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Saves what a raster holds as a PNG.
///
/// # Errors
/// Refuses a path that cannot be written, naming it.
pub fn write_png(raster: &Raster, path: &Path) -> anyhow::Result<()> {
    let output = OutputFile::create(path)?;
    encode_png(raster, &output)?;
    output.commit()
}

/// Writes a raster's pixels into a file in the making.
pub(super) fn encode_png(raster: &Raster, output: &OutputFile) -> anyhow::Result<()> {
    let (size, encoder) = (raster.size(), PngEncoder::new(output.writer()?));
    encoder
        .write_image(raster.rgba(), size.width, size.height, ExtendedColorType::Rgba8)
        .with_context(|| format!("cannot write {}", output.path.display()))
}

/// The first of `NAME-001.png`, `NAME-002.png` and so on that does not exist in this folder.
pub fn next_free_png(folder: &Path, name: &str) -> PathBuf {
    let numbered = |number: u32| folder.join(format!("{name}-{number:03}.png"));
    (1..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| numbered(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn an_existing_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/picture.png");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "old").unwrap();
        let output = OutputFile::create(&path).unwrap();
        output.writer().unwrap().write_all(b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        output.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_path_below_a_file_or_at_a_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for path in [folder.path().join("file/picture.png"), folder.path().to_owned()] {
            let message = format!("{:#}", OutputFile::create(&path).err().unwrap());
            assert!(message.contains(&path.display().to_string()), "{message}");
        }
    }

    #[test]
    fn screenshots_never_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("liquid-lane-001.png"), "").unwrap();
        assert!(next_free_png(folder.path(), "liquid-lane").ends_with("liquid-lane-002.png"));
    }
}
