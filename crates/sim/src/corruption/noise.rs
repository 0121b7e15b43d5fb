//! Noise of sensor and memory, new in every frame.

use lane_frame::RgbImage;
use lane_frame::noise::add_normal;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Poisson};

/// Normal noise of standard deviation `sd` on the [0, 1] scale.
pub(super) fn gaussian(image: &mut RgbImage, sd: f32, rng: &mut ChaCha8Rng) {
    add_normal(image, sd, rng);
}

/// Poisson noise where a value of 1 is this many photons.
pub(super) fn shot(image: &mut RgbImage, photons: f32, rng: &mut ChaCha8Rng) {
    // No photons come from black: a Poisson distribution of mean 0 is refused, and the value stays.
    let counts: Vec<Option<Poisson<f32>>> =
        (0..=255_u8).map(|value| Poisson::new(f32::from(value) / 255.0 * photons).ok()).collect();
    for value in image.iter_mut() {
        if let Some(count) = &counts[usize::from(*value)] {
            *value = (255.0 * count.sample(rng) / photons).round() as u8;
        }
    }
}

/// Salt and pepper in equal parts on this share of the values.
pub(super) fn impulse(image: &mut RgbImage, share: f32, rng: &mut ChaCha8Rng) {
    for value in image.iter_mut() {
        let draw: f32 = rng.random();
        if draw < share {
            *value = if draw < share / 2.0 { 0 } else { 255 };
        }
    }
}
