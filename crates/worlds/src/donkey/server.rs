//! This program's simulator in the place of the donkey simulator.

use super::scene::{SCENES, Scene};
use super::{CTE_PER_M, FULL_LOCK_DEG};
use crate::json::{Splitter, number};
use crate::picture::{Encoding, encode};
use crate::{HostedCar, Trouble, Vehicle};
use lane_frame::{RgbImage, Size};
use lane_sim::{Camera, DT_SECS, Lens, WHEELBASE_M};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Everything that a client sends fits in this many bytes.
const MOST_BYTES: usize = 64 << 10;

/// Clients that are served at once: each has a car and a thread of its own.
const MOST_CLIENTS: usize = 32;

/// Pixels of the largest picture that a client may ask for.
const MOST_PIXELS: u32 = 1 << 20;

/// A client that takes nothing for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Size of the simulator's pictures where a client asks for none.
const USUAL_SIZE: Size = Size::new(160, 120);

/// Distance of the nodes that the simulator counts along its path, in m.
const NODE_M: f64 = 5.0;

/// When the simulator goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clock {
    /// By one control step of 0.05 s for each `control`: deterministic, and as fast as both sides can.
    Lockstep,
    /// By itself, this many control steps in a second; each of them lasts 0.05 s in the simulator.
    Rate(f64),
}

/// How clients are served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// When the simulator goes on.
    pub clock: Clock,
    /// Seed of the road until a client asks for another one by `regen_road`.
    pub road: u32,
    /// Length of a lap in m.
    pub lap_m: f32,
    /// Units of `cte` in a metre.
    pub cte_per_m: f32,
}

impl Default for Setup {
    fn default() -> Self {
        Self { clock: Clock::Lockstep, road: 0, lap_m: 400.0, cte_per_m: CTE_PER_M }
    }
}

/// The simulator, which listens.
pub struct Server {
    listener: TcpListener,
    setup: Setup,
}

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    /// When it is taken, or is none.
    pub fn bind(address: impl ToSocketAddrs + std::fmt::Display, setup: Setup) -> Result<Self, Trouble> {
        let listener = TcpListener::bind(&address);
        let listener = listener.map_err(|error| Trouble::new(format!("{address}: cannot listen there: {error}")))?;
        Ok(Self { listener, setup })
    }

    /// The address at which it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, Trouble> {
        self.listener.local_addr().map_err(|error| Trouble::new(format!("no address: {error}")))
    }

    /// Serves clients, each with a car of its own, for as long as the program runs; `note` is told who comes and goes.
    ///
    /// # Errors
    /// When the system gives no further connections.
    pub fn run(&self, note: &(dyn Fn(&str) + Sync)) -> Result<(), Trouble> {
        let clients = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            loop {
                let accepted = self.listener.accept();
                let (stream, peer) =
                    accepted.map_err(|error| Trouble::new(format!("no further connections: {error}")))?;
                if clients.fetch_add(1, Ordering::Relaxed) >= MOST_CLIENTS {
                    clients.fetch_sub(1, Ordering::Relaxed);
                    note(&format!("{peer}: refused, {MOST_CLIENTS} clients are served already"));
                    continue;
                }
                let clients = &clients;
                scope.spawn(move || {
                    note(&format!("{peer}: connected"));
                    let end = self.serve(stream);
                    clients.fetch_sub(1, Ordering::Relaxed);
                    match end {
                        Ok(steps) => note(&format!("{peer}: gone after {steps} steps")),
                        Err(trouble) => note(&format!("{peer}: {trouble}")),
                    }
                });
            }
        })
    }

    /// Serves the next client until it goes; gives the control steps of its drive.
    ///
    /// # Errors
    /// When it sends what cannot be accepted, or takes nothing any more.
    pub fn serve_next(&self) -> Result<u64, Trouble> {
        let (stream, _) = self.listener.accept().map_err(|error| Trouble::new(format!("no connection: {error}")))?;
        self.serve(stream)
    }

    fn serve(&self, stream: TcpStream) -> Result<u64, Trouble> {
        let set = stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)));
        set.map_err(|error| Trouble::new(format!("no connection: {error}")))?;
        let clock = self.setup.clock;
        let mut guest =
            Guest { stream, setup: self.setup, clock, drive: None, view: View::USUAL, steps: 0, is_gone: false };
        match guest.run() {
            // A client that is killed takes the connection with it.
            Err(_) if guest.is_gone => Ok(guest.steps),
            ended => ended.map(|()| guest.steps),
        }
    }
}

/// One client and what it has asked for.
struct Guest {
    stream: TcpStream,
    setup: Setup,
    clock: Clock,
    /// Its car, once it has chosen a scene.
    drive: Option<Drive>,
    view: View,
    steps: u64,
    /// True once it has closed the connection.
    is_gone: bool,
}

/// A car on a scene's road.
struct Drive {
    scene: usize,
    car: HostedCar,
    control: Control,
    /// A second camera, where one is asked for.
    beside: Option<(Camera, Encoding)>,
    /// True until the start of a lap was told.
    starts: bool,
}

/// The last command.
#[derive(Clone, Copy, Default)]
struct Control {
    steering: f32,
    throttle: f32,
    brake: f32,
}

/// A camera as a client configured it.
#[derive(Clone, Copy)]
struct View {
    size: Size,
    lens: Lens,
    is_grey: bool,
    encoding: Encoding,
}

impl View {
    const USUAL: Self = Self {
        size: USUAL_SIZE,
        lens: Lens { vertical_fov_rad: None, pitch_rad: None, height_m: None, forward_m: None },
        is_grey: false,
        encoding: Encoding::Jpeg,
    };

    /// The view that a `cam_config` asks for: a field of 0 keeps what was there.
    fn configured(mut self, message: &Value) -> Result<Self, Trouble> {
        let field = |name: &str| Ok(number(message, name)?.filter(|value| *value != 0.0));
        let degrees = |name: &str| Ok(field(name)?.map(|degrees| degrees.to_radians() as f32));
        if let (Some(width), Some(height)) = (field("img_w")?, field("img_h")?) {
            let side = |side: f64| (8.0..=4096.0).contains(&side);
            if !side(width) || !side(height) || width * height > f64::from(MOST_PIXELS) {
                return Err(Trouble::new(format!(
                    "a camera of {width}x{height} pixels is asked for: too many, or too few"
                )));
            }
            self.size = Size::new(width as u32, height as u32);
        }
        self.lens.vertical_fov_rad =
            degrees("fov")?.filter(|fov| (0.02..3.0).contains(fov)).or(self.lens.vertical_fov_rad);
        self.lens.pitch_rad = degrees("rot_x")?.filter(|pitch| pitch.abs() < 1.2).or(self.lens.pitch_rad);
        self.lens.height_m = field("offset_y")?.map(|m| (m as f32).clamp(0.1, 20.0)).or(self.lens.height_m);
        self.lens.forward_m = field("offset_z")?.map(|m| (m as f32).clamp(-20.0, 20.0)).or(self.lens.forward_m);
        if let Some(depth) = field("img_d")? {
            self.is_grey = depth == 1.0;
        }
        match message.get("img_enc").and_then(Value::as_str) {
            Some("PNG") => self.encoding = Encoding::Png,
            // There is no writer of TGA here; every client that reads it reads a JPEG too.
            Some("JPG" | "TGA") => self.encoding = Encoding::Jpeg,
            _ => {}
        }
        Ok(self)
    }
}

/// The simulator's report of one step.
#[derive(Serialize)]
struct Telemetry<'a> {
    msg_type: &'a str,
    steering_angle: f32,
    throttle: f32,
    image: String,
    // The simulator's name of the second camera's picture, and its client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    imageb: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_b: Option<&'a str>,
    hit: &'a str,
    time: f64,
    speed: f64,
    accel_x: f64,
    accel_y: f64,
    accel_z: f64,
    gyro_x: f64,
    gyro_y: f64,
    gyro_z: f64,
    pitch: f64,
    yaw: f64,
    roll: f64,
    cte: f32,
    #[serde(rename = "activeNode")]
    active_node: u32,
    #[serde(rename = "totalNodes")]
    total_nodes: u32,
    pos_x: f64,
    pos_y: f64,
    pos_z: f64,
    vel_x: f64,
    vel_y: f64,
    vel_z: f64,
    // Not of the original: heading against the road's and the road's curvature, left positive.
    lane_angle: f32,
    road_curvature: f64,
}

impl Guest {
    fn run(&mut self) -> Result<(), Trouble> {
        self.send(&json!({ "msg_type": "scene_selection_ready", "loaded": "1" }))?;
        let mut splitter = Splitter::new(MOST_BYTES);
        let mut buffer = vec![0; 16 << 10];
        let mut next_step = Instant::now();
        loop {
            while let Some(message) = splitter.next_object()? {
                if !self.obey(&message)? {
                    return Ok(());
                }
                self.step_if_due(&mut next_step)?;
            }
            self.step_if_due(&mut next_step)?;
            let wait = match (self.clock, &self.drive) {
                (Clock::Rate(_), Some(_)) => {
                    Some(next_step.saturating_duration_since(Instant::now()).max(Duration::from_micros(100)))
                }
                _ => None,
            };
            let set = self.stream.set_read_timeout(wait);
            match set.and_then(|()| self.stream.read(&mut buffer)) {
                Ok(0) => return Ok(()),
                Ok(bytes) => splitter.push(&buffer[..bytes])?,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    /// Drives on by itself where the clock says so.
    fn step_if_due(&mut self, next_step: &mut Instant) -> Result<(), Trouble> {
        let (Clock::Rate(per_sec), Some(_)) = (self.clock, &self.drive) else { return Ok(()) };
        let now = Instant::now();
        if now < *next_step {
            return Ok(());
        }
        // A simulator that was late does not hurry afterwards.
        *next_step = (*next_step + Duration::from_secs_f64(1.0 / per_sec)).max(now);
        self.step()
    }

    /// Does what a message asks; `false` where it is to end.
    fn obey(&mut self, message: &Value) -> Result<bool, Trouble> {
        let (setup, view) = (self.setup, self.view);
        match message.get("msg_type").and_then(Value::as_str).unwrap_or_default() {
            "control" => {
                let field = |name: &str| Ok(number(message, name)?.unwrap_or(0.0) as f32);
                let control =
                    Control { steering: field("steering")?, throttle: field("throttle")?, brake: field("brake")? };
                if let Some(drive) = &mut self.drive {
                    drive.control = control;
                    if self.clock == Clock::Lockstep {
                        self.step()?;
                    }
                }
            }
            "get_protocol_version" => self.send(&json!({ "msg_type": "protocol_version", "version": "2" }))?,
            "get_scene_names" => {
                let names: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
                self.send(&json!({ "msg_type": "scene_names", "scene_names": names }))?;
            }
            "load_scene" => {
                let name = message.get("scene_name").and_then(Value::as_str).unwrap_or_default();
                let scene = Scene::named(name).ok_or_else(|| Trouble::new(format!("no scene `{name}`")))?;
                self.drive = Some(Drive::new(scene, setup.road, &setup, view));
                self.send(&json!({ "msg_type": "car_loaded" }))?;
                self.tell()?;
            }
            // The simulator says nothing when its menu is back: its client would load the scene again at once.
            "exit_scene" => self.drive = None,
            "quit_app" => return Ok(false),
            "reset_car" => {
                if let Some(drive) = &mut self.drive {
                    drive.car.put_back();
                    (drive.control, drive.starts) = (Control::default(), true);
                }
            }
            "cam_config" => {
                self.view = view.configured(message)?;
                if let Some(drive) = &mut self.drive {
                    drive.car.set_camera(self.view.size, self.view.lens);
                }
            }
            "cam_config_b" => {
                let View { size, lens, encoding, .. } = view.configured(message)?;
                if let Some(drive) = &mut self.drive {
                    drive.beside = Some((Camera::with_lens(size, lens), encoding));
                }
            }
            "regen_road" => {
                let seed = number(message, "rand_seed")?.unwrap_or(0.0).abs() as u32;
                if let Some(drive) = &mut self.drive {
                    *drive = Drive::new(drive.scene, seed, &setup, view);
                }
            }
            "step_mode" => {
                let is_lockstep = message.get("step_mode").and_then(Value::as_str) == Some("synchronous");
                self.clock = match (is_lockstep, setup.clock) {
                    (true, _) => Clock::Lockstep,
                    (false, Clock::Lockstep) => Clock::Rate(1.0 / DT_SECS),
                    (false, rate) => rate,
                };
            }
            "set_position" => {
                let field = |name: &str| Ok(number(message, name)?.unwrap_or(0.0));
                let (x, z, turn) = (field("pos_x")?, field("pos_z")?, field("Qy")?);
                if let Some(drive) = &mut self.drive {
                    // A rotation about the upright axis alone: its half angle is in Qy.
                    drive.car.put_at([z, -x], -2.0 * libm::asin(turn.clamp(-1.0, 1.0)));
                }
            }
            "node_position" => self.tell_node(number(message, "index")?.unwrap_or(0.0).max(0.0))?,
            // What the car is called and painted, lidar and races: nothing here looks at them.
            _ => {}
        }
        Ok(true)
    }

    /// Drives one control step and reports it.
    fn step(&mut self) -> Result<(), Trouble> {
        let Some(drive) = &mut self.drive else { return Ok(()) };
        self.steps += 1;
        let Control { steering, throttle, brake } = drive.control;
        let lap_secs = drive.car.drive(vehicle().steering(steering), throttle, brake);
        let time_secs = drive.car.time_secs();
        let crossed = std::mem::take(&mut drive.starts) || lap_secs.is_some();
        self.tell()?;
        if crossed {
            let line =
                json!({ "msg_type": "collision_with_starting_line", "starting_line_index": 0, "timeStamp": time_secs });
            self.send(&line)?;
        }
        match lap_secs {
            Some(lap_secs) => self.send(&json!({ "msg_type": "cross_start", "lap_time": lap_secs.to_string() })),
            None => Ok(()),
        }
    }

    /// Sends the telemetry of now.
    fn tell(&mut self) -> Result<(), Trouble> {
        let Some(drive) = &mut self.drive else { return Ok(()) };
        let picture = drive.car.picture();
        let image = match self.view.is_grey {
            true => encode(&grey(picture), self.view.encoding)?,
            false => encode(picture, self.view.encoding)?,
        };
        let beside = match &mut drive.beside {
            Some((camera, encoding)) => {
                let mut image = RgbImage::default();
                drive.car.picture_by(camera, &mut image);
                Some(encode(&image, *encoding)?)
            }
            None => None,
        };
        let (car, pose) = (drive.car.car(), drive.car.road_pose());
        let (sin, cos) = libm::sincos(car.heading_rad);
        let telemetry = Telemetry {
            msg_type: "telemetry",
            steering_angle: drive.control.steering.clamp(-1.0, 1.0),
            throttle: drive.control.throttle,
            image,
            imageb: beside.as_deref(),
            image_b: beside.as_deref(),
            hit: if drive.car.is_off_lane() { "offroad" } else { "none" },
            time: drive.car.time_secs(),
            speed: car.speed_mps,
            accel_x: -car.speed_mps * drive.car.yaw_rate_rad_per_s(),
            accel_y: 0.0,
            accel_z: drive.car.accel_mps2(),
            gyro_x: 0.0,
            gyro_y: -drive.car.yaw_rate_rad_per_s(),
            gyro_z: 0.0,
            pitch: 0.0,
            yaw: (-car.heading_rad).to_degrees().rem_euclid(360.0),
            roll: 0.0,
            cte: -pose.offset_m * self.setup.cte_per_m,
            active_node: (f64::from(pose.s_m) / NODE_M).max(0.0) as u32,
            total_nodes: (drive.car.world().road().length_m() / NODE_M) as u32,
            pos_x: -car.y_m,
            pos_y: 0.0,
            pos_z: car.x_m,
            vel_x: -car.speed_mps * sin,
            vel_y: 0.0,
            vel_z: car.speed_mps * cos,
            lane_angle: pose.heading_error_rad,
            road_curvature: drive.car.world().road().curvature_at(car.s_m),
        };
        self.send(&telemetry)
    }

    /// Answers where a node of the path lies.
    fn tell_node(&mut self, index: f64) -> Result<(), Trouble> {
        let Some(drive) = &self.drive else { return Ok(()) };
        let road = drive.car.world().road();
        let s_m = (index * NODE_M).min(road.length_m());
        let ([x_m, y_m], half_yaw) = (road.point_at(s_m, 0.0), -0.5 * road.heading_at(s_m));
        self.send(&json!({
            "msg_type": "node_position", "index": index as u32, "pos_x": -y_m, "pos_y": 0.0, "pos_z": x_m,
            "Qx": 0.0, "Qy": libm::sin(half_yaw), "Qz": 0.0, "Qw": libm::cos(half_yaw),
        }))
    }

    fn send(&mut self, message: &impl Serialize) -> Result<(), Trouble> {
        let line = serde_json::to_string(message).map_err(|error| Trouble::new(format!("no message: {error}")))? + "\n";
        self.stream.write_all(line.as_bytes()).map_err(|error| self.broken(&error))
    }

    fn broken(&mut self, error: &std::io::Error) -> Trouble {
        let gone = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe];
        self.is_gone = gone.contains(&error.kind());
        Trouble::new(format!("the connection broke: {error}"))
    }
}

impl Drive {
    fn new(scene: usize, seed: u32, setup: &Setup, view: View) -> Self {
        let spec = SCENES[scene].spec(seed, setup.lap_m);
        let car = HostedCar::new(spec, view.size, view.lens);
        Self { scene, car, control: Control::default(), beside: None, starts: true }
    }
}

/// The car of this program, steered as the donkey car is.
fn vehicle() -> Vehicle {
    Vehicle { wheelbase_m: WHEELBASE_M as f32, full_lock_rad: FULL_LOCK_DEG.to_radians() }
}

/// The same picture in grey, in three channels as the simulator sends it.
fn grey(image: &RgbImage) -> RgbImage {
    let mut grey = image.clone();
    for pixel in grey.pixels_mut() {
        let [r, g, b] = pixel.0.map(u32::from);
        // Luma of BT.601 in 1/256.
        pixel.0 = [((77 * r + 150 * g + 29 * b) / 256) as u8; 3];
    }
    grey
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;

    /// What a client may ask for, in one go.
    const ASKED: &[u8] = br#"{"msg_type": "load_scene", "scene_name": "warren"}{"msg_type": "cam_config", "fov": "80", "img_w": "160",
        "img_h": "120", "img_d": "1", "img_enc": "PNG", "offset_y": "1,5", "rot_x": "5.0"}{"msg_type": "regen_road", "rand_seed": "7"}
        {"msg_type": "control", "steering": "-0.5", "throttle": "0.3", "brake": "0"}"#;

    #[test]
    fn broken_copies_of_what_a_client_asks_for_ask_for_no_camera_that_is_too_large() {
        survives_broken_copies(ASKED, |bytes| {
            let (mut splitter, mut view) = (Splitter::new(MOST_BYTES), View::USUAL);
            if splitter.push(bytes).is_err() {
                return;
            }
            while let Ok(Some(message)) = splitter.next_object() {
                view = view.configured(&message).unwrap_or(view);
                assert!(view.size.pixels() <= MOST_PIXELS as usize);
                assert!(view.lens.height_m.is_none_or(|height| height > 0.0));
                for name in ["steering", "throttle", "brake", "rand_seed", "index", "pos_x"] {
                    assert!(number(&message, name).map_or(true, |field| field.is_none_or(f64::is_finite)));
                }
            }
        });
    }
}
