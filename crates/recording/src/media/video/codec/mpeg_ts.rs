//! MPEG transport streams of H.264 and H.265, as dashcams and camcorders write them.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use image::metadata::Orientation;
use rusty_h265::nal::{NalHeader, NalType, split_annex_b, unescape};
use rusty_h265::ps::parse_sps;

use super::h264::{self, Sequence};
use super::packets::{Packet, Pes, Transport};
use super::track::{Codec, CodedFrame, Framing, MAX_FRAMES, Order, Track};
use crate::media::contained::contained;
use crate::media::picture::check_size;

/// Times are counts of 90 kHz in 33 bits.
const TICKS_PER_MS: f64 = 90.0;
const TICKS: i64 = 1 << 33;

/// Lists the frames of the first video in a stream.
///
/// # Errors
/// Says in words that it cannot be read, or holds no video that is decoded here.
pub(super) fn read(path: &Path, transport: Transport) -> Result<Track, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut index = Index { transport, frames: Vec::new(), shown_at: Vec::new(), kind: None };
    let mut bytes = vec![0; transport.stride];
    let mut offset = 0_u64;
    while reader.read_exact(&mut bytes).is_ok() {
        if let Some(packet) = transport.packet(&bytes) {
            index.push(offset, &packet)?;
        }
        offset += transport.stride as u64;
    }
    index.into_track(offset)
}

struct Index {
    transport: Transport,
    /// Of a frame the place of its first packet, and the bytes from there to the next frame's.
    frames: Vec<CodedFrame>,
    shown_at: Vec<i64>,
    kind: Option<(Codec, (u32, u32))>,
}

impl Index {
    fn push(&mut self, offset: u64, packet: &Packet) -> Result<(), String> {
        let is_of_video = self.transport.number == 0 || packet.number == self.transport.number;
        let Some(pes) = Pes::parse(packet.payload).filter(|pes| packet.begins && is_of_video && pes.is_video) else {
            return Ok(());
        };
        if self.kind.is_none() {
            // A recording may begin in the middle of a group of frames, of which nothing can be decoded.
            let Some(kind) = contained(|| Ok(kind(pes.payload)))? else { return Ok(()) };
            self.kind = Some(kind);
            self.transport.number = packet.number;
        }
        if self.frames.len() as u64 >= MAX_FRAMES {
            return Err("more than 4 million frames".to_owned());
        }
        self.end_frame(offset)?;
        self.frames.push(CodedFrame { offset, len: 0 });
        let last = self.shown_at.last().copied().unwrap_or(0);
        // The counter begins again after a day.
        let shown_at = pes.shown_at.map_or(last + 1, |shown_at| match self.shown_at.is_empty() {
            true => shown_at,
            false => last + (shown_at - last + TICKS / 2).rem_euclid(TICKS) - TICKS / 2,
        });
        self.shown_at.push(shown_at);
        Ok(())
    }

    fn end_frame(&mut self, end: u64) -> Result<(), String> {
        let Some(CodedFrame { offset, .. }) = self.frames.pop() else { return Ok(()) };
        CodedFrame::push_between(&mut self.frames, offset, end)
    }

    fn into_track(mut self, end: u64) -> Result<Track, String> {
        self.end_frame(end)?;
        let (codec, size) = self.kind.ok_or("no video that is decoded here in this transport stream")?;
        // Where decoding can start is for the decoder to say.
        let order = Order::new(&self.shown_at, self.shown_at.iter().map(|_| true));
        let first = self.shown_at.iter().min().copied().unwrap_or_default();
        let mut times: Vec<i64> = self.shown_at.iter().map(|time| time - first).collect();
        times.sort_unstable();
        Ok(Track {
            codec,
            size: check_size(size)?,
            framing: Framing::StartCodes,
            parameter_sets: Vec::new(),
            frames: self.frames,
            order,
            times_ms: times.into_iter().map(|ticks| ticks as f64 / TICKS_PER_MS).collect(),
            hidden: 0,
            turn: Orientation::NoTransforms,
            transport: Some(self.transport),
            colours: None,
        })
    }
}

/// Codec and size of the frame that begins so, if it begins with the parameters of a sequence.
fn kind(begin: &[u8]) -> Option<(Codec, (u32, u32))> {
    let units = split_annex_b(begin);
    let of_hevc = || {
        let is_sequence = |unit: &&&[u8]| NalHeader::parse(unit).is_some_and(|header| header.nal_type == NalType::Sps);
        let sequence = units.iter().find(is_sequence)?;
        let sequence = parse_sps(&unescape(sequence.get(2..)?).data).ok()?;
        Some((Codec::Hevc, sequence.output_size()))
    };
    let of_h264 = || {
        let sequence = units.iter().find(|unit| h264::unit_type(unit) == Some(h264::SEQUENCE))?;
        Some((Codec::H264, Sequence::parse(sequence)?.size))
    };
    // The first unit of H.265 is of a kind that H.264 has none of.
    let is_hevc = units.first().and_then(|unit| NalHeader::parse(unit)).is_some_and(|header| {
        header.layer_id == 0
            && matches!(header.nal_type, NalType::Aud | NalType::Vps | NalType::Sps | NalType::PrefixSei)
    });
    if is_hevc { of_hevc().or_else(of_h264) } else { of_h264() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::video::{Video, VideoEncoder};
    use lane_frame::{RgbImage, Size};
    use lane_fuzz::survives_broken_copies;

    /// Packets of a frame, with a packet of sound before it; `before` bytes are put before each.
    fn packets(frame: &[u8], ticks: i64, before: usize) -> Vec<u8> {
        let time = [
            0x21 | (ticks >> 29) as u8 & 0x0E,
            (ticks >> 22) as u8,
            (ticks >> 14) as u8 | 1,
            (ticks >> 7) as u8,
            (ticks << 1) as u8 | 1,
        ];
        let pes = [&[0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5][..], &time, frame].concat();
        let mut packets = [vec![0; before], vec![0x47, 0x41, 1, 0x10], vec![0xAA; 184]].concat();
        for (count, part) in pes.chunks(176).enumerate() {
            let stuffing = 184 - part.len();
            packets.extend(vec![0; before]);
            packets.extend([0x47, if count == 0 { 0x41 } else { 1 }, 0, 0x30, stuffing as u8 - 1]);
            packets.extend(vec![0; 1]);
            packets.extend(vec![0xFF; stuffing - 2]);
            packets.extend(part);
        }
        packets
    }

    /// A stream of H.264 frames of rising brightness, shown each 50 ms from a tick on.
    fn stream(before: usize, first: i64) -> Vec<u8> {
        let mut encoder = VideoEncoder::new(Size::new(64, 48), 20.0).unwrap();
        let frame = |number: u8| {
            let picture = RgbImage::from_pixel(64, 48, image::Rgb([40 + 30 * number; 3]));
            let frame = encoder.encode(&picture).unwrap();
            packets(&frame.bytes, (first + 4500 * i64::from(number)).rem_euclid(TICKS), before)
        };
        (0..6).flat_map(frame).collect()
    }

    #[test]
    fn frames_and_times_come_out_of_packets_of_either_length() {
        for (before, first) in [(0, 900_000), (4, TICKS - 9000)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("drive.ts");
            std::fs::write(&path, stream(before, first)).unwrap();
            let mut video = Video::open(&path).unwrap();
            let times: Vec<f64> = (0..video.len()).map(|frame| video.time_ms(frame)).collect();
            assert_eq!(times, [0.0, 50.0, 100.0, 150.0, 200.0, 250.0], "{before} bytes before each packet");
            for number in [0, 5, 2] {
                let image = video.frame(number).unwrap();
                let brightness = image.get_pixel(20, 20)[1];
                assert!(brightness.abs_diff(40 + 30 * number as u8) < 5, "frame {number}: {brightness}");
            }
        }
    }

    #[test]
    fn broken_transport_streams_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.ts");
        let whole = stream(0, 0);
        survives_broken_copies(&whole, |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Some(transport) = Transport::of(bytes)
                && let Ok(track) = read(&path, transport)
            {
                assert_eq!(track.frames.len(), track.times_ms.len());
                drop(Video::open(&path));
            }
        });
    }
}
