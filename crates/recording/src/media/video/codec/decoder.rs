//! The decoders behind one surface: rusty_h264 for H.264, rusty_h265 for H.265, re_rav1d for AV1.
//!
//! openh264, which encodes here, is not used to decode: it hands frames over in its own order of showing and runs out
//! of picture buffers in streams with a pyramid of B frames, which most encoders write.

use rusty_h264_decoder::Decoder as H264Decoder;
use rusty_h265::nal::{NalHeader, NalType, unescape};
use rusty_h265::ps::parse_sps;

use super::colours::{Chroma, Colours};
use super::decode::{Decoder, Sink};
use super::h264::{RESETTING_SLICE, SEQUENCE, Sequence, unit_type};
use super::mjpeg::Mjpeg;
use super::track::{Codec, Track};
use crate::media::picture::check_size;
use lane_frame::RgbImage;

/// A decoder for this track.
///
/// # Errors
/// Says that there is none for its codec, or that its parameters are not understood.
pub(super) fn for_track(track: &Track) -> Result<Box<dyn Decoder>, String> {
    let unstated = track.colours.unwrap_or(Colours::UNSTATED);
    match &track.codec {
        Codec::H264 => Ok(Box::new(H264::new(&track.parameter_sets, unstated))),
        Codec::Hevc => Ok(Box::new(Hevc::new(&track.parameter_sets, unstated)?)),
        #[cfg(feature = "av1")]
        Codec::Av1 => Ok(Box::new(super::av1::Av1::new(&track.parameter_sets)?)),
        #[cfg(not(feature = "av1"))]
        Codec::Av1 => Err(not_decoded_here("AV1")),
        Codec::Mjpeg => Ok(Box::new(Mjpeg)),
        Codec::Other(name) => Err(not_decoded_here(name)),
    }
}

/// The codings that this build decodes, and the one that it does not.
pub(super) fn not_decoded_here(name: &str) -> String {
    let decoded =
        if cfg!(feature = "av1") { "H.264, H.265, AV1 and Motion JPEG" } else { "H.264, H.265 and Motion JPEG" };
    format!("coded as {name}, decoded here are {decoded}")
}

struct H264 {
    decoder: H264Decoder,
    /// With start codes, as the decoder takes them.
    parameter_sets: Vec<u8>,
    colours: Colours,
    /// Where the stream says nothing.
    unstated: Colours,
}

impl H264 {
    fn new(sets: &[Vec<u8>], unstated: Colours) -> Self {
        let parameter_sets = sets.iter().flat_map(|set| with_start_code(set)).collect();
        let mut h264 = Self { decoder: H264Decoder::new(), parameter_sets, colours: unstated, unstated };
        sets.iter().for_each(|set| h264.take_colours(set));
        h264
    }

    /// Takes the colours of a unit that is a sequence parameter set: many streams repeat it before each key frame.
    fn take_colours(&mut self, unit: &[u8]) {
        if unit_type(unit) == Some(SEQUENCE) {
            let stated = Sequence::parse(unit).and_then(|sequence| sequence.colours);
            self.colours = stated.unwrap_or(self.unstated);
        }
    }
}

fn with_start_code(unit: &[u8]) -> impl Iterator<Item = u8> {
    [0, 0, 0, 1].into_iter().chain(unit.iter().copied())
}

impl Decoder for H264 {
    fn can_start_at(&self, units: &[&[u8]]) -> bool {
        units.iter().any(|unit| unit_type(unit) == Some(RESETTING_SLICE))
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        let mut packet = if self.can_start_at(units) { self.parameter_sets.clone() } else { Vec::new() };
        packet.extend(units.iter().flat_map(|unit| with_start_code(unit)));
        units.iter().for_each(|unit| self.take_colours(unit));
        let frame =
            self.decoder.decode(&packet).map_err(|error| error.to_string())?.ok_or("frame without a picture")?;
        let (width, chroma_width) = (frame.width as u32, frame.width.div_ceil(2) as u32);
        let planes = [(&frame.y[..], width), (&frame.u[..], chroma_width), (&frame.v[..], chroma_width)];
        let colours = self.colours;
        sink(position, &|| colours.rgb(Chroma::Half, planes, (width, frame.height as u32)));
        Ok(())
    }

    fn flush(&mut self, _: Sink) {}
}

struct Hevc {
    decoder: rusty_h265::Decoder,
    colours: Colours,
    /// Where the stream says nothing.
    unstated: Colours,
}

impl Hevc {
    fn new(parameter_sets: &[Vec<u8>], unstated: Colours) -> Result<Self, String> {
        let mut hevc = Self { decoder: rusty_h265::Decoder::new(), colours: unstated, unstated };
        for set in parameter_sets {
            hevc.push(set, 0)?;
        }
        Ok(hevc)
    }

    fn push(&mut self, unit: &[u8], position: usize) -> Result<(), String> {
        let Some(header) = NalHeader::parse(unit) else { return Ok(()) };
        if header.nal_type == NalType::Sps {
            let set = parse_sps(&unescape(&unit[2..]).data).map_err(|error| error.to_string())?;
            check_size((set.width, set.height))?;
            self.colours = Colours::of_hevc(&set).unwrap_or(self.unstated);
        }
        // The position travels with the picture as its time.
        let time = header.nal_type.is_vcl().then_some(position as i64);
        match self.decoder.push_nal(unit, time) {
            Err(error) if header.nal_type.is_vcl() => Err(error.to_string()),
            // A parameter set that is not understood but needed makes the slices fail.
            _ => Ok(()),
        }
    }

    fn show(&mut self, sink: Sink) {
        while let Ok(frame) = self.decoder.next_frame() {
            if let Some(position) = frame.pts.and_then(|time| usize::try_from(time).ok()) {
                sink(position, &|| rgb_of_hevc(&frame, self.colours));
            }
        }
    }
}

impl Decoder for Hevc {
    fn can_start_at(&self, units: &[&[u8]]) -> bool {
        units.iter().filter_map(|unit| NalHeader::parse(unit)).any(|header| header.nal_type.is_irap())
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        units.iter().try_for_each(|unit| self.push(unit, position))?;
        self.show(sink);
        Ok(())
    }

    fn flush(&mut self, sink: Sink) {
        self.decoder.flush();
        self.show(sink);
    }
}

fn rgb_of_hevc(frame: &rusty_h265::Frame, colours: Colours) -> Result<RgbImage, String> {
    let picture = &*frame.picture;
    let (left, top, width, height) = picture.crop;
    // Columns and rows for each sample of colour (table 6-1 of ITU-T H.265).
    let (chroma, across, down) = match picture.chroma_format_idc {
        0 => (Chroma::None, 1, 1),
        1 => (Chroma::Half, 2, 2),
        2 => (Chroma::HalfColumns, 2, 1),
        _ => (Chroma::Full, 1, 1),
    };
    let part = [left / across, top / down, width.div_ceil(across), height.div_ceil(down)];
    let colour = |plane: usize| {
        let samples = picture.planes.get(plane).filter(|_| chroma != Chroma::None);
        samples.map_or(Vec::new(), |plane| eight_bits(plane, picture.bit_depth_chroma, part))
    };
    let (y, u, v) =
        (eight_bits(&picture.planes[0], picture.bit_depth_luma, [left, top, width, height]), colour(1), colour(2));
    let (stride, colour_stride) = (width as u32, width.div_ceil(across) as u32);
    let planes = [(&y[..], stride), (&u[..], colour_stride), (&v[..], colour_stride)];
    colours.rgb(chroma, planes, (width as u32, height as u32))
}

/// A part of a plane with its 8 most significant bits.
fn eight_bits(plane: &rusty_h265::Plane, depth: u8, [left, top, width, height]: [usize; 4]) -> Vec<u8> {
    let shift = depth.saturating_sub(8);
    let rows = (top..top + height).map(|y| &plane.row(y)[left..left + width]);
    let mut samples = Vec::with_capacity(width * height);
    rows.for_each(|row| samples.extend(row.iter().map(|&sample| (sample >> shift) as u8)));
    samples
}
