//! Smeared along a direction within 45 degrees of level: the camera shakes. Unlike ImageMagick's one-sided smear, which
//! the published pictures were made with, it lies about each pixel's own place: a picture that is shifted aside is
//! another fault.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;
use std::f32::consts::FRAC_PI_4;

pub(super) struct MotionBlur {
    /// Standard deviation of the smear.
    sd_px: f32,
}

impl Corrupt for MotionBlur {
    const SEVERITIES: [Self; 5] =
        [Self { sd_px: 0.55 }, Self { sd_px: 0.85 }, Self { sd_px: 1.1 }, Self { sd_px: 1.35 }, Self { sd_px: 1.65 }];

    // 0.6 of the authors' one-sided standard deviations, which is the spread of half a Gaussian.
    const PUBLISHED: Option<[Self; 5]> =
        Some([Self { sd_px: 0.6 }, Self { sd_px: 0.9 }, Self { sd_px: 1.2 }, Self { sd_px: 1.5 }, Self { sd_px: 1.8 }]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let direction_rad = moment.lasting.random_range(-FRAC_PI_4..=FRAC_PI_4);
        Grid::from_image(image).smeared(moment.px * self.sd_px, direction_rad).write(image);
    }
}
