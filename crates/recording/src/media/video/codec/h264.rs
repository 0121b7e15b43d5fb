//! What is read of H.264 streams besides their pictures (ITU-T H.264): sequence parameters, and the frames of raw streams.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;
use rusty_h265::bits::BitReader;
use rusty_h265::nal::{split_annex_b, unescape};

use super::colours::Colours;
use super::start_codes::scan_units;
use super::track::{Codec, CodedFrame, Framing, Order, Track, nearest_place};
use crate::media::contained::contained;
use crate::media::picture::check_size;

const READ_BYTES: usize = 1 << 16;

/// Kinds of units (table 7-1).
const SLICE: u8 = 1;
pub(super) const RESETTING_SLICE: u8 = 5;
const SUPPLEMENT: u8 = 6;
pub(super) const SEQUENCE: u8 = 7;
const PICTURE_SET: u8 = 8;
const DELIMITER: u8 = 9;

/// The kind of a unit.
pub(super) fn unit_type(unit: &[u8]) -> Option<u8> {
    unit.first().map(|byte| byte & 0x1F)
}

/// True for the first bytes of a raw stream: its first unit is a parameter set or a delimiter.
pub(super) fn is_raw(head: &[u8]) -> bool {
    let zeros = head.iter().take_while(|&&byte| byte == 0).count();
    let unit = head.get(zeros + 1..).filter(|_| zeros >= 2 && head.get(zeros) == Some(&1));
    // The highest bit of a unit is 0, and parameter sets are always referred to.
    let is_first = |byte: &u8| byte & 0x80 == 0 && matches!(byte & 0x1F, SEQUENCE | DELIMITER);
    unit.and_then(<[u8]>::first).is_some_and(is_first)
}

/// The sequence parameters that are of use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sequence {
    pub size: (u32, u32),
    /// `None` where the stream does not state them.
    pub colours: Option<Colours>,
    /// Bits of a frame's number in a slice.
    frame_bits: u32,
    /// Bits of the low part of the place in the order of showing; `None` where frames are shown in the order of decoding, or
    /// by a rule that no recorder is known to use.
    place_bits: Option<u32>,
    has_frames_only: bool,
    has_separate_planes: bool,
}

impl Sequence {
    /// Reads a parameter set, with the byte of its unit's type.
    pub fn parse(unit: &[u8]) -> Option<Self> {
        let payload = unescape(unit.get(1..)?);
        parse(&mut BitReader::new(&payload.data)).ok().flatten()
    }
}

/// Profiles whose sequence parameters say more of the samples (7.3.2.1.1).
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Reads a sequence parameter set (7.3.2.1.1) up to its note on colours (annex E.1.1).
fn parse(bits: &mut BitReader) -> rusty_h265::Result<Option<Sequence>> {
    let profile = bits.read_bits(8)?;
    bits.read_bits(16)?; // constraints and level
    bits.read_ue()?; // number of the set
    let has_separate_planes = HIGH_PROFILES.contains(&profile) && skip_high_profile(bits)?;
    let frame_bits = bits.read_ue()?.saturating_add(4);
    let mut place_bits = None;
    match bits.read_ue()? {
        0 => place_bits = Some(bits.read_ue()?.saturating_add(4)),
        1 => {
            bits.read_flag()?;
            bits.read_se()?;
            bits.read_se()?;
            for _ in 0..bits.read_ue()?.min(255) {
                bits.read_se()?;
            }
        }
        _ => {}
    }
    if frame_bits > 16 || place_bits > Some(16) {
        return Ok(None);
    }
    bits.read_ue()?; // reference frames
    bits.read_flag()?; // gaps in frame numbers
    let [columns, rows] = [bits.read_ue()?, bits.read_ue()?].map(|blocks| blocks.saturating_add(1).saturating_mul(16));
    let has_frames_only = bits.read_flag()?;
    if !has_frames_only {
        bits.read_flag()?; // frames and fields mixed
    }
    bits.read_flag()?; // direct_8x8_inference_flag
    let mut cropped = [0; 4];
    if bits.read_flag()? {
        for side in &mut cropped {
            *side = bits.read_ue()?;
        }
    }
    // In units of two pixels, as colours at half resolution have it: the decoder's word counts in the end.
    let [left, right, top, bottom] = cropped.map(|side| side.saturating_mul(2));
    let rows = if has_frames_only { rows } else { rows.saturating_mul(2) };
    let size = (columns.saturating_sub(left).saturating_sub(right), rows.saturating_sub(top).saturating_sub(bottom));
    let colours = stated_colours(bits).unwrap_or(None);
    Ok(Some(Sequence { size, colours, frame_bits, place_bits, has_frames_only, has_separate_planes }))
}

/// The note on colours; `None` where there is none.
fn stated_colours(bits: &mut BitReader) -> rusty_h265::Result<Option<Colours>> {
    if !bits.read_flag()? {
        return Ok(None);
    }
    if bits.read_flag()? && bits.read_bits(8)? == 255 {
        bits.read_bits(32)?; // shape of a pixel
    }
    if bits.read_flag()? {
        bits.read_flag()?; // overscan
    }
    if !bits.read_flag()? {
        return Ok(None);
    }
    bits.read_bits(3)?; // video format
    let is_full_range = bits.read_flag()?;
    // Primaries and transfer before the matrix.
    let code = if bits.read_flag()? { bits.read_bits(24)? & 0xFF } else { 2 };
    Ok(Some(Colours::by_code(is_full_range, code as u8)))
}

/// Steps over what high profiles state; true where the colours are three pictures of their own.
fn skip_high_profile(bits: &mut BitReader) -> rusty_h265::Result<bool> {
    let chroma = bits.read_ue()?;
    let has_separate_planes = chroma == 3 && bits.read_flag()?;
    bits.read_ue()?; // depth of brightness
    bits.read_ue()?; // depth of colours
    bits.read_flag()?; // transform bypass
    if !bits.read_flag()? {
        return Ok(has_separate_planes);
    }
    for list in 0..if chroma == 3 { 12 } else { 8 } {
        if bits.read_flag()? {
            skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
        }
    }
    Ok(has_separate_planes)
}

/// Steps over a list of scaling factors (7.3.2.1.1.1).
fn skip_scaling_list(bits: &mut BitReader, len: u32) -> rusty_h265::Result<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..len {
        if next != 0 {
            next = (last + bits.read_se()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Ok(())
}

/// Lists the frames of a raw stream.
///
/// # Errors
/// Says in words that it cannot be read or holds no picture.
pub(super) fn read(path: &Path) -> Result<Track, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut index = Index::default();
    let reader = BufReader::with_capacity(READ_BYTES, &file);
    contained(|| scan_units(reader, |offset, head| index.push_unit(offset, head)))?;
    let mut track = index.into_track()?;
    track.parameter_sets = parameter_sets(&mut file, track.frames[0]).map_err(|error| error.to_string())?;
    Ok(track)
}

/// When frames are shown, each given by its first bytes: the sequence, and the place in it. `None` where one is not one whole
/// picture.
pub(super) fn places(heads: impl Iterator<Item = io::Result<Vec<u8>>>) -> Option<Vec<(u32, i32)>> {
    let mut index = Index::default();
    for (number, head) in (1..).zip(heads) {
        let head = head.ok()?;
        contained(|| split_annex_b(&head).into_iter().try_for_each(|unit| index.push_unit(number, unit))).ok()?;
        index.end_frame(number).ok()?;
        if index.shown_by.len() as u64 != number {
            return None;
        }
    }
    Some(index.shown_by)
}

/// The parameter sets before the first picture: many cameras write them only once.
fn parameter_sets(file: &mut File, first: CodedFrame) -> io::Result<Vec<Vec<u8>>> {
    let mut frame = vec![0; first.len as usize];
    file.seek(SeekFrom::Start(first.offset))?;
    file.read_exact(&mut frame)?;
    let is_set = |unit: &&[u8]| matches!(unit_type(unit), Some(SEQUENCE | PICTURE_SET));
    Ok(split_annex_b(&frame).into_iter().filter(is_set).map(<[u8]>::to_vec).collect())
}

/// The frames met so far.
#[derive(Default)]
struct Index {
    frames: Vec<CodedFrame>,
    /// The order in which the frames are shown: the sequence, and the place in it.
    shown_by: Vec<(u32, i32)>,
    is_reset: Vec<bool>,
    /// The first byte of the frame being met, parameter sets before its picture included.
    start: Option<u64>,
    has_picture: bool,
    /// The parameters met last: a stream of one camera has one set.
    sequence: Option<Sequence>,
    /// Resets met so far.
    resets: u32,
    /// Place in the sequence that later ones are counted from.
    last_place: i32,
}

impl Index {
    fn push_unit(&mut self, offset: u64, head: &[u8]) -> Result<(), String> {
        let Some(kind) = unit_type(head) else { return self.end_frame(offset) };
        // The first number of a slice is that of its first block.
        let is_slice = matches!(kind, SLICE | RESETTING_SLICE);
        let begins_picture = is_slice && head.get(1).is_some_and(|byte| byte & 0x80 != 0);
        if begins_picture || matches!(kind, SUPPLEMENT | SEQUENCE | PICTURE_SET | DELIMITER) {
            self.end_frame(offset)?;
            self.start.get_or_insert(offset);
        }
        if kind == SEQUENCE
            && let Some(sequence) = Sequence::parse(head)
        {
            check_size(sequence.size)?;
            self.sequence = Some(sequence);
        }
        if begins_picture {
            self.begin_picture(kind, head);
        }
        Ok(())
    }

    fn begin_picture(&mut self, kind: u8, head: &[u8]) {
        let is_reset = kind == RESETTING_SLICE;
        // What refers to frames before the stream's beginning is shown by no decoder.
        if self.sequence.is_none() || (self.resets == 0 && !is_reset) {
            self.start = None;
            return;
        }
        self.resets += u32::from(is_reset);
        let place = self.place(head, is_reset).unwrap_or(self.last_place + 1);
        self.shown_by.push((self.resets, place));
        self.is_reset.push(is_reset);
        self.has_picture = true;
    }

    /// The picture order count (8.2.1.1), or the next place where frames are shown in the order of decoding.
    fn place(&mut self, head: &[u8], is_reset: bool) -> Option<i32> {
        let sequence = self.sequence?;
        let Some(place_bits) = sequence.place_bits else {
            self.last_place = if is_reset { 0 } else { self.last_place + 1 };
            return Some(self.last_place);
        };
        let payload = unescape(head.get(1..)?);
        let mut bits = BitReader::new(&payload.data);
        let low = low_place(&mut bits, &sequence, is_reset, place_bits).ok()?.cast_signed();
        let range = 1 << place_bits;
        let place = if is_reset { low } else { nearest_place(self.last_place, low, range) };
        // Pictures that none refers to do not count for those behind them.
        if head[0] & 0x60 != 0 || is_reset {
            self.last_place = place;
        }
        Some(place)
    }

    fn end_frame(&mut self, end: u64) -> Result<(), String> {
        if !self.has_picture {
            return Ok(());
        }
        let offset = self.start.take().unwrap_or(end);
        CodedFrame::push_between(&mut self.frames, offset, end)?;
        self.has_picture = false;
        Ok(())
    }

    fn into_track(self) -> Result<Track, String> {
        let sequence = self.sequence.ok_or("no H.264 parameter set")?;
        if self.frames.is_empty() {
            return Err("no picture".to_owned());
        }
        Ok(Track {
            codec: Codec::H264,
            size: check_size(sequence.size)?,
            framing: Framing::StartCodes,
            parameter_sets: Vec::new(),
            order: Order::new(&self.shown_by, self.is_reset.into_iter()),
            frames: self.frames,
            times_ms: Vec::new(),
            hidden: 0,
            turn: Orientation::NoTransforms,
            transport: None,
            colours: None,
        })
    }
}

/// The low part of a picture's place, out of the head of its first slice (7.3.3).
fn low_place(bits: &mut BitReader, sequence: &Sequence, is_reset: bool, place_bits: u32) -> rusty_h265::Result<u32> {
    bits.read_ue()?; // first block
    bits.read_ue()?; // kind of slice
    bits.read_ue()?; // parameter set of pictures
    if sequence.has_separate_planes {
        bits.read_bits(2)?;
    }
    bits.read_bits(sequence.frame_bits)?;
    if !sequence.has_frames_only && bits.read_flag()? {
        bits.read_flag()?; // which field
    }
    if is_reset {
        bits.read_ue()?; // number of the reset
    }
    Ok(bits.read_bits(place_bits)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::video::{Video, VideoEncoder};
    use lane_frame::{RgbImage, Size};
    use lane_fuzz::survives_broken_copies;

    /// Sequence parameter sets of libx264 (core 164) for yuvj420p with `fullrange=on:colormatrix=bt470bg`, and for yuv420p
    /// with `colormatrix=bt709`, both of 320x64 pixels.
    const FULL_RANGE: [u8; 27] = [
        0x67, 0x64, 0x00, 0x0B, 0xAC, 0xD9, 0x41, 0x42, 0x69, 0xB8, 0x10, 0x10, 0x2A, 0x00, 0x00, 0x03, 0x00, 0x02,
        0x00, 0x00, 0x03, 0x00, 0x50, 0x1E, 0x28, 0x53, 0x2C,
    ];
    const BT709: [u8; 27] = [
        0x67, 0x64, 0x00, 0x0B, 0xAC, 0xD9, 0x41, 0x42, 0x69, 0xA8, 0x08, 0x08, 0x0A, 0x00, 0x00, 0x03, 0x00, 0x02,
        0x00, 0x00, 0x03, 0x00, 0x50, 0x1E, 0x28, 0x53, 0x2C,
    ];

    #[test]
    fn size_range_and_matrix_are_read_from_a_sequence_parameter_set() {
        let [full, bt709] = [FULL_RANGE, BT709].map(|set| Sequence::parse(&set).unwrap());
        assert_eq!((full.colours, full.size), (Some(Colours::by_code(true, 5)), (320, 64)));
        assert_eq!((bt709.colours, bt709.size), (Some(Colours::by_code(false, 1)), (320, 64)));
    }

    #[test]
    fn broken_parameter_sets_are_survived() {
        for set in [FULL_RANGE, BT709] {
            survives_broken_copies(&set, |bytes| {
                let _ = Sequence::parse(bytes);
            });
        }
    }

    /// Thirty frames of our own encoder, one behind the other as a camera writes them.
    fn raw_stream() -> Vec<u8> {
        let mut encoder = VideoEncoder::new(Size::new(48, 32), 10.0).unwrap();
        let picture = |number: u8| RgbImage::from_pixel(48, 32, image::Rgb([20 + 7 * number; 3]));
        (0..30).flat_map(|number| encoder.encode(&picture(number)).unwrap().bytes).collect()
    }

    #[test]
    fn a_raw_stream_is_read_frame_by_frame() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.h264");
        std::fs::write(&path, raw_stream()).unwrap();
        let mut video = Video::open(&path).unwrap();
        assert_eq!((video.len(), video.size(), video.has_times()), (30, Size::new(48, 32), false));
        for number in [0_u8, 1, 29, 7, 8] {
            let level = video.frame(number.into()).unwrap().get_pixel(20, 20)[1];
            assert!(level.abs_diff(20 + 7 * number) < 4, "frame {number} has level {level}");
        }
    }

    #[test]
    fn broken_raw_streams_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.h264");
        survives_broken_copies(&raw_stream(), |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(track) = read(&path) {
                assert!(!track.frames.is_empty());
            }
        });
    }
}
