//! What a state dict says about the cell it belongs to: widths, wiring and mappings stand in it; what does not, such as the
//! number of unfolds, comes as a hint.

use super::names::Part;
use super::{Array, ImportError, StateDict, Style};
use crate::cell::{
    Activation, CellSpec, CfcMode, CfcSpec, Constraint, CoreSpec, CtRnnSpec, GateOrder, GruSpec, LstmSpec, LtcSpec,
    Mapping, NeuralOdeSpec, WiredCfcSpec, WiringSource,
};
use crate::solver::Solver;
use crate::wiring::{Layer, Synapse, Wiring};

/// The cells that can be imported, by the name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellName {
    /// ncps `LTC` or `LTCCell`.
    Ltc,
    /// ncps `CfC` or `CfCCell`.
    Cfc,
    /// ncps `CfC` with a wiring, or `WiredCfCCell`.
    WiredCfc,
    /// ncps `LSTMCell` or PyTorch's `LSTM` of one layer.
    Lstm,
    /// PyTorch's `GRU` of one layer.
    Gru,
    /// `w`, `b`: `dx/dt = −x/τ + tanh([u, x]·w + b)`.
    CtRnn,
    /// `inner`, `slope`: two linear layers with a tanh between.
    NeuralOde,
}

impl CellName {
    /// Every name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("ltc", Self::Ltc),
        ("cfc", Self::Cfc),
        ("wired-cfc", Self::WiredCfc),
        ("lstm", Self::Lstm),
        ("gru", Self::Gru),
        ("ctrnn", Self::CtRnn),
        ("node", Self::NeuralOde),
    ];
}

impl std::str::FromStr for CellName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, cell)| cell).ok_or_else(|| {
            let known = Self::ALL.map(|(known, _)| known);
            format!("there is no cell `{name}`; choose one of {}", known.join(", "))
        })
    }
}

/// What a state dict does not say.
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

/// The specification of the cell whose state dict this is.
///
/// # Errors
/// When a tensor that tells a width is missing or has another number of dimensions, or masks are no wiring.
pub fn infer(dict: &StateDict, cell: CellName, hints: &Hints) -> Result<CellSpec, ImportError> {
    let style = Style::of(dict);
    let core = Dict(style.part(dict, Part::Core));
    let core = match cell {
        CellName::Ltc => liquid(&core, hints)?,
        CellName::Cfc => closed_form(&core, hints)?,
        CellName::WiredCfc => wired_closed_form(&core, hints)?,
        CellName::Lstm => lstm(&core)?,
        CellName::Gru => {
            let [rows, inputs] = core.shape("weight_ih_l0")?;
            CoreSpec::Gru(GruSpec { inputs, units: rows / 3 })
        }
        CellName::CtRnn => {
            let [rows, units] = core.shape("w")?;
            let inputs = rows.saturating_sub(units);
            let (unfolds, solver) = (hints.unfolds, hints.solver.unwrap_or(Solver::Euler));
            CoreSpec::CtRnn(CtRnnSpec { inputs, units, tau: hints.tau, clip: hints.clip, unfolds, solver })
        }
        CellName::NeuralOde => {
            let [width, seen] = core.shape("inner.weight")?;
            let [units, _] = core.shape("slope.weight")?;
            let (unfolds, solver) = (hints.unfolds, hints.solver.unwrap_or(Solver::Rk4));
            CoreSpec::NeuralOde(NeuralOdeSpec { inputs: seen.saturating_sub(units), units, width, unfolds, solver })
        }
    };
    let mixed_memory = !style.part(dict, Part::Memory).is_empty();
    let readout = style.part(dict, Part::Readout).get("bias").map(|bias| bias.values.len());
    Ok(CellSpec { core, mixed_memory, readout })
}

/// A part of a state dict that is asked for shapes.
struct Dict(StateDict);

impl Dict {
    fn array(&self, name: &str) -> Result<&Array, ImportError> {
        self.0.get(name).ok_or_else(|| ImportError(format!("tensor `{name}` is missing: it is no such cell")))
    }

    /// Rows and columns of a matrix.
    fn shape(&self, name: &str) -> Result<[usize; 2], ImportError> {
        let shape = &self.array(name)?.shape;
        shape
            .as_slice()
            .try_into()
            .map_err(|_| ImportError(format!("`{name}`: expected a matrix, got shape {shape:?}")))
    }

    fn mapping(&self, weight: &str, bias: &str) -> Mapping {
        match (self.0.get(weight), self.0.get(bias)) {
            (Some(_), Some(_)) => Mapping::Affine,
            (Some(_), None) => Mapping::Linear,
            _ => Mapping::None,
        }
    }
}

fn liquid(core: &Dict, hints: &Hints) -> Result<CoreSpec, ImportError> {
    let constraint = hints.constraint.ok_or_else(|| {
        let ncps = "ncps' LTC has a softplus unless implicit_param_constraints=False, its LTCCell clips";
        ImportError(format!(
            "a state dict does not say how conductances stay positive ({ncps}): --constraint softplus or explicit"
        ))
    })?;
    let motor = core.0.get("output_w").map_or(hints.motor, |w| w.values.len());
    let [sensory, units] = core.shape("sensory_sparsity_mask")?;
    let synapses = |mask: &str, erev: &str| {
        core.shape(erev)?;
        let (mask, erev) = (core.array(mask)?, core.array(erev)?);
        if mask.shape != erev.shape {
            let shapes = format!("{:?} and {:?}", mask.shape, erev.shape);
            return Err(ImportError(format!("mask and reversal potentials have different shapes: {shapes}")));
        }
        let there = mask.values.iter().zip(&erev.values).enumerate().filter(|(_, (mask, _))| **mask != 0.0);
        Ok(there.map(|(at, (_, erev))| synapse(at / units, at % units, *erev)).collect::<Vec<_>>())
    };
    let sensory_synapses = synapses("sensory_sparsity_mask", "sensory_erev")?;
    let synapses = synapses("sparsity_mask", "erev")?;
    let layers = layers(units, motor, &sensory_synapses, &synapses);
    let wiring = given(sensory, &layers, sensory_synapses, synapses)?;
    Ok(CoreSpec::Ltc(LtcSpec {
        unfolds: hints.unfolds,
        constraint,
        input_mapping: core.mapping("input_w", "input_b"),
        output_mapping: core.mapping("output_w", "output_b"),
        solver: hints.solver.unwrap_or(Solver::Fused),
        ..LtcSpec::new(wiring)
    }))
}

/// A state dict has no polarity but the sign of the reversal potential, which training may have turned.
fn synapse(source: usize, target: usize, erev: f32) -> Synapse {
    Synapse { source, target, polarity: if erev < 0.0 { -1 } else { 1 } }
}

fn given(
    sensory: usize,
    layers: &[(Layer, usize)],
    sensory_synapses: Vec<Synapse>,
    synapses: Vec<Synapse>,
) -> Result<WiringSource, ImportError> {
    let wiring = Wiring::given(sensory, layers, sensory_synapses, synapses);
    wiring.map(WiringSource::given).map_err(|error| ImportError(format!("the masks are no wiring: {error}")))
}

/// The layers that a wiring's synapses show: where only ids that follow each other drive the motor neurons, and only the
/// rest senses, they are command and inter neurons; otherwise there are none.
fn layers(units: usize, motor: usize, sensory: &[Synapse], synapses: &[Synapse]) -> Vec<(Layer, usize)> {
    let inter_from = sensory.iter().map(|synapse| synapse.target).min().unwrap_or(units);
    let command = motor..inter_from;
    let layered = !command.is_empty()
        && synapses.iter().all(|synapse| {
            let (from_command, to_motor) = (command.contains(&synapse.source), synapse.target < motor);
            let from_inter = synapse.source >= inter_from && command.contains(&synapse.target);
            from_inter || (from_command && (to_motor || command.contains(&synapse.target)))
        });
    if layered {
        vec![(Layer::Motor, motor), (Layer::Command, command.len()), (Layer::Inter, units - inter_from)]
    } else {
        vec![(Layer::Motor, motor), (Layer::Inter, units.saturating_sub(motor))]
    }
}

fn closed_form(core: &Dict, hints: &Hints) -> Result<CoreSpec, ImportError> {
    let [units, seen] = core.shape("ff1.weight")?;
    let backbone_layers =
        core.0.names().filter(|name| name.starts_with("backbone.") && name.ends_with(".weight")).count();
    let (backbone_units, width) = match backbone_layers {
        0 => (0, seen),
        _ => {
            let [width, seen] = core.shape("backbone.0.weight")?;
            (width, seen)
        }
    };
    let (mode, activation) = (mode(core.0.get("w_tau"), hints), hints.activation);
    let inputs = width.saturating_sub(units);
    Ok(CoreSpec::Cfc(CfcSpec { inputs, units, mode, backbone_units, backbone_layers, activation }))
}

fn mode(w_tau: Option<&Array>, hints: &Hints) -> CfcMode {
    if w_tau.is_some() { CfcMode::Pure } else { hints.gated_mode }
}

fn wired_closed_form(core: &Dict, hints: &Hints) -> Result<CoreSpec, ImportError> {
    let masks = (0..).map_while(|layer| core.0.get(&format!("layer_{layer}.sparsity_mask"))).count();
    if masks != 1 && masks != 3 {
        return Err(ImportError(format!("expected the masks of 1 or 3 layers, got those of {masks}")));
    }
    let names: Vec<String> = (0..masks).map(|layer| format!("layer_{layer}.sparsity_mask")).collect();
    let shapes = names.iter().map(|name| core.shape(name)).collect::<Result<Vec<_>, _>>()?;
    let units: usize = shapes.iter().map(|[units, _]| units).sum();
    let sensory = shapes[0][1].saturating_sub(shapes[0][0]);
    let (mut sensory_synapses, mut synapses) = (Vec::new(), Vec::new());
    // Ids run the other way round than the layers.
    let (mut end, mut before) = (units, 0..sensory);
    for (layer, ([count, seen], name)) in shapes.iter().zip(&names).enumerate() {
        let first = end - count;
        if *seen != before.len() + count {
            let expected = before.len() + count;
            return Err(ImportError(format!("`{name}`: expected {expected} columns, got {seen}")));
        }
        let mask = core.array(name)?;
        for (at, _) in mask.values.iter().enumerate().filter(|(_, mask)| **mask != 0.0) {
            let (target, source) = (at / seen, at % seen);
            if source < before.len() {
                let synapse = synapse(before.start + source, first + target, 1.0);
                if layer == 0 { sensory_synapses.push(synapse) } else { synapses.push(synapse) }
            }
        }
        (before, end) = (first..end, first);
    }
    let layers = match shapes[..] {
        [[inter, _], [command, _], [motor, _]] => {
            vec![(Layer::Inter, inter), (Layer::Command, command), (Layer::Motor, motor)]
        }
        _ => vec![(Layer::Motor, units)],
    };
    let wiring = given(sensory, &layers, sensory_synapses, synapses)?;
    let mode = mode(core.0.get("layer_0.w_tau"), hints);
    Ok(CoreSpec::WiredCfc(WiredCfcSpec { wiring, mode }))
}

fn lstm(core: &Dict) -> Result<CoreSpec, ImportError> {
    let (name, gates) = match core.0.get("input_map.weight") {
        Some(_) => ("input_map.weight", GateOrder::Ncps),
        None => ("weight_ih_l0", GateOrder::Torch),
    };
    let [rows, inputs] = core.shape(name)?;
    Ok(CoreSpec::Lstm(LstmSpec { inputs, units: rows / 4, gates }))
}
