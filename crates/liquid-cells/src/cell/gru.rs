//! Gated recurrent unit (Cho et al. 2014), in PyTorch's form (`torch.nn.GRU`).

use super::held::{Held, hold};
use super::kind::{Kind, Step};
use super::reference::{CoreDict, Hints, ImportError, Style, torch_name};
use super::{CellState, Core, state_as_output};
use crate::dense::Dense;
use crate::init::FirstWeights;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
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
        Core::Gru(Gru { input_map, recurrent_map })
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

impl Step for Gru {
    fn step(
        &self,
        input: Tensor<2>,
        CellState { hidden, memory }: CellState,
        _: Tensor<2>,
        held: &[Held],
    ) -> (Tensor<2>, CellState) {
        let units = hidden.dims()[1];
        let [from_input, from_state] = [self.input_map.forward(input), self.recurrent_map.forward(hidden.clone())];
        let row = |sums: &Tensor<2>, index: usize| sums.clone().narrow(1, index * units, units);
        let reset = sigmoid(row(&from_input, 0) + row(&from_state, 0));
        let keep = sigmoid(row(&from_input, 1) + row(&from_state, 1));
        let new = (row(&from_input, 2) + reset * row(&from_state, 2)).tanh();
        state_as_output(hold(held, new.clone() + keep * (hidden - new)), memory)
    }
}
