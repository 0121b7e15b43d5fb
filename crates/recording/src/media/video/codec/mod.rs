//! An opened video, whoever decodes it.

mod annex_b;
mod decoder;
pub(super) mod encoder;
mod ffmpeg;
mod frame_reader;
mod mp4;
mod track;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use image::imageops;

use crate::media::picture::check_whole;
use crate::media::video::RAW_STREAM_STEP_MS;
use ffmpeg::FfmpegReader;
use frame_reader::FrameReader;
use lane_frame::{RgbImage, Size};
use track::{Codec, Track, Turn};

/// Bytes at a file's beginning that tell its kind.
const MAGIC_BYTES: u64 = 64;

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
        let Size { width, height } = self.track.size;
        match self.track.turn {
            Turn::None | Turn::Half => Size { width, height },
            Turn::Quarter | Turn::ThreeQuarters => Size { width: height, height: width },
        }
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
        Ok(match self.track.turn {
            Turn::None => image,
            Turn::Quarter => imageops::rotate90(&image),
            Turn::Half => imageops::rotate180(&image),
            Turn::ThreeQuarters => imageops::rotate270(&image),
        })
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
    check_whole(&head(path)?)?;
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
    } else {
        ffmpeg::list(path)
    }
}

fn not_decoded(track: &Track) -> String {
    match &track.codec {
        Codec::Other(name) => format!("coded as {name}, decoded here are H.264 and H.265"),
        Codec::H264 | Codec::Hevc => "no frames".to_owned(),
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
