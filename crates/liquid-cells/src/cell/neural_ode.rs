//! Neural ordinary differential equation (Chen et al. 2018), driven by inputs: a small tanh network is the slope.

use super::kind::{CoreStepper, Kind, SpecError, Step};
use super::recurrent::stepper;
use super::reference::{CoreDict, Hints, ImportError, Style};
use super::{CellRun, CellState, Core, run};
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::recurrence::{Bias, Held, Kernel, Recurrence, Value, Weight, at_rest};
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
    #[module(skip)]
    kernel: Kernel,
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
        let (unfolds, solver) = (self.unfolds, self.solver);
        Core::NeuralOde(NeuralOde { inner, slope, unfolds, solver, kernel: Kernel::default() })
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

impl Recurrence for NeuralOde {
    fn parts(&self) -> Vec<(usize, bool)> {
        vec![(self.slope.weight.shape()[0], false)]
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// A held neuron stays where it is.
    fn step<V: Value>(&self, input: V, state: Vec<V>, elapsed: V, held: &[Held]) -> Vec<V> {
        let (inner, [_, seen]) = (&self.inner, self.inner.weight.shape().dims());
        let inputs = seen - self.slope.weight.shape()[0];
        let weight = || Weight::new(&inner.weight);
        let [driven] = V::affine(&[(&[&input], weight().inputs(0..inputs))], &[Bias::new(&inner.bias)]);
        let slope = |state: V| {
            let [recurrent] = V::affine(&[(&[&state], weight().inputs(inputs..seen))], &[]);
            self.slope.affine(&[&(driven.clone() + recurrent).tanh()], None).hold(&at_rest(held))
        };
        let part = elapsed.scaled((1.0 / self.unfolds as f64) as f32, 0.0);
        let solved =
            |state: V| (0..self.unfolds).fold(state, |state, _| explicit_step(self.solver, state, &part, slope));
        state.into_iter().map(solved).collect()
    }
}

impl Step for NeuralOde {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        run(self, inputs, state, elapsed, held)
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        stepper(self, inputs, held, |units| 0..units)
    }
}
