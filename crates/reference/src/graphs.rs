//! Graphs beside what another runtime made of them: folders of a `model.onnx` and an `io.npz`.
//!
//! `io.npz` has an array `in.NAME` for each input and `out.NAME` for outputs. Where the arrays have as many sides as the
//! graph's inputs, the first side is the sample: the graph is fed as many at once as it takes. Where they have one more,
//! the first side is the step: each step is fed as it is, with the states as they were recorded.

use anyhow::{Context as _, anyhow, ensure};
use lane_onnx::{Engine, Graph, Limits, Port, Tensor};
use lane_recording::arrays::{self, Array};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Deviations beyond this share of the largest magnitude are too large.
const BOUND: f64 = 1e-4;

/// The same of a graph with weights of 16 bits.
const HALF_BOUND: f64 = 1e-2;

/// Samples that are fed at once where the graph takes any number.
const BATCH: usize = 16;

/// Folders below one another that are searched.
const DEPTH: usize = 4;

/// What came of a folder.
#[derive(Debug)]
pub struct Checked {
    /// The folder, below the one that was searched.
    pub folder: String,
    /// How far off it is, or why it was not run.
    pub outcome: anyhow::Result<Deviation>,
}

/// The largest deviation of a graph from what is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// The output that it is in.
    pub output: String,
    /// As a share of the largest magnitude of that output; infinite where only one of both is a number.
    pub of_largest: f64,
    /// The largest that is allowed.
    pub bound: f64,
    /// Samples or steps that were compared.
    pub parts: usize,
    /// Samples or steps in which both are no numbers.
    pub not_numbers: Vec<usize>,
}

impl Deviation {
    /// Whether it is allowed.
    pub fn is_within(&self) -> bool {
        self.of_largest <= self.bound
    }
}

/// Runs every folder below one that has a `model.onnx` and an `io.npz`, or that one itself, in the order of their names.
///
/// # Errors
/// When the folder cannot be read. What is wrong in a folder below is in its own outcome.
pub fn check(folder: &Path) -> anyhow::Result<Vec<Checked>> {
    let mut found = Vec::new();
    search(folder, DEPTH, &mut found).with_context(|| format!("{}: cannot be read", folder.display()))?;
    found.sort();
    let checked = |path: PathBuf| {
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let name = if below.as_os_str().is_empty() { &path } else { below };
        Checked { folder: name.display().to_string(), outcome: check_one(&path) }
    };
    Ok(found.into_iter().map(checked).collect())
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join("model.onnx").is_file() && folder.join("io.npz").is_file() {
        found.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if depth > 0 && entry.file_type()?.is_dir() {
            // What cannot be read below holds nothing that is asked for.
            let _ = search(&entry.path(), depth - 1, found);
        }
    }
    Ok(())
}

fn check_one(folder: &Path) -> anyhow::Result<Deviation> {
    let graph = Graph::open(&folder.join("model.onnx"))?;
    let file = folder.join("io.npz");
    let arrays = arrays::read(&file, |name| name.starts_with("in.") || name.starts_with("out."));
    let arrays = arrays.map_err(|why| anyhow!("{}: {why}", file.display()))?;
    let engine = Engine::load(&graph, &[], Limits::default())?;
    let recorded = Recorded::new(&graph, &arrays)?;
    let mut computed: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    let mut first = 0;
    while first < recorded.parts {
        let count = recorded.at_once.min(recorded.parts - first);
        let inputs = recorded.inputs.iter().map(|(port, array)| recorded.fed(port, array, first, count)).collect();
        let outputs = engine.run(inputs, &recorded.outputs);
        let outputs = outputs.map_err(|why| anyhow!("from {} {first} on: {why}", recorded.part_name()))?;
        for (name, output) in recorded.outputs.iter().zip(outputs) {
            computed.entry(name).or_default().extend(output.into_floats());
        }
        first += count;
    }
    let bound = if graph.has_half_weights() { HALF_BOUND } else { BOUND };
    let mut worst =
        Deviation { output: String::new(), of_largest: 0.0, bound, parts: recorded.parts, not_numbers: Vec::new() };
    for (name, computed) in computed {
        let expected = &arrays[&format!("out.{name}")];
        let got = computed.len();
        ensure!(
            got == expected.numbers.len(),
            "output `{name}`: expected {} numbers, got {got}",
            expected.numbers.len()
        );
        let of_largest = deviation(&computed, &floats(&expected.numbers));
        if worst.output.is_empty() || of_largest > worst.of_largest {
            (worst.output, worst.of_largest) = (name.to_owned(), of_largest);
        }
        let parts = expected.numbers.chunks(expected.part_len().max(1)).enumerate();
        worst.not_numbers.extend(parts.filter(|(_, part)| part.iter().any(|number| number.is_nan())).map(|(at, _)| at));
    }
    worst.not_numbers.sort_unstable();
    worst.not_numbers.dedup();
    Ok(worst)
}

fn floats(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|number| *number as f32).collect()
}

/// The largest difference over the largest magnitude. What is no number in both differs by nothing.
fn deviation(computed: &[f32], expected: &[f32]) -> f64 {
    let largest =
        expected.iter().filter(|number| number.is_finite()).fold(0.0_f64, |most, x| most.max(f64::from(x.abs())));
    let off = computed.iter().zip(expected).map(|(computed, expected)| match (computed, expected) {
        (a, b) if a == b || (a.is_nan() && b.is_nan()) => 0.0,
        (a, b) if a.is_finite() && b.is_finite() => f64::from((a - b).abs()),
        _ => f64::INFINITY,
    });
    let off = off.fold(0.0, f64::max);
    if off == 0.0 { 0.0 } else { off / largest }
}

/// Arrays that belong to a graph.
struct Recorded<'a> {
    inputs: Vec<(&'a Port, &'a Array)>,
    outputs: Vec<&'a str>,
    /// Samples or steps.
    parts: usize,
    /// How many of them are fed at once.
    at_once: usize,
    steps: bool,
}

impl<'a> Recorded<'a> {
    fn new(graph: &'a Graph, arrays: &'a BTreeMap<String, Array>) -> anyhow::Result<Self> {
        let array = |port: &'a Port| {
            let name = format!("in.{}", port.name);
            Ok((port, arrays.get(&name).with_context(|| format!("io.npz: expected an array `{name}`, got none"))?))
        };
        let inputs: Vec<_> = graph.inputs().iter().map(array).collect::<anyhow::Result<_>>()?;
        let sides = |port: &Port| port.shape.as_ref().map(Vec::len);
        let steps = inputs.iter().any(|(port, array)| sides(port).is_some_and(|sides| array.shape.len() == sides + 1));
        let parts = inputs.first().and_then(|(_, array)| array.shape.first()).copied().unwrap_or(0);
        ensure!(parts > 0, "io.npz: expected samples or steps, got none");
        for (port, array) in &inputs {
            let expected = sides(port).is_none_or(|sides| array.shape.len() == sides + usize::from(steps));
            let fits = expected && array.shape.first() == Some(&parts);
            ensure!(fits, "io.npz: `in.{}` of the shape {:?} does not fit the input {port}", port.name, array.shape);
        }
        let first_side =
            |port: &Port| port.shape.as_ref().and_then(|sides| sides.first()).and_then(|side| side.length());
        let at_once = if steps { 1 } else { inputs.iter().find_map(|(port, _)| first_side(port)).unwrap_or(BATCH) };
        ensure!(
            steps || at_once == BATCH || parts.is_multiple_of(at_once),
            "io.npz: {parts} samples, where the graph takes {at_once} at once"
        );
        let names = graph.outputs().iter().map(|port| port.name.as_str());
        let outputs: Vec<_> = names.filter(|name| arrays.contains_key(&format!("out.{name}"))).collect();
        ensure!(!outputs.is_empty(), "io.npz: expected an array `out.NAME` of an output of the graph, got none");
        Ok(Self { inputs, outputs, parts, at_once, steps })
    }

    fn part_name(&self) -> &'static str {
        if self.steps { "step" } else { "sample" }
    }

    /// Parts of an array as the graph takes them.
    fn fed(&self, port: &Port, array: &Array, first: usize, count: usize) -> Tensor {
        let length = array.part_len();
        let numbers = floats(&array.numbers[first * length..(first + count) * length]);
        let mut shape = array.shape.clone();
        if self.steps {
            shape.remove(0);
        } else {
            shape[0] = count;
        }
        Tensor::of_element(port.element, shape, numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_deviation_is_of_the_largest_magnitude_and_infinite_where_one_alone_is_a_number() {
        assert_eq!(deviation(&[1.0, -3.0], &[1.0, -4.0]), 0.25);
        assert_eq!(deviation(&[f32::NAN, 2.0], &[f32::NAN, 2.0]), 0.0);
        assert_eq!(deviation(&[f32::NAN, 2.0], &[1.0, 2.0]), f64::INFINITY);
        assert_eq!(deviation(&[1.0, 2.0], &[f32::NAN, 2.0]), f64::INFINITY);
    }

    #[test]
    fn every_model_gives_what_onnxruntime_does() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/onnx");
        if !folder.is_dir() {
            let _ = writeln!(std::io::stderr(), "{}: not there, so nothing is checked", folder.display());
            return;
        }
        let checked = check(&folder).unwrap();
        assert_eq!(checked.len(), 10);
        for checked in checked {
            let deviation = checked.outcome.unwrap_or_else(|error| panic!("{}: {error:#}", checked.folder));
            assert!(deviation.is_within(), "{}: {deviation:?}", checked.folder);
        }
    }
}
