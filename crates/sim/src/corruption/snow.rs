//! Slanted flakes, new in every frame, and a picture made paler.
//!
//! Flakes are what of magnified normal noise exceeds a threshold, smeared within 45 degrees of straight down and laid
//! over the paler picture, once as they are and once turned by 180 degrees. They are cut from a layer of the width that
//! their lengths are for, and enlarged with it: the flakes of a larger picture are not finer.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

pub(super) struct Snow {
    /// Mean of the noise that flakes are cut from.
    mean: f32,
    /// Its standard deviation.
    sd: f32,
    /// Size of a flake.
    flake_px: f32,
    /// Noise below it is no flake.
    threshold: f32,
    /// Standard deviation of the smear.
    fall_sd_px: f32,
    /// Share of the picture that is not made paler.
    picture_left: f32,
}

impl Corrupt for Snow {
    const SEVERITIES: [Self; 5] = [
        Self { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.6, fall_sd_px: 1.35, picture_left: 0.8 },
        Self { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.5, fall_sd_px: 1.8, picture_left: 0.8 },
        Self { mean: 0.15, sd: 0.3, flake_px: 1.3, threshold: 0.55, fall_sd_px: 1.8, picture_left: 0.7 },
        Self { mean: 0.25, sd: 0.3, flake_px: 1.6, threshold: 0.6, fall_sd_px: 2.2, picture_left: 0.65 },
        Self { mean: 0.3, sd: 0.3, flake_px: 1.3, threshold: 0.65, fall_sd_px: 2.2, picture_left: 0.6 },
    ];

    const PUBLISHED: Option<[Self; 5]> = Some([
        Self { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.6, fall_sd_px: 1.8, picture_left: 0.8 },
        Self { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.5, fall_sd_px: 2.4, picture_left: 0.8 },
        Self { mean: 0.15, sd: 0.3, flake_px: 1.75, threshold: 0.55, fall_sd_px: 2.4, picture_left: 0.7 },
        Self { mean: 0.25, sd: 0.3, flake_px: 2.25, threshold: 0.6, fall_sd_px: 3.5, picture_left: 0.65 },
        Self { mean: 0.3, sd: 0.3, flake_px: 1.25, threshold: 0.65, fall_sd_px: 6.5, picture_left: 0.6 },
    ]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let mut picture = Grid::from_image(image);
        let falls_rad = FRAC_PI_2 + moment.lasting.random_range(-FRAC_PI_4..=FRAC_PI_4);
        let per_px = moment.width_px as f32 / picture.width as f32;
        let noise = Grid::new(moment.width_px, (per_px * picture.height as f32).ceil() as usize, |_, _| {
            let draw: f32 = StandardNormal.sample(&mut moment.passing);
            [self.mean + self.sd * draw]
        });
        let mut flakes = noise.zoomed(self.flake_px);
        let flake = |value: f32| if value < self.threshold { 0.0 } else { value.min(1.0) };
        flakes.pixels.iter_mut().for_each(|[value]| *value = flake(*value));
        let flakes = flakes.smeared(self.fall_sd_px, falls_rad);
        let place = |i: usize| (i as f32 + 0.5) * per_px - 0.5;
        let layer = Grid::new(picture.width, picture.height, |x, y| flakes.at(place(x), place(y)));
        for ((pixel, [flake]), [turned]) in picture.pixels.iter_mut().zip(&layer.pixels).zip(layer.pixels.iter().rev())
        {
            let pale = 1.5 * luma(*pixel) + 0.5;
            let paler = |value: f32| self.picture_left * value + (1.0 - self.picture_left) * value.max(pale);
            *pixel = pixel.map(|value| paler(value) + flake + turned);
        }
        picture.write(image);
    }
}

/// Brightness of a colour to the eye (ITU-R BT.601).
fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}
