//! One policy on one simulated road: it steers, crashes are counted, the car is put back and goes on. Everything that
//! happened is in the [`DriveLog`]; what it amounts to is the audit's.

use super::{CannotSteer, Driver};
use lane_frame::noise::add_gaussian;
use lane_frame::random::{Purpose, stream};
use lane_frame::{Frame, RgbImage, Steering};
use lane_sim::corruption::Corruption;
use lane_sim::{Camera, Factors, RoadFamily, Simulator, Start, StepOutcome, World};
use rand::RngExt as _;
use std::collections::VecDeque;
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

/// What makes a drive harder than the road does. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Variance of Gaussian noise on the [0, 1] image, of the 2020 paper's kind.
    pub noise_variance: f32,
    /// What spoils the image besides.
    pub corruption: Option<Corruption>,
    /// Share of the paint's colour that is gone from the road, 0 to 1.
    pub marking_erasure: f32,
    /// Control steps between a command and the wheels.
    pub delay_steps: usize,
    /// Share of frames that never arrive: the last command stands.
    pub dropped_share: f32,
    /// How the car stands at the start.
    pub start: Start,
}

/// One control step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoggedStep {
    /// Metres along the lane, after the step.
    pub s_m: f32,
    /// Cross-track error after the step, in m, left positive; where the car crashed, before it was put back.
    pub offset_m: f32,
    /// Heading against the road's, in rad, after the step; after a crash that of the car put back.
    pub heading_error_rad: f32,
    /// What the policy commanded.
    pub commanded: Steering,
    /// Curvature that the front wheels held after the step, in 1/m.
    pub driven_per_m: f32,
    /// Curvature of the road at that place, in 1/m.
    pub road_per_m: f32,
    /// Whether the car left its lane in this step, and was put back.
    pub crashed: bool,
}

/// How one drive went.
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
    /// Times the car left its lane.
    pub fn crashes(&self) -> usize {
        self.steps.iter().filter(|step| step.crashed).count()
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
    let mut log = DriveLog {
        seed: world.spec().seed,
        family: world.family(),
        speed_mps: world.speed_mps(),
        lane_limit_m: world.lane_limit_m(),
        wheel_limit_m: world.wheel_limit_m(),
        distance_m: 0.0,
        steps: Vec::new(),
    };
    let mut simulator = Simulator::starting_at(world, conditions.start);
    let mut eyes = Eyes::of(pilot, conditions);
    let mut link = Link::new(conditions, log.seed);
    if let Pilot::Policy(driver) = pilot {
        driver.reset();
    }
    while simulator.time_secs() < seconds {
        let arrived = link.frame_arrives();
        let steering = match (&mut *pilot, &mut eyes) {
            (Pilot::Policy(_), _) if !arrived => link.last,
            (Pilot::Policy(driver), Some(eyes)) => driver.steer(eyes.look(&simulator))?,
            (Pilot::Expert, _) => simulator.expert(),
            _ => Steering(0.0),
        };
        let outcome = simulator.step(link.through(steering));
        let pose = simulator.road_pose();
        let mut step = LoggedStep {
            s_m: pose.s_m,
            offset_m: pose.offset_m,
            heading_error_rad: pose.heading_error_rad,
            commanded: steering,
            driven_per_m: simulator.car().curvature_per_m() as f32,
            road_per_m: simulator.world().road().curvature_at(f64::from(pose.s_m)) as f32,
            crashed: false,
        };
        if let StepOutcome::Crashed { offset_m } = outcome {
            (step.offset_m, step.crashed) = (offset_m, true);
            link.clear();
            if let Pilot::Policy(driver) = pilot {
                driver.reset();
            }
        }
        if outcome == StepOutcome::RoadEnded {
            break;
        }
        log.steps.push(step);
    }
    log.distance_m = simulator.distance_m();
    Ok(log)
}

/// Between the policy and the wheels, and between the camera and the policy.
struct Link {
    delayed: VecDeque<Steering>,
    delay_steps: usize,
    dropped: Vec<bool>,
    step: usize,
    last: Steering,
}

/// Frames whose loss is drawn at once; the pattern repeats after 200 s.
const LOSS_PATTERN: usize = 4000;

impl Link {
    fn new(conditions: &Conditions, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::DroppedFrames, 0);
        let share = f64::from(conditions.dropped_share.clamp(0.0, 1.0));
        let dropped =
            if share > 0.0 { (0..LOSS_PATTERN).map(|_| rng.random_bool(share)).collect() } else { Vec::new() };
        Self { delayed: VecDeque::new(), delay_steps: conditions.delay_steps, dropped, step: 0, last: Steering(0.0) }
    }

    fn frame_arrives(&mut self) -> bool {
        let lost = self.dropped.get(self.step % LOSS_PATTERN).is_some_and(|lost| *lost);
        self.step += 1;
        !lost
    }

    /// What reaches the wheels now that `steering` was commanded: the car goes straight until the first command arrives.
    fn through(&mut self, steering: Steering) -> Steering {
        self.last = steering;
        self.delayed.push_back(steering);
        if self.delayed.len() > self.delay_steps { self.delayed.pop_front().unwrap_or(steering) } else { Steering(0.0) }
    }

    /// A car that was put back has no commands under way.
    fn clear(&mut self) {
        self.delayed.clear();
        self.last = Steering(0.0);
    }
}

/// The policy's camera.
struct Eyes {
    camera: Camera,
    frame: Frame,
    /// The same picture without paint, where some of it is gone.
    unpainted: Option<RgbImage>,
    conditions: Conditions,
}

impl Eyes {
    fn of(pilot: &Pilot, conditions: &Conditions) -> Option<Self> {
        let Pilot::Policy(driver) = pilot else { return None };
        let size = driver.input_size();
        let image = RgbImage::new(size.width, size.height);
        let unpainted = (conditions.marking_erasure > 0.0).then(|| image.clone());
        let frame = Frame { index: 0, time_secs: 0.0, image };
        Some(Self { camera: Camera::new(size), frame, unpainted, conditions: *conditions })
    }

    fn look(&mut self, simulator: &Simulator) -> &Frame {
        let (world, tick, image) = (simulator.world(), simulator.tick(), &mut self.frame.image);
        let seed = world.spec().seed;
        self.camera.render(world, simulator.car(), tick, &Factors::default(), image, None);
        if let Some(unpainted) = &mut self.unpainted {
            let factors = Factors { markings: false, ..Factors::default() };
            self.camera.render(world, simulator.car(), tick, &factors, unpainted, None);
            blend(image, unpainted, self.conditions.marking_erasure);
        }
        if let Some(corruption) = self.conditions.corruption {
            corruption.apply(image, seed, tick);
        }
        add_gaussian(image, self.conditions.noise_variance, seed, tick);
        (self.frame.index, self.frame.time_secs) = (tick, simulator.time_secs());
        &self.frame
    }
}

/// Moves an image towards another by a share of the way.
fn blend(image: &mut RgbImage, other: &RgbImage, share: f32) {
    for (value, other) in image.iter_mut().zip(other.iter()) {
        let (from, to) = (f32::from(*value), f32::from(*other));
        *value = (from + share * (to - from)).round() as u8;
    }
}
