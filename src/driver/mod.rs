//! A policy in time: frames in, decisions out. Owns the policy, its memory and the device; hands on plain numbers.

pub mod closed_loop;
pub mod module_card;
pub mod moment;
mod own;
pub mod replay;
#[cfg(feature = "libtorch")]
pub mod torchscript;
pub mod twin_drive;

pub use own::Control;

use crate::frame::{Frame, Size, Steering};
use crate::policy::Policy;
use crate::saliency::Method;
use burn::tensor::Device;
use moment::{Decision, PolicyInfo};
use own::OwnPolicy;
#[cfg(feature = "libtorch")]
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
    model: Model,
    last_time_secs: Option<f64>,
}

/// What is asked for steering.
#[derive(Clone, Debug)]
enum Model {
    /// A policy of this program.
    Own(Box<OwnPolicy>),
    /// A user's module.
    #[cfg(feature = "libtorch")]
    TorchScript(Box<TorchScript>),
}

impl Driver {
    /// A driver at the start of a drive.
    pub fn new(source: Source, policy: Policy, device: &Device) -> Self {
        Self { source, model: Model::Own(Box::new(OwnPolicy::new(policy, device))), last_time_secs: None }
    }

    /// A driver with a user's module, at the start of a drive.
    #[cfg(feature = "libtorch")]
    pub fn torchscript(source: Source, module: TorchScript) -> Self {
        Self { source, model: Model::TorchScript(Box::new(module)), last_time_secs: None }
    }

    /// Its short name.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// What the screen says about it.
    pub fn describe(&self) -> PolicyInfo {
        let name = self.source.name.clone();
        match &self.model {
            Model::Own(own) => own.describe(name),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(module) => module.describe(name),
        }
    }

    /// Size of the image it takes.
    pub fn input_size(&self) -> Size {
        match &self.model {
            Model::Own(own) => own.policy().input_size(),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(module) => module.input_size(),
        }
    }

    /// Its policy, if it is one of this program.
    pub fn policy(&self) -> Option<&Policy> {
        match &self.model {
            Model::Own(own) => Some(own.policy()),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(_) => None,
        }
    }

    /// The untrained twin whose maps its own are compared with; a user's module has none.
    pub fn control(&self) -> Option<Control> {
        match &self.model {
            Model::Own(own) => Some(own.control()),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(_) => None,
        }
    }

    /// The first method that all of these drivers have a map by.
    pub fn first_method(drivers: &[Self]) -> Method {
        let own = drivers.iter().all(|driver| driver.policy().is_some());
        if own { Method::ALL[0] } else { Method::InputGradient }
    }

    /// Forgets the drive so far.
    pub fn reset(&mut self) {
        self.last_time_secs = None;
        match &mut self.model {
            Model::Own(own) => own.reset(),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(module) => module.reset(),
        }
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
        let steering = match &mut self.model {
            Model::Own(own) => Ok(own.steer(frame, elapsed_secs)),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(module) => module.steer(&frame.image),
        };
        self.checked(steering, |steering| *steering, frame)
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
        let decision = match &mut self.model {
            Model::Own(own) => Ok(own.decide(frame, elapsed_secs, method)),
            #[cfg(feature = "libtorch")]
            Model::TorchScript(module) => module.decide(&frame.image, method),
        };
        self.checked(decision, |decision| decision.steering, frame)
    }

    /// Time since the frame before, in s; starts a new drive where there is none.
    fn step_to(&mut self, frame: &Frame) -> f32 {
        let since_last_secs = self.last_time_secs.map(|last| frame.time_secs - last);
        let elapsed_secs = since_last_secs.filter(|secs| STEP_SECS.contains(secs)).unwrap_or_else(|| {
            self.reset();
            FIRST_STEP_SECS
        });
        self.last_time_secs = Some(frame.time_secs);
        elapsed_secs as f32
    }

    fn checked<T>(
        &self,
        given: Result<T, String>,
        steering: fn(&T) -> Steering,
        frame: &Frame,
    ) -> Result<T, CannotSteer> {
        let why = match given {
            Ok(given) if steering(&given).0.is_finite() => return Ok(given),
            Ok(_) => "it is not a number: unusable weights".into(),
            Err(why) => why,
        };
        Err(CannotSteer { source: self.source.clone(), time_secs: frame.time_secs, why })
    }
}
