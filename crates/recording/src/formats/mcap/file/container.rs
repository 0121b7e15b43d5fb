//! The messages of MCAP files by their places.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use mcap::records::{Channel, MessageHeader, Record, op};

use super::records::{self, HEADER_BYTES, Stop};
use crate::formats::messages::{ChannelFacts, Container, Full, MessagePlace, Scan};
use crate::media::contained::contained;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};

/// The header of a message record: channel, number and two times.
const MESSAGE_HEADER_BYTES: usize = 2 + 4 + 8 + 8;

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

/// A message published longer before it was recorded was so by another clock.
const LONGEST_DELAY_SECS: f64 = 5.0;

/// Messages by their place in a chunk.
type Chunk = Vec<(u32, Vec<u8>)>;

/// The files of one recording.
#[derive(Debug)]
pub(in crate::formats) struct McapFiles {
    paths: Vec<PathBuf>,
    /// The chunk read last, by its file and offset: pictures follow one another in it.
    last: Mutex<Option<((u16, u64), Chunk)>>,
}

impl McapFiles {
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, last: Mutex::new(None) }
    }

    /// Goes through a file once.
    ///
    /// # Errors
    /// Says in words that it is no MCAP file, or is damaged before anything of use.
    pub fn scan(&self, file: u16, scan: &mut Scan) -> Result<(), String> {
        self.scan_as(file, file, scan)
    }

    /// The same of a file that has another number among the recording's.
    ///
    /// # Errors
    /// As [`McapFiles::scan`].
    pub fn scan_as(&self, file: u16, number: u16, scan: &mut Scan) -> Result<(), String> {
        let mut reader = self.open(file)?;
        let damaged_before = scan.index.damaged_chunks;
        let mut way = Way { file: number, scan, schemas: BTreeMap::new() };
        way.go_through(&reader)?;
        let damaged = way.scan.index.damaged_chunks - damaged_before;
        if damaged > 0 && way.scan.messages_of_no_channel > 0 && number == 0 {
            // What a damaged chunk stated of its channels stands again at the end of the file.
            way.scan.forget_messages();
            reader.rewind().map_err(|error| error.to_string())?;
            way.go_through(&reader)?;
        }
        let damaged = scan.index.damaged_chunks;
        if damaged > 0 && !scan.has_pictures() {
            return Err(format!("{damaged} damaged chunks and no picture"));
        }
        Ok(())
    }

    fn open(&self, file: u16) -> Result<File, String> {
        let path = self.paths.get(usize::from(file)).ok_or("no such file")?;
        File::open(path).map_err(|error| error.to_string())
    }

    fn message_of_chunk(&self, place: MessagePlace, within: u32) -> Result<Vec<u8>, String> {
        let key = (place.file, place.record);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(known, _)| *known != key) {
            *last = None;
            *last = Some((key, self.unpack(place)?));
        }
        let messages = last.as_ref().map_or(&[][..], |(_, messages)| messages);
        let found = messages.binary_search_by_key(&within, |(number, _)| *number).ok().and_then(|at| messages.get(at));
        found.map(|(_, message)| message.clone()).ok_or_else(|| "message is gone from its chunk".to_owned())
    }

    /// The messages in a chunk.
    fn unpack(&self, place: MessagePlace) -> Result<Chunk, String> {
        let chunk = self.load(place)?;
        let (mut messages, mut number) = (Chunk::new(), 0);
        let outcome = contained(|| {
            Ok(records::of_chunk(&chunk, |opcode, record| {
                if opcode == op::MESSAGE {
                    messages.push((number, record.to_vec()));
                }
                number += 1;
                Ok(())
            }))
        })?;
        match outcome {
            Ok(()) => Ok(messages),
            Err(Stop::Cut | Stop::Full) => Err("chunk cut short".to_owned()),
            Err(Stop::Because(reason)) => Err(reason),
        }
    }

    /// The content of a record.
    fn load(&self, place: MessagePlace) -> Result<Vec<u8>, String> {
        load(&mut self.open(place.file)?, place.record).map_err(|error| error.to_string())
    }
}

impl Container for McapFiles {
    fn message(&self, place: MessagePlace) -> Result<Vec<u8>, String> {
        let mut message = match place.within {
            Some(within) => self.message_of_chunk(place, within)?,
            None => self.load(place)?,
        };
        if message.len() < MESSAGE_HEADER_BYTES {
            return Err("message cut short".to_owned());
        }
        Ok(message.split_off(MESSAGE_HEADER_BYTES))
    }
}

fn load(file: &mut File, offset: u64) -> io::Result<Vec<u8>> {
    let mut header = [0; HEADER_BYTES as usize];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut header)?;
    let [_, length @ ..] = header;
    let length = u64::from_le_bytes(length);
    // Asked before memory is taken for it.
    if length > file.metadata()?.len().saturating_sub(offset) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is cut short"));
    }
    let mut record = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact(&mut record)?;
    Ok(record)
}

/// A way through one file.
struct Way<'a, 'b> {
    file: u16,
    scan: &'a mut Scan<'b>,
    schemas: BTreeMap<u16, (String, String, Vec<u8>)>,
}

impl Way<'_, '_> {
    fn go_through(&mut self, file: &File) -> Result<(), String> {
        let stop =
            contained(|| Ok(records::of_file(file, |offset, opcode, record| self.record(offset, opcode, record))))?;
        match stop {
            Ok(()) => {}
            Err(Stop::Full) => return Err("more than 4 million pictures".to_owned()),
            // Behind a damaged length no further record can be found.
            Err(Stop::Cut | Stop::Because(_)) if self.scan.has_pictures() => self.scan.index.damaged_records += 1,
            Err(Stop::Cut) => return Err("a file cut short".to_owned()),
            Err(Stop::Because(reason)) => return Err(reason),
        }
        Ok(())
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
            Err(Stop::Cut | Stop::Because(_)) => self.scan.index.damaged_chunks += 1,
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
            Ok(Record::Message { header, data }) => {
                let place = MessagePlace { file: self.file, record: offset, within };
                let taken = self.scan.message(self.id(header.channel_id), place, recorded_secs(&header), &data);
                taken.map_err(|Full| Stop::Full)?;
            }
            Ok(_) => {}
            Err(_) => self.scan.index.damaged_records += 1,
        }
        Ok(())
    }

    /// Channels are numbered anew in each file.
    fn id(&self, channel: u16) -> u32 {
        u32::from(self.file) << 16 | u32::from(channel)
    }

    fn channel(&mut self, channel: &Channel) {
        let nothing = (String::new(), String::new(), Vec::new());
        let (schema, schema_encoding, definition) = self.schemas.get(&channel.schema_id).unwrap_or(&nothing);
        let stated = channel.metadata.get(CAMERA_KEY).and_then(|text| serde_json::from_str(text).ok());
        self.scan.channel(&ChannelFacts {
            id: self.id(channel.id),
            topic: &channel.topic,
            schema,
            message_encoding: &channel.message_encoding,
            schema_encoding,
            definition,
            stated: stated.as_ref().and_then(StatedCamera::guess_from),
        });
    }
}

/// When a message was published, which is nearer to its capture than when it was recorded, where the file tells.
fn recorded_secs(header: &MessageHeader) -> f64 {
    let (logged, published) = (header.log_time as f64 / NANOS, header.publish_time as f64 / NANOS);
    let is_told = header.publish_time > 0 && (0.0..LONGEST_DELAY_SECS).contains(&(logged - published));
    if is_told { published } else { logged }
}
