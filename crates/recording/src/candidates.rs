//! What a folder may be, by the names in it.

use std::fs;
use std::path::Path;

use super::error::RecordingError;
use super::format::Format;
use super::listing::is_picture;
use super::source::Source;
use super::video::VIDEO_EXTENSIONS;
use super::{sully_chen, tub_v1, tub_v2, udacity, udacity_car};

/// Files and folders of a folder that are looked at before anything else than pictures is taken to be in it.
const MAX_NAMES: usize = 20_000;

/// Folders beside a table in which its pictures may lie, and the files of each that are looked at.
const MAX_PICTURE_FOLDERS: usize = 64;
const LOOKED_AT: usize = 100;

/// What a folder may be.
#[derive(Debug)]
pub(super) struct Candidate {
    pub format: Format,
    /// The file that is the recording, or its table, where the name is not the format's own.
    pub file: Option<String>,
    /// Of several candidates those of the lowest rank count: a video beside an index belongs to the index.
    rank: u8,
}

impl Candidate {
    pub fn source(&self, path: &Path) -> Result<Source, RecordingError> {
        match &self.file {
            Some(file) => Source::of_file(&path.join(file)),
            None => Source::of_folder(path),
        }
    }
}

/// What lies in a folder, hidden files left out.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: Vec<String>,
    pub folders: Vec<String>,
    has_records: bool,
    has_pictures: bool,
    has_lerobot_index: bool,
}

impl Names {
    pub fn of(path: &Path) -> Result<Self, RecordingError> {
        let mut names = Self { has_lerobot_index: path.join("meta/info.json").is_file(), ..Self::default() };
        let entries = fs::read_dir(path).map_err(RecordingError::io(path, "cannot list"))?;
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            if is_picture(&name) {
                names.has_pictures = true;
            } else if tub_v1::record_number(&name).is_some() {
                names.has_records = true;
            } else if names.files.len() + names.folders.len() < MAX_NAMES {
                let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
                if is_folder { &mut names.folders } else { &mut names.files }.push(name);
            }
        }
        names.files.sort();
        names.folders.sort();
        // A table may list pictures of a folder beside it.
        if !names.has_pictures && names.files_of(&["csv"]).next().is_some() {
            let mut folders = names.folders.iter().take(MAX_PICTURE_FOLDERS);
            names.has_pictures = folders.any(|folder| begins_with_pictures(&path.join(folder)));
        }
        Ok(names)
    }

    fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }

    fn has_folder(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| folder == name)
    }

    fn files_of<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a String> {
        self.files.iter().filter(move |file| has_extension(file, extensions))
    }

    /// Everything that the folder may be.
    pub fn candidates(&self) -> Vec<Candidate> {
        let indexed = [
            (Format::UdacitySimulator, self.has_file(udacity::INDEX_FILE)),
            (Format::TubV1, self.has_records),
            (Format::TubV2, self.has_file(tub_v2::INDEX_FILE)),
            (Format::SullyChen, self.has_file(sully_chen::INDEX_FILE)),
            (Format::Comma2k19, self.has_folder("global_pose")),
            (Format::UdacityCar, self.has_file(udacity_car::INDEX_FILE)),
            (Format::LeRobot, self.has_lerobot_index),
        ];
        let indexed = indexed.into_iter().filter(|(_, is_there)| *is_there);
        let mut candidates: Vec<_> = indexed.map(|(format, _)| Candidate { format, file: None, rank: 0 }).collect();
        let of_files = |format: Format, extensions: &'static [&'static str]| {
            self.files_of(extensions).map(move |file| Candidate { format, file: Some(file.clone()), rank: 1 })
        };
        candidates.extend(of_files(Format::Mcap, &["mcap"]));
        candidates.extend(of_files(Format::Video, &VIDEO_EXTENSIONS));
        if self.has_pictures {
            candidates.extend(self.tables_of_pictures());
        }
        candidates
    }

    /// A folder of pictures with each of its tables, or with none.
    fn tables_of_pictures(&self) -> Vec<Candidate> {
        let tables: Vec<&String> = self.files_of(&["csv"]).collect();
        let of_pictures = |file: Option<String>| Candidate { format: Format::Images, file, rank: 2 };
        match tables[..] {
            [] => vec![of_pictures(None)],
            _ => tables.into_iter().map(|file| of_pictures(Some(file.clone()))).collect(),
        }
    }

    /// The candidates of the lowest rank.
    pub fn most_specific(&self) -> Vec<Candidate> {
        let mut candidates = self.candidates();
        let lowest = candidates.iter().map(|candidate| candidate.rank).min();
        candidates.retain(|candidate| Some(candidate.rank) == lowest);
        candidates
    }
}

/// Whether a picture is among the first files of a folder.
fn begins_with_pictures(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(LOOKED_AT);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).any(|name| is_picture(&name))
}

pub(super) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}
