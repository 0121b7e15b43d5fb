//! The report of an audit: a folder with every number, chart and picture, and one page that shows them all.
//!
//! ```text
//! report.html                    everything, in one file that needs no other
//! report.json                    everything but the pictures, at full precision
//! tables/answers.csv             the first screen: policies against questions
//! tables/SUITE-TABLE.csv
//! charts/SUITE-CHART.svg, .png
//! pictures/SUITE-PICTURE.png
//! ```
//!
//! No date, machine or thread count is in it: the same content gives the same bytes.

mod about;
pub mod answers;
mod check;
pub mod diff;
mod folder;
pub mod measure;
mod overview;
mod page;
pub mod plot;
#[cfg(test)]
mod sample;
pub mod section;
mod stored;
mod table;
mod table_file;

pub use about::{About, AuditedPolicy};
pub use folder::check_place;
pub use stored::{Captioned, ReadReport, ReadSection};

use anyhow::Context as _;
use folder::Entry;
use rayon::prelude::*;
use section::Section;
use std::path::Path;

/// A count with its noun, which takes an s.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who was audited, how.
    pub about: About,
    /// What each suite found.
    pub sections: Vec<Section>,
}

impl Report {
    /// Writes the report as a folder, whole or not at all. A report that is there already is replaced.
    ///
    /// # Errors
    /// When a suite's tables do not hold together, what is at `folder` is no report, or the place cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        folder::write(folder, &self.entries()?)
    }

    /// Reads what [`Report::write`] wrote: the folder, or the `report.json` in it.
    ///
    /// # Errors
    /// When it is not there, or is not a report of this program's format.
    pub fn read(path: &Path) -> anyhow::Result<ReadReport> {
        let report = stored::read(path)?;
        check::tables(&report).with_context(|| path.display().to_string())?;
        Ok(report)
    }

    /// The files of the report, in a fixed order.
    fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let stored = ReadReport::of(self);
        check::tables(&stored)?;
        check::pictures(self)?;
        let charts = self.drawn()?;
        let page = page::html(self, &charts);
        let mut entries = vec![Entry::new("report.json", stored.json()?), Entry::new("report.html", page)];
        if let Some(table) = overview::file_table(&self.sections) {
            entries.push(Entry::new("tables/answers.csv", table_file::csv(&table)?));
        }
        for (section, charts) in self.sections.iter().zip(charts) {
            let id = &section.id;
            for table in &section.tables {
                entries.push(Entry::new(format!("tables/{id}-{}.csv", table.id), table_file::csv(table)?));
            }
            for (chart, drawn) in section.charts.iter().zip(charts) {
                entries.push(Entry::new(format!("charts/{id}-{}.svg", chart.id), drawn.svg));
                entries.push(Entry::new(format!("charts/{id}-{}.png", chart.id), drawn.png));
            }
            for picture in &section.pictures {
                entries.push(Entry::new(format!("pictures/{id}-{}.png", picture.id), picture.png.clone()));
            }
        }
        Ok(entries)
    }

    /// The charts of each section.
    fn drawn(&self) -> anyhow::Result<Vec<Vec<Drawn>>> {
        let draw = |section: &Section| section.charts.par_iter().map(|chart| Drawn::of(&chart.figure)).collect();
        self.sections.par_iter().map(draw).collect()
    }
}

/// A chart as it goes into files.
struct Drawn {
    svg: String,
    png: Vec<u8>,
    /// For the page.
    parts: plot::Parts,
}

impl Drawn {
    fn of(figure: &crate::plot::Figure) -> anyhow::Result<Self> {
        Ok(Self { svg: figure.svg()?, png: figure.png()?, parts: figure.parts()? })
    }
}

#[cfg(test)]
mod tests;
