use burn::tensor::{Device, Tensor, TensorData};
use lane_testing::{assert_close, noise};
use liquid_cells::cell::{
    Cell, CellRun, CellSpec, CellState, CfcMode, CfcSpec, Constraint, CtRnnSpec, GateOrder, GruSpec, LstmSpec, LtcSpec,
    NeuralOdeSpec, WiredCfcSpec, WiringSource,
};
use liquid_cells::interchange;
use liquid_cells::ltc_kernel::{self, Layout, Run};
use liquid_cells::solver::Solver;
use liquid_cells::to_vec;
use liquid_cells::wiring::{LANE_KEEPING_SEED, Layer, NcpShape, Synapse, Wiring, WiringSpec};
use proptest::prelude::*;

const BATCH: usize = 3;
const STEPS: usize = 4;

/// Rounding of 32-bit sums in another order.
const ROUNDING: f32 = 2e-6;

/// Every cell, and those of its variants that differ in what they keep or how they are written down.
fn specs() -> Vec<(&'static str, CellSpec)> {
    let wiring = || WiringSource::lane_keeping(LANE_KEEPING_SEED);
    let lstm = |gates| CellSpec::from(LstmSpec { inputs: 32, units: 8, gates });
    let cfc = |mode| CellSpec::from(CfcSpec { mode, ..CfcSpec::new(32, 8) });
    let softplus = LtcSpec { constraint: Constraint::Softplus, ..LtcSpec::new(wiring()) };
    vec![
        ("ltc", LtcSpec::new(wiring()).into()),
        ("ltc, softplus", softplus.into()),
        ("ltc, mixed", CellSpec::from(LtcSpec::new(wiring())).with_mixed_memory()),
        ("cfc", cfc(CfcMode::Default)),
        ("cfc, pure", cfc(CfcMode::Pure).with_readout(1)),
        ("cfc, no gate", cfc(CfcMode::NoGate)),
        ("cfc, mixed", cfc(CfcMode::Default).with_mixed_memory().with_readout(2)),
        ("cfc, deep", CfcSpec { backbone_layers: 3, ..CfcSpec::new(32, 8) }.into()),
        ("wired cfc", WiredCfcSpec::new(wiring()).into()),
        ("wired cfc, mixed", CellSpec::from(WiredCfcSpec::new(wiring())).with_mixed_memory()),
        ("lstm", lstm(GateOrder::Ncps).with_readout(1)),
        ("lstm, torch", lstm(GateOrder::Torch).with_readout(1)),
        ("gru", CellSpec::from(GruSpec { inputs: 32, units: 8 }).with_readout(1)),
        ("ct-rnn", CtRnnSpec::new(32, 8).into()),
        ("neural ode", NeuralOdeSpec::new(32, 8).into()),
    ]
}

fn cells() -> impl Iterator<Item = (&'static str, Cell)> {
    specs().into_iter().map(|(name, spec)| (name, Cell::new(spec, 5, &Device::flex()).unwrap()))
}

fn inputs(cell: &Cell) -> Vec<f32> {
    noise(BATCH * STEPS * cell.spec().core.inputs(), 9).iter().map(|value| 3.0 * value).collect()
}

/// Lengths that differ from sequence to sequence and from step to step.
fn elapsed() -> Vec<f32> {
    noise(BATCH * STEPS, 4).iter().map(|value| 0.2 + 2.0 * (value + 0.5)).collect()
}

fn run(cell: &Cell, inputs: &[f32], elapsed: &[f32], batch: usize, state: Option<CellState>) -> CellRun {
    let device = Device::flex();
    let steps = elapsed.len() / batch;
    let inputs =
        Tensor::<3>::from_data(TensorData::new(inputs.to_vec(), [batch, steps, cell.spec().core.inputs()]), &device);
    let elapsed = Tensor::<2>::from_data(TensorData::new(elapsed.to_vec(), [batch, steps]), &device);
    cell.forward(inputs, state.unwrap_or_else(|| cell.zero_state(batch, &device)), elapsed)
}

#[test]
fn a_sequence_is_its_single_steps_for_every_cell() {
    for (name, cell) in cells() {
        let (width, inputs, elapsed) = (cell.spec().core.inputs(), inputs(&cell), elapsed());
        let whole = run(&cell, &inputs, &elapsed, BATCH, None);
        let (mut state, mut last) = (None, Vec::new());
        for step in 0..STEPS {
            let of_step = |sequence: usize| sequence * STEPS + step;
            let input: Vec<f32> = (0..BATCH).flat_map(|b| inputs[of_step(b) * width..][..width].to_vec()).collect();
            let length: Vec<f32> = (0..BATCH).map(|b| elapsed[of_step(b)]).collect();
            let one = run(&cell, &input, &length, BATCH, state);
            last = to_vec(one.outputs.clone());
            state = Some(one.state);
        }
        let end = to_vec(whole.outputs.narrow(1, STEPS - 1, 1));
        assert_close(name, &last, &end, ROUNDING);
        assert_close(name, &to_vec(state.unwrap().hidden), &to_vec(whole.state.hidden), ROUNDING);
    }
}

#[test]
fn every_sequence_of_a_batch_has_its_own_time() {
    for (name, cell) in cells() {
        let (width, inputs, elapsed) = (cell.spec().core.inputs(), inputs(&cell), elapsed());
        let together = to_vec(run(&cell, &inputs, &elapsed, BATCH, None).outputs);
        for sequence in 0..BATCH {
            let own = &inputs[sequence * STEPS * width..][..STEPS * width];
            let alone = to_vec(run(&cell, own, &elapsed[sequence * STEPS..][..STEPS], 1, None).outputs);
            let outputs = alone.len();
            assert_close(name, &alone, &together[sequence * outputs..][..outputs], ROUNDING);
        }
    }
}

#[test]
fn time_matters_to_the_continuous_cells_and_to_no_other() {
    for (name, cell) in cells() {
        let inputs = inputs(&cell);
        let after = |length: f32| to_vec(run(&cell, &inputs, &[length; BATCH * STEPS], BATCH, None).outputs);
        let timeless = name.starts_with("lstm") || name == "gru";
        assert_eq!(after(0.3) == after(1.0), timeless, "{}", name);
    }
}

#[test]
fn an_exported_cell_comes_back_with_the_same_numbers() {
    for (name, cell) in cells() {
        let dict = interchange::export(&cell);
        let back = interchange::import(&dict, cell.spec(), &Device::flex()).unwrap();
        let (inputs, elapsed) = (inputs(&cell), elapsed());
        let outputs = |cell: &Cell| to_vec(run(cell, &inputs, &elapsed, BATCH, None).outputs);
        assert_eq!(outputs(&back), outputs(&cell), "{}", name);
    }
}

/// A state dict of the liquid cell, one number of it changed.
fn changed(name: &str, number: f32) -> interchange::StateDict {
    let mut dict = interchange::export(&liquid(Solver::Fused, 6));
    let mut array = dict.remove(name).unwrap();
    // The first synapse of the wiring that exists, or the first neuron.
    let at = array.values.iter().position(|value| *value != 0.0).unwrap();
    array.values[at] = number;
    dict.insert(name, array);
    dict
}

#[test]
fn a_state_dict_is_not_taken_for_a_clipped_cell_unless_somebody_says_so() {
    let infer = |constraint| {
        let hints = interchange::Hints { constraint, ..interchange::Hints::default() };
        interchange::infer(&changed("rnn_cell.w", 0.5), interchange::CellName::Ltc, &hints)
    };
    let refused = infer(None).unwrap_err().to_string();
    assert!(refused.contains("--constraint softplus or explicit"), "{refused}");
    let spec = infer(Some(Constraint::Explicit)).unwrap();
    for name in ["rnn_cell.w", "rnn_cell.sensory_w", "rnn_cell.gleak", "rnn_cell.cm"] {
        let refused = interchange::import(&changed(name, -0.5), &spec, &Device::flex()).unwrap_err().to_string();
        assert!(refused.contains("made with a softplus"), "{name}: {refused}");
    }
    let softplus = infer(Some(Constraint::Softplus)).unwrap();
    assert!(interchange::import(&changed("rnn_cell.w", -0.5), &softplus, &Device::flex()).is_ok());
}

#[test]
fn the_wiring_of_a_cell_has_the_polarities_that_training_left() {
    let spec = CellSpec::from(LtcSpec::new(WiringSource::lane_keeping(7)));
    let first = |cell: &Cell| cell.wiring().unwrap().synapses()[0].polarity;
    let turned = |erev| interchange::import(&changed("rnn_cell.erev", erev), &spec, &Device::flex()).unwrap();
    assert_eq!((first(&turned(0.7)), first(&turned(-0.7))), (1, -1));
}

#[test]
fn wired_closed_form_cells_show_only_synapses_from_layer_to_layer() {
    let (_, cell) = cells().find(|(name, _)| *name == "wired cfc").unwrap();
    let wiring = cell.wiring().unwrap();
    let command = wiring.ids(Layer::Command);
    let within = |synapse: &&Synapse| command.contains(&synapse.source) && command.contains(&synapse.target);
    assert_eq!(wiring.synapses().iter().filter(within).count(), 0);
    // 60 synapses of the published wiring, six of them within the command layer.
    assert_eq!((wiring.sensory_synapses().len(), wiring.synapses().len()), (192, 54));
}

/// The liquid cell of the lane-keeping wiring with another solver.
fn liquid(solver: Solver, unfolds: usize) -> Cell {
    let ltc = LtcSpec { solver, unfolds, ..LtcSpec::new(WiringSource::lane_keeping(7)) };
    Cell::new(ltc, 5, &Device::flex()).unwrap()
}

#[test]
fn all_solvers_of_the_liquid_cell_agree_in_the_limit_of_small_parts() {
    let states = |solver, unfolds| {
        let cell = liquid(solver, unfolds);
        to_vec(run(&cell, &inputs(&cell), &elapsed(), BATCH, None).state.hidden)
    };
    let exact = states(Solver::Rk4, 400);
    let off = |solver, unfolds| {
        let states = states(solver, unfolds);
        states.iter().zip(&exact).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
    };
    assert!(off(Solver::Rk4, 200) < 1e-5, "the reference itself has converged");
    for solver in [Solver::Fused, Solver::Euler] {
        let (coarse, fine) = (off(solver, 100), off(solver, 200));
        // Both are of first order: half the part, half the error. 32 bits leave about 1e-6 of it.
        assert!((1.6..2.4).contains(&(coarse / fine)), "{solver}: {coarse} and {fine}");
    }
}

/// A random liquid cell over random inputs.
#[derive(Clone, Debug)]
struct Random {
    wiring: Wiring,
    parameters: Vec<f32>,
    inputs: Vec<f32>,
    state: Vec<f32>,
    elapsed: f32,
    unfolds: usize,
}

fn random() -> impl Strategy<Value = Random> {
    let shape = (1..6_usize, 1..6_usize, 1..4_usize, 1..3_usize, any::<u32>());
    (shape, 0.01..20.0_f32, 1..8_usize, any::<u64>()).prop_map(
        |((sensory, inter, command, motor, seed), elapsed, unfolds, draw)| {
            let fan = |most: usize| 1 + draw as usize % most;
            let shape = NcpShape {
                sensory,
                inter,
                command,
                motor,
                sensory_fanout: fan(inter),
                inter_fanout: fan(command),
                recurrent_command_synapses: 3,
                motor_fanin: fan(command),
            };
            let wiring = Wiring::build(&WiringSpec::Ncp { shape, seed }).unwrap();
            let layout = Layout::of(&wiring).parameters();
            let draws = |count: usize, part: u64, low: f32, high: f32| -> Vec<f32> {
                noise(count, draw ^ part).iter().map(|value| low + (value + 0.5) * (high - low)).collect()
            };
            let (incoming, between) = (wiring.sensory_synapses().len(), wiring.synapses().len());
            let mut parameters = Vec::with_capacity(layout);
            for count in [incoming, between] {
                parameters.extend(draws(count, 1 + count as u64, 0.0, 3.0)); // w
                parameters.extend(draws(count, 2 + count as u64, -2.0, 2.0)); // mu
                parameters.extend(draws(count, 3 + count as u64, -10.0, 10.0)); // sigma
                parameters.extend(draws(count, 4 + count as u64, -3.0, 3.0)); // erev
            }
            let units = wiring.units();
            parameters.extend(draws(units, 5, 0.01, 2.0)); // gleak
            parameters.extend(draws(units, 6, -2.0, 2.0)); // vleak
            parameters.extend(draws(units, 7, 0.05, 2.0)); // cm
            let (inputs, state) = (draws(sensory, 8, -50.0, 50.0), draws(units, 9, -1.0, 1.0));
            Random { wiring, parameters, inputs, state, elapsed, unfolds }
        },
    )
}

/// Per neuron: sum of conductances into it, and the range of its leak and reversal potentials and 0.
fn bounds(random: &Random) -> Vec<(f32, f32, f32)> {
    let Random { wiring, parameters, .. } = random;
    let (incoming, between) = (wiring.sensory_synapses().len(), wiring.synapses().len());
    let leak = &parameters[4 * (incoming + between)..];
    let units = wiring.units();
    let mut bounds: Vec<_> = (0..units).map(|n| (0.0, leak[units + n].min(0.0), leak[units + n].max(0.0))).collect();
    for (synapses, first) in [(wiring.sensory_synapses(), 0), (wiring.synapses(), 4 * incoming)] {
        for (k, synapse) in synapses.iter().enumerate() {
            let (w, erev) = (parameters[first + k], parameters[first + 3 * synapses.len() + k]);
            let (sum, low, high) = &mut bounds[synapse.target];
            (*sum, *low, *high) = (*sum + w, low.min(erev), high.max(erev));
        }
    }
    bounds
}

/// States after three steps straight from the equation, in 64 bits; inputs, then first state, then parameters.
fn by_definition(random: &Random, numbers: &[f64]) -> Vec<f64> {
    let Random { wiring, unfolds, elapsed, .. } = random;
    let (sensory, units) = (wiring.sensory(), wiring.units());
    let (inputs, rest) = numbers.split_at(sensory);
    let (state, parameters) = rest.split_at(units);
    let (incoming, between) = (wiring.sensory_synapses().len(), wiring.synapses().len());
    let leak = &parameters[4 * (incoming + between)..];
    let mut state = state.to_vec();
    for _ in 0..3 * unfolds {
        let mut sums = vec![(0.0, 0.0); units];
        let of = [(wiring.sensory_synapses(), 0, inputs), (wiring.synapses(), 4 * incoming, &state[..])];
        for (synapses, first, sources) in of {
            for (k, synapse) in synapses.iter().enumerate() {
                let part = |part: usize| parameters[first + part * synapses.len() + k];
                let (w, mu, sigma, erev) = (part(0), part(1), part(2), part(3));
                let open = w / (1.0 + (-sigma * (sources[synapse.source] - mu)).exp());
                let (current, conductance) = &mut sums[synapse.target];
                (*current, *conductance) = (*current + open * erev, *conductance + open);
            }
        }
        let part = f64::from(*elapsed) / *unfolds as f64;
        state = (0..units)
            .map(|n| {
                let (gleak, vleak, cm) = (leak[n], leak[units + n], leak[2 * units + n] / part);
                let (current, conductance) = sums[n];
                (cm * state[n] + gleak * vleak + current) / (cm + gleak + conductance + 1e-8)
            })
            .collect();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Every gradient of the fused kernel, for wirings, unfolds and parameters that no reference file has.
    #[test]
    fn gradients_of_the_liquid_kernel_are_finite_differences_of_the_equation_in_64_bits(random in random()) {
        let d_state: Vec<f32> = noise(random.wiring.units(), 3);
        // Gates that neither saturate nor explode, so that a difference is a derivative.
        let inputs: Vec<f32> = random.inputs.iter().map(|input| input / 50.0).collect();
        let run = Run {
            wiring: &random.wiring,
            unfolds: random.unfolds,
            epsilon: 1e-8,
            batch: 1,
            steps: 3,
            inputs: &inputs.repeat(3),
            first_state: &random.state,
            elapsed: &[random.elapsed; 3],
            parameters: &random.parameters,
        };
        let mut d_states = vec![0.0; 2 * d_state.len()];
        d_states.extend(&d_state);
        let gradients = ltc_kernel::backward(&run, &d_states);
        let d_inputs: Vec<f32> =
            (0..inputs.len()).map(|i| (0..3).map(|step| gradients.inputs[step * inputs.len() + i]).sum()).collect();
        let ours = [&d_inputs[..], &gradients.first_state, &gradients.parameters].concat();
        let numbers: Vec<f64> =
            inputs.iter().chain(&random.state).chain(&random.parameters).map(|number| f64::from(*number)).collect();
        let loss = |numbers: &[f64]| -> f64 {
            by_definition(&random, numbers).iter().zip(&d_state).map(|(v, d)| v * f64::from(*d)).sum()
        };
        let scale = ours.iter().map(|gradient| f64::from(gradient.abs())).fold(1e-3, f64::max);
        for (at, ours) in ours.iter().enumerate() {
            let [mut up, mut down] = [numbers.clone(), numbers.clone()];
            (up[at], down[at]) = (numbers[at] + 1e-5, numbers[at] - 1e-5);
            let measured = (loss(&up) - loss(&down)) / 2e-5;
            // 32-bit gradients through up to 21 unfolds.
            prop_assert!((measured - f64::from(*ours)).abs() < 1e-4 * scale, "number {at}: {measured} against {ours}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Hasani et al., AAAI 2021, Theorem 1, in the form of synapses: cm / (gleak + Σ w) ≤ τ ≤ cm / gleak.
    #[test]
    fn time_constants_stay_between_all_gates_open_and_all_shut(random in random()) {
        let inside = ltc_kernel::introspect(&random.wiring, &random.parameters, &random.inputs, &random.state);
        let units = random.wiring.units();
        let leak = &random.parameters[random.parameters.len() - 3 * units..];
        for (n, (tau, (sum, _, _))) in inside.time_constant.iter().zip(bounds(&random)).enumerate() {
            let (gleak, cm) = (leak[n], leak[2 * units + n]);
            let (least, most) = (cm / (gleak + sum), cm / gleak);
            prop_assert!(*tau >= least * 0.99999 && *tau <= most * 1.00001, "{least} <= {tau} <= {most}");
        }
    }

    /// Theorem 2: a state within the range of its potentials stays there, for any input and any length of a step.
    #[test]
    fn states_stay_within_the_range_of_their_potentials(random in random()) {
        let bounds = bounds(&random);
        let first_state: Vec<f32> =
            random.state.iter().zip(&bounds).map(|(share, (_, low, high))| low + (share + 1.0) / 2.0 * (high - low)).collect();
        let run = Run {
            wiring: &random.wiring,
            unfolds: random.unfolds,
            epsilon: 1e-8,
            batch: 1,
            steps: 3,
            inputs: &random.inputs.repeat(3),
            first_state: &first_state,
            elapsed: &[random.elapsed; 3],
            parameters: &random.parameters,
        };
        for states in ltc_kernel::forward(&run).chunks_exact(random.wiring.units()) {
            for (state, (_, low, high)) in states.iter().zip(&bounds) {
                // Rounding of a mean of numbers up to 3.
                prop_assert!(*state >= low - 3e-6 && *state <= high + 3e-6, "{low} <= {state} <= {high}");
            }
        }
    }
}
