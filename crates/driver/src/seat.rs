//! A policy's seat in a session: the policy, and what was changed inside of it.

use super::Driver;
use lane_frame::Steering;
use lane_policy::Lesion;
use std::sync::Arc;

/// Who steers, and how. Policies are shared: here they are at the start of a drive, and are never driven.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// The policy as it was given.
    pub intact: Arc<Driver>,
    /// The same with its lesions.
    pub driver: Arc<Driver>,
    pub lesions: Vec<Lesion>,
    /// What a person commands who has taken over.
    pub manual: Option<Steering>,
}

impl Seat {
    /// A policy without lesions, left to itself.
    pub(crate) fn new(driver: Driver) -> Self {
        let intact = Arc::new(driver);
        Self { driver: Arc::clone(&intact), intact, lesions: Vec::new(), manual: None }
    }

    /// The same policy with these lesions and no others.
    ///
    /// # Errors
    /// When it has no such neuron or synapse, naming it.
    pub(crate) fn lesioned(&self, lesions: Vec<Lesion>) -> anyhow::Result<Self> {
        let driver =
            if lesions.is_empty() { Arc::clone(&self.intact) } else { Arc::new(self.intact.lesioned(&lesions)?) };
        Ok(Self { driver, lesions, ..self.clone() })
    }

    /// True if both steer the same way.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.driver, &other.driver) && self.manual == other.manual
    }
}
