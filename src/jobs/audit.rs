//! An audit from what was asked for to the report on disk.

use super::revision::revision;
use super::subjects::subjects;
use anyhow::{Context as _, bail, ensure};
use lane_audit::engine::{Header, Journal, Outcomes, Plan, Shard, SuiteProgress};
use lane_audit::family::Family;
use lane_audit::study::Study as _;
use lane_audit::suite::outside::OutsideStudy;
use lane_audit::suite::{Subject, Suite};
use lane_audit::suites::{Size, suites};
use lane_driver::outside::Outside;
use lane_recording::RecordingOptions;
use lane_report::section::Section;
use lane_report::{About, Report, check_place};
use std::path::{Path, PathBuf};

/// Drives of each training in another simulator, and the length of each in s, where nothing else is asked for.
const OUTSIDE_DRIVES: u32 = 10;
const OUTSIDE_SECONDS: f64 = 60.0;

/// What decides the outcome of an audit.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// A suite, or a word for several.
    pub word: String,
    /// Policies by name or by weights file.
    pub policies: Vec<String>,
    /// Folders with weights in place of those in the binary.
    pub models: Vec<PathBuf>,
    /// Roads and seconds, where they are not the suite's own.
    pub size: Size,
    /// Comparisons that are named before the run besides the primary one.
    pub family: Option<Family>,
    /// Recordings that suites take.
    pub recordings: Vec<PathBuf>,
    /// How they are opened.
    pub recording_options: RecordingOptions,
    /// The words behind `liquid-lane audit` that ask for all this.
    pub command: Vec<String>,
}

/// What becomes known while an audit runs.
pub enum AuditEvent<'a> {
    /// How far each suite is at the start: a run that was cut off goes on where it stopped.
    Started(&'a [SuiteProgress]),
    /// One more unit of the suite of this number.
    UnitDone(usize),
}

/// An audit that is ready to run.
pub struct Audit {
    plan: Plan,
    about: About,
    command: Vec<String>,
}

impl Audit {
    /// Loads the policies and opens the recordings.
    ///
    /// # Errors
    /// When a policy, a recording or the suite cannot be used.
    pub fn prepare(request: &AuditRequest) -> anyhow::Result<Self> {
        let subjects = subjects(&request.policies, &request.models)?;
        let AuditRequest { word, size, recordings, recording_options, .. } = request;
        Self::of(request, &subjects, suites(word, &subjects, *size, recordings, recording_options)?)
    }

    /// The same for drives in another simulator, under each variance of image noise: so many of each training, each so long.
    ///
    /// # Errors
    /// When a policy cannot be used.
    pub fn prepare_outside(request: &AuditRequest, outside: Outside, noise: &[f32]) -> anyhow::Result<Self> {
        let subjects = subjects(&request.policies, &request.models)?;
        let Size { roads, seconds } = request.size;
        let (drives, seconds) = (roads.unwrap_or(OUTSIDE_DRIVES), seconds.unwrap_or(OUTSIDE_SECONDS));
        let study = OutsideStudy::new(outside, noise.to_vec(), drives, seconds);
        Self::of(request, &subjects, vec![study.on(subjects.clone())])
    }

    fn of(request: &AuditRequest, subjects: &[Subject], mut suites: Vec<Box<dyn Suite>>) -> anyhow::Result<Self> {
        if let Some(family) = &request.family {
            let [suite] = &mut suites[..] else { bail!("--family: name one suite, not `{}`", request.word) };
            suite.name_family(family).context("--family")?;
        }
        let command = request.command.clone();
        let line = format!("liquid-lane audit {}", command.join(" "));
        let about = About::new(revision(), line, subjects.iter().map(Subject::audited).collect());
        Ok(Self { plan: Plan::new(suites, subjects)?, about, command })
    }

    /// What is to be done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Refuses a place where the report could not be written, and one that holds the report of another command.
    ///
    /// # Errors
    /// Such a place, naming it.
    pub fn check_out(&self, out: &Path) -> anyhow::Result<()> {
        check_place(out)?;
        if let Ok(earlier) = Report::read(out) {
            ensure!(
                earlier.about.command == self.about.command,
                "{} holds the report of `{}`: give another --out, or remove it",
                out.display(),
                earlier.about.command
            );
        }
        Ok(())
    }

    /// Does a part of the audit, or what is left of it, and journals it in `folder`; gives the journal's path, or nothing
    /// where `watch` gave `false` and ended it. `watch` is called from many threads.
    ///
    /// # Errors
    /// When a unit fails or the journal cannot be written, with the way to go on.
    pub fn run(
        &self,
        shard: Shard,
        folder: &Path,
        watch: &(dyn Fn(AuditEvent<'_>) -> bool + Sync),
    ) -> anyhow::Result<Option<PathBuf>> {
        let path = journal_path(folder, shard);
        let header = Header::new(self.plan.fingerprint(), shard, self.command.clone());
        let journal = Journal::open(&path, &header)?;
        let done = |suite| watch(AuditEvent::UnitDone(suite));
        if !watch(AuditEvent::Started(&self.plan.progress(shard, Some(&journal)))) {
            return Ok(None);
        }
        let whole = self.plan.run(shard, &journal, &done).with_context(|| {
            format!("the audit stopped; what was done is in {} and the same command goes on from there", path.display())
        })?;
        Ok(whole.then_some(path))
    }

    /// What a suite amounts to, from the journal in `folder`, which has all its units; the rest of the audit may still be
    /// under way.
    ///
    /// # Errors
    /// When a unit of it is missing.
    pub fn section(&self, suite: usize, folder: &Path) -> anyhow::Result<Section> {
        let (_, outcomes) = Journal::read(&journal_path(folder, Shard::WHOLE))?;
        self.plan.section(suite, &outcomes)
    }

    /// Runs all of it into the report at `out`, by way of a folder beside it that is removed at the end. Nothing where
    /// `watch` ended it: the same audit goes on from there.
    ///
    /// # Errors
    /// When the place cannot be written or a unit fails.
    pub fn run_to_report(
        &self,
        out: &Path,
        watch: &(dyn Fn(AuditEvent<'_>) -> bool + Sync),
    ) -> anyhow::Result<Option<Report>> {
        // Found out before the work, not after it.
        self.check_out(out)?;
        let partial = partial(out);
        let Some(journal) = self.run(Shard::WHOLE, &partial, watch)? else { return Ok(None) };
        let (_, outcomes) = Journal::read(&journal)?;
        let report = self.write_report(&outcomes, out)?;
        std::fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
        Ok(Some(report))
    }

    /// Makes the report of all outcomes at `out`.
    ///
    /// # Errors
    /// When an outcome is missing or the place cannot be written.
    pub fn write_report(&self, outcomes: &Outcomes, out: &Path) -> anyhow::Result<Report> {
        let report = Report { about: self.about.clone(), sections: self.plan.sections(outcomes)? };
        report.write(out)?;
        Ok(report)
    }
}

/// What a report found wanting, a line each.
pub fn wanting(report: &Report) -> impl Iterator<Item = &String> {
    report.sections.iter().flat_map(|section| &section.wanting)
}

/// The folder for the journal of a report that is to be at `out`.
pub fn partial(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn journal_path(folder: &Path, shard: Shard) -> PathBuf {
    folder.join(format!("shard-{}-of-{}.jsonl", shard.index(), shard.of()))
}
