//! What spoils a camera's pictures: the fifteen families of ImageNet-C (Hendrycks and Dietterich 2019, "Benchmarking
//! neural network robustness to common corruptions and perturbations"), each by its published definition on small
//! pictures, and three that roads add. Five severities each, calibrated to small frames: docs/corruptions.md.
//!
//! What stays on or before the lens through a drive (dirt, frost, the pane of glass, where the sun is, which way things
//! blur) is drawn from the drive's seed alone; noise and flakes are new in every frame; fog and shadows move on.

mod blur;
#[cfg(test)]
mod calibration;
mod constants;
mod digital;
mod driving;
mod fractal;
mod grid;
mod noise;
mod weather;

use lane_frame::RgbImage;
use lane_frame::random::{Purpose, stream};
use std::fmt;
use std::str::FromStr;

/// Shares of the paint's colour that are gone from the road at severity 1 to 5. The renderer erases the markings, since
/// a picture does not say what lies under them.
pub const MARKING_ERASURE: [f32; 5] = [0.4, 0.6, 0.75, 0.9, 1.0];

/// What spoils an image, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Corruption {
    family: Family,
    severity: u8,
}

/// Ways to spoil an image, in the order of ImageNet-C, then those of the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Normal noise of a dark scene.
    GaussianNoise,
    /// Poisson noise: light comes in photons.
    ShotNoise,
    /// Salt and pepper: bit errors.
    ImpulseNoise,
    /// Averaged over a disk: the lens is out of focus.
    DefocusBlur,
    /// Blurred, shuffled, blurred: a pane of frosted glass, the same one through a drive.
    GlassBlur,
    /// Smeared along one direction: the camera shakes.
    MotionBlur,
    /// Averaged over magnifications: the camera moves forward while the shutter is open.
    ZoomBlur,
    /// Slanted flakes, and a picture made paler.
    Snow,
    /// Ice crystals on the lens.
    Frost,
    /// A drifting bright plasma before everything.
    Fog,
    /// Overexposed: the value of hue, saturation, value is raised.
    Brightness,
    /// Drawn towards the mean colour.
    Contrast,
    /// Stretched here and squeezed there: a wavy windscreen, the same one through a drive.
    Elastic,
    /// Coarser pixels.
    Pixelate,
    /// Lossy compression.
    Jpeg,
    /// Shadows of trees and poles across the road, coming nearer.
    ShadowBands,
    /// The sun just above the road: glare, veil and a shining road.
    LowSun,
    /// Drops of mud on the lens.
    LensDirt,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 18] = [
        Self::GaussianNoise,
        Self::ShotNoise,
        Self::ImpulseNoise,
        Self::DefocusBlur,
        Self::GlassBlur,
        Self::MotionBlur,
        Self::ZoomBlur,
        Self::Snow,
        Self::Frost,
        Self::Fog,
        Self::Brightness,
        Self::Contrast,
        Self::Elastic,
        Self::Pixelate,
        Self::Jpeg,
        Self::ShadowBands,
        Self::LowSun,
        Self::LensDirt,
    ];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GaussianNoise => "gaussian-noise",
            Self::ShotNoise => "shot-noise",
            Self::ImpulseNoise => "impulse-noise",
            Self::DefocusBlur => "defocus-blur",
            Self::GlassBlur => "glass-blur",
            Self::MotionBlur => "motion-blur",
            Self::ZoomBlur => "zoom-blur",
            Self::Snow => "snow",
            Self::Frost => "frost",
            Self::Fog => "fog",
            Self::Brightness => "brightness",
            Self::Contrast => "contrast",
            Self::Elastic => "elastic",
            Self::Pixelate => "pixelate",
            Self::Jpeg => "jpeg",
            Self::ShadowBands => "shadow-bands",
            Self::LowSun => "low-sun",
            Self::LensDirt => "lens-dirt",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no [`Family`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFamily(String);

impl fmt::Display for UnknownFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown corruption {:?}; known: {}", self.0, Family::ALL.map(Family::name).join(", "))
    }
}

impl std::error::Error for UnknownFamily {}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(name: &str) -> Result<Self, UnknownFamily> {
        Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| UnknownFamily(name.into()))
    }
}

impl Corruption {
    /// A family at a severity of 1 to 5; `None` at any other.
    pub fn new(family: Family, severity: u8) -> Option<Self> {
        (1..=5).contains(&severity).then_some(Self { family, severity })
    }

    /// The family.
    pub fn family(self) -> Family {
        self.family
    }

    /// 1 to 5.
    pub fn severity(self) -> u8 {
        self.severity
    }

    /// Spoils the image that control step `tick` of the drive of this seed sees. The same arguments give the same
    /// bytes; a picture of another size is spoiled alike, since lengths are shares of its width.
    pub fn apply(&self, image: &mut RgbImage, seed: u64, tick: u64) {
        let step = usize::from(self.severity - 1);
        let px = image.width() as f32 / constants::WIDTH_PX as f32;
        let mut lasting = stream(seed, Purpose::Corruption, 0);
        let mut passing = stream(seed, Purpose::Corruption, tick + 1);
        match self.family {
            Family::GaussianNoise => noise::gaussian(image, constants::GAUSSIAN_NOISE_SD[step], &mut passing),
            Family::ShotNoise => noise::shot(image, constants::SHOT_NOISE_PHOTONS[step], &mut passing),
            Family::ImpulseNoise => noise::impulse(image, constants::IMPULSE_NOISE_SHARE[step], &mut passing),
            Family::DefocusBlur => blur::defocus(image, px * constants::DEFOCUS_RADIUS_PX[step]),
            Family::GlassBlur => blur::glass(image, constants::GLASS[step].scaled(px), &mut lasting),
            Family::MotionBlur => blur::motion(image, px * constants::MOTION_SD_PX[step], &mut lasting),
            Family::ZoomBlur => blur::zoom(image, constants::LARGEST_ZOOM[step]),
            Family::Snow => {
                weather::snow(image, constants::SNOW[step], constants::WIDTH_PX, &mut lasting, &mut passing);
            }
            Family::Frost => weather::frost(image, constants::FROST[step], &mut lasting),
            Family::Fog => weather::fog(image, constants::FOG[step], tick, &mut lasting),
            Family::Brightness => digital::brightness(image, constants::BRIGHTNESS_RAISED_BY[step]),
            Family::Contrast => digital::contrast(image, constants::CONTRAST_LEFT[step]),
            Family::Elastic => digital::elastic(image, constants::ELASTIC[step].scaled(px), &mut lasting),
            Family::Pixelate => digital::pixelate(image, px * constants::PIXELATE_BLOCK_PX[step]),
            Family::Jpeg => digital::jpeg(image, constants::JPEG_QUALITY[step]),
            Family::ShadowBands => driving::shadow_bands(image, constants::SHADOW_DARKNESS[step], tick, &mut lasting),
            Family::LowSun => driving::low_sun(image, constants::LOW_SUN[step], &mut lasting),
            Family::LensDirt => driving::lens_dirt(image, constants::DIRT_DROPS[step], &mut lasting),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoiled(family: Family, size: (u32, u32), seed: u64, tick: u64) -> RgbImage {
        let mut image =
            RgbImage::from_fn(size.0, size.1, |x, y| image::Rgb([(x * 5) as u8, (y * 9) as u8, (x * y) as u8]));
        Corruption::new(family, 3).unwrap().apply(&mut image, seed, tick);
        image
    }

    #[test]
    fn a_severity_is_one_to_five() {
        assert_eq!(Corruption::new(Family::Fog, 0), None);
        assert_eq!(Corruption::new(Family::Fog, 6), None);
        for severity in 1..=5 {
            assert_eq!(Corruption::new(Family::Fog, severity).unwrap().severity(), severity);
        }
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for family in Family::ALL {
            assert_eq!(family.name().parse(), Ok(family));
        }
        let message = "hail".parse::<Family>().unwrap_err().to_string();
        assert!(message.contains("\"hail\"") && message.contains("gaussian-noise"), "{message}");
    }

    #[test]
    fn the_same_seed_and_frame_give_the_same_bytes() {
        for family in Family::ALL {
            assert_eq!(spoiled(family, (120, 48), 3, 9), spoiled(family, (120, 48), 3, 9), "{family}");
        }
    }

    #[test]
    fn what_lasts_is_the_same_in_every_frame_and_what_passes_is_not() {
        let passing = [
            Family::GaussianNoise,
            Family::ShotNoise,
            Family::ImpulseNoise,
            Family::Snow,
            Family::Fog,
            Family::ShadowBands,
        ];
        for family in Family::ALL {
            let same = spoiled(family, (120, 48), 3, 9) == spoiled(family, (120, 48), 3, 10);
            assert_eq!(same, !passing.contains(&family), "{family}");
        }
    }

    #[test]
    fn drives_differ_in_what_is_drawn_by_chance() {
        let fixed = [
            Family::DefocusBlur,
            Family::ZoomBlur,
            Family::Brightness,
            Family::Contrast,
            Family::Pixelate,
            Family::Jpeg,
        ];
        for family in Family::ALL {
            let same = spoiled(family, (120, 48), 3, 9) == spoiled(family, (120, 48), 4, 9);
            assert_eq!(same, fixed.contains(&family), "{family}");
        }
    }

    #[test]
    fn odd_sizes_are_spoiled_and_keep_their_size() {
        for size in [(8, 8), (9, 31), (31, 9), (200, 78), (121, 47), (1, 1)] {
            for family in Family::ALL {
                assert_eq!(spoiled(family, size, 5, 2).dimensions(), size, "{family}");
            }
        }
    }
}
