//! Names and layouts of a cell's parameters in ncps and PyTorch, and what a state dict of theirs tells.

use super::choices::{Activation, CfcMode, Constraint, Mapping};
use super::wiring_source::WiringSource;
use crate::solver::Solver;
use crate::state_dict::{Array, StateDict};
use crate::wiring::{Layer, Synapse, Wiring};

/// Why a state dict is no cell, or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError(pub(crate) String);

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImportError {}

/// The settings of a cell that its state dict does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// Parts of a step; 6 in ncps.
    pub unfolds: usize,
    /// How conductances stay positive. Nothing tells: in ncps the module `LTC` has a softplus by default, the cell
    /// `LTCCell` clips.
    pub constraint: Option<Constraint>,
    /// How the equation is solved.
    pub solver: Option<Solver>,
    /// Motor neurons, where no output mapping tells.
    pub motor: usize,
    /// Closed form of a cell with a gate.
    pub gated_mode: CfcMode,
    /// Of a backbone.
    pub activation: Activation,
    /// Time constant of a CT-RNN.
    pub tau: f64,
    /// Largest |state| of a CT-RNN.
    pub clip: f64,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            unfolds: 6,
            constraint: None,
            solver: None,
            motor: 1,
            gated_mode: CfcMode::Default,
            activation: Activation::LecunTanh,
            tau: 1.0,
            clip: 5.0,
        }
    }
}

/// The part of a cell that a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Core,
    Memory,
    Readout,
}

/// How the parts of a cell are told apart in a state dict, and the layers of a backbone numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    core: &'static str,
    readout: &'static str,
    /// Whether modules of dropout stand between the layers of a backbone and are counted with them.
    dropout: bool,
}

const MEMORY: &str = "lstm.";

impl Style {
    /// As ncps' modules `LTC` and `CfC` name their parts.
    pub const NCPS: Self = Self { core: "rnn_cell.", readout: "fc.", dropout: false };
    /// As PyTorch's recurrent modules are commonly held, beside a linear readout.
    pub const TORCH: Self = Self { core: "rnn.", readout: "readout.", dropout: false };
    /// The parameters of a cell alone.
    pub const BARE: Self = Self { core: "", readout: "readout.", dropout: false };

    /// The style in which the names of a state dict are written, wrappers taken off.
    pub fn of(dict: &StateDict) -> Self {
        let dict = unwrapped(dict);
        let has = |prefix: &str| dict.names().any(|name| name.starts_with(prefix));
        let style = match (has(Self::NCPS.core), has(Self::TORCH.core)) {
            (true, _) => Self::NCPS,
            (_, true) => Self::TORCH,
            _ => Self::BARE,
        };
        // Without dropout every second module of a backbone is a layer: all of them have even numbers.
        let is_odd = |name: &str| name.strip_prefix(style.core).and_then(layer).is_some_and(|(at, _)| at % 2 == 1);
        let dropout = dict.names().any(is_odd);
        Self { dropout, ..style }
    }

    /// Whether the names are those of a module that is nothing but the cell proper.
    pub fn is_bare(&self) -> bool {
        self.core.is_empty()
    }

    pub(crate) fn name(&self, part: Part, name: &str) -> String {
        let prefix = match part {
            Part::Core => self.core,
            Part::Memory => MEMORY,
            Part::Readout => self.readout,
        };
        match layer(name) {
            // A layer, its activation, and from the second layer on dropout: 0, 2, 5, 8.
            Some((at, rest)) if self.dropout && at > 0 => format!("{prefix}backbone.{}.{rest}", at / 2 * 3 - 1),
            _ => format!("{prefix}{name}"),
        }
    }

    /// The tensors of one part, without its prefix.
    pub(crate) fn part(&self, dict: &StateDict, part: Part) -> StateDict {
        match part {
            Part::Core if self.core.is_empty() => {
                let mut core = dict.clone();
                let others: Vec<String> = dict
                    .names()
                    .filter(|name| [MEMORY, "fc.", self.readout].iter().any(|prefix| name.starts_with(prefix)))
                    .map(str::to_owned)
                    .collect();
                others.iter().for_each(|name| drop(core.remove(name)));
                core
            }
            Part::Core => dict.under(self.core),
            Part::Memory => dict.under(MEMORY),
            Part::Readout => dict.under(self.readout),
        }
    }
}

/// Number of a backbone's module, and the rest of the name of its parameter.
fn layer(name: &str) -> Option<(usize, &str)> {
    let (number, rest) = name.strip_prefix("backbone.")?.split_once('.')?;
    Some((number.parse().ok()?, rest))
}

/// Parts of names that stand for wrappers without parameters: `torch.nn.DataParallel` and `torch.compile`.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// The state dict without the names of what is wrapped around the cell: [`WRAPPERS`] wherever they stand, and modules
/// that hold nothing else, as a Lightning module's `model`.
pub(crate) fn unwrapped(dict: &StateDict) -> StateDict {
    let plain_name = |name: &str| name.split('.').filter(|part| !WRAPPERS.contains(part)).collect::<Vec<_>>().join(".");
    let mut plain = StateDict::default();
    dict.iter().for_each(|(name, array)| plain.insert(plain_name(name), array.clone()));
    // Two tensors of one name are no cell; which of them was lost does not matter then.
    while let Some(holder) = holder(&plain) {
        plain = plain.under(&holder);
    }
    plain
}

/// The first part of all names, where it is no part of a cell.
fn holder(dict: &StateDict) -> Option<String> {
    let (first, _) = dict.names().next()?.split_once('.')?;
    let prefix = format!("{first}.");
    let inside = |part: &str| dict.names().any(|name| name[prefix.len()..].starts_with(part));
    let is_all = dict.names().all(|name| name.starts_with(&prefix));
    let is_own = || match first {
        "rnn_cell" | "layer_0" => true,
        "rnn" => !inside(Style::NCPS.core),
        _ => false,
    };
    (is_all && !is_own()).then_some(prefix)
}

/// PyTorch's name of a parameter of a recurrent module of one layer, from its path in a cell.
pub(crate) fn torch_name(path: &str) -> String {
    let name = match path {
        "input_map.weight" => "weight_ih_l0",
        "input_map.bias" => "bias_ih_l0",
        "recurrent_map" | "recurrent_map.weight" => "weight_hh_l0",
        "recurrent_bias" | "recurrent_map.bias" => "bias_hh_l0",
        other => other,
    };
    name.to_owned()
}

/// How the numbers of a parameter lie in the reference library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As here.
    Same,
    /// Dense `[sensory, units]` there, one number per sensory synapse here.
    SensorySynapses,
    /// Dense `[units, units]` there, one number per synapse here.
    Synapses,
}

impl Layout {
    /// Rows and synapses of a dense matrix.
    fn synapses(self, wiring: &Wiring) -> (usize, &[Synapse]) {
        match self {
            Self::SensorySynapses => (wiring.sensory(), wiring.sensory_synapses()),
            _ => (wiring.units(), wiring.synapses()),
        }
    }

    /// Shape there of a parameter that has `shape` here.
    pub(crate) fn shape(self, shape: &[usize], wiring: Option<&Wiring>) -> Vec<usize> {
        match (self, wiring) {
            (Self::Same, _) | (_, None) => shape.to_vec(),
            (_, Some(wiring)) => vec![self.synapses(wiring).0, wiring.units()],
        }
    }

    /// From the numbers here to those there; synapses that do not exist are 0.
    pub(crate) fn spread(self, array: Array, wiring: Option<&Wiring>) -> Array {
        let (Some(wiring), true) = (wiring, self != Self::Same) else { return array };
        let (rows, synapses) = self.synapses(wiring);
        let mut values = vec![0.0; rows * wiring.units()];
        for (synapse, value) in synapses.iter().zip(array.values) {
            values[synapse.source * wiring.units() + synapse.target] = value;
        }
        Array { shape: vec![rows, wiring.units()], values }
    }

    /// From the numbers there, of the right shape, to those here; those of synapses that do not exist have no effect
    /// there.
    pub(crate) fn gather(self, array: &Array, wiring: Option<&Wiring>) -> Vec<f32> {
        let (Some(wiring), true) = (wiring, self != Self::Same) else { return array.values.clone() };
        let pick = |synapse: &Synapse| array.values[synapse.source * wiring.units() + synapse.target];
        self.synapses(wiring).1.iter().map(pick).collect()
    }

    /// Ones where a synapse is, zeros elsewhere.
    pub(crate) fn mask(self, wiring: &Wiring) -> Array {
        let count = self.synapses(wiring).1.len();
        self.spread(Array { shape: vec![count], values: vec![1.0; count] }, Some(wiring))
    }
}

/// The tensors of a cell's core, which are asked for its widths.
pub(crate) struct CoreDict(pub(crate) StateDict);

impl CoreDict {
    pub(crate) fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }

    pub(crate) fn array(&self, name: &str) -> Result<&Array, ImportError> {
        self.get(name).ok_or_else(|| ImportError(format!("tensor `{name}` is missing: it is no such cell")))
    }

    /// Rows and columns of a matrix.
    pub(crate) fn shape(&self, name: &str) -> Result<[usize; 2], ImportError> {
        let shape = &self.array(name)?.shape;
        shape
            .as_slice()
            .try_into()
            .map_err(|_| ImportError(format!("`{name}`: expected a matrix, got shape {shape:?}")))
    }

    pub(crate) fn mapping(&self, weight: &str, bias: &str) -> Mapping {
        match (self.get(weight), self.get(bias)) {
            (Some(_), Some(_)) => Mapping::Affine,
            (Some(_), None) => Mapping::Linear,
            _ => Mapping::None,
        }
    }
}

/// A synapse of a state dict, which has no polarity but the sign of the reversal potential: training may have turned it.
pub(crate) fn synapse(source: usize, target: usize, reversal_potential: f32) -> Synapse {
    Synapse { source, target, polarity: if reversal_potential < 0.0 { -1 } else { 1 } }
}

/// The wiring that masks tell.
pub(crate) fn wiring(
    sensory: usize,
    layers: &[(Layer, usize)],
    sensory_synapses: Vec<Synapse>,
    synapses: Vec<Synapse>,
) -> Result<WiringSource, ImportError> {
    let wiring = Wiring::from_synapses(sensory, layers, sensory_synapses, synapses);
    wiring.map(WiringSource::from).map_err(|error| ImportError(format!("the masks are no wiring: {error}")))
}
