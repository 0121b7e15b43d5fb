//! Reader of LeRobot datasets, version 2 and 3 (Hugging Face, 2024 on): Parquet tables, with pictures in them or in videos.
//!
//! `meta/info.json` says where everything lies. Version 2 has one table and one video per camera for each episode;
//! version 3 joins episodes in files and lists them in `meta/episodes/`. A row of a table is a frame: the episode, the
//! time in it, and vectors such as `action`, whose dimensions may have names. There is no one way to store steering:
//! it is found by the names of the dimensions, or stated with `--columns steering=action.0`.

mod choice;
mod clip;
mod episodes;
mod info;
mod parquet_pictures;
mod parquet_table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::media::source::Source;
use crate::media::video::VideoPictures;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row};
use crate::model::error::RecordingError;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::{PictureRef, Pictures};
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Clock;
use choice::{Choice, Dimension};
use clip::{Clip, Clips};
use episodes::DataFile;
use info::Info;
use parquet_pictures::ParquetPictures;
use parquet_table::{ParquetTable, Record};

const EPISODE: &str = "episode_index";
const FRAME: &str = "frame_index";
const TIME: &str = "timestamp";

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let folder = &source.folder;
    let info = Info::read(folder)?;
    let choice = Choice::new(&info, &options.columns, folder.path())?;
    let files = episodes::list(folder, &info, &choice.camera)?;
    let clips = Clips::new(folder, info.fps);
    let mut reading =
        Reading { choice: &choice, clips, rows: Vec::new(), skipped: Skipped::new(), streams: Vec::new() };
    for file in files {
        reading.add_file(source, &file)?;
    }
    let Reading { rows, skipped, streams, .. } = reading;
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
    let found = streams.into_iter().map(|name| {
        let missing = |_| format!("{name} is absent; fetch the data set's videos too");
        folder.resolve(&name).map_err(missing)
    });
    let streams: Vec<Result<PathBuf, String>> = found.collect();
    let pictures: Box<dyn Pictures> = if choice.camera.is_video {
        Box::new(VideoPictures::new(streams))
    } else {
        Box::new(ParquetPictures::new(folder, streams, &choice.camera.name))
    };
    Ok(Log {
        label: choice.steering.as_ref().map(|steering| LabelProfile::guessed(&steering.id(), &values)),
        label_name: choice.steering.as_ref().map(Dimension::id),
        rows,
        skipped,
        pictures,
        camera: CameraGuess::UNKNOWN,
        clock: Clock::Recorded { usual_step_ms: 1e3 / info.fps },
        time_note: String::new(),
    })
}

/// Rows read so far.
struct Reading<'a> {
    choice: &'a Choice,
    clips: Clips<'a>,
    rows: Vec<Row>,
    skipped: Skipped,
    /// Videos, or tables with pictures, met so far.
    streams: Vec<String>,
}

/// A row of a table that has not got its picture yet.
struct FrameRow<'a> {
    episode: usize,
    frame: usize,
    time_secs: f64,
    clip: Option<&'a Clip>,
    row: Row,
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
        let mut frames: Vec<FrameRow> = Vec::new();
        // Frames of each episode, those left out included.
        let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
        ParquetTable::read(&path, &columns, |number, record| {
            let place = (record.whole(EPISODE), record.whole(FRAME));
            if let (Some(episode), Some(frame)) = place {
                let length = lengths.entry(episode).or_default();
                *length = (*length).max(frame + 1);
            }
            match self.judge(file, &record, Place::frame(&name, number)) {
                Ok(frame) => frames.push(frame),
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
        })
        .map_err(unreadable)?;
        let mut last_episode = None;
        let mut placements = BTreeMap::new();
        for FrameRow { episode, frame, time_secs, clip, mut row } in frames {
            if let Some(clip) = clip {
                let placement = match placements.get(&episode) {
                    Some(placement) => *placement,
                    None => {
                        let length = lengths.get(&episode).copied().unwrap_or_default();
                        let placement = self.clips.placement(clip, length).map_err(|got| disagreeing(source, got))?;
                        *placements.entry(episode).or_insert(placement)
                    }
                };
                let (frame, since_ms) = self.clips.frame(clip, placement, frame, time_secs);
                row.recorded_ms = since_ms.unwrap_or(row.recorded_ms);
                row.picture = self.picture(&clip.video, frame);
            } else {
                row.picture = self.picture(&file.name, row.place.number);
            }
            row.starts_drive = Some(episode) != last_episode;
            last_episode = Some(episode);
            self.rows.push(row);
        }
        Ok(())
    }

    /// Makes a row of a record, still without its picture, or says why it is left out.
    fn judge<'a>(&self, file: &'a DataFile, record: &Record, place: Place) -> Result<FrameRow<'a>, SkipReason> {
        let (episode, frame) = record.whole(EPISODE).zip(record.whole(FRAME)).ok_or(SkipReason::DamagedRecord)?;
        let time_secs = record.number(TIME, 0).filter(|time| time.is_finite()).ok_or(SkipReason::NoTime)?;
        let clip = file.episodes.get(&episode).ok_or(SkipReason::DamagedRecord)?.as_ref();
        let value = match &self.choice.steering {
            Some(steering) => Some(finite(record, steering).ok_or(SkipReason::SteeringNotANumber)?),
            None => None,
        };
        let speed = self.choice.speed.as_ref().and_then(|speed| finite(record, speed));
        let row = Row {
            recorded_ms: time_secs * 1e3,
            value,
            speed_mps: speed.map(|speed| speed as f32),
            place,
            picture: PictureRef::Frame { stream: 0, index: 0 },
            starts_drive: false,
            steered_by: None,
        };
        Ok(FrameRow { episode, frame, time_secs, clip, row })
    }

    fn picture(&mut self, stream: &str, index: usize) -> PictureRef {
        // Frames of one video follow one another: it is nearly always the last.
        let number = self.streams.iter().rposition(|name| name == stream).unwrap_or_else(|| {
            self.streams.push(stream.to_owned());
            self.streams.len() - 1
        });
        // No video has so many frames, and there are no more videos than episodes: what is beyond is no frame.
        let number_or_none = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        PictureRef::Frame { stream: number_or_none(number), index: number_or_none(index) }
    }
}

fn disagreeing(source: &Source, got: String) -> RecordingError {
    RecordingError::Unsupported {
        path: source.folder.path().to_owned(),
        got,
        expected: "a video with a frame for each row, or one of the same time".to_owned(),
        way_out: "correct fps in meta/info.json, or store the videos again at that rate".to_owned(),
    }
}

fn finite(record: &Record, dimension: &Dimension) -> Option<f64> {
    record.number(&dimension.feature, dimension.index).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests;
