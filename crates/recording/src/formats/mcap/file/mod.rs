//! MCAP files (Foxglove, 2022 on) with compressed pictures, as ROS 2 and robot loggers write them, and our own.
//!
//! | messages | encoding |
//! | --- | --- |
//! | `foxglove.CompressedImage` | protobuf, JSON |
//! | `sensor_msgs/CompressedImage` | ROS 1, ROS 2 (CDR) |
//! | steering: any number of any message | protobuf, JSON, ROS 1, ROS 2 |
//! | written: `foxglove.CompressedImage` on `/camera`, our own steering on `/steering` | protobuf, JSON |
//!
//! The file is gone through once at opening, for the times of the pictures and the values of the steering, which is
//! interpolated between them; a picture is loaded with its chunk when it is asked for.

mod index;
mod message;
mod pictures;
mod records;
mod ros;
mod writer;

pub use writer::{McapLabel, McapWriter};

use std::sync::Arc;

use crate::media::source::Source;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::{BadOption, RecordingError};
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit};
use index::{Index, NumberChannel};
use pictures::McapPictures;
use writer::OWN_SCHEMA;

/// The step of most robots' cameras, where the file's times turn out to be none of a camera's.
const USUAL_STEP_MS: f64 = 50.0;

/// Parts of topics that suggest the camera that looks ahead, the best first.
const FORWARD: [&str; 4] = ["front", "center", "centre", "forward"];

pub(in crate::formats::mcap) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let name = source.file_or("drive.mcap");
    let path = source.folder.resolve(name)?;
    let columns = &options.columns;
    let index = Index::read(&path, columns.steering.as_deref(), columns.speed.as_deref()).map_err(|got| {
        let (place, expected) = ("whole file".to_owned(), "an MCAP file".to_owned());
        RecordingError::Unreadable { path: source.path(), place, expected, got }
    })?;
    let refuse = |expected: String, got: String| RecordingError::Option {
        path: source.path(),
        bad: BadOption { option: "--columns", expected, got },
    };
    let camera = choose_camera(&index, columns.image.as_deref(), &refuse)?;
    let steering = choose_steering(&index, columns.steering.as_deref(), &refuse)?;
    let (rows, skipped) = rows(&index, camera, steering, name);
    let is_own = steering.is_some_and(|steering| steering.schema == OWN_SCHEMA);
    let usual_camera = if is_own { CameraGuess::TRAINING } else { CameraGuess::UNKNOWN };
    Ok(Log {
        rows,
        skipped,
        label: steering.map(profile),
        label_name: steering.map(|steering| steering.name.clone()),
        camera: index.cameras[camera].stated.unwrap_or(usual_camera),
        pictures: Box::new(McapPictures::new(path, index.into_camera(camera))),
        clock: Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
    })
}

/// A row for each picture, by time, with what the steering was then.
fn rows(index: &Index, camera: usize, steering: Option<&NumberChannel>, name: &str) -> (Vec<Row>, Skipped) {
    let file: Arc<str> = name.into();
    let times = index.cameras[camera].messages.iter().map(|message| message.time_secs);
    let mut times: Vec<(u32, f64)> = (0..).zip(times).collect();
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let row = |(number, time_secs): (u32, f64)| {
        let value = steering.map(|steering| steering.series.at(time_secs).ok_or(SkipReason::SteeringNotANumber));
        let speed = index.speed.as_ref().and_then(|speed| speed.series.at(time_secs));
        Ok(Row {
            recorded_ms: time_secs * 1e3,
            value: value.transpose()?,
            speed_mps: speed.map(|speed| speed as f32),
            place: Place::message(&file, number as usize),
            picture: PictureRef::Frame { stream: 0, index: number },
            starts_drive: false,
        })
    };
    let chunks = (0..index.damaged_chunks).map(|_| Err(SkipReason::DamagedChunk));
    let records = (0..index.damaged_records).map(|_| Err(SkipReason::DamagedRecord));
    sort_out(times.into_iter().map(row).chain(chunks).chain(records))
}

fn choose_camera(
    index: &Index,
    wanted: Option<&str>,
    refuse: &impl Fn(String, String) -> RecordingError,
) -> Result<usize, RecordingError> {
    let topics: Vec<&str> = index.cameras.iter().map(|camera| camera.topic.as_str()).collect();
    let one_of = || {
        if topics.is_empty() {
            "a file with compressed pictures".to_owned()
        } else {
            format!("one of {}", topics.join(", "))
        }
    };
    if let Some(wanted) = wanted {
        let found = topics.iter().position(|&topic| topic == wanted);
        return found.ok_or_else(|| refuse(one_of(), format!("image={wanted}")));
    }
    let forward = || FORWARD.iter().find_map(|part| topics.iter().position(|topic| topic.contains(part)));
    match topics.len() {
        0 => Err(refuse(one_of(), "none".to_owned())),
        1 => Ok(0),
        _ => forward().ok_or_else(|| refuse(one_of(), "no image=".to_owned())),
    }
}

/// The steering that the user has named, or the one whose name is the most likely.
fn choose_steering<'a>(
    index: &'a Index,
    wanted: Option<&str>,
    refuse: &impl Fn(String, String) -> RecordingError,
) -> Result<Option<&'a NumberChannel>, RecordingError> {
    let best = index.steering.iter().filter(|channel| channel.series.has_numbers()).min_by_key(|channel| channel.rank);
    match (best, wanted) {
        (None, Some(wanted)) => {
            let topics = index.topics.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(refuse(format!("TOPIC.FIELD of a number, of the topics {topics}"), format!("steering={wanted}")))
        }
        (best, _) => Ok(best),
    }
}

/// Unit and sign: our own and ROS' are defined, others are guessed by the name.
fn profile(steering: &NumberChannel) -> LabelProfile {
    if steering.schema == OWN_SCHEMA {
        return LabelProfile::CURVATURE;
    }
    let guessed = LabelProfile::guessed(&steering.name, steering.series.largest());
    if steering.schema.starts_with("ackermann_msgs/") {
        // ackermann_msgs/AckermannDrive: "desired virtual angle (radians)" of the front wheels, left positive.
        let (unit, sign) = (Unit::FrontRadians, Sign::LeftPositive);
        return LabelProfile { unit, sign, unit_is_known: true, sign_is_known: true, ..guessed };
    }
    guessed
}

#[cfg(test)]
mod tests;
