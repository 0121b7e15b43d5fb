//! ONNX graphs on the command line: `model info`, and the folders of graphs that `model check` runs.

use crate::cli::output;
use anyhow::{Context as _, ensure};
use lane_frame::whole_file;
use lane_onnx::manifest::{self, Manifest, facts::Facts};
use lane_onnx::{Engine, Graph, Limits, Policy, Port, Preset};
use lane_reference::graphs::{self, Checked};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// ONNX file
    pub model: PathBuf,
    /// Pilot whose usual picture and output the manifest is made of: udacity, donkeycar, donkeycar-categorical, sully,
    /// comma, curvature
    #[arg(long = "as", value_name = "PRESET")]
    pub preset: Option<Preset>,
    /// Write a manifest to start from beside the file, unless there is one
    #[arg(long)]
    pub write: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Prints what a graph takes and gives, what is guessed of it and what is missing.
pub fn info(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { model, preset, write, json } = arguments;
    let graph = Graph::open(model)?;
    let facts = Facts::of(&graph);
    let runs = Engine::load(&graph, &[], Limits::default()).map(drop);
    let policy =
        Manifest::of(model, &graph, *preset).and_then(|manifest| Policy::new(&graph, manifest, Limits::default()));
    let without_gradients = policy.as_ref().ok().and_then(Policy::without_gradients);
    let beside = manifest::beside(model);
    if *write {
        ensure!(!beside.exists(), "{}: is there already, and is left as it is", beside.display());
        whole_file::write(&beside, facts.draft(*preset).as_bytes())?;
    }
    let bytes = std::fs::metadata(model).with_context(|| model.display().to_string())?.len();
    let cannot = |result: &anyhow::Result<()>| result.as_ref().err().map(|error| format!("{error:#}"));
    let unusable = policy.as_ref().err().map(|error| format!("{error:#}"));
    if *json {
        let ports = |ports: &[Port]| ports.iter().map(Port::to_string).collect::<Vec<_>>();
        return output::json(&json!({
            "file": model, "bytes": bytes, "opset": graph.opset(), "producer": graph.producer(),
            "parameters": graph.parameters(), "half_weights": graph.has_half_weights(),
            "inputs": ports(graph.inputs()), "outputs": ports(graph.outputs()), "operators": graph.operators(),
            "guessed": facts.guessed, "missing": facts.missing,
            "cannot_run": cannot(&runs), "manifest": unusable,
            "without_gradients": without_gradients,
        }));
    }
    let mut text = format!(
        "{}: {bytes} bytes, opset {}{}, {} parameters{}\n",
        model.display(),
        graph.opset(),
        if graph.producer().is_empty() { String::new() } else { format!(", by {}", graph.producer()) },
        graph.parameters(),
        if graph.has_half_weights() { ", weights of 16 bits" } else { "" }
    );
    for (word, ports) in [("input", graph.inputs()), ("output", graph.outputs())] {
        ports.iter().for_each(|port| text += &format!("{word:<9} {port}\n"));
    }
    let operators = graph.operators().iter().map(|(name, count)| match count {
        1 => name.clone(),
        _ => format!("{name} {count}"),
    });
    let _ = writeln!(text, "operators {}", operators.collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "runs      {}", cannot(&runs).map_or("yes".into(), |why| format!("no: {why}")));
    for (word, entries) in [("guessed", &facts.guessed), ("missing", &facts.missing)] {
        entries.iter().for_each(|entry| text += &format!("{word:<9} {entry}\n"));
    }
    if policy.is_ok() {
        let black_box = without_gradients.map(|why| format!("no, so it is a black box: {why}"));
        let _ = writeln!(text, "gradients {}", black_box.unwrap_or("yes".into()));
    }
    let _ = match (unusable, write) {
        (_, true) => writeln!(text, "manifest  {} was written: look at every entry", beside.display()),
        (None, _) => writeln!(text, "manifest  complete"),
        (Some(why), _) => writeln!(text, "manifest  {why}"),
    };
    output::line(text.trim_end())
}

/// Runs the folders of graphs below a folder and prints their deviations; whether all are allowed, or nothing where there
/// are no such folders.
pub fn check(folder: &Path, json: bool) -> anyhow::Result<Option<bool>> {
    let checked = graphs::check(folder)?;
    if checked.is_empty() {
        return Ok(None);
    }
    let passes = |checked: &Checked| checked.outcome.as_ref().is_ok_and(graphs::Deviation::is_within);
    let all = checked.iter().all(passes);
    if json {
        let rows = checked.iter().map(|checked| match &checked.outcome {
            Ok(deviation) => json!({
                "folder": checked.folder, "output": deviation.output, "of_largest": deviation.of_largest,
                "bound": deviation.bound, "parts": deviation.parts, "not_numbers": deviation.not_numbers,
                "passes": deviation.is_within(),
            }),
            Err(error) => json!({ "folder": checked.folder, "not_run": format!("{error:#}"), "passes": false }),
        });
        output::json(&rows.collect::<Vec<_>>())?;
        return Ok(Some(all));
    }
    let width = checked.iter().map(|checked| checked.folder.len()).max().unwrap_or(0);
    let mut text =
        format!("{:<width$}  {:>6}  {:>9}  {:>6}  {:<20}  result\n", "graph", "frames", "deviation", "bound", "of");
    for checked in &checked {
        text += &row(checked, width);
    }
    let passed = checked.iter().filter(|checked| passes(checked)).count();
    let _ = write!(
        text,
        "{passed} of {} graphs within their bound; a deviation is the largest difference in an output over its largest magnitude",
        checked.len()
    );
    output::line(&text)?;
    Ok(Some(all))
}

fn row(Checked { folder, outcome }: &Checked, width: usize) -> String {
    match outcome {
        Err(error) => format!("{folder:<width$}  {:>6}  {:>9}  {:>6}  {:<20}  not run: {error:#}\n", "", "", "", ""),
        Ok(deviation) => {
            let result = if deviation.is_within() { "ok" } else { "OVER" };
            let none = match &deviation.not_numbers[..] {
                [] => String::new(),
                [first, rest @ ..] => {
                    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                    format!("; recorded as no number: frame {first}{more}")
                }
            };
            let graphs::Deviation { output, of_largest, bound, parts, .. } = deviation;
            format!("{folder:<width$}  {parts:>6}  {of_largest:>9.1e}  {bound:>6.0e}  {output:<20}  {result}{none}\n")
        }
    }
}
