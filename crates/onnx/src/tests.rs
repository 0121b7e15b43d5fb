//! Graphs made here: what is rewritten, what is refused and how, and broken files.

use crate::graph::Graph;
use crate::manifest::{self, Manifest, Preset};
use crate::plan::Now;
use crate::policy::Policy;
use crate::proto::*;
use crate::{Engine, Limits, Tensor};
use lane_frame::RgbImage;
use lane_fuzz::survives_broken_copies;
use prost::Message as _;

pub(crate) fn value(name: &str, sides: &[i64]) -> ValueInfoProto {
    let dim = sides.iter().map(|side| match side {
        0 => DimensionProto { dim_value: None, dim_param: Some("N".into()) },
        side => DimensionProto { dim_value: Some(*side), dim_param: None },
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

pub(crate) fn floats(name: &str, dims: &[i64], numbers: &[f32]) -> TensorProto {
    let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    TensorProto {
        dims: dims.to_vec(),
        data_type: data_type::FLOAT,
        name: name.into(),
        raw_data: Some(raw),
        ..TensorProto::default()
    }
}

pub(crate) fn node(op_type: &str, name: &str, input: &[&str], output: &str) -> NodeProto {
    let input = input.iter().map(|name| (*name).to_owned()).collect();
    NodeProto { op_type: op_type.into(), name: name.into(), input, output: vec![output.into()], ..NodeProto::default() }
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.to_vec(), r#type: attribute_type::INTS, ..AttributeProto::default() }
}

pub(crate) fn model(opset: i64, graph: GraphProto) -> Vec<u8> {
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: opset }];
    ModelProto { ir_version: 8, graph: Some(graph), opset_import, ..ModelProto::default() }.encode_to_vec()
}

/// The mean of a picture `[N,3,16,16]` as its steering `[N,1]`, after these operators on `mean` `[N,1]`.
fn mean(opset: i64, behind: &[NodeProto], initializer: Vec<TensorProto>) -> Vec<u8> {
    let mut first = node("ReduceMean", "m", &["image"], "rows");
    first.attribute = vec![ints("axes", &[2, 3]), int("keepdims", 0)];
    let mut second = node("ReduceMean", "", &["rows"], "mean");
    second.attribute = vec![ints("axes", &[1]), int("keepdims", 1)];
    let last = behind.last().map_or("mean", |node| node.output[0].as_str()).to_owned();
    let mut nodes = vec![first, second];
    nodes.extend_from_slice(behind);
    nodes.push(node("Identity", "end", &[&last], "steering"));
    let input = vec![value("image", &[0, 3, 16, 16])];
    let output = vec![value("steering", &[0, 1])];
    model(opset, GraphProto { node: nodes, name: "g".into(), initializer, input, output, ..GraphProto::default() })
}

pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: Some(value), r#type: attribute_type::INT, ..AttributeProto::default() }
}

fn policy(bytes: &[u8]) -> anyhow::Result<Policy> {
    policy_within(bytes, 60.0)
}

fn policy_within(bytes: &[u8], secs: f64) -> anyhow::Result<Policy> {
    let graph = Graph::from_bytes(bytes, None)?;
    let folder = tempfile::tempdir()?;
    let manifest = Manifest::of(&folder.path().join("mine.onnx"), &graph, Some(Preset::Curvature))?;
    Policy::new(&graph, manifest, Limits { secs, bytes: 1 << 30 })
}

fn refused(bytes: &[u8]) -> String {
    format!("{:#}", policy(bytes).unwrap_err())
}

fn grey(value: u8) -> RgbImage {
    RgbImage::from_pixel(16, 16, image::Rgb([value; 3]))
}

#[test]
fn a_graph_steers_by_what_its_preset_makes_of_the_picture() {
    let policy = policy(&mean(13, &[], vec![])).unwrap();
    let step = policy.steer(&grey(51), &policy.zero_memory(), Now::after(0.05)).unwrap();
    // 51 of 255, in 1/m; roundings of 32 bits.
    assert!((step.steering.0 - 0.2).abs() < 1e-6, "{step:?}");
    let both = policy.would_steer(&[grey(0), grey(255)], &policy.zero_memory(), Now::after(0.05)).unwrap();
    assert!(both[0].0.abs() < 1e-6 && (both[1].0 - 1.0).abs() < 1e-6, "{both:?}");
}

#[test]
fn the_output_of_comma_s_model_is_tenths_of_a_degree_of_the_wheel_to_the_right() {
    let graph = Graph::from_bytes(&mean(13, &[], vec![]), None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = Manifest::of(&folder.path().join("mine.onnx"), &graph, Some(Preset::Comma)).unwrap();
    let policy = Policy::new(&graph, manifest, Limits { secs: 60.0, bytes: 1 << 30 }).unwrap();
    let given = policy.steer(&grey(255), &policy.zero_memory(), Now::after(0.05)).unwrap().steering.0;
    // calc_curvature(0, -1 / 10) of commaai/research: -0.1 deg / (15.3 * 2.67 m), for small angles.
    assert!((given + 0.1_f32.to_radians() / (15.3 * 2.67)).abs() < 1e-9, "{given}");
}

#[test]
fn an_operator_that_nobody_has_is_refused_with_its_node() {
    let bytes = mean(13, &[node("Frobnicate", "strange", &["mean"], "f")], vec![]);
    assert_eq!(refused(&bytes), "operator `Frobnicate` of node `strange` is not supported");
    let mut foreign = node("Frobnicate", "", &["mean"], "f");
    foreign.domain = "com.acme".into();
    let bytes = mean(13, &[foreign], vec![]);
    assert_eq!(refused(&bytes), "operator `com.acme.Frobnicate` of node `Frobnicate of f` is not supported");
}

#[test]
fn one_frame_that_gives_no_number_stops_with_a_word_about_it() {
    let policy = policy(&mean(13, &[node("Div", "d", &["mean", "mean"], "one")], vec![])).unwrap();
    assert_eq!(policy.steer(&grey(9), &policy.zero_memory(), Now::after(0.05)).unwrap().steering.0, 1.0);
    let black = policy.steer(&grey(0), &policy.zero_memory(), Now::after(0.05));
    assert_eq!(black.unwrap_err(), "output `steering` is not a number");
}

#[test]
fn a_graph_that_runs_without_end_is_stopped() {
    let mut again = node("Loop", "again", &["rounds", "", "mean"], "looped");
    let body = GraphProto {
        node: vec![node("Identity", "", &["go"], "go_on"), node("Tanh", "", &["v"], "v_next")],
        name: "body".into(),
        input: vec![value("round", &[]), value("go", &[]), value("v", &[0, 1])],
        output: vec![value("go_on", &[]), value("v_next", &[0, 1])],
        ..GraphProto::default()
    };
    again.attribute =
        vec![AttributeProto { name: "body".into(), g: Some(body), r#type: 5, ..AttributeProto::default() }];
    let rounds = TensorProto {
        data_type: data_type::INT64,
        name: "rounds".into(),
        int64_data: vec![i64::MAX],
        ..TensorProto::default()
    };
    let refused = format!("{:#}", policy_within(&mean(13, &[again], vec![rounds]), 2.0).unwrap_err());
    assert!(refused.ends_with("takes longer than 2 s: stopped"), "{refused}");
}

#[test]
fn a_graph_that_would_fill_the_memory_is_refused_before() {
    let shape = TensorProto {
        dims: vec![2],
        data_type: data_type::INT64,
        name: "shape".into(),
        int64_data: vec![1 << 20, 1 << 20],
        ..TensorProto::default()
    };
    let refused = refused(&mean(13, &[node("ConstantOfShape", "big", &["shape"], "zeros")], vec![shape]));
    assert!(refused.contains("`ConstantOfShape` of node `big`"), "{refused}");
}

#[test]
fn values_that_grow_from_operator_to_operator_are_refused_before_they_are_there() {
    let doubled = |count: usize| {
        let value = |at: usize| if at == 0 { "mean".to_owned() } else { format!("d{at}") };
        let double = |at: usize| {
            let mut twice = node("Concat", &format!("twice {at}"), &[&value(at), &value(at)], &value(at + 1));
            twice.attribute = vec![int("axis", 1)];
            twice
        };
        let mut nodes: Vec<NodeProto> = (0..count).map(double).collect();
        let mut back = node("ReduceMean", "back", &[&value(count)], "back");
        back.attribute = vec![ints("axes", &[1])];
        nodes.push(back);
        nodes
    };
    assert!(policy(&mean(13, &doubled(10), vec![])).is_ok());
    let refused = refused(&mean(13, &doubled(40), vec![]));
    assert!(refused.contains("of node `twice 2"), "{refused}");
    // A shape that is computed: 4096 times 4096 of it.
    let side = TensorProto {
        dims: vec![1],
        int64_data: vec![4096],
        data_type: data_type::INT64,
        name: "side".into(),
        ..TensorProto::default()
    };
    let mut sides = node("Concat", "", &["side", "large"], "sides");
    sides.attribute = vec![int("axis", 0)];
    let grow =
        [node("Mul", "", &["side", "side"], "large"), sides, node("Expand", "grow", &["mean", "sides"], "grown")];
    let refused = format!("{:#}", policy(&mean(13, &grow, vec![side])).unwrap_err());
    assert!(refused.contains("`Expand` of node `grow` would bring the graph to"), "{refused}");
}

#[test]
fn a_softmax_of_old_files_is_over_all_axes_behind_one() {
    let input = vec![value("x", &[0, 2, 2])];
    let (output, name) = (vec![value("y", &[0, 2, 2])], "g".into());
    let graph =
        GraphProto { node: vec![node("Softmax", "", &["x"], "y")], name, input, output, ..GraphProto::default() };
    for (opset, expected) in [(11, 0.25), (13, 0.5)] {
        let graph = Graph::from_bytes(&model(opset, graph.clone()), None).unwrap();
        let engine = Engine::load(&graph, &[], Limits::default()).unwrap();
        let given = engine.run(vec![Tensor::floats(vec![1, 2, 2], vec![7.0; 4])], &["y"]).unwrap();
        assert_eq!(given[0], Tensor::floats(vec![1, 2, 2], vec![expected; 4]), "opset {opset}");
    }
}

#[test]
fn a_graph_is_told_the_speed_in_its_own_unit_and_none_where_none_is_known() {
    let bytes = mean(13, &[node("Mul", "", &["mean", "speed"], "faster")], vec![]);
    let mut proto = ModelProto::decode(bytes.as_slice()).unwrap();
    proto.graph.as_mut().unwrap().input.push(value("speed", &[0, 1]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.onnx");
    std::fs::write(&path, proto.encode_to_vec()).unwrap();
    let with = |text: &str| {
        std::fs::write(manifest::beside(&path), text).unwrap();
        Policy::open(&path, Some(Preset::Curvature))
    };
    let told = "[speed]\ninput = \"speed\"\nunit = \"km/h\"\ndivisor = 36.0\n";
    let steered = |policy: &Policy, speed_mps| {
        let now = Now { elapsed_secs: 0.05, speed_mps };
        policy.steer(&grey(51), &policy.zero_memory(), now).map(|step| step.steering.0)
    };
    let policy = with(told).unwrap();
    assert_eq!(policy.without_gradients(), None);
    for (speed_mps, expected) in [(10.0, 0.2), (5.0, 0.1)] {
        let given = steered(&policy, Some(speed_mps)).unwrap();
        assert!((given - expected).abs() < 1e-6, "at {speed_mps} m/s {given}");
    }
    let refused = steered(&policy, None).unwrap_err();
    assert!(refused.contains("`speed`") && refused.contains("`unknown`"), "{refused}");
    let policy = with(&format!("{told}unknown = 18.0\n")).unwrap();
    assert!((steered(&policy, None).unwrap() - 0.1).abs() < 1e-6);
    for (text, why) in [
        ("", "what goes into the graph's input `speed`"),
        ("[speed]\ninput = \"speed\"\nunit = \"knots\"\n", "knots"),
        ("[speed]\ninput = \"speed\"\nunit = \"mph\"\ndivisor = 0.0\n", "speed.divisor"),
    ] {
        let refused = format!("{:#}", with(text).unwrap_err());
        assert!(refused.contains(why) && !refused.contains('\n'), "{refused}");
    }
    let graph = Graph::from_bytes(&proto.encode_to_vec(), None).unwrap();
    let draft = manifest::facts::Facts::of(&graph).draft(Some(Preset::Curvature));
    assert!(with(&draft).is_ok(), "{draft}");
}

#[test]
fn a_file_that_ends_too_early_is_called_damaged() {
    let bytes = whole();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        let refused = format!("{:#}", Graph::from_bytes(&bytes[..length], None).unwrap_err());
        assert!(refused.contains("damaged or cut off") && !refused.contains('\n'), "{length}: {refused}");
    }
}

#[test]
fn weights_among_the_inputs_of_an_old_file_are_not_asked_for() {
    let mut proto = ModelProto::decode(
        mean(9, &[node("Mul", "", &["mean", "w"], "twice")], vec![floats("w", &[1], &[2.0])]).as_slice(),
    )
    .unwrap();
    proto.graph.as_mut().unwrap().input.push(value("w", &[1]));
    let policy = policy(&proto.encode_to_vec()).unwrap();
    let step = policy.steer(&grey(51), &policy.zero_memory(), Now::after(0.05)).unwrap();
    assert!((step.steering.0 - 0.4).abs() < 1e-6, "{step:?}");
}

#[test]
fn weights_beside_the_file_are_read_from_its_folder_and_from_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/w.bin"), [[0; 4], 3.0_f32.to_le_bytes()].concat()).unwrap();
    std::fs::write(folder.path().join("secret.bin"), [0; 8]).unwrap();
    let with = |location: &str, length: &str| {
        let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
        let external_data = vec![entry("location", location), entry("offset", "4"), entry("length", length)];
        let weights = TensorProto { raw_data: None, data_location: 1, external_data, ..floats("w", &[1], &[]) };
        let bytes = mean(13, &[node("Mul", "", &["mean", "w"], "thrice")], vec![weights]);
        std::fs::write(folder.path().join("inner/mine.onnx"), bytes).unwrap();
        Policy::open(&folder.path().join("inner/mine.onnx"), Some(Preset::Curvature))
    };
    let policy = with("w.bin", "4").unwrap();
    let step = policy.steer(&grey(51), &policy.zero_memory(), Now::after(0.05)).unwrap();
    assert!((step.steering.0 - 0.6).abs() < 1e-6, "{step:?}");
    for (location, length, why) in [
        ("../secret.bin", "4", "below the graph's own folder"),
        ("w.bin", "8", "expected 8 bytes from 4 on"),
        ("x", "4", "cannot be read"),
    ] {
        let refused = format!("{:#}", with(location, length).unwrap_err());
        assert!(refused.contains(why) && !refused.contains('\n'), "{refused}");
    }
}

#[test]
fn a_manifest_that_contradicts_the_graph_is_refused_by_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.onnx");
    std::fs::write(&path, mean(13, &[], vec![])).unwrap();
    let with = |text: &str| {
        std::fs::write(manifest::beside(&path), text).unwrap();
        format!("{:#}", Policy::open(&path, Some(Preset::Curvature)).map(drop).unwrap_err())
    };
    for (text, why) in [
        ("[input]\nsize = [32, 16]\n", "the graph takes [N,3,16,16]"),
        ("[input]\nname = \"picture\"\n", "there is no input `picture`"),
        ("[output]\nname = \"angle\"\n", "there is no output `angle`"),
        ("[output]\nindex = 4\n", "no number 4"),
        ("[input]\ncolour = \"grey\"\n", "makes a picture of the shape"),
        ("[input\n", "expected"),
    ] {
        let refused = with(text);
        assert!(refused.contains(why) && !refused.contains('\n'), "{refused}");
    }
    std::fs::remove_file(manifest::beside(&path)).unwrap();
    let refused = format!("{:#}", Policy::open(&path, None).unwrap_err());
    assert!(refused.contains("model info") && refused.contains("--as PRESET"), "{refused}");
}

#[test]
fn a_draft_is_a_manifest_that_the_graph_agrees_with() {
    let bytes = mean(13, &[], vec![]);
    let graph = Graph::from_bytes(&bytes, None).unwrap();
    for preset in [None, Some(Preset::Sully)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.onnx");
        let draft = manifest::facts::Facts::of(&graph).draft(preset);
        std::fs::write(manifest::beside(&path), &draft).unwrap();
        assert!(Manifest::of(&path, &graph, None).is_ok(), "{draft}");
    }
}

/// A small graph with every kind of part: attributes, weights of several types, a graph within.
fn whole() -> Vec<u8> {
    let mut conv = node("Conv", "c", &["image", "w"], "c1");
    conv.attribute = vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])];
    let mut flat = node("Flatten", "f", &["r"], "flat");
    flat.attribute = vec![int("axis", 1)];
    let nodes = vec![conv, node("Relu", "r", &["c1"], "r"), flat, node("MatMul", "m", &["flat", "d"], "steering")];
    let initializer = vec![floats("w", &[2, 3, 3, 3], &[0.1; 54]), floats("d", &[128, 1], &[0.01; 128])];
    let input = vec![value("image", &[0, 3, 16, 16])];
    let output = vec![value("steering", &[0, 1])];
    model(17, GraphProto { node: nodes, name: "g".into(), initializer, input, output, ..GraphProto::default() })
}

#[test]
fn a_broken_graph_is_refused_and_nothing_more() {
    let bytes = whole();
    assert!(policy(&bytes).is_ok());
    survives_broken_copies(&bytes, |bytes| {
        if let Ok(graph) = Graph::from_bytes(bytes, None) {
            let _ = manifest::facts::Facts::of(&graph).draft(None);
        }
    });
}

#[test]
fn a_broken_graph_that_can_be_read_is_made_ready_or_refused() {
    survives_broken_copies(&whole(), |bytes| {
        let _ = policy_within(bytes, 1.0);
    });
}

#[test]
fn a_broken_manifest_is_refused_and_nothing_more() {
    let text = manifest::facts::Facts::of(&Graph::from_bytes(&whole(), None).unwrap()).draft(Some(Preset::Udacity));
    let graph = Graph::from_bytes(&whole(), None).unwrap();
    survives_broken_copies(text.as_bytes(), |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes)
            && let Ok(table) = manifest::parse(text)
        {
            let _ = Manifest::from_table(table).and_then(|manifest| manifest.check(&graph));
        }
    });
}
