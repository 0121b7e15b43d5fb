//! One moment of a road that no policy was trained on, with the second before it: the expert drives, from a start a
//! little off the lane centre.

use anyhow::Context as _;
use lane_driver::Driver;
use lane_frame::random::{Purpose, stream};
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_sim::{Camera, CarState, DT_SECS, Factors, Masks, RoadSet, Weather, World, WorldSpec, expert};
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

/// Frames that a policy sees, the last of which is measured: 1 s, after which the liquid neurons have forgotten how the
/// drive began.
const FRAMES: usize = 20;

/// Where on its road the second begins, in m: behind the straight start.
const START_M: std::ops::Range<f64> = 22.0..110.0;

/// Standard deviations of the start's distance from the lane centre in m and of its heading error in rad: half of what
/// the training's starts have, because an expert drives.
const START_SD: [f64; 2] = [0.25, 0.03];

/// See the module.
pub(super) struct Scene {
    world: World,
    cars: Vec<CarState>,
}

impl Scene {
    /// The moment of a test road.
    pub fn of_road(road: u64) -> Self {
        // 12 m/s is faster than any car here.
        let length_m = (START_M.end + 12.0 * DT_SECS * FRAMES as f64) as f32;
        let (set, weather) = (RoadSet::Test, Weather::Daylight);
        let world = World::build(WorldSpec::drawn(set, road, weather, length_m));
        let mut rng = stream(road, Purpose::Probe, 0);
        let start_m = rng.random_range(START_M);
        let [offset_m, heading_rad] = START_SD.map(|sd| {
            let draw: f64 = StandardNormal.sample(&mut rng);
            sd * draw.clamp(-2.0, 2.0)
        });
        let mut car = CarState::on_lane(&world, start_m, offset_m, heading_rad);
        let mut cars = vec![car];
        while cars.len() < FRAMES {
            car.locate(&world);
            car.step(expert(&world, &car));
            cars.push(car);
        }
        Self { world, cars }
    }

    /// What the expert commands at the last frame.
    pub fn label(&self) -> Steering {
        let mut car = self.cars[FRAMES - 1];
        car.locate(&self.world);
        expert(&self.world, &car)
    }

    /// What a camera of this size sees of the second, and what the pixels of the last frame show.
    pub fn frames(&self, size: Size, factors: &Factors) -> (Vec<Frame>, Masks) {
        let mut last = Masks::new(size);
        let frames = self.frames_with(size, factors, |masks| last.clone_from(masks));
        (frames, last)
    }

    /// The same frames; what the pixels of each show is handed to `watch`.
    pub fn frames_with(&self, size: Size, factors: &Factors, mut watch: impl FnMut(&Masks)) -> Vec<Frame> {
        let (mut camera, mut masks) = (Camera::new(size), Masks::new(size));
        let frames = (0..).zip(&self.cars).map(|(index, car)| {
            let mut image = RgbImage::new(size.width, size.height);
            camera.render(&self.world, car, index, factors, &mut image, Some(&mut masks));
            watch(&masks);
            Frame { index, time_secs: index as f64 * DT_SECS, image }
        });
        frames.collect()
    }
}

/// A policy that has seen all frames but the last, and the last.
///
/// # Errors
/// If the policy cannot steer.
pub(super) fn before_last<'a>(driver: &Driver, frames: &'a [Frame]) -> anyhow::Result<(Driver, &'a Frame)> {
    let (last, earlier) = frames.split_last().context("a second has frames")?;
    let mut driver = driver.clone();
    driver.reset();
    for frame in earlier {
        driver.steer(frame)?;
    }
    Ok((driver, last))
}
