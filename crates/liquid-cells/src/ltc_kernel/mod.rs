//! Liquid time-constant neurons, forward and backward through all unfolds, on plain slices: one fused kernel over the
//! synapses that exist. Hasani et al., AAAI 2021 (fused semi-implicit step); names and order of operations as in ncps
//! 1.0.1 (`ltc_cell.py`, explicit constraints).
//!
//! One step of length `elapsed`, in `unfolds` parts, all neurons from the old v:
//!
//! ```text
//! v ← (cm·v + gleak·vleak + Σ G·erev) / (cm + gleak + Σ G + ε),   G = w · sigmoid(sigma · (source − mu)),
//! cm = capacitance · unfolds / elapsed, sums over the synapses into the neuron.
//! ```
//!
//! Sixteen sequences of a batch are the SIMD lanes, so neither pass ever gathers. A sequence alone, as in a
//! drive, would leave fifteen lanes empty: there sixteen synapses are the lanes.

mod alone;
mod gradients;
mod introspect;
mod layout;
mod synapse;
mod tape;

pub(crate) use alone::Alone;
pub use gradients::RunGradients;
pub use introspect::{Introspection, introspect};
pub use layout::Layout;

use super::wiring::Wiring;
use crate::lanes::{LANES, Lanes};
use gradients::GroupGradients;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use tape::{Group, Tape};

/// A batch of sequences to run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Which neuron talks to which.
    pub wiring: &'a Wiring,
    /// Parts of one step; six per frame in ncps.
    pub unfolds: usize,
    /// Keeps the denominator from 0; 1e-8 in ncps.
    pub epsilon: f32,
    /// Sequences.
    pub batch: usize,
    /// Steps of each sequence.
    pub steps: usize,
    /// `[batch, steps, sensory]`, after the input mapping.
    pub inputs: &'a [f32],
    /// `[batch, units]`
    pub first_state: &'a [f32],
    /// `[batch, steps]`, in the cell's unit of time.
    pub elapsed: &'a [f32],
    /// As [`Layout`] says.
    pub parameters: &'a [f32],
}

impl Run<'_> {
    fn check(&self) {
        let (sensory, units) = (self.wiring.sensory(), self.wiring.units());
        assert!(self.unfolds > 0, "a step has at least one part");
        assert_eq!(self.inputs.len(), self.batch * self.steps * sensory, "inputs: [batch, steps, sensory]");
        assert_eq!(self.first_state.len(), self.batch * units, "first state: [batch, units]");
        assert_eq!(self.elapsed.len(), self.batch * self.steps, "elapsed: [batch, steps]");
        assert_eq!(self.parameters.len(), Layout::of(self.wiring).parameters(), "parameters: as Layout says");
    }
}

/// The state after each step.
///
/// # Shapes
/// - returns: `[batch, steps, units]`
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn forward(run: &Run<'_>) -> Vec<f32> {
    run.check();
    let per_sequence = run.steps * run.wiring.units();
    let mut states = vec![0.0; run.batch * per_sequence];
    if run.batch == 1 {
        let mut neurons = Alone::new(run.wiring, run.unfolds, run.epsilon, run.parameters);
        let mut state = run.first_state.to_vec();
        let steps = run.inputs.chunks_exact(run.wiring.sensory()).zip(run.elapsed);
        for ((inputs, elapsed), states) in steps.zip(states.chunks_exact_mut(state.len())) {
            neurons.step(inputs, &mut state, *elapsed);
            states.copy_from_slice(&state);
        }
    } else {
        states.par_chunks_mut(LANES * per_sequence).enumerate().for_each(|(index, states)| {
            Arch::new().dispatch(Forward { group: Group::new(run, index), states });
        });
    }
    states
}

/// Gradients for a gradient of the states, where the states are not at hand.
///
/// # Shapes
/// - d_states: `[batch, steps, units]`
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn backward(run: &Run<'_>, d_states: &[f32]) -> RunGradients {
    backward_from(run, &forward(run), d_states)
}

/// Gradients for a gradient of the states, from what [`forward`] returned: each step is run again from the state before
/// it, and then back.
///
/// # Shapes
/// - states, d_states: `[batch, steps, units]`
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn backward_from(run: &Run<'_>, states: &[f32], d_states: &[f32]) -> RunGradients {
    run.check();
    assert_eq!(states.len(), run.batch * run.steps * run.wiring.units(), "states: [batch, steps, units]");
    assert_eq!(d_states.len(), states.len(), "one gradient per state");
    let groups: Vec<GroupGradients> = (0..run.batch.div_ceil(LANES))
        .into_par_iter()
        .map(|index| Arch::new().dispatch(Backward { group: Group::new(run, index), states, d_states }))
        .collect();
    RunGradients::gather(run, &groups)
}

/// One group forward, compiled for the instruction set that is there.
struct Forward<'a> {
    group: Group<'a>,
    /// `[sequences of the group, steps, units]`
    states: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let mut tape = Tape::new(self.group.run);
        tape.seek(&self.group, 0, &[]);
        for step in 0..self.group.run.steps {
            tape.step::<S>(&self.group, step);
            self.store(step, tape.state());
            tape.advance();
        }
    }
}

impl Forward<'_> {
    fn store(&mut self, step: usize, state: &[Lanes]) {
        let per_sequence = self.group.run.steps * state.len();
        for (lane, sequence) in self.states.chunks_exact_mut(per_sequence).enumerate() {
            for (target, state) in sequence[step * state.len()..].iter_mut().zip(state) {
                *target = state.lane(lane);
            }
        }
    }
}

/// One group backward.
struct Backward<'a> {
    group: Group<'a>,
    /// `[batch, steps, units]`
    states: &'a [f32],
    /// `[batch, steps, units]`
    d_states: &'a [f32],
}

impl WithSimd for Backward<'_> {
    type Output = GroupGradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> GroupGradients {
        let mut tape = Tape::new(self.group.run);
        let mut gradients = GroupGradients::new(self.group.run);
        for step in (0..self.group.run.steps).rev() {
            tape.seek(&self.group, step, self.states);
            tape.step::<S>(&self.group, step);
            gradients.step::<S>(&self.group, &tape, step, self.d_states);
        }
        gradients
    }
}
