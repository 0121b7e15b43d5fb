//! Coarser pixels: every pixel is the mean of a block.

use super::{Corrupt, Moment};
use lane_frame::resize::{Filter, resize};
use lane_frame::{RgbImage, Size};

pub(super) struct Pixelate {
    /// Blocks in a row for each pixel of one.
    blocks_per_px: f64,
}

impl Corrupt for Pixelate {
    const SEVERITIES: [Self; 5] = [
        Self { blocks_per_px: 0.9 },
        Self { blocks_per_px: 0.8 },
        Self { blocks_per_px: 0.7 },
        Self { blocks_per_px: 0.6 },
        Self { blocks_per_px: 0.5 },
    ];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let (width, height) = image.dimensions();
        let (across, down) = (self.blocks(width, f64::from(moment.px)), self.blocks(height, f64::from(moment.px)));
        let small = resize(image, Size::new(across, down), Filter::Box);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let block = |place: u32, blocks: u32, side: u32| (2 * place + 1) * blocks / (2 * side);
            *pixel = *small.get_pixel(block(x, across, width), block(y, down, height));
        }
    }
}

impl Pixelate {
    /// Whole blocks on a side of a picture whose pixels are `px` to one of those that lengths are for.
    fn blocks(&self, side: u32, px: f64) -> u32 {
        // A whole number stays one where its factors are rounded.
        const ROUNDING: f64 = 1e-4;
        ((f64::from(side) * self.blocks_per_px / px + ROUNDING) as u32).clamp(1, side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_a_block_share_their_mean() {
        let mut image = RgbImage::from_fn(4, 2, |x, y| image::Rgb([(40 * x + 20 * y) as u8; 3]));
        Pixelate { blocks_per_px: 0.5 }.corrupt(&mut image, &mut Moment::of_test());
        let reds: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(reds, [30, 30, 110, 110, 30, 30, 110, 110]);
    }

    #[test]
    fn blocks_are_counted_as_the_published_code_counts_them() {
        // int(120 * .9), int(48 * .9), int(160 * .7) of Python; of 200 pixels, for a picture of 120, the same 108.
        let blocks = |severity: usize, side| Pixelate::SEVERITIES[severity].blocks(side, 1.0);
        assert_eq!([blocks(0, 120), blocks(0, 48), blocks(2, 160)], [108, 43, 112]);
        assert_eq!(Pixelate::SEVERITIES[0].blocks(200, f64::from(200.0_f32 / 120.0)), 108);
    }
}
