//! Forward: one group of sequences through the unfolds of a step, and the record of it that backward reads.

use super::layout::{Gates, Parameters};
use super::synapse::{Sums, gate};
use super::{Layout, Run};
use crate::lanes::{LANES, Lanes, transpose_in};
use crate::wiring::Synapse;
use pulp::Simd;

/// What is given of up to sixteen sequences of a batch.
pub(super) struct Group<'a> {
    /// The run it is a part of.
    pub(super) run: &'a Run<'a>,
    /// The run's parameters, by name.
    pub(super) parameters: Parameters<&'a [f32]>,
    /// Its first sequence.
    pub(super) first: usize,
    /// Length of each step: `[steps]`.
    pub(super) elapsed: Vec<Lanes>,
    /// `[steps, sensory]`
    inputs: Vec<Lanes>,
}

impl<'a> Group<'a> {
    /// Group number `index` of a run.
    pub(super) fn new(run: &'a Run<'a>, index: usize) -> Self {
        let (first, per_sequence) = (index * LANES, run.steps * run.wiring.sensory());
        let (mut elapsed, mut inputs) = (vec![Lanes::ZERO; run.steps], vec![Lanes::ZERO; per_sequence]);
        transpose_in(run.elapsed, run.steps, first, 0, &mut elapsed);
        transpose_in(run.inputs, per_sequence, first, 0, &mut inputs);
        Self { run, parameters: Layout::of(run.wiring).split(run.parameters), first, elapsed, inputs }
    }

    /// Inputs of one step.
    pub(super) fn inputs(&self, step: usize) -> &[Lanes] {
        let sensory = self.run.wiring.sensory();
        &self.inputs[step * sensory..(step + 1) * sensory]
    }

    /// `cm · unfolds / elapsed` of each neuron: the same in all unfolds of a step.
    #[inline(always)]
    pub(super) fn capacitances(&self, step: usize, capacitances: &mut [Lanes]) {
        for (capacitance, cm) in capacitances.iter_mut().zip(self.parameters.cm) {
            *capacitance = Lanes::from(cm * self.run.unfolds as f32) / self.elapsed[step];
        }
    }
}

/// What a group went through in the step at hand, and working memory. It stays in the processor's cache, which a record
/// of all steps would not.
pub(super) struct Tape {
    /// The state before the step, then after each unfold: `[1 + unfolds, units]`.
    states: Vec<Lanes>,
    /// Sigmoid of each synapse: `[unfolds, synapses]`.
    gates: Vec<Lanes>,
    /// Denominators: `[unfolds, units]`.
    denominators: Vec<Lanes>,
    /// Sigmoid of each sensory synapse.
    sensory_gates: Vec<Lanes>,
    /// `[units]`
    capacitances: Vec<Lanes>,
    /// Over the sensory synapses: `[units]`.
    sensory_sums: Vec<Sums>,
    /// Of the unfold at hand, over all synapses: `[units]`.
    sums: Vec<Sums>,
}

/// One unfold on the tape.
pub(super) struct Unfold<'a> {
    /// State before it.
    pub(super) old: &'a [Lanes],
    /// State after it.
    pub(super) new: &'a [Lanes],
    /// Sigmoid of each synapse.
    pub(super) gates: &'a [Lanes],
    /// Denominator of each neuron.
    pub(super) denominators: &'a [Lanes],
}

impl Tape {
    /// A tape for a step.
    pub(super) fn new(run: &Run<'_>) -> Self {
        let (wiring, unfolds) = (run.wiring, run.unfolds);
        let units = wiring.units();
        Self {
            states: vec![Lanes::ZERO; (1 + unfolds) * units],
            gates: vec![Lanes::ZERO; unfolds * wiring.synapses().len()],
            denominators: vec![Lanes::ZERO; unfolds * units],
            sensory_gates: vec![Lanes::ZERO; wiring.sensory_synapses().len()],
            capacitances: vec![Lanes::ZERO; units],
            sensory_sums: vec![Sums::ZERO; units],
            sums: vec![Sums::ZERO; units],
        }
    }

    /// Puts the state before a step on the tape, from the states after all steps: `[batch, steps, units]`.
    pub(super) fn seek(&mut self, group: &Group<'_>, step: usize, states: &[f32]) {
        let (units, steps, first) = (self.sums.len(), group.run.steps, group.first);
        match step {
            0 => transpose_in(group.run.first_state, units, first, 0, &mut self.states[..units]),
            _ => transpose_in(states, steps * units, first, (step - 1) * units, &mut self.states[..units]),
        }
    }

    /// Makes the state after the step the state before the next one.
    pub(super) fn advance(&mut self) {
        let last = self.states.len() - self.sums.len();
        self.states.copy_within(last.., 0);
    }

    /// The state after the step.
    pub(super) fn state(&self) -> &[Lanes] {
        &self.states[self.states.len() - self.sums.len()..]
    }

    /// Unfold number `at` of the step.
    pub(super) fn unfold(&self, group: &Group<'_>, at: usize) -> Unfold<'_> {
        let (units, synapses) = (self.sums.len(), group.run.wiring.synapses().len());
        let (old, new) = self.states[at * units..(at + 2) * units].split_at(units);
        Unfold {
            old,
            new,
            gates: &self.gates[at * synapses..(at + 1) * synapses],
            denominators: &self.denominators[at * units..(at + 1) * units],
        }
    }

    /// Sigmoid of each sensory synapse in the step.
    pub(super) fn sensory_gates(&self) -> &[Lanes] {
        &self.sensory_gates
    }

    /// One step, from the state before it.
    #[inline(always)]
    pub(super) fn step<S: Simd>(&mut self, group: &Group<'_>, step: usize) {
        let (wiring, parameters, units) = (group.run.wiring, &group.parameters, self.sums.len());
        group.capacitances(step, &mut self.capacitances);
        self.sensory_sums.fill(Sums::ZERO);
        let sensory = wiring.sensory_synapses();
        add::<S>(sensory, &parameters.sensory, group.inputs(step), &mut self.sensory_gates, &mut self.sensory_sums);
        for unfold in 0..group.run.unfolds {
            self.sums.copy_from_slice(&self.sensory_sums);
            let (synapses, state) = (wiring.synapses(), &self.states[unfold * units..(unfold + 1) * units]);
            let gates = &mut self.gates[unfold * synapses.len()..(unfold + 1) * synapses.len()];
            add::<S>(synapses, &parameters.synapses, state, gates, &mut self.sums);
            self.integrate::<S>(group, unfold);
        }
    }

    /// The new state of every neuron, from its sums.
    #[inline(always)]
    fn integrate<S: Simd>(&mut self, group: &Group<'_>, unfold: usize) {
        let units = self.sums.len();
        let (old, new) = self.states[unfold * units..(unfold + 2) * units].split_at_mut(units);
        let denominators = &mut self.denominators[unfold * units..(unfold + 1) * units];
        for (n, (sums, cm)) in self.sums.iter().zip(&self.capacitances).enumerate() {
            let (gleak, vleak) = (group.parameters.gleak[n], group.parameters.vleak[n]);
            denominators[n] = *cm + gleak + sums.conductance + group.run.epsilon;
            new[n] = (cm.mul_add::<S>(old[n], gleak * vleak) + sums.current) / denominators[n];
        }
    }
}

/// Adds to the sums of the neurons what they receive through synapses from these potentials, and records the gates.
#[inline(always)]
fn add<S: Simd>(
    synapses: &[Synapse],
    parameters: &Gates<&[f32]>,
    potentials: &[Lanes],
    gates: &mut [Lanes],
    sums: &mut [Sums],
) {
    for (k, (synapse, recorded)) in synapses.iter().zip(gates).enumerate() {
        let parameters = parameters.at(k);
        let gate = gate::<S>(potentials[synapse.source], &parameters);
        sums[synapse.target].add::<S>(gate, &parameters);
        *recorded = gate;
    }
}
