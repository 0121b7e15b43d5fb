//! The manifest of a tub: which catalogs count, and which records are deleted. Beside it each catalog has a small one
//! of its own, which donkeycar reads to seek; we only write it.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{CROSS_TRACK_KEY, CURVATURE_KEY, IMAGE_KEY, INDEX_FILE, OWN_VERSION_KEY, SPEED_KEY};
use crate::media::folder::{Folder, base_name, numbered_lines};
use crate::model::camera_view::CameraGuess;
use crate::model::error::RecordingError;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};
use lane_frame::whole_file;

/// Records per catalog, as donkeycar has it.
pub(super) const RECORDS_PER_CATALOG: u64 = 1000;

/// Keys of the records we write, with donkeycar's names for their types.
const INPUTS: [(&str, &str); 7] = [
    (IMAGE_KEY, "image_array"),
    ("user/angle", "float"),
    ("user/throttle", "float"),
    ("user/mode", "str"),
    (CURVATURE_KEY, "float"),
    (CROSS_TRACK_KEY, "float"),
    (SPEED_KEY, "float"),
];

/// The parts of a manifest that reading needs.
#[derive(Debug)]
pub(super) struct Manifest {
    /// File names of the catalogs, in recorded order. Others may lie in the folder: they are stale.
    pub catalogs: Vec<String>,
    /// Indexes of records that were deleted.
    pub deleted: HashSet<u64>,
    /// True for a tub that this program wrote.
    pub is_own: bool,
    /// The camera that the tub was converted from, where it states one.
    pub camera: Option<CameraGuess>,
}

/// The last line of a manifest.
#[derive(Deserialize)]
struct CatalogList {
    paths: Vec<String>,
    #[serde(default)]
    deleted_indexes: Vec<u64>,
}

impl Manifest {
    pub fn read(folder: &Folder) -> Result<Self, RecordingError> {
        let text = folder.read_text(INDEX_FILE)?;
        let mut lines = Lines { folder, rest: numbered_lines(&text), last: 0 };
        lines.next::<Vec<Value>>("the list of inputs")?;
        lines.next::<Vec<Value>>("the list of types")?;
        let metadata: Value = lines.next("the metadata")?;
        lines.next::<Value>("the time of creation")?;
        let list: CatalogList = lines.next("the catalogs as {\"paths\": […], \"deleted_indexes\": […]}")?;
        Ok(Self {
            // Base names only: a tub has no business outside of its folder.
            catalogs: list.paths.iter().map(|path| base_name(path).to_owned()).collect(),
            deleted: list.deleted_indexes.into_iter().collect(),
            is_own: metadata.get(OWN_VERSION_KEY).is_some(),
            camera: metadata.get(CAMERA_KEY).and_then(StatedCamera::guess_from),
        })
    }
}

/// The manifest's lines that are not blank, each one JSON value.
struct Lines<'a, I> {
    folder: &'a Folder,
    rest: I,
    last: usize,
}

impl<'a, I: Iterator<Item = (usize, &'a [u8])>> Lines<'a, I> {
    fn next<T: DeserializeOwned>(&mut self, expected: &str) -> Result<T, RecordingError> {
        let Some((line, bytes)) = self.rest.find(|(_, bytes)| !bytes.trim_ascii().is_empty()) else {
            return Err(self.unreadable(self.last + 1, expected, "the end of the file".to_owned()));
        };
        self.last = line;
        serde_json::from_slice(bytes).map_err(|error| self.unreadable(line, expected, error.to_string()))
    }

    fn unreadable(&self, line: usize, expected: &str, got: String) -> RecordingError {
        RecordingError::Unreadable {
            path: self.folder.path().join(INDEX_FILE),
            place: format!("line {line}"),
            expected: expected.to_owned(),
            got,
        }
    }
}

/// Writes the manifest of a tub whose next record would have `next_index`.
pub(super) fn write(
    folder: &Path,
    metadata: &Value,
    catalogs: &[String],
    next_index: u64,
) -> Result<(), RecordingError> {
    let lines = [
        json!(INPUTS.map(|(key, _)| key)),
        json!(INPUTS.map(|(_, kind)| kind)),
        metadata.clone(),
        // Unix seconds in donkeycar's tubs; nothing here reads a clock.
        json!({"created_at": 0.0}),
        json!({
            "paths": catalogs,
            "current_index": next_index,
            "max_len": RECORDS_PER_CATALOG,
            "deleted_indexes": [],
        }),
    ];
    let text: String = lines.iter().map(|line| ascii(line) + "\n").collect();
    replace(folder, INDEX_FILE, &text)
}

/// A JSON value in ASCII. Donkeycar counts the characters of a manifest's lines and then seeks by bytes: with any
/// other character in it, its next write would cut the file.
fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let mut units = [0; 2];
            text.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// Writes the small manifest of one catalog; line lengths are in bytes, newline included.
pub(super) fn write_of_catalog(
    folder: &Path,
    catalog: &str,
    start_index: u64,
    line_lengths: &[usize],
) -> Result<(), RecordingError> {
    let name = format!("{catalog}_manifest");
    let manifest = json!({"created_at": 0.0, "line_lengths": line_lengths, "path": name, "start_index": start_index});
    replace(folder, &name, &(ascii(&manifest) + "\n"))
}

/// Replaces a small file as a whole: whoever reads sees the old content or the new one.
fn replace(folder: &Path, name: &str, text: &str) -> Result<(), RecordingError> {
    let path = folder.join(name);
    whole_file::write(&path, text.as_bytes()).map_err(|error| {
        // The cause alone: what was being done and where stands in the error of this module already.
        RecordingError::io(path, "cannot write")(io::Error::other(error.root_cause().to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Donkeycar's next write after a `20°` in the metadata destroyed the manifest.
    #[test]
    fn a_manifest_is_ascii_whatever_its_metadata_say() {
        let dir = tempfile::tempdir().unwrap();
        let metadata = json!({"label": "20° front-wheel angle, 🚗"});
        write(dir.path(), &metadata, &["catalog_0.catalog".to_owned()], 0).unwrap();
        let text = std::fs::read_to_string(dir.path().join(INDEX_FILE)).unwrap();
        assert!(text.is_ascii(), "{text}");
        // As Python's json.dumps writes it: a character beyond 16 bits is a surrogate pair.
        let line = r#"{"label":"20\u00b0 front-wheel angle, \ud83d\ude97"}"#;
        assert_eq!(text.lines().nth(2), Some(line));
        assert_eq!(serde_json::from_str::<Value>(line).unwrap(), metadata);
    }
    use std::fs;

    fn read(text: &str) -> Result<Manifest, RecordingError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(INDEX_FILE), text).unwrap();
        Manifest::read(&Folder::open(dir.path()).unwrap())
    }

    #[test]
    fn catalogs_and_deletions_come_from_the_fifth_line() {
        let manifest = read(concat!(
            "\u{feff}[\"cam/image_array\"]\r\n[\"image_array\"]\r\n{}\r\n\r\n{\"created_at\": 1.5}\r\n",
            "{\"paths\": [\"catalog_3.catalog\", \"../../etc/passwd\"], \"current_index\": 9, \"max_len\": 1000, ",
            "\"deleted_indexes\": [4, 2]}"
        ))
        .unwrap();
        assert_eq!(manifest.catalogs, ["catalog_3.catalog", "passwd"]);
        assert_eq!(manifest.deleted, HashSet::from([2, 4]));
        assert!(!manifest.is_own);
    }

    #[test]
    fn a_manifest_cut_short_names_the_line_that_is_missing() {
        let message = read("[]\n[]\n{}\n").unwrap_err().to_string();
        assert!(message.contains("line 4: expected the time of creation, got the end of the file"), "{message}");
    }

    #[test]
    fn another_programs_manifest_is_refused_at_its_first_line() {
        let message = read("{\n  \"name\": \"a web page\"\n}\n").unwrap_err().to_string();
        assert!(message.contains("line 1: expected the list of inputs"), "{message}");
    }

    #[test]
    fn deletions_that_are_no_indexes_are_refused_rather_than_forgotten() {
        let text = "[]\n[]\n{}\n{}\n{\"paths\": [], \"deleted_indexes\": [\"a\"]}\n";
        assert!(read(text).unwrap_err().to_string().contains("line 5"));
    }

    #[test]
    fn a_manifest_that_cannot_be_written_names_its_path_once_and_the_cause() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("file/tub");
        fs::write(dir.path().join("file"), "").unwrap();
        let message = write(&gone, &json!({}), &[], 0).unwrap_err().to_string();
        assert_eq!(message.matches("cannot write").count(), 1, "{message}");
        assert!(message.starts_with(&gone.join(INDEX_FILE).display().to_string()), "{message}");
        assert!(message.contains("os error"), "{message}");
    }
}
