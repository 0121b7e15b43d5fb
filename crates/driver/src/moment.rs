//! What one instant of a drive or a replay shows: plain numbers and pictures, no tensors. The window, the headless
//! pictures and the reports are all made from these.

use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Steering};
use lane_policy::saliency::map::{SaliencyMap, Share};
use lane_policy::wiring::Wiring;
use std::sync::Arc;

/// What a policy does with one frame.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The commanded path curvature.
    pub steering: Steering,
    /// Where the policy looks, if a map was asked for.
    pub saliency: Option<SaliencyMap>,
    /// What the neurons do, if a map was asked for.
    pub neurons: Option<NeuronActivity>,
}

/// State of every neuron of a head after one frame. Neurons of a wiring are ordered as in [`Wiring`].
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronActivity {
    /// Value of each input of the cell after its input mapping, dimensionless; empty for dense layers.
    pub sensory: Vec<f32>,
    /// State of each neuron, dimensionless: membrane potential of liquid ones, activity of the last dense layer.
    pub state: Vec<f32>,
    /// What an LSTM keeps, dimensionless, where there is one.
    pub memory: Option<Vec<f32>>,
    /// What only liquid neurons have.
    pub liquid: Option<LiquidActivity>,
}

/// Time constants and currents of liquid neurons after one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct LiquidActivity {
    /// Effective time constant of each neuron in s, from this frame's inputs and state.
    pub time_constant_secs: Vec<f32>,
    /// Current through each internal synapse, in the order of [`Wiring::synapses`]; positive pulls up.
    pub current: Vec<f32>,
    /// Current through each sensory synapse, in the order of [`Wiring::sensory_synapses`]; positive pulls up.
    pub sensory_current: Vec<f32>,
}

/// A rectangle in fractions of a picture: `[left, top, right, bottom]`, each 0 to 1.
pub type Fractions = [f32; 4];

/// What the camera showed to a person, and where in it the policy's input lies.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The picture at screen quality.
    pub image: Arc<RgbImage>,
    /// The part of it that the policy sees.
    pub input: Fractions,
    /// How ground points appear in it.
    pub projection: Projection,
}

/// Whether a car drives by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// On its lane.
    Driving,
    /// Left its lane at this very instant.
    Crashed,
    /// Was put back on its lane less than a second ago.
    PutBack,
}

/// Where the car is on its lane: known in the simulator only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    /// Cross-track error in m, left positive; at a crash, beyond the limit.
    pub offset_m: f32,
    /// Crash beyond this |offset|, in m.
    pub limit_m: f32,
    /// Whether the car drives by itself.
    pub status: Status,
    /// Crashes so far on this road.
    pub crashes: u32,
    /// Distance driven so far on this road, in m.
    pub distance_m: f64,
}

/// How much of a policy's map lies on the road, beside the two controls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Share of the map on the road mask, and of a uniform map there.
    pub road: Share,
    /// Share of the map of the same encoder with untrained weights, on the same frame.
    pub untrained: Option<f32>,
}

/// One policy's side of an instant.
#[derive(Clone, Debug)]
pub struct Side {
    /// What its camera showed.
    pub picture: Picture,
    /// What it decided; `None` when the frame could not be read.
    pub decision: Option<Decision>,
    /// What the expert, or the recorded human, did at this very place.
    pub reference: Option<Steering>,
    /// Where it is on the lane; `None` in a replay.
    pub lane: Option<Lane>,
    /// Share of its map on the road; `None` where there is no road mask or no evidence.
    pub attention: Option<Attention>,
}

/// One instant of a session.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Seconds since the start of the drive.
    pub time_secs: f64,
    /// One side per policy, in the order of [`SessionInfo::policies`].
    pub sides: Vec<Side>,
    /// Why the frame of this instant was skipped, if it was.
    pub skipped: Option<String>,
}

/// What is fixed about a policy on screen.
#[derive(Clone, Debug)]
pub struct PolicyInfo {
    /// Short name, such as `ncp`, or the stem of its weights file.
    pub name: String,
    /// One line for a reader: head, neurons, synapses.
    pub summary: String,
    /// Trainable numbers in all.
    pub parameters: usize,
    /// The wiring of its neurons, if they have one.
    pub wiring: Option<Wiring>,
}

/// What is fixed between two instants of a session.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// What is driven or replayed, such as `road 17 · marked · daylight · 36 km/h`.
    pub title: String,
    /// The policies, in the order of [`Moment::sides`].
    pub policies: Vec<PolicyInfo>,
    /// What the reference line is: `expert` or `recorded`.
    pub reference_name: &'static str,
    /// The saliency procedure, such as `VisualBackProp`.
    pub method_name: &'static str,
    /// Variance of the image noise, on the [0, 1] image.
    pub noise_variance: f32,
    /// Length of the drive in s.
    pub duration_secs: f64,
    /// Whether the policies steer the car (closed loop) or only watch (open loop).
    pub closed_loop: bool,
}

/// A drive or a replay that the window can run.
pub trait Session: Send {
    /// What is fixed until the next [`Session::reset`], [`Session::next_road`] or change of noise or method.
    fn info(&self) -> &SessionInfo;
    /// The next instant, or `None` at the end.
    ///
    /// # Errors
    /// When a policy gives a steering that is not a number, naming it.
    fn advance(&mut self) -> anyhow::Result<Option<Moment>>;
    /// Back to the first instant.
    fn reset(&mut self);
    /// On to another road, or to the next drive of a recording; starts at its first instant.
    fn next_road(&mut self);
    /// Sets the variance of the image noise from the next instant on.
    fn set_noise(&mut self, variance: f32);
    /// Switches to the next saliency procedure.
    fn next_method(&mut self);
}
