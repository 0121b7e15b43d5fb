//! A road to drive for a time.

use super::family::{RoadFamily, RoadSet};
use super::weather::Weather;
use super::world::{World, WorldSpec};
use std::sync::Arc;

/// A road, its weather, and how long it is driven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Family of seeds.
    pub set: RoadSet,
    /// Seed of the road within its family.
    pub seed: u32,
    /// Kind of road; `None` draws it with the usual shares.
    pub family: Option<RoadFamily>,
    /// Weather and light.
    pub weather: Weather,
    /// Length of the drive in s.
    pub seconds: f64,
}

impl Course {
    /// A road of a family of seeds by daylight, of the kind that its seed draws.
    pub fn drawn(set: RoadSet, seed: u32, seconds: f64) -> Self {
        Self { set, seed, family: None, weather: Weather::Daylight, seconds }
    }

    /// A road to report on: never learnt from, never chosen by.
    pub fn test(seed: u32, seconds: f64) -> Self {
        Self::drawn(RoadSet::Test, seed, seconds)
    }

    /// The world to drive through.
    pub fn world(&self) -> Arc<World> {
        Arc::new(World::build(self.spec()))
    }

    /// The specification of the world. The road is as long as the fastest car gets in the time, cutting every corner.
    pub fn spec(&self) -> WorldSpec {
        // 11.5 m/s, and at most 6 % less way inside of a curve of 30 m.
        const FASTEST_MPS: f64 = 11.5 * 1.06;
        let length_m = (self.seconds * FASTEST_MPS + 40.0) as f32;
        let Self { set, seed, weather, family, .. } = *self;
        WorldSpec { family, ..WorldSpec::drawn(set, u64::from(seed), weather, length_m) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulator;

    #[test]
    fn no_road_ends_before_its_time() {
        for seed in 0..10 {
            let course = Course::test(seed, 30.0);
            let mut simulator = Simulator::new(course.world());
            while simulator.time_secs() < course.seconds {
                assert!(simulator.step(simulator.expert()) != crate::StepOutcome::RoadEnded, "road {seed}");
            }
        }
    }
}
