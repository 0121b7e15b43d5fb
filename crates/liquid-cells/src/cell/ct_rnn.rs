//! Continuous-time recurrent network (Funahashi and Nakamura 1993) as Lechner et al. 2020 compare with: explicit Euler
//! steps, one fixed time constant, full connection, states clipped.

use super::held::{Held, hold_slope};
use super::kind::{Kind, SpecError, Step};
use super::reference::{CoreDict, Hints, ImportError, Style};
use super::{CellState, Core, state_as_output};
use crate::init::FirstWeights;
use crate::solver::{Solver, explicit_step};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Continuous-time recurrent network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CtRnnSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// The one time constant, in the cell's unit of time.
    pub tau: f64,
    /// Largest |state| after a step.
    pub clip: f64,
    /// Parts of one step.
    pub unfolds: usize,
    /// Explicit Euler or Runge-Kutta.
    pub solver: Solver,
}

impl CtRnnSpec {
    /// The constants of Lechner et al. 2020, Methods.
    pub fn new(inputs: usize, units: usize) -> Self {
        Self { inputs, units, tau: 1.0, clip: 5.0, unfolds: 6, solver: Solver::Euler }
    }
}

/// `dx/dt = −x/τ + tanh([u, x]·W + b)`
#[derive(Module, Debug)]
pub struct CtRnn {
    /// `[inputs + units, units]`
    w: Param<Tensor<2>>,
    /// `[units]`
    b: Param<Tensor<1>>,
    #[module(skip)]
    spec: CtRnnSpec,
}

impl Kind for CtRnnSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn weights(&self) -> usize {
        self.units * (self.inputs + self.units)
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("unfolds", self.unfolds)]
    }

    fn check(&self) -> Result<(), SpecError> {
        let &Self { tau, clip, solver, .. } = self;
        SpecError::if_fused(solver)?;
        if !(tau > 0.0 && clip > 0.0) {
            let expected = "time constant and clip: expected positive numbers";
            return Err(SpecError(format!("{expected}, got {tau} and {clip}")));
        }
        Ok(())
    }

    fn solver_mut(&mut self) -> Option<&mut Solver> {
        Some(&mut self.solver)
    }

    fn unfolds_mut(&mut self) -> Option<&mut usize> {
        Some(&mut self.unfolds)
    }

    /// Xavier-uniform weights, no bias.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        let (w, b) = (first.xavier([self.inputs + self.units, self.units]), first.constant([self.units], 0.0));
        Core::CtRnn(CtRnn { w, b, spec: self.clone() })
    }

    fn style(&self) -> Style {
        Style::BARE
    }

    fn module(&self, _: bool) -> &'static str {
        "a module with these parameters"
    }

    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
        let [rows, units] = dict.shape("w")?;
        let (unfolds, solver) = (hints.unfolds, hints.solver.unwrap_or(Solver::Euler));
        Ok(Self { inputs: rows.saturating_sub(units), units, tau: hints.tau, clip: hints.clip, unfolds, solver })
    }

    fn neurons(&self) -> &'static str {
        "CT-RNN"
    }

    fn description(&self) -> String {
        format!(
            "CT-RNN, {} solver, {} parts of a step, time constant {}, clipped at ±{}",
            self.solver, self.unfolds, self.tau, self.clip
        )
    }
}

impl Step for CtRnn {
    /// A held neuron stays where it is.
    fn step(
        &self,
        input: Tensor<2>,
        CellState { hidden, memory }: CellState,
        elapsed: Tensor<2>,
        held: &[Held],
    ) -> (Tensor<2>, CellState) {
        let CtRnnSpec { tau, clip, unfolds, solver, .. } = self.spec;
        let part = elapsed / unfolds as f64;
        let slope = |state: Tensor<2>| {
            let seen = Tensor::cat(vec![input.clone(), state.clone()], 1);
            let slope = (seen.matmul(self.w.val()) + self.b.val().unsqueeze()).tanh() - state / tau;
            hold_slope(held, slope)
        };
        let end = (0..unfolds).fold(hidden, |state, _| explicit_step(solver, state, &part, slope));
        state_as_output(end.clamp(-clip, clip), memory)
    }
}
