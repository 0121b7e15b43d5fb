//! `liquid-lane model show`: what a policy or a cell is made of.

use super::Model;
use crate::cli::output;
use anyhow::Context as _;
use lane_frame::whole_file;
use lane_policy::cell::{Cell, CellSpec};
use lane_policy::device;
use lane_policy::interchange::{self, StateDict};
use lane_policy::weights::ModelCard;
use lane_policy::wiring::{Wiring, svg};
use lane_policy::{Policy, PolicyKind};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Policy by name, or a weights or cell file (.safetensors); without it every policy that can be trained
    pub model: Option<String>,
    /// Draw the wiring into this file
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// List every tensor with its shape
    #[arg(long)]
    pub tensors: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(name) = &arguments.model else { return output::line(list().trim_end()) };
    let model = super::open(name)?;
    if let Some(path) = &arguments.svg {
        let cell = model.cell().and_then(|cell| Some((cell.wiring()?, cell.is_polar())));
        let (wiring, polar) = cell.with_context(|| format!("`{name}` has no wiring to draw"))?;
        whole_file::write(path, svg::svg(&wiring, polar).as_bytes())?;
    }
    if arguments.json {
        return output::json(&Facts::of(&model));
    }
    let mut text = match &model {
        Model::Policy(model) => describe_policy(&model.0, &model.1),
        Model::Cell(cell) => describe_cell(&cell.0),
    };
    if arguments.tensors {
        text += &describe_tensors(&state_dict(&model));
    }
    output::line(text.trim_end())
}

/// Every policy with its parameters and its cell.
fn list() -> String {
    let mut text = format!("{:<22} {:>10}  {:>7}  {:>8}  cell\n", "policy", "parameters", "neurons", "synapses");
    for kind in PolicyKind::all() {
        let policy = Policy::init(kind, 0, &device::cpu());
        let spec = policy.cell_spec();
        let count = |count: Option<usize>| count.map_or_else(|| "-".into(), |count| count.to_string());
        let wiring = policy.recurrent().and_then(|head| head.cell().wiring());
        let synapses = wiring.map(|wiring| wiring.sensory_synapses().len() + wiring.synapses().len());
        let neurons = count(spec.map(|spec| spec.core.units()));
        let memory = if spec.is_some_and(|spec| spec.mixed_memory) { ", behind an LSTM's memory" } else { "" };
        let cell = spec.map_or_else(|| "none: dense layers".into(), |spec| spec.core.description());
        let (parameters, synapses) = (policy.parameters(), count(synapses));
        let _ = writeln!(text, "{kind:<22} {parameters:>10}  {neurons:>7}  {synapses:>8}  {cell}{memory}");
    }
    text
}

#[derive(Serialize)]
struct Facts<'a> {
    parameters: usize,
    cell: Option<&'a CellSpec>,
    neurons: Option<usize>,
    sensory_synapses: Option<usize>,
    synapses: Option<usize>,
    card: Option<&'a ModelCard>,
    tensors: Vec<(String, Vec<usize>)>,
}

impl<'a> Facts<'a> {
    fn of(model: &'a Model) -> Self {
        let wiring = model.cell().and_then(Cell::wiring);
        let cell = model.cell().map(Cell::spec);
        let (parameters, card) = match model {
            Model::Policy(model) => (model.0.parameters(), Some(&model.1)),
            Model::Cell(cell) => (cell.0.parameters(), None),
        };
        Self {
            parameters,
            cell,
            neurons: cell.map(|cell| cell.core.units()),
            sensory_synapses: wiring.as_ref().map(|wiring| wiring.sensory_synapses().len()),
            synapses: wiring.as_ref().map(|wiring| wiring.synapses().len()),
            card,
            tensors: state_dict(model).iter().map(|(name, array)| (name.to_owned(), array.shape.clone())).collect(),
        }
    }
}

fn state_dict(model: &Model) -> StateDict {
    match model {
        Model::Policy(model) => lane_policy::export::state_dict(&model.0),
        Model::Cell(cell) => interchange::export_as(&cell.0, &cell.1),
    }
}

fn describe_policy(policy: &Policy, card: &ModelCard) -> String {
    let mut text = format!(
        "policy `{}`, {} parameters\n  takes  {}\n  gives  {}\n",
        policy.kind(),
        policy.parameters(),
        card.input,
        card.output
    );
    if let Some(command) = card.training.get("command").and_then(|command| command.as_str()) {
        let _ = writeln!(text, "  made by  {command}");
    }
    text += &policy.recurrent().map_or_else(|| "dense layers, no memory\n".into(), |head| describe_cell(head.cell()));
    text
}

/// Kind, settings, wiring and parameters of a cell, a few lines.
pub fn describe_cell(cell: &Cell) -> String {
    let spec = cell.spec();
    let (inputs, units, outputs) = (spec.core.inputs(), spec.core.units(), spec.outputs());
    let mut text =
        format!("cell: {inputs} inputs, {units} neurons, {outputs} outputs, {} parameters\n", cell.parameters());
    let _ = writeln!(text, "  {}", spec.core.description());
    if spec.mixed_memory {
        text += "  behind the memory of an LSTM\n";
    }
    if let Some(wiring) = cell.wiring() {
        text += &describe_wiring(&wiring, cell.is_polar());
    }
    text
}

/// Polarities play a part in liquid neurons only.
fn describe_wiring(wiring: &Wiring, polar: bool) -> String {
    let (sensory, between) = (wiring.sensory_synapses(), wiring.synapses());
    let exciting = sensory.iter().chain(between).filter(|synapse| synapse.polarity > 0).count();
    let all = sensory.len() + between.len();
    let layers: Vec<String> =
        wiring.layers().iter().map(|(layer, ids)| format!("{} {}", ids.len(), layer.name())).collect();
    let polarities = if polar { format!("; {exciting} excite, {} inhibit", all - exciting) } else { String::new() };
    format!(
        "wiring: {} sensory, {}\n  {all} synapses: {} from sensory inputs, {} between neurons{polarities}\n",
        wiring.sensory(),
        layers.join(", "),
        sensory.len(),
        between.len(),
    )
}

fn describe_tensors(dict: &StateDict) -> String {
    let width = dict.names().map(str::len).max().unwrap_or(0);
    dict.iter().map(|(name, array)| format!("  {name:<width$}  {:?}\n", array.shape)).collect()
}
