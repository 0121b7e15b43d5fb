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
        Self { radius_px: 0.86 },
        Self { radius_px: 1.07 },
        Self { radius_px: 1.62 },
        Self { radius_px: 2.3 },
        Self { radius_px: 2.67 },
    ];

    // The authors take whole pixels within radii of 0.5, 1, 1.5, 2.5 and 3 and blur these disks, of which the first is a
    // single pixel, by a Gaussian of three pixels with a standard deviation of 0.6, the others by next to nothing. These are
    // disks that count pixels on the rim by their parts, so that any size of picture can have them, and leave as much.
    const PUBLISHED: Option<[Self; 5]> = Some([
        Self { radius_px: 0.87 },
        Self { radius_px: 1.13 },
        Self { radius_px: 1.77 },
        Self { radius_px: 2.55 },
        Self { radius_px: 3.0 },
    ]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        Grid::from_image(image).defocused(moment.px * self.radius_px).write(image);
    }
}
