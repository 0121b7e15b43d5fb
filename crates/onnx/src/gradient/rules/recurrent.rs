//! LSTM and GRU over a sequence: the steps are computed again with all gates, then gone through backwards.

use super::elementwise::sigmoid;
use super::{Call, Gradients, Rule};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "LSTM" => |call| sequence(call, &LSTM),
        "GRU" => |call| sequence(call, &GRU),
        _ => return None,
    })
}

/// A recurrent cell.
struct Kind {
    gates: usize,
    activations: &'static [&'static str],
    /// Inputs that are states, of which the first is what comes out.
    states: &'static [usize],
    /// Computes a step and keeps what the way back needs; the states become the next ones.
    forward: fn(&Cell<'_>, &[f32], &mut [Vec<f32>]) -> Kept,
    /// Gradients of the states behind a step become those before it; gives the gradient of the step's input.
    backward: fn(&Cell<'_>, &Kept, &mut [Vec<f32>]) -> Vec<f32>,
}

static LSTM: Kind = Kind {
    gates: 4,
    activations: &["sigmoid", "tanh", "tanh"],
    states: &[5, 6],
    forward: |cell, input, states| cell.lstm_step(input, states),
    backward: |cell, kept, gradients| cell.lstm_back(kept, gradients),
};

static GRU: Kind = Kind {
    gates: 3,
    activations: &["sigmoid", "tanh"],
    states: &[5],
    forward: |cell, input, states| cell.gru_step(input, states),
    backward: |cell, kept, gradients| cell.gru_back(kept, gradients),
};

/// The weights of one direction, rows by gate and unit.
struct Cell<'a> {
    units: usize,
    inputs: usize,
    of_input: &'a [f32],
    of_state: &'a [f32],
    /// Of the input's products, then of the state's.
    bias: Vec<f32>,
}

/// What a step leaves for the way back: gates, by turns of the unit, and the states before it.
struct Kept {
    gates: Vec<Vec<f32>>,
    before: Vec<Vec<f32>>,
    /// Of an LSTM the tangent of its memory; of a GRU the state's products for the candidate.
    inner: Vec<f32>,
}

fn sequence(call: &Call<'_>, kind: &Kind) -> Result<Gradients, String> {
    check(call, kind)?;
    let [steps, batch, inputs] = call.shape(0)?.try_into().map_err(|_| "its input is no sequence".to_owned())?;
    let of_states = call.shape(2)?;
    let (directions, units) = (of_states[0], of_states[2]);
    let (taken, rows) = (call.floats(0)?, kind.gates * units);
    let mut sums = vec![0.0; taken.len()];
    let mut of_first = vec![vec![0.0; directions * batch * units]; kind.states.len()];
    for direction in 0..directions {
        let part = |at: usize, length: usize| Ok::<_, String>(&call.floats(at)?[direction * length..][..length]);
        let bias = if call.input(3).is_ok() { part(3, 2 * rows)?.to_vec() } else { vec![0.0; 2 * rows] };
        let (of_input, of_state) = (part(1, rows * inputs)?, part(2, rows * units)?);
        let cell = Cell { units, inputs, of_input, of_state, bias };
        let backwards = call.text("direction") == b"reverse" || direction == 1;
        let order: Vec<usize> = if backwards { (0..steps).rev().collect() } else { (0..steps).collect() };
        for sample in 0..batch {
            let of_direction = (direction * batch + sample) * units;
            let first = |at: &usize| match call.input(*at) {
                Ok(_) => Ok(call.floats(*at)?[of_direction..][..units].to_vec()),
                Err(_) => Ok::<_, String>(vec![0.0; units]),
            };
            let mut states = kind.states.iter().map(first).collect::<Result<Vec<_>, _>>()?;
            let input_at = |step: usize| (step * batch + sample) * inputs;
            let kept: Vec<Kept> = order
                .iter()
                .map(|step| (kind.forward)(&cell, &taken[input_at(*step)..][..inputs], &mut states))
                .collect();
            // The outputs: every step's state, then the last of each state.
            let last = |at: usize| match call.gradients.get(at + 1).copied().flatten() {
                Some(gradient) => gradient[of_direction..][..units].to_vec(),
                None => vec![0.0; units],
            };
            let mut gradients: Vec<Vec<f32>> = (0..kind.states.len()).map(last).collect();
            for (step, kept) in order.iter().zip(&kept).rev() {
                if let Some(every) = call.gradients.first().copied().flatten() {
                    let of_step = &every[((step * directions + direction) * batch + sample) * units..][..units];
                    gradients[0].iter_mut().zip(of_step).for_each(|(sum, gradient)| *sum += gradient);
                }
                let back = (kind.backward)(&cell, kept, &mut gradients);
                sums[input_at(*step)..][..inputs].iter_mut().zip(back).for_each(|(sum, gradient)| *sum += gradient);
            }
            for (of_first, gradient) in of_first.iter_mut().zip(gradients) {
                of_first[of_direction..][..units].copy_from_slice(&gradient);
            }
        }
    }
    Ok(std::iter::once((0, sums)).chain(kind.states.iter().copied().zip(of_first)).collect())
}

/// Refuses what the equations here do not have.
fn check(call: &Call<'_>, kind: &Kind) -> Result<(), String> {
    let activations = call.attribute("activations").map(|attribute| &attribute.strings[..]).unwrap_or_default();
    let usual = activations.iter().zip(kind.activations.iter().cycle());
    if usual.clone().any(|(told, usual)| !told.eq_ignore_ascii_case(usual.as_bytes())) {
        return Err("other activations than the usual ones have no rule".into());
    }
    let unusual = call.attribute("clip").is_some() || call.int("input_forget", 0) != 0 || call.int("layout", 0) != 0;
    let cut = call.inputs.get(4).copied().flatten().is_some();
    let peepholes = call.inputs.get(7).copied().flatten().is_some();
    let weights = call.wants(1) || call.wants(2) || call.wants(3);
    match unusual || cut || peepholes || weights {
        true => Err("limits, coupled gates, peepholes, lengths of sequences and batch first have no rule".into()),
        false => Ok(()),
    }
}

impl Cell<'_> {
    /// What a gate sums of a step's input, its bias in it, for each unit.
    fn input_sums(&self, gate: usize, input: &[f32]) -> Vec<f32> {
        let rows = self.of_input.chunks_exact(self.inputs.max(1)).zip(&self.bias);
        let of_gate = rows.skip(gate * self.units).take(self.units);
        of_gate.map(|(row, bias)| bias + dot(row, input)).collect()
    }

    /// The same of the state.
    fn state_sums(&self, gate: usize, state: &[f32]) -> Vec<f32> {
        let biases = &self.bias[self.bias.len() / 2..];
        let rows = self.of_state.chunks_exact(self.units.max(1)).zip(biases);
        let of_gate = rows.skip(gate * self.units).take(self.units);
        of_gate.map(|(row, bias)| bias + dot(row, state)).collect()
    }

    fn of_both(&self, gate: usize, input: &[f32], state: &[f32], bent: fn(f32) -> f32) -> Vec<f32> {
        let sums = self.input_sums(gate, input).into_iter().zip(self.state_sums(gate, state));
        sums.map(|(input, state)| bent(input + state)).collect()
    }

    /// Adds what a gate's gradients give back to the step's input.
    fn back_to_input(&self, gate: usize, gradients: &[f32], sums: &mut [f32]) {
        add_rows(self.of_input, gate * self.units, gradients, sums);
    }

    /// The same for the state.
    fn back_to_state(&self, gate: usize, gradients: &[f32], sums: &mut [f32]) {
        add_rows(self.of_state, gate * self.units, gradients, sums);
    }

    /// Gates in the order of ONNX: input, output, forget, candidate.
    fn lstm_step(&self, input: &[f32], states: &mut [Vec<f32>]) -> Kept {
        let before = states.to_vec();
        let gate = |gate: usize, bent| self.of_both(gate, input, &before[0], bent);
        let gates = vec![gate(0, sigmoid), gate(1, sigmoid), gate(2, sigmoid), gate(3, f32::tanh)];
        let mut inner = vec![0.0; self.units];
        for unit in 0..self.units {
            let memory = gates[2][unit] * before[1][unit] + gates[0][unit] * gates[3][unit];
            inner[unit] = memory.tanh();
            (states[0][unit], states[1][unit]) = (gates[1][unit] * inner[unit], memory);
        }
        Kept { gates, before, inner }
    }

    fn lstm_back(&self, kept: &Kept, gradients: &mut [Vec<f32>]) -> Vec<f32> {
        let Kept { gates, before, inner } = kept;
        let mut sums = vec![vec![0.0; self.units]; 4];
        for unit in 0..self.units {
            let [i, o, f, candidate] = [0, 1, 2, 3].map(|gate| gates[gate][unit]);
            let of_state = gradients[0][unit];
            let of_memory = gradients[1][unit] + of_state * o * (1.0 - inner[unit] * inner[unit]);
            sums[0][unit] = of_memory * candidate * i * (1.0 - i);
            sums[1][unit] = of_state * inner[unit] * o * (1.0 - o);
            sums[2][unit] = of_memory * before[1][unit] * f * (1.0 - f);
            sums[3][unit] = of_memory * i * (1.0 - candidate * candidate);
            gradients[1][unit] = of_memory * f;
        }
        self.back(&sums, &mut gradients[0])
    }

    /// Through the gates' products to the state before, which becomes the gradient, and to the input.
    fn back(&self, gates: &[Vec<f32>], state: &mut [f32]) -> Vec<f32> {
        let mut input = vec![0.0; self.inputs];
        state.fill(0.0);
        for (gate, gradients) in gates.iter().enumerate() {
            self.back_to_input(gate, gradients, &mut input);
            self.back_to_state(gate, gradients, state);
        }
        input
    }

    /// Gates in the order of ONNX: update, reset, candidate. The reset gate comes behind the product, as PyTorch and Keras
    /// have it and the runtime knows it.
    fn gru_step(&self, input: &[f32], states: &mut [Vec<f32>]) -> Kept {
        let before = states.to_vec();
        let state = &before[0];
        let update = self.of_both(0, input, state, sigmoid);
        let reset = self.of_both(1, input, state, sigmoid);
        let inner = self.state_sums(2, state);
        let candidate = self.input_sums(2, input).into_iter().zip(reset.iter().zip(&inner));
        let candidate = candidate.map(|(sum, (reset, product))| (sum + reset * product).tanh());
        let candidate: Vec<f32> = candidate.collect();
        for unit in 0..self.units {
            states[0][unit] = (1.0 - update[unit]) * candidate[unit] + update[unit] * state[unit];
        }
        Kept { gates: vec![update, reset, candidate], before, inner }
    }

    fn gru_back(&self, kept: &Kept, gradients: &mut [Vec<f32>]) -> Vec<f32> {
        let Kept { gates, before, inner } = kept;
        let (gates, state, of_state) = (&gates[..], &before[0], &mut gradients[0]);
        let units = 0..self.units;
        let of_candidate: Vec<f32> = units
            .clone()
            .map(|unit| of_state[unit] * (1.0 - gates[0][unit]) * (1.0 - gates[2][unit] * gates[2][unit]))
            .collect();
        let of_update: Vec<f32> = units
            .clone()
            .map(|unit| {
                let update = gates[0][unit];
                of_state[unit] * (state[unit] - gates[2][unit]) * update * (1.0 - update)
            })
            .collect();
        let mut sums: Vec<f32> = units.clone().map(|unit| of_state[unit] * gates[0][unit]).collect();
        let behind: Vec<f32> = units.clone().map(|unit| of_candidate[unit] * gates[1][unit]).collect();
        self.back_to_state(2, &behind, &mut sums);
        let of_reset: Vec<f32> =
            units.map(|unit| of_candidate[unit] * inner[unit] * gates[1][unit] * (1.0 - gates[1][unit])).collect();
        self.back_to_state(0, &of_update, &mut sums);
        self.back_to_state(1, &of_reset, &mut sums);
        *of_state = sums;
        let mut input = vec![0.0; self.inputs];
        for (gate, gradients) in [of_update, of_reset, of_candidate].iter().enumerate() {
            self.back_to_input(gate, gradients, &mut input);
        }
        input
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds rows of weights from one on, each times its gradient.
fn add_rows(weights: &[f32], first: usize, gradients: &[f32], sums: &mut [f32]) {
    let rows = weights.chunks_exact(sums.len().max(1)).skip(first);
    for (row, gradient) in rows.zip(gradients) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * gradient);
    }
}
