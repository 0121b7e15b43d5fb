//! What each family's severities are, in one place. Lengths are in pixels of a picture [`WIDTH_PX`] wide.
//!
//! The ladder is that of Tiny ImageNet-C, its authors' constants for pictures of 64 rows (`make_tinyimagenet_c.py` of
//! github.com/hendrycks/robustness): ImageNet-C's own, made for 224 rows, leave nothing of a road in 48. Strengths are
//! theirs. Lengths of defocus, motion and snow are chosen to give the structural similarity that theirs give at 64
//! rows; glass and elastic, whose published steps are out of order, and the families of the road have steps of our own.
//! docs/corruptions.md has the measurements.

/// Width of the pictures that the constants were measured on.
pub(super) const WIDTH_PX: usize = 120;

/// Control steps move the car on by this many metres at the nominal 36 km/h.
pub(super) const METRES_PER_TICK: f64 = 0.5;

/// Standard deviations on the [0, 1] scale.
pub(super) const GAUSSIAN_NOISE_SD: [f32; 5] = [0.04, 0.08, 0.12, 0.15, 0.18];

/// Photons of a value of 1.
pub(super) const SHOT_NOISE_PHOTONS: [f32; 5] = [250.0, 100.0, 50.0, 30.0, 15.0];

/// Shares of the values that are lost.
pub(super) const IMPULSE_NOISE_SHARE: [f32; 5] = [0.01, 0.02, 0.05, 0.08, 0.14];

/// Radii of the disk.
pub(super) const DEFOCUS_RADIUS_PX: [f32; 5] = [0.7, 1.0, 1.4, 2.2, 2.6];

/// A pane of frosted glass.
#[derive(Clone, Copy)]
pub(super) struct Glass {
    /// Standard deviation of the blur before and after.
    pub sd_px: f32,
    /// How far a pixel goes at most, across and down.
    pub shift_px: f32,
    /// Times that every pixel changes places.
    pub passes: usize,
}

pub(super) const GLASS: [Glass; 5] = [
    Glass { sd_px: 0.35, shift_px: 0.6, passes: 1 },
    Glass { sd_px: 0.45, shift_px: 0.7, passes: 1 },
    Glass { sd_px: 0.5, shift_px: 0.8, passes: 2 },
    Glass { sd_px: 0.55, shift_px: 1.2, passes: 2 },
    Glass { sd_px: 0.7, shift_px: 1.7, passes: 3 },
];

impl Glass {
    pub fn scaled(self, px: f32) -> Self {
        Self { sd_px: px * self.sd_px, shift_px: px * self.shift_px, ..self }
    }
}

/// Standard deviations of the smear; 0.6 of the published one-sided ones, which is the spread of half a Gaussian.
pub(super) const MOTION_SD_PX: [f32; 5] = [0.55, 0.85, 1.1, 1.35, 1.65];

/// Magnifications.
pub(super) const LARGEST_ZOOM: [f32; 5] = [1.06, 1.1, 1.16, 1.2, 1.26];

/// Flakes and the pallor behind them.
#[derive(Clone, Copy)]
pub(super) struct Snow {
    /// Mean of the noise that flakes are cut from.
    pub mean: f32,
    /// Its standard deviation.
    pub sd: f32,
    /// Size of a flake.
    pub flake_px: f32,
    /// Noise below it is no flake.
    pub threshold: f32,
    /// Standard deviation of the smear.
    pub fall_sd_px: f32,
    /// Share of the picture that is not made paler.
    pub picture_left: f32,
}

pub(super) const SNOW: [Snow; 5] = [
    Snow { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.6, fall_sd_px: 1.35, picture_left: 0.8 },
    Snow { mean: 0.1, sd: 0.2, flake_px: 1.0, threshold: 0.5, fall_sd_px: 1.8, picture_left: 0.8 },
    Snow { mean: 0.15, sd: 0.3, flake_px: 1.3, threshold: 0.55, fall_sd_px: 1.8, picture_left: 0.7 },
    Snow { mean: 0.25, sd: 0.3, flake_px: 1.6, threshold: 0.6, fall_sd_px: 2.2, picture_left: 0.65 },
    Snow { mean: 0.3, sd: 0.3, flake_px: 1.3, threshold: 0.65, fall_sd_px: 2.2, picture_left: 0.6 },
];

/// A mix of picture and ice.
#[derive(Clone, Copy)]
pub(super) struct Frost {
    /// Factor of the picture.
    pub picture_left: f32,
    /// Factor of the ice.
    pub ice: f32,
}

pub(super) const FROST: [Frost; 5] = [
    Frost { picture_left: 1.0, ice: 0.3 },
    Frost { picture_left: 0.9, ice: 0.4 },
    Frost { picture_left: 0.8, ice: 0.45 },
    Frost { picture_left: 0.75, ice: 0.5 },
    Frost { picture_left: 0.7, ice: 0.55 },
];

/// Plasma before the picture.
#[derive(Clone, Copy)]
pub(super) struct Fog {
    /// Brightness of its brightest place.
    pub thickness: f32,
    /// How much weaker its octaves are than the one before, as a root.
    pub decay: f32,
}

pub(super) const FOG: [Fog; 5] = [
    Fog { thickness: 0.4, decay: 3.0 },
    Fog { thickness: 0.7, decay: 3.0 },
    Fog { thickness: 1.0, decay: 2.5 },
    Fog { thickness: 1.5, decay: 2.0 },
    Fog { thickness: 2.0, decay: 1.75 },
];

/// What is added to the value of hue, saturation, value, which spans [0, 1].
pub(super) const BRIGHTNESS_RAISED_BY: [f32; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];

/// What is left of the difference from the mean.
pub(super) const CONTRAST_LEFT: [f32; 5] = [0.4, 0.3, 0.2, 0.1, 0.05];

/// A wavy pane.
#[derive(Clone, Copy)]
pub(super) struct Elastic {
    /// How far a corner of the middle third is moved at most, across and down.
    pub corner_px: f32,
    /// Root mean square of the waves.
    pub wave_px: f32,
    /// Standard deviation of the blur that makes noise a wave.
    pub wave_sd_px: f32,
}

pub(super) const ELASTIC: [Elastic; 5] = [
    Elastic { corner_px: 0.6, wave_px: 0.15, wave_sd_px: 2.0 },
    Elastic { corner_px: 0.9, wave_px: 0.3, wave_sd_px: 2.0 },
    Elastic { corner_px: 1.2, wave_px: 0.45, wave_sd_px: 2.0 },
    Elastic { corner_px: 1.6, wave_px: 0.6, wave_sd_px: 2.0 },
    Elastic { corner_px: 2.0, wave_px: 0.8, wave_sd_px: 2.0 },
];

impl Elastic {
    pub fn scaled(self, px: f32) -> Self {
        Self { corner_px: px * self.corner_px, wave_px: px * self.wave_px, wave_sd_px: px * self.wave_sd_px }
    }
}

/// Sides of the blocks.
pub(super) const PIXELATE_BLOCK_PX: [f32; 5] = [1.0 / 0.9, 1.0 / 0.8, 1.0 / 0.7, 1.0 / 0.6, 2.0];

/// Qualities from 1 to 100.
pub(super) const JPEG_QUALITY: [u8; 5] = [65, 58, 50, 40, 25];

/// Share of the light that is missing in a shadow.
pub(super) const SHADOW_DARKNESS: [f32; 5] = [0.2, 0.35, 0.5, 0.65, 0.8];

/// The sun before the lens.
#[derive(Clone, Copy)]
pub(super) struct LowSun {
    /// Light at the middle of the disk; 1 leaves nothing else.
    pub strength: f32,
    /// Distance in widths of the picture at which the glare has fallen to 1/e.
    pub radius: f32,
    /// Light everywhere.
    pub veil: f32,
}

pub(super) const LOW_SUN: [LowSun; 5] = [
    LowSun { strength: 0.6, radius: 0.08, veil: 0.05 },
    LowSun { strength: 0.8, radius: 0.12, veil: 0.1 },
    LowSun { strength: 1.0, radius: 0.16, veil: 0.15 },
    LowSun { strength: 1.2, radius: 0.21, veil: 0.2 },
    LowSun { strength: 1.4, radius: 0.27, veil: 0.25 },
];

/// Drops of mud on the lens.
pub(super) const DIRT_DROPS: [usize; 5] = [4, 9, 16, 26, 40];
