//! Camera of one drive: how it is mounted and how it turns light into 8 bits.

use super::chance::{Chance as _, gaussian, hash};
use super::texture::floor_fract;
use lane_frame::Size;
use lane_frame::projection::{CAMERA_FORWARD_M, FOCAL_PER_WIDTH, HORIZON_SHARE, Projection};
use rand_chacha::ChaCha8Rng;

/// Height, aim and shake; pixels are those of an image 200 wide.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    height_m: f32,
    horizon_shift_px: f32,
    roll_rad: f32,
    key: u64,
}

impl Mount {
    pub(super) fn draw(key: u64, rng: &mut ChaCha8Rng) -> Self {
        Self {
            height_m: rng.uniform(1.34, 1.46),
            horizon_shift_px: rng.uniform(-1.2, 1.2),
            roll_rad: rng.normal(0.0, 0.006),
            key: hash(key),
        }
    }

    /// The projection of a picture of `size` taken at control step `tick`.
    pub(super) fn projection(&self, size: Size, tick: u64) -> Projection {
        let width = size.width as f32;
        Projection {
            focal_px: FOCAL_PER_WIDTH * width,
            center_px: 0.5 * width,
            horizon_px: HORIZON_SHARE * size.height as f32 + self.horizon_shift_px(tick) * width / 200.0,
            height_m: self.height_m,
            forward_m: CAMERA_FORWARD_M,
            roll_rad: self.roll_rad,
        }
    }

    /// Rows by which the horizon lies lower than planned at this control step, per image 200 wide.
    ///
    /// The shake is x' = 0.7 x + e with sd 0.25, written as the sum over the last 16 e (0.7^16 = 0.003) so that any
    /// step can be asked for alone.
    fn horizon_shift_px(&self, tick: u64) -> f32 {
        const MEMORY: f32 = 0.7;
        const SD_PX: f32 = 0.25;
        let (mut shake, mut weight) = (0.0, SD_PX * (1.0 - MEMORY * MEMORY).sqrt());
        for age in 0..16 {
            shake += weight * gaussian(hash(self.key ^ tick.wrapping_sub(age)));
            weight *= MEMORY;
        }
        self.horizon_shift_px + shake
    }
}

/// Steps of the tone curve per unit of light.
const CURVE_STEPS: f32 = 256.0;
/// Light at which the curve ends: nothing gets brighter in the picture beyond it.
const CURVE_END: f32 = 4.0;
/// Steps up to the square root of that.
const CURVE_LENGTH: usize = 512;

/// From light to picture values.
#[derive(Clone, Debug)]
pub(super) struct Sensor {
    pub gain: f32,
    /// Factor per channel.
    pub tint: [f32; 3],
    /// Standard deviation of the noise in the picture scaled to [0, 1].
    pub noise_sd: f32,
    /// Weight of each neighbour in the three-tap blur of the lens, 0 if sharp.
    pub softness: f32,
    /// Loss of light in the corners.
    pub vignette: f32,
    /// Seed of the noise.
    pub key: u64,
    /// Picture value in [0, 255] by light, square-root spaced so that the dark end is resolved.
    curve: Box<[f32; CURVE_LENGTH + 1]>,
}

impl Sensor {
    pub(super) fn draw(key: u64, rng: &mut ChaCha8Rng) -> Self {
        let gamma = rng.uniform(0.8, 1.25);
        Self {
            gain: rng.uniform(0.6, 1.3),
            tint: [rng.uniform(0.95, 1.05), rng.uniform(0.95, 1.05), rng.uniform(0.95, 1.05)],
            noise_sd: rng.uniform(0.0, 0.02),
            softness: if rng.chance(0.4) { rng.uniform(0.0, 0.2) } else { 0.0 },
            vignette: rng.uniform(0.0, 0.3),
            key: hash(key ^ 0x5E45),
            curve: tone_curve(gamma),
        }
    }

    /// Picture value in [0, 255] of linear light.
    #[inline(always)]
    pub(super) fn develop(&self, light: f32) -> f32 {
        let position = light.clamp(0.0, CURVE_END - 0.01).sqrt() * CURVE_STEPS;
        let (i, rest) = floor_fract(position);
        let i = i as usize & (CURVE_LENGTH - 1);
        self.curve[i] + (self.curve[i + 1] - self.curve[i]) * rest
    }
}

/// A display's inverse 2.2 with a soft shoulder, bent by `gamma`.
fn tone_curve(gamma: f32) -> Box<[f32; CURVE_LENGTH + 1]> {
    Box::new(std::array::from_fn(|i| {
        let root = i as f32 / CURVE_STEPS;
        let light = root * root;
        // Straight up to middle grey, then towards 1 without reaching it.
        let shoulder = if light < 0.5 { light } else { 1.0 - 0.5 * libm::expf(-2.0 * (light - 0.5)) };
        255.0 * libm::powf(shoulder, gamma / 2.2)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn the_tone_curve_rises_from_black_to_nearly_white() {
        let sensor = Sensor::draw(1, &mut stream(1, Purpose::Look, 3));
        let values: Vec<f32> = (0..400).map(|i| sensor.develop(i as f32 * 0.01)).collect();
        assert!(values.windows(2).all(|pair| pair[1] > pair[0]));
        assert!(values[0] < 1.0 && values[399] > 250.0 && values[399] <= 255.0, "{} {}", values[0], values[399]);
    }

    #[test]
    fn the_shake_has_the_sd_and_memory_of_its_process() {
        let mount = Mount::draw(9, &mut stream(9, Purpose::Look, 3));
        let shake: Vec<f64> =
            (0..20_000).map(|t| f64::from(mount.horizon_shift_px(t) - mount.horizon_shift_px)).collect();
        let variance = shake.iter().map(|x| x * x).sum::<f64>() / shake.len() as f64;
        let next = shake.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / shake.len() as f64;
        // 20,000 steps with memory 0.7 are worth some 7,000 free draws: 4 standard errors are 3.5 % and 0.05.
        assert!((variance.sqrt() - 0.25).abs() < 0.01, "sd {}", variance.sqrt());
        assert!((next / variance - 0.7).abs() < 0.05, "memory {}", next / variance);
    }

    #[test]
    fn looks_share_no_camera() {
        let height = |seed| Mount::draw(seed, &mut stream(seed, Purpose::Look, 3)).height_m;
        assert_ne!(height(1), height(2));
    }
}
