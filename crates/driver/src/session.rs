//! A drive or a replay that can be watched, sought and changed while it runs.

use super::Driver;
use super::moment::Moment;
use anyhow::{bail, ensure};
use lane_frame::Steering;
pub use lane_policy::Lesion;
use lane_policy::saliency::Method;
use lane_policy::wiring::Wiring;
use lane_sim::corruption::Corruption;
use lane_sim::{Factors, Masks, RoadFamily, Weather};
use std::ops::RangeInclusive;

/// Policies that have room beside each other.
const POLICIES: RangeInclusive<usize> = 1..=4;

/// Speeds that a setup may have, in km/h.
const SPEED_KMH: RangeInclusive<f32> = 1.0..=150.0;

/// The longest delay of a setup, in control steps: two seconds.
const MOST_DELAY_STEPS: usize = 40;

/// A drive or a replay, moment by moment. The same orders at the same moments give the same moments, to the bit.
pub trait Session: Send {
    /// Facts that hold until the next order.
    fn info(&self) -> &SessionInfo;

    /// The next moment, or `None` at the end.
    ///
    /// # Errors
    /// When a policy gives a steering that is not a number, naming it.
    fn advance(&mut self) -> anyhow::Result<Option<Moment>>;

    /// Does what is ordered, from the next moment on.
    ///
    /// # Errors
    /// When it cannot be done, in one line: what was asked, why it cannot be, what to do. The session stays as it was.
    fn obey(&mut self, order: Order) -> anyhow::Result<()>;

    /// Nobody takes its moments for a while: a car elsewhere stops until the next one is asked for.
    fn hold(&mut self) {}

    /// A session of its own with the same moments in this span, in s, each change at its time, and a map of every one of
    /// them. Its next moment is the last that is not later than the start; its time line stays as it is, wherever it goes.
    ///
    /// # Errors
    /// When it has no such moments, or other policies take over in between, and where a session cannot be copied.
    fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        let (from, to) = span_secs.into_inner();
        bail!("{from:.1} s to {to:.1} s: this session cannot be copied")
    }
}

/// A change that is asked of a session.
#[derive(Clone, Debug)]
pub enum Order {
    /// Back to the first moment, with everything as it is set now.
    Reset,
    /// On to the road of the next seed, or to the next drive of a recording; starts at its first moment.
    NextRoad,
    /// The next moment is the last one that is not later than this, in s. What was changed later than that is undone.
    Seek(f64),
    /// Other maps.
    Attention(AttentionSetup),
    /// Other conditions on the same road, from the next moment on: a branch. Drives only.
    Drive(DriveSetup),
    /// A drive of this setup from its first moment. Drives only.
    Start(DriveSetup),
    /// Variance of the image noise, on [0, 1]; in a drive a branch, as by [`Order::Drive`].
    Noise(f32),
    /// Other policies, 1 to 4, from the next moment on. In a drive they begin without memory where the cars of those
    /// before them are; in a replay [`SessionInfo::memory`] says what they remember.
    Policies(Vec<Driver>),
    /// A person steers this policy's car, which goes on to say what it would do; `None` gives the wheel back. Drives only.
    TakeOver {
        /// Number of the policy.
        policy: usize,
        /// What the person commands.
        steering: Option<Steering>,
    },
    /// Everything that is changed inside of a policy; an empty list undoes it all. In a drive a branch.
    Lesions {
        /// Number of the policy.
        policy: usize,
        /// All that are in force.
        lesions: Vec<Lesion>,
    },
    /// Whether [`Side::causes`](super::moment::Side::causes) are worked out. Drives only.
    Causes(bool),
    /// Drops the ghosts and goes on.
    EndBranch,
}

impl Order {
    /// True if moments from before it are stale: the time line starts anew or goes on from another place.
    pub fn restarts(&self) -> bool {
        matches!(self, Self::Reset | Self::NextRoad | Self::Seek(_) | Self::Start(_))
    }
}

/// Everything that makes a drive but its policies and its length. The default is an undisturbed drive on the first road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriveSetup {
    /// Seed of the road.
    pub seed: u32,
    /// Kind of road; `None` draws it with the usual shares.
    pub family: Option<RoadFamily>,
    /// Weather and light.
    pub weather: Weather,
    /// Speed of the cars in km/h; `None` is the road's own.
    pub speed_kmh: Option<f32>,
    /// Variance of the image noise, on [0, 1].
    pub noise_variance: f32,
    /// A corruption of the picture besides.
    pub corruption: Option<Corruption>,
    /// Control steps between a command and the wheels.
    pub delay_steps: usize,
    /// Share of frames that never arrive, 0 to 1: the last command stands.
    pub dropped_share: f32,
    /// Parts of the world that are left out or replaced.
    pub factors: Factors,
}

impl Default for DriveSetup {
    fn default() -> Self {
        Self {
            seed: 0,
            family: None,
            weather: Weather::Daylight,
            speed_kmh: None,
            noise_variance: 0.0,
            corruption: None,
            delay_steps: 0,
            dropped_share: 0.0,
            factors: Factors::default(),
        }
    }
}

impl DriveSetup {
    /// The order that turns a drive of this setup into one of `wanted`: a branch on the same road, a start on another.
    pub fn order_for(&self, wanted: Self) -> Order {
        if self.has_road_of(&wanted) { Order::Drive(wanted) } else { Order::Start(wanted) }
    }

    /// Refuses numbers that no drive can have.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Self { speed_kmh, noise_variance, delay_steps, dropped_share, .. } = *self;
        let share = 0.0..=1.0_f32;
        ensure!(share.contains(&noise_variance), "noise variance: expected 0 to 1, got {noise_variance}");
        ensure!(share.contains(&dropped_share), "share of lost frames: expected 0 to 1, got {dropped_share}");
        ensure!(delay_steps <= MOST_DELAY_STEPS, "delay: expected at most {MOST_DELAY_STEPS} steps, got {delay_steps}");
        if let Some(speed_kmh) = speed_kmh {
            let (least, most) = (SPEED_KMH.start(), SPEED_KMH.end());
            ensure!(SPEED_KMH.contains(&speed_kmh), "speed: expected {least} to {most} km/h, got {speed_kmh}");
        }
        Ok(())
    }

    /// True if both are drives on the same road at the same speed.
    pub fn has_road_of(&self, other: &Self) -> bool {
        let road = |setup: &Self| (setup.seed, setup.family, setup.weather, setup.speed_kmh);
        road(self) == road(other)
    }
}

/// The maps that are made of every policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionSetup {
    /// Method of the first map.
    pub method: Method,
    /// Whether the first map is that of the same network with random weights: a control.
    pub randomised: bool,
    /// A second map of the same frame: its method, and whether its weights are random.
    pub beside: Option<(Method, bool)>,
    /// Part of the picture on which the share of the first map is taken.
    pub region: Region,
    /// How often maps are made.
    pub every: Every,
}

impl AttentionSetup {
    /// The same maps, made this often.
    pub fn every(self, every: Every) -> Self {
        Self { every, ..self }
    }

    /// Refuses a method that is not among these.
    pub(crate) fn check(&self, methods: &[Method]) -> anyhow::Result<()> {
        for method in std::iter::once(self.method).chain(self.beside.map(|(method, _)| method)) {
            let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            let names = names.join("; ");
            ensure!(
                methods.contains(&method),
                "{method}: not all of these policies have such maps, choose from: {names}"
            );
        }
        Ok(())
    }

    /// One map of every frame by this method, its share taken on the outline of the road.
    pub fn of(method: Method) -> Self {
        Self { method, randomised: false, beside: None, region: Region::Outline, every: Every::Frame }
    }

    /// The same by the default method, or by the first of these where it is not among them.
    pub(crate) fn among(methods: &[Method]) -> Self {
        let first = methods.first().copied().unwrap_or(Method::DEFAULT);
        Self::of(if methods.contains(&Method::DEFAULT) { Method::DEFAULT } else { first })
    }
}

/// Refuses no policy, and more than have room beside each other.
pub(crate) fn check_policies(drivers: &[Driver]) -> anyhow::Result<()> {
    let (count, least, most) = (drivers.len(), POLICIES.start(), POLICIES.end());
    ensure!(POLICIES.contains(&count), "{count} policies: choose {least} to {most}");
    Ok(())
}

/// How often maps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Of every frame, however long it takes: the same moments on every machine.
    Frame,
    /// Of as many frames as the machine has time for; in between the last map stands, and says its age.
    WhenThereIsTime,
    /// Of no frame.
    Never,
}

/// A part of the picture, by the simulator's exact masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Asphalt or gravel, paint included.
    Road,
    /// What lies near the edge of the road; see [`Masks::outline`].
    Outline,
    /// Paint on the road.
    Paint,
    /// Everything beside the road and below the sky, objects included.
    Roadside,
    /// Above the horizon, far hills included.
    Sky,
}

/// A region of fewer pixels has no share: it would be chance.
const LEAST_PIXELS: usize = 10;

impl Region {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Outline, Self::Road, Self::Paint, Self::Roadside, Self::Sky];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Road => "road",
            Self::Outline => "outline",
            Self::Paint => "paint",
            Self::Roadside => "roadside",
            Self::Sky => "sky",
        }
    }

    /// Which pixels belong to it; nothing where they are too few.
    pub fn pixels(self, masks: &Masks) -> Option<Vec<bool>> {
        let with = |bit: u8| masks.bits.iter().map(|bits| bits & bit != 0).collect::<Vec<_>>();
        let pixels = match self {
            Self::Road => with(Masks::ROAD),
            Self::Outline => masks.outline(),
            Self::Paint => with(Masks::MARKING),
            Self::Roadside => with(Masks::ROAD | Masks::SKY).into_iter().map(|other| !other).collect(),
            Self::Sky => with(Masks::SKY),
        };
        (pixels.iter().filter(|inside| **inside).count() >= LEAST_PIXELS).then_some(pixels)
    }
}

/// The part of a policy's picture on screen that does not change.
#[derive(Clone, Debug)]
pub struct PolicyInfo {
    /// Short name, such as `ncp`, or the stem of its weights file.
    pub name: String,
    /// The file of its weights, or a word for weights that come from none.
    pub origin: String,
    /// One line for a reader: head, neurons, synapses.
    pub summary: String,
    /// Trainable numbers in all.
    pub parameters: usize,
    /// The wiring of its neurons, if they have one.
    pub wiring: Option<Wiring>,
}

/// The part of a session that does not change from moment to moment.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// The road or recording, such as `road 17 · marked · daylight · 36 km/h`.
    pub title: String,
    /// The policies, in the order of [`Moment::sides`].
    pub policies: Vec<PolicyInfo>,
    /// Name of the reference line: `expert` or `recorded`.
    pub reference_name: &'static str,
    /// The maps that are made.
    pub attention: AttentionSetup,
    /// Variance of the image noise, on the [0, 1] image.
    pub noise_variance: f32,
    /// Length of the time line in s.
    pub duration_secs: f64,
    /// Moments on the time line.
    pub frame_count: usize,
    /// True if the policies steer the car (closed loop), false if they only watch (open loop).
    pub closed_loop: bool,
    /// The drive's setup as it is now; `None` in a replay.
    pub setup: Option<DriveSetup>,
    /// Where the branch began that ghosts accompany, in s.
    pub branched_at_secs: Option<f64>,
    /// Stretches of the time line, as far as they are known.
    pub bands: Vec<Band>,
    /// What is guessed about a recording, one line each.
    pub doubt: Vec<String>,
    /// What the policies remember at the next moment.
    pub memory: MemoryAfterSeek,
    /// What is changed inside of each policy.
    pub lesions: Vec<Vec<Lesion>>,
    /// The methods by which all of these policies have maps.
    pub methods: Vec<Method>,
}

impl SessionInfo {
    /// Offers these methods; where the maps that are made are by none of them, others are made.
    pub(crate) fn offer(&mut self, methods: Vec<Method>) {
        if self.attention.check(&methods).is_err() {
            let AttentionSetup { region, every, .. } = self.attention;
            self.attention = AttentionSetup { region, every, ..AttentionSetup::among(&methods) };
        }
        self.methods = methods;
    }
}

/// A stretch of the time line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// What it is.
    pub kind: BandKind,
    /// Its start on the session's time line, in s.
    pub from_secs: f64,
    /// Its end on the session's time line, in s.
    pub to_secs: f64,
}

/// What a recording knows about a stretch of its time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandKind {
    /// An unbroken drive, by its number.
    Drive(usize),
    /// Recording had stopped here.
    Gap,
    /// Frames were left out here.
    Excluded,
    /// Frames whose pictures could not be read.
    Spoiled,
    /// A machine steered.
    Autonomous,
    /// A person had taken over from a machine.
    Intervened,
}

/// What policies remember after a jump on the time line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryAfterSeek {
    /// What they would without the jump.
    Exact,
    /// Only the frames just before: they began without memory and were run up over these.
    RunUp {
        /// How many.
        frames: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_road_or_speed_starts_anew_and_other_conditions_branch() {
        let setup = DriveSetup::default();
        let anew = [
            DriveSetup { seed: 1, ..setup },
            DriveSetup { family: Some(RoadFamily::Gravel), ..setup },
            DriveSetup { weather: Weather::Fog, ..setup },
            DriveSetup { speed_kmh: Some(30.0), ..setup },
        ];
        for wanted in anew {
            assert!(matches!(setup.order_for(wanted), Order::Start(start) if start == wanted));
        }
        let noisy = DriveSetup { noise_variance: 0.1, delay_steps: 2, dropped_share: 0.3, ..setup };
        assert!(matches!(setup.order_for(noisy), Order::Drive(branch) if branch == noisy));
        assert!(Order::Start(noisy).restarts() && !Order::Drive(noisy).restarts());
    }
}
