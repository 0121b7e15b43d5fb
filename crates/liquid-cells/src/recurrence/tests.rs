//! Every cell by the kernel against the same lines in tensors, and against finite differences of them in 64 bits.

use super::value::{Bias, Value, Weight};
use super::{Function, Held, Recurrence, by_tensors, states};
use crate::FirstWeights;
use crate::cell::{
    Activation, CfcMode, CfcSpec, Core, CoreSpec, CtRnnSpec, GateOrder, GruSpec, LstmSpec, NeuralOdeSpec, WiredCfcSpec,
    WiringSource,
};
use crate::solver::Solver;
use crate::values::to_vec;
use crate::wiring::{NcpShape, WiringSpec};
use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use lane_testing::{assert_close, noise};
use std::ops::{Add, Mul, Sub};

const INPUTS: usize = 3;
const UNITS: usize = 5;
const STEPS: usize = 4;

/// Every cell, in every mode.
fn specs() -> Vec<(String, CoreSpec)> {
    let mut all: Vec<(String, CoreSpec)> = Vec::new();
    for gates in GateOrder::ALL {
        all.push((format!("lstm, {gates}"), LstmSpec { inputs: INPUTS, units: UNITS, gates }.into()));
    }
    all.push(("gru".into(), GruSpec { inputs: INPUTS, units: UNITS }.into()));
    let cfc = CfcSpec { backbone_units: 7, ..CfcSpec::new(INPUTS, UNITS) };
    for mode in CfcMode::ALL {
        for backbone_layers in 0..3 {
            let name = format!("cfc, {mode}, {backbone_layers} layers");
            all.push((name, CfcSpec { mode, backbone_layers, ..cfc.clone() }.into()));
        }
        let shape = NcpShape {
            sensory: INPUTS,
            inter: 4,
            command: 3,
            motor: 2,
            sensory_fanout: 2,
            inter_fanout: 2,
            recurrent_command_synapses: 3,
            motor_fanin: 2,
        };
        let wiring = WiringSource::draw(WiringSpec::Ncp { shape, seed: 7 }).unwrap();
        all.push((format!("wired cfc, {mode}"), WiredCfcSpec { wiring, mode }.into()));
    }
    for activation in Activation::ALL {
        all.push((format!("cfc, {activation}"), CfcSpec { activation, ..cfc.clone() }.into()));
    }
    for solver in [Solver::Euler, Solver::Rk4] {
        // So tight a clip that some neurons reach it.
        let ct_rnn = CtRnnSpec { solver, unfolds: 3, clip: 0.8, tau: 1.5, ..CtRnnSpec::new(INPUTS, UNITS) };
        all.push((format!("ct-rnn, {solver}"), ct_rnn.into()));
        let node = NeuralOdeSpec { solver, width: 6, ..NeuralOdeSpec::new(INPUTS, UNITS) };
        all.push((format!("neural ode, {solver}"), node.into()));
    }
    all
}

/// Does the same for each cell.
trait Examination {
    fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R);
}

fn examine_all(examination: &impl Examination) {
    for (name, spec) in specs() {
        match spec.kind().init(&mut FirstWeights::new(5, &Device::flex())) {
            Core::Lstm(cell) => examination.examine(&name, cell),
            Core::Gru(cell) => examination.examine(&name, cell),
            Core::Cfc(cell) => examination.examine(&name, cell),
            Core::WiredCfc(cell) => examination.examine(&name, cell),
            Core::CtRnn(cell) => examination.examine(&name, cell),
            Core::NeuralOde(cell) => examination.examine(&name, cell),
            Core::Ltc(_) => unreachable!("liquid cells have a kernel of their own"),
        }
    }
}

/// What a batch is given, and what a loss makes of it: numbers times these.
#[derive(Clone)]
struct Case {
    batch: usize,
    steps: usize,
    units: usize,
    inputs: Vec<f32>,
    hidden: Vec<f32>,
    memory: Vec<f32>,
    elapsed: Vec<f32>,
    d_hidden: Vec<f32>,
    d_memory: Vec<f32>,
}

impl Case {
    fn new(cell: &impl Recurrence, batch: usize) -> Self {
        let (steps, units) = (STEPS, cell.parts().iter().filter(|part| !part.1).map(|part| part.0).sum());
        let has_memory = cell.parts().iter().any(|part| part.1);
        let memories = if has_memory { batch * units } else { 0 };
        Self {
            batch,
            steps,
            units,
            inputs: noise(batch * steps * INPUTS, 1).iter().map(|number| 3.0 * number).collect(),
            hidden: noise(batch * units, 2),
            memory: noise(memories, 3),
            elapsed: noise(batch * steps, 4).iter().map(|number| 0.9 + number).collect(),
            d_hidden: noise(steps * batch * units, 5),
            d_memory: noise(steps * memories, 6),
        }
    }

    fn has_memory(&self) -> bool {
        !self.memory.is_empty()
    }

    /// Some of its sequences.
    fn sequences(&self, from: usize, count: usize) -> Self {
        let part = |numbers: &[f32]| {
            let each = numbers.len() / self.batch;
            numbers[from * each..(from + count) * each].to_vec()
        };
        Self {
            batch: count,
            inputs: part(&self.inputs),
            hidden: part(&self.hidden),
            memory: part(&self.memory),
            elapsed: part(&self.elapsed),
            d_hidden: part(&self.d_hidden),
            d_memory: part(&self.d_memory),
            ..*self
        }
    }
}

/// What came out, by name.
type Numbers = Vec<(String, Vec<f32>)>;

fn assert_all_close(name: &str, got: &Numbers, expected: &Numbers, tolerance: f32) {
    assert_eq!(got.len(), expected.len());
    for ((what, got), (_, expected)) in got.iter().zip(expected) {
        assert_close(&format!("{name}: {what}"), got, expected, tolerance);
    }
}

fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), device)
}

/// States and memory after each step, on a device that records nothing.
fn inferred(cell: &impl Recurrence, case: &Case, held: &[Held]) -> Numbers {
    let device = Device::flex();
    let (batch, units) = (case.batch, case.units);
    let memory = case.has_memory().then(|| tensor(&case.memory, [batch, units], &device));
    let hidden = tensor(&case.hidden, [batch, units], &device);
    let inputs = tensor(&case.inputs, [batch, case.steps, INPUTS], &device);
    let elapsed = tensor(&case.elapsed, [batch, case.steps], &device);
    let (states, memories) = states(cell, inputs, (hidden, memory), elapsed, held);
    let memories = memories.map(to_vec).unwrap_or_default();
    vec![("states".into(), to_vec(states)), ("memories".into(), memories)]
}

/// States, memory, and the gradients of all that there is, by the kernel or in tensors.
fn differentiated<R: Recurrence>(cell: &R, case: &Case, held: &[Held], in_tensors: bool) -> Numbers {
    let device = Device::flex().autodiff();
    let cell = cell.clone().train().fork(&device);
    let (batch, steps, units) = (case.batch, case.steps, case.units);
    let inputs = tensor(&case.inputs, [batch, steps, INPUTS], &device).require_grad();
    let hidden = tensor(&case.hidden, [batch, units], &device).require_grad();
    let memory = case.has_memory().then(|| tensor(&case.memory, [batch, units], &device).require_grad());
    let elapsed = tensor(&case.elapsed, [batch, steps], &device).require_grad();
    let state = (hidden.clone(), memory.clone());
    let (states, memories) = match in_tensors {
        true => by_tensors(&cell, inputs.clone(), state, elapsed.clone(), held),
        false => states(&cell, inputs.clone(), state, elapsed.clone(), held),
    };
    let mut loss = (states.clone() * tensor(&case.d_hidden, [batch, steps, units], &device)).sum();
    if let Some(memories) = &memories {
        loss = loss + (memories.clone() * tensor(&case.d_memory, [batch, steps, units], &device)).sum();
    }
    let gradients = loss.backward();
    let of = |gradient: Option<Vec<f32>>, count: usize| gradient.unwrap_or_else(|| vec![0.0; count]);
    let mut all: Numbers = vec![
        ("states".into(), to_vec(states)),
        ("memories".into(), memories.map(to_vec).unwrap_or_default()),
        ("inputs".into(), of(inputs.grad(&gradients).map(to_vec), case.inputs.len())),
        ("hidden".into(), of(hidden.grad(&gradients).map(to_vec), case.hidden.len())),
        ("elapsed".into(), of(elapsed.grad(&gradients).map(to_vec), case.elapsed.len())),
    ];
    all.extend(memory.map(|memory| ("memory".into(), of(memory.grad(&gradients).map(to_vec), case.memory.len()))));
    let mut collector = Collector { gradients: &gradients, all: Vec::new() };
    cell.visit(&mut collector);
    let parameters = collector.all.into_iter().enumerate();
    all.extend(parameters.map(|(number, gradient)| (format!("parameter {number}"), gradient)));
    all
}

/// Gradients of a module's parameters.
struct Collector<'a> {
    gradients: &'a Gradients,
    all: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let gradient = tensor.grad(self.gradients).map(to_vec);
        self.all.push(gradient.unwrap_or_else(|| vec![0.0; tensor.shape().num_elements()]));
    }
}

#[test]
fn states_and_all_gradients_of_every_cell_are_those_of_its_step_in_tensors() {
    struct Against;
    impl Examination for Against {
        fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R) {
            // Two blocks, and a rest that fills no tile.
            let case = Case::new(&cell, 19);
            for held in [vec![], vec![Held { neuron: 1, value: 0.4 }, Held { neuron: 4, value: -0.2 }]] {
                let [kernel, tensors] = [false, true].map(|tensors| differentiated(&cell, &case, &held, tensors));
                // Other orders of sums, other roundings of the functions.
                assert_all_close(name, &kernel[..2].to_vec(), &tensors[..2].to_vec(), 2e-6);
                assert_all_close(name, &kernel, &tensors, 1e-5);
            }
        }
    }
    examine_all(&Against);
}

#[test]
fn a_sequence_has_the_same_bits_alone_among_others_and_step_by_step() {
    struct Alone;
    impl Examination for Alone {
        fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R) {
            let (case, units) = (Case::new(&cell, 19), Case::new(&cell, 1).units);
            let together = inferred(&cell, &case, &[]);
            assert_eq!(together, differentiated(&cell, &case, &[], false)[..2], "{name}: recorded or not");
            for sequence in [0, 3, 17] {
                let own = |numbers: &Vec<f32>| {
                    let each = numbers.len() / case.batch;
                    numbers[sequence * each..][..each].to_vec()
                };
                let expected: Vec<Vec<f32>> = together.iter().map(|(_, numbers)| own(numbers)).collect();
                let mut case = case.sequences(sequence, 1);
                let alone: Vec<Vec<f32>> =
                    inferred(&cell, &case, &[]).into_iter().map(|(_, numbers)| numbers).collect();
                assert_eq!(alone, expected, "{name}: alone");
                let (inputs, elapsed) = (case.inputs.clone(), case.elapsed.clone());
                case.steps = 1;
                for step in 0..STEPS {
                    case.inputs = inputs[step * INPUTS..][..INPUTS].to_vec();
                    case.elapsed = vec![elapsed[step]];
                    let next = inferred(&cell, &case, &[]);
                    assert_eq!(next[0].1, expected[0][step * units..][..units], "{name}: step {step}");
                    (case.hidden, case.memory) = (next[0].1.clone(), next[1].1.clone());
                }
            }
        }
    }
    examine_all(&Alone);
}

#[test]
fn states_and_gradients_have_the_same_bits_on_any_number_of_threads() {
    struct Threads;
    impl Examination for Threads {
        fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R) {
            let case = Case::new(&cell, 50);
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| differentiated(&cell, &case, &[], false))
            };
            assert_eq!(on(1), on(3), "{name}");
        }
    }
    examine_all(&Threads);
}

#[test]
fn changed_parameters_are_read_anew() {
    struct Changed;
    impl Examination for Changed {
        fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R) {
            let case = Case::new(&cell, 2);
            let (first, other) = (inferred(&cell, &case, &[]), perturbed(&cell, 1, 0, 0.5).0);
            assert_ne!(inferred(&other, &case, &[]), first, "{name}");
            assert_eq!(inferred(&cell, &case, &[]), first, "{name}");
            let held = [Held { neuron: 0, value: 0.25 }];
            assert_ne!(inferred(&cell, &case, &held), first, "{name}: with a held neuron");
        }
    }
    examine_all(&Changed);
}

/// A cell with one number of a parameter changed, and by how much it changed in fact.
fn perturbed<R: Recurrence>(cell: &R, parameter: usize, at: usize, by: f32) -> (R, f64) {
    struct Perturb {
        parameter: usize,
        at: usize,
        by: f32,
        seen: usize,
        change: f64,
    }
    impl ModuleMapper for Perturb {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.seen += 1;
            if self.seen - 1 != self.parameter {
                return param;
            }
            param.map(|tensor| {
                let (shape, device) = (tensor.shape(), tensor.device());
                let mut numbers = to_vec(tensor);
                let changed = numbers[self.at] + self.by;
                self.change = f64::from(changed) - f64::from(numbers[self.at]);
                numbers[self.at] = changed;
                Tensor::from_data(TensorData::new(numbers, shape), &device)
            })
        }
    }
    let mut mapper = Perturb { parameter, at, by, seen: 0, change: 0.0 };
    (cell.clone().map(&mut mapper), mapper.change)
}

/// Numbers of a batch in 64 bits: `[batch, width]`.
#[derive(Clone, Debug)]
struct Exact(Vec<Vec<f64>>);

impl Exact {
    fn each(self, of: impl Fn(f64) -> f64) -> Self {
        Self(self.0.into_iter().map(|row| row.into_iter().map(&of).collect()).collect())
    }

    fn pairs(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        let rows = self.0.into_iter().zip(other.0).map(|(a, b)| {
            let (width, number) = (a.len().max(b.len()), |row: &[f64], at: usize| row[at.min(row.len() - 1)]);
            (0..width).map(|at| of(number(&a, at), number(&b, at))).collect()
        });
        Self(rows.collect())
    }
}

impl Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.pairs(other, |a, b| a + b)
    }
}

impl Sub for Exact {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.pairs(other, |a, b| a - b)
    }
}

impl Mul for Exact {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.pairs(other, |a, b| a * b)
    }
}

/// The error function by its series, DLMF 7.6.2.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    2.0 * sum * (-x * x).exp() / std::f64::consts::PI.sqrt()
}

impl Value for Exact {
    fn affine<const PARTS: usize>(maps: &[(&[&Self], Weight<'_>)], biases: &[Bias<'_>]) -> [Self; PARTS] {
        let (batch, outputs) = (maps[0].0[0].0.len(), maps[0].1.outputs.len());
        let mut sums = vec![vec![0.0; outputs]; batch];
        for (sources, weight) in maps {
            let ([_, columns], matrix) = (weight.matrix.shape().dims(), to_vec(weight.matrix.val()));
            for (row, sums) in sums.iter_mut().enumerate() {
                let seen: Vec<f64> = sources.iter().flat_map(|source| source.0[row].clone()).collect();
                for (o, sum) in sums.iter_mut().enumerate() {
                    for (i, number) in seen.iter().enumerate() {
                        let (o, i) = (weight.outputs.start + o, weight.inputs.start + i);
                        let at = if weight.is_transposed { i * columns + o } else { o * columns + i };
                        let mask = weight.mask.map_or(1.0, |mask| mask.values()[at]);
                        *sum += f64::from(matrix[at] * mask) * number;
                    }
                }
            }
        }
        for bias in biases {
            let vector = to_vec(bias.vector.val());
            for (sum, o) in sums.iter_mut().flat_map(|row| row.iter_mut().zip(bias.outputs.clone())) {
                *sum += f64::from(vector[o]);
            }
        }
        let width = outputs / PARTS;
        std::array::from_fn(|part| Self(sums.iter().map(|row| row[part * width..][..width].to_vec()).collect()))
    }

    fn apply(self, function: Function) -> Self {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        self.each(|x| match function {
            Function::Sigmoid => sigmoid(x),
            Function::Tanh => x.tanh(),
            Function::LecunTanh => 1.7159 * (0.666 * x).tanh(),
            Function::Relu => x.max(0.0),
            Function::Gelu => 0.5 * x * (1.0 + erf(x / 2.0_f64.sqrt())),
            Function::Silu => x * sigmoid(x),
            Function::Abs => x.abs(),
            Function::Exp => x.exp(),
            Function::Clamp { low, high } => x.clamp(low.into(), high.into()),
        })
    }

    fn scaled(self, factor: f32, offset: f32) -> Self {
        self.each(|x| f64::from(factor) * x + f64::from(offset))
    }

    fn row(&self, row: &Param<Tensor<2>>) -> Self {
        let row: Vec<f64> = to_vec(row.val()).into_iter().map(f64::from).collect();
        Self(vec![row; self.0.len()])
    }

    fn hold(mut self, held: &[Held]) -> Self {
        self.0.iter_mut().for_each(|row| held.iter().for_each(|held| row[held.neuron] = held.value.into()));
        self
    }
}

/// The loss of a case in 64 bits.
fn loss(cell: &impl Recurrence, case: &Case, held: &[Held]) -> f64 {
    let rows = |numbers: &[f32], first: usize, width: usize| {
        let each = numbers.len() / case.batch;
        Exact(
            numbers
                .chunks(each)
                .map(|row| row[first..first + width].iter().copied().map(f64::from).collect())
                .collect(),
        )
    };
    let (mut state, mut columns) = (Vec::new(), [0; 2]);
    let parts = cell.parts();
    let mut places = Vec::new();
    for (width, in_memory) in &parts {
        let column = &mut columns[usize::from(*in_memory)];
        places.push(*column);
        state.push(rows(if *in_memory { &case.memory } else { &case.hidden }, *column, *width));
        *column += width;
    }
    let mut loss = 0.0;
    for step in 0..case.steps {
        let (input, elapsed) = (rows(&case.inputs, step * INPUTS, INPUTS), rows(&case.elapsed, step, 1));
        state = cell.step(input, state, elapsed, held);
        for ((part, state), place) in parts.iter().zip(&state).zip(&places) {
            let weights = if part.1 { &case.d_memory } else { &case.d_hidden };
            let weights = rows(weights, step * case.units + place, part.0);
            loss += state.clone().pairs(weights, |a, b| a * b).0.concat().iter().sum::<f64>();
        }
    }
    loss
}

#[test]
fn gradients_of_every_cell_are_finite_differences_of_its_step_in_64_bits() {
    /// A central difference over it is off by its square, and not by the rounding of 64 bits.
    const STEP: f32 = 1e-3;
    struct Differences;
    impl Examination for Differences {
        fn examine<R: Recurrence + Sync>(&self, name: &str, cell: R) {
            let case = Case::new(&cell, 2);
            for held in [vec![], vec![Held { neuron: 2, value: 0.3 }]] {
                for (what, ours) in &differentiated(&cell, &case, &held, false)[2..] {
                    let numbers = |case: &mut Case| match what.as_str() {
                        "inputs" => Some(std::mem::take(&mut case.inputs)),
                        "hidden" => Some(std::mem::take(&mut case.hidden)),
                        "memory" => Some(std::mem::take(&mut case.memory)),
                        "elapsed" => Some(std::mem::take(&mut case.elapsed)),
                        _ => None,
                    };
                    let at = |at: usize, by: f32| -> (f64, f64) {
                        let mut changed = case.clone();
                        let Some(mut given) = numbers(&mut changed) else {
                            let parameter = what.split(' ').next_back().unwrap().parse().unwrap();
                            let (cell, change) = perturbed(&cell, parameter, at, by);
                            return (loss(&cell, &case, &held), change);
                        };
                        let before = given[at];
                        given[at] += by;
                        let change = f64::from(given[at]) - f64::from(before);
                        match what.as_str() {
                            "inputs" => changed.inputs = given,
                            "hidden" => changed.hidden = given,
                            "memory" => changed.memory = given,
                            _ => changed.elapsed = given,
                        }
                        (loss(&cell, &changed, &held), change)
                    };
                    let difference = |number: usize| {
                        let ((up, more), (down, less)) = (at(number, STEP), at(number, -STEP));
                        ((up - down) / (more - less)) as f32
                    };
                    let expected: Vec<f32> = (0..ours.len()).map(difference).collect();
                    // The square of the step, times third derivatives near one.
                    assert_close(&format!("{name}: {what}"), ours, &expected, 1e-5);
                }
            }
        }
    }
    examine_all(&Differences);
}
