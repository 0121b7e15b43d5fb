//! Outcomes on disk, one JSON line each behind a line that says which audit they belong to.
//!
//! A line is written by one call, so a killed run leaves at most one unfinished line, the last; it is cut off when the
//! run goes on.

use super::Shard;
use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

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
    path: PathBuf,
    before: HashSet<String>,
    file: Mutex<File>,
}

impl Journal {
    /// Opens a journal to go on with, or starts one.
    ///
    /// # Errors
    /// Refuses a journal of another audit or another version, one that another run is writing, and a place that cannot
    /// be written.
    pub fn open(path: &Path, header: &Header) -> anyhow::Result<Self> {
        let place = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(place)?;
        }
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).to_owned();
        let mut file = options.open(path).with_context(place)?;
        // A device would be read without end.
        ensure!(file.metadata().with_context(place)?.is_file(), "{}: it is not a file", place());
        if matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            bail!("{}: another run is writing it", path.display());
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).with_context(place)?;
        file.seek(SeekFrom::End(0)).with_context(place)?;
        let mut before = HashSet::new();
        if whole == 0 {
            let line = serde_json::to_string(header)? + "\n";
            file.write_all(line.as_bytes()).with_context(place)?;
        } else {
            let (found, outcomes) = parse(path, &text[..whole])?;
            ensure!(
                found.fingerprint == header.fingerprint && found.shard == header.shard,
                "{}: it belongs to another audit (`{}`, part {}); remove it or give another --out",
                path.display(),
                found.request.join(" "),
                found.shard
            );
            before = outcomes.0.into_keys().collect();
        }
        Ok(Self { path: path.to_owned(), before, file: Mutex::new(file) })
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
        let line = serde_json::to_string(&serde_json::json!({ "unit": unit, "outcome": outcome }))? + "\n";
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Reads a whole journal.
    ///
    /// # Errors
    /// When it cannot be read, is none or is of another version.
    pub fn read(path: &Path) -> anyhow::Result<(Header, Outcomes)> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        parse(path, &text[..whole])
    }
}

fn parse(path: &Path, text: &str) -> anyhow::Result<(Header, Outcomes)> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let no_journal = || format!("{}: expected the journal of an audit", path.display());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_the_name_of_the_file() {
        let path = Path::new("/dev/full");
        if let Ok(file) = OpenOptions::new().write(true).open(path) {
            let journal = Journal { path: path.into(), before: HashSet::new(), file: Mutex::new(file) };
            let error = format!("{:#}", journal.add("a unit", &Value::Null).unwrap_err());
            assert!(error.starts_with("cannot write /dev/full: "), "{error}");
            let header = Header::new("", Shard::WHOLE, Vec::new());
            let error = format!("{:#}", Journal::open(path, &header).unwrap_err());
            assert_eq!(error, "cannot write /dev/full: it is not a file");
        }
    }
}
