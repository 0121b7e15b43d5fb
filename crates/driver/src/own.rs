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
use lane_policy::{Eye, Lesion, Policy, Stepper};

/// A policy of this program on one drive.
#[derive(Clone, Debug)]
pub(super) struct OwnPolicy {
    policy: Policy,
    /// The same on a device that records, for gradients.
    recorder: Policy,
    device: Device,
    eye: Eye,
    stepper: Stepper,
    /// What it remembers of the drive: `PolicyState::numbers`.
    memory: Vec<Vec<f32>>,
}

impl OwnPolicy {
    pub(super) fn new(policy: Policy, device: &Device) -> Self {
        let (recorder, eye) = (policy.recording(device), Eye::new(&policy, device));
        let (stepper, memory) = (Stepper::new(&policy, device), policy.zero_state(1, device).numbers());
        Self { policy, recorder, device: device.clone(), eye, stepper, memory }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn control(&self) -> Control {
        let policy = Policy::init_with(self.policy.kind(), self.policy.cell_spec(), CONTROL_SEED, &self.device);
        let (recorder, eye) = (policy.recording(&self.device), Eye::new(&policy, &self.device));
        Control { policy, recorder, eye, device: self.device.clone() }
    }

    /// See [`Policy::untrained_down_to`]; at the start of a drive.
    pub(super) fn untrained_down_to(&self, convolutions: usize, seed: u64) -> Self {
        Self::new(self.policy.untrained_down_to(convolutions, seed, &self.device), &self.device)
    }

    /// The memory of the start of a drive.
    fn no_memory(&self) -> Vec<Vec<f32>> {
        self.policy.zero_state(1, &self.device).numbers()
    }

    /// The memory that the next frame of this drive meets, or the first of another.
    fn memory_for(&self, elapsed_secs: Option<f32>) -> (Vec<Vec<f32>>, f32) {
        match elapsed_secs {
            Some(elapsed_secs) => (self.memory.clone(), elapsed_secs),
            None => (self.no_memory(), FIRST_STEP_SECS as f32),
        }
    }

    /// What the neurons did at the last frame.
    fn neurons(&self) -> NeuronActivity {
        let (sensory, state) = (self.stepper.sensory().to_vec(), self.stepper.neurons().to_vec());
        let unit_secs = self.policy.kind().head.time_unit_secs();
        let liquid = self.policy.introspect(&sensory, &state).map(|inside| LiquidActivity {
            time_constant_secs: inside.time_constant.iter().map(|units| units * unit_secs).collect(),
            current: inside.current,
            sensory_current: inside.sensory_current,
        });
        let memory = self.memory.get(1).cloned();
        NeuronActivity { sensory, state: self.policy.in_order_of_ids(state), memory, liquid }
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
        self.memory = self.no_memory();
    }

    fn steer(
        &mut self,
        frame: &Frame,
        elapsed_secs: f32,
        watched: Option<&mut Vec<NeuronActivity>>,
    ) -> Result<Steering, String> {
        let seen = self.eye.look(&frame.image);
        let steering = self.stepper.step(&seen, &mut self.memory, elapsed_secs);
        if let Some(watched) = watched {
            watched.push(self.neurons());
        }
        Ok(steering)
    }

    fn look(&mut self, image: &RgbImage) {
        self.eye.look(image);
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
        let (memory, elapsed_secs) = self.memory_for(elapsed_secs);
        let Self { policy, recorder, device, eye, .. } = self;
        let (seen, memory) = (&*eye.glance(image), &memory);
        let situation = Situation { policy, recorder, device, seen, memory, elapsed_secs };
        methods.iter().map(|method| Some(saliency(*method, &situation))).collect()
    }

    fn would_steer(&self, images: &[RgbImage], elapsed_secs: Option<f32>) -> Vec<Result<Steering, String>> {
        let (memory, elapsed_secs) = self.memory_for(elapsed_secs);
        let state = self.policy.zero_state(1, &self.device).with_numbers(&memory);
        let (images, count): (Vec<&RgbImage>, usize) = (images.iter().collect(), images.len());
        let whitened = whiten(&images, self.policy.input_size(), &self.device);
        let (output, _) = self.policy.forward(whitened, state.repeat(count), &vec![elapsed_secs; count], count);
        output.steering().into_iter().map(Ok).collect()
    }

    fn memory(&self) -> Vec<Vec<f32>> {
        self.memory.clone()
    }

    fn recall(&mut self, memory: &[Vec<f32>]) {
        self.memory = memory.to_vec();
    }

    fn lesioned(&self, lesions: &[Lesion]) -> Result<Box<dyn Model>, String> {
        let policy = self.policy.lesioned(lesions)?;
        let memory = self.memory.clone();
        Ok(Box::new(Self { memory, ..Self::new(policy, &self.device) }))
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

/// The map of an untrained network of the same kind on the same frame: what the procedure shows without any learning.
#[derive(Clone, Debug)]
pub struct Control {
    policy: Policy,
    /// The same on a device that records, for gradients.
    recorder: Policy,
    eye: Eye,
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
        let Self { policy, recorder, eye, device } = self;
        let (seen, memory) = (&*eye.glance(&frame.image), &policy.zero_state(1, device).numbers());
        let elapsed_secs = FIRST_STEP_SECS as f32;
        saliency(method, &Situation { policy, recorder, device, seen, memory, elapsed_secs })
    }
}
