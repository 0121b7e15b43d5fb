use crate::support::{assert_close, noise};
use burn::tensor::{Tensor, TensorData};
use liquid_lane::device;
use liquid_lane::policy::cell::{Cell, CellRun, CellSpec, CellState, CoreSpec, LtcSpec, WiringSource};
use liquid_lane::policy::interchange;
use liquid_lane::policy::ltc_kernel::{self, Layout, Run};
use liquid_lane::policy::solver::Solver;
use liquid_lane::policy::wiring::{NcpShape, Wiring, WiringSpec};
use liquid_lane::policy::{FirstWeights, HeadKind, PolicyKind, to_vec};
use proptest::prelude::*;

const BATCH: usize = 3;
const STEPS: usize = 4;

/// Rounding of 32-bit sums in another order.
const ROUNDING: f32 = 2e-6;

fn cells() -> impl Iterator<Item = (HeadKind, Cell)> {
    HeadKind::ALL.into_iter().filter_map(|head| {
        let spec = PolicyKind { head, paper: false }.cell()?;
        Some((head, Cell::init(&spec, &mut FirstWeights::new(5, &device::cpu()))))
    })
}

fn inputs(cell: &Cell) -> Vec<f32> {
    noise(BATCH * STEPS * cell.spec().core.inputs(), 9).iter().map(|value| 3.0 * value).collect()
}

/// Lengths that differ from sequence to sequence and from step to step.
fn elapsed() -> Vec<f32> {
    noise(BATCH * STEPS, 4).iter().map(|value| 0.2 + 2.0 * (value + 0.5)).collect()
}

fn run(cell: &Cell, inputs: &[f32], elapsed: &[f32], batch: usize, state: Option<CellState>) -> CellRun {
    let device = device::cpu();
    let steps = elapsed.len() / batch;
    let inputs =
        Tensor::<3>::from_data(TensorData::new(inputs.to_vec(), [batch, steps, cell.spec().core.inputs()]), &device);
    let elapsed = Tensor::<2>::from_data(TensorData::new(elapsed.to_vec(), [batch, steps]), &device);
    cell.forward(inputs, state.unwrap_or_else(|| cell.zero_state(batch, &device)), elapsed)
}

#[test]
fn a_sequence_is_its_single_steps_for_every_cell() {
    for (head, cell) in cells() {
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
        assert_close(head.name(), &last, &end, ROUNDING);
        assert_close(head.name(), &to_vec(state.unwrap().hidden), &to_vec(whole.state.hidden), ROUNDING);
    }
}

#[test]
fn every_sequence_of_a_batch_has_its_own_time() {
    for (head, cell) in cells() {
        let (width, inputs, elapsed) = (cell.spec().core.inputs(), inputs(&cell), elapsed());
        let together = to_vec(run(&cell, &inputs, &elapsed, BATCH, None).outputs);
        for sequence in 0..BATCH {
            let own = &inputs[sequence * STEPS * width..][..STEPS * width];
            let alone = to_vec(run(&cell, own, &elapsed[sequence * STEPS..][..STEPS], 1, None).outputs);
            let outputs = alone.len();
            assert_close(head.name(), &alone, &together[sequence * outputs..][..outputs], ROUNDING);
        }
    }
}

#[test]
fn time_matters_to_the_continuous_cells_and_to_no_other() {
    for (head, cell) in cells() {
        let inputs = inputs(&cell);
        let after = |length: f32| to_vec(run(&cell, &inputs, &[length; BATCH * STEPS], BATCH, None).outputs);
        let timeless = matches!(head, HeadKind::Lstm | HeadKind::Gru);
        assert_eq!(after(0.3) == after(1.0), timeless, "{}", head.name());
    }
}

#[test]
fn an_exported_cell_comes_back_with_the_same_numbers() {
    for (head, cell) in cells() {
        let dict = interchange::export(&cell);
        let back = interchange::import(&dict, cell.spec(), &device::cpu()).unwrap();
        let (inputs, elapsed) = (inputs(&cell), elapsed());
        let outputs = |cell: &Cell| to_vec(run(cell, &inputs, &elapsed, BATCH, None).outputs);
        assert_eq!(outputs(&back), outputs(&cell), "{}", head.name());
    }
}

/// The liquid cell of the lane-keeping wiring with another solver.
fn liquid(solver: Solver, unfolds: usize) -> Cell {
    let ltc = LtcSpec { solver, unfolds, ..LtcSpec::new(WiringSource::lane_keeping(7)) };
    Cell::init(&CellSpec::plain(CoreSpec::Ltc(ltc)), &mut FirstWeights::new(5, &device::cpu()))
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
