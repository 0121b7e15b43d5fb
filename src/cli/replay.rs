//! `liquid-lane replay`: a recording in a window, as a film, or as error figures.

use super::film::{FILM_RATE, Film};
use super::range::number;
use super::recording::options::RecordingArguments;
use super::{models, output};
use crate::view::App;
use lane_audit::open_loop::{Noted, OpenLoop, SteeringError};
use lane_driver::replay::Replay;
use lane_driver::session::{AttentionSetup, Order, Session as _};
use lane_recording::Recording;
use lane_report::counted;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Name of a replay's film.
const FILM_NAME: &str = "replay";

const EXAMPLES: &str = "\
Examples:
  liquid-lane replay my_drive/                      in a window
  liquid-lane replay my_drive/ --headless --json    error figures of both policies, beside `zero` and `mean`
  liquid-lane replay my_drive/ --headless --film out
                                                    the figures, and out/replay.mp4 and out/replay.png";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Folder or file of the recording
    pub path: PathBuf,
    #[command(flatten)]
    pub recording: RecordingArguments,
    #[command(flatten)]
    pub models: models::Arguments,
    /// Variance of the image noise on the [0, 1] image
    #[arg(long, value_name = "VARIANCE", value_parser = number(0.0..=1.0_f32), default_value_t = 0.0)]
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

/// Facts about a recording that are known before it is replayed.
#[derive(Serialize)]
struct Facts {
    format: &'static str,
    drives: usize,
    frames: usize,
    rows_left_out: BTreeMap<String, usize>,
    duration_secs: f64,
    timing: String,
    label: String,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    facts: Facts,
    compared: usize,
    spoiled: usize,
    unlabelled: usize,
    errors: Vec<SteeringError>,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let recording = Recording::open_with(&arguments.path, &arguments.recording.options())?;
    let facts = facts(&recording);
    let drives_secs = recording.drives().iter().map(|drive| recording.entry(drive.start).time_secs).collect();
    let mut drivers = arguments.models.drivers_for(&recording)?;
    if arguments.recording.crop.is_some() {
        // The user's word counts more than what the policies were trained on.
        drivers = drivers.into_iter().map(|driver| driver.with_views(Vec::new())).collect();
    }
    let mut session = Replay::new(recording, drivers);
    session.obey(Order::Noise(arguments.noise))?;
    if arguments.headless {
        return without_window(Noted::new(session, drives_secs), facts, arguments.film.as_deref(), arguments.json);
    }
    let out = Path::new("out");
    match Film::new(out, FILM_NAME).display_instead() {
        Some(display) => super::workshop::show(display, Box::new(session), &arguments.models),
        None => without_window(Noted::new(session, drives_secs), facts, Some(out), false),
    }
}

fn facts(recording: &Recording) -> Facts {
    Facts {
        format: recording.format().name(),
        drives: recording.drives().len(),
        frames: recording.len(),
        rows_left_out: recording.skipped().iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
        duration_secs: recording.duration_secs(),
        timing: recording.timing().to_string(),
        label: recording.label().map_or("none".to_owned(), |label| label.to_string()),
    }
}

/// Goes through the whole recording once, films it if asked to, and prints how far the policies were off.
fn without_window(
    (mut session, notes): (Noted<Replay>, Arc<Mutex<OpenLoop>>),
    facts: Facts,
    folder: Option<&Path>,
    as_json: bool,
) -> anyhow::Result<()> {
    if let Some(folder) = folder {
        film_all(session, folder)?;
    } else {
        // Nobody sees the maps: the first method is the quickest.
        if let Some(&method) = session.info().methods.first() {
            session.obey(Order::Attention(AttentionSetup::of(method)))?;
        }
        let bar = output::progress(facts.frames as u64, "{pos} of {len} frames {wide_bar} {eta} left");
        while session.advance()?.is_some() {
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.skipped().iter().for_each(|why| eprintln!("skipped: {why}"));
    let report = report(facts, &notes);
    if as_json { output::json(&report) } else { print(&report) }
}

fn film_all(session: Noted<Replay>, folder: &Path) -> anyhow::Result<()> {
    // One frame more than the time line is long, so that the last entry is in it.
    let seconds = session.info().duration_secs + 1.0 / FILM_RATE;
    Film::new(folder, FILM_NAME).make(&mut App::new(Box::new(session)), seconds)?;
    Ok(())
}

fn report(facts: Facts, notes: &OpenLoop) -> Report {
    Report {
        facts,
        compared: notes.compared(),
        spoiled: notes.skipped().len(),
        unlabelled: notes.unlabelled(),
        errors: notes.errors(),
    }
}

fn print(report: &Report) -> anyhow::Result<()> {
    let Report { facts, compared, spoiled, unlabelled, errors } = report;
    let Facts { format, drives, frames, duration_secs, timing, label, .. } = facts;
    let (drives, frames) = (counted(*drives, "drive"), counted(*frames, "frame"));
    output::line(&format!("{format}, {drives}, {frames}, {duration_secs:.1} s, {timing}"))?;
    output::line(&format!("label: {label}"))?;
    output::line(&format!("{compared} frames compared, {spoiled} spoiled, {unlabelled} without label"))?;
    for (reason, count) in &facts.rows_left_out {
        output::line(&format!("  {count} rows left out: {reason}"))?;
    }
    if errors.is_empty() {
        return output::line("no frame has both a picture and a label: nothing to compare");
    }
    output::line(output::error_table(errors).trim_end())?;
    output::line(output::smoothed_table(errors).trim_end())?;
    output::line("open loop: a poor guide to driving; read it beside the predictors `zero` and `mean`")
}
