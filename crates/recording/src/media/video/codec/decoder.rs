//! The decoders behind one surface: rusty_h264 for H.264, rusty_h265 for H.265.
//!
//! openh264, which encodes here, is not used to decode: it hands frames over in its own order of showing and runs out
//! of picture buffers in streams with a pyramid of B frames, which most encoders write.

use rusty_h264_decoder::Decoder as H264Decoder;
use rusty_h265::nal::{NalHeader, NalType, unescape};
use rusty_h265::ps::parse_sps;
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

use super::track::{Codec, Track};
use crate::media::picture::check_size;
use lane_frame::RgbImage;

/// Takes a decoded frame, with its position; the picture is made only if it is wanted.
pub(super) type Sink<'a> = &'a mut dyn FnMut(usize, &dyn Fn() -> Result<RgbImage, String>);

/// A decoder of one video, fed with its coded frames in order.
pub(super) trait Decoder: Send {
    /// True if decoding can start at a frame of these units.
    fn can_start_at(&self, units: &[&[u8]]) -> bool;

    /// Takes the units of the coded frame at a position; gives the frames that are ready, in any order.
    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String>;

    /// Gives the frames held back; the next one to be decoded is an entry point.
    fn flush(&mut self, sink: Sink);
}

/// A decoder for this track.
///
/// # Errors
/// Says that there is none for its codec, or that its parameters are not understood.
pub(super) fn for_track(track: &Track) -> Result<Box<dyn Decoder>, String> {
    match &track.codec {
        Codec::H264 => Ok(Box::new(H264::new(&track.parameter_sets))),
        Codec::Hevc => Ok(Box::new(Hevc::new(&track.parameter_sets)?)),
        Codec::Other(name) => Err(format!("coded as {name}, decoded here are H.264 and H.265")),
    }
}

struct H264 {
    decoder: H264Decoder,
    /// With start codes, as the decoder takes them.
    parameter_sets: Vec<u8>,
}

impl H264 {
    /// Unit type of a slice of a frame that resets the decoder (table 7-1 of ITU-T H.264).
    const RESETTING_SLICE: u8 = 5;

    fn new(parameter_sets: &[Vec<u8>]) -> Self {
        let parameter_sets = parameter_sets.iter().flat_map(|set| with_start_code(set)).collect();
        Self { decoder: H264Decoder::new(), parameter_sets }
    }
}

fn with_start_code(unit: &[u8]) -> impl Iterator<Item = u8> {
    [0, 0, 0, 1].into_iter().chain(unit.iter().copied())
}

impl Decoder for H264 {
    fn can_start_at(&self, units: &[&[u8]]) -> bool {
        units.iter().any(|unit| unit.first().is_some_and(|byte| byte & 0x1F == Self::RESETTING_SLICE))
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        let mut packet = if self.can_start_at(units) { self.parameter_sets.clone() } else { Vec::new() };
        packet.extend(units.iter().flat_map(|unit| with_start_code(unit)));
        let frame =
            self.decoder.decode(&packet).map_err(|error| error.to_string())?.ok_or("frame without a picture")?;
        let chroma_width = frame.width.div_ceil(2) as u32;
        let planes = YuvPlanarImage {
            y_plane: &frame.y,
            y_stride: frame.width as u32,
            u_plane: &frame.u,
            u_stride: chroma_width,
            v_plane: &frame.v,
            v_stride: chroma_width,
            width: frame.width as u32,
            height: frame.height as u32,
        };
        sink(position, &|| rgb(&planes));
        Ok(())
    }

    fn flush(&mut self, _: Sink) {}
}

struct Hevc {
    decoder: rusty_h265::Decoder,
}

impl Hevc {
    fn new(parameter_sets: &[Vec<u8>]) -> Result<Self, String> {
        let mut hevc = Self { decoder: rusty_h265::Decoder::new() };
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
                sink(position, &|| rgb_of_hevc(&frame));
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

fn rgb_of_hevc(frame: &rusty_h265::Frame) -> Result<RgbImage, String> {
    let picture = &*frame.picture;
    let (left, top, width, height) = picture.crop;
    if picture.chroma_format_idc != 1 {
        return Err("colours are not at half resolution".to_owned());
    }
    let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
    let chroma = |plane: &rusty_h265::Plane| {
        eight_bits(plane, picture.bit_depth_chroma, [left / 2, top / 2, chroma_width, chroma_height])
    };
    rgb(&YuvPlanarImage {
        y_plane: &eight_bits(&picture.planes[0], picture.bit_depth_luma, [left, top, width, height]),
        y_stride: width as u32,
        u_plane: &chroma(&picture.planes[1]),
        u_stride: chroma_width as u32,
        v_plane: &chroma(&picture.planes[2]),
        v_stride: chroma_width as u32,
        width: width as u32,
        height: height as u32,
    })
}

/// A part of a plane with its 8 most significant bits.
fn eight_bits(plane: &rusty_h265::Plane, depth: u8, [left, top, width, height]: [usize; 4]) -> Vec<u8> {
    let shift = depth.saturating_sub(8);
    let rows = (top..top + height).map(|y| &plane.row(y)[left..left + width]);
    let mut samples = Vec::with_capacity(width * height);
    rows.for_each(|row| samples.extend(row.iter().map(|&sample| (sample >> shift) as u8)));
    samples
}

/// BT.601 at limited range, as our own encoder writes and small videos without a note mean.
fn rgb(planes: &YuvPlanarImage<u8>) -> Result<RgbImage, String> {
    let size = check_size((planes.width, planes.height))?;
    let mut image = RgbImage::new(size.width, size.height);
    yuv420_to_rgb(planes, image.as_mut(), 3 * size.width, YuvRange::Limited, YuvStandardMatrix::Bt601)
        .map_err(|error| error.to_string())?;
    Ok(image)
}
