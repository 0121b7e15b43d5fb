//! Rewrites what the runtime does not know, or knows with another meaning, into what it does.

use crate::proto::is_own;
use crate::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, attribute_type, data_type};
use anyhow::{bail, ensure};
use std::collections::BTreeSet;

/// Since this version a softmax is over one axis; before, over all axes from one on.
const SOFTMAX_OF_ONE_AXIS: i64 = 13;

/// Puts a model into the runtime's form: names for all operators, none of them the name of a value.
pub(crate) fn lower(model: &mut ModelProto, opset: i64) -> anyhow::Result<()> {
    let Some(graph) = &mut model.graph else { return Ok(()) };
    let mut taken = BTreeSet::new();
    value_names(graph, &mut taken);
    lower_graph(graph, opset, &mut taken)
}

fn value_names(graph: &GraphProto, taken: &mut BTreeSet<String>) {
    taken.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
    taken.extend(graph.input.iter().chain(&graph.output).map(|value| value.name.clone()));
    for node in &graph.node {
        taken.extend(node.input.iter().chain(&node.output).cloned());
        node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()).for_each(|inner| value_names(inner, taken));
    }
}

/// Values of a shape that a file states, more than which are refused: a network's largest map has a million.
const MOST_NUMBERS: i64 = 1 << 26;

/// Sides of windows, margins and steps beyond this are refused.
const MOST_SIDE: i64 = 4096;

/// Refuses operators that would make far more numbers than any network needs of a few that the file states.
fn check_sizes(node: &NodeProto, weights: &[TensorProto]) -> anyhow::Result<()> {
    let refuse = |what: &str| format!("operator `{}` of node `{}`: {what}", node.op_type, node.name);
    for attribute in &node.attribute {
        let is_window = ["pads", "kernel_shape", "strides", "dilations", "output_padding", "output_shape"];
        let too_large = attribute.ints.iter().any(|side| !(-MOST_SIDE..=MOST_SIDE).contains(side));
        ensure!(
            !is_window.contains(&attribute.name.as_str()) || !too_large,
            refuse("a window or margin that cannot be")
        );
    }
    let sizes = match node.op_type.as_str() {
        "ConstantOfShape" => 0,
        "Expand" | "Tile" | "Pad" | "OneHot" => 1,
        "Resize" => 3,
        _ => return Ok(()),
    };
    let stated = node.input.get(sizes).and_then(|name| weights.iter().find(|tensor| tensor.name == *name));
    let Some(stated) = stated.filter(|tensor| tensor.data_type == data_type::INT64) else { return Ok(()) };
    let raw = stated.raw_data.iter().flat_map(|raw| raw.as_chunks::<8>().0).map(|bytes| i64::from_le_bytes(*bytes));
    let numbers = raw.chain(stated.int64_data.iter().copied());
    let product = numbers.fold(1_i64, |product, side| product.saturating_mul(side.saturating_abs().max(1)));
    ensure!(product <= MOST_NUMBERS, refuse("it makes more numbers than a steering network needs"));
    Ok(())
}

fn lower_graph(graph: &mut GraphProto, opset: i64, taken: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let nodes = std::mem::take(&mut graph.node);
    for mut node in nodes {
        node.name = free_name(&node, taken);
        check_sizes(&node, &graph.initializer)?;
        for inner in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_mut()) {
            lower_graph(inner, opset, taken)?;
        }
        match node.op_type.as_str() {
            _ if !is_own(&node.domain) => graph.node.push(node),
            "Dropout" => graph.node.push(without_dropout(node)?),
            "Softmax" | "LogSoftmax" if opset < SOFTMAX_OF_ONE_AXIS => {
                graph.node.extend(softmax_over_the_rest(node, taken));
            }
            "Conv" => graph.node.push(with_kernel(node, &graph.initializer)),
            "Selu" | "Celu" => {
                let (nodes, scales) = as_elu(node, taken);
                graph.node.extend(nodes);
                graph.initializer.extend(scales);
            }
            "Resize" => {
                // The runtime would take lines for curves without a word.
                let cubic = node.attribute.iter().any(|attribute| attribute.s.as_deref() == Some(b"cubic"));
                ensure!(!cubic, "operator `Resize` of node `{}`: cubic interpolation is not supported", node.name);
                graph.node.push(node);
            }
            _ => graph.node.push(node),
        }
    }
    Ok(())
}

/// The node's own name, or one made of its operator, that no value and no other node has.
fn free_name(node: &NodeProto, taken: &mut BTreeSet<String>) -> String {
    let output = node.output.first().map_or("", String::as_str);
    let first = if node.name.is_empty() { format!("{} of {output}", node.op_type) } else { node.name.clone() };
    let others = (1..).map(|count| match count {
        1 => format!("{first} ({})", node.op_type),
        _ => format!("{first} ({} {count})", node.op_type),
    });
    let name = std::iter::once(first.clone()).chain(others).find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// Outside of training nothing is dropped.
fn without_dropout(node: NodeProto) -> anyhow::Result<NodeProto> {
    if node.output.iter().skip(1).any(|output| !output.is_empty()) {
        bail!("operator `Dropout` of node `{}`: its mask is not supported", node.name);
    }
    let input = node.input.into_iter().take(1).collect();
    Ok(NodeProto { op_type: "Identity".into(), input, attribute: Vec::new(), ..node })
}

/// A convolution that says how large its window is, as its weights do; the runtime goes by what is said.
fn with_kernel(mut node: NodeProto, weights: &[TensorProto]) -> NodeProto {
    let of_node = weights.iter().find(|tensor| Some(&tensor.name) == node.input.get(1));
    if let Some(window) = of_node.and_then(|tensor| tensor.dims.get(2..))
        && node.attribute.iter().all(|attribute| attribute.name != "kernel_shape")
    {
        let (name, r#type) = ("kernel_shape".into(), attribute_type::INTS);
        node.attribute.push(AttributeProto { name, ints: window.to_vec(), r#type, ..AttributeProto::default() });
    }
    node
}

/// `scale · Elu(x / divisor)`, which Selu and Celu are.
fn as_elu(node: NodeProto, taken: &mut BTreeSet<String>) -> (Vec<NodeProto>, Vec<TensorProto>) {
    let told = |name: &str, usual: f32| {
        node.attribute.iter().find(|attribute| attribute.name == name).and_then(|found| found.f).unwrap_or(usual)
    };
    // Numbers of ONNX's own definition.
    let [divisor, alpha, scale] = match node.op_type.as_str() {
        "Selu" => [1.0, told("alpha", 1.673_263_2), told("gamma", 1.050_701)],
        _ => [told("alpha", 1.0), 1.0, told("alpha", 1.0)],
    };
    let mut name = |what: &str| free_value(&node.name, what, taken);
    let [by, divided, bent, times] = ["divisor", "divided", "bent", "scale"].map(&mut name);
    let [first, second] = ["Div", "Mul"].map(&mut name);
    let (input, output) = (node.input.first().cloned(), node.output.clone());
    let step = |op_type: &str, name: &str, input: Vec<String>, output: Vec<String>| NodeProto {
        name: name.into(),
        op_type: op_type.into(),
        input,
        output,
        ..NodeProto::default()
    };
    let mut elu = step("Elu", &node.name, vec![divided.clone()], vec![bent.clone()]);
    elu.attribute = vec![AttributeProto {
        name: "alpha".into(),
        f: Some(alpha),
        r#type: attribute_type::FLOAT,
        ..AttributeProto::default()
    }];
    let nodes = vec![
        step("Div", &first, input.into_iter().chain([by.clone()]).collect(), vec![divided]),
        elu,
        step("Mul", &second, vec![bent, times.clone()], output),
    ];
    let scalar = |name, number: f32| TensorProto {
        name,
        data_type: data_type::FLOAT,
        float_data: vec![number],
        ..TensorProto::default()
    };
    (nodes, vec![scalar(by, divisor), scalar(times, scale)])
}

/// A name that no value and no node has.
fn free_value(node: &str, what: &str, taken: &mut BTreeSet<String>) -> String {
    let name = (0..).map(|count| format!("{node} {what} {count}")).find(|name| !taken.contains(name));
    let name = name.unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// A softmax over all axes from one on, as the runtime's over the second of two.
fn softmax_over_the_rest(node: NodeProto, taken: &mut BTreeSet<String>) -> Vec<NodeProto> {
    let axis = node.attribute.iter().find(|attribute| attribute.name == "axis").and_then(|axis| axis.i).unwrap_or(1);
    let mut name = |what: &str| free_value(&node.name, what, taken);
    let [shape, flat, soft] = [name("shape"), name("flat"), name("soft")];
    let input = node.input.first().cloned().unwrap_or_default();
    let mut step = |op_type: &str, input: &[&str], output: &str, axis: Option<i64>| NodeProto {
        name: name(op_type),
        op_type: op_type.into(),
        input: input.iter().map(|value| (*value).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: axis.map(|axis| int("axis", axis)).into_iter().collect(),
        ..NodeProto::default()
    };
    let output = node.output.first().map_or("", String::as_str);
    let mut steps = vec![
        step("Shape", &[&input], &shape, None),
        step("Flatten", &[&input], &flat, Some(axis)),
        step(&node.op_type, &[&flat], &soft, Some(1)),
        step("Reshape", &[&soft, &shape], output, None),
    ];
    steps[2].name.clone_from(&node.name);
    steps
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: Some(value), r#type: attribute_type::INT, ..AttributeProto::default() }
}
