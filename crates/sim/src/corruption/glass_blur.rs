//! A pane of frosted glass, the same one through a drive: blurred, then pixels change places with near ones, then
//! blurred again.

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;

pub(super) struct GlassBlur {
    /// Standard deviation of the blur before and after.
    sd_px: f32,
    /// Largest shift of a pixel, across and down.
    shift_px: f32,
    /// Times that every pixel changes places.
    passes: usize,
}

impl Corrupt for GlassBlur {
    const SEVERITIES: [Self; 5] = [
        Self { sd_px: 0.35, shift_px: 0.6, passes: 1 },
        Self { sd_px: 0.45, shift_px: 0.7, passes: 1 },
        Self { sd_px: 0.5, shift_px: 0.8, passes: 2 },
        Self { sd_px: 0.55, shift_px: 1.2, passes: 2 },
        Self { sd_px: 0.7, shift_px: 1.7, passes: 3 },
    ];

    const PUBLISHED: Option<[Self; 5]> = Some([
        Self { sd_px: 0.1, shift_px: 1.0, passes: 1 },
        Self { sd_px: 0.5, shift_px: 1.0, passes: 1 },
        Self { sd_px: 0.6, shift_px: 1.0, passes: 2 },
        Self { sd_px: 0.7, shift_px: 2.0, passes: 1 },
        Self { sd_px: 0.9, shift_px: 2.0, passes: 2 },
    ]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let (sd_px, shift_px) = (moment.px * self.sd_px, moment.px * self.shift_px);
        let mut picture = Grid::from_image(image).blurred(sd_px);
        let (width, height) = (picture.width, picture.height);
        let mut near = |place: usize, count: usize| {
            let shift: f32 = moment.lasting.random_range(-shift_px..=shift_px);
            place.saturating_add_signed(shift.round() as isize).min(count - 1)
        };
        for place in (0..self.passes).flat_map(|_| (0..width * height).rev()) {
            let (x, y) = (near(place % width, width), near(place / width, height));
            picture.pixels.swap(place, y * width + x);
        }
        picture.blurred(sd_px).write(image);
    }
}
