//! Continuous-time recurrent network (Funahashi and Nakamura 1993) as Lechner et al. 2020 compare with: explicit Euler
//! steps, one fixed time constant, full connection, states clipped.

use super::kind::{CoreStepper, Kind, SpecError, Step};
use super::recurrent::stepper;
use super::reference::{CoreDict, Hints, ImportError, Style};
use super::{CellRun, CellState, Core, run};
use crate::init::FirstWeights;
use crate::recurrence::{Bias, Function, Held, Kernel, Recurrence, Value, Weight, at_rest};
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
    #[module(skip)]
    kernel: Kernel,
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
        Core::CtRnn(CtRnn { w, b, spec: self.clone(), kernel: Kernel::default() })
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

impl Recurrence for CtRnn {
    fn parts(&self) -> Vec<(usize, bool)> {
        vec![(self.spec.units, false)]
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// A held neuron stays where it is.
    fn step<V: Value>(&self, input: V, state: Vec<V>, elapsed: V, held: &[Held]) -> Vec<V> {
        let CtRnnSpec { inputs, units, tau, clip, unfolds, solver } = self.spec;
        let w = || Weight::transposed(&self.w);
        let [driven] = V::affine(&[(&[&input], w().inputs(0..inputs))], &[Bias::new(&self.b)]);
        let slope = |state: V| {
            let [recurrent] = V::affine(&[(&[&state], w().inputs(inputs..inputs + units))], &[]);
            let slope = (driven.clone() + recurrent).tanh() - state.scaled((1.0 / tau) as f32, 0.0);
            slope.hold(&at_rest(held))
        };
        let part = elapsed.scaled((1.0 / unfolds as f64) as f32, 0.0);
        let end = state
            .into_iter()
            .map(|state| (0..unfolds).fold(state, |state, _| explicit_step(solver, state, &part, slope)));
        let (low, high) = (-clip as f32, clip as f32);
        end.map(|state| state.apply(Function::Clamp { low, high })).collect()
    }
}

impl Step for CtRnn {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        run(self, inputs, state, elapsed, held)
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        stepper(self, inputs, held, |units| 0..units)
    }
}
