//! Coarser pixels: every pixel is the mean of a block.

use super::{Corrupt, Moment};
use lane_frame::resize::{Filter, resize};
use lane_frame::{RgbImage, Size};

pub(super) struct Pixelate {
    /// Side of a block.
    block_px: f32,
}

impl Corrupt for Pixelate {
    const SEVERITIES: [Self; 5] = [
        Self { block_px: 1.0 / 0.9 },
        Self { block_px: 1.0 / 0.8 },
        Self { block_px: 1.0 / 0.7 },
        Self { block_px: 1.0 / 0.6 },
        Self { block_px: 2.0 },
    ];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let (width, height) = image.dimensions();
        let blocks = |side: u32| ((side as f32 / (moment.px * self.block_px)) as u32).clamp(1, side);
        let (across, down) = (blocks(width), blocks(height));
        let small = resize(image, Size::new(across, down), Filter::Box);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let block = |place: u32, blocks: u32, side: u32| (2 * place + 1) * blocks / (2 * side);
            *pixel = *small.get_pixel(block(x, across, width), block(y, down, height));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_a_block_share_their_mean() {
        let mut image = RgbImage::from_fn(4, 2, |x, y| image::Rgb([(40 * x + 20 * y) as u8; 3]));
        Pixelate { block_px: 2.0 }.corrupt(&mut image, &mut Moment::of_test());
        let reds: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(reds, [30, 30, 110, 110, 30, 30, 110, 110]);
    }
}
