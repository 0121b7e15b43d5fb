//! What a cell is made of, without its weights: plain data that model cards, weight files and the command line share.

use super::wired_cfc;
use crate::policy::solver::Solver;
use crate::policy::wiring::{Wiring, WiringError, WiringSpec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Widths and numbers of parts beyond these are refused: no allocation by a number from a file.
const MOST: usize = 4096;

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

/// A wiring, and where it comes from: a recipe and its seed, or a list of synapses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WiringOrigin", into = "WiringOrigin")]
pub struct WiringSource {
    origin: WiringOrigin,
    wiring: Arc<Wiring>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum WiringOrigin {
    Drawn(WiringSpec),
    Given(Wiring),
}

/// How conductances and capacitances stay positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constraint {
    /// Clipped at 0 after each optimiser step.
    #[default]
    Explicit,
    /// Through a softplus (`implicit_param_constraints` in ncps).
    Softplus,
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Explicit => "explicit",
            Self::Softplus => "softplus",
        })
    }
}

impl std::str::FromStr for Constraint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = [Self::Explicit, Self::Softplus];
        let found = known.into_iter().find(|constraint| constraint.to_string() == name);
        found.ok_or_else(|| format!("there is no constraint `{name}`; choose explicit or softplus"))
    }
}

/// An elementwise map before or behind neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// `w·x + b`
    #[default]
    Affine,
    /// `w·x`
    Linear,
    /// `x`
    None,
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

/// The closed forms there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CfcMode {
    /// A gate in time between two targets.
    #[default]
    Default,
    /// Exponential decay.
    Pure,
    /// One target, and another added as time opens the gate.
    NoGate,
}

/// Activations of a backbone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `1.7159·tanh(0.666·x)` (LeCun et al. 1998).
    #[default]
    LecunTanh,
    /// `tanh x`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x·Φ(x)`, exact
    Gelu,
    /// `x·σ(x)`
    Silu,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Self; 5] = [Self::LecunTanh, Self::Tanh, Self::Relu, Self::Gelu, Self::Silu];

    /// The name on the command line; ncps writes an underscore for the hyphen.
    pub fn name(self) -> &'static str {
        match self {
            Self::LecunTanh => "lecun-tanh",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
        }
    }
}

impl std::str::FromStr for Activation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|activation| activation.name() == name.replace('_', "-"));
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            format!("there is no activation `{name}`; choose one of {}", known.join(", "))
        })
    }
}

impl CfcMode {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Default, Self::Pure, Self::NoGate];

    /// The name on the command line; ncps writes an underscore for the hyphen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Pure => "pure",
            Self::NoGate => "no-gate",
        }
    }
}

impl std::str::FromStr for CfcMode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == name.replace('_', "-"));
        found.ok_or_else(|| {
            format!("there is no closed form `{name}`; choose one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
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

/// Order and offset of an LSTM's gates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateOrder {
    /// write, input, forget + 1, output; one bias.
    #[default]
    Ncps,
    /// input, forget, write, output; two biases.
    Torch,
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

impl WiringSource {
    /// The wiring of a recipe.
    ///
    /// # Errors
    /// Refuses a recipe that does not fit, with the two numbers that disagree.
    pub fn draw(spec: WiringSpec) -> Result<Self, WiringError> {
        Self::try_from(WiringOrigin::Drawn(spec))
    }

    /// A wiring that was drawn elsewhere.
    pub fn given(wiring: Wiring) -> Self {
        Self { origin: WiringOrigin::Given(wiring.clone()), wiring: Arc::new(wiring) }
    }

    /// The published lane-keeping wiring, from the seed of its draws.
    pub fn lane_keeping(seed: u32) -> Self {
        let spec = WiringSpec::Ncp { shape: crate::policy::wiring::NcpShape::LANE_KEEPING, seed };
        Self { origin: WiringOrigin::Drawn(spec), wiring: Arc::new(Wiring::lane_keeping(seed)) }
    }

    /// Which neuron talks to which.
    pub fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    /// The same, shared.
    pub fn shared(&self) -> &Arc<Wiring> {
        &self.wiring
    }

    /// The recipe, where it was drawn by one.
    pub fn recipe(&self) -> Option<&WiringSpec> {
        match &self.origin {
            WiringOrigin::Drawn(spec) => Some(spec),
            WiringOrigin::Given(_) => None,
        }
    }
}

impl TryFrom<WiringOrigin> for WiringSource {
    type Error = WiringError;

    fn try_from(origin: WiringOrigin) -> Result<Self, WiringError> {
        let wiring = match &origin {
            WiringOrigin::Drawn(spec) => Wiring::build(spec)?,
            WiringOrigin::Given(wiring) => wiring.clone(),
        };
        Ok(Self { origin, wiring: Arc::new(wiring) })
    }
}

impl From<WiringSource> for WiringOrigin {
    fn from(source: WiringSource) -> Self {
        source.origin
    }
}

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
        let ids = wired_cfc::layers(&self.wiring.wiring).into_iter().flatten();
        ids.zip(state).for_each(|(id, value)| by_id[id] = *value);
        by_id
    }

    /// Which weights exist: per layer from the input on its units and `[units, seen]` of ones and zeros.
    pub fn masks(&self) -> Vec<(usize, Vec<f32>)> {
        wired_cfc::masks(&self.wiring.wiring).into_iter().map(|mask| (mask.units, mask.values)).collect()
    }
}

impl CoreSpec {
    /// Width of its input.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => wiring.wiring.sensory(),
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
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => wiring.wiring.units(),
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
            Self::Ltc(spec) => spec.wiring.wiring.motor(),
            Self::WiredCfc(spec) => wired_cfc::layers(&spec.wiring.wiring).last().map_or(0, |ids| ids.len()),
            _ => self.units(),
        }
    }

    /// The wiring, where it has one.
    pub fn wiring(&self) -> Option<&Arc<Wiring>> {
        match self {
            Self::Ltc(LtcSpec { wiring, .. }) | Self::WiredCfc(WiredCfcSpec { wiring, .. }) => Some(&wiring.wiring),
            _ => None,
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
