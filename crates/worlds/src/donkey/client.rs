//! A car in the donkey simulator, or in whatever speaks its protocol.

use super::{CTE_PER_M, FULL_LOCK_DEG};
use crate::json::{Splitter, number};
use crate::picture::decode;
use crate::{Car, MatchedView, Observation, SpeedControl, Trouble, Vehicle};
use lane_frame::projection::{FOCAL_PER_WIDTH, HORIZON_SHARE};
use lane_frame::{Size, Steering};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// The longest message of the simulator that is taken: a large picture in base64.
const MOST_BYTES: usize = 24 << 20;

/// Telemetries for which a change of the camera, or a car put back, is waited for.
const PATIENCE_PICTURES: usize = 100;

/// Time for which an answer to a question that old builds do not know is waited for.
const CATCH_UP: Duration = Duration::from_millis(500);

/// Speed in m/s at which a car counts as standing.
const STANDING_MPS: f32 = 0.3;

/// Everything about a drive in the donkey simulator that it does not tell.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port.
    pub address: String,
    /// The scene to load; the one that is loaded, or the first, where none is named.
    pub scene: Option<String>,
    /// Seed of a generated road.
    pub road: Option<u32>,
    /// How the car turns, its wheelbase in metres of the policies' world.
    pub vehicle: Vehicle,
    /// Metres of the policies' world in a metre of the simulator's telemetry.
    pub scale: f32,
    /// Speed to hold, in m/s of the policies' world.
    pub speed_mps: f32,
    /// Whether the camera is set up like the one that policies are trained on. It keeps its place on the car.
    pub match_camera: bool,
    /// Height of the camera, in the simulator's own units; `None` leaves it where it is.
    pub camera_height: Option<f32>,
    /// The longest time without an answer.
    pub timeout: Duration,
}

impl Options {
    /// A car as this program's own simulator has it.
    pub fn new(address: impl Into<String>) -> Self {
        let vehicle = Vehicle { wheelbase_m: 2.7, full_lock_rad: FULL_LOCK_DEG.to_radians() };
        Self {
            address: address.into(),
            scene: None,
            road: None,
            vehicle,
            scale: 1.0,
            speed_mps: 8.0,
            match_camera: true,
            camera_height: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Width of the pictures that are asked for: twice that of a policy's input.
const PICTURE_WIDTH: u32 = 240;

/// A camera without pitch has its horizon in the middle; the policies' view reaches this far below it, as a share of the
/// picture's width, so the upper part of the picture has as much more.
const BELOW_HORIZON: f32 = (1.0 - HORIZON_SHARE) * 48.0 / 120.0;

/// Pictures in which the policies' view is a part at the bottom.
const PICTURE: Size = Size::new(PICTURE_WIDTH, 2 * (PICTURE_WIDTH as f32 * BELOW_HORIZON) as u32);

/// A car in the simulator.
pub struct Client {
    stream: TcpStream,
    splitter: Splitter,
    options: Options,
    speed: SpeedControl,
    scene: String,
    /// The newest telemetry that was not looked at yet.
    telemetry: Option<Value>,
    size: Option<(u32, u32)>,
    last: Last,
    laps: Laps,
    /// The arrival of the last telemetry.
    arrived: Option<Instant>,
    answer_secs: Option<f64>,
    /// True from [`Car::stop`] on: pictures from before it are old.
    is_stopped: bool,
}

/// The last picture's time and speed.
#[derive(Clone, Copy, Default)]
struct Last {
    time_secs: f64,
    elapsed_secs: f32,
    speed_mps: f32,
}

/// Laps as the simulator tells them.
#[derive(Clone, Debug, Default)]
struct Laps {
    count: u32,
    last_secs: Option<f64>,
    /// The line that the first lap began at, and when the present one did.
    began: Option<(i64, f64)>,
}

impl Client {
    /// Connects, loads the scene and sets up the camera; the car stands.
    ///
    /// # Errors
    /// When nobody answers there, it is no donkey simulator, or has no such scene.
    pub fn connect(options: Options) -> Result<Self, Trouble> {
        let stream = connect(&options.address, options.timeout)?;
        let mut client = Self {
            stream,
            splitter: Splitter::new(MOST_BYTES),
            speed: SpeedControl::new(options.speed_mps),
            scene: String::new(),
            telemetry: None,
            size: None,
            last: Last::default(),
            laps: Laps::default(),
            arrived: None,
            answer_secs: None,
            is_stopped: false,
            options,
        };
        client.load()?;
        client.set_up()?;
        Ok(client)
    }

    /// Waits until a scene is loaded, and asks for one where the simulator is in its menu.
    fn load(&mut self) -> Result<(), Trouble> {
        let mut is_asked = false;
        loop {
            let message = self.receive()?;
            match kind(&message) {
                "scene_selection_ready" if !is_asked => {
                    is_asked = true;
                    self.send(&json!({ "msg_type": "get_scene_names" }))?;
                }
                "scene_names" => {
                    let names = message.get("scene_names").and_then(Value::as_array).cloned().unwrap_or_default();
                    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                    self.scene = self.chosen(&names)?;
                    self.send(&json!({ "msg_type": "load_scene", "scene_name": self.scene }))?;
                }
                // A scene is loaded already: if it is the wanted one cannot be asked, so it is loaded anew.
                "car_loaded" if self.scene.is_empty() && self.options.scene.is_some() && !is_asked => {
                    is_asked = true;
                    self.send(&json!({ "msg_type": "exit_scene" }))?;
                    self.send(&json!({ "msg_type": "get_scene_names" }))?;
                }
                "need_car_config" => self.send(&json!({
                    "msg_type": "car_config", "body_style": "donkey", "body_r": "40", "body_g": "90", "body_b": "200",
                    "car_name": "liquid-lane", "font_size": "60",
                }))?,
                "car_loaded" => return Ok(()),
                "telemetry" if !is_asked => return Ok(()),
                _ => {}
            }
        }
    }

    fn chosen(&self, names: &[&str]) -> Result<String, Trouble> {
        let first = names.first().copied();
        let wanted = self.options.scene.as_deref().or(first);
        let wanted = wanted.ok_or_else(|| self.trouble("it has no scenes"))?;
        match names.contains(&wanted) {
            true => Ok(wanted.to_owned()),
            false => Err(self.trouble(&format!("no scene `{wanted}`, choose from {}", names.join(", ")))),
        }
    }

    /// Asks for the road and the camera, and waits until the pictures are as asked.
    fn set_up(&mut self) -> Result<(), Trouble> {
        if let Some(road) = self.options.road {
            self.set_road(road)?;
        }
        if self.options.match_camera || self.options.camera_height.is_some() {
            let height = self.options.camera_height.unwrap_or(0.0);
            let focal_px = FOCAL_PER_WIDTH * PICTURE.width as f32;
            let fov_deg = 2.0 * libm::atanf(PICTURE.height as f32 / 2.0 / focal_px).to_degrees();
            // A field of 0 leaves things as they are, an angle of a thousandth of a degree is as good as none.
            let [width, height_px, fov, pitch] = match self.options.match_camera {
                true => [PICTURE.width as f32, PICTURE.height as f32, fov_deg, 0.001],
                false => [0.0; 4],
            };
            self.send(&json!({
                "msg_type": "cam_config", "img_w": width.to_string(), "img_h": height_px.to_string(), "img_d": "3",
                "img_enc": "PNG", "fov": fov.to_string(), "fish_eye_x": "0", "fish_eye_y": "0", "offset_x": "0",
                "offset_y": height.to_string(), "offset_z": "0", "rot_x": pitch.to_string(), "rot_y": "0", "rot_z": "0",
            }))?;
        }
        let wanted = self.options.match_camera.then_some((PICTURE.width, PICTURE.height));
        self.stand()?;
        for _ in 0..PATIENCE_PICTURES {
            self.size = None;
            let seen = self.look()?;
            self.send_control(0.0, 0.0, 1.0)?;
            if wanted.is_none_or(|wanted| seen.image.dimensions() == wanted) {
                break;
            }
        }
        // A simulator that knows no `cam_config` shows what it shows.
        Ok(())
    }

    /// Stands, with one picture to come.
    fn stand(&mut self) -> Result<(), Trouble> {
        self.is_stopped = false;
        self.catch_up()?;
        self.send_control(0.0, 0.0, 1.0)
    }

    /// The next message.
    fn receive(&mut self) -> Result<Value, Trouble> {
        let timeout = self.options.timeout;
        let message = self.receive_within(timeout)?;
        let secs = timeout.as_secs_f32();
        message.ok_or_else(|| self.trouble(&format!("no answer for {secs:.1} s: is this a donkey simulator?")))
    }

    /// The next message; nothing where none comes in this time.
    fn receive_within(&mut self, timeout: Duration) -> Result<Option<Value>, Trouble> {
        let set = self.stream.set_read_timeout(Some(timeout));
        set.map_err(|error| self.trouble(&error.to_string()))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.splitter.next_object() {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(trouble) => return Err(self.trouble(&trouble.to_string())),
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(self.trouble("the simulator closed the connection")),
                Ok(bytes) => {
                    let pushed = self.splitter.push(&buffer[..bytes]);
                    pushed.map_err(|trouble| self.trouble(&trouble.to_string()))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
                Err(error) => return Err(self.trouble(&format!("the connection broke: {error}"))),
            }
        }
    }

    /// Forgets the pictures of everything that was sent before: in a simulator that goes in lockstep there is then one
    /// picture for each command again. It answers in turn, so its answer comes behind them; an old build gives none.
    fn catch_up(&mut self) -> Result<(), Trouble> {
        self.send(&json!({ "msg_type": "get_protocol_version" }))?;
        while let Some(message) = self.receive_within(CATCH_UP)? {
            if kind(&message) == "protocol_version" {
                break;
            }
            self.note(message)?;
        }
        self.telemetry = None;
        Ok(())
    }

    /// Whether more has arrived that was not read yet.
    fn has_more(&self) -> bool {
        let mut byte = [0];
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut byte));
        let back = self.stream.set_nonblocking(false);
        back.is_ok() && matches!(peeked, Ok(1..))
    }

    /// Takes note of a message while it drives.
    fn note(&mut self, message: Value) -> Result<(), Trouble> {
        match kind(&message) {
            "telemetry" => {
                // A hit is told once: a telemetry that is passed over must not take it along.
                let hit = self.telemetry.as_ref().and_then(hit);
                self.telemetry = Some(message);
                self.arrived = Some(Instant::now());
                if let (Some(hit), Some(Value::Object(telemetry))) = (hit, &mut self.telemetry) {
                    telemetry.insert("hit".into(), hit.into());
                }
            }
            "collision_with_starting_line" => {
                let line = number(&message, "starting_line_index")?.unwrap_or(0.0) as i64;
                let time_secs = number(&message, "timeStamp")?.unwrap_or(self.last.time_secs);
                match self.laps.began {
                    Some((began_at, began_secs)) if began_at == line => {
                        self.laps.count += 1;
                        self.laps.last_secs = Some(time_secs - began_secs);
                        self.laps.began = Some((line, time_secs));
                    }
                    Some(_) => {}
                    None => self.laps.began = Some((line, time_secs)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn send_control(&mut self, steering: f32, throttle: f32, brake: f32) -> Result<(), Trouble> {
        self.send(&json!({
            "msg_type": "control", "steering": (steering + 0.0).to_string(), "throttle": throttle.to_string(),
            "brake": brake.to_string(),
        }))
    }

    /// Sends a flat object, without a line's end: the simulator cuts the stream at braces.
    fn send(&mut self, message: &Value) -> Result<(), Trouble> {
        let sent = self.stream.write_all(message.to_string().as_bytes());
        sent.map_err(|error| self.trouble(&format!("the connection broke: {error}")))
    }

    fn trouble(&self, why: &str) -> Trouble {
        Trouble::new(format!("donkey://{}: {why}", self.options.address))
    }

    fn observed(&mut self, telemetry: &Value) -> Result<Observation, Trouble> {
        let scale = self.options.scale;
        let image = telemetry.get("image").and_then(Value::as_str);
        let image = decode(image.ok_or_else(|| Trouble::new("a telemetry without a picture"))?)?;
        let (size, before) = (image.dimensions(), self.size);
        if let Some(before) = before.filter(|before| *before != size) {
            let [(w, h), (was_w, was_h)] = [size, before];
            return Err(Trouble::new(format!("the pictures were {was_w}x{was_h}, and now one has {w}x{h}")));
        }
        self.size = Some(size);
        let field = |name: &str| number(telemetry, name);
        let time_secs = field("time")?.unwrap_or(self.last.time_secs + 0.05);
        let speed_mps = field("speed")?.map(|speed| speed as f32 * scale);
        let pose = match (field("pos_x")?, field("pos_z")?, field("yaw")?) {
            (Some(x), Some(z), Some(yaw)) => {
                let scale = f64::from(scale);
                Some([z * scale, -x * scale, -yaw.to_radians()])
            }
            _ => None,
        };
        let offset_m = field("cte")?.map(|cte| -(cte as f32) / CTE_PER_M * scale);
        let elapsed_secs = (time_secs - self.last.time_secs) as f32;
        self.last = Last { time_secs, elapsed_secs, speed_mps: speed_mps.unwrap_or(self.last.speed_mps) };
        Ok(Observation {
            image,
            time_secs,
            speed_mps,
            offset_m,
            hit: hit(telemetry),
            laps: self.laps.count,
            lap_secs: self.laps.last_secs,
            heading_error_rad: field("lane_angle")?.map(|angle| angle as f32),
            road_per_m: field("road_curvature")?.map(|curvature| curvature as f32 / scale),
            pose,
            manual: false,
        })
    }
}

impl Car for Client {
    fn title(&self) -> String {
        let scene = if self.scene.is_empty() { "" } else { "/" };
        format!("donkey://{}{scene}{}", self.options.address, self.scene)
    }

    fn format(&self) -> &'static str {
        "tub-v2"
    }

    fn matched_view(&self) -> Option<MatchedView> {
        let height = PICTURE_WIDTH * 48 / 120;
        let is_matched = self.options.match_camera && self.size == Some((PICTURE.width, PICTURE.height));
        is_matched.then_some(MatchedView {
            crop: [0, PICTURE.height - height, PICTURE_WIDTH, height],
            horizon_px: PICTURE.height as f32 / 2.0,
            focal_px: FOCAL_PER_WIDTH * PICTURE_WIDTH as f32,
        })
    }

    fn look(&mut self) -> Result<Observation, Trouble> {
        if self.is_stopped {
            self.stand()?;
        }
        loop {
            // Of what has piled up only the newest picture counts.
            while self.telemetry.is_none() || self.has_more() {
                let message = self.receive()?;
                self.note(message)?;
            }
            while let Some(message) =
                self.splitter.next_object().map_err(|trouble| self.trouble(&trouble.to_string()))?
            {
                self.note(message)?;
            }
            if let Some(telemetry) = self.telemetry.take() {
                return self.observed(&telemetry).map_err(|trouble| self.trouble(&trouble.to_string()));
            }
        }
    }

    fn steer(&mut self, steering: Steering) -> Result<(), Trouble> {
        let throttle = self.speed.throttle(self.last.speed_mps, self.last.elapsed_secs);
        let command = self.options.vehicle.command(steering);
        self.send_control(command, throttle.max(0.0), (-throttle).max(0.0))?;
        self.answer_secs = self.arrived.map(|arrived| arrived.elapsed().as_secs_f64());
        Ok(())
    }

    fn set_road(&mut self, seed: u32) -> Result<(), Trouble> {
        self.send(&json!({
            "msg_type": "regen_road", "road_style": "0", "rand_seed": seed.to_string(), "turn_increment": "0.0",
        }))?;
        self.stand()
    }

    fn answer_secs(&self) -> Option<f64> {
        self.answer_secs
    }

    fn put_back(&mut self) -> Result<bool, Trouble> {
        self.send_control(0.0, 0.0, 1.0)?;
        self.send(&json!({ "msg_type": "reset_car" }))?;
        self.speed.reset();
        self.laps.began = None;
        self.stand()?;
        for _ in 0..PATIENCE_PICTURES {
            let seen = self.look()?;
            self.send_control(0.0, 0.0, 1.0)?;
            if seen.hit.is_none() && seen.speed_mps.is_none_or(|speed| speed < STANDING_MPS * self.options.scale) {
                break;
            }
        }
        Ok(true)
    }

    fn stop(&mut self) {
        // Nobody waits for the answer: the simulator may be gone.
        let _ = self.send_control(0.0, 0.0, 1.0);
        self.speed.reset();
        self.is_stopped = true;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop();
    }
}

fn connect(address: &str, timeout: Duration) -> Result<TcpStream, Trouble> {
    let trouble = |why: String| Trouble::new(format!("donkey://{address}: {why}"));
    let found = address.to_socket_addrs().map_err(|error| trouble(format!("no such address: {error}")))?;
    let mut refused = None;
    for found in found {
        match TcpStream::connect_timeout(&found, timeout) {
            Ok(stream) => {
                let set = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(timeout)));
                let set = set.and_then(|()| stream.set_write_timeout(Some(timeout)));
                return set.map(|()| stream).map_err(|error| trouble(error.to_string()));
            }
            Err(error) => refused = Some(error),
        }
    }
    let why = refused.map_or("no such address".to_owned(), |error| error.to_string());
    Err(trouble(format!("no simulator listens there ({why})")))
}

fn kind(message: &Value) -> &str {
    message.get("msg_type").and_then(Value::as_str).unwrap_or_default()
}

/// The object that was hit.
fn hit(telemetry: &Value) -> Option<String> {
    telemetry.get("hit").and_then(Value::as_str).filter(|hit| !matches!(*hit, "none" | "")).map(str::to_owned)
}
