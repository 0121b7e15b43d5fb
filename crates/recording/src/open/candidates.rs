//! The recordings that a folder may be, by the names in it.

use std::fs;
use std::path::{Path, PathBuf};

use super::sniff::{reader_of_file, table_head};
use crate::formats::{Mark, READERS, Reader, are_parts, has_extension};
use crate::media::listing::is_picture;
use crate::media::source::Source;
use crate::media::table::is_line_with_picture;
use crate::model::error::RecordingError;
use crate::model::format::Format;

/// Files and folders of a folder that are looked at before anything else than pictures is taken to be in it.
const MAX_NAMES: usize = 20_000;

/// Folders beside a table in which its pictures may lie, and the files of each that are looked at.
const MAX_PICTURE_FOLDERS: usize = 64;
const LOOKED_AT: usize = 100;

/// Extensions of the tables that may list pictures.
const TABLE_EXTENSIONS: [&str; 5] = ["csv", "tsv", "txt", "jsonl", "ndjson"];

/// A recording that a folder may be.
#[derive(Debug)]
pub(super) struct Candidate {
    pub reader: &'static Reader,
    /// Of several candidates those of the lowest rank count.
    rank: u8,
    /// The file that is the recording, or its table, where the name is not the format's own.
    pub file: Option<String>,
}

impl Candidate {
    pub fn source(&self, path: &Path) -> Result<Source, RecordingError> {
        match &self.file {
            Some(file) => Source::of_file(&path.join(file)),
            None => Source::of_folder(path),
        }
    }
}

/// Names of what lies in a folder, hidden files left out.
#[derive(Debug)]
pub(super) struct Names {
    path: PathBuf,
    pub files: Vec<String>,
    pub folders: Vec<String>,
    /// Formats of which there is a record; the records themselves may be 100,000.
    formats_of_records: Vec<Format>,
    has_pictures: bool,
}

impl Names {
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let (files, folders, formats_of_records) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = Self { path: path.to_owned(), files, folders, formats_of_records, has_pictures: false };
        let entries = fs::read_dir(path).map_err(RecordingError::io(path, "cannot list"))?;
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            if is_picture(&name) {
                names.has_pictures = true;
            } else if let Some(reader) = READERS.into_iter().find(|reader| reader.mark.is_record(&name)) {
                if !names.formats_of_records.contains(&reader.format) {
                    names.formats_of_records.push(reader.format);
                }
            } else if names.files.len() + names.folders.len() < MAX_NAMES {
                let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
                if is_folder { &mut names.folders } else { &mut names.files }.push(name);
            }
        }
        names.files.sort();
        names.folders.sort();
        // A table may list pictures of a folder beside it.
        if !names.has_pictures && names.files_with(&TABLE_EXTENSIONS).next().is_some() {
            let mut folders = names.folders.iter().take(MAX_PICTURE_FOLDERS);
            names.has_pictures = folders.any(|folder| begins_with_pictures(&path.join(folder)));
        }
        Ok(names)
    }

    fn files_with<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a String> {
        self.files.iter().filter(move |file| has_extension(file, extensions))
    }

    /// The recordings of one format that the folder may be.
    pub fn candidates_of(&self, reader: &'static Reader) -> Vec<Candidate> {
        let rank = reader.mark.rank();
        let whole = |is_there: bool| if is_there { vec![Candidate { reader, rank, file: None }] } else { Vec::new() };
        let of_file = |file: &String| Candidate { reader, rank, file: Some(file.clone()) };
        match reader.mark {
            Mark::File(name) => whole(fs::metadata(self.path.join(name)).is_ok_and(|metadata| !metadata.is_dir())),
            Mark::Folder(name) => whole(self.path.join(name).is_dir()),
            Mark::Records { .. } => whole(self.formats_of_records.contains(&reader.format)),
            Mark::Extensions(extensions) => self.files_with(extensions).map(of_file).collect(),
            Mark::Parts(extensions) => {
                let files: Vec<&String> = self.files_with(extensions).collect();
                if files.len() > 1 && are_parts(&files) {
                    whole(true)
                } else {
                    files.into_iter().map(of_file).collect()
                }
            }
            Mark::Pictures if !self.has_pictures => Vec::new(),
            // With each of the tables, or with none.
            Mark::Pictures => {
                let tables: Vec<Candidate> = self.tables().into_iter().map(of_file).collect();
                if tables.is_empty() { whole(true) } else { tables }
            }
        }
    }

    /// The tables of a folder of pictures: those that name pictures, or else every CSV.
    fn tables(&self) -> Vec<&String> {
        let names_pictures =
            |file: &&String| table_head(&self.path.join(file)).iter().any(|line| is_line_with_picture(line));
        let naming: Vec<&String> = self.files_with(&TABLE_EXTENSIONS).filter(names_pictures).collect();
        if naming.is_empty() { self.files_with(&["csv"]).collect() } else { naming }
    }

    /// The candidates of the lowest rank among all formats.
    pub fn most_specific(&self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> =
            READERS.into_iter().flat_map(|reader| self.candidates_of(reader)).collect();
        let lowest = candidates.iter().map(|candidate| candidate.rank).min();
        candidates.retain(|candidate| Some(candidate.rank) == lowest);
        // A table opens as it does when it is named.
        for candidate in &mut candidates {
            if let (Mark::Pictures, Some(file)) = (candidate.reader.mark, &candidate.file)
                && let Some(reader) = reader_of_file(&self.path.join(file))
            {
                candidate.reader = reader;
            }
        }
        candidates
    }
}

/// True if a picture is among the first files of a folder.
fn begins_with_pictures(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(LOOKED_AT);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).any(|name| is_picture(&name))
}
