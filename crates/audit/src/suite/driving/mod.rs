//! Suites that drive closed loop: the same roads for every policy, under settings that become harder.

mod charts;
mod degradation;
mod differences;
mod findings;
mod results;
mod settings;

use super::{Subject, Suite};
use crate::driving::DriveFigures;
use lane_driver::closed_loop::{Pilot, drive};
use lane_driver::twin_drive::Course;
use lane_report::section::Section;
use lane_sim::RoadSet;
use results::Results;
use serde_json::Value;
use settings::Setting;
use std::sync::Arc;

/// Drives roads of the test family under some settings.
pub struct DrivingSuite {
    kind: Kind,
    subjects: Arc<[Subject]>,
    settings: Vec<Setting>,
    roads: u32,
    seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Smoke,
    Unseen,
    Noise,
    Corrupt,
    Recover,
    Latency,
    Ood,
}

/// What drives besides the policies, in every suite whose roads are seen as they are.
const BASELINES: [&str; 2] = ["expert", "straight"];

impl DrivingSuite {
    /// A few roads; a crash on one of them is a finding.
    pub fn smoke(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Smoke, subjects, settings: vec![Setting::plain()], roads, seconds }
    }

    /// Roads that no training has shown.
    pub fn unseen(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Unseen, subjects, settings: vec![Setting::plain()], roads, seconds }
    }

    /// The paper's image noise.
    pub fn noise(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Noise, subjects, settings: settings::noise(), roads, seconds }
    }

    /// Corruptions of the picture.
    pub fn corrupt(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Corrupt, subjects, settings: settings::corruptions(), roads, seconds }
    }

    /// Starts off the lane centre and askew.
    pub fn recover(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Recover, subjects, settings: settings::starts(), roads, seconds }
    }

    /// Late commands and lost frames.
    pub fn latency(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Latency, subjects, settings: settings::latency(), roads, seconds }
    }

    /// Looks that no training has shown.
    pub fn ood(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { kind: Kind::Ood, subjects, settings: settings::weathers(), roads, seconds }
    }

    /// Baselines of this suite. They see no picture, so what only spoils the picture cannot change them.
    fn baselines(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Noise | Kind::Corrupt | Kind::Ood => &[],
            Kind::Smoke | Kind::Unseen | Kind::Recover | Kind::Latency => &BASELINES,
        }
    }

    /// Trainings and baselines.
    fn entrants(&self) -> usize {
        self.subjects.len() + self.baselines().len()
    }

    /// Setting, entrant and road of a unit.
    fn place(&self, unit: usize) -> (usize, usize, usize) {
        let (rest, road) = (unit / self.roads as usize, unit % self.roads as usize);
        (rest / self.entrants(), rest % self.entrants(), road)
    }

    fn name(&self, unit: usize) -> String {
        let (setting, entrant, road) = self.place(unit);
        let (setting, seconds) = (&self.settings[setting], self.seconds);
        let label = self
            .subjects
            .get(entrant)
            .map_or_else(|| self.baselines()[entrant - self.subjects.len()].to_owned(), Subject::label);
        format!("{label} {} {} road {road}, {seconds} s", setting.group, setting.level)
    }

    fn pilot(&self, entrant: usize) -> Pilot {
        match self.subjects.get(entrant) {
            Some(subject) => Pilot::Policy(Box::new(subject.driver.clone())),
            None if self.baselines()[entrant - self.subjects.len()] == "expert" => Pilot::Expert,
            None => Pilot::Zero,
        }
    }
}

impl Suite for DrivingSuite {
    fn id(&self) -> &'static str {
        match self.kind {
            Kind::Smoke => "smoke",
            Kind::Unseen => "unseen",
            Kind::Noise => "noise",
            Kind::Corrupt => "corrupt",
            Kind::Recover => "recover",
            Kind::Latency => "latency",
            Kind::Ood => "ood",
        }
    }

    fn units(&self) -> Vec<String> {
        if self.subjects.is_empty() {
            return Vec::new();
        }
        let units = self.settings.len() * self.entrants() * self.roads as usize;
        (0..units).map(|unit| self.name(unit)).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let (setting, entrant, road) = self.place(unit);
        let setting = &self.settings[setting];
        let (seed, weather, seconds) = (road as u32, setting.weather, self.seconds);
        let course = Course { set: RoadSet::Test, seed, family: None, weather, seconds };
        let log = drive(&mut self.pilot(entrant), course.world(), seconds, &setting.conditions)?;
        Ok(serde_json::to_value(DriveFigures::of(&log))?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let drives = outcomes.iter().map(|value| serde_json::from_value(value.clone()));
        let drives = drives.collect::<Result<Vec<DriveFigures>, _>>()?;
        let results = Results::new(self, &drives);
        let (title, text) = self.kind.words();
        let section = Section::new(self.id(), title).say(format!(
            "{} roads of the test family, which no training and no choice has seen, for {} s each at the road's own \
             speed. {text} A car that leaves its lane is put back on the lane centre and counted as a crash.",
            self.roads, self.seconds
        ));
        Ok(findings::fill(&results, section))
    }
}

impl Kind {
    /// Heading, and what is done to the roads.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Smoke => ("Smoke test", "Nothing is made harder: a crash here means that something is broken."),
            Self::Unseen => ("Unseen roads", "Nothing is made harder than the roads are."),
            Self::Noise => (
                "Image noise",
                "Gaussian noise of the given variance is added to the image on [0, 1] and clipped, before the policy \
                 whitens it (Lechner et al. 2020, Fig. 4a); every policy gets the same noise on the same road. Whether \
                 a policy was trained with noise stands in the list of policies: to one that was, this is nothing new.",
            ),
            Self::Corrupt => (
                "Corruptions",
                "The families of ImageNet-C (Hendrycks and Dietterich 2019) and five of the road, in five severities \
                 that are calibrated to small pictures. Policies whose training had noise and blur have met two of the \
                 families before.",
            ),
            Self::Recover => (
                "Recovery",
                "Each drive starts off the lane centre and askew, on a straight; it recovers if it does not leave its \
                 lane.",
            ),
            Self::Latency => (
                "Latency and lost frames",
                "Commands reach the wheels late, or frames are lost and the last command stands.",
            ),
            Self::Ood => (
                "Looks that were never trained on",
                "The same roads under night, fog, snow, other ground and without paint.",
            ),
        }
    }
}
