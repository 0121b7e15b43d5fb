//! Drives sorted by setting and policy, and what every driving suite says about them.

use super::differences;
use super::settings::Setting;
use super::{DrivingSuite, Kind, charts, degradation};
use crate::audit::driving::{
    DriveFigures, DrivingScore, comfort_table, driving_table, family_table, lane_keeping_table,
};
use crate::audit::section::{Cell, Column, Section};
use crate::audit::suite::Subject;
use crate::audit::suite::policies::{Policy, policies};

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

    /// Adds what these results amount to.
    pub fn fill(&self, section: Section) -> Section {
        let kind = self.suite.kind;
        let section = self.say_crashes(section);
        let section = match kind {
            Kind::Corrupt => degradation::fill(self, section),
            Kind::Recover => section.chart(
                "basins",
                "Share of drives that did not leave the lane, by offset and heading at the start: the brighter, the more.",
                charts::basins(self),
            ),
            _ => section,
        };
        let section = self.tables(section);
        let section = differences::fill(self, section);
        match kind {
            Kind::Noise | Kind::Latency => section.chart(
                "levels",
                "Crashes per km: lines through the means, a dot for each training.",
                charts::levels(self),
            ),
            Kind::Smoke | Kind::Unseen => section
                .chart(
                    "crashes",
                    "Crashes per km with 95 % Poisson intervals; a dot for each training.",
                    charts::bars(self),
                )
                .chart(
                    "survival",
                    "Share of drives without a crash so far (Kaplan and Meier).",
                    charts::survival(self),
                ),
            Kind::Ood => section.chart(
                "crashes",
                "Crashes per km with 95 % Poisson intervals; a dot for each training.",
                charts::bars(self),
            ),
            Kind::Corrupt | Kind::Recover => section,
        }
    }

    /// Trainings that crashed in a smoke test.
    fn say_crashes(&self, mut section: Section) -> Section {
        if self.suite.kind != Kind::Smoke {
            return section;
        }
        for (entrant, subject) in self.subjects().iter().enumerate() {
            let [crashes, km] = self.crashes(&[0], entrant);
            if crashes > 0.0 {
                section.wanting.push(format!("smoke: {} crashed {crashes} times in {km:.2} km", subject.label()));
            }
        }
        if section.wanting.is_empty() {
            return section.say("No policy crashed.");
        }
        let found = section.wanting.join("; ");
        section.say(found)
    }

    /// Every score: of policies over all their trainings, and of each training.
    fn tables(&self, section: Section) -> Section {
        let setting_keys = [Column::key("setting", "setting"), Column::key("level", "level")];
        let many = self.settings().len() > 1;
        let keys = |name: &str| {
            let setting = setting_keys.iter().filter(|_| many).cloned();
            setting.chain([Column::key(name, name)]).collect::<Vec<_>>()
        };
        let cells = |setting: &Setting, name: &str| {
            let place = [Cell::text(&setting.group), Cell::number(setting.level)];
            place.into_iter().filter(|_| many).chain([Cell::text(name)]).collect::<Vec<_>>()
        };
        let mut rows = Vec::new();
        let mut single = Vec::new();
        for (number, setting) in self.settings().iter().enumerate() {
            for policy in self.all() {
                rows.push((cells(setting, policy.name), self.score(number, policy)));
            }
            for (entrant, subject) in self.subjects().iter().enumerate() {
                let label = subject.label();
                let policy = Policy { name: &label, trainings: vec![entrant] };
                single.push((cells(setting, &label), self.score(number, &policy)));
            }
        }
        let policy = keys("policy");
        let section = section
            .table(driving_table("scores", "Scores, all trainings of a policy together", &policy, &rows))
            .table(lane_keeping_table("lane-keeping", "Lane keeping", &policy, &rows));
        let section = if matches!(self.suite.kind, Kind::Corrupt | Kind::Recover) {
            section
        } else {
            section.table(comfort_table("comfort", "Steering and comfort", &policy, &rows)).table(family_table(
                "kinds",
                "By kind of road",
                &policy,
                &rows,
            ))
        };
        section.table(driving_table("trainings", "Scores of each training", &keys("training"), &single))
    }
}
