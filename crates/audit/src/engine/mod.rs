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

/// Everything an audit has to do, in a fixed order.
pub struct Plan {
    suites: Vec<Box<dyn Suite>>,
    units: Vec<Unit>,
    fingerprint: String,
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
            ensure!(!names.is_empty(), "suite `{}` has nothing to do: no policy, no road or no recording", found.id());
            let of_suite = names.into_iter().enumerate();
            units.extend(of_suite.map(|(number, name)| Unit { suite, number, key: format!("{}: {name}", found.id()) }));
        }
        let mut seen = HashSet::new();
        for unit in &units {
            ensure!(seen.insert(&unit.key), "two units are called `{}`", unit.key);
        }
        let fingerprint = fingerprint(subjects, &units);
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

    /// Does what a part of the plan has still to do, on all threads, and journals it. `done` is called after each unit.
    ///
    /// # Errors
    /// The first unit that fails, or a journal that cannot be written; what was journaled before stays.
    pub fn run(&self, shard: Shard, journal: &Journal, done: &(dyn Fn() + Sync)) -> anyhow::Result<()> {
        let missing: Vec<&Unit> = self.part(shard).filter(|unit| !journal.has(&unit.key)).collect();
        // One at a time: units differ in length by a factor of a hundred, and a thread with many of them would be late.
        missing.into_par_iter().with_max_len(1).try_for_each(|unit| {
            let outcome = self.suites[unit.suite].run(unit.number).with_context(|| unit.key.clone())?;
            journal.add(&unit.key, &outcome)?;
            done();
            Ok(())
        })
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
        let sections = self.suites.par_iter().enumerate().map(|(number, suite)| {
            let units = self.units.iter().filter(|unit| unit.suite == number);
            let found: Vec<_> = units.filter_map(|unit| outcomes.get(&unit.key)).cloned().collect();
            suite.section(&found).with_context(|| format!("suite `{}`", suite.id()))
        });
        sections.collect()
    }

    /// Every n-th unit: neighbours are alike, so the parts take about equally long.
    fn part(&self, shard: Shard) -> impl Iterator<Item = &Unit> {
        self.units.iter().skip(shard.index() - 1).step_by(shard.of())
    }
}

fn fingerprint(subjects: &[Subject], units: &[Unit]) -> String {
    let mut text = format!("{}\n", env!("CARGO_PKG_VERSION"));
    for subject in subjects {
        text += &format!("{} {}\n", subject.label(), subject.weights_sha256);
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
