//! Several policies drive the same seeded road at the same time, each in its own car.

use super::car::Car;
use super::closed_loop::Conditions;
use super::moment::{Attention, Decision, Lane, Moment, Picture, Session, SessionInfo, Side, Status};
use super::{CannotSteer, Control, Driver};
use lane_frame::noise::NoiseBank;
use lane_frame::{RgbImage, Size};
use lane_policy::saliency::Method;
pub use lane_sim::Course;
use lane_sim::{Camera, DT_SECS, Factors, Masks, World};
use rayon::prelude::*;
use std::sync::Arc;

/// Size of the picture that a person sees.
pub const SCREEN: Size = Size::new(640, 256);

/// Time for which a car counts as just put back, in s.
const PUT_BACK_SECS: f64 = 1.0;

/// A drive of several policies, for the window and for films.
pub struct TwinDrive {
    course: Course,
    info: SessionInfo,
    method: Method,
    cars: Vec<PolicyCar>,
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
        let cars = drivers.into_iter().map(|driver| PolicyCar::new(driver, &world, &bank)).collect();
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
        let time_secs = self.cars.first().map_or(0.0, |car| car.car.simulator().time_secs());
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

/// One policy in its car.
struct PolicyCar {
    driver: Driver,
    /// The untrained twin, for policies that have one.
    control: Option<Control>,
    car: Car,
    screen: Camera,
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

impl PolicyCar {
    fn new(driver: Driver, world: &Arc<World>, bank: &Arc<NoiseBank>) -> Self {
        let car = Car::new(Arc::clone(world), Conditions::default(), Some(driver.input_size()));
        let (control, screen, bank) = (driver.control(), Camera::new(SCREEN), Arc::clone(bank));
        Self { driver, control, car, screen, bank, crash: None, road_ended: false }
    }

    fn restart(&mut self, world: &Arc<World>) {
        self.driver.reset();
        self.car = Car::new(Arc::clone(world), Conditions::default(), Some(self.driver.input_size()));
        (self.crash, self.road_ended) = (None, false);
    }

    /// Looks, decides, drives one control step.
    fn advance(&mut self, method: Method, noise_variance: f32) -> Result<Side, CannotSteer> {
        self.car.set_noise(noise_variance);
        self.car.look();
        let picture = self.picture(noise_variance);
        let decision = self.car.frame().map(|frame| self.driver.decide(frame, method)).transpose()?;
        let (reference, lane) = (self.car.simulator().expert(), self.lane());
        let attention = decision.as_ref().and_then(|decision| self.attention(decision, method));
        let command = decision.as_ref().map_or(self.car.last_command(), |decision| decision.steering);
        match self.car.drive(command) {
            Some(step) if step.crashed => {
                self.driver.reset();
                self.crash = Some(Crash { at_secs: self.car.simulator().time_secs(), offset_m: step.offset_m });
            }
            Some(_) => {}
            None => self.road_ended = true,
        }
        Ok(Side { picture, decision, reference: Some(reference), lane: Some(lane), attention })
    }

    /// The share of the map that lies on the road.
    fn attention(&self, decision: &Decision, method: Method) -> Option<Attention> {
        let (frame, masks) = (self.car.frame()?, self.car.masks()?);
        let road = || masks.bits.iter().map(|bits| bits & Masks::ROAD != 0);
        let share = decision.saliency.as_ref()?.share_on(road())?;
        let control = self.control.as_ref().map(|control| control.saliency(frame, method));
        let untrained = control.and_then(|map| map.share_on(road()));
        Some(Attention { road: share, untrained: untrained.map(|share| share.of_map) })
    }

    /// The policy's view at screen size.
    fn picture(&mut self, noise_variance: f32) -> Picture {
        let (world, tick) = (self.car.simulator().world(), self.car.simulator().tick());
        let mut image = RgbImage::new(SCREEN.width, SCREEN.height);
        self.screen.render(world, self.car.simulator().car(), tick, &Factors::default(), &mut image, None);
        if noise_variance > 0.0 {
            self.bank.add(&mut image, noise_variance.sqrt(), tick * 7919);
        }
        let projection = self.screen.projection(world, tick);
        Picture { image: Arc::new(image), input: [0.0, 0.0, 1.0, 1.0], projection }
    }

    fn lane(&self) -> Lane {
        let simulator = self.car.simulator();
        let now_secs = simulator.time_secs();
        let on_lane_m = simulator.road_pose().offset_m;
        // The instant of the crash shows where the car left the lane; the picture already shows it put back.
        let (status, offset_m) = match self.crash {
            Some(crash) if now_secs - crash.at_secs < 0.5 * DT_SECS => (Status::Crashed, crash.offset_m),
            Some(crash) if now_secs - crash.at_secs < PUT_BACK_SECS => (Status::PutBack, on_lane_m),
            _ => (Status::Driving, on_lane_m),
        };
        Lane {
            offset_m,
            limit_m: simulator.world().lane_limit_m(),
            status,
            crashes: simulator.crashes(),
            distance_m: simulator.distance_m(),
        }
    }
}
