//! A cell in a file of its own: a state dict that its reference library loads as it is, with the specification in the
//! header.

use super::{ImportError, StateDict, Style, export_as, import};
use crate::cell::{Cell, CellSpec};
use burn::tensor::Device;
use std::path::Path;

/// Where in the header the specification lies.
const SPEC_KEY: &str = "liquid_lane_cell";

/// A cell as the bytes of a file, in a style: that of the state dict from which it came.
pub fn to_bytes(cell: &Cell, style: &Style) -> Vec<u8> {
    match serde_json::to_string(cell.spec()) {
        Ok(spec) => export_as(cell, style).to_safetensors_with(Some((SPEC_KEY, spec))),
        Err(error) => unreachable!("a specification is numbers and names: {error}"),
    }
}

/// Whether these bytes are a file of this kind.
pub fn is_cell(bytes: &[u8]) -> bool {
    StateDict::metadata(bytes, SPEC_KEY).is_some()
}

/// Reads a cell and the style of its names; `name` stands for the file in messages.
///
/// # Errors
/// Refuses what is no such file, or whose tensors are not those of its specification.
pub fn from_bytes(bytes: &[u8], name: &Path, device: &Device) -> Result<(Cell, Style), ImportError> {
    let dict = StateDict::from_safetensors(bytes, name).map_err(|error| ImportError(error.to_string()))?;
    let refuse = |why: String| ImportError(format!("{}: {why}", name.display()));
    let spec = StateDict::metadata(bytes, SPEC_KEY);
    let spec =
        spec.ok_or_else(|| refuse("expected a cell, got tensors without a specification in the header".into()))?;
    let spec: CellSpec =
        serde_json::from_str(&spec).map_err(|error| refuse(format!("its cell cannot be understood: {error}")))?;
    let cell = import(&dict, &spec, device).map_err(|error| refuse(error.to_string()))?;
    Ok((cell, Style::of(&dict)))
}
