//! Normal noise of a dark scene, new in every frame.

use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use lane_frame::noise::add_normal;

pub(super) struct GaussianNoise {
    /// Standard deviation on the [0, 1] scale.
    sd: f32,
}

impl Corrupt for GaussianNoise {
    const SEVERITIES: [Self; 5] =
        [Self { sd: 0.04 }, Self { sd: 0.08 }, Self { sd: 0.12 }, Self { sd: 0.15 }, Self { sd: 0.18 }];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        add_normal(image, self.sd, &mut moment.passing);
    }
}
