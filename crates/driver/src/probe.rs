//! Questions to a policy in the middle of a drive that leave no trace in its memory.

use super::{CannotSteer, Driver};
use lane_frame::{Frame, RgbImage, Steering};
use lane_policy::saliency::Method;
use lane_policy::saliency::map::{Attribution, SaliencyMap};

impl Driver {
    /// Its maps of the frame that comes next, where it has one by that method.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn attributions(&self, frame: &Frame, methods: &[Method]) -> Vec<Option<Attribution>> {
        self.model.attributions(&frame.image, self.elapsed_until(frame.time_secs), methods)
    }

    /// The same without signs, where it has all of them; a user's module does not.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn maps(&self, frame: &Frame, methods: &[Method]) -> Option<Vec<SaliencyMap>> {
        self.attributions(frame, methods).into_iter().map(|attribution| attribution.map(|found| found.map)).collect()
    }

    /// What it would command if one of these pictures came next, for each of them.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If an image is not of the policy's size.
    pub fn would_steer(&self, time_secs: f64, images: &[RgbImage]) -> Result<Vec<Steering>, CannotSteer> {
        let answers = self.model.would_steer(images, self.elapsed_until(time_secs));
        answers.into_iter().map(|answer| self.checked(answer, |steering| *steering, time_secs)).collect()
    }

    /// The same policy untrained from its output down, at the start of a drive: first weights of a seed in its head and
    /// in this many of its convolutions, the last ones first. A user's module has no such twin.
    pub fn untrained_down_to(&self, convolutions: usize, seed: u64) -> Option<Self> {
        let twin = self.model.own()?.untrained_down_to(convolutions, seed);
        Some(Self::with_model(self.source.clone(), Box::new(twin)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;
    use lane_policy::device::Backend;
    use lane_policy::{Policy, PolicyKind};

    fn driver() -> Driver {
        let device = Backend::Cpu.open().unwrap();
        let source = Source { name: "ncp".into(), origin: "first weights".into() };
        Driver::new(source, Policy::init(PolicyKind::NCP, 3, &device), &device)
    }

    fn frame(index: u64) -> Frame {
        let image = RgbImage::from_fn(120, 48, |x, y| image::Rgb([(2 * x) as u8, (5 * y) as u8, (index * 40) as u8]));
        Frame { index, time_secs: 0.05 * index as f64, image }
    }

    #[test]
    fn asking_gives_what_deciding_gives_and_leaves_no_trace() {
        let mut driver = driver();
        for index in 0..3 {
            driver.steer(&frame(index)).unwrap();
        }
        let next = frame(3);
        let maps = driver.maps(&next, &[Method::InputGradient, Method::VisualBackProp]).unwrap();
        let asked = driver.would_steer(next.time_secs, &[frame(7).image, next.image.clone()]).unwrap();
        let decided = driver.decide(&next, Method::InputGradient).unwrap();
        assert_eq!(decided.saliency.map(|found| found.map).as_ref(), Some(&maps[0]));
        assert!(
            (decided.steering.0 - asked[1].0).abs() < 1e-5,
            "rounding of a batch: {:?}, {asked:?}",
            decided.steering
        );
        assert_ne!(asked[0], asked[1]);
    }

    #[test]
    fn a_head_without_training_changes_the_steering_and_not_the_activity_of_the_encoder() {
        let (driver, frame) = (driver(), frame(0));
        let map = |driver: &Driver| driver.maps(&frame, &[Method::VisualBackProp]).unwrap();
        let steering = |driver: &Driver| driver.would_steer(0.0, std::slice::from_ref(&frame.image)).unwrap();
        let head = driver.untrained_down_to(0, 4).unwrap();
        assert_eq!(map(&head), map(&driver));
        assert_ne!(steering(&head), steering(&driver));
        let all = driver.untrained_down_to(usize::MAX, 4).unwrap();
        assert_ne!(map(&all), map(&driver));
        let (last, device) = (driver.untrained_down_to(1, 4).unwrap(), Backend::Cpu.open().unwrap());
        assert!(map(&last) != map(&driver) && map(&last) != map(&all));
        let fresh = Driver::new(driver.source, Policy::init(PolicyKind::NCP, 4, &device), &device);
        assert_eq!(map(&fresh), map(&all));
    }
}
