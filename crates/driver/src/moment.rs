//! One instant of a drive or a replay: plain numbers and pictures, no tensors. The window, the headless
//! pictures and the reports are all made from these.

use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Steering};
use lane_policy::saliency::map::{SaliencyMap, Share};
use lane_policy::wiring::Wiring;
use std::sync::Arc;

/// A policy's answer to one frame.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The commanded path curvature.
    pub steering: Steering,
    /// Map of the policy's attention, if one was asked for.
    pub saliency: Option<SaliencyMap>,
    /// Activity of the neurons, if a map was asked for.
    pub neurons: Option<NeuronActivity>,
}

/// State of every neuron of a head after one frame. Neurons of a wiring are ordered as in [`Wiring`].
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronActivity {
    /// Value of each input of the cell after its input mapping, dimensionless; empty for dense layers.
    pub sensory: Vec<f32>,
    /// State of each neuron, dimensionless: membrane potential of liquid ones, activity of the last dense layer.
    pub state: Vec<f32>,
    /// Memory cells of an LSTM, dimensionless, where there is one.
    pub memory: Option<Vec<f32>>,
    /// Quantities of liquid neurons alone.
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

/// The camera's picture for a person, and the place of the policy's input in it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The picture at screen quality.
    pub image: Arc<RgbImage>,
    /// The part of it that the policy sees.
    pub input: Fractions,
    /// Projection of the ground in it.
    pub projection: Projection,
}

/// State of a car that drives by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// On its lane.
    Driving,
    /// Left its lane at this very instant.
    Crashed,
    /// Was put back on its lane less than a second ago.
    PutBack,
}

/// Place of the car on its lane: known in the simulator only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lane {
    /// Cross-track error in m, left positive; at a crash, beyond the limit.
    pub offset_m: f32,
    /// Crash beyond this |offset|, in m.
    pub limit_m: f32,
    /// State of the car.
    pub status: Status,
    /// Crashes so far on this road.
    pub crashes: u32,
    /// Distance driven so far on this road, in m.
    pub distance_m: f64,
}

/// Share of a policy's map that lies on the road, beside the two controls.
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
    /// Its camera's picture.
    pub picture: Picture,
    /// Its decision; `None` when the frame could not be read.
    pub decision: Option<Decision>,
    /// Steering of the expert, or of the recorded human, at this very place.
    pub reference: Option<Steering>,
    /// Its place on the lane; `None` in a replay.
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

/// The part of a policy's picture on screen that does not change.
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

/// The part of a session that does not change from instant to instant.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// The road or recording, such as `road 17 · marked · daylight · 36 km/h`.
    pub title: String,
    /// The policies, in the order of [`Moment::sides`].
    pub policies: Vec<PolicyInfo>,
    /// Name of the reference line: `expert` or `recorded`.
    pub reference_name: &'static str,
    /// The saliency procedure, such as `VisualBackProp`.
    pub method_name: &'static str,
    /// Variance of the image noise, on the [0, 1] image.
    pub noise_variance: f32,
    /// Length of the drive in s.
    pub duration_secs: f64,
    /// True if the policies steer the car (closed loop), false if they only watch (open loop).
    pub closed_loop: bool,
}

/// A drive or a replay that the window can run.
pub trait Session: Send {
    /// Facts that hold until the next [`Session::reset`], [`Session::next_road`] or change of noise or method.
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
