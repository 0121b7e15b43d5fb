//! The sun just above the road. Its light covers the picture as on film exposed twice: a dazzling disk above the
//! horizon, a veil over everything and a shining strip of road below.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use lane_frame::projection::HORIZON_SHARE;
use rand::RngExt as _;

const COLOUR: [f32; 3] = [1.0, 0.95, 0.84];

pub(super) struct LowSun {
    /// Light at the middle of the disk; 1 leaves nothing else.
    strength: f32,
    /// Distance in widths of the picture at which the glare has fallen to 1/e.
    radius: f32,
    /// Light everywhere.
    veil: f32,
}

impl Corrupt for LowSun {
    const SEVERITIES: [Self; 5] = [
        Self { strength: 0.6, radius: 0.08, veil: 0.05 },
        Self { strength: 0.8, radius: 0.12, veil: 0.1 },
        Self { strength: 1.0, radius: 0.16, veil: 0.15 },
        Self { strength: 1.2, radius: 0.21, veil: 0.2 },
        Self { strength: 1.4, radius: 0.27, veil: 0.25 },
    ];

    const PUBLISHED: Option<[Self; 5]> = None;

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let mut picture = Grid::from_image(image);
        let (width, height) = (picture.width as f32, picture.height as f32);
        let sun_x = width * moment.lasting.random_range(0.25..=0.75_f32);
        let sun_y = height * (HORIZON_SHARE - moment.lasting.random_range(0.02..=0.15_f32));
        let radius_px = self.radius * width;
        let columns = picture.width;
        for (i, pixel) in picture.pixels.iter_mut().enumerate() {
            let (right, down) = ((i % columns) as f32 + 0.5 - sun_x, (i / columns) as f32 + 0.5 - sun_y);
            let disk = libm::expf(-(right * right + down * down).sqrt() / radius_px);
            let strip = 0.3 * libm::expf(-(right / radius_px).powi(2)) * (down / height).clamp(0.0, 1.0);
            let light = (self.strength * (disk + strip) + self.veil).min(1.0);
            *pixel = std::array::from_fn(|c| 1.0 - (1.0 - pixel[c]) * (1.0 - light * COLOUR[c]));
        }
        picture.write(image);
    }
}
