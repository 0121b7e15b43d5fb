//! What a cell is made of, without its weights: plain data that model cards, weight files and the command line share.

use super::CoreSpec;
use super::choices::{Constraint, GateOrder};
use super::kind::{Kind as _, SpecError};
use super::lstm::LstmSpec;
use crate::solver::Solver;
use serde::{Deserialize, Serialize};

/// Widths and numbers of parts beyond these are refused: no allocation by a number from a file.
const MOST: usize = 4096;

/// Weights of a cell beyond these are refused for the same reason; the largest policy has 5.1 million.
const MOST_WEIGHTS: usize = 1 << 24;

/// A cell with what may stand before and behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellSpec {
    /// The cell proper.
    #[serde(flatten)]
    pub core: CoreSpec,
    /// Whether an LSTM stands before it (Lechner and Hasani 2020).
    #[serde(default)]
    pub mixed_memory: bool,
    /// Outputs of a dense layer behind it; without one its own outputs.
    #[serde(default)]
    pub readout: Option<usize>,
}

impl From<CoreSpec> for CellSpec {
    /// The cell alone.
    fn from(core: CoreSpec) -> Self {
        Self { core, mixed_memory: false, readout: None }
    }
}

impl CellSpec {
    /// The same cell behind an LSTM, which keeps its memory (Lechner and Hasani 2020).
    pub fn with_mixed_memory(self) -> Self {
        Self { mixed_memory: true, ..self }
    }

    /// The same cell with a dense layer of this many outputs behind it.
    pub fn with_readout(self, outputs: usize) -> Self {
        Self { readout: Some(outputs), ..self }
    }

    /// Width of the output.
    pub fn outputs(&self) -> usize {
        self.readout.unwrap_or_else(|| self.core.outputs())
    }

    /// Whether its state has an LSTM's memory.
    pub fn has_memory(&self) -> bool {
        self.mixed_memory || self.core.kind().keeps_memory()
    }

    /// The LSTM before the cell.
    pub(crate) fn memory_spec(&self) -> Option<LstmSpec> {
        let (inputs, units) = (self.core.inputs(), self.core.units());
        self.mixed_memory.then_some(LstmSpec { inputs, units, gates: GateOrder::Ncps })
    }

    /// The same with another solver.
    ///
    /// # Errors
    /// When the cell solves no equation.
    pub fn with_solver(mut self, by: Solver) -> Result<Self, SpecError> {
        let Some(solver) = self.core.kind_mut().solver_mut() else {
            return Err(SpecError(format!("this cell solves no equation: there is no choice of solver such as {by}")));
        };
        *solver = by;
        Ok(self)
    }

    /// The same with another number of parts of a step.
    ///
    /// # Errors
    /// When the cell's step has no parts.
    pub fn with_unfolds(mut self, parts: usize) -> Result<Self, SpecError> {
        let Some(unfolds) = self.core.kind_mut().unfolds_mut() else {
            return Err(SpecError(format!("the step of this cell has no parts: there is no choice such as {parts}")));
        };
        *unfolds = parts;
        Ok(self)
    }

    /// The same with another way of keeping conductances positive.
    ///
    /// # Errors
    /// When the cell has no conductances.
    pub fn with_constraint(mut self, by: Constraint) -> Result<Self, SpecError> {
        let Some(constraint) = self.core.kind_mut().constraint_mut() else {
            return Err(SpecError("only liquid neurons have conductances to keep positive".into()));
        };
        *constraint = by;
        Ok(self)
    }

    /// Refuses what cannot be computed; to be called on every specification that comes from outside.
    ///
    /// # Errors
    /// Names the number or the combination.
    pub fn check(&self) -> Result<(), SpecError> {
        let kind = self.core.kind();
        let widths = [("inputs", kind.inputs()), ("units", kind.units())];
        let readout = self.readout.map(|outputs| ("readout outputs", outputs));
        for (name, count) in widths.into_iter().chain(kind.counts()).chain(readout) {
            if !(1..=MOST).contains(&count) {
                return Err(SpecError(format!("{name}: expected 1 to {MOST}, got {count}")));
            }
        }
        let weights = kind.weights() + self.memory_spec().map_or(0, |memory| memory.weights());
        if weights > MOST_WEIGHTS {
            return Err(SpecError(format!("a cell of {weights} weights: expected at most {MOST_WEIGHTS}")));
        }
        if self.mixed_memory && kind.keeps_memory() {
            return Err(SpecError("an LSTM has a memory of its own; mixed memory adds none".into()));
        }
        kind.check()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CfcSpec;
    use super::*;

    #[test]
    fn a_specification_of_more_than_can_be_computed_is_refused_with_its_numbers() {
        let lstm = |units| CellSpec::from(LstmSpec { inputs: 32, units, gates: GateOrder::Ncps });
        assert_eq!(lstm(64).check(), Ok(()));
        let refused = |spec: CellSpec| spec.check().unwrap_err().to_string();
        assert!(refused(lstm(4096)).contains("67633152 weights"));
        let cfc =
            |backbone_layers| CellSpec::from(CfcSpec { backbone_units: 4096, backbone_layers, ..CfcSpec::new(32, 8) });
        assert_eq!(cfc(1).check(), Ok(()));
        assert!(refused(cfc(4096)).contains("expected at most 16777216"));
        assert!(refused(lstm(0)).contains("units: expected 1 to 4096, got 0"));
        assert!(refused(lstm(5000)).contains("got 5000"));
    }
}
