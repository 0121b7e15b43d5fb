//! `liquid-lane drive`: in a window, as a film, or as a table.

use super::film::Film;
use super::range::{LONGEST_SECONDS, above, number, whole};
use super::{models, output, simulator};
use crate::jobs::roads::drive_roads;
use crate::view::App;
use anyhow::{Context as _, ensure};
use lane_audit::driving::{DriveFigures, DrivingScore};
use lane_driver::closed_loop::Pilot;
use lane_driver::outside::{Outside, OutsideLog};
use lane_driver::outside_drive::OutsideDrive;
use lane_driver::session::{Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_sim::{Course, RoadFamily, RoadSet, Weather};
use serde::Serialize;
use std::path::PathBuf;

/// Name of a drive's film.
const FILM_NAME: &str = "demo";

/// Length of a film without `--seconds`.
const FILM_SECONDS: f64 = 20.0;

/// Length of every other drive without `--seconds`.
pub const DRIVE_SECONDS: f64 = 60.0;

/// Most roads of a table.
pub const MOST_ROADS: u32 = 1_000_000;

const EXAMPLES: &str = "\
Examples:
  liquid-lane drive --road 12 --weather night --noise 0.1      a window
  liquid-lane drive --headless --seconds 30 --out film         film/demo.mp4 and film/demo.png
  liquid-lane drive --headless --roads 100 --noise 0,0.1,0.2,0.3 --baselines
                                                               a table over roads never trained on
  liquid-lane drive --simulator donkey://localhost:9091        in another simulator, in a window
  liquid-lane drive --simulator donkey://localhost:9091 --headless --roads 5
                                                               a table of five drives there";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    pub models: models::Arguments,
    /// Seed of the road; with --roads, of the first of them
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), default_value_t = 0)]
    pub road: u32,
    #[arg(long, help = families())]
    pub family: Option<RoadFamily>,
    #[arg(long, default_value_t = Weather::Daylight, help = weathers())]
    pub weather: Weather,
    /// Seconds per road [default: 60; for a film 20]
    #[arg(long, value_parser = above(0.0, LONGEST_SECONDS))]
    pub seconds: Option<f64>,
    /// Variance of the image noise on the [0, 1] image; several for a table, separated by commas
    #[arg(long, value_name = "VARIANCES", value_delimiter = ',', default_value = "0")]
    #[arg(value_parser = number(0.0..=1.0_f32))]
    pub noise: Vec<f32>,
    /// No window: a film, or with --roads a table
    #[arg(long)]
    pub headless: bool,
    /// Drive this many roads never trained on, as fast as the machine can, and print a table
    #[arg(long, value_name = "N", value_parser = whole(1..=MOST_ROADS), requires = "headless")]
    pub roads: Option<u32>,
    /// Also score the expert and a car that always steers straight
    #[arg(long, requires = "roads")]
    pub baselines: bool,
    /// Folder for demo.mp4 and demo.png
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long, requires = "headless")]
    pub json: bool,
    #[command(flatten)]
    pub simulator: simulator::Arguments,
    /// Drive circles in the other simulator and print the wheelbase of its car, for --wheelbase
    #[arg(long, requires = "simulator", conflicts_with_all = ["headless", "roads"])]
    pub calibrate: bool,
}

fn families() -> String {
    format!("Kind of road: {} [default: drawn, most of them marked]", RoadFamily::ALL.map(RoadFamily::name).join(", "))
}

fn weathers() -> String {
    let names = |trained_on: bool| {
        let weathers = Weather::ALL.into_iter().filter(|weather| weather.in_training() == trained_on);
        weathers.map(Weather::name).collect::<Vec<_>>().join(", ")
    };
    format!("Weather and ground: {}; never trained on: {}", names(true), names(false))
}

#[derive(Serialize)]
struct Report {
    policies: Vec<DrivingScore>,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check(arguments)?;
    if arguments.calibrate {
        return calibrate(arguments);
    }
    if let Some(roads) = arguments.roads {
        return match arguments.simulator.outside(None, 0.0)? {
            Some(outside) => outside_table(arguments, outside, roads),
            None => table(arguments, roads),
        };
    }
    if arguments.headless {
        return demo_film(arguments);
    }
    let session = session(arguments, DRIVE_SECONDS)?;
    match Film::new(&arguments.out, FILM_NAME).display_instead() {
        Some(display) => super::workshop::show(display, session, &arguments.models),
        None => demo_film(arguments),
    }
}

fn check(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(roads) = arguments.roads {
        let last = u32::MAX - roads;
        ensure!(arguments.road <= last, "--road: expected at most {last} with --roads {roads}, got {}", arguments.road);
    }
    let several = arguments.noise.len() > 1 && arguments.roads.is_none();
    ensure!(!several, "--noise: several variances make a table; add --headless --roads N, or give one variance");
    Ok(())
}

fn session(arguments: &Arguments, seconds: f64) -> anyhow::Result<Box<dyn Session>> {
    let drivers = arguments.models.drivers()?;
    let noise_variance = arguments.noise.first().copied().unwrap_or(0.0);
    if let Some(outside) = arguments.simulator.outside(Some(arguments.road), noise_variance)? {
        let turn_secs = arguments.seconds.unwrap_or(seconds) / drivers.len() as f64;
        return Ok(Box::new(OutsideDrive::new(outside, drivers, turn_secs)?));
    }
    let course = course(arguments, RoadSet::Demo, seconds);
    let mut session = TwinDrive::new(drivers, course);
    session.obey(Order::Noise(noise_variance))?;
    Ok(Box::new(session))
}

fn course(arguments: &Arguments, set: RoadSet, seconds: f64) -> Course {
    let Arguments { road, weather, family, .. } = *arguments;
    Course { weather, family, ..Course::drawn(set, road, arguments.seconds.unwrap_or(seconds)) }
}

/// Films the drive and prints its scores.
fn demo_film(arguments: &Arguments) -> anyhow::Result<()> {
    let seconds = arguments.seconds.unwrap_or(FILM_SECONDS);
    let mut app = App::new(session(arguments, seconds)?);
    let film = Film::new(&arguments.out, FILM_NAME);
    let started = std::time::Instant::now();
    let report = film.make(&mut app, seconds)?;
    let elapsed = started.elapsed().as_secs_f64();
    let (info, moment) = app.info().zip(app.moment()).context("the drive has no frame")?;
    let scores = info.policies.iter().zip(&moment.sides).filter_map(|(policy, side)| {
        let lane = side.lane?;
        Some(FilmScore { name: policy.name.clone(), crashes: lane.crashes, distance_m: lane.distance_m })
    });
    let scores: Vec<FilmScore> = scores.collect();
    if arguments.json {
        return output::json(&serde_json::json!({
            "film": film.mp4, "picture": film.png, "frames": report.frames, "seconds": report.seconds,
            "frames_per_second": report.frames as f64 / elapsed, "policies": scores,
        }));
    }
    output::line(&info.title)?;
    for score in scores {
        output::line(&format!("{}: {} crashes in {:.0} m", score.name, score.crashes, score.distance_m))?;
    }
    let rate = report.frames as f64 / elapsed;
    output::line(&format!(
        "{} frames at {rate:.0} frames/s: {}, {}",
        report.frames,
        film.mp4.display(),
        film.png.display()
    ))
}

#[derive(Serialize)]
struct FilmScore {
    name: String,
    crashes: u32,
    distance_m: f64,
}

/// Prints the wheelbase of the other simulator's car.
fn calibrate(arguments: &Arguments) -> anyhow::Result<()> {
    let vehicle = arguments.simulator.calibrate()?;
    let (wheelbase_m, full_lock_deg) = (vehicle.wheelbase_m, vehicle.full_lock_rad.to_degrees());
    let tightest_m = -1.0 / vehicle.steering(1.0).0;
    output::line(&format!(
        "--wheelbase {wheelbase_m:.3} --full-lock {full_lock_deg}: full lock drives a radius of {tightest_m:.1} m"
    ))
}

#[derive(Serialize)]
struct OutsideReport {
    simulator: String,
    policies: Vec<DrivingScore>,
    drives: Vec<OutsideRow>,
}

/// One drive in another simulator.
#[derive(Serialize)]
struct OutsideRow {
    policy: String,
    noise_variance: f32,
    seed: u32,
    crashes: usize,
    km: f64,
    laps: u32,
    lap_secs: Option<f64>,
    /// Middle and 99th of 100 of the times from a picture's arrival to its command, in ms.
    answer_ms: [f64; 2],
}

impl OutsideRow {
    fn of(policy: &str, noise_variance: f32, seed: u32, log: &OutsideLog) -> Self {
        let (drive, mut secs) = (&log.drive, log.answer_secs.clone());
        secs.sort_by(f64::total_cmp);
        let at = |share: f64| secs.get((share * secs.len() as f64) as usize).map_or(f64::NAN, |secs| 1e3 * secs);
        let answer_ms = [at(0.5), at(0.99)];
        let (laps, lap_secs) = (log.laps, log.lap_secs);
        let policy = policy.to_owned();
        Self {
            policy,
            noise_variance,
            seed,
            crashes: drive.crashes(),
            km: drive.distance_m / 1e3,
            laps,
            lap_secs,
            answer_ms,
        }
    }
}

/// Drives many times in another simulator and prints the table.
fn outside_table(arguments: &Arguments, mut outside: Outside, drives: u32) -> anyhow::Result<()> {
    let mut pilots = pilots(arguments)?;
    let bar = output::progress(
        u64::from(drives) * (pilots.len() * arguments.noise.len()) as u64,
        "{pos} of {len} drives {wide_bar} {eta} left",
    );
    let (mut policies, mut rows) = (Vec::new(), Vec::new());
    for (name, pilot) in &mut pilots {
        for &variance in &arguments.noise {
            let mut figures = Vec::new();
            for seed in arguments.road..arguments.road + drives {
                outside.spoiling.noise_variance = variance;
                outside.car().set_road(seed)?;
                let log = outside.drive(pilot, arguments.seconds.unwrap_or(DRIVE_SECONDS), &mut |_, _| Ok(()))?;
                rows.push(OutsideRow::of(name, variance, seed, &log));
                figures.push(DriveFigures::of(&log.drive));
                bar.inc(1);
            }
            policies.push(DrivingScore::of(name, variance, &[figures.iter().collect()]));
        }
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::json(&OutsideReport { simulator: outside.title(), policies, drives: rows });
    }
    output::line(&outside.title())?;
    output::line(output::driving_table(&policies).trim_end())?;
    for row in rows {
        let OutsideRow { policy, noise_variance, seed, crashes, km, laps, lap_secs, answer_ms: [median, slow] } = row;
        let lap = lap_secs.map_or(String::new(), |secs| format!(", the last in {secs:.1} s"));
        output::line(&format!(
            "{policy}, noise {noise_variance}, road {seed}: {laps} laps{lap}, {crashes} crashes in {km:.3} km, \
             picture to command {median:.2} ms, 99 % within {slow:.2} ms"
        ))?;
    }
    Ok(())
}

/// Everyone who drives for a table.
fn pilots(arguments: &Arguments) -> anyhow::Result<Vec<(String, Pilot)>> {
    let drivers = arguments.models.drivers()?.into_iter();
    let mut pilots: Vec<_> =
        drivers.map(|driver| (driver.name().to_owned(), Pilot::Policy(Box::new(driver)))).collect();
    if arguments.baselines {
        pilots.extend([("expert".into(), Pilot::Expert), ("straight".into(), Pilot::Zero)]);
    }
    Ok(pilots)
}

/// Drives many roads and prints the table.
fn table(arguments: &Arguments, roads: u32) -> anyhow::Result<()> {
    let pilots = pilots(arguments)?;
    let drives = u64::from(roads) * (pilots.len() * arguments.noise.len()) as u64;
    let bar = output::progress(drives, "{pos} of {len} drives {wide_bar} {eta} left");
    let mut policies = Vec::new();
    for (name, pilot) in &pilots {
        for &variance in &arguments.noise {
            let course = course(arguments, RoadSet::Test, DRIVE_SECONDS);
            let drives = drive_roads(pilot, course, roads, variance, &|| bar.inc(1))?;
            policies.push(DrivingScore::of(name, variance, &[drives.iter().collect()]));
        }
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::json(&Report { policies });
    }
    output::line(output::driving_table(&policies).trim_end())
}
