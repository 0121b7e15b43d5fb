//! `liquid-lane model export`: a state dict for ncps or PyTorch, or what `step` writes.

use super::Model;
use super::step::{self, Format};
use crate::cli::output;
use anyhow::{bail, ensure};
use lane_frame::whole_file;
use lane_policy::cell::Cell;
use lane_policy::interchange::{self, StateDict, Style};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Policy by name, or a weights or cell file (.safetensors)
    pub model: String,
    /// Of a policy also the encoder and the features, by this program's names, beside its cell
    #[arg(long)]
    pub whole: bool,
    /// The cell proper alone, by the names of torch.nn.LSTM itself or ncps' LTCCell and CfCCell
    #[arg(long, conflicts_with = "whole")]
    pub bare: bool,
    /// What to write; without it what the name of the file ends with: .onnx, .h, anything else a state dict
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let model = super::open(&arguments.model)?;
    let format = arguments.format.unwrap_or_else(|| Format::of(&arguments.out));
    if format != Format::Safetensors {
        ensure!(!arguments.bare, "--bare is for a state dict; a step has encoder, cell and readout");
        return step::write(&model, format, &arguments.out);
    }
    let (dict, module) = exported(&model, arguments)?;
    whole_file::write(&arguments.out, &dict.to_safetensors())?;
    output::line(&format!(
        "{}: {} tensors; in Python: module.load_state_dict(safetensors.torch.load_file(…)){module}{}",
        arguments.out.display(),
        dict.len(),
        unit_of_time(&model)
    ))
}

/// The tensors, and a line that says which module has them.
fn exported(model: &Model, arguments: &Arguments) -> anyhow::Result<(StateDict, String)> {
    let module = |cell: &Cell, style| format!("\nmodule: {}", interchange::module(cell.spec(), style));
    Ok(match (model, model.cell()) {
        (_, None) if arguments.bare => bail!("policy `{}` has dense layers and no cell", arguments.model),
        (Model::Policy(model), cell) if arguments.whole || cell.is_none() => {
            (lane_policy::export::state_dict(&model.0), String::new())
        }
        (_, Some(cell)) if arguments.bare => {
            let spec = cell.spec().core.clone().into();
            let left_out = match (cell.spec().mixed_memory, cell.spec().readout.is_some()) {
                (true, true) => "; left out: the memory before it and the readout behind it",
                (true, false) => "; left out: the memory before it",
                (false, true) => "; left out: the readout behind it",
                (false, false) => "",
            };
            let module = interchange::module(&spec, &Style::BARE);
            (interchange::export_core(cell), format!("\nmodule: {module}{left_out}"))
        }
        (Model::Cell(cell), _) => (interchange::export_as(&cell.0, &cell.1), module(&cell.0, &cell.1)),
        (_, Some(cell)) => (interchange::export(cell), module(cell, &interchange::style(cell.spec()))),
        (_, None) => unreachable!("what has no cell is a policy"),
    })
}

/// What a caller elsewhere must know to give the cell its time.
fn unit_of_time(model: &Model) -> String {
    match model {
        Model::Policy(model) if model.0.recurrent().is_some() => {
            format!("\nthe cell's elapsed time counts in {:.4} s", model.0.kind().head.time_unit_secs())
        }
        _ => String::new(),
    }
}
