//! AV1 by re_rav1d, which is dav1d in Rust.

use re_rav1d::dav1d::pixel::YUVRange;
use re_rav1d::dav1d::{Decoder as Rav1d, Error, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::colours::{Chroma, Colours};
use super::decode::{Decoder, Sink};
use crate::media::picture::MAX_PIXELS;
use lane_frame::RgbImage;

/// A decoder on the thread that asks: one frame goes in, and one comes out.
pub(super) struct Av1 {
    decoder: Rav1d,
    /// What the container keeps of the sequence, for frames that do not repeat it.
    sequence: Vec<u8>,
}

/// Kinds of the units of a stream (6.2.2 of the AV1 specification).
const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;

impl Av1 {
    pub fn new(parameter_sets: &[Vec<u8>]) -> Result<Self, String> {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_frame_size_limit(MAX_PIXELS as u32);
        let decoder = Rav1d::with_settings(&settings).map_err(|error| error.to_string())?;
        Ok(Self { decoder, sequence: parameter_sets.concat() })
    }

    fn show(&mut self, sink: Sink) -> Result<(), String> {
        loop {
            match self.decoder.get_picture() {
                Ok(picture) => {
                    if let Some(position) = picture.timestamp().and_then(|time| usize::try_from(time).ok()) {
                        sink(position, &|| rgb(&picture));
                    }
                }
                Err(Error::Again) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Decoder for Av1 {
    fn can_start_at(&self, units: &[&[u8]]) -> bool {
        units.iter().any(|unit| is_key_frame(unit))
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        let frame = units.concat();
        let needs_sequence = is_key_frame(&frame) && !kinds(&frame).any(|(kind, _)| kind == SEQUENCE_HEADER);
        let data = if needs_sequence { [&self.sequence[..], &frame].concat() } else { frame };
        if data.is_empty() {
            return Err("empty frame".to_owned());
        }
        let mut sent = self.decoder.send_data(data, None, Some(position as i64), None);
        loop {
            self.show(&mut *sink)?;
            match sent {
                Ok(()) => return Ok(()),
                Err(Error::Again) => sent = self.decoder.send_pending_data(),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn flush(&mut self, sink: Sink) {
        // Frames that cannot be had are missed by whoever asks for them.
        let _ = self.show(sink);
        self.decoder.flush();
    }
}

/// True for a frame at which decoding can start (5.9.2 of the AV1 specification).
fn is_key_frame(frame: &[u8]) -> bool {
    let is_header = |kind: u8| [FRAME_HEADER, FRAME].contains(&kind);
    let header = kinds(frame).find(|&(kind, _)| is_header(kind));
    // The first bit shows a frame that was decoded before, the next two are its type.
    header.is_some_and(|(_, content)| content.first().is_some_and(|byte| byte & 0xE0 == 0))
}

/// Kind and content of each unit (5.3 of the AV1 specification), as far as they are whole.
fn kinds(mut frame: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&header, rest) = frame.split_first()?;
        let (has_extension, has_size) = (header & 4 != 0, header & 2 != 0);
        let rest = rest.get(usize::from(has_extension)..)?;
        let (size, rest) = if has_size { leb128(rest)? } else { (rest.len(), rest) };
        let (content, after) = rest.split_at_checked(size)?;
        frame = after;
        Some((header >> 3 & 0xF, content))
    })
}

/// A number in groups of seven bits, the lowest first (4.10.5 of the AV1 specification).
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let len = bytes.iter().take(8).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(len);
    let value = number.iter().rev().fold(0, |value: u64, byte| value << 7 | u64::from(byte & 0x7F));
    Some((usize::try_from(value).ok()?, rest))
}

fn rgb(picture: &Picture) -> Result<RgbImage, String> {
    let (chroma, across, down) = match picture.pixel_layout() {
        PixelLayout::I400 => (Chroma::None, 1, 1),
        PixelLayout::I420 => (Chroma::Half, 2, 2),
        PixelLayout::I422 => (Chroma::HalfColumns, 2, 1),
        PixelLayout::I444 => (Chroma::Full, 1, 1),
    };
    let (width, height) = (picture.width(), picture.height());
    let plane = |component, across: u32, down: u32| {
        let size = (width.div_ceil(across) as usize, height.div_ceil(down) as usize);
        let samples = picture.plane(component);
        eight_bits(&samples, picture.stride(component) as usize, size, picture.bit_depth())
    };
    let y = plane(PlanarImageComponent::Y, 1, 1);
    let colour = |component| if chroma == Chroma::None { Vec::new() } else { plane(component, across, down) };
    let (u, v) = (colour(PlanarImageComponent::U), colour(PlanarImageComponent::V));
    let is_full_range = picture.color_range() == YUVRange::Full;
    let colours = Colours::by_code(is_full_range, picture.matrix_coefficients() as u8);
    let colour_stride = width.div_ceil(across);
    colours.rgb(chroma, [(&y, width), (&u, colour_stride), (&v, colour_stride)], (width, height))
}

/// The samples of a plane without what is behind its rows, each with its 8 most significant bits.
fn eight_bits(plane: &[u8], stride: usize, (width, height): (usize, usize), depth: usize) -> Vec<u8> {
    let bytes = if depth > 8 { 2 } else { 1 };
    let mut samples = Vec::with_capacity(width * height);
    for row in plane.chunks(stride.max(1)).take(height) {
        let row = row.get(..width * bytes).unwrap_or(row);
        match row.as_chunks::<2>() {
            (pairs, _) if bytes == 2 => {
                samples.extend(pairs.iter().map(|&pair| (u16::from_le_bytes(pair) >> (depth - 8)) as u8));
            }
            _ => samples.extend_from_slice(row),
        }
    }
    samples
}
