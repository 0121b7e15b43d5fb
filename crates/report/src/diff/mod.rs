//! What differs between two reports: policies, tables, numbers. Tables are matched by name and rows by their key cells,
//! so that an added road or policy does not shift what is compared.

mod matched;
mod table;
mod text;

pub use table::{CellChange, TableDiff};

use crate::{About, ReadReport, ReadSection};
use matched::Matched;
use serde::Serialize;

/// The differences, in the order of the earlier report. Charts are made of the tables' numbers and pictures of what was
/// seen: neither is compared, only whether they are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportDiff {
    /// Program, command and policies where they differ.
    pub about: Vec<WordChange>,
    /// Policies, sections, tables, charts and pictures that only the earlier report has.
    pub only_before: Vec<String>,
    /// Those that only the later report has.
    pub only_after: Vec<String>,
    /// Sections and tables in both whose words differ.
    pub reworded: Vec<String>,
    /// Tables in both in which something differs.
    pub tables: Vec<TableDiff>,
    /// Tables in both.
    pub tables_compared: usize,
    /// Measured cells in both.
    pub cells_compared: usize,
}

/// Words in both reports that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordChange {
    /// What they say: `command`, `ncp-1 weights`.
    pub what: String,
    /// In the earlier report.
    pub before: String,
    /// In the later report.
    pub after: String,
}

/// Compares two reports.
pub fn diff(before: &ReadReport, after: &ReadReport) -> ReportDiff {
    let mut diff = ReportDiff::default();
    diff.compare_about(&before.about, &after.about);
    let sections = Matched::by(&before.sections, &after.sections, |section| format!("section {}", section.id));
    for (name, before, after) in diff.note_lonely(sections) {
        diff.compare_section(&name, before, after);
    }
    diff
}

impl ReportDiff {
    /// Whether the reports say the same.
    pub fn is_empty(&self) -> bool {
        let lists = [self.only_before.len(), self.only_after.len(), self.reworded.len()];
        self.about.is_empty() && self.tables.is_empty() && lists == [0; 3]
    }

    /// The differences in lines for a terminal.
    pub fn text(&self) -> String {
        text::lines(self)
    }

    /// Lists what only one report has, and gives what both have.
    fn note_lonely<'a, T>(&mut self, matched: Matched<'a, T>) -> Vec<(String, &'a T, &'a T)> {
        self.only_before.extend(matched.only_before);
        self.only_after.extend(matched.only_after);
        matched.both
    }

    fn compare_about(&mut self, before: &About, after: &About) {
        self.compare_words("version", &before.version, &after.version);
        self.compare_words("revision", &before.revision, &after.revision);
        self.compare_words("command", &before.command, &after.command);
        let subjects = Matched::by(&before.subjects, &after.subjects, |subject| format!("policy {}", subject.label()));
        for (name, before, after) in self.note_lonely(subjects) {
            let parameters = [before, after].map(|subject| subject.parameters.to_string());
            let noise = [before, after].map(|subject| {
                subject.trained_noise_variance.map_or_else(|| "not stated".into(), |variance| variance.to_string())
            });
            self.compare_words(&format!("{name} weights"), &before.weights_sha256, &after.weights_sha256);
            self.compare_words(&format!("{name} parameters"), &parameters[0], &parameters[1]);
            self.compare_words(&format!("{name} training"), &before.training, &after.training);
            self.compare_words(&format!("{name} noise variance in training"), &noise[0], &noise[1]);
        }
    }

    fn compare_words(&mut self, what: &str, before: &str, after: &str) {
        if before != after {
            self.about.push(WordChange { what: what.into(), before: before.into(), after: after.into() });
        }
    }

    fn compare_section(&mut self, name: &str, before: &ReadSection, after: &ReadSection) {
        let charts = Matched::by(&before.charts, &after.charts, |chart| format!("chart {}/{}", before.id, chart.id));
        let pictures =
            Matched::by(&before.pictures, &after.pictures, |picture| format!("picture {}/{}", before.id, picture.id));
        let mut captioned = self.note_lonely(charts);
        captioned.extend(self.note_lonely(pictures));
        let recaptioned = captioned.iter().any(|(_, before, after)| before.caption != after.caption);
        if recaptioned || before.title != after.title || before.text != after.text {
            self.reworded.push(name.into());
        }
        let tables = Matched::by(&before.tables, &after.tables, |table| format!("table {}/{}", before.id, table.id));
        for (name, before, after) in self.note_lonely(tables) {
            if table::is_reworded(before, after) {
                self.reworded.push(name.clone());
            }
            let table = TableDiff::of(name.trim_start_matches("table "), before, after);
            self.tables_compared += 1;
            self.cells_compared += table.cells_compared;
            if !table.is_empty() {
                self.tables.push(table);
            }
        }
    }
}

#[cfg(test)]
mod tests;
