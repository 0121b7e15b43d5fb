//! Recordings that were opened of late.

use std::path::{Path, PathBuf};

/// Recordings that are remembered.
const MOST: usize = 8;

/// Recordings that were opened of late, the latest first.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recent(Vec<PathBuf>);

impl Recent {
    /// Puts a recording first.
    pub fn add(&mut self, path: &Path) {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.0.retain(|other| *other != path);
        self.0.insert(0, path);
        self.0.truncate(MOST);
    }

    /// The recordings, the latest first.
    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_recording_is_first_none_is_listed_twice_and_eight_are_kept() {
        let mut recent = Recent::default();
        for number in [0, 1, 2, 3, 4, 5, 6, 7, 8, 3] {
            recent.add(Path::new(&format!("/nowhere/{number}")));
        }
        let names: Vec<_> = recent.paths().iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["3", "8", "7", "6", "5", "4", "2", "1"]);
    }
}
