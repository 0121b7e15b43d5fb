//! One picture of a recording, read with a distrust that its file has earned: empty, cut and foreign files occur.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader};

use super::folder::{Folder, read_plain_file};
use crate::frame::{RgbImage, Size};

/// Larger pictures are refused by their header, before memory is taken for them: no driving camera has 64 megapixels.
const MAX_PIXELS: u64 = 64 << 20;

/// Larger files are refused unread: 64 megapixels of JPEG fit.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// First words of the text that stands in for a file that Git LFS did not fetch.
const LFS_POINTER: &[u8] = b"version https://git-lfs";

/// Reads and decodes a picture; says in words why it cannot be used.
pub(super) fn read(folder: &Folder, name: &str) -> Result<RgbImage, String> {
    let bytes = load(folder, name)?;
    if image::guess_format(&bytes).is_ok_and(|format| format == ImageFormat::Jpeg) && !jpeg_is_whole(&bytes) {
        return Err("JPEG cut short: no end-of-image marker".to_owned());
    }
    let decoder = decoder(&bytes)?;
    check_size(decoder.dimensions())?;
    DynamicImage::from_decoder(decoder).map(DynamicImage::into_rgb8).map_err(|error| error.to_string())
}

/// Size of a picture by its header.
pub(super) fn size(folder: &Folder, name: &str) -> Result<Size, String> {
    let bytes = load(folder, name)?;
    check_size(decoder(&bytes)?.dimensions())
}

fn load(folder: &Folder, name: &str) -> Result<Vec<u8>, String> {
    let path = folder.resolve(name).map_err(|error| error.to_string())?;
    let bytes = read_plain_file(&path, MAX_FILE_BYTES)?;
    if bytes.is_empty() {
        return Err("empty file".to_owned());
    }
    if bytes.starts_with(LFS_POINTER) {
        return Err("Git LFS pointer; fetch the picture with git lfs pull".to_owned());
    }
    Ok(bytes)
}

fn decoder(bytes: &[u8]) -> Result<impl image::ImageDecoder, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    reader.into_decoder().map_err(|error| error.to_string())
}

fn check_size((width, height): (u32, u32)) -> Result<Size, String> {
    if width == 0 || height == 0 {
        return Err(format!("picture of {width}x{height} pixels"));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("picture of {width}x{height} pixels, more than {} megapixels", MAX_PIXELS >> 20));
    }
    Ok(Size::new(width, height))
}

/// Whether a JPEG reaches its end-of-image marker. Decoders fill what is missing with grey and say nothing.
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

/// What follows a segment, which begins with its own length. The data after a scan's header hold no bare marker, so
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

    fn read_bytes(bytes: &[u8]) -> Result<RgbImage, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.jpg"), bytes).unwrap();
        read(&Folder::open(dir.path()).unwrap(), "a.jpg")
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

    /// CRC-32 of PNG (ISO 3309), bit by bit.
    fn png_checksum(bytes: &[u8]) -> u32 {
        let step = |crc: u32| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
    }

    #[test]
    fn a_missing_picture_and_a_folder_in_its_place_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a.jpg")).unwrap();
        let folder = Folder::open(Path::new(dir.path())).unwrap();
        assert_eq!(read(&folder, "a.jpg").unwrap_err(), "no plain file");
        assert!(read(&folder, "b.jpg").is_err());
    }
}
