//! One policy on one simulated road: it steers, crashes are counted, the car is put back and goes on. Everything that
//! happened is in the [`DriveLog`]; what it amounts to is the audit's.

pub use super::car::{Car, Conditions, LoggedStep};
use super::{CannotSteer, Driver};
use lane_frame::{Size, Steering};
use lane_sim::{RoadFamily, World};
use std::sync::Arc;

/// The one who drives.
#[derive(Clone)]
pub enum Pilot {
    /// A policy, from what its camera shows.
    Policy(Box<Driver>),
    /// Pure pursuit on the true lane: the best that can be hoped for.
    Expert,
    /// Straight on, always: what the roads ask for at least.
    Zero,
}

/// The course of one drive.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveLog {
    /// Seed of the road.
    pub seed: u64,
    /// Kind of road.
    pub family: RoadFamily,
    /// The car's constant speed.
    pub speed_mps: f32,
    /// Crash beyond this |offset|, in m.
    pub lane_limit_m: f32,
    /// A wheel touches the edge of the lane at this |offset|, in m.
    pub wheel_limit_m: f32,
    /// Metres driven.
    pub distance_m: f64,
    /// Every control step of [`lane_sim::DT_SECS`], in order.
    pub steps: Vec<LoggedStep>,
}

impl DriveLog {
    /// The course of a car's drive that consisted of these steps.
    pub fn of(car: &Car, steps: Vec<LoggedStep>) -> Self {
        let world = car.simulator().world();
        Self {
            seed: world.spec().seed,
            family: world.family(),
            speed_mps: world.speed_mps(),
            lane_limit_m: world.lane_limit_m(),
            wheel_limit_m: world.wheel_limit_m(),
            distance_m: car.simulator().distance_m(),
            steps,
        }
    }

    /// Times the car left its lane.
    pub fn crashes(&self) -> usize {
        self.steps.iter().filter(|step| step.crashed).count()
    }
}

impl Pilot {
    /// Size of the pictures that it looks at, if it looks at any.
    fn input_size(&self) -> Option<Size> {
        match self {
            Self::Policy(driver) => Some(driver.input_size()),
            Self::Expert | Self::Zero => None,
        }
    }

    /// Forgets the drive so far.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::Policy(driver) => driver.reset(),
            Self::Expert | Self::Zero => {}
        }
    }

    /// Its command for this control step; a policy whose frame was lost leaves its last one.
    fn steer(&mut self, car: &Car) -> Result<Steering, CannotSteer> {
        match self {
            Self::Policy(driver) => car.frame().map_or(Ok(car.last_command()), |frame| driver.steer(frame)),
            Self::Expert => Ok(car.simulator().expert()),
            Self::Zero => Ok(Steering(0.0)),
        }
    }
}

/// Drives a road for some seconds. The same arguments give the same log.
///
/// # Errors
/// If the policy's steering is not a number.
pub fn drive(
    pilot: &mut Pilot,
    world: Arc<World>,
    seconds: f64,
    conditions: &Conditions,
) -> Result<DriveLog, CannotSteer> {
    let mut car = Car::new(world, *conditions, pilot.input_size());
    let mut steps = Vec::new();
    if let Pilot::Policy(driver) = pilot {
        driver.set_speed(Some(car.simulator().world().speed_mps()));
    }
    pilot.reset();
    while car.simulator().time_secs() < seconds {
        car.look();
        let command = pilot.steer(&car)?;
        let Some(step) = car.drive(command) else { break };
        if step.crashed {
            pilot.reset();
        }
        steps.push(step);
    }
    Ok(DriveLog::of(&car, steps))
}
