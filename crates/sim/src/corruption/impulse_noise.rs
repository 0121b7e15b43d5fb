//! Salt and pepper in equal parts: bit errors, new in every frame.

use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;

pub(super) struct ImpulseNoise {
    /// Share of the values that are lost.
    share: f32,
}

impl Corrupt for ImpulseNoise {
    const SEVERITIES: [Self; 5] =
        [Self { share: 0.01 }, Self { share: 0.02 }, Self { share: 0.05 }, Self { share: 0.08 }, Self { share: 0.14 }];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        for value in image.iter_mut() {
            let draw: f32 = moment.passing.random();
            if draw < self.share {
                *value = if draw < self.share / 2.0 { 0 } else { 255 };
            }
        }
    }
}
