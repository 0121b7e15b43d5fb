//! Who is tried.

use crate::suite::Subject;
use lane_driver::closed_loop::Pilot;

/// A training under audit, or something to compare it with that was never trained.
#[derive(Clone, Copy, Debug)]
pub enum Entrant<'a> {
    /// One training of a policy.
    Training(&'a Subject),
    /// A yardstick.
    Baseline(Baseline),
}

/// Something that drives without having been trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Pure pursuit on the true lane: the best that can be hoped for.
    Expert,
    /// Straight on, always: what the roads ask for at least.
    Straight,
}

impl<'a> Entrant<'a> {
    /// The row of a report that it belongs to: the policy's name, or its own.
    pub fn row(&self) -> &'a str {
        match self {
            Self::Training(subject) => &subject.policy,
            Self::Baseline(baseline) => baseline.name(),
        }
    }

    /// Its name in journals and in tables of single trainings: `ncp-1`.
    pub fn label(&self) -> String {
        match self {
            Self::Training(subject) => subject.label(),
            Self::Baseline(baseline) => baseline.name().to_owned(),
        }
    }

    /// The training, where there was one.
    pub fn subject(&self) -> Option<&'a Subject> {
        match self {
            Self::Training(subject) => Some(subject),
            Self::Baseline(_) => None,
        }
    }

    /// What drives in its name, with a memory of its own.
    pub fn pilot(&self) -> Pilot {
        match self {
            Self::Training(subject) => Pilot::Policy(Box::new(subject.driver.clone())),
            Self::Baseline(Baseline::Expert) => Pilot::Expert,
            Self::Baseline(Baseline::Straight) => Pilot::Zero,
        }
    }
}

impl Baseline {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expert => "expert",
            Self::Straight => "straight",
        }
    }
}
