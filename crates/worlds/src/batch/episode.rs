//! One episode: a car on a road from its start until it leaves its lane or its time is over; its reward and true state.

use super::settings::Settings;
use lane_frame::Steering;
use lane_frame::random::{Purpose, stream};
use lane_sim::{CarState, Course, DT_SECS, RoadPose, Simulator, Start, Weather, World, expert};
use rand::RngExt as _;
use std::sync::Arc;

/// Fastest car whose road [`Course`] makes long enough.
const FASTEST_MPS: f32 = 11.5;

/// A car on its way.
pub(super) struct Episode {
    world: Arc<World>,
    /// Place of its weather among those of the settings.
    weather: usize,
    car: CarState,
    pose: RoadPose,
    tick: u64,
    steps: u64,
    start_s_m: f32,
    max_curvature_per_m: f32,
    reward: Reward,
}

/// The terms of the reward of the last step.
#[derive(Clone, Copy, Debug, Default)]
struct Reward {
    /// Metres along the lane for each metre driven: 1 straight on, less in a detour.
    progress: f32,
    /// Minus the square of the offset, as a share of that at which the car has left its lane.
    centring: f32,
}

/// A column of the true state: its name, and its value in an episode.
type Column = (&'static str, fn(&Episode) -> f32);

/// The columns of the true state, in their order on the wire. Left is positive.
const COLUMNS: [Column; 13] = [
    ("offset_m", |episode| episode.pose.offset_m),
    ("heading_error_rad", |episode| episode.pose.heading_error_rad),
    ("road_curvature_per_m", |episode| episode.world.road().curvature_at(episode.car.s_m) as f32),
    ("driven_curvature_per_m", |episode| episode.car.curvature_per_m() as f32),
    ("speed_mps", |episode| episode.car.speed_mps as f32),
    ("progress_m", Episode::progress_m),
    ("time_secs", |episode| (episode.tick as f64 * DT_SECS) as f32),
    ("lane_limit_m", |episode| episode.world.lane_limit_m()),
    ("expert", Episode::expert),
    ("crashed", |episode| f32::from(u8::from(episode.crashed()))),
    ("weather", |episode| episode.weather as f32),
    ("reward_progress", |episode| episode.reward.progress),
    ("reward_centring", |episode| episode.reward.centring),
];

/// Names of the columns of the true state, in their order.
pub fn columns() -> [&'static str; COLUMNS.len()] {
    COLUMNS.map(|(name, _)| name)
}

impl Episode {
    /// A car at the start of the road of a seed.
    pub(super) fn new(settings: &Settings, seed: u32) -> Self {
        // Part 0 of this purpose belongs to demonstrations.
        let mut chance = stream(u64::from(seed), Purpose::Demonstration, 1 + settings.road_set as u64);
        let weather = chance.random_range(0..settings.weather.len());
        let mut evenly = |most: f32| f64::from(most) * chance.random_range(-1.0..=1.0);
        let (offset_m, heading_rad) = (evenly(settings.start_offset_m), evenly(settings.start_heading_rad));
        let world = Arc::new(build(settings, seed, settings.weather[weather]));
        let simulator = Simulator::starting_at(Arc::clone(&world), Start { offset_m, heading_rad });
        let (car, pose) = (*simulator.car(), simulator.road_pose());
        let steps = (settings.seconds / DT_SECS).round().max(1.0) as u64;
        let max_curvature_per_m = settings.max_curvature_per_m;
        let reward = Reward::default();
        Self { world, weather, car, pose, tick: 0, steps, start_s_m: pose.s_m, max_curvature_per_m, reward }
    }

    /// Drives one control step under an action from -1 to 1, left positive. The car stays where it left its lane.
    pub(super) fn step(&mut self, action: f32) {
        let before_m = self.progress_m();
        self.car.step(Steering(action.clamp(-1.0, 1.0) * self.max_curvature_per_m));
        self.pose = self.car.locate(&self.world);
        self.tick += 1;
        let driven_m = (self.car.speed_mps * DT_SECS) as f32;
        let share = self.pose.offset_m / self.world.lane_limit_m();
        self.reward = Reward { progress: (self.progress_m() - before_m) / driven_m, centring: -share * share };
    }

    /// True if the car has left its lane, by the rule of [`Simulator`].
    pub(super) fn crashed(&self) -> bool {
        self.pose.offset_m.abs() > self.world.lane_limit_m()
    }

    /// True if the time is over, or the road.
    pub(super) fn timed_out(&self) -> bool {
        self.tick >= self.steps || self.car.s_m >= self.world.road().length_m()
    }

    /// Reward of the last step; 0 before the first.
    pub(super) fn reward(&self) -> f32 {
        self.reward.progress + self.reward.centring
    }

    /// Values of the columns.
    pub(super) fn state(&self) -> impl Iterator<Item = f32> + '_ {
        COLUMNS.iter().map(|(_, value)| value(self))
    }

    /// The world, the car in it, and the control steps driven.
    pub(super) fn scene(&self) -> (&World, &CarState, u64) {
        (&self.world, &self.car, self.tick)
    }

    fn progress_m(&self) -> f32 {
        self.pose.s_m - self.start_s_m
    }

    /// The expert's command as an action.
    fn expert(&self) -> f32 {
        (expert(&self.world, &self.car).0 / self.max_curvature_per_m).clamp(-1.0, 1.0)
    }
}

/// The world of a seed, with the kind of road and the speed asked for, long enough for the time.
fn build(settings: &Settings, seed: u32, weather: Weather) -> World {
    let course =
        Course { weather, family: settings.family, ..Course::drawn(settings.road_set, seed, settings.seconds) };
    match settings.speed_mps {
        None => World::build(course.spec()),
        Some(speed_mps) => {
            let seconds = course.seconds * f64::from(speed_mps / FASTEST_MPS).max(1.0);
            World::build(Course { seconds, ..course }.spec()).with_speed(speed_mps)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_sim::{RoadFamily, RoadSet, StepOutcome};

    fn column(episode: &Episode, name: &str) -> f32 {
        let place = columns().iter().position(|column| *column == name).unwrap();
        episode.state().nth(place).unwrap()
    }

    /// Drives to the end of the episode; gives the sum of the rewards.
    fn drive(episode: &mut Episode, action: impl Fn(&Episode) -> f32) -> f32 {
        let mut sum = 0.0;
        while !episode.crashed() && !episode.timed_out() {
            episode.step(action(episode));
            sum += episode.reward();
        }
        sum
    }

    #[test]
    fn the_car_goes_the_way_that_the_simulator_takes_under_the_same_commands() {
        let settings = Settings { seconds: 5.0, road_set: RoadSet::Test, ..Settings::default() };
        let mut episode = Episode::new(&settings, 7);
        let mut simulator = Simulator::new(Course::test(7, 5.0).world());
        for _ in 0..100 {
            let action = episode.expert();
            episode.step(action);
            assert_eq!(simulator.step(Steering(action * settings.max_curvature_per_m)), StepOutcome::Driving);
            assert_eq!((&episode.car, episode.pose), (simulator.car(), simulator.road_pose()));
        }
    }

    #[test]
    fn the_expert_drives_to_the_end_of_its_time_for_almost_a_point_a_step() {
        for seed in 0..10 {
            let start = Settings { start_offset_m: 1.0, start_heading_rad: 0.1, ..Settings::default() };
            let mut episode = Episode::new(&Settings { seconds: 20.0, ..start }, seed);
            let sum = drive(&mut episode, Episode::expert);
            assert!(episode.timed_out() && !episode.crashed(), "road {seed}");
            assert_eq!(column(&episode, "time_secs"), 20.0);
            assert!((380.0..404.0).contains(&sum), "road {seed}: {sum}");
        }
    }

    #[test]
    fn whoever_drives_to_one_side_leaves_the_lane_on_that_side_and_stays_there() {
        for action in [-1.0, 1.0] {
            let mut episode = Episode::new(&Settings::default(), 3);
            drive(&mut episode, |_| action);
            assert!(episode.crashed() && !episode.timed_out());
            assert_eq!(column(&episode, "crashed"), 1.0);
            let (offset_m, limit_m) = (column(&episode, "offset_m"), column(&episode, "lane_limit_m"));
            assert!(offset_m * action > limit_m, "{offset_m} beyond {limit_m}");
            assert!(column(&episode, "reward_centring") < -1.0);
        }
    }

    #[test]
    fn a_reward_is_the_sum_of_its_columns() {
        let mut episode = Episode::new(&Settings::default(), 3);
        assert_eq!(episode.reward(), 0.0);
        for _ in 0..20 {
            episode.step(0.3);
            let terms = column(&episode, "reward_progress") + column(&episode, "reward_centring");
            assert_eq!(episode.reward(), terms);
        }
        assert!(column(&episode, "reward_centring") < 0.0);
    }

    #[test]
    fn no_road_ends_before_its_time_at_any_speed() {
        for speed_mps in [0.5, 11.5, 30.0] {
            let settings = Settings { speed_mps: Some(speed_mps), seconds: 10.0, ..Settings::default() };
            let mut episode = Episode::new(&Settings { family: Some(RoadFamily::Marked), ..settings }, 2);
            for _ in 0..200 {
                assert!(!episode.timed_out(), "{speed_mps} m/s");
                episode.step(episode.expert());
            }
            assert!(episode.timed_out());
            assert!((column(&episode, "speed_mps") - speed_mps).abs() < 1e-6);
        }
    }

    #[test]
    fn each_weather_asked_for_is_drawn_by_some_seed() {
        let weather = vec![Weather::Fog, Weather::Night, Weather::Snow];
        let settings = Settings { weather, seconds: 1.0, ..Settings::default() };
        let mut drawn = [0; 3];
        for seed in 0..60 {
            let episode = Episode::new(&settings, seed);
            let place = column(&episode, "weather") as usize;
            assert_eq!(episode.world.spec().weather, settings.weather[place]);
            drawn[place] += 1;
        }
        assert!(drawn.iter().all(|count| *count > 8), "{drawn:?}");
    }

    #[test]
    fn starts_spread_over_both_sides_up_to_what_was_asked_for() {
        let settings = Settings { start_offset_m: 1.0, seconds: 1.0, ..Settings::default() };
        let offsets: Vec<f32> = (0..50).map(|seed| column(&Episode::new(&settings, seed), "offset_m")).collect();
        assert!(offsets.iter().all(|offset_m| offset_m.abs() < 1.01));
        assert!(offsets.iter().any(|offset_m| *offset_m < -0.5) && offsets.iter().any(|offset_m| *offset_m > 0.5));
    }
}
