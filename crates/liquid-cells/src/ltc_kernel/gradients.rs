//! Backward: gradients of one group of sequences, from the last unfold to the first, and of all groups together.

use super::synapse::Sums;
use super::tape::{Group, Tape, Unfold};
use super::{Layout, Run};
use crate::lanes::{LANES, Lanes, transpose_out};
use pulp::Simd;

/// Gradients of a [`Run`], each of the shape of what it is the gradient of.
#[derive(Debug)]
pub struct RunGradients {
    /// `[batch, steps, sensory]`
    pub inputs: Vec<f32>,
    /// `[batch, units]`
    pub first_state: Vec<f32>,
    /// `[batch, steps]`
    pub elapsed: Vec<f32>,
    /// As [`Layout`] says.
    pub parameters: Vec<f32>,
}

impl RunGradients {
    /// Puts the groups' gradients together, in order.
    pub(super) fn gather(run: &Run<'_>, groups: &[GroupGradients]) -> Self {
        let (sensory, units) = (run.wiring.sensory(), run.wiring.units());
        let mut all = Self {
            inputs: vec![0.0; run.inputs.len()],
            first_state: vec![0.0; run.first_state.len()],
            elapsed: vec![0.0; run.elapsed.len()],
            parameters: vec![0.0; run.parameters.len()],
        };
        for (group, gradients) in groups.iter().enumerate() {
            let first = group * LANES;
            let lanes = LANES.min(run.batch - first);
            transpose_out(&gradients.inputs, lanes, &mut all.inputs[first * run.steps * sensory..]);
            transpose_out(&gradients.state, lanes, &mut all.first_state[first * units..]);
            transpose_out(&gradients.elapsed, lanes, &mut all.elapsed[first * run.steps..]);
            for (sum, lanes) in all.parameters.iter_mut().zip(&gradients.parameters) {
                *sum += lanes.sum();
            }
        }
        all
    }
}

/// Gradients of one group.
pub(super) struct GroupGradients {
    layout: Layout,
    /// `[steps, sensory]`
    inputs: Vec<Lanes>,
    /// Of the state that backward has come to; at the end, of the first state: `[units]`.
    state: Vec<Lanes>,
    /// `[steps]`
    elapsed: Vec<Lanes>,
    /// As the layout says.
    parameters: Vec<Lanes>,
    /// Of the step at hand: `cm · unfolds / elapsed`, `[units]`.
    capacitances: Vec<Lanes>,
    /// Of the sums of the step at hand over the sensory synapses: `[units]`.
    sensory_sums: Vec<Sums>,
    /// Of the sums of the unfold at hand over all synapses: `[units]`.
    sums: Vec<Sums>,
}

impl GroupGradients {
    /// Before the last step.
    pub(super) fn new(run: &Run<'_>) -> Self {
        let units = run.wiring.units();
        Self {
            layout: Layout::of(run.wiring),
            inputs: vec![Lanes::ZERO; run.inputs.len() / run.batch],
            state: vec![Lanes::ZERO; units],
            elapsed: vec![Lanes::ZERO; run.steps],
            parameters: vec![Lanes::ZERO; run.parameters.len()],
            capacitances: vec![Lanes::ZERO; units],
            sensory_sums: vec![Sums::ZERO; units],
            sums: vec![Sums::ZERO; units],
        }
    }

    /// From the end of a step to its beginning.
    #[inline(always)]
    pub(super) fn step<S: Simd>(&mut self, group: &Group<'_>, tape: &Tape, step: usize, d_states: &[f32]) {
        self.add_to_state(group, step, d_states);
        group.capacitances(step, &mut self.capacitances);
        self.sensory_sums.fill(Sums::ZERO);
        for unfold in (0..group.run.unfolds).rev() {
            let unfold = tape.unfold(group, unfold);
            self.integrate(group, &unfold, step);
            self.interact::<S>(group, &unfold);
        }
        self.sense::<S>(group, tape.sensory_gates(), step);
    }

    /// The loss saw the state after the step, too.
    #[inline(always)]
    fn add_to_state(&mut self, group: &Group<'_>, step: usize, d_states: &[f32]) {
        let (units, steps) = (self.state.len(), group.run.steps);
        let sequences = &d_states[group.first * steps * units..];
        for (n, d_state) in self.state.iter_mut().enumerate() {
            d_state.add_each(sequences.chunks_exact(steps * units).map(|sequence| sequence[step * units + n]));
        }
    }

    /// Through the new state of every neuron to its sums, its old state and its parameters.
    #[inline(always)]
    fn integrate(&mut self, group: &Group<'_>, unfold: &Unfold<'_>, step: usize) {
        let (elapsed, unfolds) = (group.elapsed[step], group.run.unfolds as f32);
        let d_parameters = self.layout.split(&mut self.parameters[..]);
        let mut d_elapsed = self.elapsed[step];
        for n in 0..self.state.len() {
            let cm = self.capacitances[n];
            let d_numerator = self.state[n] / unfold.denominators[n];
            let d_denominator = -d_numerator * unfold.new[n];
            let d_cm = d_numerator * unfold.old[n] + d_denominator;
            self.state[n] = d_numerator * cm;
            d_elapsed = d_elapsed - d_cm * cm / elapsed;
            d_parameters.cm[n] += d_cm * unfolds / elapsed;
            d_parameters.gleak[n] += d_numerator * group.parameters.vleak[n] + d_denominator;
            d_parameters.vleak[n] += d_numerator * group.parameters.gleak[n];
            self.sums[n] = Sums { current: d_numerator, conductance: d_denominator };
            self.sensory_sums[n].current += d_numerator;
            self.sensory_sums[n].conductance += d_denominator;
        }
        self.elapsed[step] = d_elapsed;
    }

    /// Through the sums over the synapses between neurons.
    #[inline(always)]
    fn interact<S: Simd>(&mut self, group: &Group<'_>, unfold: &Unfold<'_>) {
        let mut d_synapses = self.layout.split(&mut self.parameters[..]).synapses;
        for (k, synapse) in group.run.wiring.synapses().iter().enumerate() {
            let (parameters, operands) =
                (group.parameters.synapses.at(k), [unfold.old[synapse.source], unfold.gates[k]]);
            self.state[synapse.source] +=
                d_synapses.add_gradients::<S>(k, &parameters, operands, &self.sums[synapse.target]);
        }
    }

    /// Through the sums over the sensory synapses, once for all unfolds of a step.
    #[inline(always)]
    fn sense<S: Simd>(&mut self, group: &Group<'_>, gates: &[Lanes], step: usize) {
        let inputs = group.inputs(step);
        let d_inputs = &mut self.inputs[step * inputs.len()..(step + 1) * inputs.len()];
        let mut d_sensory = self.layout.split(&mut self.parameters[..]).sensory;
        for (k, synapse) in group.run.wiring.sensory_synapses().iter().enumerate() {
            let (parameters, operands) = (group.parameters.sensory.at(k), [inputs[synapse.source], gates[k]]);
            d_inputs[synapse.source] +=
                d_sensory.add_gradients::<S>(k, &parameters, operands, &self.sensory_sums[synapse.target]);
        }
    }
}
