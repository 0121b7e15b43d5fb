//! Neural ordinary differential equation (Chen et al. 2018), driven by inputs: a small tanh network is the slope.

use super::held::{Held, hold_slope};
use super::kind::{Kind, SpecError, Step};
use super::reference::{CoreDict, Hints, ImportError, Style};
use super::{CellState, Core, state_as_output};
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::solver::{Solver, explicit_step};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Neural ordinary differential equation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuralOdeSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// Width of the network that is the slope.
    pub width: usize,
    /// Parts of one step.
    pub unfolds: usize,
    /// Explicit Euler or Runge-Kutta.
    pub solver: Solver,
}

impl NeuralOdeSpec {
    /// A slope as wide as the state, and two parts of Runge-Kutta to a step.
    pub fn new(inputs: usize, units: usize) -> Self {
        Self { inputs, units, width: units, unfolds: 2, solver: Solver::Rk4 }
    }
}

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

impl Kind for NeuralOdeSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn weights(&self) -> usize {
        self.width * (self.inputs + 2 * self.units)
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("unfolds", self.unfolds), ("width", self.width)]
    }

    fn check(&self) -> Result<(), SpecError> {
        SpecError::if_fused(self.solver)
    }

    fn solver_mut(&mut self) -> Option<&mut Solver> {
        Some(&mut self.solver)
    }

    fn unfolds_mut(&mut self) -> Option<&mut usize> {
        Some(&mut self.unfolds)
    }

    /// Xavier-uniform weights, PyTorch's biases.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        let inner = Dense::xavier(self.inputs + self.units, self.width, first);
        let slope = Dense::xavier(self.width, self.units, first);
        Core::NeuralOde(NeuralOde { inner, slope, unfolds: self.unfolds, solver: self.solver })
    }

    fn style(&self) -> Style {
        Style::BARE
    }

    fn module(&self, _: bool) -> &'static str {
        "a module with these parameters"
    }

    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
        let [width, seen] = dict.shape("inner.weight")?;
        let [units, _] = dict.shape("slope.weight")?;
        let (unfolds, solver) = (hints.unfolds, hints.solver.unwrap_or(Solver::Rk4));
        Ok(Self { inputs: seen.saturating_sub(units), units, width, unfolds, solver })
    }

    fn neurons(&self) -> &'static str {
        "Neural ODE"
    }

    fn description(&self) -> String {
        format!("Neural ODE, {} solver, {} parts of a step, slope of width {}", self.solver, self.unfolds, self.width)
    }
}

impl Step for NeuralOde {
    /// A held neuron stays where it is.
    fn step(
        &self,
        input: Tensor<2>,
        CellState { hidden, memory }: CellState,
        elapsed: Tensor<2>,
        held: &[Held],
    ) -> (Tensor<2>, CellState) {
        let part = elapsed / self.unfolds as f64;
        let slope = |state: Tensor<2>| {
            let seen = Tensor::cat(vec![input.clone(), state], 1);
            let slope = self.slope.forward(self.inner.forward(seen).tanh());
            hold_slope(held, slope)
        };
        let end = (0..self.unfolds).fold(hidden, |state, _| explicit_step(self.solver, state, &part, slope));
        state_as_output(end, memory)
    }
}
