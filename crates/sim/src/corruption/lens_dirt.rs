//! Soft-edged elliptic drops of mud on the lens, the same ones through a drive. More dirt keeps the drops that less has.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;
use std::f32::consts::TAU;

/// Brown of the mud that ImageNet-C spatters.
const COLOUR: [f32; 3] = [63.0 / 255.0, 42.0 / 255.0, 20.0 / 255.0];

pub(super) struct LensDirt {
    drops: usize,
}

impl Corrupt for LensDirt {
    const SEVERITIES: [Self; 5] =
        [Self { drops: 4 }, Self { drops: 9 }, Self { drops: 16 }, Self { drops: 26 }, Self { drops: 40 }];

    const PUBLISHED: Option<[Self; 5]> = None;

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let rng = &mut moment.lasting;
        let mut picture = Grid::from_image(image);
        let (width, height) = (picture.width as f32, picture.height as f32);
        for _ in 0..self.drops {
            let (middle_x, middle_y) = (width * rng.random::<f32>(), height * rng.random::<f32>());
            let turn_rad = rng.random_range(0.0..TAU);
            let (sin, cos) = (libm::sinf(turn_rad), libm::cosf(turn_rad));
            let (long_px, flatness) = (width * rng.random_range(0.02..=0.065_f32), rng.random_range(0.5..=1.0_f32));
            let opacity = rng.random_range(0.6..=0.95_f32);
            let columns = span(middle_x, long_px, picture.width);
            for y in span(middle_y, long_px, picture.height) {
                for x in columns.clone() {
                    let (right, down) = (x as f32 + 0.5 - middle_x, y as f32 + 0.5 - middle_y);
                    let (along, across) = (right * cos + down * sin, (down * cos - right * sin) / flatness);
                    let from_middle = (along * along + across * across).sqrt() / long_px;
                    let cover = opacity * (2.5 * (1.0 - from_middle)).clamp(0.0, 1.0);
                    let pixel = &mut picture.pixels[y * picture.width + x];
                    *pixel = std::array::from_fn(|c| pixel[c] + (COLOUR[c] - pixel[c]) * cover);
                }
            }
        }
        picture.write(image);
    }
}

/// Pixels of a row or column that lie within `reach` of a place.
fn span(middle: f32, reach: f32, count: usize) -> std::ops::Range<usize> {
    // Saturating casts: what lies before the border begins at it.
    (middle - reach) as usize..((middle + reach).ceil() as usize).min(count)
}
