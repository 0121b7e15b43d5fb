//! A car on a simulated road, one control step after the other: what its camera shows, and what becomes of a command.

use lane_frame::noise::add_gaussian;
use lane_frame::random::{Purpose, stream};
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_sim::corruption::Corruption;
use lane_sim::{Camera, Factors, Masks, Simulator, Start, StepOutcome, World};
use rand::RngExt as _;
use std::collections::VecDeque;
use std::sync::Arc;

/// Everything that makes a drive harder than the road does. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Variance of Gaussian noise on the [0, 1] image, of the 2020 paper's kind.
    pub noise_variance: f32,
    /// A corruption of the image besides.
    pub corruption: Option<Corruption>,
    /// Share of the paint's colour that is gone from the road, 0 to 1.
    pub marking_erasure: f32,
    /// Control steps between a command and the wheels.
    pub delay_steps: usize,
    /// Share of frames that never arrive: the last command stands.
    pub dropped_share: f32,
    /// Parts of the world that are left out of its pictures or replaced.
    pub factors: Factors,
    /// Pose of the car on its lane at the start.
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
    /// The pilot's command.
    pub commanded: Steering,
    /// Curvature that the front wheels held after the step, in 1/m.
    pub driven_per_m: f32,
    /// Curvature of the road at that place, in 1/m.
    pub road_per_m: f32,
    /// True if the car left its lane in this step, and was put back.
    pub crashed: bool,
}

/// One car under [`Conditions`]. A control step is [`Car::look`], a decision on [`Car::frame`], and [`Car::drive`].
pub struct Car {
    simulator: Simulator,
    conditions: Conditions,
    eyes: Option<Eyes>,
    link: Link,
}

impl Car {
    /// A car at the start of a road, with a camera for pictures of `size` where its pilot looks at them.
    pub fn new(world: Arc<World>, conditions: Conditions, size: Option<Size>) -> Self {
        let link = Link::new(&conditions, world.spec().seed);
        let simulator = Simulator::starting_at(world, conditions.start);
        Self { simulator, conditions, eyes: size.map(Eyes::new), link }
    }

    /// The car and its road.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// What makes this drive harder than the road does.
    pub(crate) fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Changes the conditions from the next control step on; a start that lies behind changes nothing.
    pub(crate) fn set_conditions(&mut self, conditions: Conditions) {
        self.link.change(&conditions, self.simulator.world().spec().seed);
        self.conditions = conditions;
    }

    /// Where it is on its drive, for [`Car::put_at`].
    pub(crate) fn place(&self) -> CarPlace {
        CarPlace { simulator: self.simulator.clone(), link: self.link.clone() }
    }

    /// Goes on from a place of the same road.
    pub(crate) fn put_at(&mut self, place: &CarPlace) {
        (self.simulator, self.link) = (place.simulator.clone(), place.link.clone());
    }

    /// The picture that it would have taken last with other parts of the world left out; `None` where there is none.
    pub(crate) fn counterfactual(&mut self, factors: Factors) -> Option<RgbImage> {
        let eyes = self.eyes.as_mut().filter(|_| self.link.frame_arrived)?;
        let mut image = RgbImage::default();
        eyes.expose(&self.simulator, &Conditions { factors, ..self.conditions }, &mut image, None);
        Some(image)
    }

    /// Takes the picture of this control step, or loses it on the way.
    pub fn look(&mut self) {
        self.link.next_frame();
        if let Some(eyes) = &mut self.eyes
            && self.link.frame_arrived
        {
            eyes.look(&self.simulator, &self.conditions);
        }
    }

    /// The picture of this control step; `None` where it was lost, or nobody looks.
    pub fn frame(&self) -> Option<&Frame> {
        self.eyes.as_ref().filter(|_| self.link.frame_arrived).map(|eyes| &eyes.frame)
    }

    /// Masks of the last picture; `None` where nobody looks.
    pub fn masks(&self) -> Option<&Masks> {
        self.eyes.as_ref().map(|eyes| &eyes.masks)
    }

    /// The last command, which stands where a frame was lost; straight on before the first and after a crash.
    pub fn last_command(&self) -> Steering {
        self.link.last_command
    }

    /// Drives one control step under a command; `None` where the road ended in it.
    pub fn drive(&mut self, command: Steering) -> Option<LoggedStep> {
        let outcome = self.simulator.step(self.link.delayed(command));
        let (pose, road) = (self.simulator.road_pose(), self.simulator.world().road());
        let step = LoggedStep {
            s_m: pose.s_m,
            offset_m: pose.offset_m,
            heading_error_rad: pose.heading_error_rad,
            commanded: command,
            driven_per_m: self.simulator.car().curvature_per_m() as f32,
            road_per_m: road.curvature_at(f64::from(pose.s_m)) as f32,
            crashed: false,
        };
        match outcome {
            StepOutcome::Driving => Some(step),
            StepOutcome::Crashed { offset_m } => {
                self.link.clear();
                Some(LoggedStep { offset_m, crashed: true, ..step })
            }
            StepOutcome::RoadEnded => None,
        }
    }
}

/// A car in the middle of its drive, between two control steps, without its camera.
#[derive(Clone, Debug)]
pub(crate) struct CarPlace {
    simulator: Simulator,
    link: Link,
}

/// The way from the camera to the policy, and from the policy to the wheels.
#[derive(Clone, Debug)]
struct Link {
    /// Commands under way, the oldest first.
    commands: VecDeque<Steering>,
    delay_steps: usize,
    last_command: Steering,
    dropped_share: f32,
    lost: Arc<[bool]>,
    frames: usize,
    frame_arrived: bool,
}

/// Frames whose loss is drawn at once; the pattern repeats after 200 s.
const LOSS_PATTERN: usize = 4000;

impl Link {
    fn new(conditions: &Conditions, seed: u64) -> Self {
        Self {
            commands: VecDeque::new(),
            delay_steps: conditions.delay_steps,
            last_command: Steering(0.0),
            dropped_share: conditions.dropped_share,
            lost: loss_pattern(conditions.dropped_share, seed),
            frames: 0,
            frame_arrived: false,
        }
    }

    /// Other losses and another delay from now on. Where it grows the last command stands for the time until the next one
    /// arrives; where it shrinks the oldest ones are overtaken.
    fn change(&mut self, conditions: &Conditions, seed: u64) {
        while self.commands.len() > conditions.delay_steps {
            self.commands.pop_front();
        }
        for _ in self.delay_steps..conditions.delay_steps {
            self.commands.push_front(self.commands.front().copied().unwrap_or(self.last_command));
        }
        self.delay_steps = conditions.delay_steps;
        if self.dropped_share != conditions.dropped_share {
            self.dropped_share = conditions.dropped_share;
            self.lost = loss_pattern(conditions.dropped_share, seed);
        }
    }

    /// Sends the next frame.
    fn next_frame(&mut self) {
        self.frame_arrived = !self.lost.get(self.frames % LOSS_PATTERN).is_some_and(|lost| *lost);
        self.frames += 1;
    }

    /// The command that reaches the wheels when `command` sets out: straight on until the first one arrives.
    fn delayed(&mut self, command: Steering) -> Steering {
        self.last_command = command;
        self.commands.push_back(command);
        let arrived = self.commands.len() > self.delay_steps;
        if arrived { self.commands.pop_front().unwrap_or(command) } else { Steering(0.0) }
    }

    /// A car that was put back has no commands under way.
    fn clear(&mut self) {
        self.commands.clear();
        self.last_command = Steering(0.0);
    }
}

/// Which frames of a drive are lost; nothing where none are.
fn loss_pattern(share: f32, seed: u64) -> Arc<[bool]> {
    let mut rng = stream(seed, Purpose::DroppedFrames, 0);
    let share = f64::from(share.clamp(0.0, 1.0));
    if share > 0.0 { (0..LOSS_PATTERN).map(|_| rng.random_bool(share)).collect() } else { Arc::default() }
}

/// The policy's camera.
struct Eyes {
    camera: Camera,
    frame: Frame,
    masks: Masks,
    /// The same picture without paint, where some of it is gone.
    unpainted: RgbImage,
}

impl Eyes {
    fn new(size: Size) -> Self {
        let image = RgbImage::new(size.width, size.height);
        let frame = Frame { index: 0, time_secs: 0.0, image };
        Self { camera: Camera::new(size), frame, masks: Masks::new(size), unpainted: RgbImage::default() }
    }

    fn look(&mut self, simulator: &Simulator, conditions: &Conditions) {
        let mut image = std::mem::take(&mut self.frame.image);
        let mut masks = std::mem::replace(&mut self.masks, Masks { size: self.camera.size(), bits: Vec::new() });
        self.expose(simulator, conditions, &mut image, Some(&mut masks));
        (self.frame.image, self.masks) = (image, masks);
        (self.frame.index, self.frame.time_secs) = (simulator.tick(), simulator.time_secs());
    }

    /// Takes the picture of this control step into `image`.
    fn expose(
        &mut self,
        simulator: &Simulator,
        conditions: &Conditions,
        image: &mut RgbImage,
        masks: Option<&mut Masks>,
    ) {
        let (world, car, tick) = (simulator.world(), simulator.car(), simulator.tick());
        let seed = world.spec().seed;
        self.camera.render(world, car, tick, &conditions.factors, image, masks);
        if conditions.marking_erasure > 0.0 {
            let factors = Factors { markings: false, ..conditions.factors };
            self.camera.render(world, car, tick, &factors, &mut self.unpainted, None);
            blend(image, &self.unpainted, conditions.marking_erasure);
        }
        if let Some(corruption) = conditions.corruption {
            corruption.apply(image, seed, tick);
        }
        add_gaussian(image, conditions.noise_variance, seed, tick);
    }
}

/// Moves an image towards another by a share of the way.
fn blend(image: &mut RgbImage, other: &RgbImage, share: f32) {
    for (value, other) in image.iter_mut().zip(other.iter()) {
        let (from, to) = (f32::from(*value), f32::from(*other));
        *value = (from + share * (to - from)).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_sim::{Course, RoadFamily};

    const SIZE: Size = Size::new(60, 24);

    fn world(seed: u32) -> Arc<World> {
        Course { family: Some(RoadFamily::Marked), ..Course::test(seed, 30.0) }.world()
    }

    fn car(seed: u32, conditions: Conditions) -> Car {
        Car::new(world(seed), conditions, Some(SIZE))
    }

    /// Curvature that the wheels held after each step of a drive by these commands.
    fn driven(delay_steps: usize, commands: &[f32]) -> Vec<f32> {
        let mut car = car(1, Conditions { delay_steps, ..Conditions::default() });
        commands.iter().map(|command| car.drive(Steering(*command)).unwrap().driven_per_m).collect()
    }

    #[test]
    fn a_delay_of_n_steps_brings_each_command_to_the_wheels_n_steps_later() {
        let commands: Vec<f32> = (0..12).map(|i| 0.01 * libm::sinf(i as f32)).collect();
        for delay in 1..=4 {
            let late: Vec<f32> = vec![0.0; delay].into_iter().chain(commands.iter().copied()).collect();
            assert_eq!(driven(delay, &commands), driven(0, &late)[..commands.len()], "{delay} steps");
            assert_ne!(driven(delay, &commands), driven(0, &commands), "{delay} steps");
        }
    }

    #[test]
    fn a_car_that_was_put_back_has_no_commands_under_way() {
        let mut car = car(1, Conditions { delay_steps: 3, ..Conditions::default() });
        while !car.drive(Steering(0.05)).unwrap().crashed {}
        assert_eq!(car.last_command(), Steering(0.0));
        let mut fresh = Simulator::clone(car.simulator());
        for _ in 0..3 {
            let step = car.drive(Steering(-0.05)).unwrap();
            fresh.step(Steering(0.0));
            assert_eq!(step.driven_per_m, fresh.car().curvature_per_m() as f32, "straight on until a command arrives");
        }
        let before = car.simulator().car().delta_rad;
        car.drive(Steering(-0.05)).unwrap();
        assert!(car.simulator().car().delta_rad < before, "the fourth step obeys the first command behind the crash");
    }

    #[test]
    fn a_delay_that_changes_on_the_way_holds_the_last_command_or_lets_newer_ones_overtake() {
        let mut link = Link::new(&Conditions::default(), 7);
        let delay = |delay_steps| Conditions { delay_steps, ..Conditions::default() };
        assert_eq!(link.delayed(Steering(1.0)), Steering(1.0));
        link.change(&delay(2), 7);
        let arrived: Vec<f32> = [2.0, 3.0, 4.0].map(|command| link.delayed(Steering(command)).0).into();
        assert_eq!(arrived, [1.0, 1.0, 2.0]);
        link.change(&delay(1), 7);
        assert_eq!(link.delayed(Steering(5.0)), Steering(4.0), "3 was overtaken");
        link.change(&delay(0), 7);
        assert_eq!(link.delayed(Steering(6.0)), Steering(6.0));
    }

    #[test]
    fn a_car_put_back_at_a_place_drives_on_from_there_in_the_same_way() {
        let mut car = car(1, Conditions { delay_steps: 2, dropped_share: 0.3, ..Conditions::default() });
        let steps = |car: &mut Car, count: u32| {
            let step = |number| {
                car.look();
                let arrived = car.frame().map(|frame| frame.image.clone());
                (arrived, car.drive(Steering(0.002 * (number % 3) as f32)).unwrap())
            };
            (0..count).map(step).collect::<Vec<_>>()
        };
        steps(&mut car, 15);
        let place = car.place();
        let first = steps(&mut car, 30);
        car.put_at(&place);
        assert_eq!(steps(&mut car, 30), first);
    }

    #[test]
    fn the_share_asked_for_of_the_frames_is_lost() {
        for share in [0.1, 0.5, 1.0] {
            let mut link = Link::new(&Conditions { dropped_share: share, ..Conditions::default() }, 7);
            let lost = (0..LOSS_PATTERN).filter(|_| {
                link.next_frame();
                !link.frame_arrived
            });
            let lost = lost.count() as f32 / LOSS_PATTERN as f32;
            // Four standard errors of 4,000 draws of a half are 0.032.
            assert!((lost - share).abs() < 0.032, "{lost} of {share}");
        }
    }

    #[test]
    fn where_a_frame_is_lost_there_is_none_and_the_last_command_stands() {
        let mut car = car(1, Conditions { dropped_share: 0.5, ..Conditions::default() });
        let (mut lost, mut seen, mut standing) = (0, 0, Steering(0.0));
        for step in 0..40_u32 {
            car.look();
            if let Some(frame) = car.frame() {
                assert_eq!(frame.index, car.simulator().tick(), "a frame that arrives is of this instant");
                (seen, standing) = (seen + 1, Steering(1e-3 * (step % 5) as f32));
            } else {
                lost += 1;
                assert_eq!(car.last_command(), standing);
            }
            assert_eq!(car.drive(standing).unwrap().commanded, standing);
        }
        assert!(lost > 5 && seen > 5, "{lost} lost, {seen} seen");
    }

    #[test]
    fn erased_paint_is_gone_by_its_share() {
        let picture = |marking_erasure: f32| {
            let mut car = car(1, Conditions { marking_erasure, ..Conditions::default() });
            car.look();
            car.frame().unwrap().image.clone()
        };
        let [whole, half, none] = [0.0, 0.5, 1.0].map(picture);
        let (world, mut bare) = (world(1), RgbImage::default());
        let simulator = Simulator::new(Arc::clone(&world));
        let factors = Factors { markings: false, ..Factors::default() };
        Camera::new(SIZE).render(&world, simulator.car(), 0, &factors, &mut bare, None);
        assert_eq!(none, bare);
        assert_ne!(whole, bare);
        for ((whole, half), bare) in whole.iter().zip(half.iter()).zip(bare.iter()) {
            let middle = (f32::from(*whole) + f32::from(*bare)) / 2.0;
            assert!((f32::from(*half) - middle).abs() <= 0.5, "{whole}, {half}, {bare}");
        }
    }
}
