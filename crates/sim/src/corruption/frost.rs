//! Ice crystals on the lens, the same ones through a drive: a mix of the picture and ice. The published frost is
//! photographed; here it is ridges of plasma, thicker towards the border of the lens.

use super::fractal::Plasma;
use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

const COLOUR: [f32; 3] = [0.84, 0.93, 1.0];

pub(super) struct Frost {
    /// Factor of the picture.
    picture_left: f32,
    /// Factor of the ice.
    ice: f32,
}

impl Corrupt for Frost {
    const SEVERITIES: [Self; 5] = [
        Self { picture_left: 1.0, ice: 0.3 },
        Self { picture_left: 0.9, ice: 0.4 },
        Self { picture_left: 0.8, ice: 0.45 },
        Self { picture_left: 0.75, ice: 0.5 },
        Self { picture_left: 0.7, ice: 0.55 },
    ];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let (crystals, thickness) = (Plasma::new(1.35, &mut moment.lasting), Plasma::new(2.0, &mut moment.lasting));
        let mut picture = Grid::from_image(image);
        let aspect = image.height() as f32 / image.width() as f32;
        picture.change_by_place(|x, y, pixel| {
            let ridge = 1.0 - (2.0 * crystals.at(2.0 * x, 2.0 * y) - 1.0).abs();
            let rim = (2.0 * x - 1.0).powi(2).max((2.0 * y / aspect - 1.0).powi(2));
            let ice = (0.25 + 0.45 * ridge * ridge + 0.3 * (thickness.at(x, y) + rim - 0.5)).clamp(0.0, 1.0);
            std::array::from_fn(|c| self.picture_left * pixel[c] + self.ice * ice * COLOUR[c])
        });
        picture.write(image);
    }
}
