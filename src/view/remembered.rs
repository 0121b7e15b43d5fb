//! What the window remembers from one run to the next, in the platform's place for settings.

use anyhow::Context as _;
use lane_frame::whole_file;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The folder and the file in the platform's place: `~/.config` on Linux, `~/Library/Application Support` on macOS,
/// `%APPDATA%` on Windows.
const FOLDER: &str = "liquid-lane";
const FILE: &str = "window.json";

/// A file that holds what is remembered.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Nothing where the platform has no such place: then nothing is remembered.
    path: Option<PathBuf>,
}

impl Remembered {
    /// The user's own.
    pub fn of_user() -> Self {
        Self { path: dirs::config_dir().map(|folder| folder.join(FOLDER).join(FILE)) }
    }

    /// The file at this path.
    pub fn at(path: &Path) -> Self {
        Self { path: Some(path.to_owned()) }
    }

    /// What was saved, or the default where nothing was; with one line to show where it cannot be read.
    pub fn load<T: Default + DeserializeOwned>(&self) -> (T, Option<String>) {
        let Some(path) = &self.path else { return (T::default(), None) };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (T::default(), None),
            Err(error) => return (T::default(), Some(unreadable(path, &error.to_string()))),
        };
        match serde_json::from_slice(&text) {
            Ok(remembered) => (remembered, None),
            Err(error) => (T::default(), Some(unreadable(path, &error.to_string()))),
        }
    }

    /// Saves it, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written, naming it.
    pub fn save<T: Serialize>(&self, remembered: &T) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = serde_json::to_string_pretty(remembered).context("settings cannot be written down")? + "\n";
        whole_file::write(path, text.as_bytes())
    }
}

fn unreadable(path: &Path, why: &str) -> String {
    format!("settings as at first: {} cannot be used ({why})", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Kept {
        strength: f32,
        recent: Vec<PathBuf>,
    }

    #[test]
    fn what_is_saved_comes_back_and_a_first_run_has_the_defaults_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::at(&folder.path().join("new/window.json"));
        assert_eq!(remembered.load::<Kept>(), (Kept::default(), None));
        let some = Kept { strength: 0.1, recent: vec!["drive".into()] };
        remembered.save(&some).unwrap();
        assert_eq!(remembered.load::<Kept>(), (some, None));
    }

    #[test]
    fn damaged_settings_become_the_defaults_with_one_line_and_unknown_ones_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Remembered::at(&path).load::<Kept>()
        };
        for text in ["", "{\"strength\": 0.", "{\"strength\": \"much\"}", "\u{0}\u{1}", "[1, 2]x"] {
            let (some, line) = load(text);
            assert_eq!(some, Kept::default(), "{text}");
            let line = line.unwrap();
            assert!(line.contains("window.json") && line.lines().count() == 1, "{line}");
        }
        assert_eq!(load("{\"strength\": 0.5, \"colour\": 3}"), (Kept { strength: 0.5, recent: vec![] }, None));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let remembered = Remembered::at(&folder.path().join("file/window.json"));
        let error = format!("{:#}", remembered.save(&Kept::default()).unwrap_err());
        assert!(error.contains("file/window.json"), "{error}");
    }
}
