//! One policy in its car, with the ghost that drives on as if nothing had been changed.

use super::attention::{MapMaker, Question};
use super::car::{Car, CarPlace, Conditions};
use super::cause::Cause;
use super::moment::{CauseEffect, Ghost, Lane, NeuronActivity, Picture, Side, Status};
use super::seat::Seat;
use super::session::AttentionSetup;
use super::{CannotSteer, Driver, Memory};
use lane_frame::noise::NoiseBank;
use lane_frame::{RgbImage, Size, Steering};
use lane_sim::{Camera, DT_SECS, Simulator, World};
use std::sync::Arc;

/// Size of the picture that a person sees.
pub const SCREEN: Size = Size::new(640, 256);

/// Time for which a car counts as just put back, in s.
const PUT_BACK_SECS: f64 = 1.0;

/// What is shown beside the steering.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    pub attention: AttentionSetup,
    pub causes: bool,
}

/// One policy in its car.
pub(crate) struct PolicyCar {
    seat: Seat,
    run: Run,
    ghost: Option<Run>,
    screen: Camera,
    maps: MapMaker,
    bank: Arc<NoiseBank>,
}

/// A policy that drives, seen or not.
struct Run {
    /// The policy at the start of a drive.
    seated: Arc<Driver>,
    driver: Driver,
    car: Car,
    crash: Option<Crash>,
    road_ended: bool,
}

/// The last time a car left its lane.
#[derive(Clone, Copy, Debug)]
struct Crash {
    at_secs: f64,
    offset_m: f32,
}

/// A [`PolicyCar`] in the middle of its drive, as plain numbers.
#[derive(Clone, Debug)]
pub(crate) struct KeptCar {
    run: KeptRun,
    ghost: Option<(Arc<Driver>, Conditions, KeptRun)>,
}

#[derive(Clone, Debug)]
struct KeptRun {
    place: CarPlace,
    memory: Memory,
    crash: Option<Crash>,
    road_ended: bool,
}

impl PolicyCar {
    /// A car at the start of a road.
    pub(crate) fn new(seat: &Seat, world: &Arc<World>, conditions: Conditions, bank: &Arc<NoiseBank>) -> Self {
        Self {
            run: Run::new(&seat.driver, world, conditions),
            ghost: None,
            screen: Camera::new(SCREEN),
            maps: MapMaker::new(seat.intact.control()),
            bank: Arc::clone(bank),
            seat: seat.clone(),
        }
    }

    /// A car where this one is, with another policy that remembers nothing.
    pub(crate) fn beside(&self, seat: &Seat) -> Self {
        let car = &self.run.car;
        let mut beside = Self::new(seat, car.simulator().world(), *car.conditions(), &self.bank);
        beside.run.car.put_at(&car.place());
        beside
    }

    /// Other settings from this control step on. In a branch, who is changed leaves a ghost behind.
    pub(crate) fn change(&mut self, seat: &Seat, conditions: Conditions, is_branch: bool) {
        let is_changed = !self.seat.is_same(seat) || *self.run.car.conditions() != conditions;
        if !is_branch {
            self.ghost = None;
        } else if is_changed && self.ghost.is_none() {
            self.ghost = Some(self.run.twin());
        }
        let remembers = Arc::ptr_eq(&self.seat.intact, &seat.intact);
        let memory = remembers.then(|| self.run.driver.memory());
        self.take_seat(seat);
        match memory {
            Some(memory) => self.run.driver.recall(&memory),
            None => self.run.driver.reset(),
        }
        self.run.car.set_conditions(conditions);
    }

    fn take_seat(&mut self, seat: &Seat) {
        if !Arc::ptr_eq(&self.seat.intact, &seat.intact) {
            self.maps = MapMaker::new(seat.intact.control());
        }
        self.run.seat(&seat.driver);
        self.seat = seat.clone();
    }

    /// Everything that a seek comes back to.
    pub(crate) fn keep(&self) -> KeptCar {
        let ghost = self.ghost.as_ref();
        let ghost = ghost.map(|ghost| (Arc::clone(&ghost.seated), *ghost.car.conditions(), ghost.keep()));
        KeptCar { run: self.run.keep(), ghost }
    }

    /// Goes on from where a car on the same road was, with what was set there.
    pub(crate) fn go_back(&mut self, kept: &KeptCar, seat: &Seat, conditions: Conditions) {
        self.take_seat(seat);
        self.run.car.set_conditions(conditions);
        self.run.go_back(&kept.run);
        self.ghost = kept.ghost.as_ref().map(|(seated, conditions, kept)| {
            let mut ghost = Run::new(seated, self.run.car.simulator().world(), *conditions);
            ghost.go_back(kept);
            ghost
        });
        self.maps.forget();
    }

    /// Forgets the maps that were made: others are wanted, or of another time.
    pub(crate) fn forget_maps(&mut self) {
        self.maps.forget();
    }

    /// True behind the end of the road.
    pub(crate) fn road_ended(&self) -> bool {
        self.run.road_ended
    }

    /// Drives one control step unseen.
    pub(crate) fn pass(&mut self) -> Result<(), CannotSteer> {
        self.run.pass(self.seat.manual)?;
        self.ghost.as_mut().map_or(Ok(()), |ghost| ghost.pass(None))
    }

    /// Looks, decides, drives one control step.
    pub(crate) fn advance(&mut self, shown: &Shown) -> Result<Side, CannotSteer> {
        self.run.car.look();
        self.begin_maps(shown.attention);
        let picture = self.picture();
        let causes = if shown.causes { self.run.causes()? } else { None };
        let maps = self.maps.finish();
        let decided = self.run.decide()?;
        let simulator = self.run.car.simulator();
        let (reference, lane, now_secs) = (simulator.expert(), self.run.lane(), simulator.time_secs());
        let ghost = self.ghost.as_mut().map(|ghost| ghost.beside(&self.run)).transpose()?;
        self.run.finish(self.seat.manual.or(decided.as_ref().map(|(steering, _)| *steering)));
        let attention = maps.attention.filter(|_| decided.is_some());
        Ok(Side {
            picture,
            decision: decided.map(|(steering, neurons)| maps.decision(steering, neurons, now_secs)),
            reference: Some(reference),
            lane: Some(lane),
            attention,
            manual: self.seat.manual.is_some(),
            ghost,
            causes,
        })
    }

    fn begin_maps(&mut self, setup: AttentionSetup) {
        let Run { driver, car, .. } = &mut self.run;
        if let Some(frame) = car.frame() {
            let question = || Question::new(driver, frame, car.masks().cloned(), setup);
            self.maps.begin(question, setup.every);
        }
    }

    /// The policy's view at screen size, with the noise but without corruptions: these are made for its own size.
    fn picture(&mut self) -> Picture {
        let (simulator, conditions) = (self.run.car.simulator(), self.run.car.conditions());
        let (world, tick) = (simulator.world(), simulator.tick());
        let mut image = RgbImage::new(SCREEN.width, SCREEN.height);
        self.screen.render(world, simulator.car(), tick, &conditions.factors, &mut image, None);
        if conditions.noise_variance > 0.0 {
            self.bank.add(&mut image, conditions.noise_variance.sqrt(), tick * 7919);
        }
        let projection = self.screen.projection(world, tick);
        Picture { image: Arc::new(image), input: [0.0, 0.0, 1.0, 1.0], projection }
    }
}

/// A policy at the start of a drive, told how fast its car is.
fn at_speed(driver: &Driver, car: &Car) -> Driver {
    let mut driver = driver.clone();
    driver.set_speed(Some(car.simulator().world().speed_mps()));
    driver
}

impl Run {
    fn new(seated: &Arc<Driver>, world: &Arc<World>, conditions: Conditions) -> Self {
        let car = Car::new(Arc::clone(world), conditions, Some(seated.input_size()));
        Self { seated: Arc::clone(seated), driver: at_speed(seated, &car), car, crash: None, road_ended: false }
    }

    /// The same at the same place.
    fn twin(&self) -> Self {
        let mut twin = Self::new(&self.seated, self.car.simulator().world(), *self.car.conditions());
        twin.go_back(&self.keep());
        twin
    }

    /// Another policy takes the seat. What it remembers is left to the caller.
    fn seat(&mut self, driver: &Arc<Driver>) {
        if Arc::ptr_eq(&self.seated, driver) {
            return;
        }
        if self.seated.input_size() != driver.input_size() {
            let place = self.car.place();
            let world = Arc::clone(self.car.simulator().world());
            self.car = Car::new(world, *self.car.conditions(), Some(driver.input_size()));
            self.car.put_at(&place);
        }
        (self.seated, self.driver) = (Arc::clone(driver), at_speed(driver, &self.car));
    }

    fn keep(&self) -> KeptRun {
        let Self { car, driver, crash, road_ended, .. } = self;
        KeptRun { place: car.place(), memory: driver.memory(), crash: *crash, road_ended: *road_ended }
    }

    fn go_back(&mut self, kept: &KeptRun) {
        self.car.put_at(&kept.place);
        self.driver.recall(&kept.memory);
        (self.crash, self.road_ended) = (kept.crash, kept.road_ended);
    }

    /// One control step without a picture for anybody else.
    fn pass(&mut self, manual: Option<Steering>) -> Result<(), CannotSteer> {
        self.car.look();
        let steering = self.car.frame().map(|frame| self.driver.steer(frame)).transpose()?;
        self.finish(manual.or(steering));
        Ok(())
    }

    /// What the policy makes of the picture; nothing where it was lost.
    fn decide(&mut self) -> Result<Option<(Steering, Option<NeuronActivity>)>, CannotSteer> {
        self.car.frame().map(|frame| self.driver.observe(frame)).transpose()
    }

    /// Its steering at this instant without each part of the scene; nothing where the picture was lost. To be asked before
    /// it decides.
    fn causes(&mut self) -> Result<Option<Vec<CauseEffect>>, CannotSteer> {
        let factors = self.car.conditions().factors;
        let pictures = Cause::ALL.map(|cause| self.car.counterfactual(cause.taken_out_of(factors)));
        let Some(pictures) = pictures.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let steerings = self.driver.would_steer(self.car.simulator().time_secs(), &pictures)?;
        let effects = Cause::ALL.into_iter().zip(steerings).map(|(cause, steering)| CauseEffect { cause, steering });
        Ok(Some(effects.collect()))
    }

    /// Looks, decides and drives as a ghost, seen from another car that has not driven this step yet.
    fn beside(&mut self, other: &Self) -> Result<Ghost, CannotSteer> {
        self.car.look();
        let steering = self.car.frame().map(|frame| self.driver.steer(frame)).transpose()?;
        let lane = self.lane();
        let (own, seen_from) = (*self.car.simulator().car(), *other.car.simulator().car());
        let (sin, cos) = libm::sincos(seen_from.heading_rad);
        let (dx, dy) = (own.x_m - seen_from.x_m, own.y_m - seen_from.y_m);
        let ghost = Ghost {
            steering: steering.unwrap_or(self.car.last_command()),
            lane,
            ahead_m: (dx * cos + dy * sin) as f32,
            left_m: (dy * cos - dx * sin) as f32,
            heading_rad: (own.heading_rad - seen_from.heading_rad) as f32,
        };
        self.finish(steering);
        Ok(ghost)
    }

    /// Drives one control step under a command; without one the last command stands.
    fn finish(&mut self, command: Option<Steering>) {
        match self.car.drive(command.unwrap_or(self.car.last_command())) {
            Some(step) if step.crashed => {
                self.driver.reset();
                self.crash = Some(Crash { at_secs: self.car.simulator().time_secs(), offset_m: step.offset_m });
            }
            Some(_) => {}
            None => self.road_ended = true,
        }
    }

    fn lane(&self) -> Lane {
        let simulator = self.car.simulator();
        let (now_secs, on_lane_m) = (simulator.time_secs(), simulator.road_pose().offset_m);
        // The instant of the crash shows where the car left the lane; the picture already shows it put back.
        let (status, offset_m) = match self.crash {
            Some(crash) if now_secs - crash.at_secs < 0.5 * DT_SECS => (Status::Crashed, crash.offset_m),
            Some(crash) if now_secs - crash.at_secs < PUT_BACK_SECS => (Status::PutBack, on_lane_m),
            _ => (Status::Driving, on_lane_m),
        };
        lane(simulator, status, offset_m)
    }
}

fn lane(simulator: &Simulator, status: Status, offset_m: f32) -> Lane {
    Lane {
        offset_m,
        limit_m: simulator.world().lane_limit_m(),
        status,
        crashes: simulator.crashes(),
        distance_m: simulator.distance_m(),
    }
}
