//! Draws from a seeded generator with arithmetic that gives the same bits on every machine, and the hash behind
//! everything that is noise by place (sensor noise, rain drops, texture lattices).

use lane_frame::random::{Purpose, stream};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;
use std::sync::LazyLock;

/// The few distributions the simulator draws from.
pub(super) trait Chance {
    /// Uniform in [0, 1), 24 bits.
    fn unit(&mut self) -> f32;

    /// Uniform in [`low`, `high`).
    fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform between the ends of a span.
    fn within(&mut self, (low, high): (f32, f32)) -> f32 {
        self.uniform(low, high)
    }

    /// True with `probability`.
    fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Normal; the quantile table has 4096 entries, so |draw - mean| stays below 3.7 `sd`.
    fn normal(&mut self, mean: f32, sd: f32) -> f32 {
        mean + sd * gaussian((self.unit() * GAUSSIAN_ENTRIES as f32) as u64)
    }

    /// Exponential with `mean`.
    fn exponential(&mut self, mean: f32) -> f32 {
        -mean * libm::logf(1.0 - self.unit())
    }

    /// One of `choices`, which must not be empty.
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[((self.unit() * choices.len() as f32) as usize).min(choices.len() - 1)]
    }
}

impl Chance for ChaCha8Rng {
    fn unit(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }
}

/// A generator for constants of the program (textures, sprites): no world depends on its seed.
pub(super) fn fixed_stream(part: u64) -> ChaCha8Rng {
    stream(0, Purpose::Look, (1 << 40) + part)
}

/// Mixes 64 bits so that neighbouring inputs share nothing (the finaliser of SplitMix64, Steele et al. 2014).
#[inline(always)]
pub(super) fn hash(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in [0, 1) from the upper bits of a hash.
pub(super) fn unit_from_hash(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u32 << 24) as f32
}

/// Entries of the table of normal quantiles.
pub(super) const GAUSSIAN_ENTRIES: usize = 4096;

static GAUSSIAN: LazyLock<[f32; GAUSSIAN_ENTRIES]> =
    LazyLock::new(|| std::array::from_fn(|i| normal_quantile((i as f64 + 0.5) / GAUSSIAN_ENTRIES as f64) as f32));

/// The table of normal quantiles, for loops that look up many.
pub(super) fn gaussian_table() -> &'static [f32; GAUSSIAN_ENTRIES] {
    &GAUSSIAN
}

/// Standard normal number from the lowest 12 bits of a hash or index.
pub(super) fn gaussian(bits: u64) -> f32 {
    GAUSSIAN[bits as usize % GAUSSIAN_ENTRIES]
}

/// Inverse of the normal distribution function by bisection; run 4096 times per program, so plainness beats speed.
fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..45 {
        let middle = 0.5 * (low + high);
        let below = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2);
        if below < probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_the_mean_and_sd_asked_for() {
        let mut rng = stream(3, Purpose::Look, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| f64::from(rng.normal(2.0, 0.5))).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64;
        // Four standard errors of 20,000 draws: 0.014 for the mean, 2 % for the sd.
        assert!((mean - 2.0).abs() < 0.014, "mean {mean}");
        assert!((variance.sqrt() - 0.5).abs() < 0.01, "sd {}", variance.sqrt());
    }

    #[test]
    fn the_quantile_table_is_symmetric_and_matches_a_known_quantile() {
        // 97.5 % quantile of the standard normal is 1.95996; entry 3993 is at 97.498 %.
        assert!((gaussian(3993) - 1.9597).abs() < 1e-3, "{}", gaussian(3993));
        assert_eq!(gaussian(0), -gaussian(4095));
    }

    #[test]
    fn uniform_draws_stay_in_their_range() {
        let mut rng = stream(4, Purpose::Look, 0);
        for _ in 0..10_000 {
            let draw = rng.uniform(-3.0, 5.0);
            assert!((-3.0..5.0).contains(&draw), "{draw}");
        }
    }
}
