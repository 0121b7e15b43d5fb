//! The record of what was shown so far, for plots and time line: one trace per policy, in the order of time, however the
//! moments came; a jump back replaces what is shown again.

use lane_driver::moment::{Moment, NeuronActivity, Side, Status};
use lane_driver::session::PolicyInfo;
use lane_policy::saliency::map::Share;
use std::collections::VecDeque;

/// Moments in the picture of the neuron record: at 20 frames/s, the last 12 s.
pub const NEURON_MOMENTS: usize = 240;

/// Moments whose neurons are kept, for traces: at 20 frames/s, half an hour.
const KEPT_STATES: usize = 36_000;

/// Time between frames while only one is known, in s: one control step of the simulator.
const USUAL_STEP_SECS: f64 = 0.05;

/// Frames further apart than this, in s, belong to two drives of a recording.
const LONGEST_STEP_SECS: f64 = 1.0;

/// Times nearer than this are the same moment, in s.
const SAME_SECS: f64 = 1e-6;

/// Values over time, as `[seconds, value]` in the order of time.
pub type Signal = Vec<[f64; 2]>;

/// One policy's signals over time. A moment without a value leaves no point.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Commanded curvature in 1/m, left positive.
    pub steering: Signal,
    /// Curvature of the expert or the recorded human there, in 1/m.
    pub reference: Signal,
    /// Cross-track error in m, left positive; empty in a replay.
    pub offset_m: Signal,
    /// Commanded less reference curvature, in 1/m.
    pub error: Signal,
    /// Curvature that the undisturbed twin commands, in 1/m.
    pub ghost_steering: Signal,
    /// Cross-track error of the undisturbed twin, in m.
    pub ghost_offset_m: Signal,
    /// Attention to the chosen region, as a multiple of an even spread.
    pub attention: Signal,
    /// When, and at which cross-track error in m, it left the lane.
    pub crashes: Signal,
    /// Neurons of the last moments, as seconds and states, oldest first.
    pub states: VecDeque<(f64, Vec<f32>)>,
    /// Largest sizes seen, which the colours and widths of neurons are scaled by.
    pub peaks: NeuronPeaks,
}

/// Everything that the plots show.
#[derive(Clone, Debug)]
pub struct History {
    /// One trace per policy.
    pub traces: Vec<Trace>,
    /// Largest sizes seen, which maps and axes are scaled by.
    pub peaks: Peaks,
    /// Times of frames that could not be read, in s.
    pub skipped: Vec<f64>,
    /// Time between the last two frames of a drive, in s.
    pub step_secs: f64,
    /// The latest time that was shown.
    pub last_secs: f64,
    previous_secs: Option<f64>,
}

/// Largest magnitudes of a policy's neurons so far; they only grow, so that a colour keeps its meaning during a drive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NeuronPeaks {
    /// The largest of a neuron's state.
    pub state: f32,
    /// The largest of a sensory input.
    pub sensory: f32,
    /// The largest of the current through a synapse between neurons.
    pub current: f32,
    /// The largest of the current through a sensory synapse.
    pub sensory_current: f32,
}

/// Largest magnitudes of maps and curvatures so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peaks {
    /// The largest of a saliency map, in its method's own unit.
    pub saliency: f32,
    /// The largest of a curvature, in 1/m.
    pub steering: f32,
    /// The largest of a steering error, in 1/m.
    pub error: f32,
    /// The largest attention to the chosen region, as a multiple of an even spread.
    pub attention: f32,
}

impl History {
    /// An empty record for these policies.
    pub fn new(policies: &[PolicyInfo]) -> Self {
        Self {
            traces: vec![Trace::default(); policies.len()],
            peaks: Peaks::default(),
            skipped: Vec::new(),
            step_secs: USUAL_STEP_SECS,
            last_secs: 0.0,
            previous_secs: None,
        }
    }

    /// Adds a moment, or replaces the one of the same time.
    pub fn push(&mut self, moment: &Moment) {
        let time_secs = moment.time_secs;
        if moment.skipped.is_some() {
            let place = self.skipped.partition_point(|secs| *secs < time_secs - SAME_SECS);
            if self.skipped.get(place).is_none_or(|secs| *secs > time_secs + SAME_SECS) {
                self.skipped.insert(place, time_secs);
            }
        }
        self.see_time(time_secs);
        for (trace, side) in self.traces.iter_mut().zip(&moment.sides) {
            trace.push(time_secs, side);
            self.peaks.see_side(side);
            let attention = trace.attention.last().map(|[_, multiple]| *multiple as f32);
            raise(&mut self.peaks.attention, attention);
        }
    }

    fn see_time(&mut self, time_secs: f64) {
        let step_secs = self.previous_secs.map(|previous_secs| time_secs - previous_secs);
        let within_drive = step_secs.filter(|secs| *secs > 0.0 && *secs < LONGEST_STEP_SECS);
        self.step_secs = within_drive.unwrap_or(self.step_secs);
        self.previous_secs = Some(time_secs);
        self.last_secs = self.last_secs.max(time_secs);
    }

    /// The next moment does not follow on the last one.
    pub fn jump(&mut self) {
        self.previous_secs = None;
    }

    /// Forgets what lies behind this time: it will come otherwise.
    pub fn forget_after(&mut self, time_secs: f64) {
        for trace in &mut self.traces {
            trace.signals().into_iter().for_each(|signal| cut_after(signal, time_secs));
            trace.states.truncate(trace.states.partition_point(|(secs, _)| *secs <= time_secs + SAME_SECS));
        }
        self.skipped.retain(|secs| *secs <= time_secs + SAME_SECS);
        self.last_secs = self.last_secs.min(time_secs);
    }

    /// Forgets past maps: those of another method or region are in another unit.
    pub fn forget_saliency(&mut self) {
        (self.peaks.saliency, self.peaks.attention) = (0.0, 0.0);
        self.traces.iter_mut().for_each(|trace| trace.attention.clear());
    }

    /// Times of crashes of all policies, in their order.
    pub fn crash_times(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self.traces.iter().flat_map(|trace| &trace.crashes).map(|[secs, _]| *secs).collect();
        times.sort_by(f64::total_cmp);
        times
    }
}

impl Trace {
    fn push(&mut self, time_secs: f64, side: &Side) {
        let decision = side.decision.as_ref();
        let steering = decision.map(|decision| f64::from(decision.steering.0));
        let reference = side.reference.map(|reference| f64::from(reference.0));
        put(&mut self.steering, time_secs, steering);
        put(&mut self.reference, time_secs, reference);
        put(&mut self.error, time_secs, steering.zip(reference).map(|(steering, reference)| steering - reference));
        put(&mut self.offset_m, time_secs, side.lane.map(|lane| f64::from(lane.offset_m)));
        let ghost = side.ghost.as_ref();
        put(&mut self.ghost_steering, time_secs, ghost.map(|ghost| f64::from(ghost.steering.0)));
        put(&mut self.ghost_offset_m, time_secs, ghost.map(|ghost| f64::from(ghost.lane.offset_m)));
        put(&mut self.attention, time_secs, side.attention.map(|attention| f64::from(times_uniform(attention.region))));
        if let Some(lane) = side.lane {
            let crashed = lane.status == Status::Crashed;
            put(&mut self.crashes, time_secs, crashed.then_some(f64::from(lane.offset_m)));
        }
        if let Some(neurons) = decision.and_then(|decision| decision.neurons.as_ref()) {
            self.peaks.see(neurons);
            self.states.truncate(self.states.partition_point(|(secs, _)| *secs < time_secs - SAME_SECS));
            if self.states.len() == KEPT_STATES {
                self.states.pop_front();
            }
            self.states.push_back((time_secs, neurons.state.clone()));
        }
    }

    fn signals(&mut self) -> [&mut Signal; 8] {
        let Self { steering, reference, offset_m, error, ghost_steering, ghost_offset_m, attention, crashes, .. } =
            self;
        [steering, reference, offset_m, error, ghost_steering, ghost_offset_m, attention, crashes]
    }

    /// A neuron's state over time.
    pub fn neuron(&self, neuron: usize) -> Signal {
        let value = |(secs, states): &(f64, Vec<f32>)| Some([*secs, f64::from(*states.get(neuron)?)]);
        self.states.iter().filter_map(value).collect()
    }
}

/// Puts a value into its place in time, in the place of one that was there.
fn put(signal: &mut Signal, time_secs: f64, value: Option<f64>) {
    let place = signal.partition_point(|[secs, _]| *secs < time_secs - SAME_SECS);
    let there = signal.get(place).is_some_and(|[secs, _]| *secs <= time_secs + SAME_SECS);
    match value {
        Some(value) if there => signal[place] = [time_secs, value],
        Some(value) => signal.insert(place, [time_secs, value]),
        None if there => {
            signal.remove(place);
        }
        None => {}
    }
}

fn cut_after(signal: &mut Signal, time_secs: f64) {
    signal.truncate(signal.partition_point(|[secs, _]| *secs <= time_secs + SAME_SECS));
}

/// The value of a signal at the last time not later than this one.
pub fn value_at(signal: &[[f64; 2]], time_secs: f64) -> Option<f64> {
    let behind = signal.partition_point(|[secs, _]| *secs <= time_secs + SAME_SECS);
    signal[..behind].last().map(|[_, value]| *value)
}

impl Peaks {
    fn see_side(&mut self, side: &Side) {
        let decision = side.decision.as_ref();
        let steering = decision.map(|decision| decision.steering.0);
        let reference = side.reference.map(|reference| reference.0);
        raise(&mut self.steering, steering.into_iter().chain(reference));
        raise(&mut self.error, steering.zip(reference).map(|(steering, reference)| steering - reference));
        if let Some(map) = decision.and_then(|decision| decision.saliency.as_ref()) {
            raise(&mut self.saliency, map.map.values.iter().copied());
        }
    }
}

/// A share of a map as a multiple of a uniform map's.
pub fn times_uniform(share: Share) -> f32 {
    share.of_map / share.of_uniform
}

impl NeuronPeaks {
    fn see(&mut self, neurons: &NeuronActivity) {
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
    fn moments_shown_again_replace_those_of_before_and_the_future_stays_until_it_is_forgotten() {
        let mut history = History::new(&MockSession::drive(60.0).info().policies);
        let moments = moments(10);
        moments.iter().for_each(|moment| history.push(moment));
        let first = history.traces[0].steering.clone();
        history.jump();
        moments[3..5].iter().for_each(|moment| history.push(moment));
        assert_eq!(history.traces[0].steering, first);
        assert_eq!(history.step_secs, moments[4].time_secs - moments[3].time_secs, "a jump is no step");
        history.forget_after(moments[4].time_secs);
        assert_eq!(history.traces[0].steering, first[..5]);
        assert_eq!((history.last_secs, history.traces[0].states.len()), (moments[4].time_secs, 5));
    }

    #[test]
    fn the_value_at_a_time_is_the_last_one_before_it() {
        let signal = [[0.0, 1.0], [0.5, 2.0]];
        assert_eq!(
            [-0.1, 0.0, 0.4, 0.5, 9.0].map(|secs| value_at(&signal, secs)),
            [None, Some(1.0), Some(1.0), Some(2.0), Some(2.0)]
        );
    }

    #[test]
    fn the_neuron_record_keeps_every_moment_in_order() {
        let mut history = History::new(&MockSession::drive(60.0).info().policies);
        let moments = moments(NEURON_MOMENTS + 5);
        moments.iter().for_each(|moment| history.push(moment));
        let states = &history.traces[0].states;
        assert_eq!(states.len(), NEURON_MOMENTS + 5);
        let last = moments[NEURON_MOMENTS + 4].sides[0].decision.as_ref().unwrap().neurons.as_ref().unwrap();
        assert_eq!(states.back(), Some(&(moments[NEURON_MOMENTS + 4].time_secs, last.state.clone())));
        let trace = history.traces[0].neuron(18);
        assert_eq!(trace.last(), Some(&[moments[NEURON_MOMENTS + 4].time_secs, f64::from(last.state[18])]));
    }

    #[test]
    fn a_value_that_is_not_a_number_does_not_become_a_peak() {
        let mut peak = 1.0;
        raise(&mut peak, [f32::NAN, -3.0, f32::INFINITY]);
        assert_eq!(peak, 3.0);
    }
}
