//! What our parameters are called in ncps and PyTorch, and how they are laid out there.

use crate::cell::{CellSpec, CoreSpec, GateOrder};
use crate::state_dict::{Array, StateDict};
use crate::wiring::{Synapse, Wiring};

/// Which part of a cell a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Core,
    Memory,
    Readout,
}

/// How the parts are told apart in a state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    core: &'static str,
    readout: &'static str,
}

const MEMORY: &str = "lstm.";

impl Style {
    /// As ncps' modules `LTC` and `CfC` name their parts.
    pub const NCPS: Self = Self { core: "rnn_cell.", readout: "fc." };
    /// As PyTorch's recurrent modules are commonly held, beside a linear readout.
    pub const TORCH: Self = Self { core: "rnn.", readout: "readout." };
    /// The parameters of a cell alone.
    pub const BARE: Self = Self { core: "", readout: "readout." };

    /// The style in which the names of a state dict are written.
    pub fn of(dict: &StateDict) -> Self {
        let has = |prefix: &str| dict.names().any(|name| name.starts_with(prefix));
        match (has(Self::NCPS.core), has(Self::TORCH.core)) {
            (true, _) => Self::NCPS,
            (_, true) => Self::TORCH,
            _ => Self::BARE,
        }
    }

    /// The style in which a cell is written down.
    pub fn for_cell(spec: &CellSpec) -> Self {
        match &spec.core {
            CoreSpec::Ltc(_) | CoreSpec::Cfc(_) | CoreSpec::WiredCfc(_) => Self::NCPS,
            _ if spec.mixed_memory => Self::NCPS,
            CoreSpec::Lstm(_) | CoreSpec::Gru(_) => Self::TORCH,
            CoreSpec::CtRnn(_) | CoreSpec::NeuralOde(_) => Self::BARE,
        }
    }

    pub(super) fn name(&self, part: Part, name: &str) -> String {
        let prefix = match part {
            Part::Core => self.core,
            Part::Memory => MEMORY,
            Part::Readout => self.readout,
        };
        format!("{prefix}{name}")
    }

    /// The tensors of one part, without its prefix.
    pub(super) fn part(&self, dict: &StateDict, part: Part) -> StateDict {
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

/// Name and layout of one of our parameters in a reference library.
#[derive(Debug)]
pub(super) struct Reference {
    pub part: Part,
    pub name: String,
    pub layout: Layout,
}

/// How the numbers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// As with us.
    Same,
    /// Dense `[sensory, units]` there, one number per sensory synapse with us.
    SensorySynapses,
    /// Dense `[units, units]` there, one number per synapse with us.
    Synapses,
}

/// The reference of a parameter, from its path in our cell such as `core.gate.ff2.weight`.
pub(super) fn reference(spec: &CellSpec, path: &str) -> Reference {
    let (part, rest) = match path.split_once('.') {
        Some(("memory", rest)) => (Part::Memory, rest),
        Some(("readout", rest)) => (Part::Readout, rest),
        Some((_, rest)) => (Part::Core, rest),
        None => (Part::Core, path),
    };
    let name = match (part, &spec.core) {
        (Part::Core, CoreSpec::Cfc(_)) => backbone_name(&closed_form_name(rest)),
        (Part::Core, CoreSpec::WiredCfc(_)) => closed_form_name(&rest.replacen("layers.", "layer_", 1)),
        (Part::Core, CoreSpec::Lstm(lstm)) if lstm.gates == GateOrder::Ncps => rest.to_owned(),
        (Part::Core, CoreSpec::Lstm(_) | CoreSpec::Gru(_)) => torch_name(rest),
        _ => rest.to_owned(),
    };
    // The recurrent map of an ncps LSTM is a linear layer without bias.
    let name = if name == "recurrent_map" { "recurrent_map.weight".to_owned() } else { name };
    let layout = match (part, &spec.core) {
        (Part::Core, CoreSpec::Ltc(_)) => liquid_layout(&name),
        _ => Layout::Same,
    };
    Reference { part, name, layout }
}

fn closed_form_name(path: &str) -> String {
    let path = path.replacen("form.", "", 1).replacen("gate.", "", 1).replacen("decay.", "", 1);
    match path.strip_suffix("level") {
        Some(before) => format!("{before}A"),
        None => path,
    }
}

/// Backbone layers have an activation module after each.
fn backbone_name(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        ["backbone", layer, name] => {
            let layer: usize = layer.parse().unwrap_or_default();
            format!("backbone.{}.{name}", 2 * layer)
        }
        _ => path.to_owned(),
    }
}

fn torch_name(path: &str) -> String {
    let name = match path {
        "input_map.weight" => "weight_ih_l0",
        "input_map.bias" => "bias_ih_l0",
        "recurrent_map" | "recurrent_map.weight" => "weight_hh_l0",
        "recurrent_bias" | "recurrent_map.bias" => "bias_hh_l0",
        other => other,
    };
    name.to_owned()
}

fn liquid_layout(name: &str) -> Layout {
    match name {
        "sensory_w" | "sensory_mu" | "sensory_sigma" | "sensory_erev" => Layout::SensorySynapses,
        "w" | "mu" | "sigma" | "erev" => Layout::Synapses,
        _ => Layout::Same,
    }
}

impl Layout {
    /// Rows and synapses of a dense matrix.
    fn synapses(self, wiring: &Wiring) -> (usize, &[Synapse]) {
        match self {
            Self::SensorySynapses => (wiring.sensory(), wiring.sensory_synapses()),
            _ => (wiring.units(), wiring.synapses()),
        }
    }

    /// Shape there of a parameter that has `shape` with us.
    pub(super) fn shape(self, shape: &[usize], wiring: Option<&Wiring>) -> Vec<usize> {
        match (self, wiring) {
            (Self::Same, _) | (_, None) => shape.to_vec(),
            (_, Some(wiring)) => vec![self.synapses(wiring).0, wiring.units()],
        }
    }

    /// From our numbers to theirs; synapses that do not exist are 0.
    pub(super) fn spread(self, array: Array, wiring: Option<&Wiring>) -> Array {
        let (Some(wiring), true) = (wiring, self != Self::Same) else { return array };
        let (rows, synapses) = self.synapses(wiring);
        let mut values = vec![0.0; rows * wiring.units()];
        for (synapse, value) in synapses.iter().zip(array.values) {
            values[synapse.source * wiring.units() + synapse.target] = value;
        }
        Array { shape: vec![rows, wiring.units()], values }
    }

    /// From their numbers, of the right shape, to ours; those of synapses that do not exist have no effect there.
    pub(super) fn gather(self, array: &Array, wiring: Option<&Wiring>) -> Vec<f32> {
        let (Some(wiring), true) = (wiring, self != Self::Same) else { return array.values.clone() };
        let pick = |synapse: &Synapse| array.values[synapse.source * wiring.units() + synapse.target];
        self.synapses(wiring).1.iter().map(pick).collect()
    }
}

/// Tensors there that say which synapses exist, `[sensory, units]` and `[units, units]` of ones and zeros, or `[units, seen]`
/// per layer of closed-form cells. Not trained.
pub(super) fn masks(spec: &CellSpec) -> Vec<(String, Array)> {
    match &spec.core {
        CoreSpec::Ltc(ltc) => {
            let wiring = ltc.wiring.wiring();
            [("sensory_sparsity_mask", Layout::SensorySynapses), ("sparsity_mask", Layout::Synapses)]
                .into_iter()
                .map(|(name, layout)| {
                    let count = layout.synapses(wiring).1.len();
                    let ones = Array { shape: vec![count], values: vec![1.0; count] };
                    (name.to_owned(), layout.spread(ones, Some(wiring)))
                })
                .collect()
        }
        CoreSpec::WiredCfc(cfc) => cfc
            .masks()
            .into_iter()
            .enumerate()
            .map(|(layer, (units, values))| {
                let shape = vec![units, values.len() / units];
                (format!("layer_{layer}.sparsity_mask"), Array { shape, values })
            })
            .collect(),
        _ => Vec::new(),
    }
}
