//! Averaged over a disk: the lens is out of focus.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

pub(super) struct DefocusBlur {
    /// Radius of the disk.
    radius_px: f32,
}

impl Corrupt for DefocusBlur {
    const SEVERITIES: [Self; 5] = [
        Self { radius_px: 0.7 },
        Self { radius_px: 1.0 },
        Self { radius_px: 1.4 },
        Self { radius_px: 2.2 },
        Self { radius_px: 2.6 },
    ];

    const PUBLISHED: Option<[Self; 5]> = Some([
        Self { radius_px: 0.5 },
        Self { radius_px: 1.0 },
        Self { radius_px: 1.5 },
        Self { radius_px: 2.5 },
        Self { radius_px: 3.0 },
    ]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        Grid::from_image(image).defocused(moment.px * self.radius_px).write(image);
    }
}
