//! Sun, sky, haze and headlights of one drive.

use super::chance::Chance as _;
use super::colour::{Rgb, grey, mix, scale};
use super::look::Sky;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::PI;

/// Picture value of a white surface in full daylight at gain 1, before the tone curve.
pub(super) const EXPOSURE: f32 = 1.9;

/// Illumination and everything above the horizon.
#[derive(Clone, Debug)]
pub(super) struct Light {
    /// Light from the whole sky, exposure included.
    pub ambient: Rgb,
    /// Light from the sun on flat ground, exposure included.
    pub sun: Rgb,
    /// Horizontal unit vector towards the sun.
    pub sun_towards: [f32; 2],
    /// Tangent of the sun's elevation.
    pub sun_rise: f32,
    /// Darkness of shadows: 0 none, 1 all of the sun's share.
    pub shadows: f32,
    /// Shadows on the road from trees that stand outside the picture, per metre of road.
    pub stray_shadows_per_m: f32,
    pub zenith: Rgb,
    /// Colour of the sky at the horizon, and of the haze in front of far things.
    pub haze: Rgb,
    pub cloud: Rgb,
    /// Share of the sky under cloud.
    pub cloudiness: f32,
    pub fog_per_m: f32,
    /// Strength of the glow around a sun in the picture.
    pub glare: f32,
    /// Height of the far hills as tan(elevation), and their colour.
    pub hills: (f32, Rgb),
    pub headlights: bool,
}

impl Light {
    pub(super) fn draw(sky: Sky, rng: &mut ChaCha8Rng) -> Self {
        let day = Self::draw_day(rng);
        // The fog's draw is taken under every sky, and first: the pictures that policies were trained on depend on it.
        let fog = rng.unit();
        match sky {
            Sky::Day => day,
            Sky::Overcast { brightness, haze_per_m } => day.overcast(rng.within(brightness), rng.within(haze_per_m)),
            Sky::Fog { brightness, fog_per_m: (thin, thick) } => {
                day.overcast(rng.within(brightness), thin + (thick - thin) * fog)
            }
            Sky::Night => day.night(),
        }
    }

    /// The daylight mix: about half clear or partly clouded with shadows, a tenth low sun, the rest overcast.
    fn draw_day(rng: &mut ChaCha8Rng) -> Self {
        let kind = rng.unit();
        let low_sun = kind > 0.9;
        let overcast = kind < 0.38;
        let elevation = if low_sun { rng.uniform(0.12, 0.28) } else { rng.uniform(0.45, 1.1) };
        let warmth = if low_sun { rng.uniform(0.15, 0.35) } else { rng.uniform(0.0, 0.08) };
        let blue = mix([0.10, 0.25, 0.72], [0.26, 0.44, 0.80], rng.unit());
        let haze = mix([0.62, 0.74, 0.90], [0.88, 0.88, 0.86], rng.unit());
        let hills = mix([0.20, 0.30, 0.42], [0.12, 0.19, 0.14], rng.unit());
        let azimuth = rng.uniform(-PI, PI);
        let sun_share = rng.uniform(0.55, 0.8);
        let day = Self {
            ambient: scale([0.95, 1.0, 1.10], EXPOSURE * (1.0 - sun_share)),
            sun: scale(grey(1.0, warmth), EXPOSURE * sun_share * if low_sun { 0.75 } else { 1.0 }),
            sun_towards: [libm::cosf(azimuth), libm::sinf(azimuth)],
            sun_rise: libm::tanf(elevation),
            shadows: rng.uniform(0.7, 1.0),
            stray_shadows_per_m: if rng.chance(0.6) { rng.uniform(0.02, 0.12) } else { 0.0 },
            zenith: blue,
            haze: if low_sun { mix(haze, [1.0, 0.72, 0.48], 0.6) } else { haze },
            cloud: grey(rng.uniform(0.8, 1.15), 0.01),
            cloudiness: rng.uniform(0.0, 0.6),
            fog_per_m: rng.uniform(0.0, 0.006),
            glare: if low_sun { rng.uniform(0.5, 1.0) } else { 0.15 },
            hills: (rng.uniform(0.0, 0.09), hills),
            headlights: false,
        };
        let dimmed = rng.uniform(0.7, 1.05);
        let own_fog = day.fog_per_m;
        if overcast { day.overcast(dimmed, own_fog) } else { day }
    }

    /// The same light under a sky of one colour, that of the haze at the horizon.
    pub(super) fn with_plain_sky(&self) -> Self {
        // Hills of a negative height stand nowhere above the horizon.
        Self { zenith: self.haze, cloudiness: 0.0, glare: 0.0, hills: (-1.0, self.haze), ..self.clone() }
    }

    /// The same day under a closed sky: no sun, no shadows, grey.
    fn overcast(self, brightness: f32, fog_per_m: f32) -> Self {
        let grey = scale([0.80, 0.83, 0.87], brightness);
        Self {
            ambient: scale([0.98, 1.0, 1.03], EXPOSURE * 0.9 * brightness),
            sun: [0.0; 3],
            shadows: 0.0,
            stray_shadows_per_m: 0.0,
            zenith: scale(grey, 0.8),
            haze: grey,
            cloud: scale(grey, 0.72),
            cloudiness: 0.7,
            fog_per_m,
            glare: 0.0,
            hills: (self.hills.0, mix(self.hills.1, grey, 0.3)),
            ..self
        }
    }

    fn night(self) -> Self {
        const MOONLIGHT: f32 = 0.06;
        let dark = self.overcast(1.0, 0.002);
        Self {
            ambient: scale(dark.ambient, 0.5 * MOONLIGHT),
            zenith: [0.010, 0.014, 0.030],
            haze: scale([0.6, 0.7, 0.9], 0.6 * MOONLIGHT),
            cloud: [0.02, 0.02, 0.03],
            hills: (dark.hills.0, [0.008, 0.010, 0.014]),
            headlights: true,
            ..dark
        }
    }

    /// Share of a colour that is still seen through `distance_m` of haze: exp(-fog · distance).
    #[inline(always)]
    pub(super) fn transmittance(&self, distance_m: f32) -> f32 {
        // (1 - x/64)^64 instead of exp: plain multiplications, the same on every machine; within 2 % of full scale.
        let x = (1.0 - self.fog_per_m * distance_m * (1.0 / 64.0)).max(0.0);
        let x = x * x;
        let x = x * x;
        let x = x * x;
        let x = x * x;
        let x = x * x;
        x * x
    }

    /// Headlight on an upright or flat surface `forward_m` ahead and `left_m` aside: a wide cone that fades with
    /// distance. 0 by day.
    #[inline(always)]
    pub(super) fn headlight(&self, forward_m: f32, left_m: f32) -> f32 {
        if !self.headlights {
            return 0.0;
        }
        let aside = left_m / (0.25 * forward_m + 1.2);
        let near = forward_m / (forward_m + 2.5);
        EXPOSURE * near / (1.0 + 0.0035 * forward_m * forward_m) / (1.0 + aside * aside * aside * aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weather;
    use lane_frame::random::{Purpose, stream};

    fn light(weather: Weather, seed: u64) -> Light {
        Light::draw(weather.look().sky, &mut stream(seed, Purpose::Look, 2))
    }

    #[test]
    fn transmittance_is_near_the_exponential() {
        let fog = Light { fog_per_m: 0.04, ..light(Weather::Fog, 0) };
        for distance in [0.0_f32, 3.0, 20.0, 60.0, 150.0, 1000.0] {
            let exact = libm::expf(-0.04 * distance);
            assert!((fog.transmittance(distance) - exact).abs() < 0.02, "{distance} m");
        }
    }

    #[test]
    fn shadows_fall_in_about_half_of_the_daylight_looks() {
        let with = (0..2000).filter(|&seed| light(Weather::Daylight, seed).shadows > 0.0).count();
        assert!((1100..1400).contains(&with), "{with} of 2000");
    }

    #[test]
    fn night_is_dark_but_for_the_headlights() {
        let night = light(Weather::Night, 1);
        assert!(night.ambient[1] < 0.1 && night.headlight(8.0, 0.0) > 1.0);
        assert!(night.headlight(8.0, 12.0) < 0.1);
        assert_eq!(light(Weather::Daylight, 1).headlight(8.0, 0.0), 0.0);
    }
}
