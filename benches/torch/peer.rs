//! The other side: Python scripts that print what they measured as JSON.

use super::rows::{Row, SGEMM, SGEMV};
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What [`Peer`] runs beside the given script, for the rows that it lacks.
const OWN_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/torch/torch_rows.py");

/// An interpreter and a script.
pub struct Peer {
    python: PathBuf,
    baseline: PathBuf,
}

/// One metric of a run, milliseconds of single calls.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Metric {
    /// The least.
    pub min_ms: f64,
    /// The one in the middle.
    pub median_ms: f64,
}

impl Peer {
    /// What the environment names, if it does.
    pub fn from_environment() -> Option<Self> {
        let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Some(Self { python: path("TORCH_PYTHON")?, baseline: path("TORCH_BASELINE")? })
    }

    /// Every metric of some rows.
    pub fn run<'a>(
        &self,
        threads: usize,
        rows: impl Iterator<Item = &'a &'static Row>,
    ) -> anyhow::Result<Vec<(String, Metric)>> {
        let mut wanted: Vec<&str> = rows.flat_map(|row| row.eager.iter().chain(row.compiled)).copied().collect();
        if threads == 1 {
            wanted.extend([SGEMM, SGEMV]);
        }
        // The script takes what to leave out: everything that is not wanted, from its first letter to its last.
        let skip = format!("^(?!(?:{})$)", wanted.join("|"));
        let mut metrics = self.metrics(&self.baseline, threads, &skip)?;
        metrics.extend(self.metrics(Path::new(OWN_SCRIPT), threads, &skip)?);
        Ok(metrics)
    }

    fn metrics(&self, script: &Path, threads: usize, skip: &str) -> anyhow::Result<Vec<(String, Metric)>> {
        let mut command = Command::new(&self.python);
        command.arg(script).args(["--threads", &threads.to_string(), "--gate", "0", "--quick", "--skip", skip]);
        let output = command.output().with_context(|| format!("cannot run {}", self.python.display()))?;
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        anyhow::ensure!(output.status.success(), "{} failed:\n{errors}", script.display());
        let json = text.lines().last().with_context(|| format!("{} printed nothing", script.display()))?;
        let all: Map<String, Value> =
            serde_json::from_str(json).with_context(|| format!("{} printed no JSON", script.display()))?;
        // Notes about the machine stand between the metrics.
        Ok(all.into_iter().filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?))).collect())
    }
}
