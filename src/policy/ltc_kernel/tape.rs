//! Forward: one group of sequences through the unfolds of a step, and the record of it that backward reads.

use super::lanes::{LANES, Lanes, transpose_in};
use super::layout::Parameters;
use super::synapse::{Sums, gate};
use super::{Layout, Run};

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
        let first = index * LANES;
        Self {
            run,
            parameters: Layout::of(run.wiring).split(run.parameters),
            first,
            elapsed: transpose_in(run.elapsed, run.steps, first, run.batch),
            inputs: transpose_in(run.inputs, run.steps * run.wiring.sensory(), first, run.batch),
        }
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

/// What the unfolds of a group went through, in order, and their working memory.
pub(super) struct Tape {
    /// The first state, then the state after each unfold: `[1 + unfolds, units]`.
    states: Vec<Lanes>,
    /// Sigmoid of each synapse: `[unfolds, synapses]`.
    gates: Vec<Lanes>,
    /// Denominators: `[unfolds, units]`.
    denominators: Vec<Lanes>,
    /// Sigmoid of each sensory synapse: `[steps, sensory synapses]`.
    sensory_gates: Vec<Lanes>,
    /// Of the step at hand: `[units]`.
    capacitances: Vec<Lanes>,
    /// Of the step at hand, over the sensory synapses: `[units]`.
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
    /// An empty tape with room for some steps.
    pub(super) fn new(run: &Run<'_>, steps: usize) -> Self {
        let (wiring, unfolds) = (run.wiring, steps * run.unfolds);
        let units = wiring.units();
        Self {
            states: Vec::with_capacity((1 + unfolds) * units),
            gates: Vec::with_capacity(unfolds * wiring.synapses().len()),
            denominators: Vec::with_capacity(unfolds * units),
            sensory_gates: Vec::with_capacity(steps * wiring.sensory_synapses().len()),
            capacitances: vec![Lanes::ZERO; units],
            sensory_sums: vec![Sums::ZERO; units],
            sums: vec![Sums::ZERO; units],
        }
    }

    /// Puts the first state of a group on the empty tape.
    pub(super) fn start(&mut self, group: &Group<'_>) {
        self.states.extend(transpose_in(group.run.first_state, self.sums.len(), group.first, group.run.batch));
    }

    /// The state now.
    pub(super) fn state(&self) -> &[Lanes] {
        &self.states[self.states.len() - self.sums.len()..]
    }

    /// Forgets everything but the state now.
    pub(super) fn forget_past(&mut self) {
        self.states.drain(..self.states.len() - self.sums.len());
        self.gates.clear();
        self.denominators.clear();
        self.sensory_gates.clear();
    }

    /// Unfold number `at`, counted over all steps.
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

    /// Sigmoid of each sensory synapse in a step.
    pub(super) fn sensory_gates(&self, group: &Group<'_>, step: usize) -> &[Lanes] {
        let synapses = group.run.wiring.sensory_synapses().len();
        &self.sensory_gates[step * synapses..(step + 1) * synapses]
    }

    /// One step.
    #[inline(always)]
    pub(super) fn step(&mut self, group: &Group<'_>, step: usize) {
        group.capacitances(step, &mut self.capacitances);
        self.sense(group, step);
        for _ in 0..group.run.unfolds {
            self.interact(group);
            self.integrate(group);
        }
    }

    /// Sums over the sensory synapses.
    #[inline(always)]
    fn sense(&mut self, group: &Group<'_>, step: usize) {
        let inputs = group.inputs(step);
        self.sensory_sums.fill(Sums::ZERO);
        for (k, synapse) in group.run.wiring.sensory_synapses().iter().enumerate() {
            let parameters = group.parameters.sensory.at(k);
            let gate = gate(inputs[synapse.source], &parameters);
            self.sensory_sums[synapse.target].add(gate, &parameters);
            self.sensory_gates.push(gate);
        }
    }

    /// Sums over all synapses, at the state now.
    #[inline(always)]
    fn interact(&mut self, group: &Group<'_>) {
        self.sums.copy_from_slice(&self.sensory_sums);
        let state = &self.states[self.states.len() - self.sums.len()..];
        for (k, synapse) in group.run.wiring.synapses().iter().enumerate() {
            let parameters = group.parameters.synapses.at(k);
            let gate = gate(state[synapse.source], &parameters);
            self.sums[synapse.target].add(gate, &parameters);
            self.gates.push(gate);
        }
    }

    /// The new state of every neuron, from its sums.
    #[inline(always)]
    fn integrate(&mut self, group: &Group<'_>) {
        let old = self.states.len() - self.sums.len();
        for (n, (sums, cm)) in self.sums.iter().zip(&self.capacitances).enumerate() {
            let (gleak, vleak) = (group.parameters.gleak[n], group.parameters.vleak[n]);
            let denominator = *cm + gleak + sums.conductance + group.run.epsilon;
            let state = (*cm * self.states[old + n] + gleak * vleak + sums.current) / denominator;
            self.denominators.push(denominator);
            self.states.push(state);
        }
    }
}
