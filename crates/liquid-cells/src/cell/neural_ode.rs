//! Neural ordinary differential equation (Chen et al. 2018), driven by inputs: a small tanh network is the slope.

use super::held::Held;
use super::spec::NeuralOdeSpec;
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::solver::{Solver, explicit_step};
use burn::module::Module;
use burn::tensor::Tensor;

/// `dx/dt = V·tanh(W·[u, x] + b) + c`
#[derive(Module, Debug)]
pub struct NeuralOde {
    inner: Dense,
    slope: Dense,
    #[module(skip)]
    unfolds: usize,
    #[module(skip)]
    solver: Solver,
}

impl NeuralOde {
    /// Xavier-uniform weights, PyTorch's biases.
    pub fn init(spec: &NeuralOdeSpec, first: &mut FirstWeights<'_>) -> Self {
        let inner = Dense::xavier(spec.inputs + spec.units, spec.width, first);
        let slope = Dense::xavier(spec.width, spec.units, first);
        Self { inner, slope, unfolds: spec.unfolds, solver: spec.solver }
    }

    /// `[batch, inputs]`, `[batch, units]`, `[batch, 1]` to the next state; a held neuron stays where it is.
    pub(super) fn step(
        &self,
        input: Tensor<2>,
        hidden: Tensor<2>,
        elapsed: Tensor<2>,
        held: Option<Held>,
    ) -> Tensor<2> {
        let part = elapsed / self.unfolds as f64;
        let slope = |state: Tensor<2>| {
            let seen = Tensor::cat(vec![input.clone(), state], 1);
            let slope = self.slope.forward(self.inner.forward(seen).tanh());
            held.map_or(slope.clone(), |held| held.in_slope(slope))
        };
        (0..self.unfolds).fold(hidden, |state, _| explicit_step(self.solver, state, &part, slope))
    }
}
