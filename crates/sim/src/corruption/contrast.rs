//! Every channel drawn towards its mean.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

pub(super) struct Contrast {
    /// Share of the difference from the mean that is left.
    left: f32,
}

impl Corrupt for Contrast {
    const SEVERITIES: [Self; 5] =
        [Self { left: 0.4 }, Self { left: 0.3 }, Self { left: 0.2 }, Self { left: 0.1 }, Self { left: 0.05 }];

    fn corrupt(&self, image: &mut RgbImage, _: &mut Moment) {
        let mut picture = Grid::from_image(image);
        let count = picture.pixels.len() as f32;
        let mean: [f32; 3] = std::array::from_fn(|c| picture.pixels.iter().map(|pixel| pixel[c]).sum::<f32>() / count);
        for pixel in &mut picture.pixels {
            *pixel = std::array::from_fn(|c| mean[c] + self.left * (pixel[c] - mean[c]));
        }
        picture.write(image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn contrast_keeps_the_mean() {
        let mut image = RgbImage::from_fn(2, 1, |x, _| Rgb([x as u8 * 200, 60, 10]));
        Contrast { left: 0.4 }.corrupt(&mut image, &mut Moment::of_test());
        assert_eq!(image.as_raw()[..], [60, 60, 10, 140, 60, 10]);
    }
}
