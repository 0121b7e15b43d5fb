//! Our simulator in the place of Udacity's: it connects to a policy program, such as `drive.py`, and obeys it.
//!
//! One thing differs from the original, which has several pictures under way at once: here each one waits for the answer
//! to the last, so that a command belongs to the picture before it, and the same answers make the same drive.

use super::packets::{self, Packet, Steer, shortened};
use super::wire::{Connection, Until, Wire, limits};
use super::{PORT, VEHICLE};
use crate::{HostedCar, Trouble};
use lane_frame::Size;
use lane_sim::{DT_SECS, Lens, WorldSpec};
use std::collections::BTreeSet;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tungstenite::client::{IntoClientRequest as _, client_with_config};
use tungstenite::{Error, HandshakeError};

/// The other side, in sentences.
const PEER: &str = "the policy program";

/// The size of the simulator's pictures, and its camera: 60 degrees from top to bottom, the preset of its engine, and the
/// horizon in row 61.
const SIZE: Size = Size::new(320, 160);
const LENS: Lens =
    Lens { vertical_fov_rad: Some(60_f32.to_radians()), pitch_rad: Some(0.136_278), height_m: None, forward_m: None };

/// Time between two tries to connect.
const RETRY: Duration = Duration::from_secs(1);
/// Time in which a connection must come about.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Time in which a program must say that it is open; it does so at once.
const OPEN_PATIENCE: Duration = Duration::from_secs(3);
/// Time that is left to a program for its first command, which `drive.py` sends before it has seen a picture.
const FIRST_COMMAND_PATIENCE: Duration = Duration::from_millis(300);
/// Time without an answer after which the wait for it is told.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// Time between two looks at whether to stop.
const SLICE: Duration = Duration::from_millis(100);
/// Time after a ping in which it must be answered.
const PONG_PATIENCE: Duration = Duration::from_secs(60);
/// Control steps that a car in the fields stands before it is put back.
const STRANDED_STEPS: u32 = 60;
/// Lines of complaint about one program.
const MOST_COMPLAINTS: usize = 20;

/// A simulator in the place of Udacity's.
#[derive(Clone, Debug, PartialEq)]
pub struct Serving {
    /// Host and port of the policy program.
    pub address: String,
    /// The road.
    pub world: WorldSpec,
    /// Control steps per second; `None` for steps without a clock, one for each command.
    pub rate_hz: Option<f64>,
    /// Control steps after which it ends; `None` to go on until it is stopped.
    pub most_steps: Option<u64>,
    /// Time between two pings.
    pub ping_interval: Duration,
}

impl Serving {
    /// On this road, for a program at the usual port of this machine, without a clock and without an end.
    pub fn on(world: WorldSpec) -> Self {
        let ping_interval = Duration::from_secs(25);
        Self { address: format!("127.0.0.1:{PORT}"), world, rate_hz: None, most_steps: None, ping_interval }
    }
}

/// A drive by a policy program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Served {
    /// Control steps driven.
    pub steps: u64,
    /// Commands that were obeyed.
    pub commands: u64,
    /// Programs that connected; one that came back counts again.
    pub connections: u32,
    /// Metres driven.
    pub distance_m: f64,
    /// Whole laps.
    pub laps: u32,
    /// Time of the last whole lap in s.
    pub lap_secs: Option<f64>,
    /// Control steps out of the lane.
    pub off_lane_steps: u64,
    /// Times that the car was put back from the fields.
    pub put_back: u32,
}

/// Takes our simulator to a policy program, waits for it where it is not there, and lets it drive until `stop` is set or
/// all steps are driven. Tells in lines what happens.
///
/// # Errors
/// When the address is none, the rate is none, or the program speaks another version of the protocol.
pub fn serve(serving: &Serving, stop: &AtomicBool, tell: &mut dyn FnMut(&str)) -> Result<Served, Trouble> {
    if let Some(rate_hz) = serving.rate_hz
        && !(0.1..=1000.0).contains(&rate_hz)
    {
        return Err(Trouble::new(format!("{rate_hz} control steps per second: expected 0.1 to 1000")));
    }
    let mut drive = Drive::new(serving, stop, tell);
    while !drive.is_over() {
        let Some(connection) = drive.connect()? else { break };
        drive.served.connections += 1;
        let mut talk = Talk::new(connection, serving.ping_interval, stop);
        let outcome = drive.drive(&mut talk);
        talk.connection.close();
        if let Err(End::WrongProtocol(trouble)) = outcome {
            return Err(trouble);
        }
        if let Err(End::Gone(trouble)) = outcome {
            let steps = drive.served.steps;
            (drive.tell)(&format!("{trouble} after {steps} steps; waiting for it at {}", serving.address));
            drive.pause();
        }
    }
    Ok(drive.served)
}

/// Why a conversation ended.
enum End {
    /// The program went away or cannot be followed: another may come.
    Gone(Trouble),
    /// No program of this kind can drive.
    WrongProtocol(Trouble),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        Self::Gone(trouble)
    }
}

/// A command, or a wish for the next picture without one.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Steer(Steer),
    Manual,
}

/// A conversation with one program.
struct Talk<'a> {
    connection: Connection,
    stop: &'a AtomicBool,
    ping_interval: Duration,
    next_ping: Instant,
    /// When a ping was sent that has not been answered.
    pinged: Option<Instant>,
    /// What the program does otherwise than the simulator would bear, each once.
    complaints: BTreeSet<String>,
    /// The trouble behind the last answer.
    trouble: Option<Trouble>,
}

impl<'a> Talk<'a> {
    fn new(connection: Connection, ping_interval: Duration, stop: &'a AtomicBool) -> Self {
        let next_ping = Instant::now() + ping_interval;
        Self { connection, stop, ping_interval, next_ping, pinged: None, complaints: BTreeSet::new(), trouble: None }
    }

    fn complain(&mut self, tell: &mut dyn FnMut(&str), line: String) {
        if self.complaints.len() < MOST_COMPLAINTS && self.complaints.insert(line.clone()) {
            tell(&line);
        }
    }

    fn keep_alive(&mut self) -> Result<(), Trouble> {
        let now = Instant::now();
        if let Some(pinged) = self.pinged
            && now > pinged + PONG_PATIENCE
        {
            return Err(Trouble::new(format!("{PEER} has answered no ping for {} s", PONG_PATIENCE.as_secs())));
        }
        if now >= self.next_ping {
            self.connection.send(packets::PING)?;
            self.next_ping = now + self.ping_interval;
            self.pinged.get_or_insert(now);
        }
        Ok(())
    }

    /// The next packet; nothing when none has come until `end` or it is to stop.
    fn packet(&mut self, end: Instant) -> Result<Option<Packet>, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        loop {
            self.keep_alive()?;
            let now = Instant::now();
            let until = if now >= end { Until::Now } else { Until::At(end.min(now + SLICE)) };
            match self.connection.receive(until)? {
                Some(text) => match Packet::parse(&text) {
                    Ok(Packet::Pong) => self.pinged = None,
                    Ok(Packet::Ping(payload)) => self.connection.send(format!("{}{payload}", packets::PONG))?,
                    Ok(Packet::Close) => return Err(Trouble::new(format!("{PEER} went away"))),
                    Ok(packet) => return Ok(Some(packet)),
                    Err(trouble) => return Err(Trouble::new(format!("{PEER} sent {trouble}"))),
                },
                None if self.stop.load(Ordering::Relaxed) => return Ok(None),
                None => {}
            }
            // A flood of pings must not hold the simulator up.
            if until == Until::Now {
                return Ok(None);
            }
        }
    }

    /// The next answer; nothing when none has come until `end` or it is to stop.
    fn answer(&mut self, end: Instant, tell: &mut dyn FnMut(&str)) -> Result<Option<Answer>, Trouble> {
        while let Some(packet) = self.packet(end)? {
            let Packet::Event(name, data) = packet else { continue };
            match name.as_str() {
                "manual" => return Ok(Some(Answer::Manual)),
                "steer" => match Steer::read(&data) {
                    Ok(steer) => {
                        if steer.has_bare_numbers {
                            self.complain(
                                tell,
                                format!("{PEER} steers with numbers: Udacity's simulator wants strings"),
                            );
                        }
                        return Ok(Some(Answer::Steer(steer)));
                    }
                    Err(trouble) => {
                        self.complain(tell, format!("{PEER} sent a command that cannot be obeyed: {trouble}"));
                        return Ok(Some(Answer::Manual));
                    }
                },
                _ => {
                    let line = format!("{PEER} sent `{}`, which Udacity's simulator does not know", shortened(&name));
                    self.complain(tell, line);
                }
            }
            if Instant::now() >= end {
                break;
            }
        }
        Ok(None)
    }

    /// The last of the answers that have arrived already.
    fn newest(&mut self, first: Answer, tell: &mut dyn FnMut(&str)) -> Answer {
        let mut newest = first;
        // Bounded, so that a program which floods cannot keep the simulator from its step.
        for _ in 0..64 {
            match self.answer(Instant::now(), tell) {
                Ok(Some(newer)) => newest = newer,
                Ok(None) => break,
                // The command before it is obeyed still.
                Err(trouble) => {
                    self.trouble = Some(trouble);
                    break;
                }
            }
        }
        newest
    }
}

/// The car, its command, and the rest of a drive over one conversation or several.
struct Drive<'a> {
    serving: &'a Serving,
    stop: &'a AtomicBool,
    tell: &'a mut dyn FnMut(&str),
    car: HostedCar,
    command: f32,
    throttle: f32,
    stranded_steps: u32,
    /// Number of Engine.IO in the address.
    eio: u8,
    last_told: String,
    served: Served,
}

impl<'a> Drive<'a> {
    fn new(serving: &'a Serving, stop: &'a AtomicBool, tell: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            serving,
            stop,
            tell,
            car: HostedCar::new(serving.world, SIZE, LENS),
            command: 0.0,
            throttle: 0.0,
            stranded_steps: 0,
            eio: 4,
            last_told: String::new(),
            served: Served::default(),
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.serving.most_steps.is_some_and(|most| self.served.steps >= most)
    }

    fn tell_once(&mut self, line: String) {
        if self.last_told != line {
            (self.tell)(&line);
            self.last_told = line;
        }
    }

    /// Waits until it is time to connect again.
    fn pause(&self) {
        let end = Instant::now() + RETRY;
        while !self.stop.load(Ordering::Relaxed) && Instant::now() < end {
            std::thread::sleep(SLICE);
        }
    }

    /// Connects, as often as it takes; nothing if it is to stop.
    fn connect(&mut self) -> Result<Option<Connection>, Trouble> {
        let address = &self.serving.address;
        while !self.stop.load(Ordering::Relaxed) {
            let resolved = address.to_socket_addrs().map(|mut addresses| addresses.next());
            let Ok(Some(socket)) = resolved else {
                return Err(Trouble::new(format!("`{address}` is no address such as 127.0.0.1:{PORT}")));
            };
            match TcpStream::connect_timeout(&socket, CONNECT_PATIENCE) {
                Err(error) => {
                    self.tell_once(format!("waiting for a policy program at {address} ({error}): start drive.py"));
                }
                Ok(stream) => match upgrade(stream, address, self.eio) {
                    Ok(connection) => {
                        self.last_told.clear();
                        return Ok(Some(connection));
                    }
                    // Versions 3.14 of python-engineio take the simulator's number at its word; they drive ours by the
                    // number that it means.
                    Err(Refusal::Http(400, _)) if self.eio == 4 => {
                        self.eio = 3;
                        let line = format!("{PEER} refuses EIO=4, as Udacity's simulator has it; trying EIO=3");
                        self.tell_once(line);
                        continue;
                    }
                    Err(refusal) => self.tell_once(format!("{PEER} at {address} {refusal}; trying again")),
                },
            }
            self.pause();
        }
        Ok(None)
    }

    /// One conversation, until it ends or the drive does.
    fn drive(&mut self, talk: &mut Talk<'_>) -> Result<(), End> {
        (self.command, self.throttle) = (0.0, 0.0);
        self.open(talk)?;
        (self.tell)(&format!("{PEER} at {} has taken the car over", self.serving.address));
        match self.serving.rate_hz {
            None => self.drive_by_answers(talk),
            Some(rate_hz) => self.drive_by_clock(talk, Duration::from_secs_f64(1.0 / rate_hz)),
        }
    }

    /// Waits for the two packets with which a server of Socket.IO 4 begins, and for its first command.
    fn open(&mut self, talk: &mut Talk<'_>) -> Result<(), End> {
        let mut end = Instant::now() + OPEN_PATIENCE;
        let (mut is_open, mut is_connected, mut has_command) = (false, false, false);
        while let Some(packet) = talk.packet(end)? {
            match packet {
                Packet::Open => is_open = true,
                Packet::Connected => {
                    is_connected = true;
                    end = Instant::now() + FIRST_COMMAND_PATIENCE;
                }
                // It may come before the packet that it should follow, and asks for the picture that is sent anyway.
                Packet::Event(..) => has_command = true,
                _ => {}
            }
            if is_connected && has_command {
                break;
            }
        }
        match (is_open, is_connected) {
            (_, true) => Ok(()),
            _ if self.stop.load(Ordering::Relaxed) => Ok(()),
            (true, false) => Err(End::WrongProtocol(Trouble::new(format!(
                "{PEER} speaks Socket.IO 5 and would wait for ever, with Udacity's simulator too: it needs \
                 python-socketio 4.6.1 and python-engineio 3.13.2"
            )))),
            (false, false) => Err(End::Gone(Trouble::new(format!("{PEER} does not speak Socket.IO")))),
        }
    }

    fn show(&mut self, talk: &mut Talk<'_>) -> Result<(), Trouble> {
        let (speed_mps, curvature) = (self.car.car().speed_mps, self.car.car().curvature_per_m() as f32);
        let turned = VEHICLE.command(lane_frame::Steering(curvature));
        // The simulator tells of its throttle what drives forward.
        let throttle = self.throttle.clamp(0.0, 1.0);
        let text = packets::telemetry(turned, throttle, speed_mps, self.car.picture())?;
        talk.connection.send(text)
    }

    /// One control step for each answer.
    fn drive_by_answers(&mut self, talk: &mut Talk<'_>) -> Result<(), End> {
        while !self.is_over() {
            self.show(talk)?;
            let mut is_late = false;
            let answer = loop {
                match talk.answer(Instant::now() + ANSWER_PATIENCE, self.tell)? {
                    Some(answer) => break answer,
                    None if self.stop.load(Ordering::Relaxed) => return Ok(()),
                    None if !is_late => {
                        is_late = true;
                        let secs = ANSWER_PATIENCE.as_secs();
                        (self.tell)(&format!("{PEER} has not answered the last picture for {secs} s; waiting on"));
                    }
                    None => {}
                }
            };
            let answer = talk.newest(answer, self.tell);
            self.obey(answer);
            self.step();
        }
        Ok(())
    }

    /// Control steps by the clock, with the last command; a picture for each answer.
    fn drive_by_clock(&mut self, talk: &mut Talk<'_>, period: Duration) -> Result<(), End> {
        let mut next = Instant::now();
        let mut owes_picture = true;
        while !self.is_over() {
            if std::mem::take(&mut owes_picture) {
                self.show(talk)?;
            }
            // Time that was lost is not made up for.
            next = Instant::now().max(next + period);
            while let Some(answer) = talk.answer(next, self.tell)? {
                self.obey(answer);
                owes_picture = true;
                if Instant::now() >= next {
                    break;
                }
            }
            self.step();
        }
        Ok(())
    }

    fn obey(&mut self, answer: Answer) {
        if let Answer::Steer(Steer { command, throttle, .. }) = answer {
            (self.command, self.throttle) = (command, throttle);
            self.served.commands += 1;
        }
    }

    fn step(&mut self) {
        let lap_secs = self.car.drive(VEHICLE.steering(self.command), self.throttle, 0.0);
        self.served.steps += 1;
        self.served.off_lane_steps += u64::from(self.car.is_off_lane());
        if let Some(lap_secs) = lap_secs {
            (self.tell)(&format!("lap {} in {lap_secs:.2} s", self.car.laps()));
        }
        let is_stranded = self.car.is_off_lane() && self.car.car().speed_mps == 0.0;
        self.stranded_steps = if is_stranded { self.stranded_steps + 1 } else { 0 };
        if self.stranded_steps > STRANDED_STEPS {
            self.stranded_steps = 0;
            self.car.put_back();
            self.served.put_back += 1;
            let secs = f64::from(STRANDED_STEPS) * DT_SECS;
            (self.tell)(&format!("the car stood out of its lane for {secs} s and is put back"));
        }
        self.served.distance_m = self.car.distance_m();
        (self.served.laps, self.served.lap_secs) = (self.car.laps(), self.car.lap_secs());
    }
}

/// Why no conversation came about.
enum Refusal {
    /// The status and the start of the body of an HTTP answer.
    Http(u16, String),
    Other(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(status, body) if body.is_empty() => write!(f, "refuses with HTTP status {status}"),
            Self::Http(status, body) => write!(f, "refuses with HTTP status {status}: {body}"),
            Self::Other(why) => write!(f, "does not speak WebSocket ({why})"),
        }
    }
}

/// The WebSocket handshake, with the simulator's address.
fn upgrade(stream: TcpStream, address: &str, eio: u8) -> Result<Connection, Refusal> {
    let other = |why: &dyn std::fmt::Display| Refusal::Other(why.to_string());
    let request = format!("ws://{address}/socket.io/?EIO={eio}&transport=websocket");
    let request = request.into_client_request().map_err(|error| other(&error))?;
    let wire = Wire::new(stream, Until::after(CONNECT_PATIENCE)).map_err(|error| other(&error))?;
    match client_with_config(request, wire, Some(limits())) {
        Ok((socket, _)) => Ok(Connection::new(socket, PEER)),
        Err(HandshakeError::Failure(Error::Http(response))) => {
            let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
            Err(Refusal::Http(response.status().as_u16(), shortened(&body)))
        }
        Err(HandshakeError::Failure(error)) => Err(other(&error)),
        Err(HandshakeError::Interrupted(_)) => Err(Refusal::Other("no answer in time".to_owned())),
    }
}
