//! Liquid time-constant neurons from tensor operations: on every device, with any solver, differentiated by burn.
//! Hasani et al., AAAI 2021; names as in ncps 1.0.1 (`ltc_cell.py`, explicit constraints). On the processor the fused
//! solver has a kernel of its own, `ltc_kernel`, which is far faster.
//!
//! ```text
//! dv/dt = (gleak·(vleak − v) + Σ G·(erev − v)) / cm,   G = w · sigmoid(sigma · (source − mu))
//! ```

use super::ltc_kernel::Layout;
use super::solver::{Solver, euler, rk4};
use super::wiring::{Synapse, Wiring};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The state after each step; `unfolds` parts of equal length to a step. `epsilon` keeps the denominator of the fused
/// step from 0; the explicit solvers have no such denominator.
///
/// # Shapes
/// - inputs: `[batch, steps, sensory]`, after the input mapping
/// - first_state: `[batch, units]`, elapsed: `[batch, steps]` in the cell's unit of time
/// - parameters: as [`Layout`] says
/// - returns: `[batch, steps, units]`
///
/// # Panics
/// If the shapes do not agree, or a step has no parts.
#[allow(clippy::too_many_arguments, reason = "four tensors, and what is fixed about the cell")]
pub fn ltc_states(
    inputs: Tensor<3>,
    first_state: Tensor<2>,
    elapsed: Tensor<2>,
    parameters: Tensor<1>,
    wiring: &Wiring,
    unfolds: usize,
    epsilon: f64,
    solver: Solver,
) -> Tensor<3> {
    let [batch, steps, sensory] = inputs.dims();
    let units = wiring.units();
    assert!(unfolds > 0, "a step has at least one part");
    assert_eq!(sensory, wiring.sensory(), "inputs: [batch, steps, sensory]");
    assert_eq!(first_state.dims(), [batch, units], "first state: [batch, units]");
    assert_eq!(elapsed.dims(), [batch, steps], "elapsed: [batch, steps]");
    let cell = Cell::new(parameters, wiring);
    let sensed = cell.sensory.drive(inputs.reshape([batch * steps, sensory])); // [batch · steps, units]
    let mut state = first_state;
    let mut states = Vec::with_capacity(steps);
    for step in 0..steps {
        let sensed = sensed.step(step, [batch, steps, units]);
        let length = elapsed.clone().narrow(1, step, 1) / unfolds as f64; // [batch, 1]
        for _ in 0..unfolds {
            state = match solver {
                Solver::Fused => cell.fused(state, length.clone(), &sensed, epsilon),
                Solver::Euler => euler(state, length.clone(), |v| cell.slope(v, &sensed)),
                Solver::Rk4 => rk4(state, length.clone(), |v| cell.slope(v, &sensed)),
            };
        }
        states.push(state.clone());
    }
    Tensor::stack(states, 1)
}

/// The parameters of a cell, ready for arithmetic on `[batch, units]`.
struct Cell {
    sensory: Synapses,
    synapses: Synapses,
    /// Leak conductance, `[1, units]`.
    gleak: Tensor<2>,
    /// Leak potential, `[1, units]`.
    vleak: Tensor<2>,
    /// Membrane capacitance, `[1, units]`.
    cm: Tensor<2>,
}

impl Cell {
    fn new(parameters: Tensor<1>, wiring: &Wiring) -> Self {
        assert_eq!(parameters.dims(), [Layout::of(wiring).parameters()], "parameters: as Layout says");
        let units = wiring.units();
        let mut parts = Parts { parameters, taken: 0 };
        Self {
            sensory: Synapses::take(&mut parts, wiring.sensory_synapses(), units),
            synapses: Synapses::take(&mut parts, wiring.synapses(), units),
            gleak: parts.take(units),
            vleak: parts.take(units),
            cm: parts.take(units),
        }
    }

    /// One part of a step by ncps' semi-implicit formula:
    /// `v ← (c·v + gleak·vleak + Σ G·erev) / (c + gleak + Σ G + ε)` with `c = cm / length`.
    fn fused(&self, state: Tensor<2>, length: Tensor<2>, sensed: &Drive, epsilon: f64) -> Tensor<2> {
        let driven = self.synapses.drive(state.clone());
        let capacitance = self.cm.clone() / length; // [batch, units]
        let leak = self.gleak.clone() * self.vleak.clone();
        let numerator = capacitance.clone() * state + leak + driven.pull + sensed.pull.clone();
        let conductance = driven.conductance + sensed.conductance.clone() + self.gleak.clone();
        numerator / (capacitance + conductance + epsilon)
    }

    /// `dv/dt`
    fn slope(&self, state: Tensor<2>, sensed: &Drive) -> Tensor<2> {
        let driven = self.synapses.drive(state.clone());
        let conductance = driven.conductance + sensed.conductance.clone();
        let leak = self.gleak.clone() * (self.vleak.clone() - state.clone());
        (leak + driven.pull + sensed.pull.clone() - conductance * state) / self.cm.clone()
    }
}

/// Cuts the flat parameter vector into its parts, from the front.
struct Parts {
    parameters: Tensor<1>,
    taken: usize,
}

impl Parts {
    /// The next `length` numbers as a row, `[1, length]`.
    fn take(&mut self, length: usize) -> Tensor<2> {
        if length == 0 {
            // burn narrows to nothing nowhere, and a wiring may lack one kind of synapse.
            return Tensor::empty([1, 0], &self.parameters.device());
        }
        let part = self.parameters.clone().narrow(0, self.taken, length);
        self.taken += length;
        part.unsqueeze()
    }
}

/// Synapses from one kind of source.
struct Synapses {
    /// The source of each, `[synapses]`.
    sources: Tensor<1, Int>,
    /// 1 where a synapse (row) leads into a neuron (column): sums over synapses are products with it.
    into_units: Tensor<2>,
    /// Conductance when open, `[1, synapses]`.
    w: Tensor<2>,
    /// Potential of the source at which the gate is half open, `[1, synapses]`.
    mu: Tensor<2>,
    /// Steepness of the gate, `[1, synapses]`.
    sigma: Tensor<2>,
    /// Reversal potential, `[1, synapses]`.
    erev: Tensor<2>,
}

impl Synapses {
    fn take(parts: &mut Parts, synapses: &[Synapse], units: usize) -> Self {
        let device = parts.parameters.device();
        let count = synapses.len();
        let sources: Vec<i64> = synapses.iter().map(|synapse| synapse.source as i64).collect();
        Self {
            sources: Tensor::from_data(TensorData::new(sources, [count]), &device),
            into_units: one_hot_targets(synapses, units, &device),
            w: parts.take(count),
            mu: parts.take(count),
            sigma: parts.take(count),
            erev: parts.take(count),
        }
    }

    /// What the neurons receive when the sources have these potentials, `[batch, sources]`.
    fn drive(&self, potential: Tensor<2>) -> Drive {
        let above_half = potential.select(1, self.sources.clone()) - self.mu.clone(); // [batch, synapses]
        let open = sigmoid(above_half * self.sigma.clone()) * self.w.clone();
        let pull = open.clone() * self.erev.clone();
        Drive { conductance: open.matmul(self.into_units.clone()), pull: pull.matmul(self.into_units.clone()) }
    }
}

fn one_hot_targets(synapses: &[Synapse], units: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0_f32; synapses.len() * units];
    for (row, synapse) in values.chunks_exact_mut(units).zip(synapses) {
        row[synapse.target] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, [synapses.len(), units]), device)
}

/// Sums over the synapses into each neuron.
struct Drive {
    /// `Σ G`, `[batch, units]`.
    conductance: Tensor<2>,
    /// `Σ G·erev`, `[batch, units]`.
    pull: Tensor<2>,
}

impl Drive {
    /// One step of what was computed for all steps of all sequences at once.
    fn step(&self, step: usize, shape: [usize; 3]) -> Self {
        let of_step = |all: &Tensor<2>| all.clone().reshape(shape).narrow(1, step, 1).squeeze_dim(1);
        Self { conductance: of_step(&self.conductance), pull: of_step(&self.pull) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ltc_kernel::{self, Run};
    use crate::wiring::Layer;

    const BATCH: usize = 2;
    const STEPS: usize = 3;

    /// A random cell and what it is given, in the ranges of ncps' first weights.
    struct Case {
        wiring: Wiring,
        inputs: Vec<f32>,
        first_state: Vec<f32>,
        elapsed: Vec<f32>,
        parameters: Vec<f32>,
    }

    /// Fills `low` to `high` evenly but out of order: multiples of the golden section.
    fn spread(count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|i| low + (high - low) * (i as f32 * 0.618_034).fract()).collect()
    }

    fn case() -> Case {
        let wiring = Wiring::lane_keeping(7);
        let gates = |synapses: &[Synapse]| {
            let count = synapses.len();
            let erev = synapses.iter().map(|synapse| f32::from(synapse.polarity)).collect();
            [spread(count, 0.001, 1.0), spread(count, 0.3, 0.8), spread(count, 3.0, 8.0), erev].concat()
        };
        let units = wiring.units();
        let leak = [spread(units, 0.001, 1.0), spread(units, -0.2, 0.2), spread(units, 0.4, 0.6)].concat();
        let parameters = [gates(wiring.sensory_synapses()), gates(wiring.synapses()), leak].concat();
        Case {
            inputs: spread(BATCH * STEPS * wiring.sensory(), -1.0, 1.0),
            first_state: spread(BATCH * units, -0.5, 0.5),
            elapsed: spread(BATCH * STEPS, 0.2, 1.0),
            parameters,
            wiring,
        }
    }

    /// The tensors of a case, which gradients can be asked of where the device records.
    fn tensors(case: &Case, device: &Device) -> (Tensor<3>, Tensor<2>, Tensor<2>, Tensor<1>) {
        let data = |values: &[f32], shape: &[usize]| TensorData::new(values.to_vec(), shape.to_vec());
        let (sensory, units) = (case.wiring.sensory(), case.wiring.units());
        (
            Tensor::from_data(data(&case.inputs, &[BATCH, STEPS, sensory]), device),
            Tensor::from_data(data(&case.first_state, &[BATCH, units]), device),
            Tensor::from_data(data(&case.elapsed, &[BATCH, STEPS]), device),
            Tensor::from_data(data(&case.parameters, &[case.parameters.len()]), device),
        )
    }

    fn states(case: &Case, unfolds: usize, solver: Solver) -> Vec<f32> {
        let (inputs, first_state, elapsed, parameters) = tensors(case, &Device::flex());
        let states = ltc_states(inputs, first_state, elapsed, parameters, &case.wiring, unfolds, 1e-8, solver);
        states.into_data().try_into_vec().unwrap()
    }

    fn run(case: &Case) -> Run<'_> {
        Run {
            wiring: &case.wiring,
            unfolds: 6,
            epsilon: 1e-8,
            batch: BATCH,
            steps: STEPS,
            inputs: &case.inputs,
            first_state: &case.first_state,
            elapsed: &case.elapsed,
            parameters: &case.parameters,
        }
    }

    /// Largest difference, relative to the largest value.
    fn off(values: &[f32], expected: &[f32]) -> f32 {
        assert_eq!(values.len(), expected.len());
        let largest = expected.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
        values.iter().zip(expected).fold(0.0, |off: f32, (value, expected)| off.max((value - expected).abs())) / largest
    }

    #[test]
    fn fused_steps_and_their_gradients_are_those_of_the_kernel() {
        let case = case();
        let (inputs, first_state, elapsed, parameters) = tensors(&case, &Device::flex().autodiff());
        let (inputs, first_state) = (inputs.require_grad(), first_state.require_grad());
        let (elapsed, parameters) = (elapsed.require_grad(), parameters.require_grad());
        let states = ltc_states(
            inputs.clone(),
            first_state.clone(),
            elapsed.clone(),
            parameters.clone(),
            &case.wiring,
            6,
            1e-8,
            Solver::Fused,
        );
        let expected = ltc_kernel::forward(&run(&case));
        let values: Vec<f32> = states.clone().into_data().try_into_vec().unwrap();
        // Another order of sums; the reference library's own 32-bit runs are as far from 64 bits.
        assert!(off(&values, &expected) < 5e-6, "{}", off(&values, &expected));
        let gradients = states.sum().backward();
        let expected = ltc_kernel::backward(&run(&case), &vec![1.0; values.len()]);
        for (name, gradient, expected) in [
            ("inputs", inputs.grad(&gradients).map(Tensor::into_data), expected.inputs),
            ("first state", first_state.grad(&gradients).map(Tensor::into_data), expected.first_state),
            ("elapsed", elapsed.grad(&gradients).map(Tensor::into_data), expected.elapsed),
            ("parameters", parameters.grad(&gradients).map(Tensor::into_data), expected.parameters),
        ] {
            let gradient: Vec<f32> = gradient.unwrap().try_into_vec().unwrap();
            assert!(off(&gradient, &expected) < 5e-5, "{name}: {}", off(&gradient, &expected));
        }
    }

    #[test]
    fn a_neuron_without_synapses_leaks_towards_its_leak_potential() {
        let wiring = Wiring::from_synapses(1, &[(Layer::Motor, 1)], vec![], vec![]).unwrap();
        let number = |value: f32| Tensor::<1>::from_data([value], &Device::flex());
        let parameters = Tensor::cat(vec![number(2.0), number(0.25), number(0.5)], 0); // gleak, vleak, cm
        let (input, state, elapsed) = (number(1.0).unsqueeze(), number(1.0).unsqueeze(), number(0.5).unsqueeze());
        let states = ltc_states(input, state, elapsed, parameters, &wiring, 64, 1e-8, Solver::Rk4);
        // Four steps of gleak / cm in a half: exact to the rounding of 64 steps near 1.
        let expected = 0.25 + 0.75 * f32::exp(-2.0);
        assert!((states.into_scalar::<f32>() - expected).abs() < 1e-5, "expected {expected}");
    }

    /// How many times smaller the error becomes with half the step.
    fn gain(solver: Solver, unfolds: usize) -> f32 {
        let case = case();
        let exact = states(&case, 64, Solver::Rk4);
        off(&states(&case, unfolds, solver), &exact) / off(&states(&case, 2 * unfolds, solver), &exact)
    }

    #[test]
    fn half_the_step_halves_the_error_of_the_first_order_solvers_and_divides_that_of_rk4_by_sixteen() {
        // Between the coarse end, where higher terms still count, and the fine end, where rounding does.
        for (solver, unfolds, order) in [(Solver::Fused, 64, 1), (Solver::Euler, 64, 1), (Solver::Rk4, 8, 4)] {
            let (gain, expected) = (gain(solver, unfolds), f32::powi(2.0, order));
            assert!((0.7..1.4).contains(&(gain / expected)), "{solver}: {gain}, expected {expected}");
        }
    }
}
