//! A recording's folder as a fence: files are found by base name below it, and nothing outside is ever opened.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::model::error::RecordingError;

/// Larger text files are refused before they are read: 2 million rows of the widest log seen fit.
const MAX_TEXT_BYTES: u64 = 512 << 20;

/// An existing folder that all files of a recording must lie in.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    canonical: PathBuf,
    /// Another folder in which links may end.
    links_below: Option<PathBuf>,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let canonical = path.canonicalize().map_err(RecordingError::io(path, "cannot open"))?;
        Ok(Self { path: path.to_owned(), canonical, links_below: None })
    }

    /// This folder, with links that end below another one followed too.
    ///
    /// # Errors
    /// Says that the other folder is not there.
    pub fn with_links_below(self, other: Option<&Path>) -> Result<Self, RecordingError> {
        let canonical = |path: &Path| path.canonicalize().map_err(RecordingError::io(path, "cannot open"));
        Ok(Self { links_below: other.map(canonical).transpose()?, ..self })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path behind a relative name, links followed.
    ///
    /// # Errors
    /// Refuses a name that leads out of the folder, or to nothing.
    pub fn resolve(&self, name: &str) -> Result<PathBuf, RecordingError> {
        let path = self.path.join(name);
        let target = path.canonicalize().map_err(RecordingError::io(&path, "cannot open"))?;
        let is_inside = |folder: &PathBuf| target.starts_with(folder);
        if is_inside(&self.canonical) || self.links_below.as_ref().is_some_and(is_inside) {
            Ok(target)
        } else {
            Err(RecordingError::OutsideFolder { path, target })
        }
    }

    /// Names of what lies directly in a subfolder (`""` for the folder itself). One listing, because looking for
    /// 100,000 pictures one by one is slow on network disks.
    pub fn names_in(&self, subfolder: &str) -> Result<HashSet<String>, RecordingError> {
        let path = self.resolve(subfolder)?;
        let entries = fs::read_dir(&path).map_err(RecordingError::io(&path, "cannot list"))?;
        // A name that is not UTF-8 cannot be named by a JSON or CSV index either.
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// Names of the folders that lie directly in a subfolder, in the order of the alphabet.
    pub fn subfolders(&self, subfolder: &str) -> Result<Vec<String>, RecordingError> {
        let path = self.resolve(subfolder)?;
        let entries = fs::read_dir(&path).map_err(RecordingError::io(&path, "cannot list"))?;
        let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Whole content of a text file as UTF-8 with line feeds, without a byte order mark.
    ///
    /// # Errors
    /// Refuses what is no plain file, or is larger than any index can be.
    pub fn read_text(&self, name: &str) -> Result<Vec<u8>, RecordingError> {
        let path = self.resolve(name)?;
        let bytes = read_plain_file(&path, MAX_TEXT_BYTES).map_err(|got| RecordingError::Unreadable {
            path,
            place: "whole file".to_owned(),
            expected: format!("a text file of at most {} MiB", MAX_TEXT_BYTES >> 20),
            got,
        })?;
        Ok(plain_text(bytes))
    }
}

/// A text, or the beginning of one, as UTF-8 without a byte order mark. Spreadsheets write UTF-16, and old ones end lines
/// with a carriage return alone.
pub(crate) fn plain_text(bytes: Vec<u8>) -> Vec<u8> {
    let utf16 = |of_pair: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().skip(1).map(|&pair| of_pair(pair)).collect();
        String::from_utf16_lossy(&units).into_bytes()
    };
    let mut text = match bytes[..] {
        [0xFF, 0xFE, ..] => utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf16(u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, ..] => bytes[3..].to_vec(),
        _ => bytes,
    };
    if !text.contains(&b'\n') {
        text.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    }
    text
}

/// Reads a plain file up to a size; says in words what stands in the way.
pub(crate) fn read_plain_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    // Asked before opening: a named pipe would block for ever.
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("no plain file".to_owned());
    }
    if metadata.len() > max_bytes {
        return Err(format!("{} bytes", metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(max_bytes).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The part of a path after its last separator, of either system. Recordings name files by where they lay on the
/// machine that recorded; only this part means anything here.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Lines with their numbers from 1, without line ends; what follows the last line end counts only if it is not empty.
pub(crate) fn numbered_lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = (!text.is_empty()).then(|| text.split(|&byte| byte == b'\n')).into_iter().flatten();
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).enumerate().map(|(i, line)| (i + 1, line))
}

/// Cuts a text file behind so many lines; gives their lengths in bytes, line ends included.
pub(crate) fn cut_lines(path: &Path, lines: usize) -> Result<Vec<usize>, RecordingError> {
    let text = fs::read(path).map_err(RecordingError::io(path, "cannot go on with"))?;
    let lengths: Vec<usize> = text.split_inclusive(|&byte| byte == b'\n').take(lines).map(<[u8]>::len).collect();
    let file = OpenOptions::new().write(true).open(path).map_err(RecordingError::io(path, "cannot go on with"))?;
    file.set_len(lengths.iter().sum::<usize>() as u64).map_err(RecordingError::io(path, "cannot cut"))?;
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_name_is_found_in_paths_of_either_system() {
        assert_eq!(base_name(r"C:\Users\Deepanshu Goyal\IMG\center.jpg"), "center.jpg");
        assert_eq!(base_name("/home/a/IMG/center.jpg"), "center.jpg");
        assert_eq!(base_name(r"data\IMG/center.jpg"), "center.jpg");
        assert_eq!(base_name("center.jpg"), "center.jpg");
    }

    #[test]
    fn lines_end_either_way_and_a_final_newline_adds_none() {
        let lines: Vec<_> = numbered_lines(b"a\r\n\nb\n").collect();
        assert_eq!(lines, [(1, &b"a"[..]), (2, b""), (3, b"b")]);
        assert_eq!(numbered_lines(b"").count(), 0);
        assert_eq!(numbered_lines(b"a").count(), 1);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.csv"), b"\xEF\xBB\xBFx").unwrap();
        assert_eq!(Folder::open(dir.path()).unwrap().read_text("a.csv").unwrap(), b"x");
    }

    #[test]
    fn texts_of_spreadsheets_are_plain_text() {
        let utf16 = |order: fn(u16) -> [u8; 2]| "\u{feff}ä,1\r\n".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        assert_eq!(plain_text(utf16(u16::to_le_bytes)), "ä,1\r\n".as_bytes());
        assert_eq!(plain_text(utf16(u16::to_be_bytes)), "ä,1\r\n".as_bytes());
        assert_eq!(plain_text(b"a,1\rb,2\r".to_vec()), b"a,1\nb,2\n");
    }

    #[test]
    fn a_parent_path_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("drive")).unwrap();
        std::fs::write(dir.path().join("secret"), "").unwrap();
        let folder = Folder::open(&dir.path().join("drive")).unwrap();
        assert!(matches!(folder.resolve("../secret"), Err(RecordingError::OutsideFolder { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused_and_one_inside_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let drive = dir.path().join("drive");
        std::fs::create_dir(&drive).unwrap();
        std::fs::write(dir.path().join("secret"), "").unwrap();
        std::fs::write(drive.join("log"), "rows").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), drive.join("out")).unwrap();
        std::os::unix::fs::symlink(drive.join("log"), drive.join("in")).unwrap();
        let folder = Folder::open(&drive).unwrap();
        assert!(matches!(folder.read_text("out"), Err(RecordingError::OutsideFolder { .. })));
        assert_eq!(folder.read_text("in").unwrap(), b"rows");
    }

    // As the download command of a hub lays a data set out: names link to a store beside them.
    #[cfg(unix)]
    #[test]
    fn links_that_end_below_a_folder_that_is_named_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let [drive, store] = ["snapshots", "blobs"].map(|name| dir.path().join(name));
        std::fs::create_dir(&drive).unwrap();
        std::fs::create_dir(&store).unwrap();
        std::fs::write(store.join("5f3a"), "rows").unwrap();
        std::fs::write(dir.path().join("secret"), "").unwrap();
        std::os::unix::fs::symlink("../blobs/5f3a", drive.join("log")).unwrap();
        std::os::unix::fs::symlink("../secret", drive.join("out")).unwrap();
        let folder = Folder::open(&drive).unwrap();
        assert!(matches!(folder.read_text("log"), Err(RecordingError::OutsideFolder { .. })));
        let folder = folder.with_links_below(Some(&store)).unwrap();
        assert_eq!(folder.read_text("log").unwrap(), b"rows");
        assert!(matches!(folder.read_text("out"), Err(RecordingError::OutsideFolder { .. })));
        assert!(Folder::open(&drive).unwrap().with_links_below(Some(&dir.path().join("none"))).is_err());
    }
}
