//! A pilot in the car of another simulator: it steers by that simulator's pictures, what counts as a crash is put back,
//! and the drive becomes a [`DriveLog`] like one of ours.
//!
//! Lengths are metres of the policies' world throughout; the car's client scales them.

use super::Driver;
use super::closed_loop::{DriveLog, LoggedStep, Pilot};
use anyhow::Context as _;
use lane_frame::noise::add_gaussian;
use lane_frame::{Frame, Size, Steering};
use lane_policy::preprocess::fit;
use lane_recording::CameraView;
use lane_sim::RoadFamily;
use lane_sim::corruption::Corruption;
use lane_worlds::{Car, MatchedView, Observation};

/// Half the width of a lane of 3.5 m: a car whose middle is farther out has left it.
pub const LANE_LIMIT_M: f32 = 1.75;

/// Half the width of a car of 1.8 m.
const HALF_CAR_M: f32 = 0.9;

/// The expert aims at a point on the lane this long ahead, in s, and at least so far.
const AIM_SECS: f32 = 0.6;
const LEAST_AIM_M: f32 = 2.5;

/// Everything that spoils the pictures on their way to the policies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spoiling {
    /// Variance of Gaussian noise on the [0, 1] image.
    pub noise_variance: f32,
    /// A corruption of the policy's input besides.
    pub corruption: Option<Corruption>,
}

/// A car in another simulator.
pub struct Outside {
    car: Box<dyn Car>,
    /// Crash beyond this |offset|, in m.
    pub lane_limit_m: f32,
    /// What spoils the policies' pictures.
    pub spoiling: Spoiling,
    /// Pictures of this drive so far: what the noise is drawn by.
    seen: u64,
}

/// One picture from another simulator and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutsideStep {
    /// Seconds since the start of this drive.
    pub time_secs: f64,
    /// What the pilot commanded; straight on after a crash.
    pub commanded: Steering,
    /// The expert's command, where the simulator tells enough for one.
    pub expert: Option<Steering>,
    /// True if the car left its lane or hit something, and was put back.
    pub crashed: bool,
    /// Metres driven so far.
    pub distance_m: f64,
}

/// The end of a drive in another simulator.
#[derive(Clone, Debug)]
pub struct OutsideLog {
    /// The drive as one of ours; its road is not known, so offsets are what the simulator tells.
    pub drive: DriveLog,
    /// Whole laps.
    pub laps: u32,
    /// Time of the last whole lap in s.
    pub lap_secs: Option<f64>,
    /// Time of each answer to a picture, in s.
    pub answer_secs: Vec<f64>,
}

impl Outside {
    /// A car whose pilot loses it beyond this distance from the middle of the lane, in m.
    pub fn new(car: Box<dyn Car>, lane_limit_m: f32) -> Self {
        Self { car, lane_limit_m, spoiling: Spoiling::default(), seen: 0 }
    }

    /// The simulator, its address and its road.
    pub fn title(&self) -> String {
        self.car.title()
    }

    /// The car itself.
    pub fn car(&mut self) -> &mut dyn Car {
        &mut *self.car
    }

    /// Waits for the next picture.
    pub(crate) fn look(&mut self) -> anyhow::Result<Observation> {
        let seen = self.car.look()?;
        self.seen += 1;
        Ok(seen)
    }

    /// True if the car has left its lane or hit something.
    pub(crate) fn is_crash(&self, seen: &Observation) -> bool {
        seen.hit.is_some() || seen.offset_m.is_some_and(|offset_m| offset_m.abs() > self.lane_limit_m)
    }

    /// The view of its pictures, the same for every policy that was not trained on another part of them.
    pub fn view(&self, size: Size) -> CameraView {
        let stated = |view: MatchedView| CameraView::stated(size, view.crop, view.horizon_px, view.focal_px);
        let stated = self.car.matched_view().and_then(stated);
        stated.unwrap_or_else(|| CameraView::usual(self.car.format(), size))
    }

    /// What a policy sees of a picture: the part of it, and its input.
    pub(crate) fn input(&self, driver: &Driver, seen: &Observation, time_secs: f64) -> (CameraView, Frame) {
        let sight = driver.sight();
        let size = Size::new(seen.image.width(), seen.image.height());
        // Where the simulator shows the training camera's own view, that is what every policy knows.
        let view = match self.car.matched_view() {
            Some(_) => self.view(size),
            None => sight.view_of(self.view(size), self.car.format(), &seen.image),
        };
        let mut image = fit(&seen.image, view.crop, sight.size);
        if let Some(corruption) = self.spoiling.corruption {
            corruption.apply(&mut image, 0, self.seen);
        }
        add_gaussian(&mut image, self.spoiling.noise_variance, 0, self.seen);
        (view, Frame { index: self.seen, time_secs, image })
    }

    /// Lets a pilot drive for some seconds of the simulator's time, from a start to which the car is put back. `watch` is
    /// given each picture before the command for it is sent, and may change that command.
    ///
    /// # Errors
    /// When the simulator cannot be driven any more, a policy does not steer, or `watch` fails; the car is stopped first.
    pub fn drive(
        &mut self,
        pilot: &mut Pilot,
        seconds: f64,
        watch: &mut dyn FnMut(&Observation, &mut OutsideStep) -> anyhow::Result<()>,
    ) -> anyhow::Result<OutsideLog> {
        let driven = self.drive_on(pilot, seconds, watch);
        self.car.stop();
        driven.with_context(|| self.car.title())
    }

    fn drive_on(
        &mut self,
        pilot: &mut Pilot,
        seconds: f64,
        watch: &mut dyn FnMut(&Observation, &mut OutsideStep) -> anyhow::Result<()>,
    ) -> anyhow::Result<OutsideLog> {
        self.car.put_back()?;
        pilot.reset();
        // The same noise in every drive: what was driven before must not change it.
        self.seen = 0;
        let mut expert = TelemetryExpert::default();
        let (mut steps, mut answer_secs, mut way) = (Vec::new(), Vec::new(), Way::default());
        let (mut began_secs, mut laps_before, mut last) = (None, 0, None);
        loop {
            let seen = self.look()?;
            let began_secs = *began_secs.get_or_insert(seen.time_secs);
            if last.is_none() {
                laps_before = seen.laps;
            }
            let time_secs = seen.time_secs - began_secs;
            if time_secs >= seconds {
                last = Some(seen);
                break;
            }
            way.add(&seen);
            let crashed = self.is_crash(&seen);
            let by_expert = expert.steer(&seen, way.distance_m);
            let commanded = match pilot {
                _ if crashed || seen.manual => Steering(0.0),
                Pilot::Policy(driver) => {
                    driver.set_speed(seen.speed_mps);
                    let (_, frame) = self.input(driver, &seen, time_secs);
                    driver.steer(&frame)?
                }
                Pilot::Expert => by_expert.context(NO_EXPERT)?,
                Pilot::Zero => Steering(0.0),
            };
            let distance_m = way.distance_m;
            let mut step = OutsideStep { time_secs, commanded, expert: by_expert, crashed, distance_m };
            watch(&seen, &mut step)?;
            steps.push(logged(&seen, &step));
            if crashed {
                if !self.car.put_back()? {
                    last = Some(seen);
                    break;
                }
                pilot.reset();
                (expert, way.last_secs) = (TelemetryExpert::default(), None);
            } else {
                self.car.steer(step.commanded)?;
                answer_secs.extend(self.car.answer_secs());
            }
            last = Some(seen);
        }
        let last = last.as_ref();
        let laps = last.map_or(0, |seen| seen.laps.saturating_sub(laps_before));
        let lap_secs = last.filter(|_| laps > 0).and_then(|seen| seen.lap_secs);
        let drive = DriveLog {
            seed: 0,
            family: RoadFamily::Marked,
            speed_mps: way.mean_speed_mps(),
            lane_limit_m: self.lane_limit_m,
            wheel_limit_m: (self.lane_limit_m - HALF_CAR_M).max(0.1),
            distance_m: way.distance_m,
            steps,
        };
        Ok(OutsideLog { drive, laps, lap_secs, answer_secs })
    }
}

const NO_EXPERT: &str = "this simulator does not tell where the car is on its lane: there is no expert for it";

/// What is kept of one picture.
fn logged(seen: &Observation, step: &OutsideStep) -> LoggedStep {
    LoggedStep {
        s_m: step.distance_m as f32,
        offset_m: seen.offset_m.unwrap_or(0.0),
        heading_error_rad: seen.heading_error_rad.unwrap_or(0.0),
        commanded: step.commanded,
        driven_per_m: step.commanded.0,
        road_per_m: seen.road_per_m.unwrap_or(0.0),
        crashed: step.crashed,
    }
}

/// The way of a car by its speed.
#[derive(Default)]
struct Way {
    distance_m: f64,
    driven_secs: f64,
    last_secs: Option<f64>,
}

impl Way {
    fn add(&mut self, seen: &Observation) {
        if let (Some(last_secs), Some(speed_mps)) = (self.last_secs, seen.speed_mps) {
            let elapsed_secs = (seen.time_secs - last_secs).clamp(0.0, 1.0);
            self.distance_m += f64::from(speed_mps) * elapsed_secs;
            self.driven_secs += elapsed_secs;
        }
        self.last_secs = Some(seen.time_secs);
    }

    fn mean_speed_mps(&self) -> f32 {
        if self.driven_secs > 0.0 { (self.distance_m / self.driven_secs) as f32 } else { 0.0 }
    }
}

/// An expert that knows no road, but what the simulator tells of the car's place on it: it steers for a point of the
/// lane's centre ahead of the car, on an arc through that point.
#[derive(Default)]
pub(crate) struct TelemetryExpert {
    /// Distance and offset of the last picture, for a simulator that does not tell the heading.
    last: Option<(f64, f32)>,
    heading_rad: f32,
}

impl TelemetryExpert {
    /// Its command; nothing where the simulator does not tell the offset.
    pub fn steer(&mut self, seen: &Observation, distance_m: f64) -> Option<Steering> {
        /// A shorter way says nothing about a heading.
        const LEAST_WAY_M: f64 = 0.05;
        let offset_m = seen.offset_m?;
        if let Some((last_m, last_offset_m)) = self.last
            && distance_m - last_m > LEAST_WAY_M
        {
            let slope = (offset_m - last_offset_m) / (distance_m - last_m) as f32;
            self.heading_rad += 0.5 * (libm::atanf(slope) - self.heading_rad);
        }
        if self.last.is_none_or(|(last_m, _)| distance_m - last_m > LEAST_WAY_M) {
            self.last = Some((distance_m, offset_m));
        }
        let heading_rad = seen.heading_error_rad.unwrap_or(self.heading_rad);
        let aim_m = (AIM_SECS * seen.speed_mps.unwrap_or(0.0)).max(LEAST_AIM_M);
        let road_per_m = seen.road_per_m.unwrap_or(0.0);
        Some(Steering(road_per_m - 2.0 * offset_m / (aim_m * aim_m) - 2.0 * libm::sinf(heading_rad) / aim_m))
    }
}
