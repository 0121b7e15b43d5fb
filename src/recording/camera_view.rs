//! Which part of a recorded picture a policy sees, and how flat ground appears in it.
//!
//! Policies are trained on a camera whose picture is 2.5 times as wide as high, with the horizon at 30 % of the height
//! and 80 degrees from side to side. A recording's crop comes as close to that as its picture allows; what its camera
//! does not tell is a stated guess.

use crate::frame::Size;
use crate::frame::projection::{CAMERA_FORWARD_M, CAMERA_HEIGHT_M, FOCAL_PER_WIDTH, HORIZON_SHARE, Projection};

/// Part of a recorded picture that a policy sees, and the pinhole constants to draw on the whole picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraView {
    /// Left, top, width and height in recorded pixels.
    pub crop: [u32; 4],
    /// Projection of the ground into the whole recorded picture.
    pub projection: Projection,
}

/// What is known or guessed of the camera behind a format's pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CameraGuess {
    /// Size of the format's pictures where none can be read.
    pub usual_size: Size,
    lens: Lens,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lens {
    /// The training camera itself: the picture is the view.
    Training,
    /// Horizon and focal length as shares of the picture's height.
    Guessed { horizon_per_height: f32, focal_per_height: f32 },
}

impl CameraGuess {
    /// Udacity simulator: the road vanishes at row 61 of 160. The focal length is that of 60 degrees from top to
    /// bottom, the preset of the engine it is built with.
    pub const UDACITY: Self = Self {
        usual_size: Size::new(320, 160),
        lens: Lens::Guessed { horizon_per_height: 61.0 / 160.0, focal_per_height: 0.866 },
    };

    /// Donkeycar: no two cars mount the camera alike. The horizon lies at rows 42 to 48 of 120 in the tubs looked at;
    /// 80 degrees over the width of a 4:3 picture are taken.
    pub const DONKEY: Self = Self {
        usual_size: Size::new(160, 120),
        lens: Lens::Guessed { horizon_per_height: 47.0 / 120.0, focal_per_height: FOCAL_PER_WIDTH * 4.0 / 3.0 },
    };

    /// Our own recordings: taken by the training camera.
    pub const TRAINING: Self = Self { usual_size: Size::new(120, 48), lens: Lens::Training };

    /// The view of a picture of this size.
    pub fn view(&self, size: Size) -> CameraView {
        let [width, height] = [size.width as f32, size.height as f32];
        let (horizon_px, focal_px) = match self.lens {
            Lens::Training => (HORIZON_SHARE * height, FOCAL_PER_WIDTH * width),
            Lens::Guessed { horizon_per_height, focal_per_height } => {
                (horizon_per_height * height, focal_per_height * height)
            }
        };
        let crop = match self.lens {
            Lens::Training => [0, 0, size.width, size.height],
            Lens::Guessed { .. } => crop(size, horizon_px, focal_px),
        };
        let center_px = width / 2.0;
        let (height_m, forward_m) = (CAMERA_HEIGHT_M, CAMERA_FORWARD_M);
        let projection = Projection { focal_px, center_px, horizon_px, height_m, forward_m, roll_rad: 0.0 };
        CameraView { crop, projection }
    }
}

/// The widest part 2.5 times as wide as high that spans no more than the training camera's angle, centred, with the
/// horizon at its 30 %, moved up or down only as far as the picture's edge demands.
fn crop(size: Size, horizon_px: f32, focal_px: f32) -> [u32; 4] {
    // Fifths of the width, so that the height is a whole number of pixels too.
    let fifth = ((focal_px / FOCAL_PER_WIDTH) as u32).min(size.width).min(size.height.saturating_mul(5) / 2) / 5;
    if fifth == 0 {
        return [0, 0, size.width, size.height];
    }
    let (width, height) = (5 * fifth, 2 * fifth);
    let top = (horizon_px - HORIZON_SHARE * height as f32).round() as u32;
    [(size.width - width) / 2, top.min(size.height - height), width, height]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_udacity_crop_ends_above_the_bonnet_with_the_horizon_at_thirty_percent() {
        let view = CameraGuess::UDACITY.view(Size::new(320, 160));
        assert_eq!(view.crop, [45, 33, 230, 92]);
        let [_, top, _, height] = view.crop.map(|px| px as f32);
        assert!(top + height <= 135.0, "the bonnet begins at row 135");
        let horizon_share = (view.projection.horizon_px - top) / height;
        assert!((horizon_share - 0.3).abs() < 0.01, "rounding moves it by less than a pixel, got {horizon_share}");
    }

    #[test]
    fn a_crop_scales_with_the_picture() {
        assert_eq!(CameraGuess::UDACITY.view(Size::new(640, 320)).crop, [90, 67, 460, 184]);
    }

    #[test]
    fn a_donkey_picture_is_seen_over_its_whole_width() {
        assert_eq!(CameraGuess::DONKEY.view(Size::new(160, 120)).crop, [0, 28, 160, 64]);
    }

    #[test]
    fn our_own_picture_is_seen_whole_and_projected_exactly() {
        let view = CameraGuess::TRAINING.view(Size::new(200, 78));
        assert_eq!(view.crop, [0, 0, 200, 78]);
        assert!((view.projection.focal_px - 119.2).abs() < 1e-4, "f32 rounding only");
        assert!((view.projection.horizon_px - 23.4).abs() < 1e-4, "f32 rounding only");
    }

    #[test]
    fn a_crop_lies_inside_pictures_of_any_shape() {
        for (width, height) in [(1, 1), (4, 4), (480, 640), (2000, 10), (10, 2000), (7, 3), (65_535, 65_535)] {
            for guess in [CameraGuess::UDACITY, CameraGuess::DONKEY, CameraGuess::TRAINING] {
                let [left, top, crop_width, crop_height] = guess.view(Size::new(width, height)).crop;
                assert!(crop_width > 0 && crop_height > 0, "{width}x{height}");
                assert!(left + crop_width <= width && top + crop_height <= height, "{width}x{height}");
            }
        }
    }
}
