//! Drives sorted by setting and policy.

use super::settings::Setting;
use super::{DrivingSuite, Kind};
use crate::driving::{DriveFigures, DrivingScore};
use crate::suite::Subject;
use crate::suite::policies::{Policy, policies};

/// All drives of a suite.
pub struct Results<'a> {
    suite: &'a DrivingSuite,
    drives: &'a [DriveFigures],
    /// The policies, then the baselines with one entrant each.
    policies: Vec<Policy<'a>>,
}

impl<'a> Results<'a> {
    /// `drives` in the order of the suite's units.
    pub fn new(suite: &'a DrivingSuite, drives: &'a [DriveFigures]) -> Self {
        let mut policies = policies(&suite.subjects);
        let baselines = suite.baselines().iter().zip(suite.subjects.len()..);
        policies.extend(baselines.map(|(name, entrant)| Policy { name, trainings: vec![entrant] }));
        Self { suite, drives, policies }
    }

    /// Which suite.
    pub(super) fn kind(&self) -> Kind {
        self.suite.kind
    }

    /// The policies and the baselines.
    pub fn all(&self) -> &[Policy<'a>] {
        &self.policies
    }

    /// The policies without the baselines.
    pub fn trained(&self) -> &[Policy<'a>] {
        &self.policies[..self.policies.len() - self.suite.baselines().len()]
    }

    /// What was trained.
    pub fn subjects(&self) -> &[Subject] {
        &self.suite.subjects
    }

    /// The settings.
    pub fn settings(&self) -> &[Setting] {
        &self.suite.settings
    }

    /// Names of what is made harder, each once, in order.
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for setting in self.settings() {
            if groups.last() != Some(&setting.group.as_str()) {
                groups.push(&setting.group);
            }
        }
        groups
    }

    /// Settings of a group with their numbers.
    pub fn of_group<'b>(&'b self, group: &'b str) -> impl Iterator<Item = (usize, &'b Setting)> {
        self.settings().iter().enumerate().filter(move |(_, setting)| setting.group == group)
    }

    /// Drives of an entrant under a setting, road by road.
    pub fn drives(&self, setting: usize, entrant: usize) -> &[DriveFigures] {
        let roads = self.suite.roads as usize;
        &self.drives[(setting * self.suite.entrants() + entrant) * roads..][..roads]
    }

    /// All drives of a policy under a setting, training by training.
    pub fn score(&self, setting: usize, policy: &Policy) -> DrivingScore {
        let drives: Vec<_> =
            policy.trainings.iter().flat_map(|entrant| self.drives(setting, *entrant)).cloned().collect();
        let noise = self.settings()[setting].conditions.noise_variance;
        DrivingScore::of(policy.name, noise, &drives)
    }

    /// Crashes and kilometres of an entrant under some settings.
    pub fn crashes(&self, settings: &[usize], entrant: usize) -> [f64; 2] {
        let drives = settings.iter().flat_map(|setting| self.drives(*setting, entrant));
        drives.fold([0.0; 2], |[crashes, km], drive| [crashes + f64::from(drive.crashes), km + drive.km])
    }

    /// Crashes per km of each training of a policy, under some settings.
    pub fn rates(&self, settings: &[usize], policy: &Policy) -> Vec<f64> {
        let rate = |entrant: &usize| {
            let [crashes, km] = self.crashes(settings, *entrant);
            if km > 0.0 { crashes / km } else { f64::NAN }
        };
        policy.trainings.iter().map(rate).collect()
    }

    /// Share of drives of a policy without a crash, under a setting.
    pub fn success(&self, setting: usize, policy: &Policy) -> f64 {
        let score = self.score(setting, policy);
        score.roads_without_crash as f64 / score.roads.max(1) as f64
    }
}
