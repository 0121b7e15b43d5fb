//! `liquid-lane serve`: this simulator in the place of another one.

mod gymnasium;

use super::range::{above, number, whole};
use crate::cli::output;
use lane_sim::{RoadSet, Weather, WorldSpec};
use lane_worlds::donkey::{self, Clock, Server, Setup};
use lane_worlds::udacity::{self, Serving};
use std::sync::atomic::AtomicBool;

const EXAMPLES: &str = "\
Examples:
  liquid-lane serve donkey                   gym-donkeycar's simulator, in lockstep with its client
  liquid-lane serve donkey --rate 20         the same in real time
  liquid-lane serve udacity                  Udacity's simulator: an existing drive.py steers our car
  liquid-lane drive --simulator donkey://localhost/warren
                                             a policy of this program drives there";

/// See the module.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    world: World,
}

#[derive(Debug, clap::Subcommand)]
enum World {
    /// The donkey simulator, as gym-donkeycar 1.3.1 and donkeycar drive it; see docs/worlds.md
    Donkey(Donkey),
    /// Udacity's simulator, as drive.py of its lessons steers it; see docs/worlds.md
    Udacity(Udacity),
    /// Many roads at once for the Python package, by binary messages on standard input and output; see docs/gymnasium.md
    Gymnasium(gymnasium::Arguments),
}

#[derive(Debug, clap::Args)]
struct Donkey {
    /// Address to listen at; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen at
    #[arg(long, value_parser = whole(0..=u16::MAX), default_value_t = donkey::PORT)]
    port: u16,
    /// Steps per second in real time, in place of one step for each command
    #[arg(long, value_name = "HZ", value_parser = number(1.0..=1000.0))]
    rate: Option<f64>,
    /// One step for each command: deterministic, as fast as both sides can; the default
    #[arg(long, conflicts_with = "rate")]
    lockstep: bool,
    /// Seed of the road, until a client asks for another one
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), default_value_t = 0)]
    road: u32,
    /// Length of a lap in m
    #[arg(long, value_name = "M", value_parser = number(50.0..=100_000.0_f32), default_value_t = 400.0)]
    lap: f32,
    /// Units of `cte` in a metre: a client's `max_cte` of 8 is 1 m
    #[arg(long, value_name = "UNITS", value_parser = above(0.0, 1000.0_f32), default_value_t = donkey::CTE_PER_M)]
    cte_per_m: f32,
    /// Taken and not used: clients give it to the Unity program
    #[arg(long = "logFile", alias = "log-file", hide = true)]
    log_file: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Udacity {
    /// Where the program listens that is to steer
    #[arg(long, value_name = "HOST:PORT", default_value_t = format!("127.0.0.1:{}", udacity::PORT))]
    connect: String,
    /// Steps per second in real time, in place of one step of 0.05 s for each command
    #[arg(long, value_name = "HZ", value_parser = number(1.0..=1000.0))]
    rate: Option<f64>,
    /// Seed of the road
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), default_value_t = 0)]
    road: u32,
    /// Weather and ground, as in `drive`
    #[arg(long, default_value_t = Weather::Daylight)]
    weather: Weather,
    /// Length of a lap in m
    #[arg(long, value_name = "M", value_parser = number(50.0..=100_000.0_f32), default_value_t = 400.0)]
    lap: f32,
    /// End after so many steps [default: never]
    #[arg(long, value_name = "N", value_parser = whole(1..=u64::MAX))]
    steps: Option<u64>,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.world {
        World::Donkey(donkey) => serve_donkey(donkey),
        World::Udacity(arguments) => serve_udacity(arguments),
        World::Gymnasium(arguments) => gymnasium::run(arguments),
    }
}

/// Serves clients until it is killed.
fn serve_donkey(donkey: &Donkey) -> anyhow::Result<()> {
    let Donkey { host, port, road, .. } = donkey;
    let clock = donkey.rate.map_or(Clock::Lockstep, Clock::Rate);
    let setup = Setup { clock, road: *road, lap_m: donkey.lap, cte_per_m: donkey.cte_per_m };
    let server = Server::bind(format!("{host}:{port}"), setup)?;
    eprintln!("donkey simulator at {}: Control-C ends it", server.address()?);
    Ok(server.run(&|line| eprintln!("{line}"))?)
}

/// Lets a program drive until it is killed, or all steps are driven.
fn serve_udacity(arguments: &Udacity) -> anyhow::Result<()> {
    let Udacity { connect, rate, road, weather, lap, steps } = arguments;
    let mut serving = Serving::on(WorldSpec::drawn(RoadSet::Demo, u64::from(*road), *weather, *lap));
    serving.address.clone_from(connect);
    (serving.rate_hz, serving.most_steps) = (*rate, *steps);
    let served = udacity::serve(&serving, &AtomicBool::new(false), &mut |line| eprintln!("{line}"))?;
    let udacity::Served { steps, distance_m, laps, off_lane_steps, put_back, .. } = served;
    output::line(&format!(
        "{steps} steps, {distance_m:.0} m, {laps} laps, {off_lane_steps} steps off the lane, put back {put_back} times"
    ))
}
