//! Pictures that are files, read with a distrust that they have earned: empty, cut and foreign files occur.

use std::io::{Cursor, ErrorKind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader};

use crate::media::folder::{Folder, read_plain_file};
use crate::model::error::RecordingError;
use crate::model::pictures::{PictureRef, Pictures};
use lane_frame::{RgbImage, Size};

/// Larger pictures are refused by their header, before memory is taken for them: no driving camera has 64 megapixels.
pub(crate) const MAX_PIXELS: u64 = 64 << 20;

/// Larger files are refused unread: 64 megapixels of JPEG fit.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 20;

/// First words of the text that stands in for a file that Git LFS did not fetch.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// The picture files of a recording's folder.
#[derive(Debug)]
pub(crate) struct PictureFiles {
    folder: Folder,
}

impl PictureFiles {
    pub fn in_folder(folder: &Folder) -> Box<dyn Pictures> {
        Box::new(Self { folder: folder.clone() })
    }

    fn load(&self, picture: &PictureRef) -> Result<Vec<u8>, String> {
        match picture {
            PictureRef::File(name) => load(&self.folder, name),
            PictureRef::Frame { .. } => Err("no picture file".to_owned()),
        }
    }
}

impl Pictures for PictureFiles {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        decode(&self.load(picture)?)
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        header_size(&self.load(picture)?)
    }

    fn check(&self, picture: &PictureRef) -> Result<Size, String> {
        let bytes = self.load(picture)?;
        check_whole(&bytes)?;
        header_size(&bytes)
    }

    fn jpeg(&self, picture: &PictureRef) -> Result<Option<Vec<u8>>, String> {
        let bytes = self.load(picture)?;
        check_whole(&bytes)?;
        header_size(&bytes)?;
        // Many programs pass a note of a turn over: what is written anew is upright in its pixels.
        let is_upright = exif_turn(&mut decoder(&bytes)?) == Orientation::NoTransforms;
        Ok((format_of(&bytes) == Some(ImageFormat::Jpeg) && is_upright).then_some(bytes))
    }
}

/// Decodes a picture that some container or file holds, upright; says in words why it cannot be used.
pub(crate) fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    check_whole(bytes)?;
    let mut decoder = decoder(bytes)?;
    check_size(decoder.dimensions())?;
    let turn = exif_turn(&mut decoder);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    image.apply_orientation(turn);
    Ok(image.into_rgb8())
}

/// Size of an upright picture by its header.
pub(crate) fn header_size(bytes: &[u8]) -> Result<Size, String> {
    let mut decoder = decoder(bytes)?;
    let size = check_size(decoder.dimensions())?;
    Ok(size_when_turned(size, exif_turn(&mut decoder)))
}

/// Size of a picture that is stored in this one and shown turned.
pub(crate) fn size_when_turned(stored: Size, turn: Orientation) -> Size {
    match turn {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            Size::new(stored.height, stored.width)
        }
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => stored,
    }
}

/// The turn that the camera's software noted instead of turning the pixels; none where the note is damaged.
fn exif_turn(decoder: &mut impl image::ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// Refuses what is cut: decoders fill the missing part with grey and say nothing.
pub(crate) fn check_whole(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("empty file".to_owned());
    }
    if bytes.starts_with(LFS_POINTER) {
        return Err("Git LFS pointer; fetch the picture with git lfs pull".to_owned());
    }
    match format_of(bytes) {
        Some(ImageFormat::Jpeg) if !jpeg_is_whole(bytes) => Err("JPEG cut short: no end-of-image marker".to_owned()),
        Some(ImageFormat::Png) if !bytes.windows(4).rev().take(64).any(|chunk| chunk == b"IEND") => {
            Err("PNG cut short: no end chunk".to_owned())
        }
        _ => Ok(()),
    }
}

fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    image::guess_format(bytes).ok()
}

fn load(folder: &Folder, name: &str) -> Result<Vec<u8>, String> {
    let path = folder.resolve(name).map_err(|error| match error {
        RecordingError::OutsideFolder { .. } => {
            "link out of the recording; copy the picture inside its folder".to_owned()
        }
        RecordingError::Io { source, .. } if source.kind() == ErrorKind::NotFound => "missing".to_owned(),
        error => error.to_string(),
    })?;
    read_plain_file(&path, MAX_FILE_BYTES)
}

fn decoder(bytes: &[u8]) -> Result<impl image::ImageDecoder, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    reader.into_decoder().map_err(|error| error.to_string())
}

/// A picture's size, unless it is none or too large to be one of a driving camera.
pub(crate) fn check_size((width, height): (u32, u32)) -> Result<Size, String> {
    if width == 0 || height == 0 {
        return Err(format!("picture of {width}x{height} pixels"));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("picture of {width}x{height} pixels, more than {} megapixels", MAX_PIXELS >> 20));
    }
    Ok(Size::new(width, height))
}

/// True for a JPEG that reaches its end-of-image marker. Decoders fill what is missing with grey and say nothing.
///
/// Walks the marker segments of ITU-T T.81 annex B: the marker may also stand inside a thumbnail, or be followed by
/// padding, so that neither a search nor the last two bytes would do.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: u8 = 0xD9;
    let mut rest = bytes;
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            END_OF_IMAGE => return true,
            // Start of image, restarts and the temporary marker stand alone. So does 0: a 0xFF of the picture data.
            0x00 | 0x01 | 0xD0..=0xD8 => after,
            _ => match skip_segment(after) {
                Some(after) => after,
                None => return false,
            },
        };
    }
    false
}

/// The bytes behind a segment, which begins with its own length. The data after a scan's header hold no bare marker, so
/// the search for the next one steps over them.
fn skip_segment(bytes: &[u8]) -> Option<&[u8]> {
    let &[high, low] = bytes.first_chunk()?;
    bytes.get(usize::from(u16::from_be_bytes([high, low]))..)
}

/// The next byte after a 0xFF (any number of them), and what follows.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let start = bytes.iter().position(|&byte| byte == 0xFF)?;
    let after = &bytes[start..];
    let marker = after.iter().position(|&byte| byte != 0xFF)?;
    Some((after[marker], &after[marker + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        bytes
    }

    fn read(folder: &Path, name: &str) -> Result<RgbImage, String> {
        PictureFiles::in_folder(&Folder::open(folder).unwrap()).read(&PictureRef::File(name.to_owned()))
    }

    fn read_bytes(bytes: &[u8]) -> Result<RgbImage, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.jpg"), bytes).unwrap();
        read(dir.path(), "a.jpg")
    }

    // A camera mounted upside down or on its side was shown and driven by as stored.
    #[test]
    fn a_turn_that_exif_notes_is_made() {
        let stored = RgbImage::from_fn(24, 8, |x, _| image::Rgb([if x < 12 { 220 } else { 30 }; 3]));
        let mut jpeg = Cursor::new(Vec::new());
        stored.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let jpeg = jpeg.into_inner();
        let with_orientation = |orientation: u8| {
            // One entry of a little-endian TIFF directory: tag 0x0112, a short.
            let tiff = [&b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation], &[0; 7]].concat();
            let len = (2 + 6 + tiff.len() as u16).to_be_bytes();
            [&jpeg[..2], b"\xff\xe1", &len, b"Exif\0\0", &tiff, &jpeg[2..]].concat()
        };
        // Orientation 6: the stored left is the top.
        let bytes = with_orientation(6);
        assert_eq!(header_size(&bytes).unwrap(), Size::new(8, 24));
        let image = decode(&bytes).unwrap();
        assert_eq!(image.dimensions(), (8, 24));
        assert!(image.get_pixel(4, 2)[0] > 180 && image.get_pixel(4, 21)[0] < 70);
        // Orientation 3: upside down, so that the stored left is the right.
        let image = decode(&with_orientation(3)).unwrap();
        assert_eq!(image.dimensions(), (24, 8));
        assert!(image.get_pixel(2, 4)[0] < 70 && image.get_pixel(21, 4)[0] > 180);
    }

    #[test]
    fn a_whole_jpeg_is_read_also_with_padding_behind_it() {
        let mut bytes = jpeg(40, 24);
        assert_eq!(read_bytes(&bytes).unwrap().dimensions(), (40, 24));
        bytes.extend([0; 100]);
        assert_eq!(read_bytes(&bytes).unwrap().dimensions(), (40, 24));
    }

    #[test]
    fn a_jpeg_cut_anywhere_is_refused() {
        let bytes = jpeg(40, 24);
        for len in 1..bytes.len() {
            assert!(read_bytes(&bytes[..len]).is_err(), "first {len} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn a_jpeg_whose_second_half_became_zeros_is_refused() {
        let mut bytes = jpeg(40, 24);
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        assert!(read_bytes(&bytes).unwrap_err().contains("cut short"));
    }

    #[test]
    fn an_end_marker_inside_a_thumbnail_does_not_make_a_cut_picture_whole() {
        let bytes = jpeg(40, 24);
        let mut with_thumbnail = bytes[..2].to_vec();
        with_thumbnail.extend([0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD8, 0xFF, 0xD9]);
        with_thumbnail.extend(&bytes[2..]);
        assert!(jpeg_is_whole(&with_thumbnail));
        assert!(!jpeg_is_whole(&with_thumbnail[..with_thumbnail.len() - 2]));
    }

    #[test]
    fn files_that_are_no_picture_say_what_they_are() {
        assert_eq!(read_bytes(b"").unwrap_err(), "empty file");
        assert!(read_bytes(b"version https://git-lfs.github.com/spec/v1\noid").unwrap_err().contains("git lfs pull"));
        assert!(read_bytes(b"hello").is_err());
    }

    #[test]
    fn a_png_whose_header_claims_gigapixels_is_refused_before_memory_is_taken() {
        let mut bytes = Vec::new();
        RgbImage::new(4, 4).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        // Width and height stand at bytes 16 and 20; the header chunk's checksum must fit the claim.
        let claim = [0, 0, 0xFF, 0xFF];
        bytes[16..20].copy_from_slice(&claim);
        bytes[20..24].copy_from_slice(&claim);
        let checksum = png_checksum(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        let reason = read_bytes(&bytes).unwrap_err();
        assert!(reason.contains("65535x65535"), "{reason}");
    }

    #[test]
    fn a_jpeg_whose_header_claims_a_hundred_megapixels_is_refused_before_memory_is_taken() {
        let mut bytes = jpeg(40, 24);
        // Height and width stand behind the frame header's length and precision.
        let frame_header = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        bytes[frame_header + 5..frame_header + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
        let reason = read_bytes(&bytes).unwrap_err();
        assert!(reason.contains("picture of 10000x10000 pixels, more than 64 megapixels"), "{reason}");
    }

    /// CRC-32 of PNG (ISO 3309), bit by bit.
    fn png_checksum(bytes: &[u8]) -> u32 {
        let step = |crc: u32| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
    }

    #[test]
    fn a_missing_picture_and_a_folder_in_its_place_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a.jpg")).unwrap();
        assert_eq!(read(dir.path(), "a.jpg").unwrap_err(), "no plain file");
        assert_eq!(read(dir.path(), "b.jpg").unwrap_err(), "missing");
    }
}
