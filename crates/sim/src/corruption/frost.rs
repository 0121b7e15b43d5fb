//! Ice crystals on the lens, the same ones through a drive: a mix of the picture and ice. The published frost is
//! photographed; here it is ridges of plasma, a little thicker towards the border of the lens. Its mean colour (0.56, 0.64,
//! 0.69), the standard deviation of its luma (0.094, and 0.060 behind a Gaussian of 2 pixels) and the mean change from pixel
//! to pixel (0.066) are those of the five photographs of the package imagecorruptions, cut to 160x64 at 0.3 of their size.

use super::fractal::Plasma;
use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

const COLOUR: [f32; 3] = [0.81, 0.93, 1.0];

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
        let (crystals, thickness) = (Plasma::new(1.08, &mut moment.lasting), Plasma::new(2.0, &mut moment.lasting));
        let mut picture = Grid::from_image(image);
        let aspect = image.height() as f32 / image.width() as f32;
        picture.change_by_place(|x, y, pixel| {
            let ridge = 1.0 - (2.0 * crystals.at(2.0 * x, 2.0 * y) - 1.0).abs();
            let rim = (2.0 * x - 1.0).powi(2).max((2.0 * y / aspect - 1.0).powi(2));
            let ice = (0.32 + 0.42 * ridge * ridge + 0.15 * thickness.at(x, y) + 0.08 * rim).clamp(0.0, 1.0);
            std::array::from_fn(|c| self.picture_left * pixel[c] + self.ice * ice * COLOUR[c])
        });
        picture.write(image);
    }
}
