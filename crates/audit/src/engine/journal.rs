//! Outcomes on disk, one JSON line each behind a line that says which audit they belong to.

use super::Shard;
use anyhow::{Context as _, ensure};
use lane_frame::journal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Format of journals; another one is refused.
const FORMAT: u32 = 1;

/// First line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    format: u32,
    /// Program that wrote it.
    version: String,
    /// Which audit: see [`super::Plan::fingerprint`].
    pub fingerprint: String,
    /// Which part of it.
    pub shard: Shard,
    /// The command line that asked for it, without what only says where it goes.
    pub request: Vec<String>,
}

impl Header {
    /// The header of a part of an audit by this program.
    pub fn new(fingerprint: &str, shard: Shard, request: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            fingerprint: fingerprint.into(),
            shard,
            request,
        }
    }
}

#[derive(Deserialize)]
struct Line {
    unit: String,
    outcome: Value,
}

/// Outcomes by unit.
#[derive(Debug, Default)]
pub struct Outcomes(HashMap<String, Value>);

impl Outcomes {
    /// The outcome of a unit.
    pub fn get(&self, unit: &str) -> Option<&Value> {
        self.0.get(unit)
    }

    /// Takes in those of another part.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// A journal being written.
#[derive(Debug)]
pub struct Journal {
    before: HashSet<String>,
    lines: journal::Journal,
}

impl Journal {
    /// Opens a journal to go on with, or starts one.
    ///
    /// # Errors
    /// Refuses a journal of another audit or another version, one that another run is writing, and a place that cannot
    /// be written.
    pub fn open(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let (lines, text) = journal::Journal::open(path)?;
        if text.is_empty() {
            lines.append(&serde_json::to_string(header)?)?;
            return Ok(Self { before: HashSet::new(), lines });
        }
        let (earlier, outcomes) = parse(path, &text)?;
        ensure!(
            earlier.fingerprint == header.fingerprint && earlier.shard == header.shard,
            "{}: it belongs to another audit (`{}`, part {}); remove it or give another --out",
            path.display(),
            earlier.request.join(" "),
            earlier.shard
        );
        Ok(Self { before: outcomes.0.into_keys().collect(), lines })
    }

    /// Units whose outcomes were there when it was opened.
    pub fn before(&self) -> usize {
        self.before.len()
    }

    /// Whether the outcome of a unit was there when it was opened.
    pub fn has(&self, unit: &str) -> bool {
        self.before.contains(unit)
    }

    /// Writes an outcome.
    ///
    /// # Errors
    /// When it cannot be written, naming the file.
    pub fn add(&self, unit: &str, outcome: &Value) -> anyhow::Result<()> {
        Ok(self.lines.append(&serde_json::json!({ "unit": unit, "outcome": outcome }).to_string())?)
    }

    /// Reads a whole journal.
    ///
    /// # Errors
    /// When it cannot be read, is none or is of another version.
    pub fn read(path: &Path) -> anyhow::Result<(Header, Outcomes)> {
        parse(path, &journal::read(path)?)
    }
}

fn parse(path: &Path, text: &[u8]) -> anyhow::Result<(Header, Outcomes)> {
    let no_journal = || format!("{}: expected the journal of an audit", path.display());
    let mut lines = str::from_utf8(text).with_context(no_journal)?.lines();
    let first = lines.next().unwrap_or_default();
    let header: Value = serde_json::from_str(first).with_context(no_journal)?;
    let (format, version) = (header["format"].as_u64(), header["version"].as_str().unwrap_or("unknown"));
    ensure!(
        format == Some(u64::from(FORMAT)) && version == env!("CARGO_PKG_VERSION"),
        "{}: written by version {version} of the program, this is {}; run that part again",
        path.display(),
        env!("CARGO_PKG_VERSION")
    );
    let header = serde_json::from_value(header).with_context(no_journal)?;
    let mut outcomes = HashMap::new();
    for (number, line) in lines.enumerate() {
        let line = serde_json::from_str::<Line>(line);
        let Line { unit, outcome } =
            line.with_context(|| format!("{}: line {} is damaged", path.display(), number + 2))?;
        outcomes.insert(unit, outcome);
    }
    Ok((header, Outcomes(outcomes)))
}
