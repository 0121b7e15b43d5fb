//! Colours that no place on Earth need have: a training that shows them cannot learn what colour ground has.

use super::chance::Chance as _;
use super::colour::Rgb;
use rand_chacha::ChaCha8Rng;

/// Reflectance of the darkest and of the palest colour.
const REFLECTANCE: (f32, f32) = (0.02, 0.7);
/// Spread of each channel, as a share.
const TINT: f32 = 0.45;

/// Colours of the ground, of leaves, and of what lies on the road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Those of the weather.
    #[default]
    Natural,
    /// Any, each kind of thing its own: as many of them dark as pale, most of them pale in hue.
    Any,
}

/// One of any colours.
pub(super) fn any(rng: &mut ChaCha8Rng) -> Rgb {
    let (dark, pale) = REFLECTANCE;
    let level = dark * libm::powf(pale / dark, rng.unit());
    [0, 1, 2].map(|_| (level * (1.0 + rng.uniform(-TINT, TINT))).min(0.85))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn any_colour_is_a_reflectance_and_as_often_dark_as_pale() {
        let mut rng = stream(1, Purpose::Look, 0);
        let greens: Vec<f32> = (0..4000)
            .map(|_| any(&mut rng))
            .inspect(|colour| assert!(colour.iter().all(|part| (0.01..=0.85).contains(part)), "{colour:?}"))
            .map(|colour| colour[1])
            .collect();
        let middle = (REFLECTANCE.0 * REFLECTANCE.1).sqrt();
        let dark = greens.iter().filter(|green| **green < middle).count() as f32 / greens.len() as f32;
        // Four standard errors of 4000 draws are 3 %; the tint is even on the plain scale, not on the logarithmic one.
        assert!((0.47..0.55).contains(&dark), "{dark}");
    }
}
