//! What was seen, sorted by who was tried.

use super::{Entrant, Study};
use lane_report::plot::Colour;

/// Everything that was seen of one entrant, case by case; every entrant of a study has its cases in the same order.
pub struct Record<'a, S: Study> {
    /// Who was tried.
    pub entrant: Entrant<'a>,
    /// Each case with what was seen in it.
    pub seen: Vec<(&'a S::Case, &'a S::Seen)>,
}

/// What one row of a table is about: all trainings of a policy, one of them, or a baseline.
pub struct Row<'a, S: Study> {
    /// The policy, the training or the baseline.
    pub name: String,
    /// Its colour in every chart of the report.
    pub colour: Colour,
    /// A record for each training, in the order of their seeds on the command line; one for a baseline.
    pub records: Vec<Record<'a, S>>,
}

impl<S: Study> Record<'_, S> {
    /// What was seen in the cases for which `holds`.
    pub fn within(&self, holds: impl Fn(&S::Case) -> bool) -> Self {
        let seen = self.seen.iter().copied().filter(|(case, _)| holds(case));
        Self { entrant: self.entrant, seen: seen.collect() }
    }
}

impl<'a, S: Study> Row<'a, S> {
    /// The same of the cases for which `holds`.
    pub fn within(&self, holds: impl Fn(&S::Case) -> bool) -> Self {
        let records = self.records.iter().map(|record| record.within(&holds)).collect();
        Self { name: self.name.clone(), colour: self.colour, records }
    }

    /// A row for each of its trainings.
    pub fn single(&self) -> impl Iterator<Item = Self> {
        self.records.iter().map(|record| Self {
            name: record.entrant.label(),
            colour: self.colour,
            records: vec![Record { entrant: record.entrant, seen: record.seen.clone() }],
        })
    }

    /// Everything that was seen, training by training.
    pub fn seen(&self) -> impl Iterator<Item = &'a S::Seen> {
        self.records.iter().flat_map(|record| record.seen.iter().map(|(_, seen)| *seen))
    }

    /// Something of everything that was seen of each training.
    pub fn each_training<T>(&self, of: impl Fn(&'a S::Seen) -> T) -> Vec<Vec<T>> {
        self.records.iter().map(|record| record.seen.iter().map(|(_, seen)| of(seen)).collect()).collect()
    }

    /// Whether it is a yardstick and no policy.
    pub fn is_baseline(&self) -> bool {
        self.records.iter().all(|record| record.entrant.subject().is_none())
    }
}
