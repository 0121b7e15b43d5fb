//! The audit's one mechanism: a study tries every training in the same cases and compares what was seen.
//!
//! # How to write a study
//!
//! A study is one file in `suite/` and one line in the table of suites ([`crate::suite`]). It says
//!
//! - its **cases**: one small piece of work each, whose text is its name in the journal and therefore holds everything
//!   that decides the outcome but the training;
//! - what is **seen** of one entrant in one case, as plain data that survives a journal;
//! - its **measures**: figures of what was seen, each with a name, a unit, and a rule by which cases become one number
//!   ([`Measure::mean`], [`Measure::geometric_mean`], [`Measure::rate`], [`Measure::events`]). A measure that
//!   [claims](Measure::claiming) something gets a verdict for every two policies and a sentence;
//! - its **section**: the words around the findings. [`Findings::tell`] adds all that every study has: scores by policy
//!   and by training, differences, sentences and tables of those that are shown, and a chart with a dot for each
//!   training. What only this study has is made from [`Findings::rows`].
//!
//! [`Findings`] decides for all studies which policies are compared (every two), which trainings are paired (equal seeds,
//! the same cases), how large the uncertainty is, which comparison is the primary one, how the others are corrected, what
//! may be said of a difference ([`Verdict`](lane_statistics::verdict::Verdict)) and which colour a policy has. No study does any of it by itself.
//!
//! Further possibilities: [`Study::baselines`] drive beside the policies and are not compared; [`Study::groups`] splits
//! the cases, and scores and differences are then given within each group; [`Study::figures`] are further columns of
//! the scores. A study that lays out its section by itself calls [`Findings::scores`], [`Findings::tell_differences`],
//! [`Findings::dots`] and [`Findings::scores_of_trainings`] where it wants them. [`Findings::answer`] fills the study's answer
//! to a question of the report's first screen.
//!
//! `suite/passive.rs` is the example to start from.

mod answer;
mod colours;
mod compare;
mod dots;
mod entrant;
mod findings;
mod measure;
mod record;
mod suite;
mod tell;
#[cfg(test)]
mod tests;

pub use colours::colours;
pub use compare::{Comparison, Pairing, Partners};
pub use dots::{Marks, dots_panel};
pub use entrant::{Baseline, Entrant};
pub use findings::{Contrast, Findings};
pub use measure::{Claim, Measure};
pub use record::{Record, Row};
pub use tell::{Scale, primary_sentence};

use crate::suite::{Subject, Suite};
use lane_report::section::{Cell, Section};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::sync::Arc;

/// Trainings of policies, compared over cases. How to write one stands above.
pub trait Study: Send + Sync + Sized + 'static {
    /// One thing to try an entrant on. Its text, behind the entrant's label, is its key in the journal.
    type Case: Display + Send + Sync;
    /// What one entrant did in one case.
    type Seen: Serialize + DeserializeOwned + Send + Sync;

    /// The study's word on the command line; names its files.
    fn id(&self) -> &'static str;

    /// What is tried besides the policies.
    fn baselines(&self) -> &'static [Baseline] {
        &[]
    }

    /// What an entrant is tried on, the same cases in the same order for all; none for one that is left out.
    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Self::Case>;

    /// Tries an entrant. The outcome depends on nothing but the entrant and the case.
    ///
    /// # Errors
    /// When a policy cannot steer, or what it is tried on cannot be read.
    fn see(&self, entrant: &Entrant<'_>, case: &Self::Case) -> anyhow::Result<Self::Seen>;

    /// The figures that are listed and compared; the first is drawn.
    fn measures(&self) -> Vec<Measure<Self>>;

    /// How the table of scores is read, in a sentence or two.
    fn reading(&self) -> &'static str {
        ""
    }

    /// Further columns of the scores, which are not compared.
    fn figures(&self) -> Vec<Figure<Self>> {
        Vec::new()
    }

    /// What the cases are split by; nothing where all belong together.
    fn groups(&self) -> Vec<Group<Self>> {
        Vec::new()
    }

    /// Name of the group that the study's primary comparison is about, which is named before anything is seen; its first
    /// where there is none.
    fn primary_group(&self) -> Option<&'static str> {
        None
    }

    /// The section of the report.
    ///
    /// # Errors
    /// When what was seen is not of this study.
    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section>;

    /// The study on some policies, as the engine runs it.
    fn on(self, subjects: Arc<[Subject]>) -> Box<dyn Suite> {
        Box::new(suite::StudySuite::new(self, subjects))
    }
}

/// A column of the scores that is not compared.
pub struct Figure<S: Study> {
    name: &'static str,
    heading: &'static str,
    decimals: usize,
    cell: fn(&Row<'_, S>) -> Cell,
}

impl<S: Study> Figure<S> {
    /// Its name in files and its heading, each with the unit, digits behind the point on the page, and its entry for a
    /// row.
    pub fn new(name: &'static str, heading: &'static str, decimals: usize, cell: fn(&Row<'_, S>) -> Cell) -> Self {
        Self { name, heading, decimals, cell }
    }
}

/// Whether a case belongs to a group.
pub type Holds<Case> = Box<dyn Fn(&Case) -> bool + Send + Sync>;

/// Some of a study's cases, under a name.
pub struct Group<S: Study> {
    /// As it stands in tables.
    pub name: String,
    /// Whether a case belongs to it.
    pub holds: Holds<S::Case>,
}

impl<S: Study> Group<S> {
    /// The cases for which `holds`.
    pub fn new(name: impl Into<String>, holds: impl Fn(&S::Case) -> bool + Send + Sync + 'static) -> Self {
        Self { name: name.into(), holds: Box::new(holds) }
    }

    /// The groups of a study; one without a name that holds all cases where it has none.
    pub fn of(study: &S) -> Vec<Self> {
        let groups = study.groups();
        if groups.is_empty() { vec![Self::new("", |_| true)] } else { groups }
    }

    /// Name of the group that the primary comparison of a study is about, one of these.
    pub fn primary<'g>(groups: &'g [Self], study: &S) -> &'g str {
        let named = groups.iter().find(|group| Some(group.name.as_str()) == study.primary_group());
        named.or(groups.first()).map_or("", |group| &group.name)
    }
}
