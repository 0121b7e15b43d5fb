//! Forward for one sequence alone: sixteen of its synapses are the lanes. The same operations on the same numbers in the
//! same order as for sixteen sequences side by side, so the states are the same to the last bit.

use super::Layout;
use super::layout::Gates;
use super::synapse::gate;
use crate::lanes::{LANES, Lanes, mul_add};
use crate::wiring::{Synapse, Wiring};
use pulp::{Arch, Simd, WithSimd};

/// The neurons of one sequence, ready for one step after the other.
#[derive(Clone, Debug)]
pub(crate) struct Alone {
    unfolds: usize,
    epsilon: f32,
    /// Leak conductance of each neuron.
    gleak: Vec<f32>,
    /// Leak potential of each neuron.
    vleak: Vec<f32>,
    /// Membrane capacitance of each neuron.
    cm: Vec<f32>,
    sensory: Synapses,
    synapses: Synapses,
    /// What each neuron receives from the inputs, and from inputs and neurons.
    sensed: Vec<Received>,
    received: Vec<Received>,
}

impl Alone {
    /// # Panics
    /// If the parameters are not as [`Layout`] says.
    pub(crate) fn new(wiring: &Wiring, unfolds: usize, epsilon: f32, parameters: &[f32]) -> Self {
        let layout = Layout::of(wiring);
        assert_eq!(parameters.len(), layout.parameters(), "parameters: as Layout says");
        let parameters = layout.split(parameters);
        let nothing = vec![Received::default(); wiring.units()];
        Self {
            unfolds,
            epsilon,
            gleak: parameters.gleak.to_vec(),
            vleak: parameters.vleak.to_vec(),
            cm: parameters.cm.to_vec(),
            sensory: Synapses::new(wiring.sensory_synapses(), &parameters.sensory),
            synapses: Synapses::new(wiring.synapses(), &parameters.synapses),
            sensed: nothing.clone(),
            received: nothing,
        }
    }

    /// One step of a state `[units]`, from inputs `[sensory]` after the input mapping.
    pub(crate) fn step(&mut self, inputs: &[f32], state: &mut [f32], elapsed: f32) {
        Arch::new().dispatch(Step { neurons: self, inputs, state, elapsed });
    }
}

struct Step<'a> {
    neurons: &'a mut Alone,
    inputs: &'a [f32],
    state: &'a mut [f32],
    elapsed: f32,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { neurons, inputs, state, elapsed } = self;
        neurons.sensed.fill(Received::default());
        neurons.sensory.add::<S>(inputs, &mut neurons.sensed);
        for _ in 0..neurons.unfolds {
            neurons.received.copy_from_slice(&neurons.sensed);
            neurons.synapses.add::<S>(state, &mut neurons.received);
            neurons.integrate::<S>(state, elapsed);
        }
    }
}

/// What a neuron receives through its synapses.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    /// Σ G·erev
    current: f32,
    /// Σ G
    conductance: f32,
}

/// Synapses sixteen by sixteen, and how open each is.
#[derive(Clone, Debug)]
struct Synapses {
    synapses: Vec<Synapse>,
    parameters: Vec<Gates<Lanes>>,
    /// The potential of the source, then `G`.
    open: Vec<Lanes>,
}

impl Synapses {
    fn new(synapses: &[Synapse], parameters: &Gates<&[f32]>) -> Self {
        let of = |all: &[f32], first: usize| Lanes::of(&all[first..synapses.len().min(first + LANES)]);
        let sixteen = |first| Gates {
            w: of(parameters.w, first),
            mu: of(parameters.mu, first),
            sigma: of(parameters.sigma, first),
            erev: of(parameters.erev, first),
        };
        let parameters: Vec<_> = (0..synapses.len()).step_by(LANES).map(sixteen).collect();
        Self { open: vec![Lanes::ZERO; parameters.len()], synapses: synapses.to_vec(), parameters }
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

impl Alone {
    /// The new state of every neuron, from what it receives.
    #[inline(always)]
    fn integrate<S: Simd>(&self, state: &mut [f32], elapsed: f32) {
        for (n, (state, received)) in state.iter_mut().zip(&self.received).enumerate() {
            let (gleak, vleak) = (self.gleak[n], self.vleak[n]);
            let cm = self.cm[n] * self.unfolds as f32 / elapsed;
            let denominator = cm + gleak + received.conductance + self.epsilon;
            *state = (mul_add::<S>(cm, *state, gleak * vleak) + received.current) / denominator;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ltc_kernel::{Run, forward};
    use crate::wiring::LANE_KEEPING_SEED;

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
