//! Everything that a study saw, sorted by policy and training.

use super::colours::colours;
use super::{Comparison, Group, Measure, Record, Row, Study};
use crate::family::Family;
use crate::suite::Subject;
use lane_report::section::Section;
use lane_statistics::pairs::every_two;

/// All that is known when a study's section is written.
pub struct Findings<'a, S: Study> {
    subjects: &'a [Subject],
    /// The policies in the order of their first trainings, then the baselines.
    rows: Vec<Row<'a, S>>,
    measures: Vec<Measure<S>>,
    groups: Vec<Group<S>>,
    reading: &'static str,
    /// Name of the group of the primary comparison.
    primary_group: String,
    /// Comparisons that were named before the run, besides the primary one.
    family: Option<&'a Family>,
    figures: Vec<super::Figure<S>>,
}

impl<'a, S: Study> Findings<'a, S> {
    /// Sorts what was seen. Entrants without a case have no row.
    pub fn new(study: &S, subjects: &'a [Subject], records: Vec<Record<'a, S>>, family: Option<&'a Family>) -> Self {
        let names_of_subjects = subjects.iter().map(|subject| subject.policy.as_str());
        let names = distinct(names_of_subjects.chain(study.baselines().iter().map(|baseline| baseline.name())));
        // Of all policies of the audit, so that one that a study leaves out changes no colour.
        let colours = colours(&names);
        let mut rows: Vec<Row<'a, S>> = names
            .iter()
            .zip(colours)
            .map(|(name, colour)| Row { name: (*name).to_owned(), colour, records: Vec::new() })
            .collect();
        for record in records.into_iter().filter(|record| !record.seen.is_empty()) {
            if let Some(row) = rows.iter_mut().find(|row| row.name == record.entrant.row()) {
                row.records.push(record);
            }
        }
        rows.retain(|row| !row.records.is_empty());
        let groups = Group::of(study);
        let primary_group = Group::primary(&groups, study).to_owned();
        let (measures, reading, figures) = (study.measures(), study.reading(), study.figures());
        Self { subjects, rows, measures, groups, reading, primary_group, family, figures }
    }

    /// Who was audited, also who is left out here.
    pub fn subjects(&self) -> &'a [Subject] {
        self.subjects
    }

    /// A section that says which trainings are left out of it, if any are, because they are imported graphs or modules,
    /// and why those are not tried.
    pub fn without_imported(&self, section: Section, why: &str) -> Section {
        let imported = self.subjects.iter().filter(|subject| subject.driver.policy().is_none());
        let labels: Vec<String> = imported.map(Subject::label).collect();
        match &labels[..] {
            [] => section,
            _ => section.say(format!("Left out, as imported, because {why}: {}.", labels.join(", "))),
        }
    }

    /// The policies, then the baselines.
    pub fn rows(&self) -> &[Row<'a, S>] {
        &self.rows
    }

    /// The policies without the baselines.
    pub fn policies(&self) -> &[Row<'a, S>] {
        let policies = self.rows.iter().take_while(|row| !row.is_baseline()).count();
        &self.rows[..policies]
    }

    /// A row for each training, policy by policy.
    pub fn trainings(&self) -> Vec<Row<'a, S>> {
        self.policies().iter().flat_map(Row::single).collect()
    }

    /// The study's measures.
    pub fn measures(&self) -> &[Measure<S>] {
        &self.measures
    }

    /// What the cases are grouped by; one group without a name where the study has none.
    pub fn groups(&self) -> &[Group<S>] {
        &self.groups
    }

    /// How the scores are read.
    pub fn reading(&self) -> &'static str {
        self.reading
    }

    /// Further columns of the scores.
    pub fn figures(&self) -> &[super::Figure<S>] {
        &self.figures
    }

    /// Every two policies within each group, compared by each measure, in the order of the table of differences. One of
    /// the comparisons that claim something is [primary](Findings::primary); those of the [family](Family) are corrected
    /// together (Holm), and so are all others.
    pub fn differences(&self) -> Vec<Contrast<'_>> {
        let mut contrasts: Vec<Contrast<'_>> = self.groups.iter().flat_map(|group| self.within(group)).collect();
        let claiming = self.claiming();
        let (mut family, mut others): (Vec<&mut Comparison>, Vec<&mut Comparison>) = (Vec::new(), Vec::new());
        let mut primary_is_known = false;
        for contrast in &mut contrasts {
            let (in_group, in_family) = (contrast.group == self.primary_group, self.in_family(contrast));
            for (place, comparison) in contrast.by_measure.iter_mut().enumerate() {
                let is_first = claiming.first() == Some(&place);
                let is_primary = in_group && !primary_is_known && is_first;
                primary_is_known |= is_primary;
                if is_first && in_family {
                    family.push(comparison);
                } else if claiming.contains(&place) && !is_primary {
                    others.push(comparison);
                }
            }
        }
        [family, others].into_iter().for_each(Comparison::correct_together);
        contrasts
    }

    /// The comparison named beforehand, in words: the study's first claim, in its first group or the one that it names, of
    /// the first two policies. Nothing for one policy, and where nothing is claimed.
    pub fn primary(&self) -> Option<String> {
        let [first, second, ..] = self.policies() else { return None };
        self.in_words([&first.name, &second.name], &self.primary_group)
    }

    /// Whether two policies compared within a group are one of the family that was named before the run.
    pub(super) fn in_family(&self, contrast: &Contrast<'_>) -> bool {
        self.family.is_some_and(|family| family.holds([contrast.first, contrast.second], contrast.group))
    }

    /// A comparison by the study's first claim, in words: `crashes, ncp and cnn, night`.
    pub(super) fn in_words(&self, [first, second]: [&str; 2], group: &str) -> Option<String> {
        let claim = self.measures.get(*self.claiming().first()?)?.claim.as_ref()?;
        let within = if group.is_empty() { String::new() } else { format!(", {group}") };
        Some(format!("{}, {first} and {second}{within}", claim.what))
    }

    /// The place of the measure of the primary comparison, and that comparison.
    pub(super) fn primary_of<'c, 'f>(&self, contrasts: &'c [Contrast<'f>]) -> Option<(usize, &'c Contrast<'f>)> {
        let place = *self.claiming().first()?;
        Some((place, contrasts.iter().find(|contrast| contrast.group == self.primary_group)?))
    }

    /// Places of the measures that claim something.
    fn claiming(&self) -> Vec<usize> {
        let claiming = self.measures.iter().enumerate().filter(|(_, measure)| measure.claim.is_some());
        claiming.map(|(place, _)| place).collect()
    }

    fn within<'s>(&'s self, group: &'s Group<S>) -> impl Iterator<Item = Contrast<'s>> + use<'a, 's, S> {
        let compare = move |first: &'s Row<'a, S>, second: &'s Row<'a, S>| {
            let rows = [first, second].map(|row| row.within(&group.holds));
            let by_measure = self.measures.iter().map(|measure| measure.compare(&rows[0], &rows[1]));
            Contrast { group: &group.name, first: &first.name, second: &second.name, by_measure: by_measure.collect() }
        };
        every_two(self.policies()).map(move |(first, second)| compare(first, second))
    }
}

/// Every name once, in the order in which they first come.
pub(super) fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut known = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// Two policies compared by every measure.
pub struct Contrast<'a> {
    /// The group of cases; empty where there is only one.
    pub group: &'a str,
    /// The first policy.
    pub first: &'a str,
    /// The second.
    pub second: &'a str,
    /// One for each measure.
    pub by_measure: Vec<Comparison>,
}
