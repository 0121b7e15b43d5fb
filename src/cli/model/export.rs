//! `liquid-lane model export`: a state dict for ncps or PyTorch, or what `step` writes.

use super::Model;
use super::step::{self, Format};
use crate::cli::output;
use lane_frame::whole_file;
use lane_policy::interchange;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Policy by name, or a weights or cell file (.safetensors)
    pub model: String,
    /// Of a policy also the encoder and the features, by this program's names, beside its cell
    #[arg(long)]
    pub whole: bool,
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
        return step::write(&model, format, &arguments.out);
    }
    let dict = match (&model, model.cell()) {
        (Model::Policy(model), cell) if arguments.whole || cell.is_none() => lane_policy::export::state_dict(&model.0),
        (_, Some(cell)) => interchange::export(cell),
        (_, None) => unreachable!("what has no cell is a policy"),
    };
    whole_file::write(&arguments.out, &dict.to_safetensors())?;
    output::line(&format!(
        "{}: {} tensors; in Python: module.load_state_dict(safetensors.torch.load_file(…)){}",
        arguments.out.display(),
        dict.len(),
        unit_of_time(&model)
    ))
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
