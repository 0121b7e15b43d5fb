//! From a policy to the operations of a step: the equations of `encoder`, `head` and the cells of `liquid-cells`.

use super::{Operation, Program, Shape, Value};
use crate::cell::{Activation, Cell, CfcMode, CfcSpec, Constraint, CoreSpec, GateOrder, LtcSpec};
use crate::interchange::{self, Array};
use crate::solver::Solver;
use crate::wiring::{Layer, Synapse};
use crate::{CURVATURE_PER_OUTPUT, Policy};
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;

/// The step of a policy.
///
/// # Errors
/// When a parameter is not where it is looked for.
pub(super) fn program(policy: &Policy) -> anyhow::Result<Program> {
    let parameters = interchange::parameters_by_path(policy.network()).into_iter().collect();
    let mut walk = Walk { program: Program::default(), parameters: Parameters(parameters) };
    walk.policy(policy)?;
    Ok(walk.program)
}

/// Parameters by their paths in the network.
struct Parameters(BTreeMap<String, Array>);

impl Parameters {
    fn array(&self, path: &str) -> anyhow::Result<&Array> {
        self.0.get(path).with_context(|| format!("the policy has no parameter `{path}`"))
    }

    fn numbers(&self, path: &str) -> anyhow::Result<Vec<f32>> {
        Ok(self.array(path)?.values.clone())
    }

    fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

struct Walk {
    program: Program,
    parameters: Parameters,
}

/// A cell between two steps.
#[derive(Clone, Copy)]
struct State {
    hidden: Value,
    memory: Option<Value>,
}

impl Walk {
    fn policy(&mut self, policy: &Policy) -> anyhow::Result<()> {
        let encoder = policy.kind().encoder();
        let size = encoder.input_size();
        let image = Shape::Map([3, size.height as usize, size.width as usize]);
        let image = self.program.input("image", image);
        self.program.image = Some(image);
        let mut map = self.program.each("whitened", Operation::Whiten, image);
        for (number, shape) in encoder.shapes().into_iter().enumerate() {
            let weight = self.parameters.numbers(&format!("encoder.conv.{number}.weight"))?;
            let bias = self.parameters.numbers(&format!("encoder.conv.{number}.bias"))?;
            let (kernel, stride, padding) = (shape.kernel, shape.stride, shape.padding);
            let operation = Operation::ConvRelu { weight, bias, kernel, stride, padding };
            let sides = Shape::Map([shape.out_channels, shape.out_height(), shape.out_width()]);
            map = self.program.push(&format!("conv{}", number + 1), sides, operation, &[map]);
        }
        let sides = encoder.map_shape();
        let length = sides.iter().product();
        let flat = self.program.push("map", Shape::Row(length), Operation::Flatten, &[map]);
        let output = match policy.recurrent() {
            Some(head) => {
                let features = self.features(flat, sides)?;
                self.cell(features, head.cell(), policy.kind().head.time_unit_secs())?
            }
            None => self.dense_head(flat, sides)?,
        };
        self.program.command = Some(self.program.scaled("command", output, CURVATURE_PER_OUTPUT));
        Ok(())
    }

    /// A dense layer over the whole map, or one for each filter, as one over the whole map with zeros.
    fn features(&mut self, flat: Value, sides: [usize; 3]) -> anyhow::Result<Value> {
        let weight = self.parameters.array("head.features.weight")?;
        let bias = self.parameters.numbers("head.features.bias")?;
        match weight.shape[..] {
            [filters, per_filter, pixels] => {
                let mut whole = vec![0.0; filters * per_filter * filters * pixels];
                for (row, from) in weight.values.chunks_exact(pixels).enumerate() {
                    let start = row * filters * pixels + row / per_filter * pixels;
                    whole[start..start + pixels].copy_from_slice(from);
                }
                let features = self.program.dense("features.sum", flat, whole, Some(bias));
                Ok(self.program.each("features", Operation::Relu, features))
            }
            _ => {
                let weight = by_channel(&weight.values, sides);
                Ok(self.program.dense("features", flat, weight, Some(bias)))
            }
        }
    }

    fn dense_head(&mut self, flat: Value, sides: [usize; 3]) -> anyhow::Result<Value> {
        let mut value = flat;
        for number in
            (0..).take_while(|number| self.parameters.has(&format!("head.hidden.{number}.weight"))).collect::<Vec<_>>()
        {
            let weight = self.parameters.numbers(&format!("head.hidden.{number}.weight"))?;
            let weight = if number == 0 { by_channel(&weight, sides) } else { weight };
            let bias = self.parameters.numbers(&format!("head.hidden.{number}.bias"))?;
            let name = format!("hidden{}", number + 1);
            let sum = self.program.dense(&format!("{name}.sum"), value, weight, Some(bias));
            value = self.program.each(&name, Operation::Relu, sum);
        }
        let output = self.parameters.numbers("head.output")?;
        Ok(self.program.dense("output", value, output, None))
    }

    fn cell(&mut self, features: Value, cell: &Cell, unit_secs: f32) -> anyhow::Result<Value> {
        let spec = cell.spec();
        let units = spec.core.units();
        let hidden = self.program.input("state", Shape::Row(units));
        let memory = spec.has_memory().then(|| self.program.input("memory", Shape::Row(units)));
        let elapsed = self.program.input("elapsed", Shape::Row(1));
        self.program.elapsed = Some(elapsed);
        let time = self.program.scaled("time", elapsed, 1.0 / unit_secs);
        let mut state = State { hidden, memory };
        if spec.mixed_memory {
            state = self.lstm("head.cell.memory", features, state, GateOrder::Ncps)?;
        }
        let (output, next) = match &spec.core {
            CoreSpec::Ltc(ltc) => self.ltc(features, state, time, ltc)?,
            CoreSpec::Cfc(cfc) => self.cfc(features, state, time, cfc)?,
            CoreSpec::WiredCfc(wired) => self.wired_cfc(features, state, time, cell, wired.mode)?,
            CoreSpec::Lstm(lstm) => {
                let state = self.lstm("head.cell.core", features, state, lstm.gates)?;
                (state.hidden, state)
            }
            CoreSpec::Gru(gru) => self.gru(features, state, gru.units)?,
            CoreSpec::CtRnn(spec) => {
                let part = self.program.scaled("part", time, 1.0 / spec.unfolds as f32);
                let (weight, bias) = (self.parameters.array("head.cell.core.w")?, "head.cell.core.b");
                let (weight, bias) = (transposed(weight), self.parameters.numbers(bias)?);
                let leak = (1.0 / spec.tau) as f32;
                let slope = |program: &mut Program, hidden| {
                    let seen = program.concat("seen", &[features, hidden]);
                    let sum = program.dense("drive", seen, weight.clone(), Some(bias.clone()));
                    let drive = program.each("slope.drive", Operation::Tanh, sum);
                    let leak = program.scaled("slope.leak", hidden, leak);
                    program.both("slope", Operation::Sub, drive, leak)
                };
                let end = self.explicit(spec.solver, spec.unfolds, state.hidden, part, slope);
                let hidden = self.program.each("neurons", Operation::Clip(spec.clip as f32), end);
                (hidden, State { hidden, ..state })
            }
            CoreSpec::NeuralOde(spec) => {
                let part = self.program.scaled("part", time, 1.0 / spec.unfolds as f32);
                let layer = |name: &str| -> anyhow::Result<_> {
                    let path = |what: &str| format!("head.cell.core.{name}.{what}");
                    Ok((self.parameters.numbers(&path("weight"))?, self.parameters.numbers(&path("bias"))?))
                };
                let (inner, outer) = (layer("inner")?, layer("slope")?);
                let slope = |program: &mut Program, hidden| {
                    let seen = program.concat("seen", &[features, hidden]);
                    let sum = program.dense("inner.sum", seen, inner.0.clone(), Some(inner.1.clone()));
                    let inner = program.each("inner", Operation::Tanh, sum);
                    program.dense("slope", inner, outer.0.clone(), Some(outer.1.clone()))
                };
                let hidden = self.explicit(spec.solver, spec.unfolds, state.hidden, part, slope);
                (hidden, State { hidden, ..state })
            }
        };
        self.program.states.push(("state".into(), hidden, next.hidden));
        if let Some((before, after)) = memory.zip(next.memory) {
            self.program.states.push(("memory".into(), before, after));
        }
        if !self.parameters.has("head.cell.readout.weight") {
            return Ok(output);
        }
        let weight = self.parameters.numbers("head.cell.readout.weight")?;
        let bias = self.parameters.numbers("head.cell.readout.bias")?;
        Ok(self.program.dense("readout", output, weight, Some(bias)))
    }

    /// A dense layer by its path.
    fn layer(&mut self, name: &str, path: &str, x: Value, mask: Option<&Array>) -> anyhow::Result<Value> {
        let mut weight = self.parameters.numbers(&format!("{path}.weight"))?;
        if let Some(mask) = mask {
            weight.iter_mut().zip(&mask.values).for_each(|(weight, mask)| *weight *= mask);
        }
        let bias = self.parameters.numbers(&format!("{path}.bias"))?;
        Ok(self.program.dense(name, x, weight, Some(bias)))
    }

    fn lstm(&mut self, path: &str, x: Value, state: State, gates: GateOrder) -> anyhow::Result<State> {
        let units = self.program.len(state.hidden);
        let memory = state.memory.context("an LSTM has a memory")?;
        let mut weight = self.parameters.numbers(&format!("{path}.recurrent_map"))?;
        let mut bias = self.parameters.numbers(&format!("{path}.input_map.bias"))?;
        if self.parameters.has(&format!("{path}.recurrent_bias")) {
            let second = self.parameters.numbers(&format!("{path}.recurrent_bias"))?;
            bias.iter_mut().zip(second).for_each(|(bias, second)| *bias += second);
        }
        if gates == GateOrder::Ncps {
            // There the forget gate is open at the start.
            bias[2 * units..3 * units].iter_mut().for_each(|bias| *bias += 1.0);
        }
        let input_weight = self.parameters.numbers(&format!("{path}.input_map.weight"))?;
        let from_state = self.program.dense("lstm.from_state", state.hidden, std::mem::take(&mut weight), None);
        let from_input = self.program.dense("lstm.from_input", x, input_weight, Some(bias));
        let sums = self.program.both("lstm.sums", Operation::Add, from_input, from_state);
        let [write, input, forget, output] = match gates {
            GateOrder::Ncps => [0, 1, 2, 3],
            GateOrder::Torch => [2, 0, 1, 3],
        };
        let mut gate = |name: &str, row: usize, operation: Operation| {
            let sum = self.program.slice(&format!("lstm.{name}.sum"), sums, row * units, units);
            self.program.each(&format!("lstm.{name}"), operation, sum)
        };
        let [write, input] = [gate("write", write, Operation::Tanh), gate("input", input, Operation::Sigmoid)];
        let [forget, output] = [gate("forget", forget, Operation::Sigmoid), gate("output", output, Operation::Sigmoid)];
        let kept = self.program.both("lstm.kept", Operation::Mul, memory, forget);
        let written = self.program.both("lstm.written", Operation::Mul, write, input);
        let memory = self.program.both("lstm.memory", Operation::Add, kept, written);
        let shown = self.program.each("lstm.shown", Operation::Tanh, memory);
        let hidden = self.program.both("lstm.hidden", Operation::Mul, shown, output);
        Ok(State { hidden, memory: Some(memory) })
    }

    fn gru(&mut self, x: Value, state: State, units: usize) -> anyhow::Result<(Value, State)> {
        let from_input = self.layer("gru.from_input", "head.cell.core.input_map", x, None)?;
        let from_state = self.layer("gru.from_state", "head.cell.core.recurrent_map", state.hidden, None)?;
        let program = &mut self.program;
        let row = |program: &mut Program, name: &str, of: Value, row: usize| {
            program.slice(&format!("gru.{name}"), of, row * units, units)
        };
        let gate = |program: &mut Program, name: &str, at: usize| {
            let parts = [row(program, name, from_input, at), row(program, name, from_state, at)];
            let sum = program.both(&format!("gru.{name}.sum"), Operation::Add, parts[0], parts[1]);
            program.each(&format!("gru.{name}.gate"), Operation::Sigmoid, sum)
        };
        let (reset, keep) = (gate(program, "reset", 0), gate(program, "keep", 1));
        let new = [from_input, from_state].map(|of| program.slice("gru.new.part", of, 2 * units, units));
        let recalled = program.both("gru.recalled", Operation::Mul, reset, new[1]);
        let sum = program.both("gru.new.sum", Operation::Add, new[0], recalled);
        let new = program.each("gru.new", Operation::Tanh, sum);
        let change = program.both("gru.change", Operation::Sub, state.hidden, new);
        let kept = program.both("gru.kept", Operation::Mul, keep, change);
        let hidden = program.both("neurons", Operation::Add, new, kept);
        Ok((hidden, State { hidden, ..state }))
    }

    /// A step in parts by an explicit solver.
    fn explicit(
        &mut self,
        solver: Solver,
        unfolds: usize,
        state: Value,
        part: Value,
        slope: impl Fn(&mut Program, Value) -> Value,
    ) -> Value {
        let program = &mut self.program;
        let ahead = |program: &mut Program, from: Value, length: Value, slope: Value| {
            let change = program.both("neurons.change", Operation::Mul, length, slope);
            program.both("neurons.v", Operation::Add, from, change)
        };
        let [half, sixth] = [0.5, 1.0 / 6.0].map(|share| program.scaled("part.share", part, share));
        (0..unfolds).fold(state, |state, _| {
            let k1 = slope(program, state);
            if solver != Solver::Rk4 {
                return ahead(program, state, part, k1);
            }
            let v2 = ahead(program, state, half, k1);
            let k2 = slope(program, v2);
            let v3 = ahead(program, state, half, k2);
            let k3 = slope(program, v3);
            let v4 = ahead(program, state, part, k3);
            let k4 = slope(program, v4);
            let inner = program.both("slope.inner", Operation::Add, k2, k3);
            let twice = program.scaled("slope.twice", inner, 2.0);
            let sum = program.both("slope.sum", Operation::Add, k1, twice);
            let sum = program.both("slope.sum", Operation::Add, sum, k4);
            ahead(program, state, sixth, sum)
        })
    }

    fn cfc(&mut self, x: Value, state: State, time: Value, spec: &CfcSpec) -> anyhow::Result<(Value, State)> {
        let mut seen = self.program.concat("seen", &[x, state.hidden]);
        for number in 0..spec.backbone_layers {
            let name = format!("backbone{}", number + 1);
            let sum = self.layer(&format!("{name}.sum"), &format!("head.cell.core.backbone.{number}"), seen, None)?;
            seen = self.activated(&name, spec.activation, sum);
        }
        let hidden = self.closed_form("head.cell.core.form", seen, time, None, spec.mode, "neurons")?;
        Ok((hidden, State { hidden, ..state }))
    }

    fn activated(&mut self, name: &str, activation: Activation, x: Value) -> Value {
        let program = &mut self.program;
        match activation {
            Activation::LecunTanh => {
                let narrow = program.scaled(&format!("{name}.narrow"), x, 0.666);
                let tanh = program.each(&format!("{name}.tanh"), Operation::Tanh, narrow);
                program.scaled(name, tanh, 1.7159)
            }
            Activation::Tanh => program.each(name, Operation::Tanh, x),
            Activation::Relu => program.each(name, Operation::Relu, x),
            Activation::Silu => {
                let gate = program.each(&format!("{name}.gate"), Operation::Sigmoid, x);
                program.both(name, Operation::Mul, x, gate)
            }
            Activation::Gelu => {
                let narrow = program.scaled(&format!("{name}.narrow"), x, std::f32::consts::FRAC_1_SQRT_2);
                let erf = program.each(&format!("{name}.erf"), Operation::Erf, narrow);
                let one = program.constant("one", vec![1.0]);
                let above = program.both(&format!("{name}.above"), Operation::Add, erf, one);
                let half = program.scaled(&format!("{name}.half"), x, 0.5);
                program.both(name, Operation::Mul, half, above)
            }
        }
    }

    fn closed_form(
        &mut self,
        path: &str,
        seen: Value,
        time: Value,
        mask: Option<&Array>,
        mode: CfcMode,
        name: &str,
    ) -> anyhow::Result<Value> {
        let first = self.layer(&format!("{name}.ff1"), &format!("{path}.ff1"), seen, mask)?;
        if mode == CfcMode::Pure {
            return self.pure_form(path, first, time, name);
        }
        let second = self.layer(&format!("{name}.ff2"), &format!("{path}.gate.ff2"), seen, mask)?;
        let a = self.layer(&format!("{name}.time_a"), &format!("{path}.gate.time_a"), seen, None)?;
        let b = self.layer(&format!("{name}.time_b"), &format!("{path}.gate.time_b"), seen, None)?;
        let program = &mut self.program;
        let [first, second] =
            [first, second].map(|target| program.each(&format!("{name}.target"), Operation::Tanh, target));
        let passed = program.both(&format!("{name}.passed"), Operation::Mul, a, time);
        let sum = program.both(&format!("{name}.share.sum"), Operation::Add, passed, b);
        let share = program.each(&format!("{name}.share"), Operation::Sigmoid, sum);
        let second = program.both(&format!("{name}.second"), Operation::Mul, share, second);
        if mode == CfcMode::NoGate {
            return Ok(program.both(name, Operation::Add, first, second));
        }
        let one = program.constant("one", vec![1.0]);
        let rest = program.both(&format!("{name}.rest"), Operation::Sub, one, share);
        let first = program.both(&format!("{name}.first"), Operation::Mul, first, rest);
        Ok(program.both(name, Operation::Add, first, second))
    }

    /// `A − A·exp(−t·(|w_tau| + |f|))·f`
    fn pure_form(&mut self, path: &str, first: Value, time: Value, name: &str) -> anyhow::Result<Value> {
        let w_tau = self.parameters.numbers(&format!("{path}.decay.w_tau"))?.into_iter().map(f32::abs).collect();
        let level = self.parameters.numbers(&format!("{path}.decay.level"))?;
        let program = &mut self.program;
        let w_tau = program.constant(&format!("{name}.w_tau"), w_tau);
        let level = program.constant(&format!("{name}.level"), level);
        let size = program.each(&format!("{name}.size"), Operation::Abs, first);
        let rate = program.both(&format!("{name}.rate"), Operation::Add, w_tau, size);
        let backwards = program.scaled(&format!("{name}.backwards"), time, -1.0);
        let decay = program.both(&format!("{name}.decay"), Operation::Mul, rate, backwards);
        let left = program.each(&format!("{name}.left"), Operation::Exp, decay);
        let of_level = program.both(&format!("{name}.of_level"), Operation::Mul, level, left);
        let gone = program.both(&format!("{name}.gone"), Operation::Mul, of_level, first);
        Ok(program.both(name, Operation::Sub, level, gone))
    }

    fn wired_cfc(
        &mut self,
        x: Value,
        state: State,
        time: Value,
        cell: &Cell,
        mode: CfcMode,
    ) -> anyhow::Result<(Value, State)> {
        let dict = interchange::export(cell);
        let mask = |layer: usize| {
            let end = format!("layer_{layer}.sparsity_mask");
            let name = dict.names().find(|name| name.ends_with(&end))?.to_owned();
            dict.get(&name).cloned()
        };
        let masks: Vec<Array> = (0..).map_while(mask).collect();
        let names: &[&str] = if masks.len() == 3 { &["inter", "command_neurons", "motor"] } else { &["neurons"] };
        let (mut input, mut first, mut layers) = (x, 0, Vec::new());
        for (number, (mask, name)) in masks.iter().zip(names).enumerate() {
            let units = mask.shape[0];
            let own = self.program.slice(&format!("{name}.before"), state.hidden, first, units);
            let seen = self.program.concat(&format!("{name}.seen"), &[input, own]);
            let path = format!("head.cell.core.layers.{number}");
            input = self.closed_form(&path, seen, time, Some(mask), mode, name)?;
            layers.push(input);
            first += units;
        }
        let hidden = self.program.concat("neurons", &layers);
        Ok((input, State { hidden, ..state }))
    }

    fn ltc(&mut self, x: Value, state: State, time: Value, spec: &LtcSpec) -> anyhow::Result<(Value, State)> {
        let wiring = spec.wiring.wiring();
        let numbers = |name: &str| self.parameters.numbers(&format!("head.cell.core.{name}"));
        let positive = |name: &str| -> anyhow::Result<Vec<f32>> {
            let softplus = |x: f32| if x > 20.0 { x } else { x.exp().ln_1p() };
            Ok(match spec.constraint {
                Constraint::Explicit => numbers(name)?,
                Constraint::Softplus => numbers(name)?.into_iter().map(softplus).collect(),
            })
        };
        let optional = |name: &str| numbers(name).ok();
        let gates = |prefix: &str, synapses: &[Synapse]| -> anyhow::Result<Gates> {
            let name = |what: &str| format!("{prefix}{what}");
            let (w, erev) = (positive(&name("w"))?, numbers(&name("erev"))?);
            let units = wiring.units();
            let mut into = [vec![0.0; units * synapses.len()], vec![0.0; units * synapses.len()]];
            for (at, synapse) in synapses.iter().enumerate() {
                let place = synapse.target * synapses.len() + at;
                (into[0][place], into[1][place]) = (w[at], w[at] * erev[at]);
            }
            let [conductance, pull] = into;
            let sources = synapses.iter().map(|synapse| synapse.source).collect();
            let gate = [numbers(&name("mu"))?, numbers(&name("sigma"))?];
            Ok(Gates { sources, gate, conductance, pull })
        };
        let sensory = gates("sensory_", wiring.sensory_synapses())?;
        let between = gates("", wiring.synapses())?;
        let (gleak, vleak, cm) = (positive("gleak")?, numbers("vleak")?, positive("cm")?);
        let maps = [optional("input_w"), optional("input_b"), optional("output_w"), optional("output_b")];
        let [input_w, input_b, output_w, output_b] = maps;
        let motor = wiring.ids(Layer::Motor).len();
        let program = &mut self.program;
        let sensed = mapped(program, "sensory", x, input_w, input_b);
        let felt = sensory.drive(program, "sensory", sensed);
        let constant = [
            ("neurons.leak_current", gleak.iter().zip(&vleak).map(|(gleak, vleak)| gleak * vleak).collect()),
            ("neurons.gleak", gleak),
            ("neurons.cm", cm),
            ("neurons.epsilon", vec![spec.epsilon as f32]),
        ];
        let [leak_current, gleak, cm, epsilon] = constant.map(|(name, numbers)| program.constant(name, numbers));
        let pull = felt.map(|felt| program.both("sensory.pull_and_leak", Operation::Add, felt.pull, leak_current));
        let pull = pull.unwrap_or(leak_current);
        let leak =
            felt.map(|felt| program.both("sensory.conductance_and_leak", Operation::Add, felt.conductance, gleak));
        let leak = leak.unwrap_or(gleak);
        let part = program.scaled("part", time, 1.0 / spec.unfolds as f32);
        let end = if spec.solver == Solver::Fused {
            let capacitance = program.both("neurons.capacitance", Operation::Div, cm, part);
            let fixed = program.both("neurons.fixed", Operation::Add, capacitance, leak);
            let fixed = program.both("neurons.fixed", Operation::Add, fixed, epsilon);
            (0..spec.unfolds).fold(state.hidden, |v, _| {
                let driven = between.drive(program, "neurons", v);
                let kept = program.both("neurons.kept", Operation::Mul, capacitance, v);
                let kept = program.both("neurons.kept", Operation::Add, kept, pull);
                let Some(Drive { conductance, pull }) = driven else {
                    return program.both("neurons.v", Operation::Div, kept, fixed);
                };
                let above = program.both("neurons.above", Operation::Add, kept, pull);
                let below = program.both("neurons.below", Operation::Add, fixed, conductance);
                program.both("neurons.v", Operation::Div, above, below)
            })
        } else {
            let slope = |program: &mut Program, v: Value| {
                let driven = between.drive(program, "neurons", v);
                let [pull, leak] = match driven {
                    Some(driven) => [
                        program.both("neurons.pull_all", Operation::Add, driven.pull, pull),
                        program.both("neurons.conductance_all", Operation::Add, driven.conductance, leak),
                    ],
                    None => [pull, leak],
                };
                let lost = program.both("neurons.lost", Operation::Mul, leak, v);
                let current = program.both("neurons.current", Operation::Sub, pull, lost);
                program.both("neurons.slope", Operation::Div, current, cm)
            };
            self.explicit(spec.solver, spec.unfolds, state.hidden, part, slope)
        };
        let program = &mut self.program;
        let motors = program.slice("motor", end, 0, motor);
        let output = mapped(program, "motor.mapped", motors, output_w, output_b);
        if program.len(output) != 1 {
            bail!("a cell that steers has one output");
        }
        Ok((output, State { hidden: end, ..state }))
    }
}

/// Synapses from one kind of source.
struct Gates {
    sources: Vec<usize>,
    /// Potential at which a gate is half open, and its steepness.
    gate: [Vec<f32>; 2],
    /// From open gates to the neurons' conductances, `[units, synapses]`.
    conductance: Vec<f32>,
    /// And to what pulls them.
    pull: Vec<f32>,
}

/// Sums over the synapses into each neuron.
#[derive(Clone, Copy)]
struct Drive {
    conductance: Value,
    pull: Value,
}

impl Gates {
    /// Nothing where there are no synapses.
    fn drive(&self, program: &mut Program, name: &str, potential: Value) -> Option<Drive> {
        if self.sources.is_empty() {
            return None;
        }
        let [mu, sigma] = [("mu", &self.gate[0]), ("sigma", &self.gate[1])]
            .map(|(what, numbers)| program.constant(&format!("{name}.{what}"), numbers.clone()));
        let sources = program.gather(&format!("{name}.sources"), potential, self.sources.clone());
        let above = program.both(&format!("{name}.above_half"), Operation::Sub, sources, mu);
        let steep = program.both(&format!("{name}.steep"), Operation::Mul, above, sigma);
        let open = program.each(&format!("{name}.open"), Operation::Sigmoid, steep);
        let conductance = program.dense(&format!("{name}.conductance"), open, self.conductance.clone(), None);
        let pull = program.dense(&format!("{name}.pull"), open, self.pull.clone(), None);
        Some(Drive { conductance, pull })
    }
}

/// `w·x + b`, number by number, of what there is.
fn mapped(program: &mut Program, name: &str, x: Value, w: Option<Vec<f32>>, b: Option<Vec<f32>>) -> Value {
    let mut value = x;
    for (what, operation, numbers) in [("w", Operation::Mul, w), ("b", Operation::Add, b)] {
        if let Some(numbers) = numbers {
            let numbers = program.constant(&format!("{name}.{what}"), numbers);
            value = program.both(name, operation, value, numbers);
        }
    }
    value
}

/// Rows over a map with its channels last, for one with its channels first.
fn by_channel(weight: &[f32], [rows, columns, channels]: [usize; 3]) -> Vec<f32> {
    let places = rows * columns;
    let row = |row: &[f32]| {
        let at = |channel: usize| (0..places).map(move |place| place * channels + channel);
        (0..channels).flat_map(at).map(|at| row[at]).collect::<Vec<_>>()
    };
    weight.chunks_exact(places * channels).flat_map(row).collect()
}

/// `[inputs, outputs]` as `[outputs, inputs]`.
fn transposed(weight: &Array) -> Vec<f32> {
    let columns = weight.shape.get(1).copied().unwrap_or(1);
    (0..columns).flat_map(|column| weight.values.iter().skip(column).step_by(columns).copied()).collect()
}
