//! A car in somebody else's simulator.

use lane_frame::{RgbImage, Steering};

/// A car in another simulator: it is looked through and steered, one picture after the other. There is a picture to look at
/// after every command, after the car was put back, and at the start; looking twice without a command in between may wait
/// for ever.
pub trait Car: Send {
    /// The simulator, its address and its road, in a few words for a title.
    fn title(&self) -> String;

    /// The recording format whose pictures look like these, such as `tub-v2`: policies that were trained on it see the
    /// same part of them.
    fn format(&self) -> &'static str;

    /// The view of the training camera in its pictures, where the simulator set its camera up for that.
    fn matched_view(&self) -> Option<MatchedView> {
        None
    }

    /// Waits for the next picture.
    ///
    /// # Errors
    /// When the simulator does not answer, goes away, or sends what is no picture or no number.
    fn look(&mut self) -> Result<Observation, Trouble>;

    /// Sends a command, and the throttle that holds the car's speed; it stands until the next one.
    ///
    /// # Errors
    /// When the simulator went away.
    fn steer(&mut self, steering: Steering) -> Result<(), Trouble>;

    /// Puts the car back to its start, standing; `false` where this simulator knows no such command.
    ///
    /// # Errors
    /// When the simulator went away.
    fn put_back(&mut self) -> Result<bool, Trouble>;

    /// Drives another road from the next picture on, where the simulator draws roads from seeds; elsewhere nothing changes.
    ///
    /// # Errors
    /// When the simulator went away.
    fn set_road(&mut self, seed: u32) -> Result<(), Trouble>;

    /// Time from the arrival of the last picture until the command for it was sent, in s.
    fn answer_secs(&self) -> Option<f64>;

    /// Stops the car, as far as the simulator still listens. The next look is at a new picture, and the next command drives
    /// on. Dropping a car stops it too.
    fn stop(&mut self);
}

/// One picture from another simulator, and what it tells besides.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The camera's picture.
    pub image: RgbImage,
    /// The simulator's own time in s; where it has none, the time of arrival.
    pub time_secs: f64,
    /// Speed over ground in m/s.
    pub speed_mps: Option<f32>,
    /// Cross-track error in m, left positive.
    pub offset_m: Option<f32>,
    /// Heading against the road's in rad, counter-clockwise positive; few simulators tell.
    pub heading_error_rad: Option<f32>,
    /// Curvature of the road here in 1/m, left positive; few simulators tell.
    pub road_per_m: Option<f32>,
    /// The object that the car has hit since the last picture.
    pub hit: Option<String>,
    /// Laps driven so far.
    pub laps: u32,
    /// Time of the last whole lap in s.
    pub lap_secs: Option<f64>,
    /// Position on the ground in m and heading in rad, counter-clockwise positive.
    pub pose: Option<[f64; 3]>,
    /// True while a person drives the car there: commands have no effect.
    pub manual: bool,
}

/// The part of a picture that is what the training camera would show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchedView {
    /// Left, top, width and height in pixels.
    pub crop: [u32; 4],
    /// Row of the horizon in the whole picture.
    pub horizon_px: f32,
    /// Focal length in pixels.
    pub focal_px: f32,
}

/// How a car turns: front wheels at a full command, and the distance of its axles, both as the other simulator has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vehicle {
    /// Distance of the axles in m.
    pub wheelbase_m: f32,
    /// Angle of the front wheels at a command of 1, in rad.
    pub full_lock_rad: f32,
}

impl Vehicle {
    /// The command for a curvature, -1 to 1, right positive, as both simulators have it.
    pub fn command(&self, steering: Steering) -> f32 {
        let angle = libm::atanf(self.wheelbase_m * steering.0);
        (-angle / self.full_lock_rad).clamp(-1.0, 1.0)
    }

    /// The curvature that a command asks for: the inverse of [`Vehicle::command`].
    pub fn steering(&self, command: f32) -> Steering {
        Steering(-libm::tanf(command.clamp(-1.0, 1.0) * self.full_lock_rad) / self.wheelbase_m)
    }

    /// The same car with the wheelbase at which this command drives a path of this curvature.
    pub fn calibrated(self, command: f32, curvature_per_m: f32) -> Self {
        Self { wheelbase_m: libm::tanf(command.abs() * self.full_lock_rad) / curvature_per_m.abs(), ..self }
    }
}

/// Why another simulator cannot be driven any more, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble(String);

impl Trouble {
    /// One line, whatever it is made of: decoders end some of their sentences with a line's end.
    pub(crate) fn new(why: impl AsRef<str>) -> Self {
        let lines = why.as_ref().lines().map(str::trim).filter(|line| !line.is_empty());
        Self(lines.collect::<Vec<_>>().join("; "))
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;

    const VEHICLE: Vehicle = Vehicle { wheelbase_m: 2.7, full_lock_rad: 0.28 };

    #[test]
    fn a_command_leads_back_to_its_curvature_and_left_is_negative() {
        for curvature in [-0.08, -0.01, 0.0, 0.03, 0.1] {
            let command = VEHICLE.command(Steering(curvature));
            assert!((VEHICLE.steering(command).0 - curvature).abs() < 1e-6, "{curvature}");
            assert!(command * curvature <= 0.0);
        }
        assert_eq!(VEHICLE.command(Steering(9.0)), -1.0);
    }

    #[test]
    fn a_trouble_is_one_line() {
        assert_eq!(Trouble::new("no picture: cut off\n\n").to_string(), "no picture: cut off");
        assert_eq!(Trouble::new("first\r\n second").to_string(), "first; second");
    }

    #[test]
    fn a_circle_gives_the_wheelbase_away() {
        let driven = VEHICLE.steering(0.5);
        let guess = Vehicle { wheelbase_m: 0.2, ..VEHICLE };
        assert!((guess.calibrated(0.5, driven.0).wheelbase_m - 2.7).abs() < 1e-5);
    }
}
