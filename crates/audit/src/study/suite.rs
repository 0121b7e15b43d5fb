//! A study as the engine runs it: cases and outcomes without their types.

use super::findings::distinct;
use super::{Entrant, Findings, Group, Record, Study};
use crate::family::Family;
use crate::suite::{Subject, Suite};
use anyhow::ensure;
use lane_report::section::Section;
use serde_json::Value;
use std::sync::Arc;

/// A study on some policies.
pub(super) struct StudySuite<S: Study> {
    study: S,
    subjects: Arc<[Subject]>,
    /// Each unit's entrant, counted over subjects and baselines, and its case.
    units: Vec<(usize, S::Case)>,
    /// Comparisons that were named before the run, besides the primary one.
    family: Option<Family>,
}

impl<S: Study> StudySuite<S> {
    /// Nothing is to be done where there is no policy.
    pub(super) fn new(study: S, subjects: Arc<[Subject]>) -> Self {
        let mut units = Vec::new();
        if !subjects.is_empty() {
            for (number, entrant) in entrants(&study, &subjects).enumerate() {
                units.extend(study.cases(&entrant).into_iter().map(|case| (number, case)));
            }
        }
        Self { study, subjects, units, family: None }
    }
}

/// The trainings, then the baselines.
fn entrants<'a, S: Study>(study: &S, subjects: &'a [Subject]) -> impl Iterator<Item = Entrant<'a>> {
    let baselines = study.baselines().iter().copied().map(Entrant::Baseline);
    subjects.iter().map(Entrant::Training).chain(baselines)
}

impl<S: Study> Suite for StudySuite<S> {
    fn id(&self) -> &'static str {
        self.study.id()
    }

    fn units(&self) -> Vec<String> {
        let labels: Vec<String> = entrants(&self.study, &self.subjects).map(|entrant| entrant.label()).collect();
        self.units.iter().map(|(entrant, case)| format!("{} {case}", labels[*entrant])).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let (number, case) = &self.units[unit];
        let subject = self.subjects.get(*number).map(Entrant::Training);
        let baseline = || Entrant::Baseline(self.study.baselines()[number - self.subjects.len()]);
        let seen = self.study.see(&subject.unwrap_or_else(baseline), case)?;
        Ok(serde_json::to_value(seen)?)
    }

    fn name_family(&mut self, family: &Family) -> anyhow::Result<()> {
        let claims = self.study.measures().iter().any(|measure| measure.claim.is_some());
        ensure!(claims, "suite `{}` claims no differences", self.id());
        let tried = self.units.iter().filter_map(|(entrant, _)| self.subjects.get(*entrant));
        let policies = distinct(tried.map(|subject| subject.policy.as_str()));
        let groups = Group::of(&self.study);
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        self.family = Some(family.on(&policies, &names, Group::primary(&groups, &self.study))?);
        Ok(())
    }

    fn family(&self) -> Option<&Family> {
        self.family.as_ref()
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        ensure!(outcomes.len() == self.units.len(), "{} outcomes of {} units", outcomes.len(), self.units.len());
        let seen = outcomes.iter().map(|value| serde_json::from_value(value.clone()));
        let seen = seen.collect::<Result<Vec<S::Seen>, _>>()?;
        let entrants = entrants(&self.study, &self.subjects);
        let mut records: Vec<Record<S>> = entrants.map(|entrant| Record { entrant, seen: Vec::new() }).collect();
        for ((entrant, case), seen) in self.units.iter().zip(&seen) {
            records[*entrant].seen.push((case, seen));
        }
        self.study.section(&Findings::new(&self.study, &self.subjects, records, self.family.as_ref()))
    }
}
