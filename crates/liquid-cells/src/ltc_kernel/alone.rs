//! Forward for one sequence alone: sixteen of its synapses are the lanes. The same operations on the same numbers in the
//! same order as for sixteen sequences side by side, so the states are the same to the last bit.

use super::layout::{Gates, Parameters};
use super::synapse::gate;
use super::{Layout, Run};
use crate::lanes::{LANES, Lanes, mul_add};
use crate::wiring::Synapse;
use pulp::{Simd, WithSimd};

/// A run of one sequence.
pub(super) struct Alone<'a> {
    run: &'a Run<'a>,
    parameters: Parameters<&'a [f32]>,
    /// `[units]`
    state: Vec<f32>,
    /// `[steps, units]`, to be written.
    states: &'a mut [f32],
}

impl<'a> Alone<'a> {
    /// # Panics
    /// If the run has more sequences.
    pub(super) fn new(run: &'a Run<'a>, states: &'a mut [f32]) -> Self {
        assert_eq!(run.batch, 1, "one sequence");
        let parameters = Layout::of(run.wiring).split(run.parameters);
        Self { run, parameters, state: run.first_state.to_vec(), states }
    }
}

impl WithSimd for Alone<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let (wiring, units) = (self.run.wiring, self.state.len());
        let mut sensory = Synapses::new(wiring.sensory_synapses(), &self.parameters.sensory);
        let mut synapses = Synapses::new(wiring.synapses(), &self.parameters.synapses);
        let mut sums = vec![Received::default(); units];
        let mut sensed = sums.clone();
        let steps = self.run.inputs.chunks_exact(wiring.sensory()).zip(self.run.elapsed);
        for ((inputs, elapsed), states) in steps.zip(self.states.chunks_exact_mut(units)) {
            sensed.fill(Received::default());
            sensory.add::<S>(inputs, &mut sensed);
            for _ in 0..self.run.unfolds {
                sums.copy_from_slice(&sensed);
                synapses.add::<S>(&self.state, &mut sums);
                integrate::<S>(&mut self.state, &sums, self.run, &self.parameters, *elapsed);
            }
            states.copy_from_slice(&self.state);
        }
    }
}

/// What a neuron receives through its synapses.
#[derive(Clone, Copy, Default)]
struct Received {
    /// Σ G·erev
    current: f32,
    /// Σ G
    conductance: f32,
}

/// Synapses sixteen by sixteen, and how open each is.
struct Synapses<'a> {
    synapses: &'a [Synapse],
    parameters: Vec<Gates<Lanes>>,
    /// The potential of the source, then `G`.
    open: Vec<Lanes>,
}

impl<'a> Synapses<'a> {
    fn new(synapses: &'a [Synapse], parameters: &Gates<&[f32]>) -> Self {
        let of = |all: &[f32], first: usize| Lanes::of(&all[first..synapses.len().min(first + LANES)]);
        let sixteen = |first| Gates {
            w: of(parameters.w, first),
            mu: of(parameters.mu, first),
            sigma: of(parameters.sigma, first),
            erev: of(parameters.erev, first),
        };
        let parameters: Vec<_> = (0..synapses.len()).step_by(LANES).map(sixteen).collect();
        Self { synapses, open: vec![Lanes::ZERO; parameters.len()], parameters }
    }

    /// Adds to the neurons what they receive when the sources have these potentials. In three loops: a processor fills
    /// the wait for one sigmoid with the next ones, if little else stands between them.
    #[inline(always)]
    fn add<S: Simd>(&mut self, potentials: &[f32], received: &mut [Received]) {
        for (open, synapses) in self.open.iter_mut().zip(self.synapses.chunks(LANES)) {
            for (open, synapse) in open.numbers_mut().iter_mut().zip(synapses) {
                *open = potentials[synapse.source];
            }
        }
        for (open, parameters) in self.open.iter_mut().zip(&self.parameters) {
            *open = gate::<S>(*open, parameters) * parameters.w;
        }
        for ((synapses, open), parameters) in self.synapses.chunks(LANES).zip(&self.open).zip(&self.parameters) {
            for ((synapse, open), erev) in synapses.iter().zip(open.numbers()).zip(parameters.erev.numbers()) {
                let received = &mut received[synapse.target];
                received.current = mul_add::<S>(*open, *erev, received.current);
                received.conductance += open;
            }
        }
    }
}

/// The new state of every neuron, from what it receives.
#[inline(always)]
fn integrate<S: Simd>(
    state: &mut [f32],
    received: &[Received],
    run: &Run<'_>,
    parameters: &Parameters<&[f32]>,
    elapsed: f32,
) {
    for (n, (state, received)) in state.iter_mut().zip(received).enumerate() {
        let (gleak, vleak) = (parameters.gleak[n], parameters.vleak[n]);
        let cm = parameters.cm[n] * run.unfolds as f32 / elapsed;
        let denominator = cm + gleak + received.conductance + run.epsilon;
        *state = (mul_add::<S>(cm, *state, gleak * vleak) + received.current) / denominator;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ltc_kernel::forward;
    use crate::wiring::{LANE_KEEPING_SEED, Wiring};

    #[test]
    fn a_sequence_alone_has_the_states_that_it_has_among_others_to_the_last_bit() {
        let (wiring, batch, steps) = (Wiring::lane_keeping(LANE_KEEPING_SEED), 3, 5);
        // Multiples of the golden section fill 0 to 1 evenly but out of order.
        let spread = |count: usize| (0..count).map(|i| 0.1 + (i as f32 * 0.618_034).fract()).collect::<Vec<f32>>();
        let (sensory, units) = (wiring.sensory(), wiring.units());
        let parameters = spread(Layout::of(&wiring).parameters());
        let (inputs, first_state, elapsed) =
            (spread(batch * steps * sensory), spread(batch * units), spread(batch * steps));
        let run = Run {
            wiring: &wiring,
            unfolds: 6,
            epsilon: 1e-8,
            batch,
            steps,
            inputs: &inputs,
            first_state: &first_state,
            elapsed: &elapsed,
            parameters: &parameters,
        };
        let among_others = forward(&run);
        let last = Run {
            batch: 1,
            inputs: &inputs[2 * steps * sensory..],
            first_state: &first_state[2 * units..],
            elapsed: &elapsed[2 * steps..],
            ..run
        };
        assert_eq!(forward(&last), among_others[2 * steps * units..]);
    }
}
