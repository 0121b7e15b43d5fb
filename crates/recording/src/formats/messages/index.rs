//! The index of a file of messages: places and times of its pictures, and the values of its steering.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clock::{Moment, on_clock_of, spread};
use super::codec::{Codec, FieldPath};
use super::{CURVATURE, OWN_SCHEMA, SPEED};
use crate::model::camera_view::CameraGuess;
use crate::model::series::Series;
use crate::model::steering_name::steering_rank_within;

/// More pictures than that are refused: 58 hours at 20 a second.
const MAX_PICTURES: usize = 1 << 22;

/// A motion steers behind everything that is named after steering.
const RANK_OF_MOTION: usize = 1000;

/// Slower than that a robot stands, and its turn over its speed says nothing of a path.
const SLOWEST_MPS: f64 = 0.1;

/// The parts of a recording that are of use.
#[derive(Debug, Default)]
pub(in crate::formats) struct Index {
    pub cameras: Vec<Camera>,
    /// Numbers that may be the steering.
    pub steering: Vec<NumberChannel>,
    pub speed: Option<NumberChannel>,
    /// All topics, for messages.
    pub topics: Vec<String>,
    /// Stretches that were passed over because their bytes are not those that were written.
    pub damaged_chunks: usize,
    /// Records passed over for the same reason; an end in the middle of a record is one.
    pub damaged_records: usize,
}

/// A topic of pictures.
#[derive(Debug)]
pub(in crate::formats) struct Camera {
    pub topic: String,
    pub kind: PictureKind,
    pub codec: Arc<Codec>,
    pub messages: Vec<PictureMessage>,
    /// The camera that its channel states.
    pub stated: Option<CameraGuess>,
    schema: String,
}

/// The way in which a message holds its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum PictureKind {
    /// A picture file.
    Compressed,
    /// Bare pixels.
    Raw,
    /// A frame of a video, which may need those before it.
    Video,
}

/// Place and time of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::formats) struct PictureMessage {
    pub place: MessagePlace,
    pub moment: Moment,
}

/// The place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) struct MessagePlace {
    /// Number of its file, of a recording of several.
    pub file: u16,
    /// Offset of its record, or of the chunk that holds it; a row's number in a data base.
    pub record: u64,
    /// Its place among the chunk's records.
    pub within: Option<u32>,
}

/// A number of a topic's messages over time.
#[derive(Debug)]
pub(in crate::formats) struct NumberChannel {
    /// `topic.field`.
    pub name: String,
    /// Name of the messages' schema.
    pub schema: String,
    pub moments: Vec<(Moment, f64)>,
    /// The lower, the more likely it is the steering.
    pub rank: usize,
    /// True for curvature that is made of the robot's motion.
    pub is_of_motion: bool,
}

impl NumberChannel {
    /// The values over the capture times of a camera, in seconds.
    pub fn series(&self, camera: &Camera) -> Series {
        let own: Vec<Moment> = self.moments.iter().map(|(moment, _)| *moment).collect();
        let times = on_clock_of(&own, &camera.moments());
        Series::new(times.into_iter().zip(self.moments.iter().map(|(_, value)| *value)))
    }

    pub fn has_numbers(&self) -> bool {
        self.moments.iter().any(|(_, value)| value.is_finite())
    }

    pub fn values(&self) -> Vec<f64> {
        self.moments.iter().map(|(_, value)| *value).collect()
    }
}

impl Camera {
    fn moments(&self) -> Vec<Moment> {
        self.messages.iter().map(|message| message.moment).collect()
    }

    /// When each picture was taken, in seconds.
    pub fn times_secs(&self) -> Vec<f64> {
        let moments = self.moments();
        on_clock_of(&moments, &moments)
    }

    /// The seconds by which the delay from capture to record changes over the pictures; `None` without stamps.
    pub fn spread_secs(&self) -> Option<f64> {
        spread(&self.moments())
    }
}

/// A topic as its file describes it.
pub(in crate::formats) struct ChannelFacts<'a> {
    /// Number of the channel, unlike that of every other channel of the recording's files.
    pub id: u32,
    pub topic: &'a str,
    pub schema: &'a str,
    pub message_encoding: &'a str,
    pub schema_encoding: &'a str,
    pub definition: &'a [u8],
    /// The camera that the channel states.
    pub stated: Option<CameraGuess>,
}

/// There is more of use in the file than is taken.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::formats) struct Full;

/// A number that is read along.
#[derive(Debug)]
struct Watched {
    channels: Vec<u32>,
    codec: Arc<Codec>,
    quantity: Quantity,
    is_speed: bool,
    number: NumberChannel,
}

/// The way to a number.
#[derive(Clone, Debug, PartialEq)]
enum Quantity {
    Field(FieldPath),
    /// The turn of a robot in rad/s over its speed in m/s, which is the curvature of its path.
    Curvature {
        turn: FieldPath,
        speed: FieldPath,
    },
}

impl Quantity {
    fn value(&self, codec: &Codec, message: &[u8]) -> Option<f64> {
        match self {
            Self::Field(path) => codec.number(message, path),
            Self::Curvature { turn, speed } => {
                let speed_mps = codec.number(message, speed)?;
                (speed_mps.abs() >= SLOWEST_MPS).then_some(codec.number(message, turn)? / speed_mps)
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Field(path) => path.join("."),
            Self::Curvature { turn, speed } => format!("{} / {}", turn.join("."), speed.join(".")),
        }
    }
}

/// What is found on a way through the messages.
#[derive(Default)]
pub(in crate::formats) struct Scan<'a> {
    pub index: Index,
    /// Names of steering and speed, where the user gave some.
    steering: Option<&'a str>,
    speed: Option<&'a str>,
    /// The camera of a channel of pictures.
    camera_of: BTreeMap<u32, usize>,
    channels: BTreeMap<u32, String>,
    /// Channels of JSON without known fields, until their first message.
    unread: BTreeMap<u32, (String, String)>,
    watched: Vec<Watched>,
    pictures: usize,
    pub messages_of_no_channel: usize,
}

impl<'a> Scan<'a> {
    /// Of steering and speed the named ones are read, or else those that names suggest.
    pub fn new(steering: Option<&'a str>, speed: Option<&'a str>) -> Self {
        Self { steering, speed, ..Self::default() }
    }

    pub fn has_pictures(&self) -> bool {
        self.pictures > 0
    }

    /// Back to the beginning, with all that is known of the channels.
    pub fn forget_messages(&mut self) {
        self.index.cameras.iter_mut().for_each(|camera| camera.messages.clear());
        self.watched.iter_mut().for_each(|watched| watched.number.moments.clear());
        (self.index.damaged_chunks, self.index.damaged_records) = (0, 0);
        (self.pictures, self.messages_of_no_channel) = (0, 0);
    }

    /// Takes a channel; of one that is stated again the first counts.
    pub fn channel(&mut self, facts: &ChannelFacts) {
        let &ChannelFacts { id, topic, schema, message_encoding, schema_encoding, definition, stated } = facts;
        if self.channels.insert(id, topic.to_owned()).is_some() {
            return;
        }
        if !self.index.topics.iter().any(|known| known == topic) {
            self.index.topics.push(topic.to_owned());
        }
        let Some(codec) = Codec::new(message_encoding, schema, schema_encoding, definition) else { return };
        let codec = Arc::new(codec);
        if let Some(kind) = picture_kind(schema) {
            return self.camera(id, topic, schema, kind, codec, stated);
        }
        if schema == OWN_SCHEMA {
            let fields = [CURVATURE, SPEED].map(|name| Quantity::Field(vec![name.to_owned()]));
            self.watch(id, topic, schema, &codec, fields.to_vec());
        } else if matches!(*codec, Codec::Json) {
            // Its fields show in its messages.
            self.unread.insert(id, (topic.to_owned(), schema.to_owned()));
        } else {
            let mut quantities: Vec<Quantity> = codec.number_fields().into_iter().map(Quantity::Field).collect();
            quantities.extend(motion(schema));
            self.watch(id, topic, schema, &codec, quantities);
        }
    }

    fn camera(
        &mut self,
        id: u32,
        topic: &str,
        schema: &str,
        kind: PictureKind,
        codec: Arc<Codec>,
        stated: Option<CameraGuess>,
    ) {
        let is_same = |camera: &Camera| camera.topic == topic && camera.schema == schema;
        let number = self.index.cameras.iter().position(is_same).unwrap_or(self.index.cameras.len());
        if number == self.index.cameras.len() {
            let (topic, schema) = (topic.to_owned(), schema.to_owned());
            self.index.cameras.push(Camera { topic, kind, codec, messages: Vec::new(), stated, schema });
        }
        self.camera_of.insert(id, number);
    }

    /// Reads along what is, or may be, steering or speed.
    fn watch(&mut self, channel: u32, topic: &str, schema: &str, codec: &Arc<Codec>, quantities: Vec<Quantity>) {
        for quantity in quantities {
            let field = quantity.name();
            let name = format!("{topic}.{field}");
            let is_of_motion = matches!(quantity, Quantity::Curvature { .. });
            let rank = match self.steering {
                Some(wanted) => (wanted == name || (is_of_motion && wanted == topic)).then_some(0),
                None if is_of_motion => Some(RANK_OF_MOTION),
                None => steering_rank_within(topic, &field),
            };
            let is_speed = match (self.speed, &quantity) {
                (Some(wanted), _) => wanted == name,
                (None, Quantity::Field(path)) => is_usual_speed(schema, path),
                (None, Quantity::Curvature { .. }) => false,
            };
            if rank.is_none() && !is_speed {
                continue;
            }
            // The same topic in the next file of the recording.
            let is_same = |watched: &&mut Watched| watched.number.name == name && watched.number.schema == schema;
            if let Some(known) = self.watched.iter_mut().find(is_same) {
                known.channels.push(channel);
                continue;
            }
            let (schema, rank) = (schema.to_owned(), rank.unwrap_or(0));
            let number = NumberChannel { name, schema, moments: Vec::new(), rank, is_of_motion };
            let codec = Arc::clone(codec);
            self.watched.push(Watched { channels: vec![channel], codec, quantity, is_speed, number });
        }
    }

    /// Takes a message. `log_secs` is when it was recorded.
    ///
    /// # Errors
    /// Says that there are more pictures than are taken.
    pub fn message(&mut self, channel: u32, place: MessagePlace, log_secs: f64, data: &[u8]) -> Result<(), Full> {
        self.messages_of_no_channel += usize::from(!self.channels.contains_key(&channel));
        if let Some(camera) = self.camera_of.get(&channel).and_then(|&number| self.index.cameras.get_mut(number)) {
            let moment = Moment { log_secs, stamp_secs: camera.codec.stamp_secs(data) };
            camera.messages.push(PictureMessage { place, moment });
            self.pictures += 1;
            return if self.pictures > MAX_PICTURES { Err(Full) } else { Ok(()) };
        }
        if let Some((topic, schema)) = self.unread.remove(&channel) {
            let codec = Arc::new(Codec::Json);
            let fields = Codec::number_fields_of_json(data).into_iter().map(Quantity::Field).collect();
            self.watch(channel, &topic, &schema, &codec, fields);
        }
        for watched in self.watched.iter_mut().filter(|watched| watched.channels.contains(&channel)) {
            let value = watched.quantity.value(&watched.codec, data).unwrap_or(f64::NAN);
            let moment = Moment { log_secs, stamp_secs: watched.codec.stamp_secs(data) };
            watched.number.moments.push((moment, value));
        }
        Ok(())
    }

    pub fn into_index(self) -> Index {
        let mut index = self.index;
        for Watched { number, is_speed, .. } in self.watched {
            if is_speed { index.speed = Some(number) } else { index.steering.push(number) }
        }
        index.cameras.retain(|camera| !camera.messages.is_empty());
        index.topics.sort();
        index
    }
}

/// The last name of a schema, of any package: `CompressedImage` of `sensor_msgs/msg/CompressedImage`.
fn short_name(schema: &str) -> &str {
    schema.rsplit(['.', '/']).next().unwrap_or(schema)
}

fn picture_kind(schema: &str) -> Option<PictureKind> {
    match short_name(schema) {
        "CompressedImage" => Some(PictureKind::Compressed),
        "RawImage" | "Image" => Some(PictureKind::Raw),
        "CompressedVideo" => Some(PictureKind::Video),
        _ => None,
    }
}

/// The motion of a robot in the messages that ROS has for it: forward speed and turn, left positive (REP 103).
fn motion(schema: &str) -> Option<Quantity> {
    let within: &[&str] = match (schema.starts_with("geometry_msgs/"), short_name(schema)) {
        (true, "Twist") => &[],
        (true, "TwistStamped") => &["twist"],
        (false, "Odometry") => &["twist", "twist"],
        _ => return None,
    };
    let path = |names: [&str; 2]| within.iter().copied().chain(names).map(str::to_owned).collect();
    Some(Quantity::Curvature { turn: path(["angular", "z"]), speed: path(["linear", "x"]) })
}

/// A field that is a speed in m/s by its name, or by the definition of its message.
fn is_usual_speed(schema: &str, path: &[String]) -> bool {
    let last = path.last().map_or("", String::as_str);
    let is_ackermann = schema.starts_with("ackermann_msgs/") && last == "speed";
    let is_motion =
        motion(schema).is_some_and(|motion| matches!(motion, Quantity::Curvature { speed, .. } if speed == path));
    last == SPEED || is_ackermann || is_motion
}
