//! One drive's world: road, look, scenery and camera mount, drawn from one seed and then never changed.

use super::chance::{Chance as _, hash};
use super::colours::Colours;
use super::cue::Cue;
use super::family::{RoadFamily, RoadSet};
use super::layout::Layout;
use super::light::Light;
use super::look::Look;
use super::road::Road;
use super::scenery::{Scenery, Site};
use super::section::{CrossSection, draw_family};
use super::sensor::{Mount, Sensor};
use super::surface::Surface;
use super::terrain::Terrain;
use super::weather::Weather;
use lane_frame::random::{Purpose, stream};
use rand_chacha::ChaCha8Rng;

/// Share of training roads with parcels beside them; every other set has them always.
const PARCELLED_IN_TRAINING: f32 = 0.8;

/// Half the width of a car.
const HALF_CAR_M: f32 = 0.9;

/// Everything that decides a world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorldSpec {
    /// Family of seeds.
    pub set: RoadSet,
    /// Seed of the road within its family, below 2^62.
    pub seed: u64,
    /// Family of looks. The same seed has the same road in every weather.
    pub weather: Weather,
    /// Kind of road; `None` draws it: 65 % marked, 23 % unmarked, 12 % gravel.
    pub family: Option<RoadFamily>,
    /// Metres to drive.
    pub length_m: f32,
    /// Course of the road over the plane.
    pub layout: Layout,
    /// The roadside's cue to the bends.
    pub cue: Cue,
    /// Colours of ground, leaves and what lies on the road.
    pub colours: Colours,
}

impl WorldSpec {
    /// A world with everything left to its seed that can be, and a roadside that tells nothing.
    pub fn drawn(set: RoadSet, seed: u64, weather: Weather, length_m: f32) -> Self {
        Self {
            set,
            seed,
            weather,
            family: None,
            length_m,
            layout: Layout::Drawn,
            cue: Cue::Absent,
            colours: Colours::Natural,
        }
    }

    /// The row of its weather, with its colours.
    fn look(&self) -> Look {
        Look { any_colours: self.colours == Colours::Any, ..*self.weather.look() }
    }
}

/// Road, look and scenery of one drive; immutable.
#[derive(Clone, Debug)]
pub struct World {
    spec: WorldSpec,
    family: RoadFamily,
    parcelled: bool,
    speed_mps: f32,
    road: Road,
    pub(super) section: CrossSection,
    pub(super) light: Light,
    pub(super) sensor: Sensor,
    pub(super) mount: Mount,
    pub(super) surface: Surface,
    pub(super) terrain: Terrain,
    pub(super) scenery: Scenery,
}

/// A draw of a part of the look: the world's own, or another one for a counterfactual picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    Own,
    Other(u64),
}

impl Draw {
    /// Part number of a random stream; the first 16 belong to the world itself.
    fn part(self, part: u64) -> u64 {
        match self {
            Self::Own => part,
            Self::Other(seed) => 16 + (hash(seed) >> 12) + part,
        }
    }
}

impl World {
    /// Draws the world of a specification; the same specification gives the same world on every machine.
    pub fn build(spec: WorldSpec) -> Self {
        let (key, look) = (spec.set.key(spec.seed), &spec.look());
        let road = Road::build(spec.layout, spec.length_m, &mut stream(key, Purpose::Road, 0));
        let mut rng = stream(key, Purpose::Look, 0);
        let drawn = draw_family(&mut rng);
        let family = spec.family.unwrap_or(drawn);
        let parcelled = rng.chance(PARCELLED_IN_TRAINING) || spec.set != RoadSet::Train;
        let speed_mps = rng.uniform(8.5, 11.5);
        let section = CrossSection::draw(family, look, &mut rng);
        let light = Light::draw(look.sky, &mut stream(key, Purpose::Look, 2));
        let mut rng = stream(key, Purpose::Look, 3);
        let (sensor, mount) = (Sensor::draw(key, &mut rng), Mount::draw(key, &mut rng));
        let length_m = road.visible_length_m();
        let surface = Surface::draw(family, look, length_m, &mut surface_stream(key, Draw::Own));
        let terrain = Terrain::draw(look, parcelled, length_m, surface.albedo, &mut terrain_stream(key, Draw::Own));
        let site = Site::new(&road, &section, &light, look);
        let bushes = spec.cue.plant(&site, &mut cue_stream(key));
        let scenery = Scenery::scatter(&site, bushes, &mut scenery_stream(key, Draw::Own));
        Self { spec, family, parcelled, speed_mps, road, section, light, sensor, mount, surface, terrain, scenery }
    }

    /// The same world, in which cars drive at another constant speed.
    pub fn with_speed(self, speed_mps: f32) -> Self {
        Self { speed_mps, ..self }
    }

    /// The specification it was built from.
    pub fn spec(&self) -> &WorldSpec {
        &self.spec
    }

    /// Kind of road, drawn or asked for.
    pub fn family(&self) -> RoadFamily {
        self.family
    }

    /// True if fields of several kinds of ground lie beside the road.
    pub fn parcelled(&self) -> bool {
        self.parcelled
    }

    /// The car's constant speed.
    pub fn speed_mps(&self) -> f32 {
        self.speed_mps
    }

    /// Centre of the lane driven in.
    pub fn road(&self) -> &Road {
        &self.road
    }

    /// A car farther than this from the lane centre has crashed: half the lane, and in a wide lane a fixed limit.
    pub fn lane_limit_m(&self) -> f32 {
        self.section.lane_limit_m()
    }

    /// A wheel of a car of 1.8 m touches the edge of the lane at this |offset|; 0.1 m at least.
    pub fn wheel_limit_m(&self) -> f32 {
        (self.section.half_lane_m - HALF_CAR_M).max(0.1)
    }

    /// Other ground and other objects beside the same road; they tell nothing about it.
    pub(super) fn other_roadside(&self, seed: u64) -> (Terrain, Scenery) {
        let (key, draw) = (self.spec.set.key(self.spec.seed), Draw::Other(seed));
        let (look, length_m) = (&self.spec.look(), self.road.visible_length_m());
        let mut rng = terrain_stream(key, draw);
        let terrain = Terrain::draw(look, self.parcelled, length_m, self.surface.albedo, &mut rng);
        let site = Site::new(&self.road, &self.section, &self.light, look);
        (terrain, Scenery::scatter(&site, Vec::new(), &mut scenery_stream(key, draw)))
    }

    /// Another surface of the same road that still stands out from the ground.
    pub(super) fn other_surface(&self, seed: u64) -> Surface {
        let mut rng = surface_stream(self.spec.set.key(self.spec.seed), Draw::Other(seed));
        let look = self.spec.look();
        let mut draw = || Surface::draw(self.family, &look, self.road.visible_length_m(), &mut rng);
        let mut surface = draw();
        for _ in 0..20 {
            if self.terrain.contrasts_with(surface.albedo) {
                break;
            }
            surface = draw();
        }
        surface
    }
}

fn surface_stream(key: u64, draw: Draw) -> ChaCha8Rng {
    stream(key, Purpose::Look, draw.part(1))
}

fn terrain_stream(key: u64, draw: Draw) -> ChaCha8Rng {
    stream(key, Purpose::Scenery, draw.part(0))
}

fn scenery_stream(key: u64, draw: Draw) -> ChaCha8Rng {
    stream(key, Purpose::Scenery, draw.part(1))
}

fn cue_stream(key: u64) -> ChaCha8Rng {
    stream(key, Purpose::Scenery, Draw::Own.part(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pose;

    fn spec(set: RoadSet, seed: u64, weather: Weather) -> WorldSpec {
        WorldSpec::drawn(set, seed, weather, 300.0)
    }

    #[test]
    fn the_same_seed_has_the_same_road_in_every_weather() {
        let day = World::build(spec(RoadSet::Test, 5, Weather::Daylight));
        for weather in Weather::ALL {
            let world = World::build(spec(RoadSet::Test, 5, weather));
            assert_eq!(world.family(), day.family());
            assert_eq!(world.speed_mps(), day.speed_mps());
            assert_eq!(world.road().point_at(280.0, 0.0), day.road().point_at(280.0, 0.0));
        }
    }

    #[test]
    fn road_sets_have_different_roads_for_the_same_seed() {
        let ends = [RoadSet::Train, RoadSet::Validation, RoadSet::Test, RoadSet::Demo]
            .map(|set| World::build(spec(set, 5, Weather::Daylight)).road().point_at(300.0, 0.0).map(f64::to_bits));
        for (i, end) in ends.iter().enumerate() {
            assert!(!ends[..i].contains(end), "set {i} repeats a road");
        }
    }

    #[test]
    fn roads_outside_training_are_always_parcelled() {
        let parcelled = |set| (0..40).filter(|&i| World::build(spec(set, i, Weather::Daylight)).parcelled()).count();
        assert_eq!(parcelled(RoadSet::Test), 40);
        assert!((20..40).contains(&parcelled(RoadSet::Train)));
    }

    #[test]
    fn objects_stand_clear_of_the_road() {
        for seed in 0..20 {
            let world = World::build(spec(RoadSet::Test, seed, Weather::Daylight));
            for object in &world.scenery.objects {
                let (x_m, y_m) = (f64::from(object.x), f64::from(object.y));
                let place = world.road().locate(Pose { x_m, y_m, heading_rad: 0.0 }, f64::from(object.s));
                let inside = place.offset_m > world.section.right_m && place.offset_m < world.section.left_m;
                assert!(!inside, "seed {seed}: {object:?}");
            }
        }
    }
}
