//! The formats a recording can have. A new format is a variant here, its mark in [`super::recognise`], and a reader.

use super::entry::Log;
use super::error::{BadOption, RecordingError};
use super::options::{Columns, RecordingOptions};
use super::source::Source;
use super::{comma2k19, images, lerobot, mcap, sully_chen, tub_v1, tub_v2, udacity, udacity_car, video, video_labels};

/// Layout of a recording's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `driving_log.csv` beside `IMG/`, as Udacity's behavioural-cloning simulator writes it.
    UdacitySimulator,
    /// `record_<n>.json` and pictures in one folder, as donkeycar up to 3 writes it.
    TubV1,
    /// `manifest.json`, catalogs and `images/`, as donkeycar 4 and 5 write it, and this program.
    TubV2,
    /// `data.txt` and pictures in one folder.
    SullyChen,
    /// NumPy arrays and a video, one folder a minute.
    Comma2k19,
    /// `interpolated.csv` and the pictures of three cameras, of Udacity's real car.
    UdacityCar,
    /// A folder of pictures, with or without a table.
    Images,
    /// A video file, with or without a table of labels.
    Video,
    /// LeRobot dataset, version 2.1 or 3: Parquet and videos.
    LeRobot,
    /// MCAP with compressed images.
    Mcap,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 10] = [
        Self::UdacitySimulator,
        Self::TubV1,
        Self::TubV2,
        Self::SullyChen,
        Self::Comma2k19,
        Self::UdacityCar,
        Self::Images,
        Self::Video,
        Self::LeRobot,
        Self::Mcap,
    ];

    /// Name for the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::UdacitySimulator => "Udacity simulator",
            Self::TubV1 => "donkeycar tub v1",
            Self::TubV2 => "donkeycar tub v2",
            Self::SullyChen => "SullyChen",
            Self::Comma2k19 => "comma2k19",
            Self::UdacityCar => "Udacity real car",
            Self::Images => "images",
            Self::Video => "video",
            Self::LeRobot => "LeRobot",
            Self::Mcap => "MCAP",
        }
    }

    /// Name on the command line and in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::UdacitySimulator => "udacity-sim",
            Self::TubV1 => "tub-v1",
            Self::TubV2 => "tub-v2",
            Self::SullyChen => "sully-chen",
            Self::Comma2k19 => "comma2k19",
            Self::UdacityCar => "udacity-car",
            Self::Images => "images",
            Self::Video => "video",
            Self::LeRobot => "lerobot",
            Self::Mcap => "mcap",
        }
    }

    /// Whether one file is the whole recording, or else a folder.
    pub(super) fn is_one_file(self) -> bool {
        matches!(self, Self::Video | Self::Mcap)
    }

    /// The keys of `--columns` that the reader of this format goes by.
    fn column_keys(self) -> &'static [&'static str] {
        match self {
            Self::Images | Self::Video => &["image", "steering", "time", "speed"],
            Self::LeRobot | Self::Mcap => &["image", "steering", "speed"],
            _ => &[],
        }
    }

    /// Refuses columns that would be read from nowhere.
    pub(super) fn check_columns(self, source: &Source, columns: &Columns) -> Result<(), RecordingError> {
        let keys = self.column_keys();
        let Some((key, given)) = columns.given().find(|(key, _)| !keys.contains(key)) else { return Ok(()) };
        let expected = match keys {
            [] => format!("nothing: the columns of {} are fixed", self.name()),
            _ => format!("{} of {}", keys.join(", "), self.name()),
        };
        let bad = BadOption { option: "--columns", expected, got: format!("{key}={given}") };
        Err(RecordingError::Option { path: source.path(), bad })
    }

    pub(super) fn read(self, source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
        match self {
            Self::UdacitySimulator => udacity::read(source),
            Self::TubV1 => tub_v1::read(source),
            Self::TubV2 => tub_v2::read(source),
            Self::SullyChen => sully_chen::read(source),
            Self::UdacityCar => udacity_car::read(source),
            Self::Images => images::read(source, options),
            Self::Video => video_labels::join(video::read(source)?, source, options),
            Self::Comma2k19 => comma2k19::read(source),
            Self::LeRobot => lerobot::read(source, options),
            Self::Mcap => mcap::read(source, options),
        }
    }
}
