//! Cells to and from other libraries: the state dicts of ncps 1.0.1 and PyTorch, by their names and in their layouts.

pub mod cell_file;
mod infer;
mod names;

pub use crate::state_dict::{Array, Fault, StateDict, StateDictError, one_line};
pub use infer::{CellName, Hints, infer};
pub use names::Style;

use super::cell::{Cell, CellSpec, Constraint, CoreSpec};
use super::{FirstWeights, to_vec};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use names::{Part, reference};
use std::collections::BTreeMap;

/// Why a state dict is no cell, or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError(String);

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImportError {}

/// A cell as a state dict that its reference library loads, masks included.
pub fn export(cell: &Cell) -> StateDict {
    let style = Style::for_cell(cell.spec());
    let mut dict = in_their_words(cell.spec(), &style, collect(cell, None));
    for (name, mask) in names::masks(cell.spec()) {
        dict.insert(style.name(Part::Core, &name), mask);
    }
    dict
}

/// Gradients of a cell's parameters, written in a style like the parameters themselves.
pub fn gradients(cell: &Cell, gradients: &Gradients, style: &Style) -> StateDict {
    in_their_words(cell.spec(), style, collect(cell, Some(gradients)))
}

/// Parameters of a cell, written in a style.
pub fn parameters(cell: &Cell, style: &Style) -> StateDict {
    in_their_words(cell.spec(), style, collect(cell, None))
}

/// A cell of this specification with the numbers of a state dict.
///
/// # Errors
/// Refuses a tensor that is missing, superfluous or of another shape, and masks that are not those of the wiring.
pub fn import(dict: &StateDict, spec: &CellSpec, device: &Device) -> Result<Cell, ImportError> {
    spec.check().map_err(|error| ImportError(error.to_string()))?;
    let style = Style::of(dict);
    let mut left = dict.clone();
    check_masks(&mut left, spec, &style)?;
    let cell = Cell::init(spec, &mut FirstWeights::blank(device));
    let mut values = BTreeMap::new();
    for (path, ours) in collect(&cell, None) {
        let theirs = reference(spec, &path);
        let wiring = spec.core.wiring().map(AsRef::as_ref);
        let array = take(&mut left, &style.name(theirs.part, &theirs.name), &theirs.layout.shape(&ours.shape, wiring))?;
        let numbers = theirs.layout.gather(&array, wiring);
        check_sign(spec, &theirs.name, &numbers)?;
        values.insert(path, numbers);
    }
    match left.names().next() {
        Some(extra) => Err(ImportError(format!("tensor `{extra}` belongs to no part of this cell"))),
        None => Ok(cell.map(&mut Setter { path: Path::default(), values })),
    }
}

/// The tensor of this name and shape, taken out of the dict.
fn take(dict: &mut StateDict, name: &str, shape: &[usize]) -> Result<Array, ImportError> {
    let array = dict.remove(name).ok_or_else(|| ImportError(format!("tensor `{name}` is missing")))?;
    if array.shape != shape {
        return Err(ImportError(format!("tensor `{name}`: expected shape {shape:?}, got {:?}", array.shape)));
    }
    match array.values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(ImportError(format!("tensor `{name}`: expected finite numbers, got {value}"))),
        None => Ok(array),
    }
}

/// Refuses a conductance or capacitance that clipping would not have left: the cell was made with a softplus.
fn check_sign(spec: &CellSpec, name: &str, numbers: &[f32]) -> Result<(), ImportError> {
    let clipped = matches!(&spec.core, CoreSpec::Ltc(ltc) if ltc.constraint == Constraint::Explicit);
    let is_positive = ["w", "sensory_w", "gleak", "cm"].contains(&name);
    match numbers.iter().find(|number| clipped && is_positive && **number < 0.0) {
        Some(number) => Err(ImportError(format!(
            "tensor `{name}`: expected no negative number where conductances are clipped, got {number}; \
             was the cell made with a softplus?"
        ))),
        None => Ok(()),
    }
}

/// Takes the masks out of the dict and holds them against the wiring. A cell without them is taken at its word.
fn check_masks(dict: &mut StateDict, spec: &CellSpec, style: &Style) -> Result<(), ImportError> {
    for (name, mask) in names::masks(spec) {
        let name = style.name(Part::Core, &name);
        if dict.get(&name).is_none() {
            continue;
        }
        let theirs = take(dict, &name, &mask.shape)?;
        let columns = mask.shape[1];
        if let Some(at) = theirs.values.iter().zip(&mask.values).position(|(theirs, ours)| theirs != ours) {
            let (row, column) = (at / columns, at % columns);
            return Err(ImportError(format!(
                "`{name}` is not of this wiring: at row {row}, column {column} expected {}, got {}",
                mask.values[at], theirs.values[at]
            )));
        }
    }
    Ok(())
}

fn in_their_words(spec: &CellSpec, style: &Style, found: Vec<(String, Array)>) -> StateDict {
    let mut dict = StateDict::default();
    for (path, array) in found {
        let theirs = reference(spec, &path);
        let array = theirs.layout.spread(array, spec.core.wiring().map(AsRef::as_ref));
        dict.insert(style.name(theirs.part, &theirs.name), array);
    }
    dict
}

/// Every parameter of a module by its path.
pub fn parameters_by_path(module: &impl Module) -> Vec<(String, Array)> {
    collect(module, None)
}

/// Every parameter of a module by its path, or the gradients of those that have one.
fn collect(module: &impl Module, gradients: Option<&Gradients>) -> Vec<(String, Array)> {
    let mut collector = Collector { path: Path::default(), gradients, found: Vec::new() };
    module.visit(&mut collector);
    collector.found
}

/// Where in a module a walk is; variants of enums do not count.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.push(name.into());
        }
    }

    fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.pop();
        }
    }
}

struct Collector<'a> {
    path: Path,
    gradients: Option<&'a Gradients>,
    found: Vec<(String, Array)>,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.gradients {
            None => Some(param.val()),
            Some(gradients) => param.val().grad(gradients),
        };
        if let Some(tensor) = tensor {
            let shape = tensor.dims().to_vec();
            self.found.push((self.path.0.join("."), Array { shape, values: to_vec(tensor) }));
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
}

struct Setter {
    path: Path,
    /// Of the parameters' own shapes.
    values: BTreeMap<String, Vec<f32>>,
}

impl ModuleMapper for Setter {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.values.remove(&self.path.0.join(".")) {
            Some(values) => param.map(|old| {
                let data = TensorData::new(values, old.dims());
                Tensor::from_data(data, &old.device())
            }),
            None => param,
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
}
