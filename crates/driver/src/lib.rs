//! A policy in time: frames in, decisions out. Owns the policy, its memory and the device; hands on plain numbers.

mod attention;
mod car;
pub mod cause;
pub mod closed_loop;
pub mod module_card;
pub mod moment;
mod onnx;
pub mod outside;
pub mod outside_drive;
mod own;
mod policy_car;
mod probe;
pub mod replay;
mod seat;
pub mod session;
mod sight;
mod timeline;
#[cfg(feature = "torchscript")]
pub mod torchscript;
pub mod train;
pub mod twin_drive;
mod viewer;

pub use own::Control;

use burn::tensor::Device;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::saliency::Method;
use lane_policy::saliency::map::Attribution;
use lane_policy::weights::RecordedView;
use lane_policy::{Lesion, Policy};
use moment::{Decision, NeuronActivity};
use onnx::OnnxModel;
use own::OwnPolicy;
use session::PolicyInfo;
use sight::Sight;
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
    /// The part of recorded pictures that it was trained on, by format.
    views: Vec<RecordedView>,
    last_time_secs: Option<f64>,
    /// What the neurons did at each steering, where somebody asked for it.
    watched: Option<Vec<NeuronActivity>>,
}

/// What a driver remembers in the middle of a drive: plain numbers, so that many can be kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory {
    last_time_secs: Option<f64>,
    numbers: Vec<Vec<f32>>,
}

impl Memory {
    /// True of a policy that keeps nothing from frame to frame.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}

/// What is asked for steering, with its memory: a policy of this program, or a user's module. Why it cannot steer is a
/// sentence.
trait Model: std::fmt::Debug + Send + Sync {
    /// What the screen says about it.
    fn describe(&self, source: &Source) -> PolicyInfo;

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

    /// Takes a picture in, so that its maps and its steering need not each do so.
    fn look(&mut self, _image: &RgbImage) {}

    /// The methods that it has a map by.
    fn methods(&self) -> Vec<Method>;

    /// Its maps of a picture that comes `elapsed_secs` after the last one, or first, where it has one by that method. The
    /// memory stays as it is.
    fn attributions(&self, image: &RgbImage, elapsed_secs: Option<f32>, methods: &[Method])
    -> Vec<Option<Attribution>>;

    /// Steering if each of these pictures came `elapsed_secs` after the last one, or first. The memory stays as it is.
    fn would_steer(&self, images: &[RgbImage], elapsed_secs: Option<f32>) -> Vec<Result<Steering, String>>;

    /// Is told the car's speed from now on, in m/s, where it is known. Only graphs from outside ask for it.
    fn set_speed(&mut self, _speed_mps: Option<f32>) {}

    /// Everything that it remembers.
    fn memory(&self) -> Vec<Vec<f32>>;

    /// Remembers what [`Model::memory`] gave.
    fn recall(&mut self, memory: &[Vec<f32>]);

    /// Itself with these lesions and no others, and the same memory; `self` is intact. Why it cannot is said in words that
    /// follow its name.
    fn lesioned(&self, lesions: &[Lesion]) -> Result<Box<dyn Model>, String>;

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

    /// A driver with a user's ONNX graph, at the start of a drive.
    pub fn onnx(source: Source, policy: lane_onnx::Policy) -> Self {
        // Whatever recorded the pictures, the graph was trained on this part of them.
        let view = policy.crop().map(|crop| RecordedView { format: RecordedView::ANY_FORMAT.into(), crop });
        Self::with_model(source, Box::new(OnnxModel::new(policy))).with_views(view.into_iter().collect())
    }

    fn with_model(source: Source, model: Box<dyn Model>) -> Self {
        Self { source, model, views: Vec::new(), last_time_secs: None, watched: None }
    }

    /// The same driver, which sees these parts of recorded pictures.
    pub fn with_views(self, views: Vec<RecordedView>) -> Self {
        Self { views, ..self }
    }

    /// What it sees of recorded pictures.
    pub(crate) fn sight(&self) -> Sight {
        Sight { size: self.input_size(), views: self.views.clone() }
    }

    /// Its short name.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// What the screen says about it.
    pub fn describe(&self) -> PolicyInfo {
        self.model.describe(&self.source)
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

    /// The methods that all of these drivers have a map by.
    pub fn methods<'a>(drivers: impl IntoIterator<Item = &'a Self>) -> Vec<Method> {
        let each = drivers.into_iter().map(|driver| driver.model.methods());
        let of_all =
            each.reduce(|of_all, methods| of_all.into_iter().filter(|method| methods.contains(method)).collect());
        of_all.unwrap_or_else(|| Method::ALL.into())
    }

    /// Notes from now on what the neurons do whenever it steers; nothing is known of a user's module.
    pub fn watch_neurons(&mut self) {
        self.watched = Some(Vec::new());
    }

    /// What the neurons did at each steering since they are watched, crashes and resets included.
    pub fn take_watched(&mut self) -> Vec<NeuronActivity> {
        self.watched.take().unwrap_or_default()
    }

    /// The same driver in the middle of the same drive, with these lesions.
    ///
    /// # Errors
    /// When its policy has no such neuron or synapse, naming it; a user's module has none.
    pub fn lesioned(&self, lesions: &[Lesion]) -> anyhow::Result<Self> {
        let name = &self.source.name;
        let model = self.model.lesioned(lesions).map_err(|why| anyhow::anyhow!("policy `{name}` {why}"))?;
        Ok(Self { model, ..self.clone() })
    }

    /// What it remembers of the drive, for [`Driver::recall`].
    pub(crate) fn memory(&self) -> Memory {
        Memory { last_time_secs: self.last_time_secs, numbers: self.model.memory() }
    }

    /// Goes on from where it, or the same policy with other lesions, had this memory.
    pub(crate) fn recall(&mut self, memory: &Memory) {
        self.last_time_secs = memory.last_time_secs;
        self.model.recall(&memory.numbers);
    }

    /// Tells it the car's speed from now on, in m/s, where it is known.
    pub fn set_speed(&mut self, speed_mps: Option<f32>) {
        self.model.set_speed(speed_mps);
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

    /// Steers, and says what its neurons do, where that is known.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn observe(&mut self, frame: &Frame) -> Result<(Steering, Option<NeuronActivity>), CannotSteer> {
        let elapsed_secs = self.step_to(frame);
        let mut neurons = Vec::new();
        let steering = self.model.steer(frame, elapsed_secs, Some(&mut neurons));
        let steering = self.checked(steering, |steering| *steering, frame.time_secs)?;
        Ok((steering, neurons.pop()))
    }

    /// Steers, and shows where the policy looks and what its neurons do.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn decide(&mut self, frame: &Frame, method: Method) -> Result<Decision, CannotSteer> {
        self.look(frame);
        let saliency = self.attributions(frame, &[method]).pop().flatten();
        let (steering, neurons) = self.observe(frame)?;
        Ok(Decision { steering, saliency, beside: None, map_age_secs: 0.0, neurons })
    }

    /// Takes a frame in that it will be asked more than one thing about: its maps and its steering, here or in a copy.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub(crate) fn look(&mut self, frame: &Frame) {
        self.model.look(&frame.image);
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
