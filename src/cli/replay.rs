//! `liquid-lane replay`: a recording in a window, as a film, or as error figures.

use super::{models, output};
use crate::audit::open_loop::{OpenLoop, SteeringError};
use crate::driver::moment::Session as _;
use crate::driver::replay::Replay;
use crate::recording::Recording;
use crate::view::App;
use crate::view::headless::film;
use crate::view::window::Display;
use anyhow::ensure;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Udacity-simulator folder or donkeycar tub (version 2)
    pub path: PathBuf,
    #[command(flatten)]
    pub models: models::Arguments,
    /// Variance of the image noise on the [0, 1] image
    #[arg(long, value_name = "VARIANCE", default_value_t = 0.0)]
    pub noise: f32,
    /// No window: go through the whole recording and print error figures
    #[arg(long)]
    pub headless: bool,
    /// Also film it: replay.mp4 and replay.png in this folder
    #[arg(long, value_name = "DIR", requires = "headless")]
    pub film: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, requires = "headless")]
    pub json: bool,
}

#[derive(Serialize)]
struct Report {
    format: &'static str,
    frames: usize,
    compared: usize,
    spoiled: usize,
    unlabelled: usize,
    rows_left_out: BTreeMap<String, usize>,
    duration_secs: f64,
    drives: usize,
    label: String,
    errors: Vec<SteeringError>,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!((0.0..=1.0).contains(&arguments.noise), "--noise: expected 0 to 1, got {}", arguments.noise);
    if arguments.headless {
        if let Some(folder) = &arguments.film {
            film_replay(arguments, folder)?;
        }
        return print_errors(arguments);
    }
    let session = session(arguments)?;
    match Display::open() {
        Ok(display) => display.run(App::new(Box::new(session))),
        Err(no_display) => {
            eprintln!("{no_display}; printing the error figures instead (--film DIR makes a film)");
            print_errors(arguments)
        }
    }
}

fn session(arguments: &Arguments) -> anyhow::Result<Replay> {
    let recording = Recording::open(&arguments.path)?;
    let mut session = Replay::new(recording, arguments.models.drivers(&crate::device::cpu())?);
    session.set_noise(arguments.noise);
    Ok(session)
}

fn film_replay(arguments: &Arguments, folder: &std::path::Path) -> anyhow::Result<()> {
    let session = session(arguments)?;
    let seconds = session.info().duration_secs;
    let bar = output::progress(1000, "filming {wide_bar} {percent:>3} %  {eta} left");
    let (mp4, png) = (folder.join("replay.mp4"), folder.join("replay.png"));
    let mut app = App::new(Box::new(session));
    film(&mut app, seconds, 20.0, Some(&mp4), Some(&png), &mut |done| bar.set_position((1000.0 * done) as u64))?;
    bar.finish_and_clear();
    Ok(())
}

/// Goes through the whole recording and prints how far the policies were off.
fn print_errors(arguments: &Arguments) -> anyhow::Result<()> {
    let recording = Recording::open(&arguments.path)?;
    let (frames, drives) = (recording.len(), recording.drives().len());
    let (format, label) = (recording.format().name(), recording.label().to_string());
    let rows_left_out =
        recording.skipped().iter().map(|(reason, count)| (reason.to_string(), *count)).collect::<BTreeMap<_, _>>();
    let mut session = session(arguments)?;
    let names = session.info().policies.iter().map(|policy| policy.name.clone()).collect();
    let mut open_loop = OpenLoop::new(names);
    let bar = output::progress(frames as u64, "{pos} of {len} frames {wide_bar} {eta} left");
    while let Some(moment) = session.advance()? {
        if let Some(why) = &moment.skipped {
            bar.suspend(|| eprintln!("skipped: {why}"));
        }
        open_loop.add(&moment);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = Report {
        format,
        frames,
        compared: open_loop.compared(),
        spoiled: open_loop.skipped(),
        unlabelled: open_loop.unlabelled(),
        rows_left_out,
        duration_secs: session.info().duration_secs,
        drives,
        label,
        errors: open_loop.errors(),
    };
    if arguments.json { output::json(&report) } else { print_report(&report) }
}

fn print_report(report: &Report) -> anyhow::Result<()> {
    let Report { format, frames, compared, spoiled, unlabelled, duration_secs, drives, label, .. } = report;
    output::line(&format!("{format}, {drives} drives, {frames} frames, {duration_secs:.1} s; label: {label}"))?;
    output::line(&format!("{compared} frames compared, {spoiled} spoiled, {unlabelled} without label"))?;
    for (reason, count) in &report.rows_left_out {
        output::line(&format!("  {count} rows left out: {reason}"))?;
    }
    if report.errors.is_empty() {
        return output::line("no frame has both a picture and a label: nothing to compare");
    }
    output::line(output::error_table(&report.errors).trim_end())?;
    output::line("open loop: a poor guide to driving; read it beside the predictors `zero` and `mean`")
}
