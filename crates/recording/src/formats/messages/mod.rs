//! Recordings of messages: topics of pictures and numbers, each message with its time, in whatever file they lie.
//!
//! | messages | encoding |
//! | --- | --- |
//! | `foxglove.CompressedImage`, `RawImage`, `CompressedVideo` | protobuf, JSON |
//! | `sensor_msgs/CompressedImage`, `Image` | ROS 1, ROS 2 (CDR) |
//! | steering: any number of any message | protobuf, JSON, ROS 1, ROS 2 |
//! | steering where there is none: turn over speed of `geometry_msgs/Twist` and the like | ROS 1, ROS 2 |
//!
//! A recording is gone through once at opening, for the times of the pictures and the values of the steering, which is
//! interpolated between them; a picture is loaded when it is asked for. Times are those of capture, by the stamps in the
//! messages, and those of the recorder where there are none.

mod clock;
mod codec;
mod index;
mod pictures;
mod raw_picture;
mod ros;

pub(super) use index::{ChannelFacts, Full, Index, MessagePlace, Scan};

use std::fmt::Debug;
use std::sync::Arc;

use crate::media::source::Source;
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::{BadOption, RecordingError};
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::series::Series;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit};
use index::{Camera, NumberChannel};
use pictures::MessagePictures;

/// Schema of the steering that this program writes.
pub(super) const OWN_SCHEMA: &str = "liquid_lane.Steering";

/// Its fields: each a number, or null where it is not known.
pub(super) const CURVATURE: &str = "curvature";
pub(super) const SPEED: &str = "speed_mps";

/// The step of most robots' cameras, where the file's times turn out to be none of a camera's.
const USUAL_STEP_MS: f64 = 50.0;

/// Delays that change by less than that are the way of all messages.
const NOTED_SPREAD_SECS: f64 = 0.02;

/// Parts of topics that suggest the camera that looks ahead, the best first.
const FORWARD: [&str; 4] = ["front", "center", "centre", "forward"];

/// A recording's file or files, out of which a message comes by its place.
pub(super) trait Container: Send + Sync + Debug {
    /// The content of a message.
    ///
    /// # Errors
    /// Says in words what is wrong with the file there.
    fn message(&self, place: MessagePlace) -> Result<Vec<u8>, String>;
}

/// The rows of a recording of which the index is made: a row for each picture of one camera.
///
/// # Errors
/// Refuses names of topics and fields that are not there, and a recording without pictures or with several cameras that may
/// be meant.
pub(super) fn log(
    source: &Source,
    options: &RecordingOptions,
    mut index: Index,
    container: Arc<dyn Container>,
    name: &str,
) -> Result<Log, RecordingError> {
    let columns = &options.columns;
    let refuse = |expected: String, got: String| RecordingError::Option {
        path: source.path(),
        bad: BadOption { option: "--columns", expected, got },
    };
    let camera = choose_camera(&index, columns.image.as_deref(), &refuse)?;
    let camera = index.cameras.swap_remove(camera);
    let steering = choose_steering(&index, columns.steering.as_deref(), &refuse)?;
    let (rows, skipped) = rows(&index, &camera, steering, name);
    let spread_secs = camera.spread_secs().filter(|&secs| secs > NOTED_SPREAD_SECS);
    let time_note = spread_secs.map_or(String::new(), |secs| {
        format!("by the stamps in the messages; the recorder's times are off by up to {secs:.2} s")
    });
    let is_own = steering.is_some_and(|steering| steering.schema == OWN_SCHEMA);
    let usual_camera = if is_own { CameraGuess::TRAINING } else { CameraGuess::UNKNOWN };
    Ok(Log {
        rows,
        skipped,
        label: steering.map(profile),
        label_name: steering.map(|steering| steering.name.clone()),
        camera: camera.stated.unwrap_or(usual_camera),
        pictures: Box::new(MessagePictures::new(container, camera)),
        clock: Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
        time_note,
    })
}

/// A row for each picture, by time, with what the steering was then.
fn rows(index: &Index, camera: &Camera, steering: Option<&NumberChannel>, name: &str) -> (Vec<Row>, Skipped) {
    let file: Arc<str> = name.into();
    let mut times: Vec<(u32, f64)> = (0..).zip(camera.times_secs()).collect();
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let values: Option<Series> = steering.map(|steering| steering.series(camera));
    let speeds: Option<Series> = index.speed.as_ref().map(|speed| speed.series(camera));
    let row = |(number, time_secs): (u32, f64)| {
        let value = values.as_ref().map(|values| values.at(time_secs).ok_or(SkipReason::SteeringNotANumber));
        let speed = speeds.as_ref().and_then(|speeds| speeds.at(time_secs));
        Ok(Row {
            recorded_ms: time_secs * 1e3,
            value: value.transpose()?,
            speed_mps: speed.map(|speed| speed as f32),
            place: Place::message(&file, number as usize),
            picture: PictureRef::Frame { stream: 0, index: number },
            starts_drive: false,
            steered_by: None,
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
        if topics.is_empty() { "a file with pictures".to_owned() } else { format!("one of {}", topics.join(", ")) }
    };
    if let Some(wanted) = wanted {
        let found = topics.iter().position(|&topic| topic == wanted);
        return found.ok_or_else(|| refuse(one_of(), format!("image={wanted}")));
    }
    // A topic of distances is no camera's, and of one camera the packed pictures stand for the raw ones.
    let is_depth = |topic: &str| topic.to_ascii_lowercase().contains("depth");
    let is_packed_too = |topic: &str| topics.iter().any(|other| *other == format!("{topic}/compressed"));
    let is_meant = |&number: &usize| !is_depth(topics[number]) && !is_packed_too(topics[number]);
    let meant: Vec<usize> = (0..topics.len()).filter(is_meant).collect();
    let meant = if meant.is_empty() { (0..topics.len()).collect() } else { meant };
    let forward = || FORWARD.iter().find_map(|part| meant.iter().find(|&&number| topics[number].contains(part)));
    match meant[..] {
        [] => Err(refuse(one_of(), format!("none among the topics {}", index.topics.join(", ")))),
        [only] => Ok(only),
        _ => forward().copied().ok_or_else(|| refuse(one_of(), "no image=".to_owned())),
    }
}

/// The steering that the user has named, or the one whose name is the most likely.
fn choose_steering<'a>(
    index: &'a Index,
    wanted: Option<&str>,
    refuse: &impl Fn(String, String) -> RecordingError,
) -> Result<Option<&'a NumberChannel>, RecordingError> {
    let best = index.steering.iter().filter(|channel| channel.has_numbers()).min_by_key(|channel| channel.rank);
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
    if steering.schema == OWN_SCHEMA || steering.is_of_motion {
        return LabelProfile::CURVATURE;
    }
    let guessed = LabelProfile::guessed(&steering.name, &steering.values());
    if steering.schema.starts_with("ackermann_msgs/") {
        // ackermann_msgs/AckermannDrive: "desired virtual angle (radians)" of the front wheels, left positive.
        let (unit, sign) = (Unit::FrontRadians, Sign::LeftPositive);
        return LabelProfile { unit, sign, unit_is_known: true, sign_is_known: true, ..guessed };
    }
    guessed
}
