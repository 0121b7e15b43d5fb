//! `model export` of a whole step: an ONNX graph or a header in C.

use super::Model;
use crate::cli::output;
use anyhow::bail;
use lane_audit::engine::sha256;
use lane_frame::whole_file;
use lane_policy::step::{c_header, onnx_graph};
use lane_policy::weights;
use std::path::Path;

/// What `model export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A state dict for ncps or PyTorch
    Safetensors,
    /// One step of the whole policy as an ONNX graph
    Onnx,
    /// One step of the whole policy as a C header
    C,
}

impl Format {
    /// The format that a file's name ends with.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("onnx") => Self::Onnx,
            Some("h") => Self::C,
            _ => Self::Safetensors,
        }
    }
}

/// Writes the step of a policy.
pub fn write(model: &Model, format: Format, out: &Path) -> anyhow::Result<()> {
    let Model::Policy(model) = model else {
        bail!("a cell alone has no step of its own: expected a policy");
    };
    let (policy, card) = &**model;
    let kind = policy.kind();
    if format == Format::C {
        whole_file::write(out, c_header(policy)?.as_bytes())?;
        return output::line(&format!(
            "{}: one step of {kind} in C99, without allocation; picture in, curvature in 1/m out, left positive",
            out.display()
        ));
    }
    let weights_sha256 = sha256(&weights::to_bytes(policy, card)?);
    let bytes = onnx_graph(policy, card, &weights_sha256)?;
    whole_file::write(out, &bytes)?;
    let states = if kind.has_memory() { ", state and elapsed seconds" } else { "" };
    output::line(&format!(
        "{}: one step of {kind}, opset 17, {} bytes; picture of 0 to 1{states} in, curvature in 1/m out, left positive",
        out.display(),
        bytes.len()
    ))
}
