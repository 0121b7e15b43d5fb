//! Their simulator connects to us: a car in Udacity's simulator.

use super::greeting::greet;
use super::packets::{self, Packet, Telemetry};
use super::wire::{Connection, Until};
use super::{USUAL_SPEED_MPS, VEHICLE};
use crate::{Car, Observation, SpeedControl, Trouble, Vehicle};
use lane_frame::{RgbImage, Size, Steering};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The other side, in sentences.
const PEER: &str = "the simulator";
/// Likewise, before it is known.
const STRANGER: &str = "it";

/// Size of the simulator's pictures.
const SIZE: Size = Size::new(320, 160);

/// Time in which a client must show that it is the simulator; that sends a picture as soon as it is connected.
const GREETING_PATIENCE: Duration = Duration::from_secs(5);

/// Time between two looks for a client.
const NAP: Duration = Duration::from_millis(20);

/// The most packets that are left out for a newer one at once: whoever floods must not hold the car up.
const MOST_SKIPPED: u32 = 64;

/// The most clients turned away between two pictures.
const MOST_TURNED_AWAY: u32 = 8;

/// Time that braking may take, and time in which the simulator must go on answering meanwhile.
const BRAKING: Duration = Duration::from_secs(3);
const BRAKING_SILENCE: Duration = Duration::from_millis(700);

/// Below this speed, 5 mph, a throttle of -1 makes the simulator's car reverse.
const SLOWEST_BRAKED_MPS: f32 = 2.2352;

/// Seconds since some moment, to date the arrival of pictures.
pub type Clock = Box<dyn FnMut() -> f64 + Send>;

/// How to drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The simulator's car.
    pub vehicle: Vehicle,
    /// Speed that the throttle holds in m/s, more than 0.
    pub speed_mps: f32,
    /// Time without a picture after which the simulator has stopped answering.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { vehicle: VEHICLE, speed_mps: USUAL_SPEED_MPS, patience: Duration::from_secs(10) }
    }
}

/// A port at which Udacity's simulator can connect.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
}

impl Listener {
    /// Listens at an address such as `127.0.0.1:4567`.
    ///
    /// # Errors
    /// When the address is none or in use, or the speed cannot be held.
    pub fn bind(address: &str, settings: Settings) -> Result<Self, Trouble> {
        if !(settings.speed_mps.is_finite() && settings.speed_mps > 0.0) {
            return Err(Trouble::new(format!("a speed of {} m/s cannot be held", settings.speed_mps)));
        }
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        });
        match bound {
            Ok((address, listener)) => Ok(Self { listener, address, settings }),
            Err(error) => Err(Trouble::new(format!("cannot listen at {address}: {error}"))),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a simulator that sends its first picture. Of other clients it tells in a line each, and goes on waiting.
    ///
    /// # Errors
    /// When none has come in time or `stop` was set; names the last other client.
    pub fn accept(
        &self,
        patience: Duration,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(&str),
    ) -> Result<ConnectedCar, Trouble> {
        let (address, end) = (self.address, Instant::now() + patience);
        let mut stranger = None;
        while !stop.load(Ordering::Relaxed) && Instant::now() < end {
            match self.listener.accept() {
                Ok((stream, client)) => {
                    let until = end.min(Instant::now() + GREETING_PATIENCE);
                    let car =
                        greet(stream, until, STRANGER).and_then(|connection| self.introduce(connection, until, client));
                    match car {
                        Ok(car) => return Ok(car),
                        Err(trouble) => {
                            tell(&format!("not Udacity's simulator, but {trouble}; waiting on at {address}"));
                            stranger = Some(trouble);
                        }
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(NAP),
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) => return Err(Trouble::new(format!("cannot listen at {address} any more: {error}"))),
            }
        }
        let secs = patience.as_secs();
        Err(Trouble::new(match stranger {
            _ if stop.load(Ordering::Relaxed) => format!("stopped before Udacity's simulator connected to {address}"),
            Some(trouble) => format!("Udacity's simulator has not connected to {address} in {secs} s, but {trouble}"),
            None => format!(
                "nothing has connected to {address} in {secs} s: start Udacity's simulator and choose its autonomous mode"
            ),
        }))
    }

    /// Opens the conversation as `drive.py` does and waits for the first picture.
    fn introduce(
        &self,
        mut connection: Connection,
        until: Instant,
        client: SocketAddr,
    ) -> Result<ConnectedCar, Trouble> {
        connection.send(packets::OPEN)?;
        connection.send(packets::CONNECTED)?;
        connection.send(packets::steer(0.0, 0.0, '.'))?;
        let began = Instant::now();
        let mut car = ConnectedCar {
            connection,
            others: self.listener.try_clone().ok(),
            client,
            settings: self.settings,
            control: SpeedControl::new(self.settings.speed_mps),
            clock: Box::new(move || began.elapsed().as_secs_f64()),
            first: None,
            trouble: None,
            image: None,
            seen: Seen { time_secs: 0.0, speed_mps: 0.0, is_manual: false },
            driven_secs: None,
            arrived: None,
            answer_secs: None,
            decimal_sign: '.',
            command: 0.0,
            throttle: 0.0,
            owes_answer: false,
            is_stopped: true,
        };
        match car.next_telemetry(Until::At(until)) {
            Ok(Some(telemetry)) => car.first = Some(telemetry),
            Ok(None) => return Err(Trouble::new("a WebSocket client that sent no picture")),
            Err(trouble) => return Err(Trouble::new(format!("a WebSocket client: {trouble}"))),
        }
        car.connection.call_peer(PEER);
        Ok(car)
    }
}

/// What the last telemetry said.
#[derive(Clone, Copy, Debug)]
struct Seen {
    time_secs: f64,
    speed_mps: f32,
    is_manual: bool,
}

/// A car in Udacity's simulator, which has connected. Its time is that of arrival: the simulator sends none.
///
/// While nobody looks and steers, it drives on with the last command, and after a minute the simulator hangs up.
pub struct ConnectedCar {
    connection: Connection,
    /// The port, to turn other clients away.
    others: Option<TcpListener>,
    client: SocketAddr,
    settings: Settings,
    control: SpeedControl,
    clock: Clock,
    /// The telemetry by which it was known.
    first: Option<Option<Telemetry>>,
    /// The trouble behind the last picture.
    trouble: Option<Trouble>,
    image: Option<RgbImage>,
    seen: Seen,
    /// Time of the picture for which the last throttle was.
    driven_secs: Option<f64>,
    /// When the last picture arrived.
    arrived: Option<Instant>,
    answer_secs: Option<f64>,
    decimal_sign: char,
    command: f32,
    throttle: f32,
    owes_answer: bool,
    is_stopped: bool,
}

impl ConnectedCar {
    /// The same car with the times of another clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        let mut car = self;
        car.clock = clock;
        car
    }

    /// The next telemetry; the inner option is empty while a person drives, the outer one when none came in time or only
    /// other packets did.
    fn next_telemetry(&mut self, until: Until) -> Result<Option<Option<Telemetry>>, Trouble> {
        for _ in 0..MOST_SKIPPED {
            let Some(text) = self.connection.receive(until)? else { break };
            let peer = self.connection.peer();
            let refused = |trouble| Trouble::new(format!("{peer} sent {trouble}"));
            match Packet::parse(&text).map_err(refused)? {
                Packet::Ping(payload) => self.connection.send(format!("{}{payload}", packets::PONG))?,
                Packet::Close => return Err(Trouble::new(format!("{peer} went away"))),
                Packet::Event(name, data) if name == "telemetry" => {
                    return Telemetry::read(data).map(Some).map_err(refused);
                }
                Packet::Event(..) | Packet::Open | Packet::Pong | Packet::Connected | Packet::Other => {}
            }
        }
        Ok(None)
    }

    /// The newest telemetry that has arrived; waits where there is none yet.
    fn newest_telemetry(&mut self) -> Result<Option<Telemetry>, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        let mut newest = self.first.take();
        if newest.is_none() {
            newest = self.next_telemetry(Until::after(self.settings.patience))?;
        }
        let Some(mut newest) = newest else { return Err(self.silence()) };
        for _ in 0..MOST_SKIPPED {
            match self.next_telemetry(Until::Now) {
                Ok(Some(newer)) => newest = newer,
                Ok(None) => break,
                // What came before it is still worth a look.
                Err(trouble) => {
                    self.trouble = Some(trouble);
                    break;
                }
            }
        }
        Ok(newest)
    }

    fn silence(&self) -> Trouble {
        let secs = self.settings.patience.as_secs_f32();
        Trouble::new(match self.connection.has_half_a_message() {
            true => format!("{PEER} sent half a message and then nothing for {secs} s"),
            false => format!("{PEER} has sent no picture for {secs} s; is it in its menu?"),
        })
    }

    /// Sends the command, or asks a person's car for its next picture.
    fn answer(&mut self) -> Result<(), Trouble> {
        self.owes_answer = false;
        match self.seen.is_manual {
            true => self.connection.send(packets::MANUAL),
            false => self.connection.send(packets::steer(self.command, self.throttle, self.decimal_sign)),
        }
    }

    /// A second simulator would wait for ever.
    fn turn_others_away(&self) {
        let Some(others) = &self.others else { return };
        for _ in 0..MOST_TURNED_AWAY {
            if others.accept().is_err() {
                return;
            }
        }
    }

    fn take_picture(&mut self, telemetry: &Telemetry) -> Result<(), Trouble> {
        let image = telemetry.picture()?;
        if let Some(before) = &self.image
            && before.dimensions() != image.dimensions()
        {
            let [(width, height), (new_width, new_height)] = [before.dimensions(), image.dimensions()];
            let line = format!("{PEER}'s picture changed from {width}x{height} to {new_width}x{new_height}");
            return Err(Trouble::new(line));
        }
        self.image = Some(image);
        Ok(())
    }

    /// Brakes until the car is slow; without steering it elsewhere.
    fn brake(&mut self) -> Result<(), Trouble> {
        let end = Instant::now() + BRAKING;
        self.throttle = -1.0;
        self.answer()?;
        while Instant::now() < end {
            let until = Until::At(end.min(Instant::now() + BRAKING_SILENCE));
            match self.next_telemetry(until)? {
                Some(Some(telemetry)) if telemetry.speed_mps > SLOWEST_BRAKED_MPS => self.answer()?,
                Some(None) => return Ok(()),
                Some(Some(_)) | None => break,
            }
        }
        Ok(())
    }
}

impl Car for ConnectedCar {
    fn title(&self) -> String {
        format!("Udacity's simulator, {}", self.client)
    }

    fn format(&self) -> &'static str {
        "udacity-sim"
    }

    fn look(&mut self) -> Result<Observation, Trouble> {
        self.turn_others_away();
        if self.owes_answer {
            self.answer()?;
        }
        let telemetry = self.newest_telemetry()?;
        (self.arrived, self.owes_answer) = (Some(Instant::now()), true);
        self.seen.time_secs = (self.clock)();
        self.seen.is_manual = telemetry.is_none();
        if let Some(telemetry) = &telemetry {
            (self.seen.speed_mps, self.decimal_sign) = (telemetry.speed_mps, telemetry.decimal_sign);
            self.take_picture(telemetry)?;
        }
        // While a person drives, the last picture stands; before the first one there is a black one.
        let image = self.image.clone().unwrap_or_else(|| RgbImage::new(SIZE.width, SIZE.height));
        Ok(Observation {
            image,
            time_secs: self.seen.time_secs,
            speed_mps: telemetry.map(|telemetry| telemetry.speed_mps),
            offset_m: None,
            heading_error_rad: None,
            road_per_m: None,
            hit: None,
            laps: 0,
            lap_secs: None,
            pose: None,
            manual: self.seen.is_manual,
        })
    }

    fn steer(&mut self, steering: Steering) -> Result<(), Trouble> {
        if self.seen.is_manual {
            self.control.reset();
        } else {
            let command = self.settings.vehicle.command(steering);
            // A command that is no number holds the wheels.
            self.command = if command.is_nan() { self.command } else { command };
            let elapsed_secs = self.driven_secs.map_or(0.0, |before| self.seen.time_secs - before);
            self.throttle = self.control.throttle(self.seen.speed_mps, elapsed_secs.max(0.0) as f32);
            self.is_stopped = false;
        }
        self.driven_secs = Some(self.seen.time_secs);
        self.answer()?;
        self.answer_secs = self.arrived.map(|arrived| arrived.elapsed().as_secs_f64());
        Ok(())
    }

    fn put_back(&mut self) -> Result<bool, Trouble> {
        Ok(false)
    }

    fn set_road(&mut self, _: u32) -> Result<(), Trouble> {
        Ok(())
    }

    fn answer_secs(&self) -> Option<f64> {
        self.answer_secs
    }

    /// Brakes for some seconds at most, until the car is slow, and leaves it rolling out straight.
    fn stop(&mut self) {
        if std::mem::replace(&mut self.is_stopped, true) || !self.connection.is_open() {
            return;
        }
        self.control.reset();
        self.seen.is_manual = false;
        // A car that cannot be reached cannot be stopped either.
        let _ = self.brake();
        (self.command, self.throttle) = (0.0, 0.0);
        let _ = self.answer();
    }
}

impl Drop for ConnectedCar {
    fn drop(&mut self) {
        self.stop();
        self.connection.close();
    }
}
