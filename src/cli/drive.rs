//! `liquid-lane drive`: in a window, as a film, or as a table.

use super::film::Film;
use super::range::{LONGEST_SECONDS, above, number, whole};
use super::{models, output};
use crate::jobs::roads::drive_roads;
use crate::view::App;
use anyhow::{Context as _, ensure};
use lane_audit::driving::DrivingScore;
use lane_driver::closed_loop::Pilot;
use lane_driver::session::{Order, Session as _};
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
                                                               a table over roads never trained on";

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
    if let Some(roads) = arguments.roads {
        return table(arguments, roads);
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

fn session(arguments: &Arguments, seconds: f64) -> anyhow::Result<TwinDrive> {
    let drivers = arguments.models.drivers()?;
    let course = course(arguments, RoadSet::Demo, seconds);
    let mut session = TwinDrive::new(drivers, course);
    session.obey(Order::Noise(arguments.noise.first().copied().unwrap_or(0.0)))?;
    Ok(session)
}

fn course(arguments: &Arguments, set: RoadSet, seconds: f64) -> Course {
    let Arguments { road, weather, family, .. } = *arguments;
    Course { weather, family, ..Course::drawn(set, road, arguments.seconds.unwrap_or(seconds)) }
}

/// Films the drive and prints its scores.
fn demo_film(arguments: &Arguments) -> anyhow::Result<()> {
    let seconds = arguments.seconds.unwrap_or(FILM_SECONDS);
    let mut app = App::new(Box::new(session(arguments, seconds)?));
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

/// Drives many roads and prints the table.
fn table(arguments: &Arguments, roads: u32) -> anyhow::Result<()> {
    let drivers = arguments.models.drivers()?.into_iter();
    let mut pilots: Vec<_> =
        drivers.map(|driver| (driver.name().to_owned(), Pilot::Policy(Box::new(driver)))).collect();
    if arguments.baselines {
        pilots.extend([("expert".into(), Pilot::Expert), ("straight".into(), Pilot::Zero)]);
    }
    let drives = u64::from(roads) * (pilots.len() * arguments.noise.len()) as u64;
    let bar = output::progress(drives, "{pos} of {len} drives {wide_bar} {eta} left");
    let mut policies = Vec::new();
    for (name, pilot) in &pilots {
        for &variance in &arguments.noise {
            let course = course(arguments, RoadSet::Test, DRIVE_SECONDS);
            let drives = drive_roads(pilot, course, roads, variance, &|| bar.inc(1))?;
            policies.push(DrivingScore::of(name, variance, &drives));
        }
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::json(&Report { policies });
    }
    output::line(output::driving_table(&policies).trim_end())
}
