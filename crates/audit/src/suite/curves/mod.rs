//! How tight a bend each policy can drive: single bends, tighter and tighter, until it leaves its lane.

mod limits;
mod tables;

use super::{Subject, Suite};
use lane_driver::CannotSteer;
use lane_driver::closed_loop::{Conditions, DriveLog, Pilot, drive};
use lane_report::section::Section;
use lane_sim::{Bend, Layout, MAX_WHEEL_ANGLE_RAD, RoadSet, WHEELBASE_M, Weather, World, WorldSpec};
use limits::Limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Radii in m from gentle to tight: preferred numbers (ISO 3, R10), each 0.79 of the one before. Roads of the training
/// have 30 m and more.
const RADII_M: [f32; 12] = [100.0, 80.0, 63.0, 50.0, 40.0, 31.5, 25.0, 20.0, 16.0, 12.5, 10.0, 8.0];

/// From radius to radius.
const STEP_RATIO: f64 = 0.794_328;

/// Drives single bends to the left and to the right, under several looks.
pub struct CurvesSuite {
    subjects: Arc<[Subject]>,
    looks: u32,
}

/// What drives besides the policies.
const BASELINE: &str = "expert";

/// Bends of one entrant, look and side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sweep {
    /// The car's constant speed.
    speed_mps: f32,
    /// For each of [`RADII_M`], whether it stayed in its lane.
    driven: Vec<bool>,
}

impl CurvesSuite {
    /// With this many looks of road, roadside and light.
    pub fn new(subjects: Arc<[Subject]>, looks: u32) -> Self {
        Self { subjects, looks }
    }

    /// Trainings and the baseline, which comes last.
    fn entrants(&self) -> usize {
        self.subjects.len() + 1
    }

    /// Sweeps of one entrant: every look to the left and to the right.
    fn sweeps(&self) -> usize {
        2 * self.looks as usize
    }

    /// Entrant, look and side (left or not) of a unit.
    fn place(&self, unit: usize) -> (usize, u64, bool) {
        let sweep = unit % self.sweeps();
        (unit / self.sweeps(), sweep as u64 / 2, sweep.is_multiple_of(2))
    }

    fn name(&self, unit: usize) -> String {
        let (entrant, look, left) = self.place(unit);
        let label = self.subjects.get(entrant).map_or_else(|| BASELINE.to_owned(), Subject::label);
        let [first, .., last] = RADII_M;
        let side = if left { "left" } else { "right" };
        format!("{label} look {look} {side}, {} radii {first} to {last} m", RADII_M.len())
    }
}

impl Suite for CurvesSuite {
    fn id(&self) -> &'static str {
        "curves"
    }

    fn units(&self) -> Vec<String> {
        if self.subjects.is_empty() {
            return Vec::new();
        }
        (0..self.entrants() * self.sweeps()).map(|unit| self.name(unit)).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        let (entrant, look, left) = self.place(unit);
        let driver = self.subjects.get(entrant).map(|subject| Box::new(subject.driver.clone()));
        let mut pilot = driver.map_or(Pilot::Expert, Pilot::Policy);
        let mut sweep = Sweep { speed_mps: 0.0, driven: Vec::new() };
        for radius_m in RADII_M {
            let log = drive_bend(&mut pilot, look, Bend { radius_m, left })?;
            sweep.speed_mps = log.speed_mps;
            sweep.driven.push(log.crashes() == 0);
        }
        Ok(serde_json::to_value(sweep)?)
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        let sweeps = outcomes.iter().map(|value| serde_json::from_value(value.clone()));
        let sweeps = sweeps.collect::<Result<Vec<Sweep>, _>>()?;
        let whole = sweeps.iter().all(|sweep| sweep.driven.len() == RADII_M.len());
        anyhow::ensure!(whole && sweeps.len() == self.units().len(), "outcomes of another suite");
        let [first, .., last] = RADII_M;
        let section = Section::new(self.id(), "The tightest bend")
            .say(format!(
                "Each drive is one bend: straight, clothoid of 15 m, arc, clothoid, straight. The arc's radius falls \
                 from {first} to {last} m in {} steps, each 0.79 of the one before; every radius is driven, to the left \
                 and to the right, under {} looks of the test family by daylight. A bend counts as driven when the car \
                 stays in its lane to its end. Roads of the training have radii of 30 m and more, so what is tighter is \
                 beyond all that a policy has seen.",
                RADII_M.len(),
                self.looks
            ))
            .say(format!(
                "The limit of a sweep is the tightest radius driven with none failed before it: {:.0} m where already \
                 the first fails, and at best {last} m. Limits are averaged as radii on a logarithmic scale. The \
                 speed is the road's own and constant, so the lateral acceleration v²/R that goes with a limit says \
                 what a real car would have to bear; this one does not slide. Its wheels allow a radius of {:.1} m. \
                 The expert's row shows what can be driven.",
                f64::from(first) / STEP_RATIO,
                WHEELBASE_M / MAX_WHEEL_ANGLE_RAD.tan()
            ));
        Ok(tables::fill(&Limits::new(self, &sweeps), section))
    }
}

/// Drives from the start of a bend to its end.
fn drive_bend(pilot: &mut Pilot, look: u64, bend: Bend) -> Result<DriveLog, CannotSteer> {
    let drawn = WorldSpec::drawn(RoadSet::Test, look, Weather::Daylight, bend.length_m());
    let world = World::build(WorldSpec { layout: Layout::Bend(bend), ..drawn });
    // Time enough to come to its end, however far out the car goes.
    let seconds = 1.5 * f64::from(bend.length_m() / world.speed_mps());
    drive(pilot, Arc::new(world), seconds, &Conditions::default())
}

#[cfg(test)]
mod tests;
