//! A drifting bright plasma before everything: it is added to the picture, which is then scaled back to the brightest
//! value it had.

use super::fractal::Plasma;
use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;

/// Share of the width that the fog drifts in a control step: ten seconds from side to side at 20 Hz.
const DRIFT_PER_TICK: f32 = 0.005;

pub(super) struct Fog {
    /// Brightness of its brightest place.
    thickness: f32,
    /// Square root of the factor by which each octave is weaker than the one before.
    decay: f32,
}

impl Corrupt for Fog {
    const SEVERITIES: [Self; 5] = [
        Self { thickness: 0.4, decay: 3.0 },
        Self { thickness: 0.7, decay: 3.0 },
        Self { thickness: 1.0, decay: 2.5 },
        Self { thickness: 1.5, decay: 2.0 },
        Self { thickness: 2.0, decay: 1.75 },
    ];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let plasma = Plasma::new(self.decay, &mut moment.lasting);
        // Whole widths are taken off first: the plasma repeats, and a large number would lose the drift of one step.
        let drift = (moment.tick % 200) as f32 * DRIFT_PER_TICK;
        let mut picture = Grid::from_image(image);
        let brightest = picture.pixels.iter().flatten().copied().fold(0.0, f32::max);
        picture.change_by_place(|x, y, pixel| {
            let added = self.thickness * plasma.at(x + drift, y);
            pixel.map(|value| (value + added) * brightest / (brightest + self.thickness))
        });
        picture.write(image);
    }
}
