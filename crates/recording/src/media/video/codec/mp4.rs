//! MP4 and QuickTime files (ISO/IEC 14496-12), read by `re_mp4`.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;
use re_mp4::{BoxHeader, BoxType, HEADER_SIZE, MoofBox, MoovBox, Mp4, ReadBox as _, StsdBoxContent, TkhdBox, TrakBox};

use super::colours::Colours;
use super::track::{Codec, CodedFrame, Framing, MAX_FRAME_BYTES, MAX_FRAMES, Order, Track};
use crate::media::contained::contained;
use crate::media::picture::check_size;

/// The description of an MP4 is refused above this: that of 38 hours has 100 MB.
const MAX_DESCRIPTION_BYTES: u64 = 256 << 20;

/// Reads the description of the first video track.
///
/// # Errors
/// Says in words what is wrong with the file, or that it holds no video.
pub(super) fn read(path: &Path) -> Result<Track, String> {
    contained(|| {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let mut reader = Rationed { reader: BufReader::new(file), bytes_left: 0 };
        let mp4 = read_whole(&mut reader, size).map_err(|error| error.to_string())?;
        let colours = stated_colours(path);
        Ok(Track { colours, ..track(&mp4)? })
    })
}

/// What the description says of the colours (12.1.5 of ISO/IEC 14496-12), which the demuxer passes over: the box `colr` with codes.
fn stated_colours(path: &Path) -> Option<Colours> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let mut header = [0; 8];
    loop {
        file.read_exact(&mut header).ok()?;
        let [a, b, c, d, name @ ..] = header;
        let size = u64::from(u32::from_be_bytes([a, b, c, d]));
        if &name == b"moov" {
            let mut description = Vec::new();
            file.take(size.clamp(8, MAX_DESCRIPTION_BYTES) - 8).read_to_end(&mut description).ok()?;
            return colours_in(&description);
        }
        let content = match size {
            0 => return None,
            // The size stands behind the name, in 64 bits.
            1 => {
                let mut long = [0; 8];
                file.read_exact(&mut long).ok()?;
                u64::from_be_bytes(long).checked_sub(16)?
            }
            size => size.checked_sub(8)?,
        };
        file.seek_relative(i64::try_from(content).ok()?).ok()?;
    }
}

fn colours_in(description: &[u8]) -> Option<Colours> {
    let is_box = |bytes: &[u8]| bytes == b"colrnclx" || bytes == b"colrnclc";
    let at = description.windows(8).position(is_box)?;
    // Primaries, transfer and matrix, and of the newer kind a flag for the full range.
    let &[_, _, _, _, high, low] = description.get(at + 8..at + 14)?.first_chunk()?;
    let is_full_range = description[at + 4..].starts_with(b"nclx") && description.get(at + 14)? & 0x80 != 0;
    (high == 0).then(|| Colours::by_code(is_full_range, low))
}

fn read_whole(reader: &mut Rationed<BufReader<File>>, size: u64) -> Result<Mp4, re_mp4::Error> {
    reader.bytes_left = check_descriptions(reader, size)?;
    reader.rewind()?;
    Mp4::read(reader, size)
}

/// Refuses a description that claims more frames than any recording has: the demuxer takes memory for each. Gives the
/// bytes that reading all descriptions may take.
fn check_descriptions(reader: &mut Rationed<impl Read + Seek>, file_size: u64) -> Result<u64, re_mp4::Error> {
    let (mut position, mut frames, mut ration) = (0, 0, 0);
    while position < file_size {
        reader.seek(SeekFrom::Start(position))?;
        reader.bytes_left = Rationed::<File>::BOX_HEADER;
        let BoxHeader { name, size } = BoxHeader::read(reader)?;
        if size > file_size {
            return Err(re_mp4::Error::InvalidData("a part is longer than the file; the file is cut short"));
        }
        // The demuxer counts a long header as if it were a short one.
        position = (reader.stream_position()? - HEADER_SIZE).saturating_add(size.max(1));
        ration += Rationed::<File>::BOX_HEADER;
        if matches!(name, BoxType::MoovBox | BoxType::MoofBox) {
            reader.bytes_left = Rationed::<File>::for_description(size);
            ration += reader.bytes_left;
            frames += frames_of(reader, name, size)?;
        }
        if frames > MAX_FRAMES || ration > Rationed::<File>::for_description(MAX_DESCRIPTION_BYTES) {
            return Err(re_mp4::Error::InvalidData("more than 4 million frames"));
        }
        if size == 0 {
            break;
        }
    }
    Ok(ration)
}

fn frames_of(reader: &mut (impl Read + Seek), name: BoxType, size: u64) -> Result<u64, re_mp4::Error> {
    match name {
        BoxType::MoovBox => MoovBox::read_box(reader, size).map(|movie| frames_of_movie(&movie)),
        _ => MoofBox::read_box(reader, size).map(|fragment| frames_of_fragment(&fragment)),
    }
}

/// A reader that ends after so many bytes: the demuxer goes round for ever in a part whose length is 0.
struct Rationed<R> {
    reader: R,
    bytes_left: u64,
}

impl<R> Rationed<R> {
    /// The header of a part, long or short.
    const BOX_HEADER: u64 = 16;

    /// The demuxer reads no part of a description more than twice; small ones may have many short parts.
    fn for_description(bytes: u64) -> u64 {
        4 * bytes + 4096
    }
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(into.len() as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the description leads in circles"))?;
        self.reader.read(into)
    }
}

impl<R: Seek> Seek for Rationed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.seek(to)
    }
}

fn frames_of_movie(movie: &MoovBox) -> u64 {
    movie.traks.iter().map(|trak| u64::from(trak.mdia.minf.stbl.stsz.sample_count)).sum()
}

fn frames_of_fragment(fragment: &MoofBox) -> u64 {
    fragment.trafs.iter().flat_map(|traf| &traf.truns).map(|run| u64::from(run.sample_count)).sum()
}

fn track(mp4: &Mp4) -> Result<Track, String> {
    let is_video = |trak: &&TrakBox| &trak.mdia.hdlr.handler_type.value == b"vide";
    let trak = mp4.moov.traks.iter().find(is_video).ok_or("no video track")?;
    let samples = &mp4.tracks().get(&trak.tkhd.track_id).ok_or("no video track")?.samples;
    if samples.is_empty() {
        return Err("video track without frames".to_owned());
    }
    let frames = samples.iter().map(coded_frame).collect::<Result<_, _>>()?;
    let shown_at: Vec<i64> = samples.iter().map(shown_at).collect();
    let order = Order::new(&shown_at, samples.iter().map(|sample| sample.is_sync));
    let shown_in_order = || (0..samples.len()).map(|number| shown_at[order.position(number)]);
    let units_per_ms = trak.mdia.mdhd.timescale.max(1) as f64 / 1e3;
    let is_fragmented = !mp4.moofs.is_empty();
    let origin = if is_fragmented { 0 } else { origin(trak, samples) };
    let cut_at = cut_at(trak).unwrap_or(i64::MIN).saturating_sub(origin);
    let (codec, size, framing, parameter_sets) = describe(trak)?;
    Ok(Track {
        codec,
        size: check_size(size)?,
        framing,
        parameter_sets,
        frames,
        times_ms: shown_in_order().map(|time| time as f64 / units_per_ms).collect(),
        hidden: shown_in_order().take_while(|&time| time < cut_at).count().min(samples.len() - 1),
        order,
        turn: turn(&trak.tkhd),
        transport: None,
        colours: None,
    })
}

fn coded_frame(sample: &re_mp4::Sample) -> Result<CodedFrame, String> {
    let len = u32::try_from(sample.size).ok().filter(|&len| len <= MAX_FRAME_BYTES);
    let len = len.ok_or_else(|| format!("frame {} of {} bytes", sample.id, sample.size))?;
    Ok(CodedFrame { offset: sample.offset, len })
}

/// When a frame is shown, in the track's units since the first.
fn shown_at(sample: &re_mp4::Sample) -> i64 {
    let delay = sample.composition_timestamp.saturating_sub(sample.decode_timestamp);
    // In fragments the demuxer reads the signed 32-bit delay as an unsigned one.
    if delay > i64::from(i32::MAX) { sample.composition_timestamp - (1 << 32) } else { sample.composition_timestamp }
}

/// The track time at which showing begins, where an editor has cut off what is before.
fn cut_at(trak: &TrakBox) -> Option<i64> {
    let edits = trak.edts.as_ref()?.elst.as_ref()?;
    // All ones stand for an empty edit: a pause before the first frame.
    let is_empty = |time: u64| time == u64::MAX || time == u64::from(u32::MAX);
    edits.entries.iter().map(|edit| edit.media_time).find(|&time| !is_empty(time))?.try_into().ok()
}

/// The track time that the demuxer's times count from: that of the first frame shown, in a file without fragments.
fn origin(trak: &TrakBox, samples: &[re_mp4::Sample]) -> i64 {
    // The first frame decoded is so at 0, and shown by its delay later.
    let delays = trak.mdia.minf.stbl.ctts.as_ref();
    let delay = delays.and_then(|ctts| ctts.entries.first()).map_or(0, |entry| i64::from(entry.sample_offset));
    delay.saturating_sub(samples.first().map_or(0, |sample| sample.composition_timestamp))
}

type Description = (Codec, (u32, u32), Framing, Vec<Vec<u8>>);

/// Codec, size, framing and parameter sets by the track's sample description.
fn describe(trak: &TrakBox) -> Result<Description, String> {
    let framing = |length_size_minus_one: u8| Framing::Lengths { bytes: usize::from(length_size_minus_one & 3) + 1 };
    let header_size = (u32::from(trak.tkhd.width.value()), u32::from(trak.tkhd.height.value()));
    let contents = &trak.mdia.minf.stbl.stsd.contents;
    Ok(match contents {
        StsdBoxContent::Avc1(avc) => {
            let sets = avc.avcc.sequence_parameter_sets.iter().chain(&avc.avcc.picture_parameter_sets);
            let sets = sets.map(|set| set.bytes.clone()).collect();
            (Codec::H264, (avc.width.into(), avc.height.into()), framing(avc.avcc.length_size_minus_one), sets)
        }
        StsdBoxContent::Hev1(hevc) | StsdBoxContent::Hvc1(hevc) => {
            let sets = hevc.hvcc.arrays.iter().flat_map(|array| &array.nalus).map(|unit| unit.data.clone()).collect();
            (Codec::Hevc, (hevc.width.into(), hevc.height.into()), framing(hevc.hvcc.length_size_minus_one), sets)
        }
        StsdBoxContent::Av01(av1) => {
            let sequence = vec![av1.av1c.config_obus.clone()];
            (Codec::Av1, (av1.width.into(), av1.height.into()), Framing::Whole, sequence)
        }
        StsdBoxContent::Vp09(vp9) => other("VP9", (vp9.width.into(), vp9.height.into())),
        StsdBoxContent::Vp08(vp8) => other("VP8", (vp8.width.into(), vp8.height.into())),
        StsdBoxContent::Unknown(name) if name.to_string() == "jpeg" => {
            (Codec::Mjpeg, header_size, Framing::Whole, Vec::new())
        }
        StsdBoxContent::Unknown(name) => other(&name.to_string(), header_size),
        _ => return Err("video track that holds no video".to_owned()),
    })
}

fn other(name: &str, size: (u32, u32)) -> Description {
    (Codec::Other(name.to_owned()), size, Framing::StartCodes, Vec::new())
}

/// The turn or mirror image that a camera notes instead of changing the picture; other matrices are not met and show the
/// picture as is.
fn turn(header: &TkhdBox) -> Orientation {
    let matrix = &header.matrix;
    match [matrix.a, matrix.b, matrix.c, matrix.d].map(i32::signum) {
        [0, 1, -1, 0] => Orientation::Rotate90,
        [-1, 0, 0, -1] => Orientation::Rotate180,
        [0, -1, 1, 0] => Orientation::Rotate270,
        [-1, 0, 0, 1] => Orientation::FlipHorizontal,
        [1, 0, 0, -1] => Orientation::FlipVertical,
        [0, 1, 1, 0] => Orientation::Rotate90FlipH,
        [0, -1, -1, 0] => Orientation::Rotate270FlipH,
        _ => Orientation::NoTransforms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containers_word_on_colours_is_found() {
        let nclx = [b"\0\0\0\x13colrnclx", &[0, 1, 0, 1, 0, 1, 0x80][..]].concat();
        assert_eq!(colours_in(&nclx), Some(Colours::by_code(true, 1)));
        let nclc = [b"abc\0\0\0\x12colrnclc", &[0, 9, 0, 1, 0, 9][..]].concat();
        assert_eq!(colours_in(&nclc), Some(Colours::by_code(false, 9)));
        assert_eq!([colours_in(b"colrprof"), colours_in(b"colrnclx"), colours_in(b"")], [None; 3]);
    }

    // The angles of phones, and the mirrors of selfie cameras (ISO/IEC 14496-12, 6.2.2).
    #[test]
    fn a_matrix_turns_and_mirrors_the_picture() {
        let one = 1 << 16;
        for (parts, expected) in [
            ([one, 0, 0, one], Orientation::NoTransforms),
            ([0, one, -one, 0], Orientation::Rotate90),
            ([-one, 0, 0, -one], Orientation::Rotate180),
            ([0, -one, one, 0], Orientation::Rotate270),
            ([-one, 0, 0, one], Orientation::FlipHorizontal),
            ([one, 0, 0, -one], Orientation::FlipVertical),
            ([0, one, one, 0], Orientation::Rotate90FlipH),
            ([0, -one, -one, 0], Orientation::Rotate270FlipH),
        ] {
            let mut header = TkhdBox::default();
            let matrix = &mut header.matrix;
            [matrix.a, matrix.b, matrix.c, matrix.d] = parts;
            assert_eq!(turn(&header), expected, "{parts:?}");
        }
    }
}
