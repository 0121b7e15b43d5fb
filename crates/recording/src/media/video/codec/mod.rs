//! An opened video, whoever decodes it.

mod annex_b;
#[cfg(feature = "av1")]
mod av1;
mod avi;
mod colours;
mod decode;
mod decoder;
pub(super) mod encoder;
mod ffmpeg;
mod frame_reader;
mod h264;
mod matroska;
mod mjpeg;
mod mp4;
mod mpeg_ts;
mod packets;
mod start_codes;
mod track;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use image::DynamicImage;
use image::metadata::Orientation;

use crate::media::picture::{check_whole, size_when_turned};
use crate::media::video::RAW_STREAM_STEP_MS;
use ffmpeg::FfmpegReader;
pub(crate) use frame_reader::CodedFrames;
use frame_reader::FrameReader;
use lane_frame::{RgbImage, Size};
use packets::Transport;
use track::{Codec, CodedFrame, Framing, Order, Track};

/// Bytes at a file's beginning that tell its kind.
const MAGIC_BYTES: u64 = 640;

/// An opened video.
pub(crate) struct Video {
    track: Track,
    file_bytes: u64,
    reader: Reader,
}

enum Reader {
    Own(Box<FrameReader>),
    Ffmpeg(FfmpegReader),
}

impl Video {
    /// Opens a video and sees that its first frame can be decoded.
    ///
    /// # Errors
    /// Says in words what is wrong with it, or that it needs a program that is not there.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file_bytes = check_file(path)?;
        let mut track = demux(path)?;
        let decoded = if track.frames.is_empty() { Err(not_decoded(&track)) } else { FrameReader::open(path, &track) };
        let decoded = decoded.and_then(|mut reader| reader.frame(&track, 0).map(|first| (reader, first)));
        let reader = match decoded {
            Ok((reader, first)) => {
                // The container's word on the size is sometimes wrong.
                track.size = Size::new(first.width(), first.height());
                Reader::Own(Box::new(reader))
            }
            Err(reason) => Reader::Ffmpeg(ffmpeg_reader(path, &track, &reason)?),
        };
        Ok(Self { track, file_bytes, reader })
    }

    /// When each frame of a video is shown, in milliseconds from the first; decodes nothing.
    ///
    /// # Errors
    /// Says in words what is wrong with the file, or that it needs a program that is not there.
    pub fn times_ms(path: &Path) -> Result<Vec<f64>, String> {
        check_file(path)?;
        let track = demux(path)?;
        let shown = track.times_ms.get(track.hidden..).unwrap_or_default();
        let first = shown.first().copied().unwrap_or_default();
        Ok(shown.iter().map(|time| time - first).collect())
    }

    /// A video whose coded frames are messages, one for each frame and in the order in which they are shown, as
    /// `foxglove.CompressedVideo` has them; `format` names their coding.
    ///
    /// # Errors
    /// Says that the coding is not decoded here, or what is wrong with the first frame.
    pub fn of_messages(format: &str, count: usize, frames: Box<dyn CodedFrames>) -> Result<Self, String> {
        let codec = Codec::named(format);
        let is_whole = matches!(codec, Codec::Av1 | Codec::Mjpeg);
        let framing = if is_whole { Framing::Whole } else { Framing::StartCodes };
        let shown_at: Vec<usize> = (0..count).collect();
        let mut track = Track {
            codec,
            // Until the first frame tells it.
            size: Size::new(1, 1),
            framing,
            parameter_sets: Vec::new(),
            frames: vec![CodedFrame { offset: 0, len: 0 }; count],
            // Where decoding can start is for the decoder to say.
            order: Order::new(&shown_at, shown_at.iter().map(|_| true)),
            times_ms: Vec::new(),
            hidden: 0,
            turn: Orientation::NoTransforms,
            transport: None,
            colours: None,
        };
        let mut reader = FrameReader::new(frames, &track)?;
        let first = reader.frame(&track, 0)?;
        track.size = Size::new(first.width(), first.height());
        Ok(Self { track, file_bytes: u64::MAX, reader: Reader::Own(Box::new(reader)) })
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.coded_len().saturating_sub(self.track.hidden)
    }

    fn coded_len(&self) -> usize {
        self.track.frames.len().max(self.track.times_ms.len())
    }

    /// True if the stream says when its frames are shown.
    pub fn has_times(&self) -> bool {
        !self.track.times_ms.is_empty()
    }

    /// Milliseconds from the first frame to this one; by the usual step where the stream has no times.
    pub fn time_ms(&self, index: usize) -> f64 {
        let first = self.track.times_ms.get(self.track.hidden).copied().unwrap_or(0.0);
        let time = self.track.times_ms.get(index + self.track.hidden);
        time.map_or(index as f64 * RAW_STREAM_STEP_MS, |time| time - first)
    }

    /// Size of every frame, as it is shown.
    pub fn size(&self) -> Size {
        size_when_turned(self.track.size, self.track.turn)
    }

    /// Decodes frame `index`.
    ///
    /// # Errors
    /// Says that there is no such frame, or what is wrong with it.
    pub fn frame(&mut self, index: usize) -> Result<RgbImage, String> {
        self.check(index)?;
        let number = index + self.track.hidden;
        let image = match &mut self.reader {
            Reader::Own(reader) => reader.frame(&self.track, number),
            Reader::Ffmpeg(reader) => reader.frame(number),
        }?;
        let mut image = DynamicImage::ImageRgb8(image);
        image.apply_orientation(self.track.turn);
        Ok(image.into_rgb8())
    }

    /// Refuses a frame that is not there with all its bytes, without decoding it.
    pub fn check(&self, index: usize) -> Result<(), String> {
        if index >= self.len() {
            return Err(format!("the video has {} frames", self.len()));
        }
        match self.track.coded(index + self.track.hidden) {
            Some(frame) if frame.end() > self.file_bytes => Err("the video is cut short before this frame".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Refuses what is no video by its first bytes; gives the file's size.
fn check_file(path: &Path) -> Result<u64, String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !metadata.is_file() {
        return Err("no plain file".to_owned());
    }
    // The first bytes of a row of pictures are no whole one.
    let head = head(path)?;
    if !mjpeg::is_raw(&head) {
        check_whole(&head)?;
    }
    Ok(metadata.len())
}

fn head(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut head = Vec::new();
    file.take(MAGIC_BYTES).read_to_end(&mut head).map_err(|error| error.to_string())?;
    Ok(head)
}

/// Lists the coded frames by what the file begins with, whatever its name.
fn demux(path: &Path) -> Result<Track, String> {
    let head = head(path)?;
    let names_a_box = |name: &[u8]| matches!(name, b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip");
    if head.get(4..8).is_some_and(names_a_box) {
        mp4::read(path)
    } else if annex_b::is_hevc(&head) {
        annex_b::read(path)
    } else if h264::is_raw(&head) {
        h264::read(path)
    } else if head.starts_with(&matroska::MAGIC) {
        matroska::read(path)
    } else if avi::is_avi(&head) {
        avi::read(path)
    } else if mjpeg::is_raw(&head) {
        mjpeg::read(path)
    } else if let Some(transport) = Transport::of(&head) {
        let with_reason = |reason: String| move |error: String| format!("{reason}; {error}");
        mpeg_ts::read(path, transport).or_else(|reason| ffmpeg::list(path).map_err(with_reason(reason)))
    } else {
        ffmpeg::list(path)
    }
}

fn not_decoded(track: &Track) -> String {
    match &track.codec {
        Codec::Other(name) => decoder::not_decoded_here(name),
        Codec::H264 | Codec::Hevc | Codec::Av1 | Codec::Mjpeg => "no frames".to_owned(),
    }
}

/// Reads through ffmpeg what is not decoded here, for this reason; sees that the first frame comes.
fn ffmpeg_reader(path: &Path, track: &Track, reason: &str) -> Result<FfmpegReader, String> {
    let mut reader = FfmpegReader::new(path, track.size);
    reader.frame(0).map_err(|error| format!("{reason}; {error}"))?;
    Ok(reader)
}

#[cfg(test)]
mod tests;
