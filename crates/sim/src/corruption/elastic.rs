//! Stretched here and squeezed there: a wavy windscreen, the same one through a drive. Every pixel is read from beside
//! its place: where an affine map that moves three corners of the middle third leads, and smoothed noise besides
//! (Simard, Steinkraus and Platt 2003).

use super::grid::Grid;
use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

pub(super) struct Elastic {
    /// Largest shift of a corner of the middle third, across and down.
    corner_px: f32,
    /// Root mean square of the waves.
    wave_px: f32,
    /// Standard deviation of the blur that makes noise a wave.
    wave_sd_px: f32,
}

impl Corrupt for Elastic {
    const SEVERITIES: [Self; 5] = [
        Self { corner_px: 0.6, wave_px: 0.15, wave_sd_px: 2.0 },
        Self { corner_px: 0.9, wave_px: 0.3, wave_sd_px: 2.0 },
        Self { corner_px: 1.2, wave_px: 0.45, wave_sd_px: 2.0 },
        Self { corner_px: 1.6, wave_px: 0.6, wave_sd_px: 2.0 },
        Self { corner_px: 2.0, wave_px: 0.8, wave_sd_px: 2.0 },
    ];

    // Amplitude times the standard deviation of uniform noise after the blur is the root mean square.
    const PUBLISHED: Option<[Self; 5]> = Some([
        Self { corner_px: 5.1, wave_px: 0.0, wave_sd_px: 2.0 },
        Self { corner_px: 3.8, wave_px: 0.03, wave_sd_px: 19.2 },
        Self { corner_px: 3.8, wave_px: 0.2, wave_sd_px: 5.1 },
        Self { corner_px: 1.9, wave_px: 0.54, wave_sd_px: 1.9 },
        Self { corner_px: 1.3, wave_px: 0.87, wave_sd_px: 1.9 },
    ]);

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let picture = Grid::from_image(image);
        let (rng, corner_px) = (&mut moment.lasting, moment.px * self.corner_px);
        let corners: [[f32; 2]; 3] =
            std::array::from_fn(|_| std::array::from_fn(|_| rng.random_range(-corner_px..=corner_px)));
        let waves = waves(&picture, moment.px * self.wave_px, moment.px * self.wave_sd_px, rng);
        let side = 2.0 * (picture.width.min(picture.height) as f32 / 3.0).max(1.0);
        let middle = [(picture.width - 1) as f32 / 2.0, (picture.height - 1) as f32 / 2.0];
        // The corners are (+, +), (+, -) and (-, -) from the middle.
        let [far, right, near] = corners;
        let shift = |axis: usize, x: f32, y: f32| {
            let moved = (far[axis] + near[axis]) / 2.0;
            moved
                + (x - middle[0]) * (right[axis] - near[axis]) / side
                + (y - middle[1]) * (far[axis] - right[axis]) / side
        };
        let stretched = Grid::new(picture.width, picture.height, |column, row| {
            let (x, y) = (column as f32, row as f32);
            let wave = waves.pixels[row * picture.width + column];
            picture.at(x + shift(0, x, y) + wave[0], y + shift(1, x, y) + wave[1])
        });
        stretched.write(image);
    }
}

/// Smooth displacements across and down with a root mean square of `rms_px`.
fn waves(picture: &Grid<3>, rms_px: f32, sd_px: f32, rng: &mut ChaCha8Rng) -> Grid<2> {
    let noise = Grid::new(picture.width, picture.height, |_, _| [(); 2].map(|()| rng.random_range(-1.0..=1.0_f32)));
    let mut waves = noise.blurred(sd_px);
    let squares: f32 = waves.pixels.iter().flatten().map(|value| value * value).sum();
    let rms = (squares / (2 * waves.pixels.len()) as f32).sqrt();
    waves.pixels.iter_mut().flatten().for_each(|value| *value *= rms_px / rms.max(f32::MIN_POSITIVE));
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_nothing_stretches_stays() {
        let before = RgbImage::from_fn(30, 20, |x, y| image::Rgb([(x * 8) as u8, (y * 12) as u8, 7]));
        let mut image = before.clone();
        let still = Elastic { corner_px: 0.0, wave_px: 0.0, wave_sd_px: 2.0 };
        still.corrupt(&mut image, &mut Moment::of_test());
        assert_eq!(image, before);
    }
}
