//! `liquid-lane audit`: suites over policies into a report; parts of it joined; two reports compared.

mod diff;
mod merge;
mod suites;

use super::range::number;
use super::recording::options::RecordingArguments;
use super::{output, simulator, subjects};
use crate::jobs::audit::{Audit, AuditEvent, AuditRequest, wanting};
use crate::jobs::command_line;
use anyhow::{Context as _, bail, ensure};
use clap::{Parser, Subcommand};
use lane_audit::engine::Shard;
use lane_audit::family::Family;
use lane_report::Report;
use lane_report::section::Section;
use rayon::ThreadPoolBuilder;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  liquid-lane audit smoke                              ten seconds: do the policies drive at all?
  liquid-lane audit unseen --policies ncp,cnn,lstm     100 unseen roads, three trainings of each policy
  liquid-lane audit noise --models mine --policies ncp  your own weights, mine/ncp.safetensors
  liquid-lane audit replay my_drive/                   open loop on your recording
  liquid-lane audit paper --policies ncp,cnn,lstm      what Fig. 4 and 5 and Table 1 of the 2020 paper need
  liquid-lane audit all --shard 2/8 --out parts        an eighth of everything; then
  liquid-lane audit merge parts --out report           the same bytes as in one run
  liquid-lane audit drive --simulator donkey://localhost:9091 --roads 5
                                                       laps and crashes in another simulator
  liquid-lane audit diff before after                  what changed between two reports

A run that was interrupted goes on where it stopped when the same command is given again.
Exit codes: 0 done, 1 smoke or blind found a policy wanting or two reports differ, 2 could not run.";

/// See the module.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    audit: AuditArguments,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Join the parts of an audit
    Merge(merge::Arguments),
    /// Compare two reports
    Diff(diff::Arguments),
}

#[derive(Debug, clap::Args)]
struct AuditArguments {
    /// What to try
    #[arg(value_name = "SUITE", required = true, value_parser = suites::words())]
    suite: Option<String>,
    /// Recordings: for replay, and for the pictures of saliency, paper and all
    #[arg(value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    subjects: subjects::Arguments,
    #[command(flatten)]
    size: suites::Size,
    /// Comparisons named before the run besides the primary one, and corrected for each other alone
    #[arg(long, value_name = "FIRST/SECOND@SETTING,…")]
    family: Option<Family>,
    /// Folder for the report; with --shard for the part's journal
    #[arg(long, value_name = "DIR", default_value = "out/audit")]
    out: PathBuf,
    /// Do this part of the audit only, for `audit merge`: 1/4 up to 4/4
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Print the report as one JSON object instead of tables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    recording: RecordingArguments,
    #[command(flatten)]
    simulator: simulator::Arguments,
    /// Variance of the image noise on the [0, 1] image in another simulator; several separated by commas
    #[arg(long, value_name = "VARIANCES", value_delimiter = ',', default_value = "0", requires = "simulator")]
    #[arg(value_parser = number(0.0..=1.0_f32), help_heading = "Another simulator")]
    noise: Vec<f32>,
}

/// Does what was asked; whether it was found as it should be.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    match &arguments.task {
        Some(Task::Merge(arguments)) => merge::run(arguments),
        Some(Task::Diff(arguments)) => diff::run(arguments),
        None => audit(&arguments.audit, &request()?),
    }
}

impl AuditArguments {
    /// The audit that was asked for by these words behind `audit`.
    fn prepare(&self, command: &[String]) -> anyhow::Result<Audit> {
        let word = self.suite.clone().context("expected a suite")?;
        let is_outside = word == suites::OUTSIDE;
        let request = AuditRequest {
            word,
            policies: self.subjects.names(),
            models: self.subjects.models.clone(),
            size: self.size.into(),
            family: self.family.clone(),
            recordings: self.recordings.clone(),
            recording_options: self.recording.options(),
            command: command.to_vec(),
        };
        match self.simulator.outside(None, 0.0)? {
            Some(outside) if is_outside => Audit::prepare_outside(&request, outside, &self.noise),
            Some(_) => bail!("--simulator: only `drive` is judged in another simulator, not `{}`", request.word),
            None if is_outside => {
                bail!("drive: needs --simulator URL; in the simulator of this program it is `unseen`")
            }
            None => Audit::prepare(&request),
        }
    }
}

fn audit(arguments: &AuditArguments, request: &[String]) -> anyhow::Result<bool> {
    let audit = arguments.prepare(request)?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let units = audit.plan().len(shard);
    let bar = output::progress(units as u64, "{pos} of {len} units {wide_bar} {elapsed}, {eta} left");
    let watch = |event: AuditEvent<'_>| {
        match event {
            AuditEvent::Started(suites) => bar.set_position(suites.iter().map(|suite| suite.done as u64).sum()),
            AuditEvent::UnitDone(_) => bar.inc(1),
        }
        true
    };
    if arguments.shard.is_some() {
        let journal = audit.run(shard, &arguments.out, &watch)?;
        bar.finish_and_clear();
        let path = journal.unwrap_or_default();
        output::line(&format!("part {shard}, {units} units: {}", path.display()))?;
        return Ok(true);
    }
    let run = || audit.run_to_report(&arguments.out, &watch);
    // There is but one car in another simulator: its drives go one after the other.
    let report = match arguments.simulator.simulator {
        Some(_) => ThreadPoolBuilder::new().num_threads(1).build()?.install(run)?,
        None => run()?,
    };
    bar.finish_and_clear();
    report.map_or(Ok(false), |report| tell(&report, &arguments.out, arguments.json))
}

/// Tells of a report; whether nothing was found wanting.
fn tell(report: &Report, out: &Path, json: bool) -> anyhow::Result<bool> {
    if json {
        output::json(&Report::read(out)?)?;
    } else {
        report.sections.iter().try_for_each(tell_section)?;
        output::line(&format!("report: {}", out.join("report.html").display()))?;
    }
    let wanting: Vec<&String> = wanting(report).collect();
    wanting.iter().for_each(|line| eprintln!("{line}"));
    Ok(wanting.is_empty())
}

/// A section's first table, what its comparisons came to and the differences that it found; the rest is in the report.
fn tell_section(section: &Section) -> anyhow::Result<()> {
    output::line(&section.title)?;
    for (place, table) in section.in_brief().enumerate() {
        if place > 0 {
            output::line(&table.title)?;
        }
        output::line(&output::table(table))?;
        if place == 0 {
            section.verdicts.iter().try_for_each(|verdict| output::line(verdict))?;
        }
    }
    Ok(())
}

/// The command line behind `audit` that says what is audited: without where it goes, in which part and how it is told.
fn request() -> anyhow::Result<Vec<String>> {
    let words = std::env::args_os().skip(2).map(std::ffi::OsString::into_string);
    let words = words.collect::<Result<Vec<_>, _>>().map_err(|word| {
        anyhow::anyhow!("an audit is written down with its command line; `{}` is not UTF-8", word.display())
    })?;
    Ok(without_destination(&words))
}

fn without_destination(words: &[String]) -> Vec<String> {
    command_line::without(words, &["--json"], &["--out", "--shard"])
}

/// The audit that a journal's header asks for.
fn requested(request: &[String]) -> anyhow::Result<AuditArguments> {
    #[derive(Parser)]
    #[command(no_binary_name = true)]
    struct Line {
        #[command(flatten)]
        audit: AuditArguments,
    }
    let line = Line::try_parse_from(request).map_err(|error| anyhow::anyhow!("{}", error.kind()));
    let line = line.with_context(|| format!("cannot understand the journal's command `{}`", request.join(" ")))?;
    ensure!(line.audit.shard.is_none(), "the journal's command asks for a part of a part");
    Ok(line.audit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_out_where_the_report_goes() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let given = words("unseen --out a --policies ncp --shard=1/4 --json --roads 3 --out=b drive");
        assert_eq!(without_destination(&given), words("unseen --policies ncp --roads 3 drive"));
        let audit = requested(&words("unseen --policies ncp,cnn --roads 3")).unwrap();
        assert_eq!((audit.suite.as_deref(), audit.subjects.policies.len()), (Some("unseen"), 2));
        assert!(requested(&words("no-such-suite")).is_err());
    }
}
