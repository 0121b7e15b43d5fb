//! Long short-term memory (Hochreiter and Schmidhuber 1997), as ncps and as PyTorch order and offset its gates.

use super::choices::GateOrder;
use super::held::{Held, hold};
use super::kind::{Kind, Step};
use super::reference::{CoreDict, Hints, ImportError, Style, torch_name};
use super::{CellState, Core, state_as_output};
use crate::dense::Dense;
use crate::init::FirstWeights;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use serde::{Deserialize, Serialize};

/// Long short-term memory: `LSTMCell` in ncps, or `torch.nn.LSTM` of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LstmSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// The library whose gates it has.
    pub gates: GateOrder,
}

/// `c' = c·σ(forget) + tanh(write)·σ(input)`, `h' = tanh(c')·σ(output)`, each gate a row of four in `z = W·u + U·h + b`.
#[derive(Module, Debug)]
pub struct Lstm {
    input_map: Dense,
    /// `[4 · units, units]`
    recurrent_map: Param<Tensor<2>>,
    /// `[4 · units]`: PyTorch has a second bias, ncps one.
    recurrent_bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    gates: GateOrder,
}

impl Lstm {
    /// Input weights Xavier-uniform, recurrent weights orthogonal, biases small, as in ncps.
    pub(super) fn init(spec: &LstmSpec, first: &mut FirstWeights<'_>) -> Self {
        let rows = 4 * spec.units;
        let input_map = Dense { weight: first.xavier([rows, spec.inputs]), bias: first.uniform([rows], -0.1, 0.1) };
        let recurrent_map = first.orthogonal([rows, spec.units]);
        let recurrent_bias = (spec.gates == GateOrder::Torch).then(|| first.uniform([rows], -0.1, 0.1));
        Self { input_map, recurrent_map, recurrent_bias, gates: spec.gates }
    }

    /// `[batch, inputs]` and the state to the next state.
    pub(super) fn next_state(&self, input: Tensor<2>, state: CellState) -> CellState {
        let memory = state.memory.unwrap_or_else(|| state.hidden.zeros_like());
        let mut sums = self.input_map.forward(input) + state.hidden.matmul(self.recurrent_map.val().transpose());
        if let Some(bias) = &self.recurrent_bias {
            sums = sums + bias.val().unsqueeze();
        }
        let units = sums.dims()[1] / 4;
        let row = |index: usize| sums.clone().narrow(1, index * units, units);
        let (write, input, forget, output) = match self.gates {
            GateOrder::Ncps => (row(0), row(1), row(2) + 1.0, row(3)),
            GateOrder::Torch => (row(2), row(0), row(1), row(3)),
        };
        let memory = memory * sigmoid(forget) + write.tanh() * sigmoid(input);
        CellState { hidden: memory.clone().tanh() * sigmoid(output), memory: Some(memory) }
    }
}

impl Kind for LstmSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn keeps_memory(&self) -> bool {
        true
    }

    fn weights(&self) -> usize {
        4 * self.units * (self.inputs + self.units)
    }

    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        Core::Lstm(Lstm::init(self, first))
    }

    fn style(&self) -> Style {
        Style::TORCH
    }

    fn module(&self, _: bool) -> &'static str {
        match self.gates {
            GateOrder::Ncps => "ncps.torch.lstm.LSTMCell",
            GateOrder::Torch => "torch.nn.LSTM",
        }
    }

    fn reference_name(&self, path: &str) -> String {
        match (self.gates, path) {
            // A linear layer without bias there.
            (GateOrder::Ncps, "recurrent_map") => "recurrent_map.weight".to_owned(),
            (GateOrder::Ncps, _) => path.to_owned(),
            (GateOrder::Torch, _) => torch_name(path),
        }
    }

    fn infer(dict: &CoreDict, _: &Hints) -> Result<Self, ImportError> {
        let (name, gates) = match dict.get("input_map.weight") {
            Some(_) => ("input_map.weight", GateOrder::Ncps),
            None => ("weight_ih_l0", GateOrder::Torch),
        };
        let [rows, inputs] = dict.shape(name)?;
        Ok(Self { inputs, units: rows / 4, gates })
    }

    fn neurons(&self) -> &'static str {
        "LSTM"
    }

    fn description(&self) -> String {
        let library = match self.gates {
            GateOrder::Ncps => "ncps",
            GateOrder::Torch => "PyTorch",
        };
        format!("LSTM, gates as in {library}")
    }
}

impl Step for Lstm {
    fn step(&self, input: Tensor<2>, state: CellState, _: Tensor<2>, held: &[Held]) -> (Tensor<2>, CellState) {
        let CellState { hidden, memory } = self.next_state(input, state);
        state_as_output(hold(held, hidden), memory)
    }
}
