//! Long short-term memory (Hochreiter and Schmidhuber 1997), as ncps and as PyTorch order and offset its gates.

use super::CellState;
use super::choices::GateOrder;
use super::spec::LstmSpec;
use crate::dense::Dense;
use crate::init::FirstWeights;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

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
    pub fn init(spec: &LstmSpec, first: &mut FirstWeights<'_>) -> Self {
        let rows = 4 * spec.units;
        let input_map = Dense { weight: first.xavier([rows, spec.inputs]), bias: first.uniform([rows], -0.1, 0.1) };
        let recurrent_map = first.orthogonal([rows, spec.units]);
        let recurrent_bias = (spec.gates == GateOrder::Torch).then(|| first.uniform([rows], -0.1, 0.1));
        Self { input_map, recurrent_map, recurrent_bias, gates: spec.gates }
    }

    /// `[batch, inputs]` and the state to the next state.
    pub(super) fn step(&self, input: Tensor<2>, state: CellState) -> CellState {
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
