//! `liquid-lane model dynamics`: what "liquid" means, as tables, figures and sentences.

use super::super::output;
use super::super::range::whole;
use crate::jobs::revision::revision;
use lane_audit::dynamics::{LengthSpec, sections};
use lane_report::section::Section;
use lane_report::{About, Report, check_place};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder for the report: a page, tables (CSV) and figures (SVG, PNG)
    #[arg(long, value_name = "DIR", default_value = "out/dynamics")]
    pub out: PathBuf,
    /// Seed of the random networks
    #[arg(long, value_parser = whole(0..=u64::MAX), default_value_t = 0)]
    pub seed: u64,
    /// Random networks per point; 20, or 5 with --quick
    #[arg(long, value_name = "N", value_parser = whole(1..=100_000_u32))]
    pub seeds: Option<u32>,
    /// Fewer and smaller networks, for a look in a second or two
    #[arg(long)]
    pub quick: bool,
}

impl Arguments {
    fn spec(&self) -> LengthSpec {
        let spec = if self.quick { LengthSpec::quick() } else { LengthSpec::default() };
        LengthSpec { seed: self.seed, networks: self.seeds.unwrap_or(spec.networks), ..spec }
    }

    /// The command line that gives the same numbers.
    fn command(&self) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        format!("liquid-lane model dynamics --seed {} --seeds {}{quick}", self.seed, self.spec().networks)
    }
}

/// Computes, prints and writes the report.
///
/// # Errors
/// When the report cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // Found out before the work, not after it.
    check_place(&arguments.out)?;
    let sections = sections(&arguments.spec());
    sections.iter().try_for_each(print)?;
    let report = Report { about: About::new(revision(), arguments.command(), Vec::new()), sections };
    report.write(&arguments.out)?;
    output::line(&format!("report: {}", arguments.out.join("report.html").display()))
}

/// A section's sentences and its first table; the rest is in the report.
fn print(section: &Section) -> anyhow::Result<()> {
    section.tables.first().map_or(Ok(()), |table| output::line(&output::table(table)))?;
    section.text.iter().skip(1).try_for_each(|sentence| output::line(sentence))?;
    output::line("")
}
