//! Raw H.265 streams (annex B of ITU-T H.265), as comma2k19 has them: found frame by frame without decoding.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;
use rusty_h265::bits::BitReader;
use rusty_h265::nal::{NalHeader, NalType, split_annex_b, unescape};
use rusty_h265::ps::{Pps, Sps, parse_pps, parse_sps};
use rusty_h265::slice::parse_slice_header;

use super::start_codes::scan_units;
use super::track::{Codec, CodedFrame, Framing, Order, Track, nearest_place};
use crate::media::contained::contained;
use crate::media::picture::check_size;

const READ_BYTES: usize = 1 << 16;

/// True for the first bytes of such a stream: its first unit is a parameter set or a delimiter.
pub(super) fn is_hevc(head: &[u8]) -> bool {
    let zeros = head.iter().take_while(|&&byte| byte == 0).count();
    let unit = head.get(zeros + 1..).filter(|_| zeros >= 2 && head.get(zeros) == Some(&1));
    let kind = unit.and_then(NalHeader::parse).map(|header| header.nal_type);
    kind.is_some_and(|kind| matches!(kind, NalType::Vps | NalType::Sps | NalType::Aud | NalType::PrefixSei))
}

/// Lists the frames of a stream.
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

/// The units before the first picture: many cameras write them only once.
fn parameter_sets(file: &mut File, first: CodedFrame) -> io::Result<Vec<Vec<u8>>> {
    let mut frame = vec![0; first.len as usize];
    file.seek(SeekFrom::Start(first.offset))?;
    file.read_exact(&mut frame)?;
    let is_set = |unit: &&[u8]| NalHeader::parse(unit).is_some_and(|header| !header.nal_type.is_vcl());
    Ok(split_annex_b(&frame).into_iter().filter(is_set).map(<[u8]>::to_vec).collect())
}

/// The frames met so far.
#[derive(Default)]
struct Index {
    frames: Vec<CodedFrame>,
    /// The order in which the frames are shown: the sequence, and the place in it.
    shown_by: Vec<(u32, i32)>,
    /// True for a frame that refers to no other.
    is_intra: Vec<bool>,
    /// The first byte of the frame being met, parameter sets before its picture included.
    start: Option<u64>,
    has_picture: bool,
    sps: BTreeMap<u8, Sps>,
    pps: BTreeMap<u8, Pps>,
    sequence: u32,
    /// Place in the sequence that later ones are counted from.
    last_place: i32,
}

impl Index {
    fn push_unit(&mut self, offset: u64, head: &[u8]) -> Result<(), String> {
        let Some(header) = NalHeader::parse(head) else {
            return self.end_frame(offset);
        };
        if header.layer_id != 0 {
            return Ok(());
        }
        // The first bit of a slice says that it is the first of its picture.
        let begins_picture = header.nal_type.is_vcl() && head.get(2).is_some_and(|byte| byte & 0x80 != 0);
        let precedes_picture =
            matches!(header.nal_type, NalType::Vps | NalType::Sps | NalType::Pps | NalType::Aud | NalType::PrefixSei);
        if begins_picture || precedes_picture {
            self.end_frame(offset)?;
            self.start.get_or_insert(offset);
        }
        if begins_picture {
            self.begin_picture(&header, &head[2..])?;
        }
        self.remember_parameters(header.nal_type, &head[2..])
    }

    fn remember_parameters(&mut self, kind: NalType, payload: &[u8]) -> Result<(), String> {
        // One that is not understood is an error only if a slice refers to it.
        if kind == NalType::Sps
            && let Ok(sps) = parse_sps(&unescape(payload).data)
        {
            check_size((sps.width, sps.height))?;
            self.sps.insert(sps.id, sps);
        }
        if kind == NalType::Pps
            && let Ok(pps) = parse_pps(&unescape(payload).data)
        {
            self.pps.insert(pps.id, pps);
        }
        Ok(())
    }

    fn begin_picture(&mut self, header: &NalHeader, payload: &[u8]) -> Result<(), String> {
        let kind = header.nal_type;
        let is_first = !self.is_intra.contains(&true);
        // What refers to frames before the stream's beginning is shown by no decoder.
        let is_clean = if is_first { kind.is_irap() } else { !(kind.is_rasl() && self.sequence_began_at_last_intra()) };
        if !is_clean {
            self.start = None;
            return Ok(());
        }
        let begins_sequence = kind.is_idr() || kind.is_bla() || is_first;
        let place = self.place(header, payload, begins_sequence).map_err(|error| error.to_string())?;
        self.shown_by.push((self.sequence, place));
        self.is_intra.push(kind.is_irap());
        self.has_picture = true;
        Ok(())
    }

    fn sequence_began_at_last_intra(&self) -> bool {
        let last = self.is_intra.iter().rposition(|&is_intra| is_intra);
        last.is_some_and(|last| last == 0 || self.shown_by[last - 1].0 != self.shown_by[last].0)
    }

    /// The picture order count (8.3.1 of ITU-T H.265).
    fn place(&mut self, header: &NalHeader, payload: &[u8], begins_sequence: bool) -> rusty_h265::Result<i32> {
        let lookup = |id: u8| {
            let pps = self.pps.get(&id)?;
            Some((self.sps.get(&pps.sps_id)?, pps))
        };
        let payload = unescape(payload);
        let slice = parse_slice_header(&mut BitReader::new(&payload.data), header, &lookup, None)?;
        let low_bits = lookup(slice.pps_id).map_or(4, |(sps, _)| sps.log2_max_poc_lsb);
        let (low, range) = (slice.poc_lsb as i32, 1_i32 << low_bits.min(16));
        let place = if begins_sequence {
            self.sequence += 1;
            low
        } else {
            nearest_place(self.last_place, low, range)
        };
        let kind = header.nal_type;
        if header.temporal_id == 0 && !kind.is_rasl() && !kind.is_radl() && !kind.is_sub_layer_non_ref() {
            self.last_place = place;
        }
        Ok(place)
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
        let sps = self.sps.values().next().ok_or("no H.265 parameter set")?;
        if self.frames.is_empty() {
            return Err("no picture".to_owned());
        }
        Ok(Track {
            codec: Codec::Hevc,
            size: check_size(sps.output_size())?,
            framing: Framing::StartCodes,
            parameter_sets: Vec::new(),
            frames: self.frames,
            order: Order::new(&self.shown_by, self.is_intra.into_iter()),
            times_ms: Vec::new(),
            hidden: 0,
            turn: Orientation::NoTransforms,
            transport: None,
            colours: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units_of(stream: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut units = Vec::new();
        scan_units(stream, |offset, head| {
            units.push((offset, head.to_vec()));
            Ok(())
        })
        .unwrap();
        units
    }

    #[test]
    fn units_are_found_behind_start_codes_of_either_length() {
        let stream = [9, 0, 0, 1, 7, 8, 0, 0, 0, 1, 5];
        assert_eq!(units_of(&stream), [(1, vec![7, 8, 0, 0, 0]), (7, vec![5]), (11, vec![])]);
        assert_eq!(units_of(&[]), [(0, vec![])]);
    }

    #[test]
    fn a_stream_is_known_by_its_first_unit() {
        assert!(is_hevc(&[0, 0, 0, 1, 0x40, 0x01]), "a video parameter set");
        assert!(!is_hevc(&[0, 0, 0, 1, 0x67, 0x42]), "that of H.264");
        assert!(!is_hevc(b"RIFF"));
        assert!(!is_hevc(&[0, 0, 1]));
    }

    #[test]
    fn a_stream_without_pictures_or_parameter_sets_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("video.hevc");
        for stream in [&[][..], &[0, 0, 1, 0x40, 1, 0], &[0, 0, 1, 0x26, 1, 0xFF, 0, 0, 1, 0x42, 1, 1, 2, 3]] {
            std::fs::write(&path, stream).unwrap();
            assert!(read(&path).is_err(), "{stream:?}");
        }
    }
}
