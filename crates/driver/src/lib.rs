//! A policy in time: frames in, decisions out. Owns the policy, its memory and the device; hands on plain numbers.

mod car;
pub mod closed_loop;
pub mod module_card;
pub mod moment;
mod own;
mod probe;
pub mod replay;
#[cfg(feature = "torchscript")]
pub mod torchscript;
pub mod train;
pub mod twin_drive;

pub use own::Control;

use burn::tensor::Device;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::Policy;
use lane_policy::saliency::Method;
use moment::{Decision, NeuronActivity, PolicyInfo};
use own::OwnPolicy;
#[cfg(feature = "torchscript")]
use torchscript::TorchScript;

/// Two frames this near are one step apart and belong to the same drive, in s. Time that runs backwards, stands still or
/// jumps starts a new drive, with a new memory.
const STEP_SECS: std::ops::Range<f64> = 1e-4..1.0;

/// Time before the first frame of a drive, in s: one control step of the simulator.
const FIRST_STEP_SECS: f64 = 0.05;

/// What a policy is called, and where its weights come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short name for screens and tables.
    pub name: String,
    /// File, or a word for weights that come from none.
    pub origin: String,
}

/// A policy gave no steering that a car can follow: its weights cannot be used.
#[derive(Debug)]
pub struct CannotSteer {
    source: Source,
    time_secs: f64,
    why: String,
}

impl std::fmt::Display for CannotSteer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { source: Source { name, origin }, time_secs, why } = self;
        write!(f, "{origin}: policy `{name}` gave no steering at {time_secs:.2} s: {why}")
    }
}

impl std::error::Error for CannotSteer {}

/// One policy on one drive.
#[derive(Clone, Debug)]
pub struct Driver {
    source: Source,
    model: Box<dyn Model>,
    last_time_secs: Option<f64>,
    /// What the neurons did at each steering, where somebody asked for it.
    watched: Option<Vec<NeuronActivity>>,
}

/// What is asked for steering, with its memory: a policy of this program, or a user's module. Why it cannot steer is a
/// sentence.
trait Model: std::fmt::Debug + Send + Sync {
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

impl Driver {
    /// A driver at the start of a drive.
    pub fn new(source: Source, policy: Policy, device: &Device) -> Self {
        Self::with_model(source, Box::new(OwnPolicy::new(policy, device)))
    }

    /// A driver with a user's module, at the start of a drive.
    #[cfg(feature = "torchscript")]
    pub fn torchscript(source: Source, module: TorchScript) -> Self {
        Self::with_model(source, Box::new(module))
    }

    fn with_model(source: Source, model: Box<dyn Model>) -> Self {
        Self { source, model, last_time_secs: None, watched: None }
    }

    /// Its short name.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// What the screen says about it.
    pub fn describe(&self) -> PolicyInfo {
        self.model.describe(self.source.name.clone())
    }

    /// Size of the image it takes.
    pub fn input_size(&self) -> Size {
        self.model.input_size()
    }

    /// Its policy, if it is one of this program.
    pub fn policy(&self) -> Option<&Policy> {
        self.model.own().map(OwnPolicy::policy)
    }

    /// The untrained twin whose maps its own are compared with; a user's module has none.
    pub fn control(&self) -> Option<Control> {
        self.model.own().map(OwnPolicy::control)
    }

    /// The first method that all of these drivers have a map by.
    pub fn first_method(drivers: &[Self]) -> Method {
        let own = drivers.iter().all(|driver| driver.policy().is_some());
        if own { Method::ALL[0] } else { Method::InputGradient }
    }

    /// Notes from now on what the neurons do whenever it steers; nothing is known of a user's module.
    pub fn watch_neurons(&mut self) {
        self.watched = Some(Vec::new());
    }

    /// What the neurons did at each steering since they are watched, crashes and resets included.
    pub fn take_watched(&mut self) -> Vec<NeuronActivity> {
        self.watched.take().unwrap_or_default()
    }

    /// The same driver at the start of a drive with one neuron kept at a value, 0 to silence it: a lesion. Nothing
    /// changes for dense layers and for a user's module.
    ///
    /// # Panics
    /// If its cell has no such neuron.
    pub fn holding_neuron(&self, neuron: usize, value: f32) -> Self {
        let model = match self.model.own() {
            Some(own) => Box::new(own.holding(neuron, value)),
            None => self.model.clone(),
        };
        let mut driver = Self::with_model(self.source.clone(), model);
        driver.reset();
        driver
    }

    /// Forgets the drive so far.
    pub fn reset(&mut self) {
        self.last_time_secs = None;
        self.model.reset();
    }

    /// Steers, and nothing more.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn steer(&mut self, frame: &Frame) -> Result<Steering, CannotSteer> {
        let elapsed_secs = self.step_to(frame);
        let steering = self.model.steer(frame, elapsed_secs, self.watched.as_mut());
        self.checked(steering, |steering| *steering, frame.time_secs)
    }

    /// Steers, and shows where the policy looks and what its neurons do.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn decide(&mut self, frame: &Frame, method: Method) -> Result<Decision, CannotSteer> {
        let elapsed_secs = self.step_to(frame);
        let decision = self.model.decide(frame, elapsed_secs, method);
        self.checked(decision, |decision| decision.steering, frame.time_secs)
    }

    /// Time since the frame before, in s; starts a new drive where there is none.
    fn step_to(&mut self, frame: &Frame) -> f32 {
        let elapsed_secs = self.elapsed_until(frame.time_secs).unwrap_or_else(|| {
            self.reset();
            FIRST_STEP_SECS as f32
        });
        self.last_time_secs = Some(frame.time_secs);
        elapsed_secs
    }

    /// Time since the frame before, in s; nothing where there is none, or it belongs to another drive.
    fn elapsed_until(&self, time_secs: f64) -> Option<f32> {
        let since_last_secs = time_secs - self.last_time_secs?;
        STEP_SECS.contains(&since_last_secs).then_some(since_last_secs as f32)
    }

    fn checked<T>(
        &self,
        given: Result<T, String>,
        steering: fn(&T) -> Steering,
        time_secs: f64,
    ) -> Result<T, CannotSteer> {
        let why = match given {
            Ok(given) if steering(&given).0.is_finite() => return Ok(given),
            Ok(_) => "it is not a number: unusable weights".into(),
            Err(why) => why,
        };
        Err(CannotSteer { source: self.source.clone(), time_secs, why })
    }
}
