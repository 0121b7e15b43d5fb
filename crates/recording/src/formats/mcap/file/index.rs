//! The index of an MCAP file: places and times of its pictures, and the values of its steering.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Seek as _;
use std::path::Path;
use std::sync::Arc;

use mcap::records::{MessageHeader, Record, op};

use super::message::{Codec, FieldPath};
use super::records::{self, Stop};
use super::writer::{CURVATURE, OWN_SCHEMA, SPEED};
use crate::media::contained::contained;
use crate::model::camera_view::CameraGuess;
use crate::model::series::Series;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};
use crate::model::steering_name::steering_rank_within;

/// More pictures than that are refused: 58 hours at 20 a second.
const MAX_PICTURES: usize = 1 << 22;

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

/// The parts of a file that are of use.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub cameras: Vec<Camera>,
    /// Numbers that may be the steering.
    pub steering: Vec<NumberChannel>,
    pub speed: Option<NumberChannel>,
    /// All topics, for messages.
    pub topics: Vec<String>,
    /// Chunks that were passed over because their bytes are not those that were written.
    pub damaged_chunks: usize,
    /// Records passed over for the same reason; an end in the middle of a record is one.
    pub damaged_records: usize,
}

/// A topic of compressed pictures.
#[derive(Debug)]
pub(super) struct Camera {
    pub topic: String,
    pub codec: Arc<Codec>,
    pub messages: Vec<MessagePlace>,
    /// The camera that its channel states.
    pub stated: Option<CameraGuess>,
    channel: u16,
}

/// Place and time of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MessagePlace {
    /// Offset of its record, or of the chunk that holds it.
    pub record: u64,
    /// Its number among the chunk's records.
    pub within: Option<u32>,
    /// On the recorder's clock.
    pub time_secs: f64,
}

/// A number of a topic's messages over time.
#[derive(Debug)]
pub(super) struct NumberChannel {
    /// `topic.field`.
    pub name: String,
    /// Name of the messages' schema.
    pub schema: String,
    pub series: Series,
    /// The lower, the more likely it is the steering.
    pub rank: usize,
}

impl Index {
    /// Goes through a file once. Of steering and speed the named ones are read, or else those that names suggest.
    ///
    /// # Errors
    /// Says in words that it is no MCAP file, or is damaged before anything of use.
    pub fn read(path: &Path, steering: Option<&str>, speed: Option<&str>) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let mut scan = Scan { steering, speed, ..Scan::default() };
        scan.go_through(&file)?;
        if scan.index.damaged_chunks > 0 && scan.messages_of_no_channel > 0 {
            // What a damaged chunk stated of its channels stands again at the end of the file.
            scan.forget_messages();
            file.rewind().map_err(|error| error.to_string())?;
            scan.go_through(&file)?;
        }
        let damaged = scan.index.damaged_chunks;
        if damaged > 0 && !scan.has_pictures() {
            return Err(format!("{damaged} damaged chunks and no picture"));
        }
        Ok(scan.into_index())
    }

    /// The places of one camera's pictures and how its messages are coded.
    pub fn into_camera(mut self, camera: usize) -> Camera {
        self.cameras.swap_remove(camera)
    }
}

/// A channel's number that is read along.
#[derive(Debug)]
struct Watched {
    channel: u16,
    codec: Arc<Codec>,
    field: FieldPath,
    is_speed: bool,
    number: NumberChannel,
    samples: Vec<(f64, f64)>,
}

#[derive(Default)]
struct Scan<'a> {
    index: Index,
    /// Names of steering and speed, where the user gave some.
    steering: Option<&'a str>,
    speed: Option<&'a str>,
    schemas: BTreeMap<u16, (String, String, Vec<u8>)>,
    channels: BTreeMap<u16, String>,
    /// Channels of JSON without known fields, until their first message.
    unread: BTreeMap<u16, (String, String)>,
    watched: Vec<Watched>,
    pictures: usize,
    messages_of_no_channel: usize,
}

impl Scan<'_> {
    fn has_pictures(&self) -> bool {
        self.pictures > 0
    }

    fn go_through(&mut self, file: &File) -> Result<(), String> {
        let stop =
            contained(|| Ok(records::of_file(file, |offset, opcode, record| self.record(offset, opcode, record))))?;
        match stop {
            Ok(()) => {}
            Err(Stop::Full) => return Err("more than 4 million pictures".to_owned()),
            // Behind a damaged length no further record can be found.
            Err(Stop::Cut | Stop::Because(_)) if self.has_pictures() => self.index.damaged_records += 1,
            Err(Stop::Cut) => return Err("a file cut short".to_owned()),
            Err(Stop::Because(reason)) => return Err(reason),
        }
        Ok(())
    }

    /// Back to the beginning of the file, with all that is known of its channels.
    fn forget_messages(&mut self) {
        self.index.cameras.iter_mut().for_each(|camera| camera.messages.clear());
        self.watched.iter_mut().for_each(|watched| watched.samples.clear());
        (self.index.damaged_chunks, self.index.damaged_records) = (0, 0);
        (self.pictures, self.messages_of_no_channel) = (0, 0);
    }

    fn record(&mut self, offset: u64, opcode: u8, record: &[u8]) -> Result<(), Stop> {
        if opcode != op::CHUNK {
            return self.plain_record(offset, None, opcode, record);
        }
        let mut within = 0;
        let gone_through = records::of_chunk(record, |opcode, record| {
            within += 1;
            self.plain_record(offset, Some(within - 1), opcode, record)
        });
        match gone_through {
            // The chunk's own length was read, so that the next one is found all the same.
            Err(Stop::Cut | Stop::Because(_)) => self.index.damaged_chunks += 1,
            whole_or_full => whole_or_full?,
        }
        Ok(())
    }

    fn plain_record(&mut self, offset: u64, within: Option<u32>, opcode: u8, record: &[u8]) -> Result<(), Stop> {
        if ![op::SCHEMA, op::CHANNEL, op::MESSAGE].contains(&opcode) {
            return Ok(());
        }
        match mcap::parse_record(opcode, record) {
            Ok(Record::Schema { header, data }) => {
                self.schemas.insert(header.id, (header.name, header.encoding, data.into_owned()));
            }
            Ok(Record::Channel(channel)) => self.channel(&channel),
            Ok(Record::Message { header, data }) => self.message(offset, within, &header, &data)?,
            Ok(_) => {}
            Err(_) => self.index.damaged_records += 1,
        }
        Ok(())
    }

    fn channel(&mut self, channel: &mcap::records::Channel) {
        if self.channels.insert(channel.id, channel.topic.clone()).is_some() {
            return;
        }
        self.index.topics.push(channel.topic.clone());
        let nothing = (String::new(), String::new(), Vec::new());
        let (schema, schema_encoding, definition) = self.schemas.get(&channel.schema_id).unwrap_or(&nothing);
        let Some(codec) = Codec::new(&channel.message_encoding, schema, schema_encoding, definition) else { return };
        let codec = Arc::new(codec);
        if is_picture(schema) {
            let topic = channel.topic.clone();
            let stated = channel.metadata.get(CAMERA_KEY).and_then(|text| serde_json::from_str(text).ok());
            let stated = stated.as_ref().and_then(StatedCamera::guess_from);
            self.index.cameras.push(Camera { topic, codec, messages: Vec::new(), stated, channel: channel.id });
            return;
        }
        let schema = schema.clone();
        if schema == OWN_SCHEMA {
            let fields = [CURVATURE, SPEED].map(|name| vec![name.to_owned()]);
            self.watch(channel.id, &channel.topic, &schema, &codec, fields.to_vec());
        } else if matches!(*codec, Codec::Json) {
            // Its fields show in its messages.
            self.unread.insert(channel.id, (channel.topic.clone(), schema));
        } else {
            self.watch(channel.id, &channel.topic, &schema, &codec, codec.number_fields());
        }
    }

    /// Reads along what is, or may be, steering or speed.
    fn watch(&mut self, channel: u16, topic: &str, schema: &str, codec: &Arc<Codec>, fields: Vec<FieldPath>) {
        for field in fields {
            let name = format!("{topic}.{}", field.join("."));
            let rank = match self.steering {
                Some(wanted) => (wanted == name).then_some(0),
                None => steering_rank_within(topic, &field.join(".")),
            };
            let is_speed = match self.speed {
                Some(wanted) => wanted == name,
                None => field.last().is_some_and(|last| last == SPEED),
            };
            if rank.is_none() && !is_speed {
                continue;
            }
            let number =
                NumberChannel { name, schema: schema.to_owned(), series: Series::default(), rank: rank.unwrap_or(0) };
            let codec = Arc::clone(codec);
            self.watched.push(Watched { channel, codec, field, is_speed, number, samples: Vec::new() });
        }
    }

    fn message(&mut self, offset: u64, within: Option<u32>, header: &MessageHeader, data: &[u8]) -> Result<(), Stop> {
        let time_secs = header.log_time as f64 / NANOS;
        self.messages_of_no_channel += usize::from(!self.channels.contains_key(&header.channel_id));
        if let Some(camera) = self.index.cameras.iter_mut().find(|camera| camera.channel == header.channel_id) {
            camera.messages.push(MessagePlace { record: offset, within, time_secs });
            self.pictures += 1;
            return if self.pictures > MAX_PICTURES { Err(Stop::Full) } else { Ok(()) };
        }
        if let Some((topic, schema)) = self.unread.remove(&header.channel_id) {
            let codec = Arc::new(Codec::Json);
            let fields = Codec::number_fields_of_json(data);
            self.watch(header.channel_id, &topic, &schema, &codec, fields);
        }
        for watched in self.watched.iter_mut().filter(|watched| watched.channel == header.channel_id) {
            let value = watched.codec.number(data, &watched.field).unwrap_or(f64::NAN);
            watched.samples.push((time_secs, value));
        }
        Ok(())
    }

    fn into_index(self) -> Index {
        let mut index = self.index;
        for watched in self.watched {
            let number = NumberChannel { series: Series::new(watched.samples), ..watched.number };
            if watched.is_speed { index.speed = Some(number) } else { index.steering.push(number) }
        }
        index.cameras.retain(|camera| !camera.messages.is_empty());
        index.topics.sort();
        index
    }
}

fn is_picture(schema: &str) -> bool {
    schema.rsplit(['.', '/']).next() == Some("CompressedImage")
}
