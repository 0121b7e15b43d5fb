//! Reader of LeRobot datasets, version 2 and 3 (Hugging Face, 2024 on): Parquet tables and videos.
//!
//! `meta/info.json` says where everything lies. Version 2 has one table and one video per camera for each episode;
//! version 3 joins episodes in files and lists them in `meta/episodes/`. A row of a table is a frame: the episode, the
//! time in it, and vectors such as `action`, whose dimensions may have names. There is no one way to store steering:
//! it is found by the names of the dimensions, or stated with `--columns steering=action.0`.

mod choice;
mod episodes;
mod info;
mod parquet_table;

use std::path::PathBuf;
use std::sync::Arc;

use crate::media::source::Source;
use crate::media::video::VideoPictures;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row};
use crate::model::error::RecordingError;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Clock;
use choice::{Choice, Dimension};
use episodes::{DataFile, Episode};
use info::Info;
use parquet_table::{ParquetTable, Record};

const EPISODE: &str = "episode_index";
const FRAME: &str = "frame_index";
const TIME: &str = "timestamp";

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let folder = &source.folder;
    let info = Info::read(folder)?;
    let choice = Choice::new(&info, &options.columns, folder.path())?;
    let files = episodes::list(folder, &info, &choice.camera)?;
    let mut reading = Reading { choice: &choice, rows: Vec::new(), skipped: Skipped::new(), videos: Vec::new() };
    for file in files {
        reading.add_file(source, &file)?;
    }
    let Reading { rows, skipped, videos, .. } = reading;
    let largest = rows.iter().filter_map(|row| row.value).map(f64::abs).fold(0.0, f64::max);
    let found = videos.into_iter().map(|name| {
        let missing = |_| format!("{name} is absent; fetch the data set's videos too");
        folder.resolve(&name).map_err(missing)
    });
    let videos: Vec<Result<PathBuf, String>> = found.collect();
    Ok(Log {
        label: choice.steering.as_ref().map(|steering| LabelProfile::guessed(&steering.id(), largest)),
        label_name: choice.steering.as_ref().map(Dimension::id),
        rows,
        skipped,
        pictures: Box::new(VideoPictures::new(videos)),
        camera: CameraGuess::UNKNOWN,
        clock: Clock::Recorded { usual_step_ms: 1e3 / info.fps },
    })
}

/// Rows read so far.
struct Reading<'a> {
    choice: &'a Choice,
    rows: Vec<Row>,
    skipped: Skipped,
    /// Videos met so far, by stream.
    videos: Vec<String>,
}

impl Reading<'_> {
    fn add_file(&mut self, source: &Source, file: &DataFile) -> Result<(), RecordingError> {
        let path = source.folder.resolve(&file.name)?;
        let dimensions = [self.choice.steering.as_ref(), self.choice.speed.as_ref()];
        let features = dimensions.into_iter().flatten().map(|dimension| dimension.feature.as_str());
        let columns: Vec<&str> = [EPISODE, FRAME, TIME].into_iter().chain(features).collect();
        let unreadable = |got| RecordingError::Unreadable {
            path: path.clone(),
            place: "whole file".to_owned(),
            expected: format!("a Parquet table with {}", columns.join(", ")),
            got,
        };
        let name: Arc<str> = file.name.as_str().into();
        let mut last_episode = None;
        ParquetTable::read(&path, &columns, |number, record| {
            match self.judge(file, &record, Place::frame(&name, number)) {
                Ok(mut row) => {
                    let episode = record.number(EPISODE, 0);
                    row.starts_drive = episode != last_episode;
                    last_episode = episode;
                    self.rows.push(row);
                }
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
        })
        .map_err(unreadable)
    }

    /// Makes a row of a record, or says why it is left out.
    fn judge(&mut self, file: &DataFile, record: &Record, place: Place) -> Result<Row, SkipReason> {
        let whole =
            |name| record.number(name, 0).filter(|number| (0.0..1e9).contains(number)).map(|number| number as usize);
        let (episode, frame) = whole(EPISODE).zip(whole(FRAME)).ok_or(SkipReason::DamagedRecord)?;
        let time_secs = record.number(TIME, 0).filter(|time| time.is_finite()).ok_or(SkipReason::NoTime)?;
        let episode = file.episodes.get(&episode).ok_or(SkipReason::DamagedRecord)?;
        let value = match &self.choice.steering {
            Some(steering) => Some(finite(record, steering).ok_or(SkipReason::SteeringNotANumber)?),
            None => None,
        };
        let speed = self.choice.speed.as_ref().and_then(|speed| finite(record, speed));
        Ok(Row {
            recorded_ms: time_secs * 1e3,
            value,
            speed_mps: speed.map(|speed| speed as f32),
            place,
            picture: self.picture(episode, frame).ok_or(SkipReason::PictureMissing)?,
            starts_drive: false,
        })
    }

    fn picture(&mut self, episode: &Episode, frame: usize) -> Option<PictureRef> {
        // Frames of one video follow one another: it is nearly always the last.
        let stream = match self.videos.iter().rposition(|name| *name == episode.video) {
            Some(stream) => stream,
            None => {
                self.videos.push(episode.video.clone());
                self.videos.len() - 1
            }
        };
        let index = u32::try_from(episode.first_frame.checked_add(frame)?).ok()?;
        Some(PictureRef::Frame { stream: u32::try_from(stream).ok()?, index })
    }
}

fn finite(record: &Record, dimension: &Dimension) -> Option<f64> {
    record.number(&dimension.feature, dimension.index).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests;
