//! Shadows of trees and poles: stripes of the ground that lie slanted across the road, irregular, coming nearer with
//! every control step. The ground is the training camera's: flat below its horizon.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use lane_frame::projection::{CAMERA_HEIGHT_M, FOCAL_PER_WIDTH, HORIZON_SHARE};
use rand::RngExt as _;
use std::f32::consts::TAU;

/// Control steps move the car on by this many metres at the nominal 36 km/h.
const METRES_PER_TICK: f64 = 0.5;
/// Two distances between stripes that share no common multiple nearby, so that stripes come irregularly.
const SPACINGS_M: [f32; 2] = [7.0, 11.3];
/// Light from the sky is left in a shadow, and the sky is blue.
const COLOUR: [f32; 3] = [1.0, 0.96, 0.88];

pub(super) struct ShadowBands {
    /// Share of the light that is missing in a shadow.
    darkness: f32,
}

impl Corrupt for ShadowBands {
    const SEVERITIES: [Self; 5] = [
        Self { darkness: 0.2 },
        Self { darkness: 0.35 },
        Self { darkness: 0.5 },
        Self { darkness: 0.65 },
        Self { darkness: 0.8 },
    ];

    const PUBLISHED: Option<[Self; 5]> = None;

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let phases: [f32; 2] = [(); 2].map(|()| moment.lasting.random_range(0.0..TAU));
        let slant = moment.lasting.random_range(-0.6..=0.6_f32);
        let travelled_m = moment.tick as f64 * METRES_PER_TICK;
        let travelled: [f32; 2] = SPACINGS_M.map(|spacing| ((travelled_m / f64::from(spacing)).fract() as f32) * TAU);
        let mut picture = Grid::from_image(image);
        let (width, focal_px) = (picture.width, FOCAL_PER_WIDTH * picture.width as f32);
        let horizon = HORIZON_SHARE * picture.height as f32;
        for (y, row) in picture.pixels.chunks_exact_mut(width).enumerate() {
            let below = y as f32 + 0.5 - horizon;
            if below <= 0.0 {
                continue;
            }
            let ahead_m = focal_px * CAMERA_HEIGHT_M / below;
            // Stripes finer than two rows would only flicker: they fade before.
            let seen = (2.0 - 4.0 * ahead_m / below / SPACINGS_M[0]).clamp(0.0, 1.0);
            for (x, pixel) in row.iter_mut().enumerate() {
                let right_m = (x as f32 + 0.5 - width as f32 / 2.0) * ahead_m / focal_px;
                let along_m = ahead_m + slant * right_m;
                let wave = |i: usize| libm::sinf(along_m / SPACINGS_M[i] * TAU + travelled[i] + phases[i]);
                let shadow = (0.5 + 1.5 * (wave(0) + wave(1) + 0.2)).clamp(0.0, 1.0);
                *pixel = std::array::from_fn(|c| pixel[c] * (1.0 - self.darkness * COLOUR[c] * seen * shadow));
            }
        }
        picture.write(image);
    }
}
