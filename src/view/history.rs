//! The record of what was shown so far, for the plots: one trace per policy, its crashes, and the neurons of the last moments.

use lane_driver::moment::{Moment, NeuronActivity, Side, Status};
use lane_driver::session::PolicyInfo;
use std::collections::VecDeque;

/// Moments in the neuron record: at 20 frames/s, the last 12 s.
pub const NEURON_MOMENTS: usize = 240;

/// Time between frames while only one is known, in s: one control step of the simulator.
const USUAL_STEP_SECS: f64 = 0.05;

/// Frames further apart than this, in s, belong to two drives of a recording.
const LONGEST_STEP_SECS: f64 = 1.0;

/// One policy's signals over time, as `[seconds, value]`. A moment without a value leaves no point.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Commanded curvature in 1/m, left positive.
    pub steering: Vec<[f64; 2]>,
    /// Curvature of the expert or the recorded human there, in 1/m.
    pub reference: Vec<[f64; 2]>,
    /// Cross-track error in m, left positive; empty in a replay.
    pub offset_m: Vec<[f64; 2]>,
    /// Commanded less reference curvature, in 1/m.
    pub error: Vec<[f64; 2]>,
    /// When, and at which cross-track error in m, it left the lane.
    pub crashes: Vec<[f64; 2]>,
}

/// Everything that the plots show.
#[derive(Clone, Debug)]
pub struct History {
    /// One trace per policy.
    pub traces: Vec<Trace>,
    /// States of the wired policy's neurons in the last [`NEURON_MOMENTS`] moments, oldest first.
    pub states: VecDeque<Vec<f32>>,
    /// Largest sizes seen, which the neuron colours and widths are scaled by.
    pub peaks: Peaks,
    /// Frames that could not be read.
    pub skipped: u32,
    /// Time between the last two frames of a drive, in s.
    pub step_secs: f64,
    last_secs: Option<f64>,
    /// The policy whose neurons are recorded: the first with a wiring.
    wired: Option<usize>,
}

/// Largest magnitudes so far; they only grow, so that a colour keeps its meaning during a drive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peaks {
    /// The largest of a neuron's state.
    pub state: f32,
    /// The largest of a sensory input.
    pub sensory: f32,
    /// The largest of the current through a synapse between neurons.
    pub current: f32,
    /// The largest of the current through a sensory synapse.
    pub sensory_current: f32,
    /// The largest of a saliency map, in its method's own unit.
    pub saliency: f32,
    /// The largest of a curvature, in 1/m.
    pub steering: f32,
    /// The largest of a steering error, in 1/m.
    pub error: f32,
}

impl History {
    /// An empty record for these policies.
    pub fn new(policies: &[PolicyInfo]) -> Self {
        Self {
            traces: vec![Trace::default(); policies.len()],
            states: VecDeque::new(),
            peaks: Peaks::default(),
            skipped: 0,
            step_secs: USUAL_STEP_SECS,
            last_secs: None,
            wired: policies.iter().position(|policy| policy.wiring.is_some()),
        }
    }

    /// Adds a moment.
    pub fn push(&mut self, moment: &Moment) {
        self.skipped += u32::from(moment.skipped.is_some());
        self.see_time(moment.time_secs);
        for (trace, side) in self.traces.iter_mut().zip(&moment.sides) {
            trace.push(moment.time_secs, side);
            self.peaks.see_side(side);
        }
        let wired = self.wired.and_then(|policy| moment.sides.get(policy));
        let neurons = wired.and_then(|side| side.decision.as_ref()?.neurons.as_ref());
        if let Some(neurons) = neurons {
            self.peaks.see_neurons(neurons);
            if self.states.len() == NEURON_MOMENTS {
                self.states.pop_front();
            }
            self.states.push_back(neurons.state.clone());
        }
    }

    fn see_time(&mut self, time_secs: f64) {
        let step_secs = self.last_secs.map(|last_secs| time_secs - last_secs);
        let within_drive = step_secs.filter(|secs| *secs > 0.0 && *secs < LONGEST_STEP_SECS);
        self.step_secs = within_drive.unwrap_or(self.step_secs);
        self.last_secs = Some(time_secs);
    }

    /// Forgets the size of past maps: another saliency method has another unit.
    pub fn forget_saliency(&mut self) {
        self.peaks.saliency = 0.0;
    }
}

impl Trace {
    fn push(&mut self, time_secs: f64, side: &Side) {
        let steering = side.decision.as_ref().map(|decision| f64::from(decision.steering.0));
        let reference = side.reference.map(|reference| f64::from(reference.0));
        self.steering.extend(steering.map(|value| [time_secs, value]));
        self.reference.extend(reference.map(|value| [time_secs, value]));
        if let (Some(steering), Some(reference)) = (steering, reference) {
            self.error.push([time_secs, steering - reference]);
        }
        if let Some(lane) = side.lane {
            let point = [time_secs, f64::from(lane.offset_m)];
            self.offset_m.push(point);
            self.crashes.extend((lane.status == Status::Crashed).then_some(point));
        }
    }
}

impl Peaks {
    fn see_side(&mut self, side: &Side) {
        let decision = side.decision.as_ref();
        let steering = decision.map(|decision| decision.steering.0);
        let reference = side.reference.map(|reference| reference.0);
        raise(&mut self.steering, steering.into_iter().chain(reference));
        raise(&mut self.error, steering.zip(reference).map(|(steering, reference)| steering - reference));
        if let Some(found) = decision.and_then(|decision| decision.saliency.as_ref()) {
            raise(&mut self.saliency, found.map.values.iter().copied());
        }
    }

    fn see_neurons(&mut self, neurons: &NeuronActivity) {
        raise(&mut self.state, neurons.state.iter().copied());
        raise(&mut self.sensory, neurons.sensory.iter().copied());
        if let Some(liquid) = &neurons.liquid {
            raise(&mut self.current, liquid.current.iter().copied());
            raise(&mut self.sensory_current, liquid.sensory_current.iter().copied());
        }
    }
}

/// Raises a peak to the largest finite magnitude.
fn raise(peak: &mut f32, values: impl IntoIterator<Item = f32>) {
    *peak = values.into_iter().map(f32::abs).filter(|value| value.is_finite()).fold(*peak, f32::max);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock::MockSession;
    use lane_driver::session::Session as _;

    fn moments(count: usize) -> Vec<Moment> {
        let mut session = MockSession::drive(60.0);
        (0..count).map(|_| session.advance().unwrap().unwrap()).collect()
    }

    #[test]
    fn every_crash_is_marked_once_where_the_car_left_its_lane() {
        let mut history = History::new(&MockSession::drive(60.0).info().policies);
        let moments = moments(400);
        moments.iter().for_each(|moment| history.push(moment));
        let lane = moments[399].sides[1].lane.unwrap();
        assert!(lane.crashes > 0, "the mock's second car crashes");
        let crashes = &history.traces[1].crashes;
        assert_eq!(crashes.len(), lane.crashes as usize);
        let limit_m = f64::from(lane.limit_m);
        assert!(crashes.iter().all(|[_, offset_m]| offset_m.abs() > limit_m), "{crashes:?} within {limit_m} m");
    }

    #[test]
    fn the_step_is_that_of_the_last_two_frames_of_one_drive() {
        let mut history = History::new(&MockSession::drive(60.0).info().policies);
        let mut moment = moments(1).remove(0);
        let mut steps_secs = Vec::new();
        for time_secs in [0.0, 0.1, 0.225, 9.0, 9.125, 0.0] {
            moment.time_secs = time_secs;
            history.push(&moment);
            steps_secs.push(history.step_secs);
        }
        assert_eq!(steps_secs, [0.05, 0.1, 0.125, 0.125, 0.125, 0.125]);
    }

    #[test]
    fn the_neuron_record_keeps_the_last_moments_only() {
        let mut history = History::new(&MockSession::drive(60.0).info().policies);
        let moments = moments(NEURON_MOMENTS + 5);
        moments.iter().for_each(|moment| history.push(moment));
        assert_eq!(history.states.len(), NEURON_MOMENTS);
        let last = moments[NEURON_MOMENTS + 4].sides[0].decision.as_ref().unwrap().neurons.as_ref().unwrap();
        assert_eq!(history.states.back(), Some(&last.state));
    }

    #[test]
    fn a_value_that_is_not_a_number_does_not_become_a_peak() {
        let mut peak = 1.0;
        raise(&mut peak, [f32::NAN, -3.0, f32::INFINITY]);
        assert_eq!(peak, 3.0);
    }
}
