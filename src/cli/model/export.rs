//! `liquid-lane model export`: a state dict for ncps or PyTorch.

use super::Model;
use crate::cli::output;
use crate::policy::interchange;
use crate::whole_file;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Policy by name, or a weights or cell file (.safetensors)
    pub model: String,
    /// File to write
    #[arg(long, value_name = "FILE.safetensors")]
    pub out: PathBuf,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let dict = match super::open(&arguments.model)? {
        Model::Policy(model) => interchange::export_policy(&model.0),
        Model::Cell(cell) => interchange::export(&cell),
    };
    whole_file::write(&arguments.out, &dict.to_safetensors())?;
    output::line(&format!(
        "{}: {} tensors; in Python: module.load_state_dict(safetensors.torch.load_file(…))",
        arguments.out.display(),
        dict.len()
    ))
}
