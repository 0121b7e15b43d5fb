//! What was set when on a drive, and where its cars were every second: enough to go back to any moment exactly.

use super::car::Conditions;
use super::policy_car::KeptCar;
use super::seat::Seat;
use super::session::DriveSetup;
use std::sync::Arc;

/// Control steps between two kept states: a second.
pub(crate) const KEPT_EVERY: u64 = 20;

/// Everything that is set from one moment on.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub setup: DriveSetup,
    /// One per policy.
    pub seats: Vec<Seat>,
    /// Control step of the first change since the drive, or since ghosts were dropped.
    pub branched_at: Option<u64>,
}

/// The settings of a drive over its control steps, and kept states of its cars.
#[derive(Clone)]
pub(crate) struct Timeline {
    /// From which control step on what is set, in rising order; the first one is 0.
    changes: Vec<(u64, Settings)>,
    /// The cars before every [`KEPT_EVERY`]th control step, and before what changes with it.
    kept: Vec<Vec<KeptCar>>,
}

impl Settings {
    /// What makes the drive harder than its road does.
    pub(crate) fn conditions(&self) -> Conditions {
        let DriveSetup { noise_variance, corruption, delay_steps, dropped_share, factors, .. } = self.setup;
        Conditions { noise_variance, corruption, delay_steps, dropped_share, factors, ..Conditions::default() }
    }

    /// True if cars drive by both in the same way.
    pub(crate) fn drives_as(&self, other: &Self) -> bool {
        let same_seats = self.seats.iter().zip(&other.seats).all(|(own, other)| own.is_same(other));
        self.seats.len() == other.seats.len() && same_seats && self.setup == other.setup
    }
}

impl Timeline {
    /// A drive that begins with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { changes: vec![(0, settings)], kept: Vec::new() }
    }

    /// What is set at a control step.
    pub(crate) fn at(&self, step: u64) -> &Settings {
        let after = self.changes.partition_point(|(from, _)| *from <= step);
        &self.changes[after.max(1) - 1].1
    }

    /// What is set from this control step on and was not before.
    pub(crate) fn change_at(&self, step: u64) -> Option<&Settings> {
        let found = self.changes.binary_search_by_key(&step, |(from, _)| *from);
        found.ok().map(|number| &self.changes[number].1)
    }

    /// True if the same policies drive from a control step to a later one.
    pub(crate) fn has_same_policies(&self, from: u64, to: u64) -> bool {
        let first = &self.at(from).seats;
        let later = self.changes.iter().filter(|(step, _)| (from..=to).contains(step));
        later.into_iter().all(|(_, settings)| {
            let pairs = first.iter().zip(&settings.seats);
            first.len() == settings.seats.len() && pairs.into_iter().all(|(a, b)| Arc::ptr_eq(&a.intact, &b.intact))
        })
    }

    /// Sets something from a control step on and drops what was kept after it. False where nothing changes.
    pub(crate) fn change(&mut self, step: u64, edit: impl FnOnce(&mut Settings)) -> bool {
        let mut settings = self.at(step).clone();
        edit(&mut settings);
        let before = self.at(step);
        if settings.drives_as(before) && settings.branched_at == before.branched_at {
            return false;
        }
        self.undo_after(step);
        match self.changes.last_mut() {
            Some((from, last)) if *from == step => *last = settings,
            _ => self.changes.push((step, settings)),
        }
        self.keep_until(step);
        true
    }

    /// Undoes what was changed later than a control step. False where nothing was.
    pub(crate) fn undo_after(&mut self, step: u64) -> bool {
        let left = self.changes.partition_point(|(from, _)| *from <= step);
        let Some(&(undone, _)) = self.changes.get(left) else { return false };
        self.changes.truncate(left);
        self.keep_until(undone);
        true
    }

    fn keep_until(&mut self, step: u64) {
        self.kept.truncate((step / KEPT_EVERY) as usize + 1);
    }

    /// The control step and state from which to drive on to a control step, if any was kept.
    pub(crate) fn kept_before(&self, step: u64) -> Option<(u64, &[KeptCar])> {
        let number = ((step / KEPT_EVERY) as usize).min(self.kept.len().checked_sub(1)?);
        Some((number as u64 * KEPT_EVERY, &self.kept[number]))
    }

    /// Keeps the cars before a control step, if it is one of those that are kept and was not yet.
    pub(crate) fn keep(&mut self, step: u64, cars: impl FnOnce() -> Vec<KeptCar>) {
        if step == self.kept.len() as u64 * KEPT_EVERY {
            self.kept.push(cars());
        }
    }

    /// The last control step of which anything is kept.
    pub(crate) fn furthest(&self) -> u64 {
        (self.kept.len() as u64).saturating_sub(1) * KEPT_EVERY
    }
}
