//! For tests: a session without simulator or network, which shows a painted road, sine waves for signals and the real wiring;
//! and a workshop that makes such sessions, and trainings that are short or long.

use super::workshop::Workshop;
use crate::jobs::training::{TrainingJob, TrainingRequest};
use anyhow::{anyhow, bail, ensure};
use lane_driver::Driver;
use lane_driver::moment::{
    Attention, Decision, Fractions, Lane, LiquidActivity, Moment, NeuronActivity, Picture, Side, Status,
};
use lane_driver::session::{
    AttentionSetup, Band, BandKind, DriveSetup, Every, MemoryAfterSeek, Order, PolicyInfo, Session, SessionInfo,
};
use lane_driver::train::TrainingConfig;
use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Size, Steering};
use lane_policy::PolicyKind;
use lane_policy::device::Backend;
use lane_policy::saliency::Method;
use lane_policy::saliency::map::{SaliencyMap, Share};
use lane_policy::wiring::{LANE_KEEPING_SEED, Wiring};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const FRAME_SECS: f64 = 0.05;
const MAP_SIZE: Size = Size::new(120, 48);
/// The second car leaves its lane this often.
const CRASH_EVERY: u64 = 150;
/// Frames without evidence, and frames that cannot be read, of a replay.
const BLANK_EVERY: u64 = 70;

/// A made-up drive or replay, of two policies unless told otherwise.
#[derive(Clone)]
pub struct MockSession {
    info: SessionInfo,
    road: u64,
    index: u64,
    failure: Option<Failure>,
    /// Crashes and metres of each car before the session began.
    crashes_before: u32,
    metres_before: f64,
    /// Times that it was held.
    holds: Arc<AtomicUsize>,
}

/// The two ways in which a session goes wrong.
#[derive(Clone, Copy)]
enum Failure {
    Error(&'static str),
    Panic,
}

impl MockSession {
    /// A closed-loop drive at 20 frames/s.
    pub fn drive(duration_secs: f64) -> Self {
        let info = info(duration_secs, true);
        Self { info, road: 17, index: 0, failure: None, crashes_before: 0, metres_before: 0.0, holds: Arc::default() }
    }

    /// Counts there how often it is held.
    pub fn counting_holds(self, holds: Arc<AtomicUsize>) -> Self {
        Self { holds, ..self }
    }

    /// An open-loop replay at 20 frames/s; some frames are spoiled.
    pub fn replay(duration_secs: f64) -> Self {
        Self { info: info(duration_secs, false), ..Self::drive(duration_secs) }
    }

    /// The same session with the first `count` of four policies.
    pub fn with_policies(mut self, count: usize) -> Self {
        self.info.policies = policies();
        self.info.policies.truncate(count);
        self
    }

    /// The same session, late in a long drive.
    pub fn after(mut self, crashes: u32, metres: f64) -> Self {
        (self.crashes_before, self.metres_before) = (crashes, metres);
        self
    }

    /// The same replay of three drives, some of whose stretches are known.
    pub fn with_bands(mut self) -> Self {
        let band = |kind, from_secs, to_secs| Band { kind, from_secs, to_secs };
        self.info.bands = vec![
            band(BandKind::Drive(0), 0.0, 22.0),
            band(BandKind::Drive(1), 22.05, 41.0),
            band(BandKind::Drive(2), 41.05, 60.0),
            band(BandKind::Gap, 22.0, 22.05),
            band(BandKind::Gap, 41.0, 41.05),
            band(BandKind::Spoiled, 30.0, 31.0),
        ];
        self
    }

    /// A session that fails at once.
    pub fn failing(message: &'static str) -> Self {
        Self { failure: Some(Failure::Error(message)), ..Self::drive(1.0) }
    }

    /// A session that panics at once.
    pub fn panicking() -> Self {
        Self { failure: Some(Failure::Panic), ..Self::drive(1.0) }
    }

    fn side(&self, policy: usize, time_secs: f64) -> Side {
        let phase = time_secs as f32 + 1.3 * policy as f32;
        let curve = 0.012 * libm::sinf(0.5 * time_secs as f32);
        let steering = Steering(curve + 0.004 * libm::sinf(2.1 * phase));
        let closed = self.info.closed_loop;
        let blank = !closed && self.index % BLANK_EVERY > BLANK_EVERY - 10;
        let input = if closed { [0.0, 0.0, 1.0, 1.0] } else { [0.0, 0.35, 1.0, 0.95] };
        let neurons = (policy == 0).then(|| neurons(self.info.policies[0].wiring.as_ref(), phase));
        let is_wanted = self.info.attention.every != Every::Never;
        let saliency = is_wanted.then(|| saliency(phase, if blank { 0.0 } else { 1.0 + policy as f32 }).into());
        Side {
            picture: picture(curve, input),
            decision: (closed || !self.spoiled()).then_some(Decision {
                steering,
                saliency,
                beside: None,
                map_age_secs: 0.0,
                neurons: neurons.flatten(),
            }),
            reference: Some(Steering(curve)),
            lane: closed.then(|| self.lane(policy, phase)),
            attention: closed.then_some(Attention {
                region: Share { of_map: 0.24 + 0.1 * policy as f32, of_uniform: 0.16 },
                edges: Some(0.208),
                untrained: Some(0.2),
            }),
            manual: false,
            ghost: None,
            causes: None,
        }
    }

    fn spoiled(&self) -> bool {
        !self.info.closed_loop && self.index % BLANK_EVERY == BLANK_EVERY / 2
    }

    fn lane(&self, policy: usize, phase: f32) -> Lane {
        let since = if policy == 1 { self.index % CRASH_EVERY } else { 1000 };
        let near_crash = policy == 1 && self.index >= CRASH_EVERY;
        let status = match since {
            0 if near_crash => Status::Crashed,
            1..=19 if near_crash => Status::PutBack,
            _ => Status::Driving,
        };
        let drift = if policy == 1 { 1.45 * (since as f32 / CRASH_EVERY as f32).powi(6) } else { 0.0 };
        let offset_m = if status == Status::Crashed { 1.52 } else { 0.25 * libm::sinf(0.7 * phase) + drift };
        let crashes = self.crashes_before + if policy == 1 { (self.index / CRASH_EVERY) as u32 } else { 0 };
        Lane { offset_m, limit_m: 1.5, status, crashes, distance_m: self.metres_before + self.index as f64 * 0.5 }
    }
}

impl Session for MockSession {
    fn info(&self) -> &SessionInfo {
        &self.info
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        match self.failure {
            Some(Failure::Error(message)) => return Err(anyhow!("{message}")),
            // A panic without its words among those of the tests.
            Some(Failure::Panic) => std::panic::resume_unwind(Box::new("a panicking session")),
            None => {}
        }
        let time_secs = self.index as f64 * FRAME_SECS;
        if time_secs >= self.info.duration_secs {
            return Ok(None);
        }
        let sides = (0..self.info.policies.len()).map(|policy| self.side(policy, time_secs)).collect();
        let skipped = self.spoiled().then(|| "center_0035.jpg: ends after 0 bytes".to_owned());
        self.index += 1;
        Ok(Some(Moment { frame: self.index as usize - 1, time_secs, sides, skipped }))
    }

    fn hold(&mut self) {
        self.holds.fetch_add(1, Ordering::Relaxed);
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Reset => self.index = 0,
            Order::NextRoad => {
                self.road += 1;
                self.index = 0;
                self.info.title = title(self.road);
            }
            Order::Seek(secs) => {
                ensure!((0.0..=self.info.duration_secs).contains(&secs), "{secs} s is not on the time line");
                let last = (self.info.duration_secs / FRAME_SECS).ceil() as u64 - 1;
                self.index = ((secs / FRAME_SECS + 1e-6) as u64).min(last);
            }
            Order::Noise(variance) => self.info.noise_variance = variance,
            Order::Attention(attention) => self.info.attention = attention,
            Order::Lesions { policy, lesions } => self.info.lesions[policy] = lesions,
            Order::EndBranch if !self.info.closed_loop => bail!("a recording has no branches: drive to make one"),
            Order::Start(setup) | Order::Drive(setup) => {
                if matches!(order, Order::Start(_)) {
                    self.index = 0;
                }
                self.info.setup = Some(setup);
            }
            other => return Err(anyhow!("{other:?}: a mock cannot do that")),
        }
        Ok(())
    }

    fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        let mut copy = self.clone();
        copy.obey(Order::Seek(*span_secs.start()))?;
        Ok(Box::new(copy))
    }
}

/// A workshop of made-up sessions. It has no policies: none that is asked for fits.
pub struct MockWorkshop {
    /// Demonstrations of its trainings.
    pub looks: usize,
}

impl Workshop for MockWorkshop {
    fn policy_names(&self) -> Vec<String> {
        vec!["ncp".into(), "cnn".into()]
    }

    fn drivers(&self, names: &[String]) -> anyhow::Result<Vec<Driver>> {
        bail!("{}: expected the weights of a policy, got those of an audio codec", names.join(","))
    }

    fn drive(&self, _: &[String], _: &DriveSetup) -> anyhow::Result<Box<dyn Session>> {
        Ok(Box::new(MockSession::drive(60.0)))
    }

    fn replay(&self, path: &Path, _: &[String]) -> anyhow::Result<Box<dyn Session>> {
        ensure!(path.is_dir(), "{}: no recording that this program knows", path.display());
        Ok(Box::new(MockSession::replay(60.0)))
    }

    fn training(&self, words: &[String]) -> anyhow::Result<TrainingJob> {
        let config = TrainingConfig::recipe(PolicyKind::NCP, 1, self.looks);
        TrainingJob::prepare(TrainingRequest {
            from: None,
            config: TrainingConfig { validation_looks: 16, ..config },
            recordings: Vec::new(),
            backend: Backend::Cpu,
            out: words.iter().skip_while(|word| *word != "--out").nth(1).map(PathBuf::from).unwrap_or_default(),
            score_roads: 1,
            stage_roads: 0,
            resume: words.iter().any(|word| word == "--resume"),
            command: "liquid-lane train".into(),
            options: "policy = \"ncp\"\n".into(),
            data: None,
        })
    }

    fn sample(&self) -> anyhow::Result<PathBuf> {
        bail!("no sample here")
    }
}

fn title(road: u64) -> String {
    format!("road {road} · marked · daylight · 36 km/h")
}

fn info(duration_secs: f64, closed_loop: bool) -> SessionInfo {
    SessionInfo {
        title: if closed_loop { title(17) } else { "udacity · 2,280 frames · 10 frames/s".to_owned() },
        policies: policies().into_iter().take(2).collect(),
        reference_name: if closed_loop { "expert" } else { "recorded" },
        attention: AttentionSetup::of(Method::VisualBackProp),
        noise_variance: 0.0,
        duration_secs,
        frame_count: (duration_secs / FRAME_SECS).ceil() as usize,
        closed_loop,
        setup: closed_loop.then(DriveSetup::default),
        branched_at_secs: None,
        bands: Vec::new(),
        doubt: Vec::new(),
        memory: MemoryAfterSeek::Exact,
        lesions: vec![Vec::new(); 4],
        methods: Method::ALL.into(),
    }
}

/// Four policies with the names and sizes of trained ones, among them the longest.
fn policies() -> Vec<PolicyInfo> {
    let policy = |name: &str, summary: &str, parameters, wiring| PolicyInfo {
        name: name.to_owned(),
        origin: "built-in weights".to_owned(),
        summary: summary.to_owned(),
        parameters,
        wiring,
    };
    let wiring = || Some(Wiring::lane_keeping(LANE_KEEPING_SEED));
    vec![
        policy("ncp", "19 liquid neurons, 252 synapses", 26_891, wiring()),
        policy("cnn", "dense layers, no memory", 37_896, None),
        policy("ltc-random", "19 liquid neurons, 252 synapses", 26_891, wiring()),
        policy("ctrnn", "64 CT-RNN neurons", 30_017, None),
    ]
}

/// Synthetic activity of the lane-keeping wiring.
fn neurons(wiring: Option<&Wiring>, phase: f32) -> Option<NeuronActivity> {
    let wiring = wiring?;
    let wave = |i: usize, rate: f32| libm::sinf(rate * phase + 1.7 * i as f32);
    let waves = |count: usize, rate: f32| (0..count).map(|i| wave(i, rate)).collect::<Vec<f32>>();
    Some(NeuronActivity {
        sensory: waves(wiring.sensory(), 1.1),
        state: waves(wiring.units(), 0.9),
        memory: None,
        liquid: Some(LiquidActivity {
            time_constant_secs: (0..wiring.units()).map(|i| 0.015 + i as f32 * 0.02).collect(),
            current: waves(wiring.synapses().len(), 0.6),
            sensory_current: waves(wiring.sensory_synapses().len(), 0.8),
        }),
    })
}

/// Two bumps where the lane's edges are, times `strength`.
fn saliency(phase: f32, strength: f32) -> SaliencyMap {
    let values = (0..MAP_SIZE.pixels()).map(|i| {
        let (x, y) = ((i % 120) as f32, (i / 120) as f32);
        let bump = |cx: f32, cy: f32| libm::expf(-((x - cx).powi(2) + 2.0 * (y - cy).powi(2)) / 60.0);
        strength * (bump(38.0 + 3.0 * libm::sinf(phase), 30.0) + 0.6 * bump(76.0, 24.0))
    });
    SaliencyMap { size: MAP_SIZE, values: values.collect() }
}

/// A painted road of this curvature in 1/m.
pub fn picture(curvature: f32, input: Fractions) -> Picture {
    let projection = Projection {
        focal_px: 380.0,
        center_px: 320.0,
        horizon_px: 84.0,
        height_m: 1.4,
        forward_m: 1.3,
        roll_rad: 0.0,
    };
    let image = RgbImage::from_fn(640, 256, |column, row| {
        let below = row as f32 - projection.horizon_px;
        if below < 0.5 {
            let light = (150.0 + 0.9 * row as f32) as u8;
            return image::Rgb([light, light.saturating_add(12), 235]);
        }
        let depth = projection.focal_px * projection.height_m / below;
        let left_m = (projection.center_px - column as f32) * depth / projection.focal_px;
        let from_middle = left_m - 0.5 * curvature * depth * depth;
        let dash = ((depth * 0.4) as u32).is_multiple_of(2);
        image::Rgb(match from_middle {
            side if side.abs() > 3.6 => [92, 128, 66],
            edge if edge.abs() > 3.4 => [225, 225, 220],
            middle if (middle + 1.75).abs() < 0.08 && dash => [228, 226, 210],
            _ => [98, 99, 103],
        })
    });
    Picture { image: Arc::new(image), input, projection }
}
