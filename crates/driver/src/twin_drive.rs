//! Several policies drive the same seeded road at the same time, each in its own car. The drive can be sought, and what
//! is changed on the way makes a branch, beside which the undisturbed twins go on as ghosts.

use super::Driver;
use super::moment::Moment;
pub use super::policy_car::SCREEN;
use super::policy_car::{PolicyCar, Shown};
use super::seat::Seat;
use super::session::{AttentionSetup, DriveSetup, Every, MemoryAfterSeek, Order, Session, SessionInfo, check_policies};
use super::timeline::{Settings, Timeline};
use anyhow::ensure;
use lane_frame::noise::NoiseBank;
use lane_policy::Lesion;
use lane_sim::{Course, DT_SECS, RoadSet, World};
use rayon::prelude::*;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How far a seek may go beyond what was driven, in s: so much is driven unseen within a second or two.
const MOST_AHEAD_SECS: f64 = 60.0;

/// A drive of several policies, for the window and for films.
pub struct TwinDrive {
    set: RoadSet,
    info: SessionInfo,
    world: Arc<World>,
    bank: Arc<NoiseBank>,
    timeline: Timeline,
    /// The control step of the next moment.
    next: u64,
    cars: Vec<PolicyCar>,
    /// The control step before which the cars are, where they are as the time line has it.
    cars_at: Option<u64>,
    causes: bool,
    /// True of a copy: going back undoes nothing.
    is_copy: bool,
}

impl TwinDrive {
    /// Puts a car on the road for each driver.
    pub fn new(drivers: Vec<Driver>, course: Course) -> Self {
        let Course { set, seed, family, weather, seconds } = course;
        let setup = DriveSetup { seed, family, weather, ..DriveSetup::default() };
        let methods = Driver::methods(&drivers);
        let settings = Settings { setup, seats: drivers.into_iter().map(Seat::new).collect(), branched_at: None };
        let world = world(set, &setup, seconds);
        let info = SessionInfo {
            title: title(&world),
            policies: Vec::new(),
            reference_name: "expert",
            attention: AttentionSetup::among(&methods),
            noise_variance: 0.0,
            duration_secs: seconds,
            frame_count: frames_in(seconds),
            closed_loop: true,
            setup: Some(setup),
            branched_at_secs: None,
            bands: Vec::new(),
            doubt: Vec::new(),
            memory: MemoryAfterSeek::Exact,
            lesions: Vec::new(),
            methods,
        };
        let bank = Arc::new(NoiseBank::new(0));
        let timeline = Timeline::new(settings);
        let (cars, causes, is_copy) = (Vec::new(), false, false);
        let mut drive = Self { set, info, world, bank, timeline, next: 0, cars, cars_at: None, causes, is_copy };
        drive.refresh_info();
        drive
    }

    /// What is set at the next moment.
    fn settings(&self) -> &Settings {
        self.timeline.at(self.next)
    }

    /// A drive of other settings from its first moment.
    fn start(&mut self, mut settings: Settings) {
        settings.branched_at = None;
        settings.seats.iter_mut().for_each(|seat| seat.manual = None);
        self.world = world(self.set, &settings.setup, self.info.duration_secs);
        self.timeline = Timeline::new(settings);
        self.cars.clear();
        (self.next, self.cars_at) = (0, None);
    }

    /// Changes settings from the next moment on. Behind the first moment that begins a branch.
    fn branch(&mut self, edit: impl FnOnce(&mut Settings)) {
        let next = self.next;
        let branch = |settings: &mut Settings| {
            let before = settings.clone();
            edit(settings);
            if next > 0 && !settings.drives_as(&before) {
                settings.branched_at.get_or_insert(next);
            }
        };
        self.change(branch);
    }

    fn change(&mut self, edit: impl FnOnce(&mut Settings)) {
        if self.timeline.change(self.next, edit) && self.cars_at.is_some_and(|at| at > self.next) {
            self.cars_at = None;
        }
    }

    fn seek(&mut self, secs: f64) -> anyhow::Result<()> {
        let last_secs = self.info.duration_secs;
        ensure!(secs >= 0.0, "seek to {secs} s: the drive begins at 0 s");
        // Times of moments are sums of rounded steps.
        let step = ((secs.min(last_secs) / DT_SECS + 1e-6) as u64).min(self.info.frame_count.saturating_sub(1) as u64);
        let driven = self.timeline.furthest().max(self.next) as f64 * DT_SECS;
        ensure!(
            step as f64 * DT_SECS <= driven + MOST_AHEAD_SECS,
            "seek to {secs:.1} s: the cars have driven {driven:.1} s; seek at most {MOST_AHEAD_SECS} s ahead of that"
        );
        if !self.is_copy && self.timeline.undo_after(step) {
            self.cars_at = None;
        }
        self.next = step;
        self.cars.iter_mut().for_each(PolicyCar::forget_maps);
        Ok(())
    }

    fn attend(&mut self, attention: AttentionSetup) -> anyhow::Result<()> {
        attention.check(&self.info.methods)?;
        self.info.attention = attention;
        self.cars.iter_mut().for_each(PolicyCar::forget_maps);
        Ok(())
    }

    fn check_policy(&self, policy: usize) -> anyhow::Result<()> {
        let count = self.settings().seats.len();
        ensure!(policy < count, "policy {policy}: there are {count}, numbered from 0");
        Ok(())
    }

    fn lesion(&mut self, policy: usize, lesions: Vec<Lesion>) -> anyhow::Result<()> {
        self.check_policy(policy)?;
        let seat = self.settings().seats[policy].lesioned(lesions)?;
        self.branch(|settings| settings.seats[policy] = seat);
        Ok(())
    }

    fn seat(&mut self, drivers: Vec<Driver>) -> anyhow::Result<()> {
        check_policies(&drivers)?;
        self.info.offer(Driver::methods(&drivers));
        let seats = drivers.into_iter().map(Seat::new).collect();
        self.branch(|settings| settings.seats = seats);
        Ok(())
    }

    /// Says what is set at the next moment.
    fn refresh_info(&mut self) {
        let Settings { setup, seats, branched_at } = self.timeline.at(self.next);
        let drivers: Vec<&Driver> = seats.iter().map(|seat| &*seat.intact).collect();
        self.info.policies = drivers.iter().map(|driver| driver.describe()).collect();
        self.info.methods = Driver::methods(drivers);
        self.info.lesions = seats.iter().map(|seat| seat.lesions.clone()).collect();
        (self.info.title, self.info.noise_variance, self.info.setup) =
            (title(&self.world), setup.noise_variance, Some(*setup));
        self.info.branched_at_secs = branched_at.map(|step| step as f64 * DT_SECS);
    }

    /// Brings the cars to the next moment, with everything that is set there.
    fn reach_next(&mut self) -> anyhow::Result<()> {
        let kept = self.timeline.kept_before(self.next);
        let from = kept.map_or(0, |(step, _)| step);
        let mut at = match self.cars_at.take() {
            Some(at) if (from..=self.next).contains(&at) => at,
            _ => {
                let settings = self.timeline.at(from.saturating_sub(1));
                let conditions = settings.conditions();
                self.cars.truncate(settings.seats.len());
                for seat in &settings.seats[self.cars.len()..] {
                    self.cars.push(PolicyCar::new(seat, &self.world, conditions, &self.bank));
                }
                if let Some((_, kept)) = kept {
                    for ((car, kept), seat) in self.cars.iter_mut().zip(kept).zip(&settings.seats) {
                        car.go_back(kept, seat, conditions);
                    }
                }
                from
            }
        };
        loop {
            self.timeline.keep(at, || self.cars.iter().map(PolicyCar::keep).collect());
            if let Some(settings) = self.timeline.change_at(at).filter(|_| at > 0) {
                change_all(&mut self.cars, settings);
            }
            if at == self.next || self.has_ended() {
                return Ok(());
            }
            self.cars.par_iter_mut().map(PolicyCar::pass).collect::<Result<(), _>>()?;
            at += 1;
        }
    }

    fn has_ended(&self) -> bool {
        self.cars.iter().any(PolicyCar::road_ended)
    }
}

impl Session for TwinDrive {
    fn info(&self) -> &SessionInfo {
        &self.info
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let time_secs = self.next as f64 * DT_SECS;
        if time_secs >= self.info.duration_secs {
            return Ok(None);
        }
        self.reach_next()?;
        if self.has_ended() {
            self.cars_at = Some(self.next);
            return Ok(None);
        }
        let shown = Shown { attention: self.info.attention, causes: self.causes };
        let sides = self.cars.par_iter_mut().map(|car| car.advance(&shown)).collect::<Result<_, _>>()?;
        let frame = self.next as usize;
        self.next += 1;
        self.cars_at = Some(self.next);
        Ok(Some(Moment { frame, time_secs, sides, skipped: None }))
    }

    fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        let (from_secs, to_secs) = span_secs.into_inner();
        let mut copy = Self {
            set: self.set,
            info: SessionInfo { attention: self.info.attention.every(Every::Frame), ..self.info.clone() },
            world: Arc::clone(&self.world),
            bank: Arc::clone(&self.bank),
            timeline: self.timeline.clone(),
            next: self.next,
            cars: Vec::new(),
            cars_at: None,
            causes: self.causes,
            is_copy: true,
        };
        copy.seek(from_secs)?;
        copy.refresh_info();
        let last = (to_secs / DT_SECS) as u64;
        ensure!(
            self.timeline.has_same_policies(copy.next, last),
            "{from_secs:.1} s to {to_secs:.1} s: the policies change in between; choose a part with the same ones"
        );
        Ok(Box::new(copy))
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Reset => self.start(self.settings().clone()),
            Order::NextRoad => {
                let mut settings = self.settings().clone();
                settings.setup.seed = settings.setup.seed.wrapping_add(1);
                self.start(settings);
            }
            Order::Seek(secs) => self.seek(secs)?,
            Order::Attention(attention) => self.attend(attention)?,
            Order::Start(setup) => {
                setup.check()?;
                self.start(Settings { setup, ..self.settings().clone() });
            }
            Order::Drive(setup) => {
                setup.check()?;
                let same = self.settings().setup.has_road_of(&setup);
                ensure!(same, "another road or speed: a drive there starts anew");
                self.branch(|settings| settings.setup = setup);
            }
            Order::Noise(noise_variance) => {
                DriveSetup { noise_variance, ..self.settings().setup }.check()?;
                self.branch(|settings| settings.setup.noise_variance = noise_variance);
            }
            Order::Policies(drivers) => self.seat(drivers)?,
            Order::TakeOver { policy, steering } => {
                self.check_policy(policy)?;
                let given = steering.is_none_or(|steering| steering.0.is_finite());
                ensure!(given, "take over: expected a steering that is a number, got {steering:?}");
                self.branch(|settings| settings.seats[policy].manual = steering);
            }
            Order::Lesions { policy, lesions } => self.lesion(policy, lesions)?,
            Order::Causes(wanted) => self.causes = wanted,
            Order::EndBranch => self.change(|settings| settings.branched_at = None),
        }
        self.refresh_info();
        Ok(())
    }
}

/// Gives every car what is set now: new ones beside the first, those that nobody drives any more are gone.
fn change_all(cars: &mut Vec<PolicyCar>, settings: &Settings) {
    let conditions = settings.conditions();
    cars.truncate(settings.seats.len());
    for (car, seat) in cars.iter_mut().zip(&settings.seats) {
        car.change(seat, conditions, settings.branched_at.is_some());
    }
    for seat in &settings.seats[cars.len()..] {
        let beside = cars[0].beside(seat);
        cars.push(beside);
    }
}

/// The world of a setup, long enough for its speed.
fn world(set: RoadSet, setup: &DriveSetup, seconds: f64) -> Arc<World> {
    let DriveSetup { seed, family, weather, speed_kmh, .. } = *setup;
    let course = Course { set, seed, family, weather, seconds };
    let Some(speed_kmh) = speed_kmh else { return course.world() };
    let mut spec = course.spec();
    let speed_mps = speed_kmh / 3.6;
    // Inside of a curve the way is up to 6 % shorter.
    spec.length_m = spec.length_m.max(seconds as f32 * speed_mps * 1.06 + 40.0);
    Arc::new(World::build(spec).with_speed(speed_mps))
}

fn frames_in(seconds: f64) -> usize {
    // The rounding of a quotient must not add a frame.
    (seconds / DT_SECS - 1e-6).ceil() as usize
}

fn title(world: &World) -> String {
    let roadside = if world.parcelled() { "varied roadside" } else { "plain roadside" };
    let (family, weather) = (world.family(), world.spec().weather);
    let speed_kmh = world.speed_mps() * 3.6;
    format!("road {} · {family}, {roadside} · {weather} · {speed_kmh:.0} km/h", world.spec().seed)
}
