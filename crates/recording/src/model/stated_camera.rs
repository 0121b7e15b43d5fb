//! The camera that a recording of this program states where it is not the training camera: that of a conversion.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::camera_view::{CameraGuess, CameraView};
use lane_frame::Size;

/// Key of it in a recording's metadata.
pub(crate) const CAMERA_KEY: &str = "liquid_lane/camera";

/// The view of pictures of one size.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct StatedCamera {
    width: u32,
    height: u32,
    crop: [u32; 4],
    horizon_px: f32,
    focal_px: f32,
}

impl StatedCamera {
    pub fn new(size: Size, view: CameraView) -> Self {
        let (horizon_px, focal_px) = (view.projection.horizon_px, view.projection.focal_px);
        Self { width: size.width, height: size.height, crop: view.crop, horizon_px, focal_px }
    }

    /// The camera that a value of the metadata states; `None` where it states none.
    pub fn guess_from(value: &Value) -> Option<CameraGuess> {
        let Self { width, height, crop, horizon_px, focal_px } = Self::deserialize(value).ok()?;
        let size = (width > 0 && height > 0).then(|| Size::new(width, height))?;
        CameraGuess::stated(size, crop, horizon_px, focal_px)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_camera_that_makes_no_sense_is_none() {
        let stated =
            json!({"width": 320, "height": 160, "crop": [0, 40, 320, 120], "horizon_px": 61.0, "focal_px": 138.0});
        assert!(StatedCamera::guess_from(&stated).is_some());
        for (key, bad) in [("width", json!(0)), ("crop", json!([0, 40, 321, 120])), ("focal_px", json!(null))] {
            let mut stated = stated.clone();
            stated[key] = bad;
            assert_eq!(StatedCamera::guess_from(&stated), None, "{key}");
        }
    }
}
