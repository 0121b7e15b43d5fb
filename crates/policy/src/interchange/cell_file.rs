//! A cell in a file of its own: a state dict that its reference library loads as it is, with the specification in the
//! header.

use super::{Array, ImportError, StateDict, export, import};
use crate::cell::{Cell, CellSpec};
use burn::tensor::Device;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// Where in the header the specification lies.
const SPEC_KEY: &str = "liquid_lane_cell";

/// A cell as the bytes of a file.
///
/// # Errors
/// When its specification cannot be put into words.
pub fn to_bytes(cell: &Cell) -> anyhow::Result<Vec<u8>> {
    let dict = export(cell);
    let arrays: Vec<(&str, &Array, Vec<u8>)> = dict
        .iter()
        .map(|(name, array)| (name, array, array.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = arrays
        .iter()
        .map(|(name, array, bytes)| Ok((*name, TensorView::new(Dtype::F32, array.shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let header = HashMap::from([(SPEC_KEY.to_owned(), serde_json::to_string(cell.spec())?)]);
    Ok(safetensors::serialize(views, Some(header))?)
}

/// Whether these bytes are a file of this kind.
pub fn is_cell(bytes: &[u8]) -> bool {
    SafeTensors::read_metadata(bytes)
        .is_ok_and(|(_, header)| header.metadata().as_ref().is_some_and(|metadata| metadata.contains_key(SPEC_KEY)))
}

/// Reads a cell; `name` stands for the file in messages.
///
/// # Errors
/// Refuses what is no such file, or whose tensors are not those of its specification.
pub fn from_bytes(bytes: &[u8], name: &Path, device: &Device) -> anyhow::Result<Cell> {
    let dict = StateDict::from_safetensors(bytes, name)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let refuse = |why: String| anyhow::anyhow!("{}: {why}", name.display());
    let spec = header.metadata().as_ref().and_then(|metadata| metadata.get(SPEC_KEY));
    let spec = spec.ok_or_else(|| refuse("expected a cell written by `liquid-lane model import`".into()))?;
    let spec: CellSpec =
        serde_json::from_str(spec).map_err(|error| refuse(format!("its cell cannot be understood: {error}")))?;
    import(&dict, &spec, device).map_err(|error: ImportError| refuse(error.to_string()))
}
