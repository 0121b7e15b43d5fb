//! One instant of a drive or a replay: plain numbers and pictures, no tensors. The window, the headless
//! pictures and the reports are all made from these.

use super::cause::Cause;
use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Steering};
use lane_policy::saliency::map::{Attribution, Share};
use std::sync::Arc;

/// A policy's answer to one frame.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The commanded path curvature.
    pub steering: Steering,
    /// The policy's map, where it has one by the method asked for.
    pub saliency: Option<Attribution>,
    /// The second map of the same frame, where one is asked for.
    pub beside: Option<Attribution>,
    /// Time since the frame that the maps were made of, in s: 0 where it is this one.
    pub map_age_secs: f64,
    /// Activity of the neurons, where it is known.
    pub neurons: Option<NeuronActivity>,
}

/// State of every neuron of a head after one frame. Neurons of a wiring are ordered as in [`Wiring`](lane_policy::wiring::Wiring).
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
    /// Current through each internal synapse, in the order of
    /// [`Wiring::synapses`](lane_policy::wiring::Wiring::synapses); positive pulls up.
    pub current: Vec<f32>,
    /// Current through each sensory synapse, in the order of
    /// [`Wiring::sensory_synapses`](lane_policy::wiring::Wiring::sensory_synapses); positive pulls up.
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

/// Share of a policy's map that lies on the region that was chosen, beside the controls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Share of the map on the region, and of a uniform map there.
    pub region: Share,
    /// Share of the picture's edges there, whoever looks at it.
    pub edges: Option<f32>,
    /// Share of the map of the same network with random weights, by the same method.
    pub untrained: Option<f32>,
}

/// The undisturbed twin of a car: it drives on from the start of the branch as if nothing had been changed. Its place is
/// in the coordinates of the car beside which it is shown, so that the picture's projection can draw it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ghost {
    /// The path curvature that its policy commands.
    pub steering: Steering,
    /// Its place on its lane.
    pub lane: Lane,
    /// Metres from this car's rear axle to its own, straight ahead.
    pub ahead_m: f32,
    /// Metres from this car's rear axle to its own, to the left.
    pub left_m: f32,
    /// Its heading against this car's, counter-clockwise, in rad.
    pub heading_rad: f32,
}

/// The steering without a part of the scene: of this instant, with the same memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CauseEffect {
    /// The part that is taken out.
    pub cause: Cause,
    /// The path curvature that the policy would command.
    pub steering: Steering,
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
    /// Share of its map on the region that was chosen; `None` where there are no masks, no evidence or too few pixels.
    pub attention: Option<Attention>,
    /// True while a person steers the car in the policy's place.
    pub manual: bool,
    /// The undisturbed twin of its car, in a branch.
    pub ghost: Option<Ghost>,
    /// Its steering without each part of the scene, where that is asked for and the world can be drawn again.
    pub causes: Option<Vec<CauseEffect>>,
}

/// One instant of a session.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Number on the time line, from 0.
    pub frame: usize,
    /// Seconds since the start of the drive.
    pub time_secs: f64,
    /// One side per policy, in the order of [`SessionInfo::policies`](super::session::SessionInfo::policies).
    pub sides: Vec<Side>,
    /// Why the frame of this instant was skipped, if it was.
    pub skipped: Option<String>,
}
