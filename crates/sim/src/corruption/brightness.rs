//! Overexposed: the value of hue, saturation, value is raised; hue and saturation stay.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

pub(super) struct Brightness {
    /// Added to the value, which spans [0, 1].
    raised_by: f32,
}

impl Corrupt for Brightness {
    const SEVERITIES: [Self; 5] = [
        Self { raised_by: 0.1 },
        Self { raised_by: 0.2 },
        Self { raised_by: 0.3 },
        Self { raised_by: 0.4 },
        Self { raised_by: 0.5 },
    ];

    fn corrupt(&self, image: &mut RgbImage, _: &mut Moment) {
        let mut picture = Grid::from_image(image);
        for pixel in &mut picture.pixels {
            let value = pixel.iter().copied().fold(0.0, f32::max);
            let raised = (value + self.raised_by).min(1.0);
            // Black has no hue; it turns grey.
            *pixel = if value > 0.0 { pixel.map(|channel| channel * raised / value) } else { [raised; 3] };
        }
        picture.write(image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn brightness_keeps_hue_and_saturation() {
        let raised = |colour: [u8; 3]| {
            let mut image = RgbImage::from_pixel(1, 1, Rgb(colour));
            Brightness { raised_by: 0.2 }.corrupt(&mut image, &mut Moment::of_test());
            image.get_pixel(0, 0).0
        };
        // colorsys.rgb_to_hsv(100, 50, 0) = 1/12, 1, 100; value 151 gives 151, 75.5, 0.
        assert_eq!(raised([100, 50, 0]), [151, 76, 0]);
        assert_eq!(raised([0, 0, 0]), [51; 3]);
    }
}
