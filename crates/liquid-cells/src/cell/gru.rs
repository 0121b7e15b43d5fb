//! Gated recurrent unit (Cho et al. 2014), in PyTorch's form (`torch.nn.GRU`).

use super::spec::GruSpec;
use crate::dense::Dense;
use crate::init::FirstWeights;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// `h' = (1 − z)·n + z·h`, `n = tanh(Wₙu + r·(Uₙh + cₙ) + bₙ)`; rows r, z, n in both maps.
#[derive(Module, Debug)]
pub struct Gru {
    input_map: Dense,
    recurrent_map: Dense,
}

impl Gru {
    /// Input weights Xavier-uniform, recurrent weights orthogonal, biases small, as the LSTM beside it.
    pub fn init(spec: &GruSpec, first: &mut FirstWeights<'_>) -> Self {
        let rows = 3 * spec.units;
        let bias = |first: &mut FirstWeights<'_>| first.uniform([rows], -0.1, 0.1);
        let input_map = Dense { weight: first.xavier([rows, spec.inputs]), bias: bias(first) };
        let recurrent_map = Dense { weight: first.orthogonal([rows, spec.units]), bias: bias(first) };
        Self { input_map, recurrent_map }
    }

    /// `[batch, inputs]`, `[batch, units]` to the next state.
    pub(super) fn step(&self, input: Tensor<2>, hidden: Tensor<2>) -> Tensor<2> {
        let units = hidden.dims()[1];
        let [from_input, from_state] = [self.input_map.forward(input), self.recurrent_map.forward(hidden.clone())];
        let row = |sums: &Tensor<2>, index: usize| sums.clone().narrow(1, index * units, units);
        let reset = sigmoid(row(&from_input, 0) + row(&from_state, 0));
        let keep = sigmoid(row(&from_input, 1) + row(&from_state, 1));
        let new = (row(&from_input, 2) + reset * row(&from_state, 2)).tanh();
        new.clone() + keep * (hidden - new)
    }
}
