//! Gaussian image noise as in the 2020 experiment: added to the image scaled to [0, 1], clipped, before any whitening
//! (Lechner et al. 2020, Fig. 4; the variance is stated, the standard deviation is its root).

use super::RgbImage;
use super::random::{Purpose, stream};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Adds N(0, `variance`) to every channel of every pixel of the image scaled to [0, 1], clips, and rounds to 8 bits.
/// The same seed and part give the same noise.
pub fn add_gaussian(image: &mut RgbImage, variance: f32, seed: u64, part: u64) {
    if variance <= 0.0 {
        return;
    }
    add_normal(image, variance.sqrt(), &mut stream(seed, Purpose::ImageNoise, part));
}

/// Adds normal noise of standard deviation `sd` on the [0, 1] scale to every value.
pub fn add_normal(image: &mut RgbImage, sd: f32, rng: &mut ChaCha8Rng) {
    for value in image.iter_mut() {
        let draw: f32 = StandardNormal.sample(rng);
        // Saturating cast: below 0 and above 255 clip, as in the paper's code.
        *value = (f32::from(*value) + 255.0 * sd * draw).round() as u8;
    }
}

/// Many draws of N(0, 1) to be used from different places: ten times faster than drawing anew, and good enough for
/// training, where no two sequences use the same place.
pub struct NoiseBank(Vec<f32>);

/// A prime, so that places do not line up with rows of a picture.
const BANK_LENGTH: usize = 1_048_573;

impl NoiseBank {
    /// The bank of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::ImageNoise, u64::MAX >> 8);
        Self((0..BANK_LENGTH).map(|_| StandardNormal.sample(&mut rng)).collect())
    }

    /// Adds noise of standard deviation `sd` on the [0, 1] scale, clips, and rounds to 8 bits.
    pub fn add(&self, image: &mut RgbImage, sd: f32, place: u64) {
        let mut rest: &mut [u8] = image;
        let mut start = (place % BANK_LENGTH as u64) as usize;
        while !rest.is_empty() {
            let count = rest.len().min(BANK_LENGTH - start);
            let (now, later) = rest.split_at_mut(count);
            for (value, draw) in now.iter_mut().zip(&self.0[start..]) {
                *value = (f32::from(*value) + 255.0 * sd * draw + 0.5) as u8;
            }
            (rest, start) = (later, 0);
        }
    }
}

/// 3x3 binomial filter (1 2 1): a lens slightly out of focus. Border pixels stay.
pub fn blur(image: &RgbImage) -> RgbImage {
    let (stride, bytes) = (3 * image.width() as usize, image.as_raw());
    let mut blurred = bytes.clone();
    let across = |at: usize| u16::from(bytes[at - 3]) + 2 * u16::from(bytes[at]) + u16::from(bytes[at + 3]);
    for y in 1..image.height().saturating_sub(1) as usize {
        let inner = y * stride + 3..(y + 1) * stride - 3;
        for (value, at) in blurred[inner.clone()].iter_mut().zip(inner) {
            *value = ((across(at - stride) + 2 * across(at) + across(at + stride) + 8) / 16) as u8;
        }
    }
    RgbImage::from_raw(image.width(), image.height(), blurred).unwrap_or_else(|| image.clone())
}
