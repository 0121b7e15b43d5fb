//! Cells to and from other libraries: the state dicts of ncps 1.0.1 and PyTorch, by their names and in their layouts.

pub mod cell_file;

pub use crate::cell::{CellName, Hints, ImportError, Style};
pub use crate::state_dict::{Array, Fault, StateDict, StateDictError, one_line};

use crate::cell::{Cell, CellSpec, CoreDict, CoreSpec, Kind as _, Layout, Part, unwrapped};
use crate::init::FirstWeights;
use crate::values::to_vec;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::collections::BTreeMap;

/// The specification of the cell whose state dict this is: widths, wiring and mappings stand in it; what does not, such
/// as the number of unfolds, comes as a hint. Names of wrappers around the cell, such as `module.` or a Lightning
/// module's `model.`, do not count.
///
/// # Errors
/// When a tensor that tells a width is missing or has another number of dimensions, or masks are no wiring.
pub fn infer(dict: &StateDict, cell: CellName, hints: &Hints) -> Result<CellSpec, ImportError> {
    let (dict, style) = (&unwrapped(dict), Style::of(dict));
    let core = CoreSpec::infer(cell, &CoreDict(style.part(dict, Part::Core)), hints)?;
    let mixed_memory = !style.part(dict, Part::Memory).is_empty();
    let readout = style.part(dict, Part::Readout).get("bias").map(|bias| bias.values.len());
    Ok(CellSpec { core, mixed_memory, readout })
}

/// A cell as a state dict that its reference library loads, masks included: that of the [`module`] in its [`style`].
pub fn export(cell: &Cell) -> StateDict {
    export_as(cell, &style(cell.spec()))
}

/// The same in another style.
pub fn export_as(cell: &Cell, style: &Style) -> StateDict {
    with_masks(parameters(cell, style), cell.spec(), style)
}

/// The cell proper alone, without mixed memory and readout, by the names that it has where no module is around it.
pub fn export_core(cell: &Cell) -> StateDict {
    let is_core = |(path, _): &(String, Array)| reference(cell.spec(), path).part == Part::Core;
    let core = collect(cell, None).into_iter().filter(is_core).collect();
    with_masks(in_style(cell.spec(), &Style::BARE, core), cell.spec(), &Style::BARE)
}

fn with_masks(mut dict: StateDict, spec: &CellSpec, style: &Style) -> StateDict {
    for (name, mask) in spec.core.kind().masks() {
        dict.insert(style.name(Part::Core, &name), mask);
    }
    dict
}

/// The module, in words, whose state dict a cell is in a style.
pub fn module(spec: &CellSpec, style: &Style) -> String {
    let kind = spec.core.kind();
    let mut text = match *style == Style::TORCH {
        true => format!("a module with {} as `rnn`", kind.module(true)),
        false => kind.module(style.is_bare()).to_owned(),
    };
    match spec.readout {
        Some(outputs) if !style.is_bare() && *style != Style::TORCH => text += &format!(", proj_size={outputs}"),
        Some(_) => text += ", with a torch.nn.Linear as `readout`",
        None => {}
    }
    if spec.mixed_memory {
        text += ", mixed_memory=True";
    }
    text
}

/// Gradients of a cell's parameters, written in a style like the parameters themselves.
pub fn gradients(cell: &Cell, gradients: &Gradients, style: &Style) -> StateDict {
    in_style(cell.spec(), style, collect(cell, Some(gradients)))
}

/// Parameters of a cell, written in a style.
pub fn parameters(cell: &Cell, style: &Style) -> StateDict {
    in_style(cell.spec(), style, collect(cell, None))
}

/// A cell of this specification with the numbers of a state dict.
///
/// # Errors
/// Refuses a tensor that is missing, superfluous or of another shape, and masks that are not those of the wiring.
pub fn import(dict: &StateDict, spec: &CellSpec, device: &Device) -> Result<Cell, ImportError> {
    spec.check().map_err(|error| ImportError(error.to_string()))?;
    let (mut left, style) = (unwrapped(dict), Style::of(dict));
    check_masks(&mut left, spec, &style)?;
    let cell = Cell::init(spec, &mut FirstWeights::blank(device));
    let mut values = BTreeMap::new();
    for (path, ours) in collect(&cell, None) {
        let Reference { part, name, layout } = reference(spec, &path);
        let wiring = spec.core.wiring().map(AsRef::as_ref);
        let array = take(&mut left, &style.name(part, &name), &layout.shape(&ours.shape, wiring))?;
        let numbers = layout.gather(&array, wiring);
        if part == Part::Core {
            spec.core.kind().check_numbers(&name, &numbers)?;
        }
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

/// Takes the masks out of the dict and holds them against the wiring. A cell without them is taken at its word.
fn check_masks(dict: &mut StateDict, spec: &CellSpec, style: &Style) -> Result<(), ImportError> {
    for (name, mask) in spec.core.kind().masks() {
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

/// The style in which a cell is written down. PyTorch's recurrent modules stand alone where nothing is beside them.
pub fn style(spec: &CellSpec) -> Style {
    match spec.core.kind().style() {
        _ if spec.mixed_memory => Style::NCPS,
        style if style == Style::TORCH && spec.readout.is_none() => Style::BARE,
        style => style,
    }
}

/// Name and layout of a parameter in the reference library.
struct Reference {
    part: Part,
    name: String,
    layout: Layout,
}

/// The reference of a parameter, from its path in the cell such as `core.gate.ff2.weight`.
fn reference(spec: &CellSpec, path: &str) -> Reference {
    let same = |part, name| Reference { part, name, layout: Layout::Same };
    match path.split_once('.') {
        Some(("memory", rest)) => {
            same(Part::Memory, spec.memory_spec().map_or_else(|| rest.to_owned(), |lstm| lstm.reference_name(rest)))
        }
        Some(("readout", rest)) => same(Part::Readout, rest.to_owned()),
        other => {
            let name = spec.core.kind().reference_name(other.map_or(path, |(_, rest)| rest));
            Reference { part: Part::Core, layout: spec.core.kind().layout(&name), name }
        }
    }
}

fn in_style(spec: &CellSpec, style: &Style, found: Vec<(String, Array)>) -> StateDict {
    let mut dict = StateDict::default();
    for (path, array) in found {
        let Reference { part, name, layout } = reference(spec, &path);
        dict.insert(style.name(part, &name), layout.spread(array, spec.core.wiring().map(AsRef::as_ref)));
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
