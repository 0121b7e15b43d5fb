//! `report.json`: everything but the pictures, and the way back.

use super::{About, Report};
use crate::answers::Answer;
use crate::section::{Section, Table};
use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the file says it is.
pub(super) const KIND: &str = "liquid-lane audit report";

/// Changes with the meaning or the name of any entry.
const FORMAT: u32 = 1;

/// The numbers and words of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadReport {
    #[serde(flatten)]
    stamp: Stamp,
    /// Who was audited, how.
    pub about: About,
    /// What each suite found.
    pub sections: Vec<ReadSection>,
}

/// A section without its pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadSection {
    /// The suite's word on the command line.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What was done and how to read it, a paragraph each.
    pub text: Vec<String>,
    /// Its answers to the questions of the report's first screen.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Every number.
    pub tables: Vec<Table>,
    /// The charts that were drawn.
    pub charts: Vec<Captioned>,
    /// The pictures that were made.
    pub pictures: Vec<Captioned>,
}

/// A chart or picture by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captioned {
    /// Unique in its section; names its files.
    pub id: String,
    /// What it shows.
    pub caption: String,
}

/// The head of the file, the same in every format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub kind: String,
    pub format: u32,
}

impl ReadReport {
    pub(super) fn of(report: &Report) -> Self {
        let stamp = Stamp { kind: KIND.into(), format: FORMAT };
        Self { stamp, about: report.about.clone(), sections: report.sections.iter().map(ReadSection::of).collect() }
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl ReadSection {
    fn of(section: &Section) -> Self {
        let captioned = |id: &String, caption: &String| Captioned { id: id.clone(), caption: caption.clone() };
        Self {
            id: section.id.clone(),
            title: section.title.clone(),
            text: [&section.text[..], &section.verdicts].concat(),
            answers: section.answers.clone(),
            tables: section.tables.clone(),
            charts: section.charts.iter().map(|chart| captioned(&chart.id, &chart.caption)).collect(),
            pictures: section.pictures.iter().map(|picture| captioned(&picture.id, &picture.caption)).collect(),
        }
    }
}

/// Reads a report's folder, or its file. Whether its tables hold together is the caller's to check.
pub(super) fn read(path: &Path) -> anyhow::Result<ReadReport> {
    let file = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
    let place = path.display();
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read the report {}", file.display()))?;
    let stamp = stamp(&text).with_context(|| format!("{place} is not a report of an audit"))?;
    ensure!(
        stamp.format == FORMAT,
        "{place} is a report of format {}, this program reads {FORMAT}: audit again, or read it with the version that \
         wrote it",
        stamp.format
    );
    serde_json::from_str(&text).with_context(|| format!("{place} is a damaged report of format {FORMAT}"))
}

/// The stamp of a report; `None` where the text is another thing.
pub(super) fn stamp(text: &str) -> Option<Stamp> {
    serde_json::from_str(text).ok().filter(|stamp: &Stamp| stamp.kind == KIND)
}
