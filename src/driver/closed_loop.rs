//! One policy on one simulated road: it steers, crashes are counted, the car is put back and goes on.

use super::{CannotSteer, Driver};
use crate::frame::noise::add_gaussian;
use crate::frame::{Frame, RgbImage, Steering};
use crate::sim::{Camera, Factors, RoadFamily, Simulator, StepOutcome, World};
use std::sync::Arc;

/// What drives.
#[derive(Clone)]
pub enum Pilot {
    /// A policy, from what its camera shows.
    Policy(Box<Driver>),
    /// Pure pursuit on the true lane: the best that can be hoped for.
    Expert,
    /// Straight on, always: what the roads ask for at least.
    Zero,
}

/// How one drive went.
#[derive(Clone, Debug, PartialEq)]
pub struct RoadScore {
    /// Seed of the road.
    pub seed: u64,
    /// Kind of road.
    pub family: RoadFamily,
    /// Times the car left its lane.
    pub crashes: u32,
    /// Metres driven.
    pub distance_m: f64,
    /// Cross-track error of every step, in m, left positive; where the car crashed, before it was put back.
    pub cross_track_m: Vec<f32>,
    /// Change of the commanded curvature from step to step, in 1/m.
    pub steering_change: Vec<f32>,
}

/// Drives a road for some seconds under image noise of a variance (on the [0, 1] image). The same arguments give the
/// same score.
///
/// # Errors
/// If the policy's steering is not a number.
pub fn drive(
    pilot: &mut Pilot,
    world: Arc<World>,
    seconds: f64,
    noise_variance: f32,
) -> Result<RoadScore, CannotSteer> {
    let (seed, family) = (world.spec().seed, world.family());
    let mut simulator = Simulator::new(world);
    let mut eyes = Eyes::of(pilot);
    let mut score =
        RoadScore { seed, family, crashes: 0, distance_m: 0.0, cross_track_m: vec![], steering_change: vec![] };
    let mut last: Option<Steering> = None;
    while simulator.time_secs() < seconds {
        let steering = match (&mut *pilot, &mut eyes) {
            (Pilot::Policy(driver), Some(eyes)) => driver.steer(eyes.look(&simulator, noise_variance))?,
            (Pilot::Expert, _) => simulator.expert(),
            _ => Steering(0.0),
        };
        if let Some(last) = last {
            score.steering_change.push(steering.0 - last.0);
        }
        last = Some(steering);
        match simulator.step(steering) {
            StepOutcome::Driving => score.cross_track_m.push(simulator.road_pose().offset_m),
            StepOutcome::Crashed { offset_m } => {
                score.cross_track_m.push(offset_m);
                last = None;
                if let Pilot::Policy(driver) = pilot {
                    driver.reset();
                }
            }
            StepOutcome::RoadEnded => break,
        }
    }
    (score.crashes, score.distance_m) = (simulator.crashes(), simulator.distance_m());
    Ok(score)
}

/// The policy's camera.
struct Eyes {
    camera: Camera,
    frame: Frame,
}

impl Eyes {
    fn of(pilot: &Pilot) -> Option<Self> {
        let Pilot::Policy(driver) = pilot else { return None };
        let size = driver.input_size();
        let image = RgbImage::new(size.width, size.height);
        Some(Self { camera: Camera::new(size), frame: Frame { index: 0, time_secs: 0.0, image } })
    }

    fn look(&mut self, simulator: &Simulator, noise_variance: f32) -> &Frame {
        let (world, tick) = (simulator.world(), simulator.tick());
        self.camera.render(world, simulator.car(), tick, &Factors::default(), &mut self.frame.image, None);
        add_gaussian(&mut self.frame.image, noise_variance, world.spec().seed, tick);
        (self.frame.index, self.frame.time_secs) = (tick, simulator.time_secs());
        &self.frame
    }
}
