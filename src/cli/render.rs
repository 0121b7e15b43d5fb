//! `liquid-lane render`: a picture, a clip and the signals of a drive or a recording, without a window.

use super::drive::DRIVE_SECONDS;
use super::range::{LONGEST_SECONDS, number, whole};
use super::recording::options::{RecordingArguments, one_of};
use super::{models, output};
use crate::jobs::signals::{OpenTable, SignalTable, Tabled};
use crate::view::App;
use crate::view::export::{Export, Kind, Layout, SCALES, Source, USUAL_OVERLAY, USUAL_SIZE, method_name};
use crate::view::headless::{Reel, film, perform};
use crate::view::script::Script;
use crate::view::settings::{ScaleMode, Settings};
use anyhow::{Context as _, ensure};
use clap::builder::TypedValueParser;
use lane_driver::moment::Moment;
use lane_driver::replay::Replay;
use lane_driver::session::{AttentionSetup, Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_frame::Size;
use lane_policy::saliency::Method;
use lane_recording::Recording;
use lane_sim::{Course, RoadFamily, RoadSet, Weather};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// Length of a clip of a drive without `--to`.
const CLIP_SECS: f64 = 10.0;

/// Seconds before `--from` that plots and traces show.
const LEAD_SECS: f64 = 10.0;

const EXAMPLES: &str = "\
Examples:
  liquid-lane render --road 12 --from 5 --to 15 --out clip.mp4
                                            ten seconds of two policies on a road
  liquid-lane render --road 12 --from 8 --method occlusion --out moment.png
                                            one moment, with maps by occlusion
  liquid-lane render my_drive/ --from 3 --to 8 --layout policy:1 --size 640x256 --out clip.gif
                                            the camera of a recording with the first policy's map and path
  liquid-lane render my_drive/ --csv signals.csv
                                            every signal of a recording as a table";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Folder or file of a recording; without one, a drive on the simulator
    pub path: Option<PathBuf>,
    /// Seed of the road of a drive
    #[arg(long, value_name = "SEED", value_parser = whole(0..=u32::MAX), conflicts_with = "path", default_value_t = 0)]
    pub road: u32,
    /// Kind of road, as in `drive`
    #[arg(long, conflicts_with = "path")]
    pub family: Option<RoadFamily>,
    /// Weather and ground, as in `drive`
    #[arg(long, conflicts_with = "path", default_value_t = Weather::Daylight)]
    pub weather: Weather,
    #[command(flatten)]
    pub models: models::Arguments,
    /// Variance of the image noise on the [0, 1] image
    #[arg(long, value_name = "VARIANCE", value_parser = number(0.0..=1.0_f32), default_value_t = 0.0)]
    pub noise: f32,
    /// Start, in seconds; the moment of a picture
    #[arg(long, value_name = "S", value_parser = number(0.0..=LONGEST_SECONDS), default_value_t = 0.0)]
    pub from: f64,
    /// End, in seconds [default: the end of a recording; ten seconds on in a drive]
    #[arg(long, value_name = "S", value_parser = number(0.0..=LONGEST_SECONDS))]
    pub to: Option<f64>,
    /// Saliency method of the maps [default: as in the window]
    #[arg(long, value_parser = method)]
    pub method: Option<Method>,
    /// Meaning of full colour: a fixed multiple of an even spread, the largest so far, the largest of the frame
    #[arg(long, value_parser = scales(), default_value = "uniform")]
    pub scale: ScaleMode,
    /// Opacity of the strongest saliency; 0 leaves the maps out
    #[arg(long, value_name = "OPACITY", value_parser = number(0.0..=1.0_f32), default_value_t = USUAL_OVERLAY)]
    pub overlay: f32,
    /// What is on the pictures: window, pictures (all cameras), policy:N (the camera of the N-th)
    #[arg(long, default_value_t = Layout::Window)]
    pub layout: Layout,
    /// Size of the pictures in pixels
    #[arg(long, value_name = "WxH", value_parser = size, default_value_t = USUAL_SIZE)]
    pub size: Size,
    /// The picture file: .mp4, .gif, or .png for the moment at --from
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A table of every signal, a row for each frame: steering, reference, offset, crashes, attention, neurons
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Play a session at the keys from this file: keys, pointer and pictures at their times; --out films it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to", "csv", "layout"])]
    pub script: Option<PathBuf>,
    /// Folder for the pictures that the script takes
    #[arg(long, value_name = "DIR", requires = "script", default_value = "out")]
    pub pictures: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub recording: RecordingArguments,
}

fn method(text: &str) -> Result<Method, String> {
    let found = Method::ALL.into_iter().find(|method| method_name(*method) == text);
    found.ok_or_else(|| format!("expected one of {}", Method::ALL.map(method_name).join(", ")))
}

fn scales() -> impl TypedValueParser<Value = ScaleMode> {
    one_of(SCALES.map(|(scale, _)| scale), |scale| {
        SCALES.into_iter().find(|(other, _)| *other == scale).map_or("", |(_, name)| name)
    })
}

fn size(text: &str) -> Result<Size, String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = sides.ok_or_else(|| format!("expected WIDTHxHEIGHT, such as 1280x800, got {text}"))?;
    Ok(Size::new(width, height))
}

impl Arguments {
    fn export(&self) -> Export {
        let source = match &self.path {
            Some(path) => Source::Recording(path.clone(), Vec::new()),
            None => Source::Drive(vec!["--road".into(), self.road.to_string()]),
        };
        Export {
            source,
            policies: self.models.policies.clone(),
            from_secs: self.from,
            to_secs: self.to,
            method: self.method,
            scale: self.scale,
            overlay: self.overlay,
            layout: self.layout,
            size: self.size,
            out: self.out.clone(),
            csv: self.csv.clone(),
        }
    }

    /// The drive or the replay with the maps and the noise that were asked for, a little before the start of what is
    /// wanted of it; and the end of that.
    fn session(&self, export: &Export) -> anyhow::Result<(Box<dyn Session>, f64)> {
        let (mut session, to_secs) = self.opened(export)?;
        if let Some(method) = export.method {
            let info = session.info();
            ensure!(info.methods.contains(&method), "--method: these policies have no map by {}", method_name(method));
            let attention = AttentionSetup { method, ..info.attention };
            session.obey(Order::Attention(attention))?;
        }
        if self.noise > 0.0 {
            session.obey(Order::Noise(self.noise))?;
        }
        let start = export.from_secs - LEAD_SECS;
        if start > 0.0 {
            session.obey(Order::Seek(start))?;
        }
        Ok((session, to_secs))
    }

    fn opened(&self, export: &Export) -> anyhow::Result<(Box<dyn Session>, f64)> {
        let Some(path) = &self.path else {
            let to_secs = export.to_secs.unwrap_or(export.from_secs + CLIP_SECS);
            let seconds = DRIVE_SECONDS.max(to_secs + 1.0);
            let course = Course::drawn(RoadSet::Demo, self.road, seconds);
            let course = Course { weather: self.weather, family: self.family, ..course };
            return Ok((Box::new(TwinDrive::new(self.models.drivers()?, course)), to_secs));
        };
        let recording = Recording::open_with(path, &self.recording.options())?;
        let end_secs = recording.duration_secs();
        let from_secs = export.from_secs;
        ensure!(from_secs <= end_secs, "--from: {} ends at {end_secs:.1} s, got {from_secs} s", path.display());
        let drivers = self.models.drivers_for(&recording)?;
        let session = Replay::new(recording, drivers);
        Ok((Box::new(session), export.to_secs.unwrap_or(end_secs).min(end_secs)))
    }
}

/// The session, and the table that it fills on its way if there is one.
fn tabled(session: Box<dyn Session>, table: Option<SignalTable>) -> (Box<dyn Session>, Option<OpenTable>) {
    let Some(table) = table else { return (session, None) };
    let (session, table) = Tabled::new(session, table);
    (Box::new(session), Some(table))
}

/// What was written.
#[derive(serde::Serialize)]
struct Written {
    out: Option<PathBuf>,
    frames: u64,
    csv: Option<PathBuf>,
    rows: u64,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let export = arguments.export();
    if let Some(script) = &arguments.script {
        return perform_script(arguments, &export, script);
    }
    export.check()?;
    let kind = export.out.as_deref().map(Kind::of).transpose()?;
    let (session, to_secs) = arguments.session(&export)?;
    let policies = session.info().policies.clone();
    if let Layout::Policy(policy) = export.layout {
        let count = policies.len();
        ensure!(policy < count, "--layout: expected a policy from 1 to {count}, got policy:{}", policy + 1);
    }
    let span = export.from_secs..=to_secs;
    let table = export.csv.as_deref().map(|path| SignalTable::create(path, &policies, span)).transpose()?;
    let (session, table) = tabled(session, table);
    let frames = match (&export.out, kind) {
        // A picture needs one moment, a table all of them: each has a session of its own.
        (Some(out), Some(Kind::Png)) if table.is_some() => {
            run_through(session, to_secs)?;
            pictures(arguments.session(&export)?.0, &export, Kind::Png, to_secs, out)?
        }
        (Some(out), Some(kind)) => pictures(session, &export, kind, to_secs, out)?,
        _ => {
            run_through(session, to_secs)?;
            0
        }
    };
    let rows = table.map(finish).transpose()?.unwrap_or(0);
    let written = Written { out: export.out, frames, csv: export.csv, rows };
    if arguments.json { output::json(&written) } else { tell(&written) }
}

/// Plays a script with everything as it was asked for.
fn perform_script(arguments: &Arguments, export: &Export, script: &Path) -> anyhow::Result<()> {
    let script = Script::read(script)?;
    let export = Export { to_secs: Some(script.seconds()), ..export.clone() };
    let mut app = app(arguments.session(&export)?.0, &export);
    let bar = output::progress(1000, "drawing {wide_bar} {percent:>3} %  {eta} left");
    let mut tell_share = |share: f32| bar.set_position((1000.0 * share) as u64);
    let report = perform(&mut app, &script, export.size, export.out.as_deref(), &arguments.pictures, &mut tell_share)?;
    bar.finish_and_clear();
    let written = Written { out: export.out, frames: report.frames, csv: None, rows: 0 };
    if arguments.json { output::json(&written) } else { tell(&written) }
}

/// The application on a session, with the maps as they were asked for.
fn app(session: Box<dyn Session>, export: &Export) -> App {
    let mut app = App::new(session);
    let Export { overlay, scale, .. } = *export;
    app.set_settings(Settings { overlay: overlay > 0.0, strength: overlay, scale, ..*app.settings() });
    app
}

fn pictures(session: Box<dyn Session>, export: &Export, kind: Kind, to_secs: f64, out: &Path) -> anyhow::Result<u64> {
    let mut app = app(session, export);
    let Export { from_secs, layout, size, .. } = *export;
    let frames_per_sec = kind.frames_per_sec();
    let seconds = if kind == Kind::Png { 0.0 } else { to_secs - from_secs };
    let ends = app.info().is_some_and(|info| to_secs >= info.duration_secs);
    // One frame more than the time line is long, so that the last entry of a recording is in it.
    let seconds = if ends && kind != Kind::Png { seconds + 1.0 / frames_per_sec } else { seconds };
    let reel = Reel { from_secs, seconds, frames_per_sec, layout, size };
    let bar = output::progress(1000, "drawing {wide_bar} {percent:>3} %  {eta} left");
    let report = film(&mut app, &reel, &[out], &mut |share| bar.set_position((1000.0 * share) as u64))?;
    bar.finish_and_clear();
    // A table on the way has every moment up to the end, whatever the rate of the pictures.
    if kind != Kind::Png {
        app.show_until(to_secs);
    }
    Ok(report.frames)
}

/// Works out every moment up to this time, for nobody to see.
fn run_through(mut session: Box<dyn Session>, to_secs: f64) -> anyhow::Result<()> {
    let bar = output::progress(1000, "working {wide_bar} {percent:>3} %  {eta} left");
    while let Some(Moment { time_secs, .. }) = session.advance()? {
        bar.set_position((1000.0 * time_secs / to_secs.max(1e-3)) as u64);
        if time_secs >= to_secs {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Moves the table to its place; the session that filled it may still be ahead of what was drawn.
fn finish(table: OpenTable) -> anyhow::Result<u64> {
    let table = table.lock().unwrap_or_else(PoisonError::into_inner).take();
    table.context("the table of signals was lost")?.finish()
}

fn tell(written: &Written) -> anyhow::Result<()> {
    if let Some(out) = &written.out {
        let pictures = if written.frames == 1 { "picture" } else { "pictures" };
        output::line(&format!("{} {pictures}: {}", written.frames, out.display()))?;
    }
    written.csv.as_ref().map_or(Ok(()), |csv| output::line(&format!("{} rows: {}", written.rows, csv.display())))
}
