//! AVI files (RIFF; Microsoft's "AVI RIFF File Reference" and OpenDML), as OpenCV and webcams write them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;

use super::h264;
use super::track::{Codec, CodedFrame, Framing, MAX_FRAME_BYTES, MAX_FRAMES, Order, Track};
use crate::media::picture::check_size;

/// Lists within lists are followed so deep: a file, its movie and the records in it.
const MAX_DEPTH: usize = 4;

/// Larger descriptions of a stream are none.
const MAX_HEADER_BYTES: u32 = 4096;

/// Bytes of a frame in which its first slice begins.
const HEAD_BYTES: u64 = 4096;

/// True for the first bytes of such a file.
pub(super) fn is_avi(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ")
}

/// Lists the frames of the first video stream.
///
/// # Errors
/// Says in words that it cannot be read or holds no video.
pub(super) fn read(path: &Path) -> Result<Track, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let end = file.metadata().map_err(|error| error.to_string())?.len();
    let mut way =
        Way { reader: BufReader::new(file), streams: 0, video: None, frames: Vec::new(), is_sync: Vec::new() };
    way.list(0, end, 0).map_err(|error| error.to_string())?;
    let Way { video, frames, is_sync, .. } = way;
    let Video { codec, size, step_ms, .. } = video.ok_or("no video stream")?;
    if frames.is_empty() {
        return Err("video stream without frames".to_owned());
    }
    let framing = if codec == Codec::Mjpeg { Framing::Whole } else { Framing::StartCodes };
    let shown_at: Vec<usize> = (0..frames.len()).collect();
    // The format has no times of showing: the frames of H.264 tell their order themselves.
    let places = if codec == Codec::H264 { h264::places(heads(path, &frames)?) } else { None };
    let is_sync = is_sync.into_iter();
    let order = match places {
        Some(places) => Order::new(&places, is_sync),
        None => Order::new(&shown_at, is_sync),
    };
    Ok(Track {
        codec,
        size: check_size(size)?,
        framing,
        parameter_sets: Vec::new(),
        times_ms: shown_at.iter().map(|&number| number as f64 * step_ms).collect(),
        order,
        frames,
        hidden: 0,
        turn: Orientation::NoTransforms,
        transport: None,
        colours: None,
    })
}

/// The first bytes of each frame.
fn heads(path: &Path, frames: &[CodedFrame]) -> Result<impl Iterator<Item = io::Result<Vec<u8>>>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    Ok(frames.iter().copied().map(move |frame| {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(frame.offset))?;
        (&mut file).take(u64::from(frame.len).min(HEAD_BYTES)).read_to_end(&mut head)?;
        Ok(head)
    }))
}

/// The stream that is read.
struct Video {
    /// Its number, by which its chunks are named.
    number: u32,
    codec: Codec,
    size: (u32, u32),
    step_ms: f64,
}

struct Way {
    reader: BufReader<File>,
    streams: u32,
    video: Option<Video>,
    frames: Vec<CodedFrame>,
    is_sync: Vec<bool>,
}

impl Way {
    /// Goes through the chunks of a list. What comes before a cut is kept.
    fn list(&mut self, start: u64, end: u64, depth: usize) -> io::Result<()> {
        let mut position = start;
        let mut header: Option<Vec<u8>> = None;
        while position + 8 <= end {
            self.reader.seek(SeekFrom::Start(position))?;
            let mut head = [0; 8];
            self.reader.read_exact(&mut head)?;
            let [a, b, c, d, length @ ..] = head;
            let (name, len) = ([a, b, c, d], u32::from_le_bytes(length));
            let (content, after) = (position + 8, position + 8 + u64::from(len));
            match &name {
                b"RIFF" | b"LIST" if depth < MAX_DEPTH && len >= 4 => {
                    self.list(content + 4, after.min(end), depth + 1)?;
                }
                b"strh" => header = Some(self.bytes(len)?),
                b"strf" => {
                    let format = self.bytes(len)?;
                    self.stream(header.take().as_deref(), &format);
                }
                _ => self.frame(name, content, len)?,
            }
            // Chunks begin at even places.
            position = after + after % 2;
        }
        Ok(())
    }

    fn bytes(&mut self, len: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut self.reader).take(len.min(MAX_HEADER_BYTES).into()).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Takes a stream's description: what kind it is, how fast it is, and the format of its pictures.
    fn stream(&mut self, header: Option<&[u8]>, format: &[u8]) {
        let number = self.streams;
        self.streams += 1;
        let word = |bytes: &[u8], at: usize| bytes.get(at..)?.first_chunk().map(|&word| u32::from_le_bytes(word));
        let video = || {
            let header = header.filter(|header| header.starts_with(b"vids"))?;
            let (scale, rate) = (word(header, 20)?, word(header, 24)?);
            // Pictures from the bottom up have a height below 0.
            let size = (word(format, 4)?, word(format, 8)?.cast_signed().unsigned_abs());
            let code = format.get(16..20)?;
            let codec = match code.to_ascii_uppercase().as_slice() {
                b"MJPG" => Codec::Mjpeg,
                b"H264" | b"AVC1" | b"X264" => Codec::H264,
                b"H265" | b"HEVC" | b"HVC1" => Codec::Hevc,
                [0, 0, 0, 0] | b"DIB " | b"RGB " => Codec::Other("pictures without compression".to_owned()),
                _ => Codec::Other(String::from_utf8_lossy(code).into_owned()),
            };
            let step_ms = 1e3 * f64::from(scale) / f64::from(rate);
            (step_ms.is_finite() && step_ms > 0.0).then_some(Video { number, codec, size, step_ms })
        };
        if self.video.is_none() {
            self.video = video();
        }
    }

    /// Takes a chunk that is a frame by its name: `00dc` of stream 0, or `00db`.
    fn frame(&mut self, name: [u8; 4], offset: u64, len: u32) -> io::Result<()> {
        let Some(video) = &self.video else { return Ok(()) };
        let expected = format!("{:02}", video.number);
        if &name[..2] != expected.as_bytes() || !matches!(&name[2..], b"dc" | b"db") {
            return Ok(());
        }
        if len > MAX_FRAME_BYTES || self.frames.len() as u64 >= MAX_FRAMES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more or larger frames than any recording has"));
        }
        // An empty chunk repeats the frame before: it is a frame whose picture was dropped.
        let frame = match (len, self.frames.last()) {
            (0, Some(&last)) => last,
            _ => CodedFrame { offset, len },
        };
        self.frames.push(frame);
        // Where decoding can start is for the decoder to say.
        self.is_sync.push(true);
        Ok(())
    }
}
