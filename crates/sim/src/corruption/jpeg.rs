//! Lossy compression: compressed and opened again. Blocks have 8 pixels at any size of the picture.

use super::{Corrupt, Moment};
use image::codecs::jpeg::JpegEncoder;
use lane_frame::RgbImage;

pub(super) struct Jpeg {
    /// 1 to 100.
    quality: u8,
}

impl Corrupt for Jpeg {
    const SEVERITIES: [Self; 5] =
        [Self { quality: 65 }, Self { quality: 58 }, Self { quality: 50 }, Self { quality: 40 }, Self { quality: 25 }];

    fn corrupt(&self, image: &mut RgbImage, _: &mut Moment) {
        let mut bytes = Vec::new();
        // Writing to memory and reading it back do not fail; if they did, the picture would be whole.
        if JpegEncoder::new_with_quality(&mut bytes, self.quality).encode_image(image).is_ok()
            && let Ok(opened) = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        {
            *image = opened.into_rgb8();
        }
    }
}
