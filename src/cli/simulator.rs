//! Options of drives in another simulator, and the car that they stand for.

use super::range::{above, number};
use anyhow::{Context as _, bail, ensure};
use lane_driver::outside::{LANE_LIMIT_M, Outside, Spoiling};
use lane_sim::corruption::{Corruption, Family};
use lane_worlds::{Car, Vehicle, calibrate, donkey, udacity};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Speed of a donkey car, in km/h, unless told otherwise.
const SPEED_KMH: f32 = 28.8;

/// Time for which Udacity's simulator is waited for: somebody has to start it.
const WAIT: Duration = Duration::from_secs(300);

/// The start of an address at which Udacity's simulator connects.
const UDACITY: &str = "udacity://";

/// Options of drives in another simulator.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Another simulator")]
pub struct Arguments {
    /// Drive there: donkey://HOST:PORT[/SCENE], or udacity://HOST:PORT where Udacity's simulator will connect; see docs/worlds.md
    #[arg(long, value_name = "URL")]
    pub simulator: Option<String>,
    /// Distance of the car's axles in m of the policies' world; --calibrate finds it [default: 2.7, for udacity 2.87]
    #[arg(long, value_name = "M", value_parser = above(0.0, 100.0_f32), requires = "simulator")]
    wheelbase: Option<f32>,
    /// Degrees of the front wheels at a command of 1 [default: 16, for udacity 25]
    #[arg(long, value_name = "DEG", value_parser = number(1.0..=60.0_f32), requires = "simulator")]
    full_lock: Option<f32>,
    /// Metres of the policies' world in a metre of the simulator: 16 where a lane is 0.22 m wide
    #[arg(long, value_parser = above(0.0, 1000.0_f32), default_value_t = 1.0, requires = "simulator")]
    scale: f32,
    /// Speed to hold, in km/h of the policies' world [default: 28.8, for udacity 14.5]
    #[arg(long, value_name = "KMH", value_parser = above(0.0, 150.0_f32), requires = "simulator")]
    speed: Option<f32>,
    /// A car farther than this from the middle of its lane has crashed, in m of the policies' world
    #[arg(long, value_name = "M", value_parser = above(0.0, 100.0_f32), default_value_t = LANE_LIMIT_M, requires = "simulator")]
    lane_limit: f32,
    /// Leave the simulator's camera as it is, in place of one like that of the training
    #[arg(long, requires = "simulator")]
    own_camera: bool,
    /// Height of the camera, in the simulator's own units [default: where it is]
    #[arg(long, value_name = "UNITS", value_parser = above(0.0, 1000.0_f32), requires = "simulator")]
    camera_height: Option<f32>,
    /// A corruption of the policies' pictures with its severity, such as fog:3
    #[arg(long, value_name = "KIND:1-5", value_parser = corruption, requires = "simulator")]
    corruption: Option<Corruption>,
    /// Seconds without an answer after which the simulator is given up
    #[arg(long, value_name = "SECONDS", value_parser = number(0.1..=3600.0_f32), default_value_t = 10.0, requires = "simulator")]
    patience: f32,
}

impl Arguments {
    /// The car, where another simulator is asked for; its road has this seed where it draws one.
    ///
    /// # Errors
    /// When the URL is none, or nobody answers there.
    pub fn outside(&self, road: Option<u32>, noise_variance: f32) -> anyhow::Result<Option<Outside>> {
        let Some(url) = &self.simulator else { return Ok(None) };
        let mut outside = Outside::new(self.car(url, road)?, self.lane_limit);
        outside.spoiling = Spoiling { noise_variance, corruption: self.corruption };
        Ok(Some(outside))
    }

    /// Drives circles, and gives the vehicle that has driven them.
    ///
    /// # Errors
    /// When there is no simulator, or the car does not turn.
    pub fn calibrate(&self) -> anyhow::Result<Vehicle> {
        let url = self.simulator.as_deref().context("--calibrate: needs --simulator URL")?;
        let vehicle = match url.starts_with(UDACITY) {
            true => self.vehicle(udacity::VEHICLE),
            false => self.donkey(url, None)?.vehicle,
        };
        Ok(calibrate(&mut *self.car(url, None)?, vehicle)?)
    }

    fn car(&self, url: &str, road: Option<u32>) -> anyhow::Result<Box<dyn Car>> {
        if let Some(address) = url.strip_prefix(UDACITY) {
            return self.udacity(address);
        }
        Ok(Box::new(donkey::Client::connect(self.donkey(url, road)?)?))
    }

    /// Waits for Udacity's simulator.
    fn udacity(&self, address: &str) -> anyhow::Result<Box<dyn Car>> {
        ensure!(self.scale == 1.0, "--scale: Udacity's simulator is as large as the policies' world");
        let address = match address.rsplit_once(':') {
            Some(_) => address.to_owned(),
            None => format!("{address}:{}", udacity::PORT),
        };
        let speed_mps = self.speed.map_or(udacity::USUAL_SPEED_MPS, |kmh| kmh / 3.6);
        let patience = Duration::from_secs_f32(self.patience);
        let settings = udacity::Settings { vehicle: self.vehicle(udacity::VEHICLE), speed_mps, patience };
        let listener = udacity::Listener::bind(&address, settings)?;
        eprintln!("waiting for Udacity's simulator at {}: start it in its autonomous mode", listener.address());
        let car = listener.accept(WAIT, &AtomicBool::new(false), &mut |line| eprintln!("{line}"))?;
        Ok(Box::new(car))
    }

    /// The simulator's own vehicle with what was told otherwise.
    fn vehicle(&self, own: Vehicle) -> Vehicle {
        Vehicle {
            wheelbase_m: self.wheelbase.unwrap_or(own.wheelbase_m),
            full_lock_rad: self.full_lock.map_or(own.full_lock_rad, f32::to_radians),
        }
    }

    fn donkey(&self, url: &str, road: Option<u32>) -> anyhow::Result<donkey::Options> {
        let Some(rest) = url.strip_prefix("donkey://") else {
            bail!("--simulator: expected donkey://HOST:PORT[/SCENE] or udacity://HOST:PORT, got `{url}`");
        };
        let (address, scene) = rest.split_once('/').unwrap_or((rest, ""));
        ensure!(!address.is_empty(), "--simulator: expected a host in `{url}`");
        let address = match address.rsplit_once(':') {
            Some(_) => address.to_owned(),
            None => format!("{address}:{}", donkey::PORT),
        };
        let mut options = donkey::Options::new(address);
        options.scene = (!scene.is_empty()).then(|| scene.to_owned());
        options.road = road;
        options.vehicle = self.vehicle(options.vehicle);
        options.scale = self.scale;
        options.speed_mps = self.speed.unwrap_or(SPEED_KMH) / 3.6;
        options.match_camera = !self.own_camera;
        options.camera_height = self.camera_height;
        options.timeout = Duration::from_secs_f32(self.patience);
        Ok(options)
    }
}

/// A corruption as `KIND:SEVERITY`.
fn corruption(text: &str) -> Result<Corruption, String> {
    let names = || Family::ALL.map(Family::name).join(", ");
    let expected = || format!("expected a kind and a severity from 1 to 5, such as fog:3; kinds: {}", names());
    let (family, severity) = text.split_once(':').ok_or_else(expected)?;
    let (family, severity) = (family.parse().map_err(|_| expected())?, severity.parse().map_err(|_| expected())?);
    Corruption::new(family, severity).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        simulator: Arguments,
    }

    fn arguments(words: &[&str]) -> Arguments {
        Line::parse_from([&["test"], words].concat()).simulator
    }

    #[test]
    fn an_address_has_a_port_and_may_have_a_scene() {
        let of = |url: &str| {
            let options = arguments(&["--simulator", url]).donkey(url, Some(4)).unwrap();
            (options.address, options.scene, options.road)
        };
        assert_eq!(of("donkey://localhost"), ("localhost:9091".into(), None, Some(4)));
        assert_eq!(of("donkey://1.2.3.4:99/warren"), ("1.2.3.4:99".into(), Some("warren".into()), Some(4)));
        for url in ["http://localhost", "donkey://", "donkey:///scene"] {
            let error = arguments(&["--simulator", url]).donkey(url, None).unwrap_err();
            assert!(error.to_string().starts_with("--simulator: expected"), "{error}");
        }
    }

    #[test]
    fn a_simulator_that_is_not_there_is_one_line() {
        let url = "donkey://127.0.0.1:1";
        let error = arguments(&["--simulator", url]).outside(None, 0.0).map(|_| ()).unwrap_err();
        let line = format!("{error:#}");
        assert!(line.starts_with("donkey://127.0.0.1:1: no simulator listens there") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_corruption_is_a_kind_and_a_severity() {
        assert_eq!(corruption("fog:3").ok(), Corruption::new(Family::Fog, 3));
        for bad in ["fog", "fog:0", "fog:6", "hail:1"] {
            assert!(corruption(bad).unwrap_err().contains("such as fog:3"), "{bad}");
        }
    }
}
