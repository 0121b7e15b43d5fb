//! Reference numbers run against this program: folders of fixtures made with ncps, PyTorch and captum, each with settings,
//! parameters, inputs and what the reference computed from them in 64 bits. `manifest.json` names the files.
//!
//! [`graphs`] does the same for ONNX graphs of other exporters, beside what another runtime made of them.
//!
//! Everything is computed in 32 bits, by the code that drives and trains. A deviation is the largest difference in a
//! tensor over the largest magnitude in it.

mod adam;
mod case;
mod cell;
mod fixture;
pub mod graphs;
pub mod vision;
pub mod wiring;

use anyhow::{Context as _, bail, ensure};
use case::Case;
use fixture::Fixture;
use lane_policy::device::Device;
use serde::Serialize;
use std::path::Path;
pub use vision::Deviation;
use vision::check_vision;
use wiring::{Problem, check_rng, check_wirings};

/// Larger index files are refused unread.
const MAX_JSON_BYTES: u64 = 64 << 20;

/// What came of one file.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// Its name in the folder.
    pub file: String,
    /// What was compared.
    pub deviations: Vec<Deviation>,
    /// Numbers compared that have no deviation: they are equal or not.
    pub exact: usize,
    /// The first of those numbers that is not equal.
    pub differs: Option<String>,
    /// Why it was not run, or not to its end.
    pub not_run: Option<String>,
    /// Why the file itself cannot be used.
    pub damaged: Option<String>,
}

impl FileReport {
    fn new(file: &str) -> Self {
        Self { file: file.into(), deviations: Vec::new(), exact: 0, differs: None, not_run: None, damaged: None }
    }

    /// Whether everything in it was run and is within its tolerance.
    pub fn passes(&self) -> bool {
        let ran = self.not_run.is_none() && self.damaged.is_none();
        ran && self.differs.is_none() && self.deviations.iter().all(Deviation::is_within)
    }

    /// The deviation that comes nearest to its tolerance, or exceeds it most.
    pub fn worst(&self) -> Option<&Deviation> {
        // What must be equal and is has no share of its tolerance: 0 of 0.
        let share = |deviation: &&Deviation| match deviation.of_largest {
            0.0 => 0.0,
            off => off / deviation.tolerance,
        };
        self.deviations.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
    }
}

/// Runs every fixture that a folder's `manifest.json` names.
///
/// # Errors
/// When the folder has no manifest, or one that cannot be read or names no file. What is wrong with a single file is in
/// its report.
pub fn check(folder: &Path, device: &Device) -> anyhow::Result<Vec<FileReport>> {
    let manifest = read_json(&folder.join("manifest.json"))?;
    let files = manifest["files"].as_array().context("manifest.json: expected a list `files`, got none")?;
    ensure!(!files.is_empty(), "manifest.json: expected at least one file, got none");
    files.iter().map(|entry| check_entry(folder, entry, device)).collect()
}

fn check_entry(folder: &Path, entry: &serde_json::Value, device: &Device) -> anyhow::Result<FileReport> {
    let file = entry["file"].as_str().context("manifest.json: expected each file to have a name, got one without")?;
    // A name alone: a manifest reads nothing outside its own folder.
    ensure!(Path::new(file).file_name() == Some(file.as_ref()), "manifest.json: expected a file name, got `{file}`");
    let mut report = FileReport::new(file);
    let done = match file {
        "rng.json" => exact(&mut report, &folder.join(file), check_rng),
        "wirings.json" => exact(&mut report, &folder.join(file), check_wirings),
        _ => tensors(&mut report, &folder.join(file), entry, device),
    };
    if let Err(error) = done {
        report.damaged = Some(format!("{error:#}"));
    }
    Ok(report)
}

fn exact(
    report: &mut FileReport,
    path: &Path,
    check: impl Fn(&serde_json::Value) -> Result<usize, Problem>,
) -> anyhow::Result<()> {
    match check(&read_json(path)?) {
        Ok(count) => report.exact = count,
        Err(Problem::Differs(why)) => report.differs = Some(why),
        Err(Problem::NotRun(why)) => report.not_run = Some(why),
        Err(Problem::Damaged(why)) => bail!(why),
    }
    Ok(())
}

fn tensors(report: &mut FileReport, path: &Path, entry: &serde_json::Value, device: &Device) -> anyhow::Result<()> {
    let fixture = Fixture::read(path)?;
    fixture.check_shapes(&entry["tensors"])?;
    match Case::read(&entry["case"])? {
        Case::Cell(case) => cell::run(&case, &fixture, device, report),
        Case::Adam(case) => adam::run(&case, &fixture, device, report),
        Case::Vision(case) => {
            let vision = fixture.with_tensors(|tensors| check_vision(tensors, &case, device))?;
            report.deviations = vision.deviations;
            let not_run = vision.not_run.join(", ");
            report.not_run = (!not_run.is_empty()).then(|| format!("nothing computes {not_run}"));
            Ok(())
        }
        Case::Unknown(why) => {
            report.not_run = Some(why);
            Ok(())
        }
    }
}

fn read_json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let name = path.display();
    let length = std::fs::metadata(path).with_context(|| format!("{name}: cannot be read"))?.len();
    if length > MAX_JSON_BYTES {
        bail!("{name}: expected at most {MAX_JSON_BYTES} bytes, got {length}");
    }
    let text = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    serde_json::from_slice(&text).with_context(|| format!("{name}: expected JSON"))
}
