//! The two traits of a cell: what its specification says, and what its weights do. One file in this folder implements
//! both.

use super::choices::Constraint;
use super::reference::{CoreDict, Hints, ImportError, Layout, Style};
use super::{CellRun, CellState, Core};
use crate::init::FirstWeights;
use crate::ltc_kernel::Introspection;
use crate::recurrence::Held;
use crate::solver::Solver;
use crate::state_dict::Array;
use crate::wiring::{Synapse, Wiring};
use burn::tensor::Tensor;
use std::sync::Arc;

/// Why a cell cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(pub(super) String);

impl std::fmt::Display for SpecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

impl SpecError {
    /// Refuses the fused solver for a cell that has no equation of its form.
    pub(super) fn if_fused(solver: Solver) -> Result<(), Self> {
        match solver {
            Solver::Fused => Err(Self("the fused solver is the liquid cell's own; choose euler or rk4".into())),
            Solver::Euler | Solver::Rk4 => Ok(()),
        }
    }
}

/// The specification of a kind of cell.
pub(crate) trait Kind {
    /// Width of the input.
    fn inputs(&self) -> usize;

    /// Neurons.
    fn units(&self) -> usize;

    /// Width of the output.
    fn outputs(&self) -> usize {
        self.units()
    }

    /// The wiring, where it has one.
    fn wiring(&self) -> Option<&Arc<Wiring>> {
        None
    }

    /// Whether the polarity of its synapses means anything.
    fn is_polar(&self) -> bool {
        false
    }

    /// The place in its state of the neuron of this id.
    fn place_of(&self, id: usize) -> usize {
        id
    }

    /// Whether it keeps a memory beside its state.
    fn keeps_memory(&self) -> bool {
        false
    }

    /// Numbers in its matrices, the bulk of its parameters.
    fn weights(&self) -> usize;

    /// Its numbers beside inputs and units that must lie within the limits of a specification, by name.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }

    /// Refuses a combination that cannot be computed.
    fn check(&self) -> Result<(), SpecError> {
        Ok(())
    }

    /// The solver, where it solves an equation.
    fn solver_mut(&mut self) -> Option<&mut Solver> {
        None
    }

    /// The parts of a step, where it has some.
    fn unfolds_mut(&mut self) -> Option<&mut usize> {
        None
    }

    /// How its conductances stay positive, where it has some.
    fn constraint_mut(&mut self) -> Option<&mut Constraint> {
        None
    }

    /// The cell with first weights.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core;

    /// The style of its reference library.
    fn style(&self) -> Style;

    /// The module of its reference library: that of the bare cell, or the one around it.
    fn module(&self, bare: bool) -> &'static str;

    /// The reference library's name of a parameter, from its path in the cell such as `gate.ff2.weight`.
    fn reference_name(&self, path: &str) -> String {
        path.to_owned()
    }

    /// The reference library's layout of a parameter, by its name there.
    fn layout(&self, _name: &str) -> Layout {
        Layout::Same
    }

    /// Tensors of the reference library that say which weights exist, ones and zeros. Not trained.
    fn masks(&self) -> Vec<(String, Array)> {
        Vec::new()
    }

    /// Refuses numbers that the reference library would not have left in a parameter of this name there.
    fn check_numbers(&self, _name: &str, _numbers: &[f32]) -> Result<(), ImportError> {
        Ok(())
    }

    /// The specification that a state dict tells.
    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError>
    where
        Self: Sized;

    /// The adjective of its neurons, as in "19 liquid neurons".
    fn neurons(&self) -> &'static str;

    /// Kind and settings in one line.
    fn description(&self) -> String;
}

/// The weights of a kind of cell.
pub(crate) trait Step {
    /// A batch of sequences from a state, which has held neurons at their values already.
    ///
    /// # Shapes
    /// - inputs: `[batch, steps, inputs]`, elapsed: `[batch, steps]`
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun;

    /// The same step on plain numbers, with these neurons held; nothing where there is no kernel.
    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>>;

    /// What the neurons sense of inputs `[batch, steps, inputs]`.
    fn sense(&self, inputs: Tensor<3>) -> Tensor<3> {
        inputs
    }

    /// The wiring as the weights have it now, where there is one.
    fn wiring(&self) -> Option<Wiring> {
        None
    }

    /// Time constants and currents at a state, where the cell has such.
    fn introspect(&self, _sensory: &[f32], _state: &[f32]) -> Option<Introspection> {
        None
    }

    /// Keeps physical quantities physical.
    fn constrain(&mut self) {}

    /// Takes a synapse of the wiring away, from a sensory input or between two neurons.
    fn cut(&mut self, _synapse: Synapse, _sensory: bool) {}

    /// Makes a neuron so slow that its state stays where it is, where a step does not hold it by itself.
    fn make_inert(&mut self, _neuron: usize) {}
}

/// The weights of a kind of cell on plain numbers.
pub(crate) trait CoreStepper: std::fmt::Debug + Send + Sync {
    /// One step of a state, whose held neurons are at their values already, and of a memory where there is one.
    fn step(
        &mut self,
        inputs: &[f32],
        state: (&mut Vec<f32>, Option<&mut Vec<f32>>),
        elapsed: f32,
        to: &mut StepOutputs,
    );

    /// The same step with memory of its own.
    fn boxed_clone(&self) -> Box<dyn CoreStepper>;
}

impl Clone for Box<dyn CoreStepper> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// What comes of a step beside the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepOutputs {
    /// What the neurons sensed, `[inputs]`.
    pub(crate) sensory: Vec<f32>,
    /// What the cell says, `[outputs]`.
    pub(crate) outputs: Vec<f32>,
}
