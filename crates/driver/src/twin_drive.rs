//! Several policies drive the same seeded road at the same time, each in its own car.

use super::moment::{Attention, Lane, Moment, Picture, Session, SessionInfo, Side, Status};
use super::{Control, Driver};
use lane_frame::noise::{NoiseBank, add_gaussian};
use lane_frame::{Frame, RgbImage, Size};
use lane_policy::saliency::Method;
use lane_sim::{
    Camera, DT_SECS, Factors, Masks, RoadFamily, RoadSet, Simulator, StepOutcome, Weather, World, WorldSpec,
};
use rayon::prelude::*;
use std::sync::Arc;

/// Size of the picture that a person sees.
pub const SCREEN: Size = Size::new(640, 256);

/// How long a car counts as just put back, in s.
const PUT_BACK_SECS: f64 = 1.0;

/// A road to drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Which family of seeds.
    pub set: RoadSet,
    /// Which road of the family.
    pub seed: u32,
    /// Kind of road; `None` draws it with the usual shares.
    pub family: Option<RoadFamily>,
    /// Weather and light.
    pub weather: Weather,
    /// Length of the drive in s.
    pub seconds: f64,
}

impl Course {
    /// The world to drive through.
    pub fn world(&self) -> Arc<World> {
        Arc::new(World::build(self.spec()))
    }

    /// What decides the world; as long as the fastest car gets in the time, cutting every corner.
    pub fn spec(&self) -> WorldSpec {
        // 11.5 m/s, and at most 6 % less way inside of a curve of 30 m.
        const FASTEST_MPS: f64 = 11.5 * 1.06;
        let length_m = (self.seconds * FASTEST_MPS + 40.0) as f32;
        let Self { set, seed, weather, family, .. } = *self;
        WorldSpec { family, ..WorldSpec::drawn(set, u64::from(seed), weather, length_m) }
    }
}

/// See the module.
pub struct TwinDrive {
    course: Course,
    info: SessionInfo,
    method: Method,
    cars: Vec<Car>,
}

impl TwinDrive {
    /// Puts a car on the road for each driver.
    pub fn new(drivers: Vec<Driver>, course: Course) -> Self {
        let world = course.world();
        let method = Driver::first_method(&drivers);
        let info = SessionInfo {
            title: title(&world),
            policies: drivers.iter().map(Driver::describe).collect(),
            reference_name: "expert",
            method_name: method.name(),
            noise_variance: 0.0,
            duration_secs: course.seconds,
            closed_loop: true,
        };
        let bank = Arc::new(NoiseBank::new(0));
        let cars = drivers.into_iter().map(|driver| Car::new(driver, &world, &bank)).collect();
        Self { course, info, method, cars }
    }

    fn restart(&mut self) {
        let world = self.course.world();
        self.info.title = title(&world);
        for car in &mut self.cars {
            car.restart(&world);
        }
    }
}

impl Session for TwinDrive {
    fn info(&self) -> &SessionInfo {
        &self.info
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let time_secs = self.cars.first().map_or(0.0, |car| car.simulator.time_secs());
        if time_secs >= self.course.seconds || self.cars.iter().any(|car| car.road_ended) {
            return Ok(None);
        }
        let (method, noise_variance) = (self.method, self.info.noise_variance);
        let sides =
            self.cars.par_iter_mut().map(|car| car.advance(method, noise_variance)).collect::<Result<_, _>>()?;
        Ok(Some(Moment { time_secs, sides, skipped: None }))
    }

    fn reset(&mut self) {
        self.restart();
    }

    fn next_road(&mut self) {
        self.course.seed = self.course.seed.wrapping_add(1);
        self.restart();
    }

    fn set_noise(&mut self, variance: f32) {
        self.info.noise_variance = variance;
    }

    fn next_method(&mut self) {
        self.method = self.method.next();
        self.info.method_name = self.method.name();
    }
}

fn title(world: &World) -> String {
    let roadside = if world.parcelled() { "varied roadside" } else { "plain roadside" };
    let (family, weather) = (world.family(), world.spec().weather);
    let speed_kmh = world.speed_mps() * 3.6;
    format!("road {} · {family}, {roadside} · {weather} · {speed_kmh:.0} km/h", world.spec().seed)
}

/// One policy's car.
struct Car {
    driver: Driver,
    /// The untrained twin, for policies that have one.
    control: Option<Control>,
    simulator: Simulator,
    small: Camera,
    large: Camera,
    masks: Masks,
    bank: Arc<NoiseBank>,
    crash: Option<Crash>,
    road_ended: bool,
}

/// The last time a car left its lane.
#[derive(Clone, Copy)]
struct Crash {
    at_secs: f64,
    offset_m: f32,
}

impl Car {
    fn new(driver: Driver, world: &Arc<World>, bank: &Arc<NoiseBank>) -> Self {
        let size = driver.input_size();
        Self {
            control: driver.control(),
            driver,
            simulator: Simulator::new(Arc::clone(world)),
            small: Camera::new(size),
            large: Camera::new(SCREEN),
            masks: Masks::new(size),
            bank: Arc::clone(bank),
            crash: None,
            road_ended: false,
        }
    }

    fn restart(&mut self, world: &Arc<World>) {
        self.driver.reset();
        self.simulator = Simulator::new(Arc::clone(world));
        (self.crash, self.road_ended) = (None, false);
    }

    /// Looks, decides, drives one control step.
    fn advance(&mut self, method: Method, noise_variance: f32) -> Result<Side, super::CannotSteer> {
        let frame = self.look(noise_variance);
        let picture = self.picture(noise_variance);
        let decision = self.driver.decide(&frame, method)?;
        let (reference, lane) = (self.simulator.expert(), self.lane());
        let road = || self.masks.bits.iter().map(|bits| bits & Masks::ROAD != 0);
        let attention = decision.saliency.as_ref().and_then(|map| map.share_on(road())).map(|share| {
            let control = self.control.as_ref().map(|control| control.saliency(&frame, method));
            let untrained = control.and_then(|map| map.share_on(road()));
            Attention { road: share, untrained: untrained.map(|share| share.of_map) }
        });
        match self.simulator.step(decision.steering) {
            StepOutcome::Driving => {}
            StepOutcome::Crashed { offset_m } => {
                self.driver.reset();
                self.crash = Some(Crash { at_secs: self.simulator.time_secs(), offset_m });
            }
            StepOutcome::RoadEnded => self.road_ended = true,
        }
        Ok(Side { picture, decision: Some(decision), reference: Some(reference), lane: Some(lane), attention })
    }

    /// What the policy sees.
    fn look(&mut self, noise_variance: f32) -> Frame {
        let (tick, Size { width, height }) = (self.simulator.tick(), self.small.size());
        let mut image = RgbImage::new(width, height);
        let world = self.simulator.world();
        let masks = Some(&mut self.masks);
        self.small.render(world, self.simulator.car(), tick, &Factors::default(), &mut image, masks);
        add_gaussian(&mut image, noise_variance, world.spec().seed, tick);
        Frame { index: tick, time_secs: self.simulator.time_secs(), image }
    }

    /// The same at screen size.
    fn picture(&mut self, noise_variance: f32) -> Picture {
        let (world, tick) = (self.simulator.world(), self.simulator.tick());
        let mut image = RgbImage::new(SCREEN.width, SCREEN.height);
        self.large.render(world, self.simulator.car(), tick, &Factors::default(), &mut image, None);
        if noise_variance > 0.0 {
            self.bank.add(&mut image, noise_variance.sqrt(), tick * 7919);
        }
        let projection = self.large.projection(world, tick);
        Picture { image: Arc::new(image), input: [0.0, 0.0, 1.0, 1.0], projection }
    }

    fn lane(&self) -> Lane {
        let now_secs = self.simulator.time_secs();
        let on_lane_m = self.simulator.road_pose().offset_m;
        // The instant of the crash shows where the car left the lane; the picture already shows it put back.
        let (status, offset_m) = match self.crash {
            Some(crash) if now_secs - crash.at_secs < 0.5 * DT_SECS => (Status::Crashed, crash.offset_m),
            Some(crash) if now_secs - crash.at_secs < PUT_BACK_SECS => (Status::PutBack, on_lane_m),
            _ => (Status::Driving, on_lane_m),
        };
        Lane {
            offset_m,
            limit_m: self.simulator.world().lane_limit_m(),
            status,
            crashes: self.simulator.crashes(),
            distance_m: self.simulator.distance_m(),
        }
    }
}
