//! Users' ONNX graphs by their names on the command line: `onnx:FILE` or `onnx:PRESET:FILE`.

use lane_audit::engine::sha256;
use lane_audit::suite::Subject;
use lane_driver::{Driver, Source};
use lane_onnx::{Policy, Preset};
use std::path::Path;

/// How such a name starts.
const PREFIX: &str = "onnx:";

/// The same names, of which graphs without a preset have this one.
pub fn with_preset(names: &[String], preset: Option<Preset>) -> Vec<String> {
    let named = |name: &String| match (preset, parts(name)) {
        (Some(preset), Some((None, path))) => format!("{PREFIX}{}:{path}", preset.name()),
        _ => name.clone(),
    };
    names.iter().map(named).collect()
}

/// Preset and path of a graph's name; nothing for another policy's.
fn parts(name: &str) -> Option<(Option<Preset>, &str)> {
    let rest = name.strip_prefix(PREFIX)?;
    let preset = rest.split_once(':').and_then(|(preset, path)| Some((preset.parse().ok()?, path)));
    Some(preset.map_or((None, rest), |(preset, path)| (Some(preset), path)))
}

/// A driver with the graph of this name; nothing for another policy's.
///
/// # Errors
/// When the graph or its manifest cannot be used.
pub fn driver(name: &str) -> Option<anyhow::Result<Driver>> {
    let (preset, path) = parts(name)?;
    Some(Policy::open(Path::new(path), preset).map(|policy| Driver::onnx(source(path), policy)))
}

/// The graph of this name as what an audit judges; nothing for another policy's.
///
/// # Errors
/// As [`driver`].
pub fn subject(name: &str) -> Option<anyhow::Result<Subject>> {
    let (preset, path) = parts(name)?;
    Some(Policy::open(Path::new(path), preset).map(|policy| {
        // Another manifest makes another policy, and another file beside the graph other weights.
        let weights_sha256 = sha256(&policy.identity());
        let training = match policy.without_gradients() {
            Some(_) => "an imported ONNX graph, a black box",
            None => "an imported ONNX graph",
        };
        let driver = Driver::onnx(source(path), policy);
        Subject {
            policy: driver.name().to_owned(),
            training_seed: 0,
            weights_sha256,
            parameters: driver.describe().parameters,
            training: training.into(),
            trained_noise_variance: None,
            trained_with_cue: false,
            driver,
        }
    }))
}

/// Called as its file, or as its folder where the file is called `model.onnx` as in many.
fn source(path: &str) -> Source {
    let file = Path::new(path);
    let stem = file.file_stem().filter(|stem| *stem != "model");
    let name = stem.or_else(|| file.parent()?.file_name()).or_else(|| file.file_stem());
    Source { name: name.map_or(path.into(), |name| name.to_string_lossy()).into(), origin: path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_on_the_command_line_is_for_graphs_without_one() {
        let names = ["ncp", "onnx:a.onnx", "onnx:sully:b.onnx", "onnx:C:x.onnx"].map(str::to_owned);
        let expected = ["ncp", "onnx:udacity:a.onnx", "onnx:sully:b.onnx", "onnx:udacity:C:x.onnx"];
        assert_eq!(with_preset(&names, Some(Preset::Udacity)), expected);
        assert_eq!(with_preset(&names, None), names);
    }

    #[test]
    fn a_graph_is_called_as_its_file_or_its_folder() {
        assert_eq!(source("there/pilot.onnx").name, "pilot");
        assert_eq!(source("there/model.onnx").name, "there");
        assert_eq!(source("model.onnx").name, "model");
    }
}
