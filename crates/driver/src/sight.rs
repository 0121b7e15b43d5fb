//! What a policy sees of a recorded picture.

use lane_frame::{RgbImage, Size};
use lane_policy::preprocess::fit;
use lane_policy::weights::RecordedView;
use lane_recording::{CameraView, Recording};

/// Size of a policy's input, and the part of recorded pictures that it was trained on.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// Size of its input.
    pub size: Size,
    /// By format; of other formats it sees the recording's own view.
    pub views: Vec<RecordedView>,
}

impl Sight {
    /// The part of a picture that is seen, and the projection of the ground into the picture.
    pub fn view(&self, recording: &Recording, image: &RgbImage) -> CameraView {
        self.view_of(recording.view_of(image), recording.format().id(), image)
    }

    /// The same of a picture that has this view and is like those of this recording format.
    pub fn view_of(&self, view: CameraView, format: &str, image: &RgbImage) -> CameraView {
        let trained_on = self.views.iter().find(|view| view.is_for(format));
        let crop = trained_on.map(|view| view.crop_px(Size::new(image.width(), image.height())));
        CameraView { crop: crop.unwrap_or(view.crop), ..view }
    }

    /// That part at the size of the input.
    pub fn input(&self, recording: &Recording, image: &RgbImage) -> RgbImage {
        fit(image, self.view(recording, image).crop, self.size)
    }
}
