//! Policies with their first weights, to try suites on.

use super::Subject;
use lane_driver::{Driver, Source};
use lane_policy::device;
use lane_policy::{Policy, PolicyKind};
use std::sync::Arc;

/// Some trainings of each policy, seeds from 1.
pub(crate) fn untrained(names: &[&str], trainings: u64) -> Arc<[Subject]> {
    names.iter().flat_map(|name| (1..=trainings).map(|seed| subject(name, seed))).collect()
}

/// One training of a policy.
pub(crate) fn subject(name: &str, training_seed: u64) -> Subject {
    let kind: PolicyKind = name.parse().unwrap();
    let policy = Policy::init(kind, training_seed, &device::cpu());
    let source = Source { name: name.into(), origin: "untrained".into() };
    Subject {
        policy: name.into(),
        training_seed,
        weights_sha256: String::new(),
        parameters: policy.parameters(),
        training: String::new(),
        trained_noise_variance: None,
        trained_with_cue: false,
        driver: Driver::new(source, policy, &device::cpu()),
    }
}
