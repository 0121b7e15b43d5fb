//! Pictures over the wire: base64 of JPEG or PNG.

use super::Trouble;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageReader, Limits, RgbImage};
use std::io::Cursor;

/// The most pixels of a side of a picture that is accepted.
const MOST_SIDE: u32 = 4096;

/// The most bytes that its decoding may take.
const MOST_BYTES: u64 = 64 << 20;

/// Quality of Unity's `EncodeToJPG` without an argument.
const JPEG_QUALITY: u8 = 75;

/// The encoding of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JPEG at Unity's usual quality.
    Jpeg,
    /// PNG: to the bit.
    Png,
}

/// A picture from its base64; a header that promises more than is sensible is refused before anything is allocated.
///
/// # Errors
/// Says what is wrong with it.
pub fn decode(base64: &str) -> Result<RgbImage, Trouble> {
    let bad = |why: String| Trouble::new(format!("the simulator sent a picture that cannot be read: {why}"));
    let bytes = STANDARD.decode(base64.trim()).map_err(|error| bad(error.to_string()))?;
    let mut reader = ImageReader::new(Cursor::new(bytes));
    reader = reader.with_guessed_format().map_err(|error| bad(error.to_string()))?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    Ok(reader.decode().map_err(|error| bad(error.to_string()))?.into_rgb8())
}

/// The base64 of a picture.
///
/// # Errors
/// When it cannot be encoded, such as one wider than a JPEG may be.
pub fn encode(image: &RgbImage, encoding: Encoding) -> Result<String, Trouble> {
    let (mut bytes, (width, height)) = (Vec::new(), image.dimensions());
    let encoded = match encoding {
        Encoding::Jpeg => JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
            image,
            width,
            height,
            ExtendedColorType::Rgb8,
        ),
        Encoding::Png => {
            let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
            encoder.write_image(image, width, height, ExtendedColorType::Rgb8)
        }
    };
    encoded.map_err(|error| Trouble::new(format!("a picture of {width}x{height} cannot be sent: {error}")))?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 16, |x, y| image::Rgb([(6 * x) as u8, (15 * y) as u8, 90]))
    }

    #[test]
    fn a_png_comes_back_to_the_bit_and_a_jpeg_nearly() {
        assert_eq!(decode(&encode(&picture(), Encoding::Png).unwrap()).unwrap(), picture());
        let jpeg = decode(&encode(&picture(), Encoding::Jpeg).unwrap()).unwrap();
        let worst = jpeg.iter().zip(picture().iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst < Some(24), "{worst:?}");
    }

    #[test]
    fn half_a_picture_and_what_is_no_base64_are_refused_in_one_line() {
        let whole = encode(&picture(), Encoding::Png).unwrap();
        for bad in ["", "?", "aGVsbG8=", &whole[..whole.len() / 8 * 4]] {
            let line = decode(bad).unwrap_err().to_string();
            assert!(line.starts_with("the simulator sent a picture") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_header_of_a_hundred_megapixels_is_refused() {
        let mut png = STANDARD.decode(encode(&picture(), Encoding::Png).unwrap()).unwrap();
        // Width and height follow the signature, the length and the name of the first chunk; its checksum follows them.
        png[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
        let mut crc = u32::MAX;
        for byte in &png[12..29] {
            crc ^= u32::from(*byte);
            (0..8).for_each(|_| crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()));
        }
        png[29..33].copy_from_slice(&(!crc).to_be_bytes());
        let line = decode(&STANDARD.encode(png)).unwrap_err().to_string();
        assert!(line.contains("imit") || line.contains("large"), "{line}");
    }
}
