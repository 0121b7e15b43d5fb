//! Mean of the picture and of its magnifications: the camera moves forward while the shutter is open.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

/// Distance of one magnification from the next.
const STEP: f32 = 0.01;

pub(super) struct ZoomBlur {
    /// Largest magnification.
    largest: f32,
}

impl Corrupt for ZoomBlur {
    // The authors' ranges end before 1.06, 1.11, 1.16, 1.21 and 1.26, the first two by rounding at them.
    const SEVERITIES: [Self; 5] = [
        Self { largest: 1.06 },
        Self { largest: 1.11 },
        Self { largest: 1.15 },
        Self { largest: 1.2 },
        Self { largest: 1.25 },
    ];

    fn corrupt(&self, image: &mut RgbImage, _: &mut Moment) {
        let picture = Grid::from_image(image);
        let mut sum = picture.clone();
        let steps = ((self.largest - 1.0) / STEP).round() as usize;
        for factor in (0..=steps).map(|step| 1.0 + STEP * step as f32) {
            let zoomed = picture.zoomed(factor);
            for (sum, value) in sum.pixels.iter_mut().flatten().zip(zoomed.pixels.iter().flatten()) {
                *sum += value;
            }
        }
        sum.pixels.iter_mut().flatten().for_each(|value| *value /= (steps + 2) as f32);
        sum.write(image);
    }
}
