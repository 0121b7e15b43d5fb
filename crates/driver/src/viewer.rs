//! One policy that watches pictures which it does not steer by itself: recorded ones, or those of another simulator.

use super::attention::{MapMaker, Question};
use super::moment::{Decision, Picture};
use super::seat::Seat;
use super::session::AttentionSetup;
use super::{CannotSteer, Driver};
use lane_frame::{Frame, RgbImage};
use lane_policy::Lesion;
use lane_recording::CameraView;
use std::sync::Arc;

/// One policy that watches.
pub(crate) struct Viewer {
    pub seat: Seat,
    pub driver: Driver,
    pub maps: MapMaker,
}

impl Viewer {
    pub fn new(driver: Driver) -> Self {
        let seat = Seat::new(driver);
        Self::seated(seat)
    }

    /// Who sits there, without memory.
    pub fn seated(seat: Seat) -> Self {
        Self { driver: (*seat.driver).clone(), maps: MapMaker::new(seat.intact.control()), seat }
    }

    /// The same policy with these lesions and no others, and with its memory.
    ///
    /// # Errors
    /// When it has no such neuron or synapse, naming it.
    pub fn lesion(&mut self, lesions: Vec<Lesion>) -> anyhow::Result<()> {
        self.seat = self.seat.lesioned(lesions)?;
        let memory = self.driver.memory();
        self.driver = (*self.seat.driver).clone();
        self.driver.recall(&memory);
        Ok(())
    }

    /// Its decision on a frame, with maps.
    pub fn decide(&mut self, frame: &Frame, setup: AttentionSetup) -> Result<Decision, CannotSteer> {
        let question = || Question::new(&mut self.driver, frame, None, setup);
        self.maps.begin(question, setup.every);
        let maps = self.maps.finish();
        let (steering, neurons) = self.driver.observe(frame)?;
        Ok(maps.decision(steering, neurons, frame.time_secs))
    }
}

/// A picture with the part that a policy sees of it.
pub(crate) fn picture(image: &Arc<RgbImage>, view: &CameraView) -> Picture {
    let [left, top, crop_width, crop_height] = view.crop.map(|pixels| pixels as f32);
    let (width, height) = (image.width() as f32, image.height() as f32);
    let input = [left / width, top / height, (left + crop_width) / width, (top + crop_height) / height];
    Picture { image: Arc::clone(image), input, projection: view.projection }
}
