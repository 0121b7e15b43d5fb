//! Every rule against differences of what the runtime computes.

use crate::graph::Graph;
use crate::manifest::{Manifest, Preset};
use crate::policy::Policy;
use crate::proto::*;
use crate::tests::{floats, int, ints, model, node, value};
use crate::watch::Limits;

/// Numbers of -0.5 to 0.5 that differ.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 + 13) % 1009) as f32 / 1009.0 - 0.5).collect()
}

fn weights(name: &str, dims: &[i64]) -> TensorProto {
    floats(name, dims, &numbers(dims.iter().product::<i64>() as usize))
}

fn whole(name: &str, numbers: &[i64]) -> TensorProto {
    TensorProto {
        data_type: data_type::INT64,
        dims: vec![numbers.len() as i64],
        name: name.into(),
        int64_data: numbers.to_vec(),
        ..TensorProto::default()
    }
}

fn text(name: &str, text: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: Some(text.into()), r#type: 3, ..AttributeProto::default() }
}

/// One operator from `x`, the picture `[N,3,8,8]` as numbers of -2 to 2, or from others of `before`, to `y`.
struct Part {
    before: Vec<NodeProto>,
    node: NodeProto,
    weights: Vec<TensorProto>,
    /// Numbers of `y` for one picture.
    length: usize,
}

fn of(
    op_type: &str,
    inputs: &[&str],
    attributes: Vec<AttributeProto>,
    weights: Vec<TensorProto>,
    length: usize,
) -> Part {
    let mut made = node(op_type, "part", inputs, "y");
    made.attribute = attributes;
    Part { before: vec![], node: made, weights, length }
}

impl Part {
    fn behind(self, before: NodeProto) -> Self {
        Self { before: [vec![before], self.before].concat(), ..self }
    }

    /// Why a policy of it has no gradients.
    fn refusal(self) -> Option<String> {
        let mut flat = node("Flatten", "", &["y"], "flat");
        flat.attribute = vec![int("axis", 1)];
        let first = [node("Sub", "", &["image", "half"], "shifted"), node("Mul", "", &["shifted", "four"], "x")];
        let last = [flat, node("MatMul", "", &["flat", "readout"], "steering")];
        let readout = weights("readout", &[self.length as i64, 1]);
        let fixed = vec![floats("half", &[1], &[0.5]), floats("four", &[1], &[4.0]), readout];
        let graph = GraphProto {
            node: [first.to_vec(), self.before, vec![self.node], last.to_vec()].concat(),
            name: "g".into(),
            initializer: [fixed, self.weights].concat(),
            input: vec![value("image", &[0, 3, 8, 8])],
            output: vec![value("steering", &[0, 1])],
            ..GraphProto::default()
        };
        let graph = Graph::from_bytes(&model(20, graph), None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest::of(&folder.path().join("g.onnx"), &graph, Some(Preset::Curvature)).unwrap();
        let policy = Policy::new(&graph, manifest, Limits { secs: 60.0, bytes: 1 << 30 }).unwrap();
        policy.without_gradients().map(str::to_owned)
    }
}

fn holds(what: &str, part: Part) {
    assert_eq!(part.refusal(), None, "{what}");
}

#[test]
fn activations_have_the_slopes_of_their_curves() {
    for name in [
        "Identity",
        "Neg",
        "Abs",
        "Relu",
        "LeakyRelu",
        "Elu",
        "Selu",
        "Celu",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Softsign",
        "HardSigmoid",
        "HardSwish",
        "Gelu",
        "Erf",
        "Exp",
        "Sin",
        "Cos",
    ] {
        holds(name, of(name, &["x"], vec![], vec![], 192));
    }
    holds("Gelu by tanh", of("Gelu", &["x"], vec![text("approximate", "tanh")], vec![], 192));
    for name in ["Log", "Sqrt", "Reciprocal"] {
        holds(
            name,
            of(name, &["above"], vec![], vec![floats("three", &[1], &[3.0])], 192).behind(node(
                "Add",
                "",
                &["x", "three"],
                "above",
            )),
        );
    }
    let ends = vec![floats("least", &[], &[-0.5]), floats("most", &[], &[1.0])];
    holds("Clip", of("Clip", &["x", "least", "most"], vec![], ends, 192));
    holds("Cast", of("Cast", &["x"], vec![int("to", 1)], vec![], 192));
}

#[test]
fn numbers_that_were_spread_come_together_again() {
    for name in ["Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Sum", "Mean"] {
        holds(name, of(name, &["x", "c"], vec![], vec![weights("c", &[3, 1, 1])], 192));
    }
    for (name, inputs) in [("Mul", ["x", "x"]), ("Add", ["x", "bent"]), ("Sub", ["bent", "x"]), ("Mul", ["bent", "x"])]
    {
        holds(name, of(name, &inputs, vec![], vec![], 192).behind(node("Tanh", "", &["x"], "bent")));
    }
    let power = of("Pow", &["above", "p"], vec![], vec![floats("three", &[1], &[3.0]), floats("p", &[1], &[1.5])], 192);
    holds("Pow", power.behind(node("Add", "", &["x", "three"], "above")));
    let divided = of("Div", &["c", "above"], vec![], vec![floats("three", &[1], &[3.0]), weights("c", &[8])], 192);
    holds("Div", divided.behind(node("Add", "", &["x", "three"], "above")));
    let chosen = of("Where", &["more", "x", "c"], vec![], vec![floats("zero", &[], &[0.2]), weights("c", &[8])], 192);
    holds("Where", chosen.behind(node("Greater", "", &["x", "zero"], "more")));
}

#[test]
fn windows_give_back_to_the_places_they_lay_on() {
    let conv = |attributes, group: i64, side: i64, length| {
        of(
            "Conv",
            &["x", "w", "b"],
            attributes,
            vec![weights("w", &[6, 3 / group, side, side]), weights("b", &[6])],
            length,
        )
    };
    holds("plain", conv(vec![], 1, 3, 6 * 36));
    holds("stride and margins", conv(vec![ints("strides", &[2, 2]), ints("pads", &[1, 0, 2, 1])], 1, 3, 6 * 5 * 4));
    holds("depthwise", conv(vec![int("group", 3), ints("pads", &[1, 1, 1, 1])], 3, 3, 6 * 64));
    holds("dilated", conv(vec![ints("dilations", &[2, 3])], 1, 2, 6 * 6 * 5));
    holds("same, upper", conv(vec![text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])], 1, 3, 6 * 16));
    holds("same, lower", conv(vec![text("auto_pad", "SAME_LOWER"), ints("strides", &[3, 3])], 1, 4, 6 * 9));
    let mut rows = node("Reshape", "", &["x", "shape"], "rows");
    rows.attribute = vec![];
    let of_rows = of(
        "Conv",
        &["rows", "w"],
        vec![ints("strides", &[2])],
        vec![weights("w", &[4, 24, 3]), whole("shape", &[0, 24, 8])],
        12,
    );
    holds("one side", of_rows.behind(rows));
    for (name, attributes, length) in [
        ("MaxPool", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])], 48),
        ("MaxPool", vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])], 48),
        ("MaxPool", vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), int("ceil_mode", 1)], 48),
        ("AveragePool", vec![ints("kernel_shape", &[3, 2]), ints("strides", &[2, 2])], 36),
        ("AveragePool", vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])], 48),
        (
            "AveragePool",
            vec![
                ints("kernel_shape", &[3, 3]),
                ints("strides", &[2, 2]),
                ints("pads", &[1, 1, 1, 1]),
                int("count_include_pad", 1),
            ],
            48,
        ),
        ("GlobalAveragePool", vec![], 3),
        ("GlobalMaxPool", vec![], 3),
    ] {
        holds(&format!("{name} {attributes:?}"), of(name, &["x"], attributes, vec![], length));
    }
}

#[test]
fn weights_and_values_may_have_second_names() {
    let mut part = of("Sum", &["a", "b", "c"], vec![], vec![weights("w", &[2, 3, 1, 1])], 128);
    part.before = vec![
        node("Identity", "", &["w"], "w2"),
        node("Identity", "", &["w2"], "w3"),
        node("Identity", "", &["x"], "x2"),
        node("Identity", "", &["x"], "x3"),
    ];
    part.before.extend([["x", "w", "a"], ["x2", "w2", "b"], ["x3", "w3", "c"]].map(|[input, weights, output]| {
        let mut convolution = node("Conv", "", &[input, weights], output);
        convolution.attribute = vec![ints("kernel_shape", &[1, 1])];
        convolution
    }));
    holds("weights that three convolutions share", part);
}

#[test]
fn normalisation_and_softmax_take_their_means_along() {
    let positive = floats("v", &[3], &[0.5, 1.5, 2.5]);
    let of_channels = vec![weights("s", &[3]), weights("b", &[3]), weights("m", &[3]), positive];
    holds("batch norm", of("BatchNormalization", &["x", "s", "b", "m", "v"], vec![], of_channels, 192));
    let scales = vec![weights("s", &[8]), weights("b", &[8])];
    holds("layer norm", of("LayerNormalization", &["x", "s", "b"], vec![], scales, 192));
    for name in ["Softmax", "LogSoftmax"] {
        holds(name, of(name, &["x"], vec![int("axis", 1)], vec![], 192));
        holds(name, of(name, &["x"], vec![], vec![], 192));
    }
}

#[test]
fn numbers_that_were_moved_are_found_again() {
    holds("Transpose", of("Transpose", &["x"], vec![ints("perm", &[0, 2, 3, 1])], vec![], 192));
    holds("Reshape", of("Reshape", &["x", "shape"], vec![], vec![whole("shape", &[0, -1])], 192));
    holds("Unsqueeze", of("Unsqueeze", &["x", "axes"], vec![], vec![whole("axes", &[1])], 192));
    let slice = |starts: [i64; 2], ends: [i64; 2], steps: [i64; 2], length| {
        let told = vec![whole("s", &starts), whole("e", &ends), whole("a", &[2, -1]), whole("t", &steps)];
        of("Slice", &["x", "s", "e", "a", "t"], vec![], told, length)
    };
    holds("Slice", slice([1, -3], [7, i64::MAX], [2, 1], 3 * 3 * 3));
    holds("Slice backwards", slice([-1, 6], [i64::MIN, 0], [-1, -2], 3 * 8 * 3));
    let pads = vec![whole("pads", &[0, 0, 1, 2, 0, 0, 3, 0])];
    holds("Pad", of("Pad", &["x", "pads"], vec![], pads, 3 * 12 * 10));
    let twice = of("Concat", &["x", "bent"], vec![int("axis", 2)], vec![], 384);
    holds("Concat", twice.behind(node("Tanh", "", &["x"], "bent")));
    let mut parts = node("Split", "", &["x", "parts"], "first");
    parts.output.push("second".into());
    parts.attribute = vec![int("axis", 3)];
    let product = of("Mul", &["second", "c"], vec![], vec![whole("parts", &[3, 5]), weights("c", &[5])], 120);
    holds("Split", product.behind(parts));
    holds("Gather", of("Gather", &["x", "at"], vec![int("axis", 2)], vec![whole("at", &[5, 1, -1])], 72));
    let spread = of("Expand", &["mean", "shape"], vec![], vec![whole("shape", &[1, 3, 4, 8])], 96);
    let mut mean = node("ReduceMean", "", &["x", "rows"], "mean");
    mean.attribute = vec![int("keepdims", 1)];
    let spread = Part { weights: [spread.weights, vec![whole("rows", &[2])]].concat(), ..spread };
    holds("Expand", spread.behind(mean));
}

#[test]
fn what_was_summed_goes_back_to_every_part_of_the_sum() {
    for name in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare"] {
        let axes = || vec![whole("axes", &[-1, 2])];
        holds(name, of(name, &["x", "axes"], vec![int("keepdims", 0)], axes(), 3));
        holds(name, of(name, &["x", "axes"], vec![], axes(), 3));
    }
    let mut flat = node("Flatten", "", &["x"], "row");
    flat.attribute = vec![int("axis", 1)];
    let gemm = |attributes, dims: &[i64]| {
        of("Gemm", &["row", "w", "c"], attributes, vec![weights("w", dims), weights("c", &[7])], 7)
    };
    holds("Gemm", gemm(vec![], &[192, 7]).behind(flat.clone()));
    holds("Gemm turned", gemm(vec![int("transB", 1)], &[7, 192]).behind(flat));
    holds("MatMul", of("MatMul", &["x", "w"], vec![], vec![weights("w", &[8, 5])], 120));
    holds("MatMul from the left", of("MatMul", &["w", "x"], vec![], vec![weights("w", &[5, 8])], 120));
    let both = of("MatMul", &["x", "turned"], vec![], vec![], 192);
    let mut turned = node("Transpose", "", &["x"], "turned");
    turned.attribute = vec![ints("perm", &[0, 1, 3, 2])];
    holds("MatMul of both", both.behind(turned));
}

#[test]
fn recurrent_layers_go_back_through_their_steps() {
    // `[N,3,8,8]` as `[3,N,64]`: three steps of 64 numbers.
    let sequence = |part: Part| {
        let mut first = node("Transpose", "", &["rows"], "s");
        first.attribute = vec![ints("perm", &[1, 0, 2])];
        let part = Part { weights: [part.weights, vec![whole("shape", &[0, 3, 64])]].concat(), ..part };
        part.behind(first).behind(node("Reshape", "", &["x", "shape"], "rows"))
    };
    for (kind, gates) in [("LSTM", 4), ("GRU", 3)] {
        for (direction, directions) in [("forward", 1), ("reverse", 1), ("bidirectional", 2)] {
            let width = gates * 5;
            let told = vec![
                weights("w", &[directions, width, 64]),
                weights("r", &[directions, width, 5]),
                weights("b", &[directions, 2 * width]),
                whole("by_step", &[3 * directions, -1, 5]),
            ];
            let mut cell = node(kind, "cell", &["s", "w", "r", "b"], "every");
            cell.output.push("last".into());
            cell.attribute = vec![int("hidden_size", 5), text("direction", direction)];
            if kind == "GRU" {
                cell.attribute.push(int("linear_before_reset", 1));
            }
            // Every step's state, and the last one again.
            let steps = node("Reshape", "", &["every", "by_step"], "steps");
            let mut both = node("Concat", "", &["steps", "last"], "both");
            both.attribute = vec![int("axis", 0)];
            let turned = of("Transpose", &["both"], vec![ints("perm", &[1, 0, 2])], told, 20 * directions as usize);
            let part = Part { before: vec![cell, steps, both], ..turned };
            holds(&format!("{kind} {direction}"), sequence(part));
        }
    }
}

#[test]
fn an_operator_without_a_rule_makes_a_black_box_and_is_named() {
    let why = of("Tile", &["x", "times"], vec![], vec![whole("times", &[1, 1, 1, 2])], 384).refusal();
    assert_eq!(why.as_deref(), Some("operator `Tile` of node `part` has no gradient: there is no rule for it"));
    let why = of("Shape", &["x"], vec![], vec![], 4);
    let cast = Part { node: node("Shape", "", &["x"], "sides"), ..why };
    let mut floats = node("Cast", "", &["sides"], "f");
    floats.attribute = vec![int("to", 1)];
    let rows = node("Reshape", "", &["f", "row"], "y");
    let part = Part { before: vec![cast.node, floats], node: rows, weights: vec![whole("row", &[1, 4])], length: 4 };
    assert_eq!(part.refusal().as_deref(), Some("the output does not depend on the picture"));
}
