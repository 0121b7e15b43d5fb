//! Gated recurrent unit (Cho et al. 2014), in PyTorch's form (`torch.nn.GRU`).

use super::kind::{CoreStepper, Kind, Step};
use super::recurrent::stepper;
use super::reference::{CoreDict, Hints, ImportError, Style, torch_name};
use super::{CellRun, CellState, Core, run};
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::recurrence::{Bias, Held, Kernel, Recurrence, Value, Weight};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Gated recurrent unit: `torch.nn.GRU` of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GruSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
}

/// `h' = (1 − z)·n + z·h`, `n = tanh(Wₙu + r·(Uₙh + cₙ) + bₙ)`; rows r, z, n in both maps.
#[derive(Module, Debug)]
pub struct Gru {
    input_map: Dense,
    recurrent_map: Dense,
    #[module(skip)]
    kernel: Kernel,
}

impl Kind for GruSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn weights(&self) -> usize {
        3 * self.units * (self.inputs + self.units)
    }

    /// Input weights Xavier-uniform, recurrent weights orthogonal, biases small, as the LSTM beside it.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        let rows = 3 * self.units;
        let bias = |first: &mut FirstWeights<'_>| first.uniform([rows], -0.1, 0.1);
        let input_map = Dense { weight: first.xavier([rows, self.inputs]), bias: bias(first) };
        let recurrent_map = Dense { weight: first.orthogonal([rows, self.units]), bias: bias(first) };
        Core::Gru(Gru { input_map, recurrent_map, kernel: Kernel::default() })
    }

    fn style(&self) -> Style {
        Style::TORCH
    }

    fn module(&self, _: bool) -> &'static str {
        "torch.nn.GRU"
    }

    fn reference_name(&self, path: &str) -> String {
        torch_name(path)
    }

    fn infer(dict: &CoreDict, _: &Hints) -> Result<Self, ImportError> {
        let [rows, inputs] = dict.shape("weight_ih_l0")?;
        Ok(Self { inputs, units: rows / 3 })
    }

    fn neurons(&self) -> &'static str {
        "GRU"
    }

    fn description(&self) -> String {
        "GRU".into()
    }
}

impl Recurrence for Gru {
    fn parts(&self) -> Vec<(usize, bool)> {
        let [_, units] = self.recurrent_map.weight.shape().dims();
        vec![(units, false)]
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn step<V: Value>(&self, input: V, state: Vec<V>, _: V, held: &[Held]) -> Vec<V> {
        let [hidden] = &state[..] else { unreachable!("the state has one part") };
        let (from_input, from_state) = (&self.input_map, &self.recurrent_map);
        let [rows, units] = from_state.weight.shape().dims();
        let (gates, new) = (0..2 * units, 2 * units..rows);
        let [reset, keep] = V::affine(
            &[
                (&[&input], Weight::new(&from_input.weight).outputs(gates.clone())),
                (&[hidden], Weight::new(&from_state.weight).outputs(gates.clone())),
            ],
            &[Bias::new(&from_input.bias).outputs(gates.clone()), Bias::new(&from_state.bias).outputs(gates)],
        );
        let of = |source: &V, map: &Dense| {
            let weight = Weight::new(&map.weight).outputs(new.clone());
            let [sum] = V::affine(&[(&[source], weight)], &[Bias::new(&map.bias).outputs(new.clone())]);
            sum
        };
        let new = (of(&input, from_input) + reset.sigmoid() * of(hidden, from_state)).tanh();
        let hidden = new.clone() + keep.sigmoid() * (hidden.clone() - new);
        vec![hidden.hold(held)]
    }
}

impl Step for Gru {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        run(self, inputs, state, elapsed, held)
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        stepper(self, inputs, held, |units| 0..units)
    }
}
