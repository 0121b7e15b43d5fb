//! Short demonstrations to learn from: each has a road and a look of its own, starts off the lane centre, and shows
//! the expert's curvature for what the camera sees. Variety of looks and states, not hours, is what the data needs.

use super::DT_SECS;
use super::chance::Chance as _;
use super::colours::Colours;
use super::cue::Cue;
use super::expert::expert;
use super::factors::Factors;
use super::family::{RoadFamily, RoadSet};
use super::render::Camera;
use super::vehicle::{CarState, WHEELBASE_M};
use super::weather::Weather;
use super::world::{World, WorldSpec};
use lane_frame::random::{Purpose, stream};
use lane_frame::{RgbImage, Size, Steering};
use rand_chacha::ChaCha8Rng;

/// A start lies on this stretch of its road, in metres.
const START_M: (f32, f32) = (22.0, 110.0);
/// The disturbance leaves a car alone that is farther out than this.
const UNDISTURBED_OFFSET_M: f32 = 1.5;
/// Standard deviation of the rough disturbance.
const ROUGH_PER_M: f32 = 0.03;
/// exp(-0.05 s / 0.5 s): the disturbance forgets within half a second.
const DISTURBANCE_MEMORY: f32 = 0.904_837_4;

/// Pictures of a short drive and what the expert would have done in each.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// In time order, one control step apart.
    pub frames: Vec<RgbImage>,
    /// The expert's clean curvature for each frame, whatever was really driven.
    pub curvature: Vec<Steering>,
    /// The car's constant speed in m/s.
    pub speed_mps: f32,
}

/// Everything that decides a demonstration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemonstrationSpec {
    /// Family of seeds.
    pub set: RoadSet,
    /// Seed of the demonstration within its family.
    pub seed: u64,
    /// Number of frames.
    pub frames: usize,
    /// Size of the pictures.
    pub size: Size,
    /// Kind of road; `None` draws it with the usual shares.
    pub family: Option<RoadFamily>,
    /// The roadside's cue to the bends.
    pub cue: Cue,
    /// Colours of ground, leaves and what lies on the road.
    pub colours: Colours,
}

/// The expert drives, pushed about by a disturbance of its command; the labels stay clean.
pub fn demonstrate(spec: DemonstrationSpec) -> Demonstration {
    let mut rng = stream(spec.set.key(spec.seed), Purpose::Demonstration, 0);
    let (world, car) = set_out(&spec, &mut rng);
    let mut disturbance = Disturbance::draw(&mut rng);
    let command = |_: &RgbImage, label: Steering, offset_m: f32| disturbance.disturb(label, offset_m, &mut rng);
    drive(&spec, &world, car, command).0
}

/// The same start, but `drive` commands from what it sees; the labels are the expert's in the states it reaches. Also
/// returns the largest distance from the lane centre in metres.
pub fn demonstrate_with(spec: DemonstrationSpec, steer: &mut dyn FnMut(&RgbImage) -> Steering) -> (Demonstration, f32) {
    let mut rng = stream(spec.set.key(spec.seed), Purpose::Demonstration, 0);
    let (world, car) = set_out(&spec, &mut rng);
    drive(&spec, &world, car, |image, _, _| steer(image))
}

/// World and start state of a demonstration.
fn set_out(spec: &DemonstrationSpec, rng: &mut ChaCha8Rng) -> (World, CarState) {
    let weather = Weather::draw_for_training(rng);
    // 12 m/s is faster than any car here.
    let length_m = START_M.1 + 12.0 * (DT_SECS as f32) * spec.frames as f32;
    let DemonstrationSpec { set, seed, family, cue, colours, .. } = *spec;
    let world = World::build(WorldSpec { family, cue, colours, ..WorldSpec::drawn(set, seed, weather, length_m) });
    let car = draw_start(&world, rng);
    (world, car)
}

/// Mostly near the lane centre, three in ten anywhere in the lane and askew.
fn draw_start(world: &World, rng: &mut ChaCha8Rng) -> CarState {
    let s_m = f64::from(rng.uniform(START_M.0, START_M.1));
    let (offset_m, heading_error_rad) = if rng.chance(0.7) {
        (rng.normal(0.0, 0.5).clamp(-1.4, 1.4), rng.normal(0.0, 0.06))
    } else {
        (rng.uniform(-1.4, 1.4), rng.uniform(-0.2, 0.2))
    };
    let mut car = CarState::on_lane(world, s_m, f64::from(offset_m), f64::from(heading_error_rad));
    let curvature = world.road().curvature_at(s_m) + f64::from(rng.normal(0.0, 0.03));
    car.delta_rad = libm::atan(WHEELBASE_M * curvature);
    car
}

/// Renders, labels, commands, steps; returns the demonstration and the largest distance from the lane centre.
fn drive(
    spec: &DemonstrationSpec,
    world: &World,
    mut car: CarState,
    mut command: impl FnMut(&RgbImage, Steering, f32) -> Steering,
) -> (Demonstration, f32) {
    let mut camera = Camera::new(spec.size);
    let mut shown =
        Demonstration { frames: Vec::with_capacity(spec.frames), curvature: Vec::new(), speed_mps: world.speed_mps() };
    let mut farthest_m = 0.0_f32;
    for tick in 0..spec.frames as u64 {
        let offset_m = car.locate(world).offset_m;
        farthest_m = farthest_m.max(offset_m.abs());
        let mut image = RgbImage::new(spec.size.width, spec.size.height);
        camera.render(world, &car, tick, &Factors::default(), &mut image, None);
        let label = expert(world, &car);
        car.step(command(&image, label, offset_m));
        shown.frames.push(image);
        shown.curvature.push(label);
    }
    (shown, farthest_m)
}

/// Ornstein-Uhlenbeck noise on the commanded curvature, step by step of [`DT_SECS`].
pub struct Disturbance {
    sd_per_m: f32,
    value_per_m: f32,
}

impl Disturbance {
    /// None in three of ten demonstrations, gentle in four, rough in three.
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let sd_per_m = match rng.unit() {
            kind if kind < 0.3 => 0.0,
            kind if kind < 0.7 => 0.012,
            _ => ROUGH_PER_M,
        };
        Self { sd_per_m, value_per_m: rng.normal(0.0, sd_per_m) }
    }

    /// A rough one with a stream of its own, for recordings of another world.
    pub fn rough(seed: u64) -> (Self, ChaCha8Rng) {
        let mut rng = stream(seed, Purpose::Demonstration, 1);
        let value_per_m = rng.normal(0.0, ROUGH_PER_M);
        (Self { sd_per_m: ROUGH_PER_M, value_per_m }, rng)
    }

    /// The command in place of the expert's at this distance from the lane's centre.
    pub fn disturb(&mut self, label: Steering, offset_m: f32, rng: &mut ChaCha8Rng) -> Steering {
        let fresh = (1.0 - DISTURBANCE_MEMORY * DISTURBANCE_MEMORY).sqrt();
        self.value_per_m = DISTURBANCE_MEMORY * self.value_per_m + rng.normal(0.0, self.sd_per_m * fresh);
        if offset_m.abs() > UNDISTURBED_OFFSET_M { label } else { Steering(label.0 + self.value_per_m) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(seed: u64) -> DemonstrationSpec {
        let (set, size) = (RoadSet::Train, Size::new(60, 24));
        DemonstrationSpec { set, seed, frames: 16, size, family: None, cue: Cue::Absent, colours: Colours::Natural }
    }

    #[test]
    fn a_demonstration_is_the_same_every_time() {
        assert_eq!(demonstrate(spec(11)), demonstrate(spec(11)));
        assert_ne!(demonstrate(spec(11)).frames[0], demonstrate(spec(12)).frames[0]);
    }

    #[test]
    fn labels_spread_as_far_as_in_the_recipe() {
        let labels: Vec<f32> = (0..400).flat_map(|seed| demonstrate(spec(seed)).curvature).map(|k| k.0).collect();
        let sd = (labels.iter().map(|k| k * k).sum::<f32>() / labels.len() as f32).sqrt();
        // 0.0217 1/m in the recipe's data; 400 starts leave some 5 % of chance.
        assert!((0.018..0.026).contains(&sd), "sd {sd}");
    }

    #[test]
    fn a_policy_that_drives_straight_is_labelled_back_to_the_lane() {
        let (shown, farthest_m) = demonstrate_with(spec(3), &mut |_| Steering(0.0));
        assert_eq!((shown.frames.len(), shown.curvature.len()), (16, 16));
        assert!(farthest_m > 0.0 && shown.curvature.iter().any(|k| k.0.abs() > 1e-3));
    }

    #[test]
    fn the_first_frame_is_the_same_whoever_drives() {
        let (driven, _) = demonstrate_with(spec(3), &mut |_| Steering(0.1));
        assert_eq!(driven.frames[0], demonstrate(spec(3)).frames[0]);
        assert_ne!(driven.frames[15], demonstrate(spec(3)).frames[15]);
    }
}
