//! Motion JPEG: each frame is a picture file of its own, in a container or one behind the other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use image::metadata::Orientation;

use super::decode::{Decoder, Sink};
use super::track::{Codec, CodedFrame, Framing, Order, Track};
use crate::media::picture::{self, header_size};

pub(super) struct Mjpeg;

impl Decoder for Mjpeg {
    fn can_start_at(&self, _: &[&[u8]]) -> bool {
        true
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        let frame = units.first().ok_or("empty frame")?;
        sink(position, &|| picture::decode(frame));
        Ok(())
    }

    fn flush(&mut self, _: Sink) {}
}

/// The marker at the beginning of a picture, and the one at its end.
const BEGIN: [u8; 3] = [0xFF, 0xD8, 0xFF];
const END: [u8; 2] = [0xFF, 0xD9];

/// True for the first bytes of pictures one behind the other.
pub(super) fn is_raw(head: &[u8]) -> bool {
    head.starts_with(&BEGIN)
}

/// Lists pictures that lie one behind the other.
///
/// # Errors
/// Says in words that the file cannot be read or holds no whole picture.
pub(super) fn read(path: &Path) -> Result<Track, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let frames = frames(BufReader::new(file))?;
    let first = frames.first().ok_or("no whole JPEG picture")?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(first.len.into()).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let shown_at: Vec<usize> = (0..frames.len()).collect();
    Ok(Track {
        codec: Codec::Mjpeg,
        size: header_size(&bytes)?,
        framing: Framing::Whole,
        parameter_sets: Vec::new(),
        order: Order::new(&shown_at, shown_at.iter().map(|_| true)),
        frames,
        times_ms: Vec::new(),
        hidden: 0,
        turn: Orientation::NoTransforms,
        transport: None,
        colours: None,
    })
}

/// A picture ends where the next begins behind an end, or with the last end of the file: a thumbnail inside has an end with
/// something else behind it.
fn frames(reader: impl BufRead) -> Result<Vec<CodedFrame>, String> {
    let (mut frames, mut start, mut end, mut offset) = (Vec::new(), 0, None, 0_u64);
    let mut last = [0; 5];
    for byte in reader.bytes() {
        last = [last[1], last[2], last[3], last[4], byte.map_err(|error| error.to_string())?];
        offset += 1;
        if last[3..] == END {
            end = Some(offset);
        }
        if last[..2] == END && last[2..] == BEGIN {
            CodedFrame::push_between(&mut frames, start, offset - 3)?;
            (start, end) = (offset - 3, None);
        }
    }
    if let Some(end) = end {
        CodedFrame::push_between(&mut frames, start, end)?;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use crate::media::video::Video;
    use image::ImageFormat;
    use lane_frame::RgbImage;
    use lane_fuzz::survives_broken_copies;
    use std::io::Cursor;

    fn stream() -> Vec<u8> {
        let picture = |number: u8| {
            let mut bytes = Cursor::new(Vec::new());
            let picture = RgbImage::from_pixel(32, 16, image::Rgb([40 * number; 3]));
            picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
            bytes.into_inner()
        };
        (0..5).flat_map(picture).collect()
    }

    #[test]
    fn pictures_one_behind_the_other_are_frames() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.mjpeg");
        std::fs::write(&path, stream()).unwrap();
        let mut video = Video::open(&path).unwrap();
        assert_eq!((video.len(), video.has_times()), (5, false));
        for number in [0, 4, 2] {
            let brightness = video.frame(number).unwrap().get_pixel(9, 9)[1];
            assert!(brightness.abs_diff(40 * number as u8) < 4, "frame {number}: {brightness}");
        }
    }

    #[test]
    fn broken_rows_of_pictures_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.mjpeg");
        survives_broken_copies(&stream(), |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(mut video) = Video::open(&path) {
                (0..video.len()).for_each(|frame| drop(video.frame(frame)));
            }
        });
    }
}
