//! A step as an ONNX graph: opset 17, free batch, values named after what they are.

use super::{Node, Operation, Program, Shape, Value, walk};
use crate::Policy;
use crate::weights::ModelCard;
use anyhow::Context as _;
use lane_onnx::manifest::facts::METADATA_KEY;
use lane_onnx::proto::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type, data_type,
};
use prost::Message as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Read by onnxruntime since 1.12, TensorRT since 8.6, OpenVINO and all runtimes in Rust.
const OPSET: i64 = 17;

/// The version of the file format of that time.
const IR_VERSION: i64 = 8;

/// One step of a policy as the bytes of an ONNX file. Inputs: `image` `[batch, 3, height, width]` in 0 to 1, and where the
/// policy remembers `state` (and `memory` of an LSTM) `[batch, units]`, zero at the start, and `elapsed` `[batch, 1]` in s.
/// Outputs: `command` `[batch, 1]`, curvature in 1/m, left positive, and `state_out` (`memory_out`). `weights_sha256` is
/// that of the weights file.
///
/// # Errors
/// When the policy's parameters are not those of its kind.
pub fn onnx_graph(policy: &Policy, card: &ModelCard, weights_sha256: &str) -> anyhow::Result<Vec<u8>> {
    let program = walk::program(policy)?;
    let mut writer = Writer { program: &program, graph: GraphProto::default(), known: BTreeMap::new() };
    program.nodes.iter().for_each(|node| writer.write(node));
    let outputs = writer.name_outputs()?;
    let mut graph = writer.graph;
    graph.name = policy.kind().to_string();
    graph.doc_string = format!(
        "One step of the lane-keeping policy {}: picture, state and elapsed seconds in, curvature and the next state out.",
        policy.kind()
    );
    graph.input = inputs(&program).map(|value| port(&program.node(value).name, program.node(value).shape)).collect();
    graph.output = outputs.iter().map(|(name, length)| port(name, Shape::Row(*length))).collect();
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "liquid-lane".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: graph.doc_string.clone(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata(policy, card, &program, weights_sha256)?,
    };
    Ok(model.encode_to_vec())
}

fn inputs(program: &Program) -> impl Iterator<Item = Value> {
    let states = program.states.iter().map(|(_, before, _)| *before);
    program.image.into_iter().chain(states).chain(program.elapsed)
}

fn metadata(
    policy: &Policy,
    card: &ModelCard,
    program: &Program,
    weights_sha256: &str,
) -> anyhow::Result<Vec<StringStringEntryProto>> {
    let size = policy.input_size();
    let unit_secs = policy.kind().head.time_unit_secs();
    let mut entries = vec![
        ("kind".to_owned(), policy.kind().to_string()),
        ("parameters".to_owned(), policy.parameters().to_string()),
        ("camera".to_owned(), format!("{size} pixels, RGB, 0 to 1; {}", card.input)),
        ("command".to_owned(), "path curvature in 1/m, left positive".to_owned()),
        ("weights_sha256".to_owned(), weights_sha256.to_owned()),
        (METADATA_KEY.to_owned(), manifest(policy, program)),
    ];
    if let Some(spec) = policy.cell_spec() {
        entries.push(("cell".to_owned(), serde_json::to_string(spec).context("a cell cannot be put into words")?));
        entries.push(("time_unit_secs".to_owned(), unit_secs.to_string()));
    }
    if let Some(wiring) = policy.wiring() {
        let layers = wiring.layers().into_iter().map(|(layer, ids)| format!("{layer:?} {}..{}", ids.start, ids.end));
        entries.push(("neurons".to_owned(), layers.collect::<Vec<_>>().join(", ")));
        entries.push(("wiring_seed".to_owned(), wiring_seed(policy).unwrap_or_else(|| "unknown".into())));
    }
    let entry = |(key, value)| StringStringEntryProto { key, value };
    Ok(entries.into_iter().map(entry).collect())
}

/// The seed that the wiring was drawn from, where its specification has one.
fn wiring_seed(policy: &Policy) -> Option<String> {
    let spec = serde_json::to_value(policy.cell_spec()?).ok()?;
    fn find(value: &serde_json::Value) -> Option<String> {
        match value {
            serde_json::Value::Object(entries) => {
                let seed = entries.get("seed").filter(|seed| seed.is_number()).map(ToString::to_string);
                seed.or_else(|| entries.values().find_map(find))
            }
            _ => None,
        }
    }
    find(&spec)
}

/// What `lane-onnx` must know to drive with the file.
fn manifest(policy: &Policy, program: &Program) -> String {
    let size = policy.input_size();
    let mut text = format!(
        "[input]\nname = \"image\"\nlayout = \"nchw\"\nsize = [{}, {}]\ncolour = \"rgb\"\nscale = [255.0, 0.0]\n",
        size.width, size.height
    );
    for (name, ..) in &program.states {
        let _ = writeln!(text, "[state.{name}]\ninput = \"{name}\"\noutput = \"{name}_out\"");
    }
    if program.elapsed.is_some() {
        text += "[time]\nelapsed = \"elapsed\"\n";
    }
    text + "[output]\nname = \"command\"\nunit = \"curvature\"\ngain = 1.0\npositive = \"left\"\n"
}

fn port(name: &str, shape: Shape) -> ValueInfoProto {
    let fixed = |length: usize| DimensionProto { dim_value: Some(length as i64), dim_param: None };
    let batch = DimensionProto { dim_value: None, dim_param: Some("batch".into()) };
    let sides = match shape {
        Shape::Map(sides) => sides.to_vec(),
        Shape::Row(length) => vec![length],
    };
    let dim = std::iter::once(batch).chain(sides.into_iter().map(fixed)).collect();
    let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

struct Writer<'a> {
    program: &'a Program,
    graph: GraphProto,
    /// Constants that are equal to an earlier one, by their names, with its name.
    known: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn name(&self, value: Value) -> String {
        let name = &self.program.node(value).name;
        self.known.get(name).unwrap_or(name).clone()
    }

    /// Adds weights and returns their name.
    fn weights(&mut self, name: String, dims: &[usize], numbers: &[f32]) -> String {
        let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.tensor(name, dims, data_type::FLOAT, raw)
    }

    fn whole_numbers(&mut self, name: String, numbers: &[i64]) -> String {
        let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.tensor(name, &[numbers.len()], data_type::INT64, raw)
    }

    /// Constants of several unfolds that are equal are written once.
    fn tensor(&mut self, name: String, dims: &[usize], data_type: i32, raw: Vec<u8>) -> String {
        let dims: Vec<i64> = dims.iter().map(|side| *side as i64).collect();
        let equal = |tensor: &&TensorProto| {
            tensor.data_type == data_type && tensor.dims == dims && tensor.raw_data.as_ref() == Some(&raw)
        };
        if let Some(tensor) = self.graph.initializer.iter().find(equal) {
            return tensor.name.clone();
        }
        let tensor = TensorProto { dims, data_type, name: name.clone(), raw_data: Some(raw), ..TensorProto::default() };
        self.graph.initializer.push(tensor);
        name
    }

    fn node(&mut self, op_type: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            name: format!("{output}:{op_type}"),
            op_type: op_type.into(),
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute,
            ..NodeProto::default()
        });
    }

    fn write(&mut self, node: &Node) {
        let name = node.name.as_str();
        let of: Vec<String> = node.of.iter().map(|value| self.name(*value)).collect();
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let own = |what: &str| format!("{name}.{what}");
        let plain = match &node.operation {
            Operation::Input => return,
            Operation::Constant(numbers) => {
                let known = self.weights(name.to_owned(), &[numbers.len()], numbers);
                self.known.insert(name.to_owned(), known);
                return;
            }
            Operation::Whiten => return self.whiten(name, of[0], node.shape.len()),
            Operation::ConvRelu { weight, bias, kernel, stride, padding } => {
                let filters = bias.len();
                let channels = weight.len() / (filters * kernel * kernel).max(1);
                let weight = self.weights(own("weight"), &[filters, channels, *kernel, *kernel], weight);
                let bias = self.weights(own("bias"), &[filters], bias);
                let attributes = vec![
                    ints("kernel_shape", &[*kernel; 2]),
                    ints("strides", &[*stride; 2]),
                    ints("pads", &[*padding; 4]),
                ];
                let sum = own("sum");
                self.node("Conv", &[of[0], &weight, &bias], &sum, attributes);
                return self.node("Relu", &[&sum], name, Vec::new());
            }
            Operation::Flatten => return self.node("Flatten", &of, name, vec![int("axis", 1)]),
            Operation::Dense { weight, bias } => {
                let outputs = node.shape.len();
                let weight = self.weights(own("weight"), &[outputs, weight.len() / outputs.max(1)], weight);
                let bias = bias.as_ref().map(|bias| self.weights(own("bias"), &[outputs], bias));
                let inputs: Vec<&str> = [of[0], &weight].into_iter().chain(bias.as_deref()).collect();
                return self.node("Gemm", &inputs, name, vec![int("transB", 1)]);
            }
            Operation::Gather(places) => {
                let places: Vec<i64> = places.iter().map(|place| *place as i64).collect();
                let places = self.whole_numbers(own("places"), &places);
                return self.node("Gather", &[of[0], &places], name, vec![int("axis", 1)]);
            }
            Operation::Slice(start) => {
                let start = *start as i64;
                let starts = self.whole_numbers(own("start"), &[start]);
                let ends = self.whole_numbers(own("end"), &[start + node.shape.len() as i64]);
                let axes = self.whole_numbers(own("axis"), &[1]);
                return self.node("Slice", &[of[0], &starts, &ends, &axes], name, Vec::new());
            }
            Operation::Concat => return self.node("Concat", &of, name, vec![int("axis", 1)]),
            Operation::Clip(most) => {
                let least = self.scalar(own("least"), -most);
                let most = self.scalar(own("most"), *most);
                return self.node("Clip", &[of[0], &least, &most], name, Vec::new());
            }
            Operation::Add => "Add",
            Operation::Sub => "Sub",
            Operation::Mul => "Mul",
            Operation::Div => "Div",
            Operation::Tanh => "Tanh",
            Operation::Sigmoid => "Sigmoid",
            Operation::Relu => "Relu",
            Operation::Exp => "Exp",
            Operation::Abs => "Abs",
            Operation::Erf => "Erf",
        };
        self.node(plain, &of, name, Vec::new());
    }

    fn scalar(&mut self, name: String, number: f32) -> String {
        self.weights(name, &[], &[number])
    }

    fn whiten(&mut self, name: &str, image: &str, count: usize) {
        let own = |what: &str| format!("{name}.{what}");
        let mean = self.mean(image, own("mean"));
        let (centred, squares) = (own("centred"), own("squares"));
        self.node("Sub", &[image, &mean], &centred, Vec::new());
        self.node("Mul", &[&centred, &centred], &squares, Vec::new());
        let variance = self.mean(&squares, own("variance"));
        let (root, deviation) = (own("root"), own("deviation"));
        self.node("Sqrt", &[&variance], &root, Vec::new());
        let least = self.scalar(own("least_deviation"), 1.0 / (count as f32).sqrt());
        self.node("Max", &[&root, &least], &deviation, Vec::new());
        self.node("Div", &[&centred, &deviation], name, Vec::new());
    }

    /// The mean over a map, along one axis after the other: as exact as a sum in parts.
    fn mean(&mut self, of: &str, name: String) -> String {
        let of_rows = format!("{name}.of_rows");
        self.node("ReduceMean", &[of], &of_rows, vec![ints("axes", &[3]), int("keepdims", 1)]);
        self.node("ReduceMean", &[&of_rows], &name, vec![ints("axes", &[1, 2]), int("keepdims", 1)]);
        name
    }

    /// Gives the outputs their names, with their lengths.
    fn name_outputs(&mut self) -> anyhow::Result<Vec<(String, usize)>> {
        let command = self.program.command.context("a step has a command")?;
        let mut outputs = vec![("command".to_owned(), command)];
        outputs.extend(self.program.states.iter().map(|(name, _, after)| (format!("{name}_out"), *after)));
        for (output, value) in &outputs {
            let own = self.name(*value);
            if own != *output {
                self.node("Identity", &[&own], output, Vec::new());
            }
        }
        Ok(outputs.into_iter().map(|(name, value)| (name, self.program.len(value))).collect())
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: Some(value), r#type: attribute_type::INT, ..AttributeProto::default() }
}

fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|value| *value as i64).collect();
    AttributeProto { name: name.into(), ints, r#type: attribute_type::INTS, ..AttributeProto::default() }
}
