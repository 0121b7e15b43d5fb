//! A drive in another simulator that can be watched: one policy steers, the others see the same pictures and say what they
//! would do; each has its turn.

use super::Driver;
use super::moment::{Decision, Lane, Moment, Side, Status};
use super::outside::{Outside, TelemetryExpert};
use super::session::{AttentionSetup, MemoryAfterSeek, Order, Session, SessionInfo, check_policies};
use super::viewer::{Viewer, picture};
use anyhow::{bail, ensure};
use lane_frame::Steering;
use rayon::prelude::*;
use std::sync::Arc;

/// Pictures of the donkey simulator in a second: what a time line is guessed by.
const USUAL_RATE: f64 = 20.0;

/// A drive in another simulator, for the window and for films.
pub struct OutsideDrive {
    outside: Outside,
    viewers: Vec<Viewer>,
    info: SessionInfo,
    turn: Turn,
    turn_secs: f64,
    frame: usize,
    /// The simulator's time at the first picture, and later by as much as the session was held.
    began_secs: Option<f64>,
    /// The session's time of the last moment.
    last_secs: f64,
    is_held: bool,
    manual: Option<Steering>,
}

/// The present turn.
#[derive(Default)]
struct Turn {
    /// Who steers.
    policy: usize,
    /// The session's time at its start.
    began_secs: f64,
    crashes: u32,
    distance_m: f64,
    last_secs: Option<f64>,
    put_back_secs: Option<f64>,
    expert: TelemetryExpert,
    /// True until the car was put to the start for it.
    is_new: bool,
}

impl OutsideDrive {
    /// A drive in which each policy steers for some seconds of the simulator's time.
    ///
    /// # Errors
    /// When there are no policies, or too many for a screen.
    pub fn new(outside: Outside, drivers: Vec<Driver>, turn_secs: f64) -> anyhow::Result<Self> {
        check_policies(&drivers)?;
        let methods = Driver::methods(&drivers);
        let duration_secs = turn_secs * drivers.len() as f64;
        let info = SessionInfo {
            title: String::new(),
            policies: Vec::new(),
            reference_name: "expert",
            attention: AttentionSetup::among(&methods),
            noise_variance: outside.spoiling.noise_variance,
            duration_secs,
            frame_count: (duration_secs * USUAL_RATE) as usize,
            closed_loop: true,
            setup: None,
            branched_at_secs: None,
            bands: Vec::new(),
            doubt: Vec::new(),
            memory: MemoryAfterSeek::Exact,
            lesions: Vec::new(),
            methods,
        };
        let viewers = drivers.into_iter().map(Viewer::new).collect();
        let turn = Turn { is_new: true, ..Turn::default() };
        let mut drive = Self {
            outside,
            viewers,
            info,
            turn,
            turn_secs,
            frame: 0,
            began_secs: None,
            last_secs: 0.0,
            is_held: false,
            manual: None,
        };
        drive.refresh_info();
        Ok(drive)
    }

    fn refresh_info(&mut self) {
        self.info.policies = self.viewers.iter().map(|viewer| viewer.seat.intact.describe()).collect();
        self.info.lesions = self.viewers.iter().map(|viewer| viewer.seat.lesions.clone()).collect();
        let steers = self.info.policies.get(self.turn.policy).map_or("", |policy| &policy.name);
        self.info.title = format!("{} · {steers} steers", self.outside.title());
    }

    /// Gives the wheel to a policy, with the car at the start.
    fn begin_turn(&mut self, policy: usize) {
        self.turn = Turn { policy, is_new: true, ..Turn::default() };
        self.manual = None;
        self.viewers.iter_mut().for_each(|viewer| {
            viewer.driver.reset();
            viewer.maps.forget();
        });
        self.refresh_info();
    }

    fn next_moment(&mut self) -> anyhow::Result<Option<Moment>> {
        if std::mem::take(&mut self.turn.is_new) {
            self.outside.car().put_back()?;
        }
        let seen = self.outside.look()?;
        if std::mem::take(&mut self.is_held) {
            // A simulator with a clock goes on while nobody looks: a window would wait that long for the next moment.
            self.began_secs = Some(seen.time_secs - self.last_secs - 1.0 / USUAL_RATE);
        }
        let time_secs = seen.time_secs - *self.began_secs.get_or_insert(seen.time_secs);
        self.last_secs = time_secs;
        if self.turn.last_secs.is_none() {
            self.turn.began_secs = time_secs;
        }
        if time_secs - self.turn.began_secs >= self.turn_secs {
            let next = self.turn.policy + 1;
            if next == self.viewers.len() {
                self.outside.car().stop();
                return Ok(None);
            }
            self.begin_turn(next);
            return self.next_moment();
        }
        let elapsed_secs = self.turn.last_secs.map_or(0.0, |last| (time_secs - last).clamp(0.0, 1.0));
        self.turn.distance_m += elapsed_secs * f64::from(seen.speed_mps.unwrap_or(0.0));
        self.turn.last_secs = Some(time_secs);
        let reference = self.turn.expert.steer(&seen, self.turn.distance_m);
        let attention = self.info.attention;
        let inputs: Vec<_> =
            self.viewers.iter().map(|viewer| self.outside.input(&viewer.driver, &seen, time_secs)).collect();
        let decided = self.viewers.par_iter_mut().zip(inputs).map(|(viewer, (view, frame))| {
            viewer.driver.set_speed(seen.speed_mps);
            viewer.decide(&frame, attention).map(|decision| (view, decision))
        });
        let decided = decided.collect::<Result<Vec<_>, _>>()?;
        let crashed = self.outside.is_crash(&seen);
        let status = match self.turn.put_back_secs {
            _ if crashed => Status::Crashed,
            Some(at) if time_secs - at < 1.0 => Status::PutBack,
            _ => Status::Driving,
        };
        if crashed {
            self.turn.crashes += 1;
            ensure!(
                self.outside.car().put_back()?,
                "the car crashed, and this simulator cannot be asked to put it back: drive it back there"
            );
            self.viewers.iter_mut().for_each(|viewer| viewer.driver.reset());
            (self.turn.put_back_secs, self.turn.expert) = (Some(time_secs), TelemetryExpert::default());
        } else {
            let decides = decided.get(self.turn.policy).map_or(Steering(0.0), |(_, decision)| decision.steering);
            self.outside.car().steer(self.manual.unwrap_or(decides))?;
        }
        let (image, turn) = (Arc::new(seen.image), &self.turn);
        let lane = seen.offset_m.map(|offset_m| Lane {
            offset_m,
            limit_m: self.outside.lane_limit_m,
            status,
            crashes: turn.crashes,
            distance_m: turn.distance_m,
        });
        let side = |(number, (view, decision)): (usize, (_, Decision))| Side {
            picture: picture(&image, &view),
            decision: Some(decision),
            reference,
            lane: lane.filter(|_| number == turn.policy),
            attention: None,
            manual: number == turn.policy && (self.manual.is_some() || seen.manual),
            ghost: None,
            causes: None,
        };
        let sides = decided.into_iter().enumerate().map(side).collect();
        let frame = self.frame;
        self.frame += 1;
        Ok(Some(Moment { frame, time_secs, sides, skipped: None }))
    }
}

impl Session for OutsideDrive {
    fn info(&self) -> &SessionInfo {
        &self.info
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let moment = self.next_moment();
        if moment.is_err() {
            // Whatever went wrong, the car must not drive on without anybody.
            self.outside.car().stop();
        }
        moment
    }

    fn hold(&mut self) {
        self.is_held = true;
        self.outside.car().stop();
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Reset => self.begin_turn(0),
            Order::NextRoad => self.begin_turn((self.turn.policy + 1) % self.viewers.len()),
            Order::Noise(variance) => {
                ensure!((0.0..=1.0).contains(&variance), "noise variance: expected 0 to 1, got {variance}");
                self.info.noise_variance = variance;
                self.outside.spoiling.noise_variance = variance;
            }
            Order::Attention(attention) => {
                attention.check(&self.info.methods)?;
                self.info.attention = attention;
                self.viewers.iter_mut().for_each(|viewer| viewer.maps.forget());
            }
            Order::Lesions { policy, lesions } => {
                let count = self.viewers.len();
                ensure!(policy < count, "policy {policy}: there are {count}, numbered from 0");
                self.viewers[policy].lesion(lesions)?;
            }
            Order::Policies(drivers) => {
                check_policies(&drivers)?;
                self.info.offer(Driver::methods(&drivers));
                self.viewers = drivers.into_iter().map(Viewer::new).collect();
                self.begin_turn(0);
            }
            Order::TakeOver { policy, steering } => {
                ensure!(policy == self.turn.policy, "policy {policy} only watches: take over from the one that steers");
                self.manual = steering;
            }
            Order::Causes(false) | Order::EndBranch => {}
            Order::Causes(true) => bail!("another simulator's world cannot be drawn again without a part of the scene"),
            Order::Seek(_) => bail!("another simulator cannot go back in time"),
            Order::Drive(_) | Order::Start(_) => bail!("another simulator's road and weather are chosen there"),
        }
        self.refresh_info();
        Ok(())
    }
}
