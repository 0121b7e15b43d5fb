//! The episodes of a dataset, with their tables and videos.

use std::collections::BTreeMap;

use super::clip::Clip;
use super::info::{Camera, Info, expand};
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

/// The place of an episode's pictures: a part of a video, or `None` where they lie in the table.
pub(super) type Episode = Option<Clip>;

/// All tables, in the order of their episodes.
///
/// # Errors
/// Refuses a dataset that does not say how many episodes it has, or where they are.
pub(super) fn list(folder: &Folder, info: &Info, camera: &Camera) -> Result<Vec<DataFile>, RecordingError> {
    if info.joins_episodes() { list_joined(folder, info, camera) } else { list_single(folder, info, camera) }
}

/// Version 2: a table and a video for each episode. Episodes whose table is absent are left out, as in a part of a
/// dataset.
fn list_single(folder: &Folder, info: &Info, camera: &Camera) -> Result<Vec<DataFile>, RecordingError> {
    let count = info.total_episodes.filter(|&count| count <= MAX_EPISODES);
    let count =
        count.ok_or_else(|| refuse(folder, INDEX_FILE, "total_episodes", format!("{:?}", info.total_episodes)))?;
    let file = |episode: usize| {
        let words = [("episode_chunk", episode / info.chunks_size), ("episode_index", episode)];
        let video = || expand(info.video_pattern(), &words, &camera.name);
        let clip = camera.is_video.then(|| Clip { video: video(), from_secs: 0.0, to_secs: None });
        DataFile { name: expand(info.data_pattern(), &words, &camera.name), episodes: [(episode, clip)].into() }
    };
    let files: Vec<DataFile> = (0..count).map(file).filter(|file| folder.resolve(&file.name).is_ok()).collect();
    match files.is_empty() {
        true => Err(refuse(folder, INDEX_FILE, "the tables of its episodes", format!("none of {count}"))),
        false => Ok(files),
    }
}

/// Version 3: tables that list the episodes, each with the table and the part of the video that hold it.
fn list_joined(folder: &Folder, info: &Info, camera: &Camera) -> Result<Vec<DataFile>, RecordingError> {
    let columns = EpisodeColumns::new(camera);
    let mut files: BTreeMap<(usize, usize), DataFile> = BTreeMap::new();
    for name in index_files(folder)? {
        let path = folder.resolve(&name)?;
        let refuse = |got| refuse(folder, &name, &format!("a Parquet table with {}", columns.needed().join(", ")), got);
        let wanted: Vec<&str> = columns.needed().into_iter().chain(columns.end()).collect();
        let known = ParquetTable::known_columns(&path, &wanted).map_err(refuse)?;
        // All that are needed, whether they are known or not: the reader says which is not.
        let end = columns.end().filter(|end| known.contains(end));
        let read: Vec<&str> = columns.needed().into_iter().chain(end).collect();
        ParquetTable::read(&path, &read, |_, record| {
            let Some((place, number, episode)) = columns.episode(&record, info, camera) else { return };
            let words = [("chunk_index", place.0), ("file_index", place.1)];
            let new =
                || DataFile { name: expand(info.data_pattern(), &words, &camera.name), episodes: BTreeMap::new() };
            files.entry(place).or_insert_with(new).episodes.insert(number, episode);
        })
        .map_err(refuse)?;
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
    /// Those of its video; `None` for a camera whose pictures lie in the tables.
    video: Option<VideoColumns>,
}

struct VideoColumns {
    chunk: String,
    file: String,
    from_secs: String,
    to_secs: String,
}

impl EpisodeColumns {
    const NUMBER: &str = "episode_index";
    const DATA_CHUNK: &str = "data/chunk_index";
    const DATA_FILE: &str = "data/file_index";

    fn new(camera: &Camera) -> Self {
        let of_video = |what: &str| format!("videos/{}/{what}", camera.name);
        let video = || VideoColumns {
            chunk: of_video("chunk_index"),
            file: of_video("file_index"),
            from_secs: of_video("from_timestamp"),
            to_secs: of_video("to_timestamp"),
        };
        Self { video: camera.is_video.then(video) }
    }

    fn needed(&self) -> Vec<&str> {
        let of_video = self.video.iter().flat_map(|video| [&video.chunk[..], &video.file, &video.from_secs]);
        [Self::NUMBER, Self::DATA_CHUNK, Self::DATA_FILE].into_iter().chain(of_video).collect()
    }

    /// Where an episode ends, which not every dataset tells.
    fn end(&self) -> Option<&str> {
        self.video.as_ref().map(|video| video.to_secs.as_str())
    }

    /// Chunk and file of an episode's table, its number, and where its pictures lie.
    fn episode(&self, record: &Record, info: &Info, camera: &Camera) -> Option<((usize, usize), usize, Episode)> {
        let data = (record.whole(Self::DATA_CHUNK)?, record.whole(Self::DATA_FILE)?);
        let clip = |video: &VideoColumns| {
            let words = [("chunk_index", record.whole(&video.chunk)?), ("file_index", record.whole(&video.file)?)];
            Some(Clip {
                video: expand(info.video_pattern(), &words, &camera.name),
                from_secs: record.number(&video.from_secs, 0).filter(|secs| secs.is_finite())?,
                to_secs: record.number(&video.to_secs, 0).filter(|secs| secs.is_finite()),
            })
        };
        let episode = match &self.video {
            Some(video) => Some(clip(video)?),
            None => None,
        };
        Some((data, record.whole(Self::NUMBER)?, episode))
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
