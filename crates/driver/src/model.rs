//! What is asked for steering: a policy of this program, or a user's module.

use super::moment::{Decision, NeuronActivity, PolicyInfo};
use super::own::OwnPolicy;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::saliency::Method;

/// A model on one drive, with its memory. Why it cannot steer is a sentence.
pub(super) trait Model: std::fmt::Debug + Send + Sync {
    /// What the screen says about it.
    fn describe(&self, name: String) -> PolicyInfo;

    /// Size of the image it takes.
    fn input_size(&self) -> Size;

    /// Forgets the drive so far.
    fn reset(&mut self);

    /// Steers, and notes what the neurons did where that is asked for and known.
    fn steer(
        &mut self,
        frame: &Frame,
        elapsed_secs: f32,
        watched: Option<&mut Vec<NeuronActivity>>,
    ) -> Result<Steering, String>;

    /// Steers, and shows where it looks and what its neurons do, where that is known.
    fn decide(&mut self, frame: &Frame, elapsed_secs: f32, method: Method) -> Result<Decision, String>;

    /// Steering if each of these pictures came `elapsed_secs` after the last one, or first. The memory stays as it is.
    fn would_steer(&self, images: &[RgbImage], elapsed_secs: Option<f32>) -> Vec<Result<Steering, String>>;

    /// Itself as a policy of this program, if it is one.
    fn own(&self) -> Option<&OwnPolicy>;

    /// The same model with the same memory.
    fn boxed_clone(&self) -> Box<dyn Model>;
}

impl Clone for Box<dyn Model> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}
