//! The donkey simulator's scenes and the roads that stand for them here.

use lane_sim::{RoadFamily, RoadSet, Weather, WorldSpec};

/// A scene: the name that clients ask for, the kind of road and the look that it has here.
pub struct Scene {
    pub name: &'static str,
    family: RoadFamily,
    weather: Weather,
}

const fn scene(name: &'static str, family: RoadFamily, weather: Weather) -> Scene {
    Scene { name, family, weather }
}

/// Every scene that gym-donkeycar has an environment for, in its simulator's order.
pub const SCENES: [Scene; 11] = [
    scene("generated_road", RoadFamily::Marked, Weather::Daylight),
    scene("warehouse", RoadFamily::Unmarked, Weather::Daylight),
    scene("sparkfun_avc", RoadFamily::Unmarked, Weather::LightRain),
    scene("generated_track", RoadFamily::Marked, Weather::Daylight),
    scene("mountain_track", RoadFamily::Gravel, Weather::Daylight),
    scene("roboracingleague_1", RoadFamily::Marked, Weather::LightRain),
    scene("waveshare", RoadFamily::Marked, Weather::Night),
    scene("mini_monaco", RoadFamily::Unmarked, Weather::Fog),
    scene("warren", RoadFamily::Gravel, Weather::RedSoil),
    scene("thunderhill", RoadFamily::Marked, Weather::BlackSoil),
    scene("circuit_launch", RoadFamily::Marked, Weather::Snow),
];

impl Scene {
    /// The number of the scene of this name.
    pub fn named(name: &str) -> Option<usize> {
        SCENES.iter().position(|scene| scene.name == name)
    }

    /// Its world with the road of this seed, which is a lap of `lap_m` metres.
    pub fn spec(&self, seed: u32, lap_m: f32) -> WorldSpec {
        let drawn = WorldSpec::drawn(RoadSet::Demo, u64::from(seed), self.weather, lap_m);
        WorldSpec { family: Some(self.family), ..drawn }
    }
}
