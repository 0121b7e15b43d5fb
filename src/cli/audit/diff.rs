//! `liquid-lane audit diff`: what changed from one report to another.

use crate::cli::output;
use lane_report::Report;
use lane_report::diff::diff;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the first report, or its report.json
    a: PathBuf,
    /// Folder of the second report, or its report.json
    b: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Does what was asked; whether the reports are the same.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let difference = diff(&Report::read(&arguments.a)?, &Report::read(&arguments.b)?);
    if arguments.json {
        output::json(&difference)?;
    } else {
        output::line(&difference.text())?;
    }
    Ok(difference.is_empty())
}
