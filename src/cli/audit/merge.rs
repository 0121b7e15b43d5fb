//! `liquid-lane audit merge`: parts of an audit, done anywhere, become its report.

use super::{requested, tell};
use anyhow::{Context as _, bail, ensure};
use lane_audit::engine::{Header, Journal, Outcomes};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folders with the journals of all parts, shard-I-of-N.jsonl; run it where the parts were run, with the same weights
    #[arg(value_name = "DIR", required = true)]
    parts: Vec<PathBuf>,
    /// Folder for the report
    #[arg(long, value_name = "DIR", default_value = "out/audit")]
    out: PathBuf,
    /// Print the report as one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// Does what was asked; whether nothing was found wanting.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let (header, outcomes) = read_all(&arguments.parts)?;
    let audit = requested(&header.request)?.prepare(&header.request)?;
    audit.check_out(&arguments.out)?;
    ensure!(
        audit.plan().fingerprint() == header.fingerprint,
        "the parts are of other weights or other recordings than `{}` finds here",
        header.request.join(" ")
    );
    tell(&audit.write_report(&outcomes, &arguments.out)?, &arguments.out, arguments.json)
}

/// All parts of one audit.
fn read_all(folders: &[PathBuf]) -> anyhow::Result<(Header, Outcomes)> {
    let mut first: Option<Header> = None;
    let mut outcomes = Outcomes::default();
    let mut missing: Vec<usize> = Vec::new();
    for path in journals(folders)? {
        let (header, part) = Journal::read(&path)?;
        if let Some(first) = &first {
            let same = first.fingerprint == header.fingerprint && first.shard.of() == header.shard.of();
            ensure!(same, "{}: it is a part of another audit than the parts before it", path.display());
        } else {
            missing = (1..=header.shard.of()).collect();
        }
        let index = header.shard.index();
        ensure!(missing.contains(&index), "{}: part {} is there twice", path.display(), header.shard);
        missing.retain(|part| *part != index);
        first.get_or_insert(header);
        outcomes.extend(part);
    }
    let first = first.context("no part of an audit there: expected files shard-I-of-N.jsonl")?;
    if let Some(part) = missing.first() {
        bail!(
            "{} of {} parts are missing, the first of them {part}/{}",
            missing.len(),
            first.shard.of(),
            first.shard.of()
        );
    }
    Ok((first, outcomes))
}

/// Journals in folders, in the order of their names.
fn journals(folders: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let found = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.extend(found.into_iter().filter(|path| is_journal(path)));
    }
    paths.sort();
    Ok(paths)
}

fn is_journal(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("shard-") && name.ends_with(".jsonl")
}
