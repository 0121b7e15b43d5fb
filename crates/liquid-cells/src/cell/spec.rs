//! What a cell is made of, without its weights: plain data that model cards, weight files and the command line share.

use super::choices::{Activation, CfcMode, Constraint, GateOrder, Mapping};
use super::wired_cfc;
use super::wiring_source::WiringSource;
use crate::solver::Solver;
use crate::wiring::Wiring;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

/// The cell proper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cell", rename_all = "kebab-case")]
pub enum CoreSpec {
    /// Liquid time-constant neurons.
    Ltc(LtcSpec),
    /// Closed-form continuous-time cell.
    Cfc(CfcSpec),
    /// Closed-form cells in the shape of a wiring.
    WiredCfc(WiredCfcSpec),
    /// Long short-term memory.
    Lstm(LstmSpec),
    /// Gated recurrent unit.
    Gru(GruSpec),
    /// Continuous-time recurrent network.
    CtRnn(CtRnnSpec),
    /// Neural ordinary differential equation.
    NeuralOde(NeuralOdeSpec),
}

/// Liquid time-constant neurons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LtcSpec {
    /// Which neuron talks to which.
    pub wiring: WiringSource,
    /// Parts of one step (`ode_unfolds` in ncps).
    pub unfolds: usize,
    /// What keeps the denominator of the fused step from 0.
    pub epsilon: f64,
    /// How conductances stay positive.
    pub constraint: Constraint,
    /// Before the neurons.
    pub input_mapping: Mapping,
    /// Behind the motor neurons.
    pub output_mapping: Mapping,
    /// How the equation is solved.
    pub solver: Solver,
}

/// Closed-form continuous-time cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CfcSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// Which closed form.
    pub mode: CfcMode,
    /// Width of the backbone.
    pub backbone_units: usize,
    /// Depth of the backbone; 0 for none.
    pub backbone_layers: usize,
    /// Of the backbone's layers.
    pub activation: Activation,
}

/// Closed-form cells in the shape of a wiring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WiredCfcSpec {
    /// Which neuron sees which.
    pub wiring: WiringSource,
    /// Which closed form.
    pub mode: CfcMode,
}

/// Long short-term memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LstmSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// Whose gates.
    pub gates: GateOrder,
}

/// Gated recurrent unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GruSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
}

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

/// Why a cell cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(String);

impl std::fmt::Display for SpecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

impl LtcSpec {
    /// ncps' defaults for a wiring.
    pub fn new(wiring: WiringSource) -> Self {
        let (constraint, mapping) = (Constraint::Explicit, Mapping::Affine);
        let (input_mapping, output_mapping, solver) = (mapping, mapping, Solver::Fused);
        Self { wiring, unfolds: 6, epsilon: 1e-8, constraint, input_mapping, output_mapping, solver }
    }
}

impl WiredCfcSpec {
    /// A state as the cell keeps it, layer by layer from the input on, by neuron id.
    pub fn in_order_of_ids(&self, state: &[f32]) -> Vec<f32> {
        let mut by_id = vec![0.0; state.len()];
        let ids = wired_cfc::layers(self.wiring.wiring()).into_iter().flatten();
        ids.zip(state).for_each(|(id, value)| by_id[id] = *value);
        by_id
    }

    /// Where the cell keeps the state of a neuron.
    pub fn place_of(&self, id: usize) -> Option<usize> {
        wired_cfc::layers(self.wiring.wiring()).into_iter().flatten().position(|other| other == id)
    }

    /// The synapses that play a part: from layer to layer. Polarities do not.
    pub fn wiring(&self) -> Wiring {
        let wiring = self.wiring.wiring();
        let layer = |id: usize| wired_cfc::layers(wiring).iter().position(|ids| ids.contains(&id));
        let used =
            wiring.with_synapses(|synapse| layer(synapse.target) == layer(synapse.source).map(|layer| layer + 1));
        used.with_polarities(&vec![1; used.sensory_synapses().len()], &vec![1; used.synapses().len()])
    }

    /// Which weights exist: per layer from the input on its units and `[units, seen]` of ones and zeros.
    pub fn masks(&self) -> Vec<(usize, Vec<f32>)> {
        wired_cfc::masks(self.wiring.wiring()).into_iter().map(|mask| (mask.units, mask.values)).collect()
    }
}

impl CoreSpec {
    /// Width of its input.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => {
                wiring.wiring().sensory()
            }
            Self::Cfc(CfcSpec { inputs, .. })
            | Self::Lstm(LstmSpec { inputs, .. })
            | Self::Gru(GruSpec { inputs, .. })
            | Self::CtRnn(CtRnnSpec { inputs, .. })
            | Self::NeuralOde(NeuralOdeSpec { inputs, .. }) => *inputs,
        }
    }

    /// Neurons.
    pub fn units(&self) -> usize {
        match self {
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => wiring.wiring().units(),
            Self::Cfc(CfcSpec { units, .. })
            | Self::Lstm(LstmSpec { units, .. })
            | Self::Gru(GruSpec { units, .. })
            | Self::CtRnn(CtRnnSpec { units, .. })
            | Self::NeuralOde(NeuralOdeSpec { units, .. }) => *units,
        }
    }

    /// Width of its own output.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Ltc(spec) => spec.wiring.wiring().motor(),
            Self::WiredCfc(spec) => wired_cfc::layers(spec.wiring.wiring()).last().map_or(0, |ids| ids.len()),
            _ => self.units(),
        }
    }

    /// The wiring, where it has one.
    pub fn wiring(&self) -> Option<&Arc<Wiring>> {
        match self {
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => Some(wiring.shared()),
            _ => None,
        }
    }

    /// Numbers in its matrices, the bulk of its parameters. Widths are at most [`MOST`], so that nothing overflows.
    fn weights(&self) -> usize {
        let (inputs, units) = (self.inputs(), self.units());
        let seen = inputs + units;
        match self {
            // One number per synapse: the wiring has a limit of its own.
            Self::Ltc(_) => 0,
            Self::Cfc(CfcSpec { backbone_layers: 0, .. }) | Self::Lstm(_) => 4 * units * seen,
            Self::Cfc(CfcSpec { backbone_units: width, backbone_layers: layers, .. }) => {
                width * seen + (layers - 1) * width * width + 4 * units * width
            }
            Self::WiredCfc(_) => 4 * units * seen,
            Self::Gru(_) => 3 * units * seen,
            Self::CtRnn(_) => units * seen,
            Self::NeuralOde(NeuralOdeSpec { width, .. }) => width * (seen + units),
        }
    }

    /// Numbers that must lie in 1..=[`MOST`], by name.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut counts = vec![("inputs", self.inputs()), ("units", self.units())];
        match self {
            Self::Ltc(LtcSpec { unfolds, .. }) | Self::CtRnn(CtRnnSpec { unfolds, .. }) => {
                counts.push(("unfolds", *unfolds));
            }
            Self::NeuralOde(spec) => counts.extend([("unfolds", spec.unfolds), ("width", spec.width)]),
            Self::Cfc(spec) if spec.backbone_layers > 0 => {
                counts.extend([("backbone layers", spec.backbone_layers), ("backbone units", spec.backbone_units)]);
            }
            _ => {}
        }
        counts
    }
}

impl CellSpec {
    /// A cell alone.
    pub fn plain(core: CoreSpec) -> Self {
        Self { core, mixed_memory: false, readout: None }
    }

    /// Width of the output.
    pub fn outputs(&self) -> usize {
        self.readout.unwrap_or_else(|| self.core.outputs())
    }

    /// Whether its state has an LSTM's memory.
    pub fn has_memory(&self) -> bool {
        self.mixed_memory || matches!(self.core, CoreSpec::Lstm(_))
    }

    /// The LSTM before the cell.
    pub(super) fn memory_spec(&self) -> Option<LstmSpec> {
        let (inputs, units) = (self.core.inputs(), self.core.units());
        self.mixed_memory.then_some(LstmSpec { inputs, units, gates: GateOrder::Ncps })
    }

    /// The same with another solver.
    ///
    /// # Errors
    /// When the cell solves no equation.
    pub fn with_solver(mut self, by: Solver) -> Result<Self, SpecError> {
        match &mut self.core {
            CoreSpec::Ltc(LtcSpec { solver, .. })
            | CoreSpec::CtRnn(CtRnnSpec { solver, .. })
            | CoreSpec::NeuralOde(NeuralOdeSpec { solver, .. }) => *solver = by,
            _ => {
                return Err(SpecError(format!(
                    "this cell solves no equation: there is no choice of solver such as {by}"
                )));
            }
        }
        Ok(self)
    }

    /// The same with another number of parts of a step.
    ///
    /// # Errors
    /// When the cell's step has no parts.
    pub fn with_unfolds(mut self, parts: usize) -> Result<Self, SpecError> {
        match &mut self.core {
            CoreSpec::Ltc(LtcSpec { unfolds, .. })
            | CoreSpec::CtRnn(CtRnnSpec { unfolds, .. })
            | CoreSpec::NeuralOde(NeuralOdeSpec { unfolds, .. }) => *unfolds = parts,
            _ => {
                return Err(SpecError(format!(
                    "the step of this cell has no parts: there is no choice such as {parts}"
                )));
            }
        }
        Ok(self)
    }

    /// The same with another way of keeping conductances positive.
    ///
    /// # Errors
    /// When the cell has no conductances.
    pub fn with_constraint(mut self, by: Constraint) -> Result<Self, SpecError> {
        match &mut self.core {
            CoreSpec::Ltc(LtcSpec { constraint, .. }) => *constraint = by,
            _ => return Err(SpecError("only liquid neurons have conductances to keep positive".into())),
        }
        Ok(self)
    }

    /// Refuses what cannot be computed; to be called on every specification that comes from outside.
    ///
    /// # Errors
    /// Names the number or the combination.
    pub fn check(&self) -> Result<(), SpecError> {
        let readout = self.readout.map(|outputs| ("readout outputs", outputs));
        for (name, count) in self.core.counts().into_iter().chain(readout) {
            if !(1..=MOST).contains(&count) {
                return Err(SpecError(format!("{name}: expected 1 to {MOST}, got {count}")));
            }
        }
        let weights = self.core.weights() + self.memory_spec().map_or(0, |memory| CoreSpec::Lstm(memory).weights());
        if weights > MOST_WEIGHTS {
            return Err(SpecError(format!("a cell of {weights} weights: expected at most {MOST_WEIGHTS}")));
        }
        match &self.core {
            CoreSpec::CtRnn(CtRnnSpec { solver: Solver::Fused, .. })
            | CoreSpec::NeuralOde(NeuralOdeSpec { solver: Solver::Fused, .. }) => {
                Err(SpecError("the fused solver is the liquid cell's own; choose euler or rk4".into()))
            }
            CoreSpec::CtRnn(CtRnnSpec { tau, clip, .. }) if !(*tau > 0.0 && *clip > 0.0) => {
                Err(SpecError(format!("time constant and clip: expected positive numbers, got {tau} and {clip}")))
            }
            CoreSpec::Ltc(LtcSpec { epsilon, .. }) if !(*epsilon >= 0.0 && *epsilon < 1.0) => {
                Err(SpecError(format!("epsilon: expected 0 or a small positive number, got {epsilon}")))
            }
            CoreSpec::Lstm(_) if self.mixed_memory => {
                Err(SpecError("an LSTM has a memory of its own; mixed memory adds none".into()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_of_more_than_can_be_computed_is_refused_with_its_numbers() {
        let lstm = |units| CellSpec::plain(CoreSpec::Lstm(LstmSpec { inputs: 32, units, gates: GateOrder::Ncps }));
        assert_eq!(lstm(64).check(), Ok(()));
        let refused = |spec: CellSpec| spec.check().unwrap_err().to_string();
        assert!(refused(lstm(4096)).contains("67633152 weights"));
        let cfc = |layers| {
            let (inputs, units, mode, activation) = (32, 8, CfcMode::Default, Activation::Tanh);
            CellSpec::plain(CoreSpec::Cfc(CfcSpec {
                inputs,
                units,
                mode,
                backbone_units: 4096,
                backbone_layers: layers,
                activation,
            }))
        };
        assert_eq!(cfc(1).check(), Ok(()));
        assert!(refused(cfc(4096)).contains("expected at most 16777216"));
        assert!(refused(lstm(0)).contains("units: expected 1 to 4096, got 0"));
        assert!(refused(lstm(5000)).contains("got 5000"));
    }
}
