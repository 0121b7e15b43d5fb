//! Matroska and WebM files (RFC 9559), read by `matroska-demuxer`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;
use matroska_demuxer::{Frame, MatroskaFile, TrackEntry, TrackType};

use super::track::{Codec, CodedFrame, Framing, MAX_FRAME_BYTES, MAX_FRAMES, Order, Track};
use crate::media::contained::contained;
use crate::media::picture::check_size;

/// The first bytes of an EBML file.
pub(super) const MAGIC: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// Lists the frames of the first video track.
///
/// # Errors
/// Says in words what is wrong with the file, or that it holds no video.
pub(super) fn read(path: &Path) -> Result<Track, String> {
    contained(|| {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let reads = std::rc::Rc::new(std::cell::RefCell::new(VecDeque::new()));
        let noting = Noting { file, position: 0, reads: std::rc::Rc::clone(&reads) };
        let mut matroska = MatroskaFile::open(noting).map_err(|error| error.to_string())?;
        let is_video = |entry: &&TrackEntry| entry.track_type() == TrackType::Video;
        let entry = matroska.tracks().iter().find(is_video).ok_or("no video track")?;
        let description = describe(entry)?;
        let number = entry.track_number().get();
        let ms_per_unit = matroska.info().timestamp_scale().get() as f64 / 1e6;
        let (mut frames, mut shown_at, mut is_sync) = (Vec::new(), Vec::new(), Vec::new());
        let mut frame = Frame::default();
        reads.borrow_mut().clear();
        // What comes before a cut is kept.
        while matroska.next_frame(&mut frame).unwrap_or(false) {
            let offset = offset_of(&mut reads.borrow_mut(), frame.data.len());
            if frame.track != number {
                continue;
            }
            let len = u32::try_from(frame.data.len()).ok().filter(|&len| len <= MAX_FRAME_BYTES);
            let len = len.ok_or_else(|| format!("frame {} of {} bytes", frames.len(), frame.data.len()))?;
            frames.push(CodedFrame { offset: offset.ok_or("frames that are packed together are not read")?, len });
            shown_at.push(frame.timestamp);
            is_sync.push(frame.is_keyframe.unwrap_or(true));
            if frames.len() as u64 > MAX_FRAMES {
                return Err("more than 4 million frames".to_owned());
            }
        }
        if frames.is_empty() {
            return Err("video track without frames".to_owned());
        }
        let order = Order::new(&shown_at, is_sync.into_iter());
        let times_ms = (0..frames.len()).map(|shown| shown_at[order.position(shown)] as f64 * ms_per_unit).collect();
        let (codec, size, framing, parameter_sets) = description;
        let (hidden, turn, transport) = (0, Orientation::NoTransforms, None);
        let (size, colours) = (check_size(size)?, None);
        Ok(Track { codec, size, framing, parameter_sets, frames, order, times_ms, hidden, turn, transport, colours })
    })
}

type Description = (Codec, (u32, u32), Framing, Vec<Vec<u8>>);

/// Codec, size, framing and parameter sets of a track.
fn describe(entry: &TrackEntry) -> Result<Description, String> {
    let video = entry.video().ok_or("video track that holds no video")?;
    let pixels = |pixels: u64| u32::try_from(pixels).unwrap_or(u32::MAX);
    let size = (pixels(video.pixel_width().get()), pixels(video.pixel_height().get()));
    if entry.content_encodings().is_some_and(|encodings| !encodings.is_empty()) {
        return Ok((Codec::Other("packed or encrypted frames".to_owned()), size, Framing::StartCodes, Vec::new()));
    }
    let private = entry.codec_private().unwrap_or_default();
    let cut = || "a description of the codec that is cut short".to_owned();
    Ok(match entry.codec_id() {
        "V_MPEG4/ISO/AVC" => {
            let (bytes, sets) = avc_configuration(private).ok_or_else(cut)?;
            (Codec::H264, size, Framing::Lengths { bytes }, sets)
        }
        "V_MPEGH/ISO/HEVC" => {
            let (bytes, sets) = hevc_configuration(private).ok_or_else(cut)?;
            (Codec::Hevc, size, Framing::Lengths { bytes }, sets)
        }
        // Four bytes before the units of the sequence (AV1 in ISOBMFF, 2.3.3).
        "V_AV1" => (Codec::Av1, size, Framing::Whole, vec![private.get(4..).unwrap_or_default().to_vec()]),
        "V_MJPEG" => (Codec::Mjpeg, size, Framing::Whole, Vec::new()),
        other => (Codec::Other(other.to_owned()), size, Framing::StartCodes, Vec::new()),
    })
}

/// Bytes of a unit's length, and the parameter sets (ISO/IEC 14496-15, 5.3.3.1).
fn avc_configuration(private: &[u8]) -> Option<(usize, Vec<Vec<u8>>)> {
    let (&[_, _, _, _, lengths, count], mut rest) = private.split_first_chunk()?;
    let mut sets = Vec::new();
    for _ in 0..count & 0x1F {
        sets.push(take_set(&mut rest)?);
    }
    let (&count, mut rest) = rest.split_first()?;
    for _ in 0..count {
        sets.push(take_set(&mut rest)?);
    }
    Some((usize::from(lengths & 3) + 1, sets))
}

/// The same of H.265 (ISO/IEC 14496-15, 8.3.3.1).
fn hevc_configuration(private: &[u8]) -> Option<(usize, Vec<Vec<u8>>)> {
    let (head, mut rest) = private.split_first_chunk::<23>()?;
    let mut sets = Vec::new();
    for _ in 0..head[22] {
        let (&[_, high, low], after) = rest.split_first_chunk()?;
        rest = after;
        for _ in 0..u16::from_be_bytes([high, low]) {
            sets.push(take_set(&mut rest)?);
        }
    }
    Some((usize::from(head[21] & 3) + 1, sets))
}

fn take_set(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (&length, after) = rest.split_first_chunk()?;
    let (set, after) = after.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
    *rest = after;
    Some(set.to_vec())
}

/// Start and length of each read: the demuxer gives the bytes of a frame and not their place.
type Reads = VecDeque<(u64, usize)>;

/// The place of a frame: that of the first read of its length. The reads before it were of its head.
fn offset_of(reads: &mut Reads, len: usize) -> Option<u64> {
    while let Some((offset, read)) = reads.pop_front() {
        if read == len {
            return Some(offset);
        }
    }
    None
}

/// A file that notes what was read of it.
struct Noting {
    file: File,
    position: u64,
    reads: std::rc::Rc<std::cell::RefCell<Reads>>,
}

impl Read for Noting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Whole at once, so that one frame is one read.
        let mut read = 0;
        while read < into.len() {
            match self.file.read(&mut into[read..])? {
                0 => break,
                more => read += more,
            }
        }
        self.reads.borrow_mut().push_back((self.position, read));
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Noting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}
