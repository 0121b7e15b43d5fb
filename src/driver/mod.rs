//! A policy in time: frames in, decisions out. Owns the policy, its memory and the device; hands on plain numbers.

pub mod closed_loop;
pub mod moment;
pub mod replay;
pub mod twin_drive;

use crate::frame::{Frame, Steering};
use crate::policy::ltc::TIME_UNIT_SECS;
use crate::policy::preprocess::{Whitened, whiten};
use crate::policy::{Policy, PolicyOutput, PolicyState, to_vec};
use crate::saliency::Method;
use crate::saliency::gradient::input_gradient;
use crate::saliency::map::SaliencyMap;
use crate::saliency::visual_backprop::visual_backprop;
use burn::tensor::Device;
use moment::{Decision, NeuronActivity, PolicyInfo};

/// Two frames this near are one step apart and belong to the same drive, in s. Time that runs backwards, stands still or
/// jumps starts a new drive, with a new memory.
const STEP_SECS: std::ops::Range<f64> = 1e-4..1.0;

/// Time before the first frame of a drive, in s: one control step of the simulator.
const FIRST_STEP_SECS: f64 = 0.05;

/// A policy gave a steering that is not a number: its weights cannot be used.
#[derive(Debug)]
pub struct NotANumber {
    source: Source,
    time_secs: f64,
}

/// What a policy is called, and where its weights come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Short name for screens and tables.
    pub name: String,
    /// File, or a word for weights that come from none.
    pub origin: String,
}

impl std::fmt::Display for NotANumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { source: Source { name, origin }, time_secs } = self;
        write!(
            f,
            "{origin}: policy `{name}` gave a steering that is not a number at {time_secs:.2} s: unusable weights"
        )
    }
}

impl std::error::Error for NotANumber {}

/// One policy on one drive.
#[derive(Clone, Debug)]
pub struct Driver {
    source: Source,
    policy: Policy,
    /// The same on a device that records, for gradients.
    recorder: Policy,
    device: Device,
    state: PolicyState,
    last_time_secs: Option<f64>,
}

impl Driver {
    /// A driver at the start of a drive.
    pub fn new(source: Source, policy: Policy, device: &Device) -> Self {
        let recorder = policy.recording(device);
        let state = policy.zero_state(1, device);
        Self { source, policy, recorder, device: device.clone(), state, last_time_secs: None }
    }

    /// Its short name.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// What the screen says about it.
    pub fn describe(&self) -> PolicyInfo {
        let wiring = self.policy.wiring().map(|wiring| (**wiring).clone());
        let summary = match &wiring {
            Some(wiring) => {
                let synapses = wiring.sensory_synapses().len() + wiring.synapses().len();
                format!("{} liquid neurons, {synapses} synapses", wiring.units())
            }
            None => "dense layers, no memory".into(),
        };
        PolicyInfo { name: self.source.name.clone(), summary, parameters: self.policy.parameters(), wiring }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Forgets the drive so far.
    pub fn reset(&mut self) {
        self.state = self.policy.zero_state(1, &self.device);
        self.last_time_secs = None;
    }

    /// Steers, and nothing more.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn steer(&mut self, frame: &Frame) -> Result<Steering, NotANumber> {
        self.advance(frame).map(|step| step.steering)
    }

    /// Steers, and shows where the policy looks and what its neurons do.
    ///
    /// # Errors
    /// If the steering is not a number.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn decide(&mut self, frame: &Frame, method: Method) -> Result<Decision, NotANumber> {
        let before = self.state.clone();
        let step = self.advance(frame)?;
        let saliency = match method {
            Method::VisualBackProp => visual_backprop(self.policy.kind().encoder(), &step.output.maps),
            Method::InputGradient => {
                input_gradient(&self.recorder, &step.whitened, before, step.elapsed_secs).magnitude()
            }
        };
        let neurons = self.neurons(&step.output);
        Ok(Decision { steering: step.steering, saliency: Some(saliency), neurons })
    }

    fn advance(&mut self, frame: &Frame) -> Result<Step, NotANumber> {
        let since_last_secs = self.last_time_secs.map(|last| frame.time_secs - last);
        let elapsed_secs = since_last_secs.filter(|secs| STEP_SECS.contains(secs)).unwrap_or_else(|| {
            self.reset();
            FIRST_STEP_SECS
        }) as f32;
        let whitened = whiten(&[&frame.image], self.policy.input_size(), &self.device);
        let (output, state) = self.policy.forward(whitened.input.clone(), self.state.clone(), &[elapsed_secs], 1);
        let steering = output.steering()[0];
        if !steering.0.is_finite() {
            return Err(NotANumber { source: self.source.clone(), time_secs: frame.time_secs });
        }
        (self.state, self.last_time_secs) = (state, Some(frame.time_secs));
        Ok(Step { steering, output, whitened, elapsed_secs })
    }

    fn neurons(&self, output: &PolicyOutput) -> Option<NeuronActivity> {
        let sensory = to_vec(output.sensory.clone()?);
        let potential = to_vec(output.states.clone()?);
        let inside = self.policy.introspect(&sensory, &potential)?;
        Some(NeuronActivity {
            sensory,
            potential,
            time_constant_secs: inside.time_constant.iter().map(|units| units * TIME_UNIT_SECS).collect(),
            current: inside.current,
            sensory_current: inside.sensory_current,
        })
    }
}

/// One frame's worth of computation.
struct Step {
    steering: Steering,
    output: PolicyOutput,
    whitened: Whitened,
    elapsed_secs: f32,
}

/// The map of an untrained network of the same kind on the same frame: what the procedure shows without any learning.
#[derive(Clone, Debug)]
pub struct Control(Policy);

/// Seed of the control's weights; no training uses it for its first weights.
const CONTROL_SEED: u64 = u64::MAX;

impl Control {
    /// The control for a policy.
    pub fn of(policy: &Policy, device: &Device) -> Self {
        Self(Policy::init(policy.kind(), CONTROL_SEED, device))
    }

    /// Its map of a frame at the start of a drive.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn saliency(&self, frame: &Frame, method: Method, device: &Device) -> SaliencyMap {
        let whitened = whiten(&[&frame.image], self.0.input_size(), device);
        let state = self.0.zero_state(1, device);
        let elapsed_secs = FIRST_STEP_SECS as f32;
        match method {
            Method::VisualBackProp => {
                let (output, _) = self.0.forward(whitened.input, state, &[elapsed_secs], 1);
                visual_backprop(self.0.kind().encoder(), &output.maps)
            }
            Method::InputGradient => {
                input_gradient(&self.0.recording(device), &whitened, state, elapsed_secs).magnitude()
            }
        }
    }
}
