//! A graph read from a file: whole, checked, with its weights inside, and in the form that the runtime takes.

use crate::external::{self, MOST_BYTES};
use crate::lower;
use crate::proto::{DimensionProto, GraphProto, ModelProto, TensorProto, ValueInfoProto, data_type, is_own};
use anyhow::{Context as _, anyhow, bail, ensure};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The oldest set of operators that is read; before it the same names mean other things.
pub const OLDEST_OPSET: i64 = 9;

/// A graph and what is known of it without running it.
#[derive(Clone, Debug)]
pub struct Graph {
    model: ModelProto,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    opset: i64,
    parameters: usize,
    has_half_weights: bool,
    operators: BTreeMap<String, usize>,
}

/// A value that goes into a graph or comes out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// Type of its elements.
    pub element: Element,
    /// Its sides; nothing where the file does not say them.
    pub shape: Option<Vec<Side>>,
}

/// A side of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Always this long.
    Fixed(usize),
    /// As long as what is fed; its name, which may be empty.
    Free(String),
}

impl Side {
    /// Its length, if that is fixed.
    pub fn length(&self) -> Option<usize> {
        match self {
            Self::Fixed(length) => Some(*length),
            Self::Free(_) => None,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Free(name) if name.is_empty() => f.write_str("?"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

/// Types of elements that can be fed and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Floats of 16, 32 or 64 bits: all computed in 32.
    Float,
    /// Whole numbers of 32 or 64 bits, and truths: computed in 32 bits.
    Int,
    /// Bytes.
    Byte,
    /// Signed bytes.
    SignedByte,
}

impl Element {
    fn of(data_type: i32) -> Option<Self> {
        match data_type {
            data_type::FLOAT | data_type::FLOAT16 | data_type::DOUBLE => Some(Self::Float),
            data_type::INT32 | data_type::INT64 | data_type::BOOL => Some(Self::Int),
            data_type::UINT8 => Some(Self::Byte),
            data_type::INT8 => Some(Self::SignedByte),
            _ => None,
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int => "int",
            Self::Byte => "uint8",
            Self::SignedByte => "int8",
        })
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sides = self.shape.as_ref().map(|sides| sides.iter().map(Side::to_string).collect::<Vec<_>>().join(","));
        write!(f, "{} {} [{}]", self.name, self.element, sides.as_deref().unwrap_or("shape not told"))
    }
}

impl Graph {
    /// Reads a file, and the files beside it in which its weights may lie.
    ///
    /// # Errors
    /// When it is no ONNX file, a damaged or cut off one, one of an older set of operators, or its weights are not there.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let metadata = std::fs::metadata(path).with_context(|| format!("{name}: cannot be read"))?;
        ensure!(metadata.is_file(), "{name}: expected an ONNX file, got something that is no file");
        let (length, most) = (metadata.len(), MOST_BYTES >> 20);
        ensure!(length <= MOST_BYTES, "{name}: expected an ONNX file of up to {most} MiB, got {} MiB", length >> 20);
        let bytes = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::from_bytes(&bytes, Some(folder)).map_err(|error| anyhow!("{name}: {error:#}"))
    }

    /// The graph that the bytes of a file hold; weights in other files are looked for in `folder`.
    ///
    /// # Errors
    /// As [`Graph::open`].
    pub fn from_bytes(bytes: &[u8], folder: Option<&Path>) -> anyhow::Result<Self> {
        let damaged = "expected an ONNX file, got a damaged or cut off one, or none";
        let mut model = ModelProto::decode(bytes).map_err(|error| anyhow!("{damaged} ({error})"))?;
        ensure!(model.ir_version > 0 && model.graph.is_some(), "{damaged} (no version, or no graph)");
        let own = model.opset_import.iter().find(|set| is_own(&set.domain));
        let opset = own.map(|set| set.version).context("the file does not say which set of operators it is of")?;
        ensure!(opset >= OLDEST_OPSET, "operators of opset {opset}: expected {OLDEST_OPSET} or newer; export it again");
        external::bring_in(&mut model, folder)?;
        lower::lower(&mut model, opset)?;
        let graph = model.graph.as_ref().context(damaged)?;
        let mut facts = WeightFacts::default();
        facts.add(graph)?;
        let held: BTreeSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        // Files of before 2018 list the weights among the inputs.
        let from_outside = graph.input.iter().filter(|input| !held.contains(input.name.as_str()));
        let inputs = from_outside.map(port).collect::<anyhow::Result<Vec<_>>>()?;
        let outputs = graph.output.iter().map(port).collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!outputs.is_empty(), "expected a graph with an output, got none");
        let (parameters, has_half_weights) = (facts.numbers, facts.has_half);
        Ok(Self { inputs, outputs, opset, parameters, has_half_weights, operators: operators(graph), model })
    }

    /// What is fed, without weights.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What comes out.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Version of ONNX's own operators.
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// Numbers in its weights.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Whether some of its weights have 16 bits.
    pub fn has_half_weights(&self) -> bool {
        self.has_half_weights
    }

    /// How often each operator occurs, in graphs within the graph too.
    pub fn operators(&self) -> &BTreeMap<String, usize> {
        &self.operators
    }

    /// The program that wrote it, with its version, where the file says it.
    pub fn producer(&self) -> String {
        format!("{} {}", self.model.producer_name, self.model.producer_version).trim().to_owned()
    }

    /// What the file says of itself by name.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.model.metadata_props.iter().map(|entry| (entry.key.as_str(), entry.value.as_str()))
    }

    /// The messages of the graph.
    pub(crate) fn proto(&self) -> &GraphProto {
        // It was there when the graph was read.
        self.model.graph.as_ref().unwrap_or_else(|| unreachable!("a graph that was read"))
    }

    /// The same values as outputs, besides its own.
    pub(crate) fn add_outputs(&mut self, values: impl Iterator<Item = ValueInfoProto>) {
        let Some(graph) = &mut self.model.graph else { return };
        for value in values {
            if graph.output.iter().all(|output| output.name != value.name) {
                graph.output.push(value);
            }
        }
    }

    /// A refusal that names the operator and its node, where the runtime names the node.
    pub(crate) fn refusal(&self, node: Option<&str>, why: &str) -> String {
        let node = node.and_then(|name| self.proto().node.iter().find(|node| node.name == name));
        let Some(node) = node else { return format!("the graph cannot be run: {why}") };
        let domain = if is_own(&node.domain) { String::new() } else { format!("{}.", node.domain) };
        let why = why.split_once("operator error: ").map_or(why, |(_, why)| why);
        let unknown = why.ends_with("not supported or not enabled");
        let why = if unknown { "is not supported".into() } else { format!("cannot be run: {why}") };
        format!("operator `{domain}{}` of node `{}` {why}", node.op_type, node.name)
    }

    /// The graph as a file that this program wrote, its weights in it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }
}

fn port(value: &ValueInfoProto) -> anyhow::Result<Port> {
    let name = value.name.clone();
    ensure!(!name.is_empty(), "expected every input and output to have a name, got one without");
    let tensor = value.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let tensor = tensor.with_context(|| format!("`{name}`: expected a tensor, got a sequence, a map or no type"))?;
    let element = Element::of(tensor.elem_type)
        .with_context(|| format!("`{name}`: elements of ONNX type {} are not supported", tensor.elem_type))?;
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(side).collect());
    Ok(Port { name, element, shape })
}

/// Exporters write 0 and -1 for sides that they do not know.
fn side(dim: &DimensionProto) -> Side {
    match dim.dim_value.and_then(|value| usize::try_from(value).ok()).filter(|length| *length > 0) {
        Some(length) => Side::Fixed(length),
        None => Side::Free(dim.dim_param.clone().unwrap_or_default()),
    }
}

fn operators(graph: &GraphProto) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for node in &graph.node {
        let own = is_own(&node.domain);
        let name = if own { node.op_type.clone() } else { format!("{}.{}", node.domain, node.op_type) };
        *counts.entry(name).or_insert(0) += 1;
        for inner in node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()) {
            operators(inner).into_iter().for_each(|(name, count)| *counts.entry(name).or_insert(0) += count);
        }
    }
    counts
}

/// What the weights of a graph have in common.
#[derive(Default)]
struct WeightFacts {
    numbers: usize,
    has_half: bool,
}

impl WeightFacts {
    /// Counts the weights of a graph, and holds each against its shape.
    fn add(&mut self, graph: &GraphProto) -> anyhow::Result<()> {
        for tensor in &graph.initializer {
            self.numbers += checked_length(tensor)?;
            self.has_half |= tensor.data_type == data_type::FLOAT16;
        }
        for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
            if let Some(tensor) = &attribute.t {
                checked_length(tensor)?;
            }
            if let Some(inner) = &attribute.g {
                self.add(inner)?;
            }
        }
        Ok(())
    }
}

/// Bytes of an element as they lie in a file; nothing for types that are not read.
fn element_bytes(data_type: i32) -> Option<usize> {
    match data_type {
        data_type::UINT8 | data_type::INT8 | data_type::BOOL => Some(1),
        data_type::FLOAT16 => Some(2),
        data_type::FLOAT | data_type::INT32 => Some(4),
        data_type::INT64 | data_type::DOUBLE => Some(8),
        _ => None,
    }
}

/// Elements of a tensor, as many as its shape says.
fn checked_length(tensor: &TensorProto) -> anyhow::Result<usize> {
    let (name, dims) = (&tensor.name, &tensor.dims);
    let mut sides = dims.iter().map(|side| usize::try_from(*side).ok());
    let length = sides.try_fold(1_usize, |length, side| length.checked_mul(side?));
    let length = length.with_context(|| format!("weights `{name}`: a shape {dims:?} that cannot be"))?;
    let Some(bytes) = element_bytes(tensor.data_type) else {
        bail!("weights `{name}`: elements of ONNX type {} are not supported", tensor.data_type);
    };
    let there = match (&tensor.raw_data, tensor.data_type) {
        (Some(raw), _) => {
            ensure!(raw.len() % bytes == 0, "weights `{name}`: {} bytes are no whole elements", raw.len());
            raw.len() / bytes
        }
        (None, data_type::FLOAT) => tensor.float_data.len(),
        (None, data_type::DOUBLE) => tensor.double_data.len(),
        (None, data_type::INT64) => tensor.int64_data.len(),
        (None, _) => tensor.int32_data.len(),
    };
    ensure!(there == length, "weights `{name}`: expected {length} elements for the shape {dims:?}, got {there}");
    Ok(length)
}
