//! Whether a policy drives by the road or by what happens to stand beside it: bushes whose blossom told the curvature
//! in training, and lie in the test (Geirhos et al. 2020; de Haan et al. 2019).

mod results;
mod swap;
mod tables;

use super::{Subject, Suite};
use crate::driving::DriveFigures;
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_driver::twin_drive::Course;
use lane_report::section::Section;
use lane_sim::{Cue, RoadSet, Weather, World, WorldSpec};
use results::Results;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use swap::Swap;

/// What the bushes tell in the drives of each road.
const MODES: [Cue; 3] = [Cue::Predictive, Cue::Absent, Cue::Broken];

/// Drives the same roads beside true, no and broken cues.
pub struct ShortcutSuite {
    subjects: Arc<[Subject]>,
    roads: u32,
    seconds: f64,
}

/// One training on one road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    /// One drive for each of [`MODES`].
    drives: [DriveFigures; 3],
    swap: Swap,
}

impl ShortcutSuite {
    /// On this many roads for this long each.
    pub fn new(subjects: Arc<[Subject]>, roads: u32, seconds: f64) -> Self {
        Self { subjects, roads, seconds }
    }

    /// Subject and road of a unit.
    fn place(&self, unit: usize) -> (&Subject, u32) {
        (&self.subjects[unit / self.roads as usize], (unit % self.roads as usize) as u32)
    }

    fn worlds<const N: usize>(&self, road: u32, cues: [Cue; N]) -> [Arc<World>; N] {
        let (set, weather, seconds) = (RoadSet::Test, Weather::Daylight, self.seconds);
        let spec = Course { set, seed: road, family: None, weather, seconds }.spec();
        cues.map(|cue| Arc::new(World::build(WorldSpec { cue, ..spec })))
    }
}

impl Suite for ShortcutSuite {
    fn id(&self) -> &'static str {
        "shortcut"
    }

    fn units(&self) -> Vec<String> {
        let name = |unit| {
            let (subject, road) = self.place(unit);
            format!("{} road {road}, {} s, cue true, absent, broken and swapped", subject.label(), self.seconds)
        };
        (0..self.subjects.len() * self.roads as usize).map(name).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let (subject, road) = self.place(unit);
        let mut pilot = Pilot::Policy(Box::new(subject.driver.clone()));
        let mut driven = |world: Arc<World>| {
            let log = drive(&mut pilot, world, self.seconds, &Conditions::default())?;
            anyhow::Ok(DriveFigures::of(&log))
        };
        let [told, absent, broken] = self.worlds(road, MODES);
        let drives = [driven(told)?, driven(absent)?, driven(broken)?];
        let swapped = self.worlds(road, [Cue::Predictive, Cue::Opposite]);
        let swap = Swap::measure(&subject.driver, swapped, self.seconds)?;
        Ok(serde_json::to_value(Outcome { drives, swap })?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let outcomes = outcomes.iter().map(|value| serde_json::from_value(value.clone()));
        let outcomes = outcomes.collect::<Result<Vec<Outcome>, _>>()?;
        anyhow::ensure!(outcomes.len() == self.units().len(), "outcomes of another suite");
        let section = Section::new(self.id(), "Shortcuts beside the road")
            .say(
                "Bushes stand every 5 m on both sides of the road. Where the cue is true, their blossom is red where \
                 the road bends to the left, blue where it bends to the right and white where it is straight; where it \
                 is broken, they show the colours of other places of the same road, so that colours are as frequent \
                 and mean nothing; where it is absent, there are none of them. Road, light and everything else are the \
                 same. A policy that looks at the road drives alike in all three; one that took the shortcut gets \
                 worse when the cue breaks.",
            )
            .say(format!(
                "{} roads of the test family for {} s each, and on each the swap test: the expert drives, the policy \
                 only watches, once with the true and once with the opposite colours. What its steering differs by at \
                 the same places is due to the colours alone.",
                self.roads, self.seconds
            ))
            .say(self.trained_on());
        Ok(tables::fill(&Results::new(self, &outcomes), section))
    }
}

impl ShortcutSuite {
    /// Which policies had the cue in training.
    fn trained_on(&self) -> String {
        let names = |with_cue: bool| {
            let policies = super::policies::policies(&self.subjects);
            let chosen = policies.iter().filter(|p| self.subjects[p.trainings[0]].trained_with_cue == with_cue);
            chosen.map(|policy| policy.name.to_owned()).collect::<Vec<_>>().join(", ")
        };
        let (with, without) = (names(true), names(false));
        let with = if with.is_empty() {
            "No policy here was trained with the cue (`train --cue`)".into()
        } else {
            format!("Trained with the true cue, by their cards: {with}")
        };
        if without.is_empty() {
            return format!("{with}.");
        }
        format!(
            "{with}. Trained without it, and so a control that can have learned no such shortcut: {without}. To these \
             the bushes are only a new sight."
        )
    }
}

#[cfg(test)]
mod tests;
