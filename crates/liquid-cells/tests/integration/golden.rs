use lane_testing::{assert_close, golden, numbers};
use liquid_cells::ltc_kernel::{self, Layout, Run};
use liquid_cells::wiring::{Layer, Synapse, Wiring};
use safetensors::SafeTensors;

#[test]
fn ids_run_motor_then_command_then_inter() {
    let wiring = Wiring::lane_keeping(1);
    assert_eq!((wiring.ids(Layer::Motor), wiring.ids(Layer::Command), wiring.ids(Layer::Inter)), (0..1, 1..7, 7..19));
}

/// Values of `prefix` + each parameter, dense in the file, in the order of the kernel's flat vector.
fn flat(file: &SafeTensors<'_>, wiring: &Wiring, prefix: &str) -> Vec<f32> {
    let pick = |name: &str, synapses: &[Synapse]| {
        let dense = numbers(file, &format!("{prefix}{name}"));
        synapses.iter().map(|s| dense[s.source * wiring.units() + s.target]).collect::<Vec<_>>()
    };
    let sensory = ["sensory_w", "sensory_mu", "sensory_sigma", "sensory_erev"];
    let mut all: Vec<f32> = sensory.into_iter().flat_map(|name| pick(name, wiring.sensory_synapses())).collect();
    all.extend(["w", "mu", "sigma", "erev"].into_iter().flat_map(|name| pick(name, wiring.synapses())));
    all.extend(["gleak", "vleak", "cm"].into_iter().flat_map(|name| numbers(file, &format!("{prefix}{name}"))));
    all
}

#[test]
fn the_liquid_cell_and_its_gradients_are_those_of_ncps() {
    for (name, seed) in [("ltc_ncp19_explicit_dtvar", 22222), ("ltc_ncp19_dt_30hz", 20_190_120)] {
        let bytes = golden(&format!("{name}.safetensors"));
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let wiring = Wiring::lane_keeping(seed);
        let (batch, steps, units) = (3, 16, wiring.units());
        let [input_w, input_b] = ["param/input_w", "param/input_b"].map(|name| numbers(&file, name));
        let inputs: Vec<f32> = numbers(&file, "inputs")
            .chunks_exact(32)
            .flat_map(|row| row.iter().zip(&input_w).zip(&input_b).map(|((x, w), b)| x * w + b).collect::<Vec<_>>())
            .collect();
        let (first_state, elapsed) = (numbers(&file, "h0"), numbers(&file, "elapsed"));
        let parameters = flat(&file, &wiring, "param/");
        assert_eq!(parameters.len(), Layout::of(&wiring).parameters());
        let run = Run {
            wiring: &wiring,
            unfolds: 6,
            epsilon: 1e-8,
            batch,
            steps,
            inputs: &inputs,
            first_state: &first_state,
            elapsed: &elapsed,
            parameters: &parameters,
        };
        let states = ltc_kernel::forward(&run);
        assert_close("states", &states, &numbers(&file, "states_f64"), 5e-6);
        // The loss is the sum of squared outputs, output = state of the motor neuron times output_w plus output_b.
        let (output_w, output_b) = (numbers(&file, "param/output_w")[0], numbers(&file, "param/output_b")[0]);
        let mut d_states = vec![0.0; states.len()];
        for (d_state, state) in d_states.chunks_exact_mut(units).zip(states.chunks_exact(units)) {
            d_state[0] = 2.0 * (state[0] * output_w + output_b) * output_w;
        }
        let gradients = ltc_kernel::backward(&run, &d_states);
        assert_close("parameters", &gradients.parameters, &flat(&file, &wiring, "grad_f64/"), 5e-5);
        assert_close("first state", &gradients.first_state, &numbers(&file, "grad_f64/h0"), 5e-5);
        assert_close("elapsed", &gradients.elapsed, &numbers(&file, "grad_f64/elapsed"), 5e-5);
        let d_inputs: Vec<f32> = gradients.inputs.iter().enumerate().map(|(i, d)| d * input_w[i % 32]).collect();
        assert_close("inputs", &d_inputs, &numbers(&file, "grad_f64/inputs"), 5e-5);
    }
}
