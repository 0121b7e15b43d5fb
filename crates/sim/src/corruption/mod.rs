//! Corruptions of a camera's pictures: the families of ImageNet-C (Hendrycks and Dietterich 2019, "Benchmarking neural
//! network robustness to common corruptions and perturbations") on small pictures, and others that roads add. `reference.rs`
//! holds them against the published code; what differs is named in docs/corruptions.md. A family is a file with five severities, calibrated to small frames (docs/corruptions.md), and
//! a row in each table of [`Family`].
//!
//! The severities are those of Tiny ImageNet-C, its authors' constants for pictures of 64 rows (`make_tinyimagenet_c.py`
//! of github.com/hendrycks/robustness): ImageNet-C's own, made for 224 rows, leave nothing of a road in 48. Strengths are
//! theirs. Lengths of defocus, motion and snow are chosen to give the structural similarity that theirs give at 64 rows;
//! glass and elastic, whose published steps are out of order, and the families of the road have steps of our own.
//!
//! Dirt, frost, the pane of glass, the place of the sun and the direction of a blur stay through a drive: they are drawn
//! from its seed alone. Noise and flakes are new in every frame; fog and shadows move on.

mod brightness;
#[cfg(test)]
mod calibration;
mod contrast;
mod defocus_blur;
mod elastic;
mod fog;
mod fractal;
mod frost;
mod gaussian_noise;
mod glass_blur;
mod grid;
mod impulse_noise;
mod jpeg;
mod lens_dirt;
mod low_sun;
mod motion_blur;
mod pixelate;
#[cfg(test)]
mod reference;
mod shadow_bands;
mod shot_noise;
mod snow;
mod zoom_blur;

use super::names::named;
use lane_frame::RgbImage;
use lane_frame::random::{Purpose, stream};
use rand_chacha::ChaCha8Rng;

/// Shares of the paint's colour that are gone from the road at severity 1 to 5. The renderer erases the markings, since
/// a picture does not say what lies under them.
pub const MARKING_ERASURE: [f32; 5] = [0.4, 0.6, 0.75, 0.9, 1.0];

/// Width of the pictures that lengths are measured on.
const WIDTH_PX: usize = 120;

/// A family of corruptions at one severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Corruption {
    family: Family,
    severity: u8,
}

/// Families of corruptions, in the order of ImageNet-C, then those of the road.
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

named!("corruption", Family {
    GaussianNoise = "gaussian-noise",
    ShotNoise = "shot-noise",
    ImpulseNoise = "impulse-noise",
    DefocusBlur = "defocus-blur",
    GlassBlur = "glass-blur",
    MotionBlur = "motion-blur",
    ZoomBlur = "zoom-blur",
    Snow = "snow",
    Frost = "frost",
    Fog = "fog",
    Brightness = "brightness",
    Contrast = "contrast",
    Elastic = "elastic",
    Pixelate = "pixelate",
    Jpeg = "jpeg",
    ShadowBands = "shadow-bands",
    LowSun = "low-sun",
    LensDirt = "lens-dirt",
});

impl Family {
    fn row(self) -> Row {
        match self {
            Self::GaussianNoise => Row::new::<gaussian_noise::GaussianNoise>(),
            Self::ShotNoise => Row::new::<shot_noise::ShotNoise>(),
            Self::ImpulseNoise => Row::new::<impulse_noise::ImpulseNoise>(),
            Self::DefocusBlur => Row::new::<defocus_blur::DefocusBlur>(),
            Self::GlassBlur => Row::new::<glass_blur::GlassBlur>(),
            Self::MotionBlur => Row::new::<motion_blur::MotionBlur>(),
            Self::ZoomBlur => Row::new::<zoom_blur::ZoomBlur>(),
            Self::Snow => Row::new::<snow::Snow>(),
            Self::Frost => Row::new::<frost::Frost>(),
            Self::Fog => Row::new::<fog::Fog>(),
            Self::Brightness => Row::new::<brightness::Brightness>(),
            Self::Contrast => Row::new::<contrast::Contrast>(),
            Self::Elastic => Row::new::<elastic::Elastic>(),
            Self::Pixelate => Row::new::<pixelate::Pixelate>(),
            Self::Jpeg => Row::new::<jpeg::Jpeg>(),
            Self::ShadowBands => Row::new::<shadow_bands::ShadowBands>(),
            Self::LowSun => Row::new::<low_sun::LowSun>(),
            Self::LensDirt => Row::new::<lens_dirt::LensDirt>(),
        }
    }

    /// True for the families of ImageNet-C, false for those of the road.
    pub fn is_of_imagenet_c(self) -> bool {
        self.row().published.is_some()
    }
}

/// A family of corruptions at one strength, all lengths in pixels of a picture [`WIDTH_PX`] wide.
trait Corrupt: Sized {
    /// Severity 1 to 5.
    const SEVERITIES: [Self; 5];

    /// The authors' constants for 64 rows, in pixels of such pictures; the families of the road have none.
    const PUBLISHED: Option<[Self; 5]> = Some(Self::SEVERITIES);

    /// Changes the picture of one moment of a drive.
    fn corrupt(&self, image: &mut RgbImage, moment: &mut Moment);
}

/// Changes a picture at a step from 0 to 4.
type Apply = fn(&mut RgbImage, usize, &mut Moment);

/// A family without its type.
struct Row {
    severities: Apply,
    published: Option<Apply>,
}

impl Row {
    fn new<F: Corrupt>() -> Self {
        let published: Apply = |image, step, moment| {
            if let Some(published) = F::PUBLISHED {
                published[step].corrupt(image, moment);
            }
        };
        Self {
            severities: |image, step, moment| F::SEVERITIES[step].corrupt(image, moment),
            published: F::PUBLISHED.is_some().then_some(published),
        }
    }
}

/// The control step of a drive that a picture belongs to.
struct Moment {
    tick: u64,
    /// Width of the pictures that lengths are measured on, and pixels of this picture for one of theirs.
    width_px: usize,
    px: f32,
    /// Chance that is the same in every picture of the drive.
    lasting: ChaCha8Rng,
    /// Chance of this picture alone.
    passing: ChaCha8Rng,
}

impl Moment {
    fn new(image: &RgbImage, width_px: usize, seed: u64, tick: u64) -> Self {
        Self {
            tick,
            width_px,
            px: image.width() as f32 / width_px as f32,
            lasting: stream(seed, Purpose::Corruption, 0),
            passing: stream(seed, Purpose::Corruption, tick + 1),
        }
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

    /// Corrupts the image that control step `tick` of the drive of this seed sees. The same arguments give the same
    /// bytes; a picture of another size is corrupted alike, since lengths are shares of its width.
    pub fn apply(&self, image: &mut RgbImage, seed: u64, tick: u64) {
        let mut moment = Moment::new(image, WIDTH_PX, seed, tick);
        (self.family.row().severities)(image, usize::from(self.severity - 1), &mut moment);
    }
}

#[cfg(test)]
impl Moment {
    /// The first picture of a drive, of the width that lengths are measured on.
    fn of_test() -> Self {
        Self::new(&RgbImage::new(WIDTH_PX as u32, 48), WIDTH_PX, 1, 0)
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
