//! The pictures of one topic, loaded with the chunk that holds them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Mutex;

use mcap::records::op;

use super::index::{Camera, MessagePlace};
use super::records::{self, HEADER_BYTES, Stop};
use crate::media::contained::contained;
use crate::media::picture;
use crate::model::pictures::{PictureRef, Pictures};
use lane_frame::{RgbImage, Size};

/// The header of a message record: channel, number and two times.
const MESSAGE_HEADER_BYTES: usize = 2 + 4 + 8 + 8;

/// Messages by their place in a chunk.
type Chunk = Vec<(u32, Vec<u8>)>;

/// A topic's pictures.
pub(super) struct McapPictures {
    path: PathBuf,
    camera: Camera,
    /// The chunk read last, by its offset: pictures follow one another in it.
    last: Mutex<Option<(u64, Chunk)>>,
}

impl McapPictures {
    pub fn new(path: PathBuf, camera: Camera) -> Self {
        Self { path, camera, last: Mutex::new(None) }
    }

    /// The picture's file, as it lies in its message.
    fn file(&self, picture: &PictureRef) -> Result<Vec<u8>, String> {
        let PictureRef::Frame { stream: 0, index } = *picture else {
            return Err("no picture of this topic".to_owned());
        };
        let place = *self.camera.messages.get(index as usize).ok_or("no such message")?;
        let message = match place.within {
            Some(within) => self.message_of_chunk(place, within)?,
            None => self.load(place.record)?,
        };
        let data = message.get(MESSAGE_HEADER_BYTES..).ok_or("message cut short")?;
        self.camera.codec.picture(data)
    }

    fn message_of_chunk(&self, place: MessagePlace, within: u32) -> Result<Vec<u8>, String> {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.as_ref().is_none_or(|(offset, _)| *offset != place.record) {
            *last = None;
            *last = Some((place.record, self.unpack(place.record)?));
        }
        let messages = last.as_ref().map_or(&[][..], |(_, messages)| messages);
        let found = messages.iter().find(|(number, _)| *number == within);
        found.map(|(_, message)| message.clone()).ok_or_else(|| "message is gone from its chunk".to_owned())
    }

    /// The topic's messages in a chunk.
    fn unpack(&self, offset: u64) -> Result<Chunk, String> {
        let chunk = self.load(offset)?;
        // The places are in the order of the file.
        let all = &self.camera.messages;
        let first = all.partition_point(|place| place.record < offset);
        let here = all[first..].iter().take_while(|place| place.record == offset);
        let numbers: Vec<u32> = here.filter_map(|place| place.within).collect();
        let (mut messages, mut number) = (Chunk::new(), 0);
        let outcome = contained(|| {
            Ok(records::of_chunk(&chunk, |opcode, record| {
                if opcode == op::MESSAGE && numbers.binary_search(&number).is_ok() {
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
    fn load(&self, offset: u64) -> Result<Vec<u8>, String> {
        let mut file = File::open(&self.path).map_err(|error| error.to_string())?;
        load(&mut file, offset).map_err(|error| error.to_string())
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

impl fmt::Debug for McapPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McapPictures")
            .field("path", &self.path)
            .field("topic", &self.camera.topic)
            .finish_non_exhaustive()
    }
}

impl Pictures for McapPictures {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        picture::decode(&self.file(picture)?)
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        picture::header_size(&self.file(picture)?)
    }

    fn check(&self, picture: &PictureRef) -> Result<Size, String> {
        let file = self.file(picture)?;
        picture::check_whole(&file)?;
        picture::header_size(&file)
    }

    fn jpeg(&self, picture: &PictureRef) -> Result<Option<Vec<u8>>, String> {
        let file = self.file(picture)?;
        picture::check_whole(&file)?;
        Ok((image::guess_format(&file).ok() == Some(image::ImageFormat::Jpeg)).then_some(file))
    }
}
