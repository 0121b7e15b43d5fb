//! The episodes of a dataset, with their tables and videos.

use std::collections::BTreeMap;

use super::info::{Info, expand};
use super::parquet_table::{ParquetTable, Record};
use crate::formats::lerobot::INDEX_FILE;
use crate::media::folder::Folder;
use crate::model::error::RecordingError;

/// Larger numbers of episodes are refused before anything is taken for them.
const MAX_EPISODES: usize = 1 << 20;

const EPISODES_FOLDER: &str = "meta/episodes";

/// A table and the episodes in it, by their numbers.
#[derive(Debug, PartialEq)]
pub(super) struct DataFile {
    /// Relative to the dataset's folder.
    pub name: String,
    pub episodes: BTreeMap<usize, Episode>,
}

/// The place of an episode's pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    /// Relative to the dataset's folder.
    pub video: String,
    /// Number of the video's frame that is the episode's first.
    pub first_frame: usize,
}

/// All tables, in the order of their episodes.
///
/// # Errors
/// Refuses a dataset that does not say how many episodes it has, or where they are.
pub(super) fn list(folder: &Folder, info: &Info, camera: &str) -> Result<Vec<DataFile>, RecordingError> {
    if info.joins_episodes() { list_joined(folder, info, camera) } else { list_single(folder, info, camera) }
}

/// Version 2: a table and a video for each episode. Episodes whose table is absent are left out, as in a part of a
/// dataset.
fn list_single(folder: &Folder, info: &Info, camera: &str) -> Result<Vec<DataFile>, RecordingError> {
    let count = info.total_episodes.filter(|&count| count <= MAX_EPISODES);
    let count =
        count.ok_or_else(|| refuse(folder, INDEX_FILE, "total_episodes", format!("{:?}", info.total_episodes)))?;
    let file = |episode: usize| {
        let words = [("episode_chunk", episode / info.chunks_size), ("episode_index", episode)];
        let video = expand(info.video_pattern(), &words, camera);
        let episodes = BTreeMap::from([(episode, Episode { video, first_frame: 0 })]);
        DataFile { name: expand(info.data_pattern(), &words, camera), episodes }
    };
    let files: Vec<DataFile> = (0..count).map(file).filter(|file| folder.resolve(&file.name).is_ok()).collect();
    match files.is_empty() {
        true => Err(refuse(folder, INDEX_FILE, "the tables of its episodes", format!("none of {count}"))),
        false => Ok(files),
    }
}

/// Version 3: tables that list the episodes, each with the table and the part of the video that hold it.
fn list_joined(folder: &Folder, info: &Info, camera: &str) -> Result<Vec<DataFile>, RecordingError> {
    let columns = EpisodeColumns::new(camera);
    let mut files: BTreeMap<(usize, usize), DataFile> = BTreeMap::new();
    for name in index_files(folder)? {
        let path = folder.resolve(&name)?;
        let read = ParquetTable::read(&path, &columns.all(), |_, record| {
            let Some((place, number, episode)) = columns.episode(&record, info, camera) else { return };
            let words = [("chunk_index", place.0), ("file_index", place.1)];
            let new = || DataFile { name: expand(info.data_pattern(), &words, camera), episodes: BTreeMap::new() };
            files.entry(place).or_insert_with(new).episodes.insert(number, episode);
        });
        read.map_err(|got| refuse(folder, &name, &format!("a Parquet table with {}", columns.all().join(", ")), got))?;
    }
    let mut files: Vec<DataFile> = files.into_values().collect();
    files.sort_by_key(|file| file.episodes.keys().next().copied());
    match files.is_empty() {
        true => Err(refuse(folder, EPISODES_FOLDER, "tables that list the episodes", "no episode".to_owned())),
        false => Ok(files),
    }
}

/// Columns of the tables that list the episodes, for one camera.
struct EpisodeColumns {
    video_chunk: String,
    video_file: String,
    from_secs: String,
}

impl EpisodeColumns {
    const NUMBER: &str = "episode_index";
    const DATA_CHUNK: &str = "data/chunk_index";
    const DATA_FILE: &str = "data/file_index";

    fn new(camera: &str) -> Self {
        let of_video = |what: &str| format!("videos/{camera}/{what}");
        Self {
            video_chunk: of_video("chunk_index"),
            video_file: of_video("file_index"),
            from_secs: of_video("from_timestamp"),
        }
    }

    fn all(&self) -> [&str; 6] {
        [Self::NUMBER, Self::DATA_CHUNK, Self::DATA_FILE, &self.video_chunk, &self.video_file, &self.from_secs]
    }

    /// Chunk and file of an episode's table, its number, and where its pictures lie.
    fn episode(&self, record: &Record, info: &Info, camera: &str) -> Option<((usize, usize), usize, Episode)> {
        let data = (record.whole(Self::DATA_CHUNK)?, record.whole(Self::DATA_FILE)?);
        let words =
            [("chunk_index", record.whole(&self.video_chunk)?), ("file_index", record.whole(&self.video_file)?)];
        let from_secs = record.number(&self.from_secs, 0)?;
        let video = expand(info.video_pattern(), &words, camera);
        let first_frame = (from_secs * info.fps).round() as usize;
        Some((data, record.whole(Self::NUMBER)?, Episode { video, first_frame }))
    }
}

/// The tables of `meta/episodes/chunk-<n>/`, by name.
fn index_files(folder: &Folder) -> Result<Vec<String>, RecordingError> {
    let mut files = Vec::new();
    for chunk in folder.names_in(EPISODES_FOLDER)? {
        let chunk = format!("{EPISODES_FOLDER}/{chunk}");
        if !folder.resolve(&chunk)?.is_dir() {
            continue;
        }
        let names = folder.names_in(&chunk)?;
        files.extend(names.into_iter().filter(|name| name.ends_with(".parquet")).map(|name| format!("{chunk}/{name}")));
    }
    files.sort();
    Ok(files)
}

fn refuse(folder: &Folder, name: &str, expected: &str, got: String) -> RecordingError {
    RecordingError::Unreadable {
        path: folder.path().join(name),
        place: "whole file".to_owned(),
        expected: expected.to_owned(),
        got,
    }
}
