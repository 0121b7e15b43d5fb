//! `liquid-lane audit`: suites over policies into a report; parts of it joined; two reports compared.

mod diff;
mod merge;
mod suites;

use super::recording::options::RecordingArguments;
use super::revision::revision;
use super::{command_line, output, subjects};
use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use lane_audit::engine::{Header, Journal, Outcomes, Plan, Shard};
use lane_audit::suite::Subject;
use lane_report::section::Section;
use lane_report::{About, Report, check_place};
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
}

/// Does what was asked; whether it was found as it should be.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    match &arguments.task {
        Some(Task::Merge(arguments)) => merge::run(arguments),
        Some(Task::Diff(arguments)) => diff::run(arguments),
        None => audit(&arguments.audit, &request()?),
    }
}

/// An audit and what the report says about it.
struct Prepared {
    plan: Plan,
    about: About,
}

impl AuditArguments {
    fn prepare(&self, request: &[String]) -> anyhow::Result<Prepared> {
        let subjects = self.subjects.subjects()?;
        let word = self.suite.as_deref().context("expected a suite")?;
        let (size, options) = (self.size.into(), self.recording.options());
        let suites = lane_audit::suites::suites(word, &subjects, size, &self.recordings, &options)?;
        let about = About::new(
            revision(),
            format!("liquid-lane audit {}", request.join(" ")),
            subjects.iter().map(Subject::audited).collect(),
        );
        Ok(Prepared { plan: Plan::new(suites, &subjects)?, about })
    }
}

fn audit(arguments: &AuditArguments, request: &[String]) -> anyhow::Result<bool> {
    let Prepared { plan, about } = arguments.prepare(request)?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let partial = with_suffix(&arguments.out, ".partial");
    let folder = if arguments.shard.is_some() { &arguments.out } else { &partial };
    if arguments.shard.is_none() {
        // Found out before the work, not after it.
        check_out(&arguments.out, &about)?;
    }
    let path = folder.join(format!("shard-{}-of-{}.jsonl", shard.index(), shard.of()));
    let header = Header::new(plan.fingerprint(), shard, request.to_vec());
    let journal = Journal::open(&path, &header)?;
    let bar = output::progress(plan.len(shard) as u64, "{pos} of {len} units {wide_bar} {elapsed}, {eta} left");
    bar.set_position(journal.before() as u64);
    plan.run(shard, &journal, &|| bar.inc(1)).with_context(|| {
        format!("the audit stopped; what was done is in {} and the same command goes on from there", path.display())
    })?;
    bar.finish_and_clear();
    drop(journal);
    if arguments.shard.is_some() {
        output::line(&format!("part {shard}, {} units: {}", plan.len(shard), path.display()))?;
        return Ok(true);
    }
    let (_, outcomes) = Journal::read(&path)?;
    let sound = finish(&plan, about, &outcomes, &arguments.out, arguments.json)?;
    std::fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    Ok(sound)
}

/// Refuses a place where the report could not be written, and one that holds the report of another command.
fn check_out(out: &Path, about: &About) -> anyhow::Result<()> {
    check_place(out)?;
    if let Ok(earlier) = Report::read(out) {
        ensure!(
            earlier.about.command == about.command,
            "{} holds the report of `{}`: give another --out, or remove it",
            out.display(),
            earlier.about.command
        );
    }
    Ok(())
}

/// Makes the report and tells of it; whether nothing was found wanting.
fn finish(plan: &Plan, about: About, outcomes: &Outcomes, out: &Path, json: bool) -> anyhow::Result<bool> {
    let sections = plan.sections(outcomes)?;
    let report = Report { about, sections };
    report.write(out)?;
    if json {
        output::json(&Report::read(out)?)?;
    } else {
        report.sections.iter().try_for_each(tell)?;
        output::line(&format!("report: {}", out.join("report.html").display()))?;
    }
    let wanting: Vec<&String> = report.sections.iter().flat_map(|section| &section.wanting).collect();
    wanting.iter().for_each(|line| eprintln!("{line}"));
    Ok(wanting.is_empty())
}

/// A section's first table; the rest is in the report.
fn tell(section: &Section) -> anyhow::Result<()> {
    output::line(&section.title)?;
    section.tables.first().map_or(Ok(()), |table| output::line(&output::table(table)))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
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
