//! Poisson noise: light comes in photons, new ones in every frame.

use super::{Corrupt, Moment};
use lane_frame::RgbImage;
use rand_distr::{Distribution as _, Poisson};

pub(super) struct ShotNoise {
    /// Photons of a value of 1.
    photons: f32,
}

impl Corrupt for ShotNoise {
    const SEVERITIES: [Self; 5] = [
        Self { photons: 250.0 },
        Self { photons: 100.0 },
        Self { photons: 50.0 },
        Self { photons: 30.0 },
        Self { photons: 15.0 },
    ];

    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment) {
        let photons = self.photons;
        // No photons come from black: a Poisson distribution of mean 0 is refused, and the value stays.
        let counts: Vec<Option<Poisson<f32>>> =
            (0..=255_u8).map(|value| Poisson::new(f32::from(value) / 255.0 * photons).ok()).collect();
        for value in image.iter_mut() {
            if let Some(count) = &counts[usize::from(*value)] {
                *value = (255.0 * count.sample(&mut moment.passing) / photons).round() as u8;
            }
        }
    }
}
