//! The view of pictures that come from elsewhere than a recording, such as from a simulator that runs.

use serde_json::{Value, json};

use crate::formats::{donkey, udacity};
use crate::model::camera_view::{CameraGuess, CameraView};
use crate::model::format::Format;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};
use lane_frame::Size;

impl CameraView {
    /// The view of pictures of this size that are like those of a format with this id; a guess, as for a recording.
    pub fn usual(format: &str, size: Size) -> Self {
        let is = |formats: &[Format]| formats.iter().any(|known| known.id() == format);
        let guess = if is(&[Format::UDACITY_SIMULATOR]) {
            udacity::CAMERA
        } else if is(&[Format::TUB_V1, Format::TUB_V2]) {
            donkey::CAMERA
        } else {
            CameraGuess::UNKNOWN
        };
        guess.view(size)
    }

    /// A view that is known: left, top, width and height in pixels of a picture of this size, row of its horizon, focal
    /// length in pixels; `None` where the crop is no part of it.
    pub fn stated(size: Size, crop: [u32; 4], horizon_px: f32, focal_px: f32) -> Option<Self> {
        Some(CameraGuess::stated(size, crop, horizon_px, focal_px)?.view(size))
    }

    /// The entry of a recording's metadata by which this view of pictures of this size is found again.
    pub fn metadata(self, size: Size) -> Value {
        json!({ CAMERA_KEY: StatedCamera::new(size, self) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_found_again_in_the_metadata_that_it_wrote() {
        let size = Size::new(240, 134);
        let view = CameraView::stated(size, [0, 38, 240, 96], 67.0, 143.0).unwrap();
        let value = view.metadata(size);
        assert_eq!(StatedCamera::guess_from(&value[CAMERA_KEY]).unwrap().view(size), view);
        assert_eq!(CameraView::stated(size, [0, 39, 240, 96], 67.0, 143.0), None);
    }

    #[test]
    fn formats_have_the_view_of_their_recordings() {
        assert_eq!(CameraView::usual("udacity-sim", Size::new(320, 160)).crop, [45, 33, 230, 92]);
        assert_eq!(CameraView::usual("tub-v2", Size::new(160, 120)).crop, [0, 28, 160, 64]);
    }
}
