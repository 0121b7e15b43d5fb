//! The part of a recorded picture that a policy sees, and the projection of flat ground into it.
//!
//! Policies are trained on a camera whose picture is 2.5 times as wide as high, with the horizon at 30 % of the height
//! and 80 degrees from side to side. A recording's crop comes as close to that as its picture allows; what its camera
//! does not tell is a stated guess.

use crate::model::error::BadOption;
use crate::model::options::RecordingOptions;
use lane_frame::Size;
use lane_frame::projection::{CAMERA_FORWARD_M, CAMERA_HEIGHT_M, FOCAL_PER_WIDTH, HORIZON_SHARE, Projection};

/// Part of a recorded picture that a policy sees, and the pinhole constants to draw on the whole picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraView {
    /// Left, top, width and height in recorded pixels.
    pub crop: [u32; 4],
    /// Projection of the ground into the whole recorded picture.
    pub projection: Projection,
}

/// The camera behind a format's pictures, as far as it is known or guessed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CameraGuess {
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
    /// The recording itself states the view, for pictures of the usual size.
    Stated { crop: [u32; 4], horizon_px: f32, focal_px: f32 },
}

impl CameraGuess {
    /// A camera by the size of its pictures and by horizon and focal length as shares of their height.
    pub const fn new(usual_size: Size, horizon_per_height: f32, focal_per_height: f32) -> Self {
        Self { usual_size, lens: Lens::Guessed { horizon_per_height, focal_per_height } }
    }

    /// A camera that nothing is known of: the horizon in the middle, 60 degrees over the width of a 16:9 picture.
    pub const UNKNOWN: Self = Self::new(Size::new(640, 360), 0.5, 1.54);

    /// Our own recordings: taken by the training camera.
    pub const TRAINING: Self = Self { usual_size: Size::new(120, 48), lens: Lens::Training };

    /// The camera that a recording states; `None` where that is no view of pictures of this size.
    pub fn stated(usual_size: Size, crop: [u32; 4], horizon_px: f32, focal_px: f32) -> Option<Self> {
        let is_lens = focal_px.is_finite() && focal_px > 0.0 && horizon_px.is_finite();
        let lens = Lens::Stated { crop, horizon_px, focal_px };
        (is_lens && is_part(crop, usual_size)).then_some(Self { usual_size, lens })
    }

    /// The view of a picture of this size.
    pub fn view(&self, size: Size) -> CameraView {
        let [width, height] = [size.width as f32, size.height as f32];
        match self.lens {
            Lens::Training => CameraView {
                crop: [0, 0, size.width, size.height],
                projection: projection(width, HORIZON_SHARE * height, FOCAL_PER_WIDTH * width),
            },
            Lens::Guessed { horizon_per_height, focal_per_height } => {
                guessed_view(size, horizon_per_height * height, focal_per_height * height)
            }
            Lens::Stated { crop, horizon_px, focal_px } => {
                let [across, down] = scale(self.usual_size, size);
                CameraView {
                    crop: scaled(crop, [across, down], size),
                    projection: projection(width, horizon_px * down as f32, focal_px * across as f32),
                }
            }
        }
    }
}

fn is_part([left, top, width, height]: [u32; 4], size: Size) -> bool {
    let inside = |start: u32, len: u32, end: u32| len > 0 && start.checked_add(len).is_some_and(|last| last <= end);
    inside(left, width, size.width) && inside(top, height, size.height)
}

/// Width and height of one picture over those of another.
fn scale(from: Size, to: Size) -> [f64; 2] {
    [f64::from(to.width) / f64::from(from.width), f64::from(to.height) / f64::from(from.height)]
}

/// A part of a picture, carried over to one of another size: at least one pixel, and inside.
fn scaled([left, top, width, height]: [u32; 4], [across, down]: [f64; 2], size: Size) -> [u32; 4] {
    let along = |start: u32, len: u32, scale: f64, end: u32| {
        let start = ((f64::from(start) * scale) as u32).min(end - 1);
        (start, ((f64::from(len) * scale) as u32).clamp(1, end - start))
    };
    let (left, width) = along(left, width, across, size.width);
    let (top, height) = along(top, height, down, size.height);
    [left, top, width, height]
}

fn guessed_view(size: Size, horizon_px: f32, focal_px: f32) -> CameraView {
    CameraView {
        crop: crop(size, horizon_px, focal_px),
        projection: projection(size.width as f32, horizon_px, focal_px),
    }
}

fn projection(width: f32, horizon_px: f32, focal_px: f32) -> Projection {
    let (height_m, forward_m) = (CAMERA_HEIGHT_M, CAMERA_FORWARD_M);
    Projection { focal_px, center_px: width / 2.0, horizon_px, height_m, forward_m, roll_rad: 0.0 }
}

/// The camera of one recording: its format's, with the user's options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RecordingCamera {
    guess: CameraGuess,
    /// Size that most pictures have, which crop and horizon are stated for.
    usual_size: Size,
    crop: Option<[u32; 4]>,
    horizon_px: Option<f32>,
}

impl RecordingCamera {
    /// # Errors
    /// Says what is wrong with a crop or horizon outside of the picture: option, what is expected, what was given.
    pub fn new(guess: CameraGuess, usual_size: Size, options: &RecordingOptions) -> Result<Self, BadOption> {
        let (crop, horizon_px) = (options.crop, options.horizon_px);
        if let Some(crop) = crop.filter(|&crop| !is_part(crop, usual_size)) {
            let got = crop.map(|pixels| pixels.to_string()).join(",");
            return Err(BadOption { option: "--crop", expected: format!("a part of {usual_size} pixels"), got });
        }
        if let Some(row) = horizon_px.filter(|row| !(0.0..=usual_size.height as f32).contains(row)) {
            let expected = format!("a row of {usual_size} pixels");
            return Err(BadOption { option: "--horizon", expected, got: row.to_string() });
        }
        Ok(Self { guess, usual_size, crop, horizon_px })
    }

    /// The view of a picture of this size; another size than the usual is taken for the same view, scaled.
    pub fn view(&self, size: Size) -> CameraView {
        let mut view = self.guess.view(size);
        let [across, down] = scale(self.usual_size, size);
        if let Some(row) = self.horizon_px {
            view = guessed_view(size, row * down as f32, view.projection.focal_px);
        }
        if let Some(crop) = self.crop {
            view.crop = scaled(crop, [across, down], size);
        }
        view
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
    use crate::formats::{donkey, udacity};

    #[test]
    fn the_udacity_crop_ends_above_the_bonnet_with_the_horizon_at_thirty_percent() {
        let view = udacity::CAMERA.view(Size::new(320, 160));
        assert_eq!(view.crop, [45, 33, 230, 92]);
        let [_, top, _, height] = view.crop.map(|px| px as f32);
        assert!(top + height <= 135.0, "the bonnet begins at row 135");
        let horizon_share = (view.projection.horizon_px - top) / height;
        assert!((horizon_share - 0.3).abs() < 0.01, "rounding moves it by less than a pixel, got {horizon_share}");
    }

    #[test]
    fn a_crop_scales_with_the_picture() {
        assert_eq!(udacity::CAMERA.view(Size::new(640, 320)).crop, [90, 67, 460, 184]);
    }

    #[test]
    fn a_donkey_picture_is_seen_over_its_whole_width() {
        assert_eq!(donkey::CAMERA.view(Size::new(160, 120)).crop, [0, 28, 160, 64]);
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
            for guess in [udacity::CAMERA, donkey::CAMERA, CameraGuess::TRAINING, CameraGuess::UNKNOWN] {
                let [left, top, crop_width, crop_height] = guess.view(Size::new(width, height)).crop;
                assert!(crop_width > 0 && crop_height > 0, "{width}x{height}");
                assert!(left + crop_width <= width && top + crop_height <= height, "{width}x{height}");
            }
        }
    }
    fn camera(crop: Option<[u32; 4]>, horizon_px: Option<f32>) -> Result<RecordingCamera, BadOption> {
        let options = RecordingOptions { crop, horizon_px, ..RecordingOptions::default() };
        RecordingCamera::new(udacity::CAMERA, Size::new(320, 160), &options)
    }

    #[test]
    fn a_given_crop_and_horizon_scale_with_the_picture() {
        let camera = camera(Some([10, 20, 300, 120]), Some(50.0)).unwrap();
        let view = camera.view(Size::new(320, 160));
        assert_eq!((view.crop, view.projection.horizon_px), ([10, 20, 300, 120], 50.0));
        let view = camera.view(Size::new(640, 80));
        assert_eq!((view.crop, view.projection.horizon_px), ([20, 10, 600, 60], 25.0));
        let [left, top, width, height] = camera.view(Size::new(1, 1)).crop;
        assert_eq!([left, top, width, height], [0, 0, 1, 1]);
    }

    #[test]
    fn a_stated_view_is_taken_as_stated_and_scales() {
        let guess = CameraGuess::stated(Size::new(320, 160), [45, 33, 230, 92], 61.0, 138.6).unwrap();
        let view = guess.view(Size::new(640, 320));
        assert_eq!((view.crop, view.projection.horizon_px), ([90, 66, 460, 184], 122.0));
        assert_eq!(CameraGuess::stated(Size::new(320, 160), [0, 0, 321, 1], 61.0, 138.6), None);
        assert_eq!(CameraGuess::stated(Size::new(320, 160), [0, 0, 1, 1], f32::NAN, 138.6), None);
    }

    #[test]
    fn a_given_horizon_moves_the_crop() {
        let view = camera(None, Some(80.0)).unwrap().view(Size::new(320, 160));
        assert_eq!(view.crop[1], 80 - 28, "30 % of 92 rows lie above the horizon");
    }

    #[test]
    fn a_crop_or_horizon_outside_of_the_picture_is_refused_by_name() {
        for crop in [[0, 0, 0, 10], [0, 0, 321, 10], [10, 160, 5, 1], [u32::MAX, 0, 2, 2]] {
            assert_eq!(camera(Some(crop), None).unwrap_err().option, "--crop");
        }
        for row in [-1.0, 161.0, f32::NAN] {
            assert_eq!(camera(None, Some(row)).unwrap_err().option, "--horizon");
        }
    }
}
