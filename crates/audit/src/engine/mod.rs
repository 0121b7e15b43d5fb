//! Runs suites: units in parallel, each outcome in the journal as soon as it is known, so that a run that was cut off
//! goes on where it stopped and a run in parts can be joined.
//!
//! Sections are made from the text of the journal alone. That is why a run in one piece, a resumed one and one joined
//! from parts give the same bytes.

mod journal;
mod shard;

pub use journal::{Header, Journal, Outcomes};
pub use shard::Shard;

use super::suite::{Subject, Suite};
use anyhow::{Context as _, ensure};
use lane_report::section::Section;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything an audit has to do, in a fixed order.
pub struct Plan {
    suites: Vec<Box<dyn Suite>>,
    units: Vec<Unit>,
    fingerprint: String,
}

/// How much of a suite is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteProgress {
    /// The suite's word.
    pub id: &'static str,
    /// Its units.
    pub units: usize,
    /// Those whose outcomes are in the journal.
    pub done: usize,
}

/// One piece of work.
struct Unit {
    suite: usize,
    number: usize,
    /// Its name in the journal.
    key: String,
}

impl Plan {
    /// The units of all suites in their order.
    ///
    /// # Errors
    /// Refuses no suite at all, a suite with nothing to do and two units of one name.
    pub fn new(suites: Vec<Box<dyn Suite>>, subjects: &[Subject]) -> anyhow::Result<Self> {
        ensure!(!suites.is_empty(), "there is no suite to run");
        let mut units = Vec::new();
        for (suite, found) in suites.iter().enumerate() {
            let names = found.units();
            ensure!(
                !names.is_empty(),
                "suite `{}` has nothing to do: no policy that it can look into, no road or no recording",
                found.id()
            );
            let of_suite = names.into_iter().enumerate();
            units.extend(of_suite.map(|(number, name)| Unit { suite, number, key: format!("{}: {name}", found.id()) }));
        }
        let mut seen = HashSet::new();
        for unit in &units {
            ensure!(seen.insert(&unit.key), "two units are called `{}`", unit.key);
        }
        let fingerprint = fingerprint(subjects, &suites, &units);
        Ok(Self { suites, units, fingerprint })
    }

    /// Says that two plans are the same audit of the same weights by the same program: SHA-256 in hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Units of a part of the plan.
    pub fn len(&self, shard: Shard) -> usize {
        self.part(shard).count()
    }

    /// Does what a part of the plan has still to do, on all threads, and journals it. `done` is called after each unit with
    /// the number of its suite; `false` from it ends the run after the units that are under way. Gives whether all was
    /// done.
    ///
    /// # Errors
    /// The first unit that fails, or a journal that cannot be written; what was journaled before stays.
    pub fn run(&self, shard: Shard, journal: &Journal, done: &(dyn Fn(usize) -> bool + Sync)) -> anyhow::Result<bool> {
        let stopped = AtomicBool::new(false);
        let missing: Vec<&Unit> = self.part(shard).filter(|unit| !journal.has(&unit.key)).collect();
        // One at a time: units differ in length by a factor of a hundred, and a thread with many of them would be late.
        missing.into_par_iter().with_max_len(1).try_for_each(|unit| {
            if stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            let outcome = self.suites[unit.suite].run(unit.number).with_context(|| unit.key.clone())?;
            journal.add(&unit.key, &outcome)?;
            if !done(unit.suite) {
                stopped.store(true, Ordering::Relaxed);
            }
            anyhow::Ok(())
        })?;
        Ok(!stopped.load(Ordering::Relaxed))
    }

    /// How far each suite of a part of the plan is, in the order of the suites: in its journal, or before there is one.
    pub fn progress(&self, shard: Shard, journal: Option<&Journal>) -> Vec<SuiteProgress> {
        let suites = self.suites.iter();
        let mut progress: Vec<_> = suites.map(|suite| SuiteProgress { id: suite.id(), units: 0, done: 0 }).collect();
        for unit in self.part(shard) {
            progress[unit.suite].units += 1;
            progress[unit.suite].done += usize::from(journal.is_some_and(|journal| journal.has(&unit.key)));
        }
        progress
    }

    /// What the outcomes amount to, a section per suite.
    ///
    /// # Errors
    /// When the outcome of a unit is missing or is not what its suite gives.
    pub fn sections(&self, outcomes: &Outcomes) -> anyhow::Result<Vec<Section>> {
        let missing = self.units.iter().filter(|unit| outcomes.get(&unit.key).is_none());
        let missing: Vec<&str> = missing.map(|unit| unit.key.as_str()).collect();
        if let Some(first) = missing.first() {
            anyhow::bail!("{} of {} units were not done, the first of them `{first}`", missing.len(), self.units.len());
        }
        (0..self.suites.len()).into_par_iter().map(|suite| self.section(suite, outcomes)).collect()
    }

    /// What the outcomes of one suite amount to.
    ///
    /// # Errors
    /// When the outcome of one of its units is missing or is not what it gives.
    pub fn section(&self, suite: usize, outcomes: &Outcomes) -> anyhow::Result<Section> {
        let units = self.units.iter().filter(|unit| unit.suite == suite);
        let outcome = |unit: &Unit| outcomes.get(&unit.key).with_context(|| format!("`{}` was not done", unit.key));
        let found = units.map(|unit| outcome(unit).cloned()).collect::<Result<Vec<_>, _>>()?;
        let suite = &self.suites[suite];
        suite.section(&found).with_context(|| format!("suite `{}`", suite.id()))
    }

    /// Every n-th unit: neighbours are alike, so the parts take about equally long.
    fn part(&self, shard: Shard) -> impl Iterator<Item = &Unit> {
        self.units.iter().skip(shard.index() - 1).step_by(shard.of())
    }
}

/// A family is part of it: one that was named after units were done is another audit.
fn fingerprint(subjects: &[Subject], suites: &[Box<dyn Suite>], units: &[Unit]) -> String {
    let mut text = format!("{}\n", env!("CARGO_PKG_VERSION"));
    for subject in subjects {
        text += &format!("{} {}\n", subject.label(), subject.weights_sha256);
    }
    for family in suites.iter().filter_map(|suite| suite.family()) {
        text += &format!("family {family}\n");
    }
    for unit in units {
        text += &format!("{}\n", unit.key);
    }
    sha256(text.as_bytes())
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
