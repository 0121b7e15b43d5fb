//! A policy of this program on one drive: its memory, its maps and what its neurons do.

use super::moment::{LiquidActivity, NeuronActivity};
use super::session::PolicyInfo;
use super::{FIRST_STEP_SECS, Model, Source};
use burn::tensor::Device;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::cell::CellSpec;
use lane_policy::preprocess::whiten;
use lane_policy::saliency::map::Attribution;
use lane_policy::saliency::{Method, Situation, saliency};
use lane_policy::wiring::Wiring;
use lane_policy::{Lesion, Policy, PolicyOutput, PolicyState, to_vec};

/// A policy of this program on one drive.
#[derive(Clone, Debug)]
pub(super) struct OwnPolicy {
    policy: Policy,
    /// The same on a device that records, for gradients.
    recorder: Policy,
    device: Device,
    state: PolicyState,
}

impl OwnPolicy {
    pub(super) fn new(policy: Policy, device: &Device) -> Self {
        let recorder = policy.recording(device);
        let state = policy.zero_state(1, device);
        Self { policy, recorder, device: device.clone(), state }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn control(&self) -> Control {
        let policy = Policy::init_with(self.policy.kind(), self.policy.cell_spec(), CONTROL_SEED, &self.device);
        Control { recorder: policy.recording(&self.device), policy, device: self.device.clone() }
    }

    /// See [`Policy::untrained_down_to`]; at the start of a drive.
    pub(super) fn untrained_down_to(&self, convolutions: usize, seed: u64) -> Self {
        Self::new(self.policy.untrained_down_to(convolutions, seed, &self.device), &self.device)
    }

    /// The memory that the next frame of this drive meets, or the first of another.
    fn memory_for(&self, elapsed_secs: Option<f32>) -> (PolicyState, f32) {
        match elapsed_secs {
            Some(elapsed_secs) => (self.state.clone(), elapsed_secs),
            None => (self.policy.zero_state(1, &self.device), FIRST_STEP_SECS as f32),
        }
    }

    fn advance(&mut self, frame: &Frame, elapsed_secs: f32) -> Step {
        let whitened = whiten(&[&frame.image], self.policy.input_size(), &self.device);
        let (output, state) = self.policy.forward(whitened.input, self.state.clone(), &[elapsed_secs], 1);
        self.state = state;
        Step { steering: output.steering()[0], output }
    }

    fn neurons(&self, output: &PolicyOutput) -> NeuronActivity {
        let state = to_vec(output.neurons.clone());
        let sensory = output.sensory.clone().map(to_vec).unwrap_or_default();
        let unit_secs = self.policy.kind().head.time_unit_secs();
        let liquid = self.policy.introspect(&sensory, &state).map(|inside| LiquidActivity {
            time_constant_secs: inside.time_constant.iter().map(|units| units * unit_secs).collect(),
            current: inside.current,
            sensory_current: inside.sensory_current,
        });
        NeuronActivity { sensory, state: self.policy.in_order_of_ids(state), memory: self.memory(), liquid }
    }

    /// What an LSTM keeps, where there is one.
    fn memory(&self) -> Option<Vec<f32>> {
        self.state.memory().map(to_vec)
    }
}

impl Model for OwnPolicy {
    fn describe(&self, source: &Source) -> PolicyInfo {
        let wiring = self.policy.recurrent().and_then(|head| head.cell().wiring());
        let summary = summary(self.policy.cell_spec(), wiring.as_ref());
        let Source { name, origin } = source.clone();
        PolicyInfo { name, origin, summary, parameters: self.policy.parameters(), wiring }
    }

    fn input_size(&self) -> Size {
        self.policy.input_size()
    }

    fn reset(&mut self) {
        self.state = self.policy.zero_state(1, &self.device);
    }

    fn steer(
        &mut self,
        frame: &Frame,
        elapsed_secs: f32,
        watched: Option<&mut Vec<NeuronActivity>>,
    ) -> Result<Steering, String> {
        let step = self.advance(frame, elapsed_secs);
        if let Some(watched) = watched {
            watched.push(self.neurons(&step.output));
        }
        Ok(step.steering)
    }

    fn methods(&self) -> Vec<Method> {
        Method::ALL.into()
    }

    fn attributions(
        &self,
        image: &RgbImage,
        elapsed_secs: Option<f32>,
        methods: &[Method],
    ) -> Vec<Option<Attribution>> {
        let (state, elapsed_secs) = self.memory_for(elapsed_secs);
        let whitened = whiten(&[image], self.policy.input_size(), &self.device);
        let maps = self.policy.encode(whitened.input.clone());
        let Self { policy, recorder, .. } = self;
        let (whitened, state, maps) = (&whitened, &state, maps.as_slice());
        let situation = Situation { policy, recorder, whitened, state, elapsed_secs, maps };
        methods.iter().map(|method| Some(saliency(*method, &situation))).collect()
    }

    fn would_steer(&self, images: &[RgbImage], elapsed_secs: Option<f32>) -> Vec<Result<Steering, String>> {
        let (state, elapsed_secs) = self.memory_for(elapsed_secs);
        let (images, count): (Vec<&RgbImage>, usize) = (images.iter().collect(), images.len());
        let whitened = whiten(&images, self.policy.input_size(), &self.device);
        let (output, _) = self.policy.forward(whitened.input, state.repeat(count), &vec![elapsed_secs; count], count);
        output.steering().into_iter().map(Ok).collect()
    }

    fn memory(&self) -> Vec<Vec<f32>> {
        self.state.numbers()
    }

    fn recall(&mut self, memory: &[Vec<f32>]) {
        self.state = self.policy.zero_state(1, &self.device).with_numbers(memory);
    }

    fn lesioned(&self, lesions: &[Lesion]) -> Result<Box<dyn Model>, String> {
        let policy = self.policy.lesioned(lesions)?;
        let state = self.state.clone();
        Ok(Box::new(Self { state, ..Self::new(policy, &self.device) }))
    }

    fn own(&self) -> Option<&OwnPolicy> {
        Some(self)
    }

    fn boxed_clone(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

/// Head, neurons and synapses in one line.
fn summary(cell: Option<&CellSpec>, wiring: Option<&Wiring>) -> String {
    let Some(cell) = cell else { return "dense layers, no memory".into() };
    let mut words = format!("{} {} neurons", cell.core.units(), cell.core.neurons());
    if let Some(wiring) = wiring {
        words += &format!(", {} synapses", wiring.sensory_synapses().len() + wiring.synapses().len());
    }
    words + if cell.mixed_memory { ", LSTM memory" } else { "" }
}

/// One frame's worth of computation.
struct Step {
    steering: Steering,
    output: PolicyOutput,
}

/// The map of an untrained network of the same kind on the same frame: what the procedure shows without any learning.
#[derive(Clone, Debug)]
pub struct Control {
    policy: Policy,
    /// The same on a device that records, for gradients.
    recorder: Policy,
    device: Device,
}

/// Seed of the control's weights; no training uses it for its first weights.
const CONTROL_SEED: u64 = u64::MAX;

impl Control {
    /// Its map of a frame at the start of a drive.
    ///
    /// # Panics
    /// If the image is not of the policy's size.
    pub fn saliency(&self, frame: &Frame, method: Method) -> Attribution {
        let Self { policy, recorder, device } = self;
        let whitened = whiten(&[&frame.image], policy.input_size(), device);
        let state = policy.zero_state(1, device);
        let elapsed_secs = FIRST_STEP_SECS as f32;
        let maps = policy.encode(whitened.input.clone());
        saliency(method, &Situation { policy, recorder, whitened: &whitened, state: &state, elapsed_secs, maps: &maps })
    }
}
