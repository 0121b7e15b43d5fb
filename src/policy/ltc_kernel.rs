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
//! Sixteen sequences of a batch are the SIMD lanes, so neither pass ever gathers.

use super::wiring::Wiring;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Sequences computed side by side: the widest register in f32, and two or four of the narrower ones.
const LANES: usize = 16;

/// Keeps the denominator from 0, as in ncps.
const EPSILON: f32 = 1e-8;

/// One number per sequence.
type Lanes = [f32; LANES];

/// Where each parameter lies in the flat parameter vector of a wiring: `w, mu, sigma, erev` per sensory synapse, the same
/// per synapse, then `gleak, vleak, cm` per neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    sensory: usize,
    synapses: usize,
    units: usize,
}

impl Layout {
    /// The layout for a wiring.
    pub fn of(wiring: &Wiring) -> Self {
        Self { sensory: wiring.sensory_synapses().len(), synapses: wiring.synapses().len(), units: wiring.units() }
    }

    /// Numbers in the parameter vector.
    pub fn len(&self) -> usize {
        4 * (self.sensory + self.synapses) + 3 * self.units
    }

    /// Whether there is nothing to hold; never so for a valid wiring.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn split<'a, T>(&self, parameters: &'a [T]) -> Parameters<'a, T> {
        let (sensory, rest) = parameters.split_at(4 * self.sensory);
        let (synapses, rest) = rest.split_at(4 * self.synapses);
        let (gleak, rest) = rest.split_at(self.units);
        let (vleak, cm) = rest.split_at(self.units);
        Parameters {
            sensory: Gates::split(sensory, self.sensory),
            synapses: Gates::split(synapses, self.synapses),
            gleak,
            vleak,
            cm,
        }
    }

    fn split_mut<'a, T>(&self, parameters: &'a mut [T]) -> ParametersMut<'a, T> {
        let (sensory, rest) = parameters.split_at_mut(4 * self.sensory);
        let (synapses, rest) = rest.split_at_mut(4 * self.synapses);
        let (gleak, rest) = rest.split_at_mut(self.units);
        let (vleak, cm) = rest.split_at_mut(self.units);
        ParametersMut {
            sensory: GatesMut::split(sensory, self.sensory),
            synapses: GatesMut::split(synapses, self.synapses),
            gleak,
            vleak,
            cm,
        }
    }
}

struct Gates<'a, T> {
    w: &'a [T],
    mu: &'a [T],
    sigma: &'a [T],
    erev: &'a [T],
}

impl<'a, T> Gates<'a, T> {
    fn split(all: &'a [T], synapses: usize) -> Self {
        let (w, rest) = all.split_at(synapses);
        let (mu, rest) = rest.split_at(synapses);
        let (sigma, erev) = rest.split_at(synapses);
        Self { w, mu, sigma, erev }
    }
}

struct GatesMut<'a, T> {
    w: &'a mut [T],
    mu: &'a mut [T],
    sigma: &'a mut [T],
    erev: &'a mut [T],
}

impl<'a, T> GatesMut<'a, T> {
    fn split(all: &'a mut [T], synapses: usize) -> Self {
        let (w, rest) = all.split_at_mut(synapses);
        let (mu, rest) = rest.split_at_mut(synapses);
        let (sigma, erev) = rest.split_at_mut(synapses);
        Self { w, mu, sigma, erev }
    }
}

struct Parameters<'a, T> {
    sensory: Gates<'a, T>,
    synapses: Gates<'a, T>,
    gleak: &'a [T],
    vleak: &'a [T],
    cm: &'a [T],
}

struct ParametersMut<'a, T> {
    sensory: GatesMut<'a, T>,
    synapses: GatesMut<'a, T>,
    gleak: &'a mut [T],
    vleak: &'a mut [T],
    cm: &'a mut [T],
}

/// A batch of sequences to run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Which neuron talks to which.
    pub wiring: &'a Wiring,
    /// Parts of one step; six per frame in ncps.
    pub unfolds: usize,
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

/// The state after each step: `[batch, steps, units]`.
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn forward(run: &Run<'_>) -> Vec<f32> {
    run.check();
    let per_sequence = run.steps * run.wiring.units();
    let mut states = vec![0.0; run.batch * per_sequence];
    states.par_chunks_mut(LANES * per_sequence).enumerate().for_each(|(group, states)| {
        Arch::new().dispatch(Forward { run, tape: Tape::new(run, group, 1), states });
    });
    states
}

/// Gradients for a gradient of the states. Runs forward again to have every intermediate state at hand.
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn backward(run: &Run<'_>, d_states: &[f32]) -> RunGradients {
    run.check();
    assert_eq!(d_states.len(), run.batch * run.steps * run.wiring.units(), "one gradient per state");
    let groups: Vec<GroupGradients> = (0..run.batch.div_ceil(LANES))
        .into_par_iter()
        .map(|group| {
            let tape = Tape::new(run, group, run.steps);
            Arch::new().dispatch(Backward { run, tape, group, d_states, gradients: GroupGradients::new(run) })
        })
        .collect();
    gather(run, &groups)
}

/// One group forward, compiled for the instruction set that is there.
struct Forward<'a> {
    run: &'a Run<'a>,
    tape: Tape,
    states: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        for step in 0..self.run.steps {
            self.tape.forward_step(self.run, step, 0);
            self.tape.store_state(self.run, step, self.states);
        }
    }
}

/// One group forward and back.
struct Backward<'a> {
    run: &'a Run<'a>,
    tape: Tape,
    group: usize,
    d_states: &'a [f32],
    gradients: GroupGradients,
}

impl WithSimd for Backward<'_> {
    type Output = GroupGradients;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> GroupGradients {
        for step in 0..self.run.steps {
            self.tape.forward_step(self.run, step, step);
        }
        for step in (0..self.run.steps).rev() {
            self.tape.backward_step(self.run, step, self.group, self.d_states, &mut self.gradients);
        }
        self.gradients
    }
}

/// Puts the groups' gradients together, in order.
fn gather(run: &Run<'_>, groups: &[GroupGradients]) -> RunGradients {
    let (sensory, units) = (run.wiring.shape().sensory, run.wiring.units());
    let mut all = RunGradients {
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
            *sum += lanes.iter().sum::<f32>();
        }
    }
    all
}

impl Run<'_> {
    fn check(&self) {
        let (sensory, units) = (self.wiring.shape().sensory, self.wiring.units());
        assert!(self.unfolds > 0, "a step has at least one part");
        assert_eq!(self.inputs.len(), self.batch * self.steps * sensory, "inputs: [batch, steps, sensory]");
        assert_eq!(self.first_state.len(), self.batch * units, "first state: [batch, units]");
        assert_eq!(self.elapsed.len(), self.batch * self.steps, "elapsed: [batch, steps]");
        assert_eq!(self.parameters.len(), Layout::of(self.wiring).len(), "parameters: as Layout says");
    }
}

/// `rows[row][lane]` from `flat[(first + lane) * rows.len() + row]`; unused lanes repeat the last sequence, which keeps
/// their arithmetic finite.
fn transpose_in(flat: &[f32], rows: usize, first: usize, batch: usize) -> Vec<Lanes> {
    (0..rows).map(|row| std::array::from_fn(|lane| flat[(first + lane).min(batch - 1) * rows + row])).collect()
}

fn transpose_out(rows: &[Lanes], lanes: usize, flat: &mut [f32]) {
    for lane in 0..lanes {
        for (target, row) in flat[lane * rows.len()..(lane + 1) * rows.len()].iter_mut().zip(rows) {
            *target = row[lane];
        }
    }
}

/// All numbers of one group of sequences. Forward alone keeps one step, backward keeps them all.
struct Tape {
    /// `[steps · sensory]`
    inputs: Vec<Lanes>,
    /// `[steps]`
    elapsed: Vec<Lanes>,
    /// State now: `[units]`.
    state: Vec<Lanes>,
    /// State before each unfold: `[kept, unfolds + 1, units]`; the last is the state after the step.
    states: Vec<Lanes>,
    /// Sigmoid of each synapse in each unfold: `[kept, unfolds, synapses]`.
    gates: Vec<Lanes>,
    /// Sigmoid of each sensory synapse: `[kept, sensory synapses]`.
    sensory_gates: Vec<Lanes>,
    /// Denominator of each unfold: `[kept, unfolds, units]`.
    denominators: Vec<Lanes>,
    /// Sums over sensory synapses: current and conductance, `[2, units]`.
    sensory_sums: Vec<Lanes>,
    /// Sums of one unfold: numerator and denominator, `[2, units]`.
    sums: Vec<Lanes>,
}

const ZERO: Lanes = [0.0; LANES];

impl Tape {
    fn new(run: &Run<'_>, group: usize, kept: usize) -> Self {
        let layout = Layout::of(run.wiring);
        let first = group * LANES;
        Self {
            inputs: transpose_in(run.inputs, run.steps * run.wiring.shape().sensory, first, run.batch),
            elapsed: transpose_in(run.elapsed, run.steps, first, run.batch),
            state: transpose_in(run.first_state, layout.units, first, run.batch),
            states: vec![ZERO; kept * (run.unfolds + 1) * layout.units],
            gates: vec![ZERO; kept * run.unfolds * layout.synapses],
            sensory_gates: vec![ZERO; kept * layout.sensory],
            denominators: vec![ZERO; kept * run.unfolds * layout.units],
            sensory_sums: vec![ZERO; 2 * layout.units],
            sums: vec![ZERO; 2 * layout.units],
        }
    }

    fn store_state(&self, run: &Run<'_>, step: usize, states: &mut [f32]) {
        let (units, per_sequence) = (run.wiring.units(), run.steps * run.wiring.units());
        for (lane, sequence) in states.chunks_exact_mut(per_sequence).enumerate() {
            for (target, state) in sequence[step * units..(step + 1) * units].iter_mut().zip(&self.state) {
                *target = state[lane];
            }
        }
    }

    #[inline(always)]
    fn forward_step(&mut self, run: &Run<'_>, step: usize, kept: usize) {
        let layout = Layout::of(run.wiring);
        let parameters = layout.split(run.parameters);
        let (units, unfolds) = (layout.units, run.unfolds);
        let sensory = run.wiring.shape().sensory;
        self.sensory_sums.fill(ZERO);
        let (current, conductance) = self.sensory_sums.split_at_mut(units);
        let inputs = &self.inputs[step * sensory..(step + 1) * sensory];
        let gates = &mut self.sensory_gates[kept * layout.sensory..(kept + 1) * layout.sensory];
        for (k, synapse) in run.wiring.sensory_synapses().iter().enumerate() {
            let gate = gate(&inputs[synapse.source], &parameters.sensory, k);
            gates[k] = gate;
            add_synapse(&mut current[synapse.target], &mut conductance[synapse.target], &gate, &parameters.sensory, k);
        }
        for unfold in 0..unfolds {
            let at = kept * (unfolds + 1) + unfold;
            self.states[at * units..(at + 1) * units].copy_from_slice(&self.state);
            self.unfold(run, &parameters, step, kept * unfolds + unfold);
        }
        let after = (kept * (unfolds + 1) + unfolds) * units;
        self.states[after..after + units].copy_from_slice(&self.state);
    }

    /// One part of a step: the new state of every neuron from the old state of all.
    #[inline(always)]
    fn unfold(&mut self, run: &Run<'_>, parameters: &Parameters<'_, f32>, step: usize, at: usize) {
        let layout = Layout::of(run.wiring);
        let units = layout.units;
        self.sums.copy_from_slice(&self.sensory_sums);
        let (numerator, denominator) = self.sums.split_at_mut(units);
        let gates = &mut self.gates[at * layout.synapses..(at + 1) * layout.synapses];
        for (k, synapse) in run.wiring.synapses().iter().enumerate() {
            let gate = gate(&self.state[synapse.source], &parameters.synapses, k);
            gates[k] = gate;
            let (target, synapses) = (synapse.target, &parameters.synapses);
            add_synapse(&mut numerator[target], &mut denominator[target], &gate, synapses, k);
        }
        let elapsed = &self.elapsed[step];
        let kept = &mut self.denominators[at * units..(at + 1) * units];
        for n in 0..units {
            let (gleak, pull) = (parameters.gleak[n], parameters.gleak[n] * parameters.vleak[n]);
            let capacitance = parameters.cm[n] * run.unfolds as f32;
            for lane in 0..LANES {
                let cm = capacitance / elapsed[lane];
                let below = cm + gleak + denominator[n][lane] + EPSILON;
                self.state[n][lane] = (cm * self.state[n][lane] + pull + numerator[n][lane]) / below;
                kept[n][lane] = below;
            }
        }
    }

    #[inline(always)]
    fn backward_step(
        &mut self,
        run: &Run<'_>,
        step: usize,
        group: usize,
        d_states: &[f32],
        gradients: &mut GroupGradients,
    ) {
        let layout = Layout::of(run.wiring);
        let (units, unfolds) = (layout.units, run.unfolds);
        for (n, d_state) in gradients.state.iter_mut().enumerate() {
            for (lane, d_state) in d_state.iter_mut().enumerate() {
                let sequence = group * LANES + lane;
                if sequence < run.batch {
                    *d_state += d_states[(sequence * run.steps + step) * units + n];
                }
            }
        }
        // From here on: gradient of the sums over sensory synapses, numerator and denominator.
        self.sensory_sums.fill(ZERO);
        for unfold in (0..unfolds).rev() {
            self.unfold_backward(run, step, unfold, gradients);
        }
        let parameters = layout.split(run.parameters);
        let mut d_parameters = layout.split_mut(&mut gradients.parameters);
        let sensory = run.wiring.shape().sensory;
        let inputs = step * sensory..(step + 1) * sensory;
        let (inputs, d_inputs) = (&self.inputs[inputs.clone()], &mut gradients.inputs[inputs]);
        let gates = &self.sensory_gates[step * layout.sensory..(step + 1) * layout.sensory];
        let (d_current, d_conductance) = self.sensory_sums.split_at(units);
        for (k, synapse) in run.wiring.sensory_synapses().iter().enumerate() {
            let d_sums = [&d_current[synapse.target], &d_conductance[synapse.target]];
            let d_source = synapse_backward(
                &inputs[synapse.source],
                &gates[k],
                d_sums,
                &parameters.sensory,
                &mut d_parameters.sensory,
                k,
            );
            add(&mut d_inputs[synapse.source], &d_source);
        }
    }

    #[inline(always)]
    fn unfold_backward(&mut self, run: &Run<'_>, step: usize, unfold: usize, gradients: &mut GroupGradients) {
        let layout = Layout::of(run.wiring);
        let (units, unfolds) = (layout.units, run.unfolds);
        let parameters = layout.split(run.parameters);
        let before = (step * (unfolds + 1) + unfold) * units;
        let (old, new) = self.states[before..before + 2 * units].split_at(units);
        let at = step * unfolds + unfold;
        let below = &self.denominators[at * units..(at + 1) * units];
        let (d_numerator, d_denominator) = self.sums.split_at_mut(units);
        let elapsed = &self.elapsed[step];
        let mut d_parameters = layout.split_mut(&mut gradients.parameters);
        for n in 0..units {
            let (gleak, vleak) = (parameters.gleak[n], parameters.vleak[n]);
            let capacitance = parameters.cm[n] * unfolds as f32;
            for lane in 0..LANES {
                let d_above = gradients.state[n][lane] / below[n][lane];
                let d_below = -d_above * new[n][lane];
                let cm = capacitance / elapsed[lane];
                let d_cm = d_above * old[n][lane] + d_below;
                d_numerator[n][lane] = d_above;
                d_denominator[n][lane] = d_below;
                gradients.state[n][lane] = d_above * cm;
                gradients.elapsed[step][lane] -= d_cm * cm / elapsed[lane];
                d_parameters.cm[n][lane] += d_cm * unfolds as f32 / elapsed[lane];
                d_parameters.gleak[n][lane] += d_above * vleak + d_below;
                d_parameters.vleak[n][lane] += d_above * gleak;
            }
        }
        let gates = &self.gates[at * layout.synapses..(at + 1) * layout.synapses];
        for (k, synapse) in run.wiring.synapses().iter().enumerate() {
            let d_sums = [&d_numerator[synapse.target], &d_denominator[synapse.target]];
            let d_source = synapse_backward(
                &old[synapse.source],
                &gates[k],
                d_sums,
                &parameters.synapses,
                &mut d_parameters.synapses,
                k,
            );
            add(&mut gradients.state[synapse.source], &d_source);
        }
        for (sum, part) in self.sensory_sums.iter_mut().zip(&self.sums) {
            add(sum, part);
        }
    }
}

/// Gradients of one group. `state` is the gradient of the state now, at the end of the first state.
struct GroupGradients {
    inputs: Vec<Lanes>,
    state: Vec<Lanes>,
    elapsed: Vec<Lanes>,
    parameters: Vec<Lanes>,
}

impl GroupGradients {
    fn new(run: &Run<'_>) -> Self {
        Self {
            inputs: vec![ZERO; run.steps * run.wiring.shape().sensory],
            state: vec![ZERO; run.wiring.units()],
            elapsed: vec![ZERO; run.steps],
            parameters: vec![ZERO; run.parameters.len()],
        }
    }
}

#[inline(always)]
fn add(sum: &mut Lanes, part: &Lanes) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// `sigmoid(sigma · (source − mu))` of synapse `k`.
#[inline(always)]
fn gate(source: &Lanes, gates: &Gates<'_, f32>, k: usize) -> Lanes {
    let (sigma, mu) = (gates.sigma[k], gates.mu[k]);
    let mut gate = ZERO;
    for lane in 0..LANES {
        gate[lane] = sigmoid(sigma * (source[lane] - mu));
    }
    gate
}

/// Adds synapse `k`, open by `gate`, to its target's sums.
#[inline(always)]
fn add_synapse(current: &mut Lanes, conductance: &mut Lanes, gate: &Lanes, gates: &Gates<'_, f32>, k: usize) {
    let (w, erev) = (gates.w[k], gates.erev[k]);
    for lane in 0..LANES {
        let open = w * gate[lane];
        current[lane] += open * erev;
        conductance[lane] += open;
    }
}

/// Adds the gradients of synapse `k`'s parameters and returns the gradient of its source.
#[inline(always)]
fn synapse_backward(
    source: &Lanes,
    gate: &Lanes,
    [d_current, d_conductance]: [&Lanes; 2],
    gates: &Gates<'_, f32>,
    d_gates: &mut GatesMut<'_, Lanes>,
    k: usize,
) -> Lanes {
    let (w, mu, sigma, erev) = (gates.w[k], gates.mu[k], gates.sigma[k], gates.erev[k]);
    let (d_w, d_mu, d_sigma, d_erev) =
        (&mut d_gates.w[k], &mut d_gates.mu[k], &mut d_gates.sigma[k], &mut d_gates.erev[k]);
    let mut d_source = ZERO;
    for lane in 0..LANES {
        let d_open = d_current[lane] * erev + d_conductance[lane];
        let d_argument = d_open * w * gate[lane] * (1.0 - gate[lane]);
        d_erev[lane] += d_current[lane] * w * gate[lane];
        d_w[lane] += d_open * gate[lane];
        d_sigma[lane] += d_argument * (source[lane] - mu);
        d_source[lane] = d_argument * sigma;
        d_mu[lane] -= d_source[lane];
    }
    d_source
}

/// `1 / (1 + e^-x)`, within 2e-7 of the exact value. Written without a branch or a call, so that lanes stay together.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `e^x` by range reduction to |r| <= ln2/2 and a polynomial of degree 6 (Taylor; the next term is below 1.3e-7).
/// Clamped to the range whose result is a normal number.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding and subtracting 1.5·2^23 rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts: the first has few enough bits that its product with a whole number is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let polynomial =
        1.0 + r * (1.0 + r * (1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r / 720.0)))));
    // The low bits of `rounded` are the whole number: shifted into the exponent, they are 2^whole.
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    polynomial * power
}

/// Effective time constant of each neuron and current through each synapse, at one state. Time constants:
/// `cm / (gleak + Σ G)` in the unit of `elapsed` (Lechner et al. 2020, Eq. 2); currents: `G · (erev − v)`.
pub struct Introspection {
    /// `[units]`
    pub time_constant: Vec<f32>,
    /// In the order of [`Wiring::synapses`].
    pub current: Vec<f32>,
    /// In the order of [`Wiring::sensory_synapses`].
    pub sensory_current: Vec<f32>,
}

/// Looks into the cell at a state, with the inputs `[sensory]` of that instant.
pub fn introspect(wiring: &Wiring, parameters: &[f32], inputs: &[f32], state: &[f32]) -> Introspection {
    let parameters = Layout::of(wiring).split(parameters);
    let mut conductance = parameters.gleak.to_vec();
    let mut currents = |synapses: &[super::wiring::Synapse], gates: &Gates<'_, f32>, sources: &[f32]| {
        let current = synapses.iter().enumerate().map(|(k, synapse)| {
            let open = gates.w[k] * sigmoid(gates.sigma[k] * (sources[synapse.source] - gates.mu[k]));
            conductance[synapse.target] += open;
            open * (gates.erev[k] - state[synapse.target])
        });
        current.collect::<Vec<_>>()
    };
    let sensory_current = currents(wiring.sensory_synapses(), &parameters.sensory, inputs);
    let current = currents(wiring.synapses(), &parameters.synapses, state);
    let time_constant = parameters.cm.iter().zip(&conductance).map(|(cm, g)| cm / (g + EPSILON)).collect();
    Introspection { time_constant, current, sensory_current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sigmoid_is_within_two_ten_millionths_of_the_exact_value() {
        for i in -20_000..=20_000 {
            let x = i as f32 * 1e-3;
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) - exact).abs() < 2e-7, "at {x}");
        }
        assert_eq!((sigmoid(1e9), sigmoid(f32::NEG_INFINITY) < 1e-37), (1.0, true));
    }
}
