//! `liquid-lane render`: a picture, a clip and the signals of a drive or a recording, without a window.

use super::drive::DRIVE_SECONDS;
use super::range::{LONGEST_SECONDS, number, whole};
use super::recording::options::{RecordingArguments, one_of};
use super::{models, output};
use crate::view::export::{Export, Layout, Source, USUAL_OVERLAY, USUAL_SIZE, method_name, size};
use crate::view::exporter::{Written, app, attend, make};
use crate::view::headless::perform;
use crate::view::script::Script;
use crate::view::settings::{ScaleMode, Settings};
use anyhow::ensure;
use clap::builder::TypedValueParser;
use lane_driver::replay::Replay;
use lane_driver::session::{Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_frame::Size;
use lane_policy::saliency::Method;
use lane_recording::Recording;
use lane_sim::{Course, RoadFamily, RoadSet, Weather};
use std::path::{Path, PathBuf};

/// Length of a clip of a drive without `--to`.
const CLIP_SECS: f64 = 10.0;

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
    /// What is on the pictures: window, pictures (all cameras with what lies over them), policy:N (the camera of the N-th
    /// likewise), cameras (all cameras with nothing over them)
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
    one_of(ScaleMode::ALL, ScaleMode::name)
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

    /// The drive or the replay with the noise that was asked for; and the end of what is wanted of it.
    fn session(&self, export: &Export) -> anyhow::Result<(Box<dyn Session>, f64)> {
        let (mut session, to_secs) = self.opened(export)?;
        if self.noise > 0.0 {
            session.obey(Order::Noise(self.noise))?;
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

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let export = arguments.export();
    if let Some(script) = &arguments.script {
        return perform_script(arguments, &export, script);
    }
    export.check()?;
    let (session, to_secs) = arguments.session(&export)?;
    let export = Export { to_secs: Some(to_secs), ..export };
    let bar = output::progress(1000, "drawing {wide_bar} {percent:>3} %  {eta} left");
    let written = make(session, &export, Settings::default(), &mut |share| {
        bar.set_position((1000.0 * share) as u64);
        true
    })?;
    bar.finish_and_clear();
    if arguments.json { output::json(&written) } else { tell(&written) }
}

/// Plays a script with everything as it was asked for.
fn perform_script(arguments: &Arguments, export: &Export, script: &Path) -> anyhow::Result<()> {
    let script = Script::read(script)?;
    let export = Export { to_secs: Some(script.seconds()), ..export.clone() };
    let (mut session, _) = arguments.session(&export)?;
    attend(session.as_mut(), &export)?;
    let mut app = app(session, &export, Settings::default());
    let bar = output::progress(1000, "drawing {wide_bar} {percent:>3} %  {eta} left");
    let mut tell_share = |share: f32| bar.set_position((1000.0 * share) as u64);
    let report = perform(&mut app, &script, export.size, export.out.as_deref(), &arguments.pictures, &mut tell_share)?;
    bar.finish_and_clear();
    let written = Written { out: export.out, frames: report.frames, csv: None, rows: 0 };
    if arguments.json { output::json(&written) } else { tell(&written) }
}

fn tell(written: &Written) -> anyhow::Result<()> {
    written.lines().iter().try_for_each(|line| output::line(line))
}
