//! What no graph says of itself: how the picture is fed, and what the output commands. A TOML file beside the graph,
//! `mine.onnx.toml`:
//!
//! ```toml
//! [input]
//! name = "img"              # the picture; also told by the graph where only one input can be it
//! layout = "nhwc"           # nchw, nhwc, or with pictures in a row (oldest first) ntchw, nthwc
//! size = [200, 66]          # width, height
//! crop = [60, 0, 25, 0]     # rows and columns cut off a recorded picture: top, right, bottom, left
//! of = [320, 160]           # width and height of the picture that they are cut off
//! colour = "yuv"            # rgb, bgr, yuv (as OpenCV's), grey
//! scale = [127.5, -1.0]     # a byte is divided by the first, then the second is added
//! mean = [0.485, 0.456, 0.406]   # then subtracted from each channel,
//! std = [0.229, 0.224, 0.225]    # and what each is divided by
//!
//! [state]
//! h = { input = "h0", output = "hn", shape = [1, 1, 64] }   # zero at the start of a drive
//!
//! [time]
//! elapsed = "dt"            # the input that takes the seconds since the frame before
//!
//! [speed]
//! input = "speed"           # the input that takes the car's speed
//! unit = "m/s"              # m/s, km/h, mph
//! divisor = 30.0            # what it is divided by (1)
//! unknown = 20.0            # the speed, in this unit, where none is recorded
//!
//! [fixed]
//! throttle = 0.5            # any other input: always this number
//!
//! [output]
//! name = "angle"
//! index = 0                 # which number of it
//! bins = [-1.0, 1.0]        # instead: the first and the last of evenly spaced classes, one number for each
//! decode = "largest"        # largest, or mean: classes weighted by their numbers
//! unit = "share"            # share of full lock, degrees or radians of the front wheels, curvature in 1/m
//! gain = 25.0               # the output is multiplied by it; of a share that is the angle of full lock in degrees
//! positive = "right"        # the side to which positive outputs steer
//! wheelbase = 2.7           # m
//! ```

pub mod facts;
mod preset;

pub use preset::Preset;

use crate::graph::Graph;
use anyhow::{Context as _, anyhow, ensure};
use facts::Facts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Table;

/// A manifest is a page; what is larger is another file.
const MOST_BYTES: u64 = 64 << 10;

/// Sides of pictures, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 8..=2048;

/// See the module.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The picture.
    pub input: Input,
    /// What is carried from frame to frame.
    #[serde(default)]
    pub state: BTreeMap<String, State>,
    /// Time that passes.
    #[serde(default)]
    pub time: Time,
    /// The car's speed.
    pub speed: Option<Speed>,
    /// Inputs that are always the same.
    #[serde(default)]
    pub fixed: BTreeMap<String, f32>,
    /// What steers.
    pub output: Output,
}

/// The picture that a graph takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the graph's input.
    pub name: String,
    /// Order of its sides.
    pub layout: Layout,
    /// Width and height.
    pub size: [u32; 2],
    /// Rows and columns cut off a recorded picture: top, right, bottom, left.
    #[serde(default)]
    pub crop: [u32; 4],
    /// Width and height of the picture that they are cut off.
    pub of: Option<[u32; 2]>,
    /// Meaning of its channels.
    pub colour: Colour,
    /// What a byte is divided by, and what is then added.
    pub scale: [f32; 2],
    /// Then subtracted from each channel.
    #[serde(default)]
    pub mean: [f32; 3],
    /// What each channel is then divided by.
    #[serde(default = "ones")]
    pub std: [f32; 3],
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

/// Order of the sides of a picture: batch, time, channels, height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Channels first.
    Nchw,
    /// Channels last.
    Nhwc,
    /// Pictures in a row, channels first.
    Ntchw,
    /// Pictures in a row, channels last.
    Nthwc,
}

impl Layout {
    /// Whether the channels of a pixel lie beside one another.
    pub fn has_channels_last(self) -> bool {
        matches!(self, Self::Nhwc | Self::Nthwc)
    }

    /// Whether it has pictures in a row.
    pub fn has_time(self) -> bool {
        matches!(self, Self::Ntchw | Self::Nthwc)
    }

    /// The word in a manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nchw => "nchw",
            Self::Nhwc => "nhwc",
            Self::Ntchw => "ntchw",
            Self::Nthwc => "nthwc",
        }
    }
}

/// Meaning of the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness and two differences of colour, as OpenCV's `COLOR_RGB2YUV`.
    Yuv,
    /// Brightness alone.
    Grey,
}

impl Colour {
    /// How many there are.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb | Self::Bgr | Self::Yuv => 3,
        }
    }
}

/// A value that is carried from frame to frame.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name of the input.
    pub input: String,
    /// Name of the output that is the next frame's input.
    pub output: String,
    /// Its sides for one drive, where the graph does not say them.
    pub shape: Option<Vec<usize>>,
}

/// Time that passes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Name of the input that takes the seconds since the frame before.
    pub elapsed: Option<String>,
}

/// The car's speed as a graph takes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// Name of the input.
    pub input: String,
    /// What it is measured in.
    pub unit: SpeedUnit,
    /// What it is divided by.
    #[serde(default = "one")]
    pub divisor: f32,
    /// The speed in this unit where none is known; without it such a drive is refused.
    pub unknown: Option<f32>,
}

fn one() -> f32 {
    1.0
}

/// What a speed is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SpeedUnit {
    /// Metres per second.
    #[serde(rename = "m/s")]
    MetresPerSecond,
    /// Kilometres per hour.
    #[serde(rename = "km/h")]
    KilometresPerHour,
    /// Miles per hour.
    #[serde(rename = "mph")]
    MilesPerHour,
}

impl SpeedUnit {
    /// How many of it are 1 m/s.
    pub fn per_mps(self) -> f32 {
        match self {
            Self::MetresPerSecond => 1.0,
            Self::KilometresPerHour => 3.6,
            Self::MilesPerHour => 3600.0 / 1609.344,
        }
    }
}

/// What steers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the graph's output.
    pub name: String,
    /// Which number of it.
    #[serde(default)]
    pub index: usize,
    /// The first and the last of evenly spaced classes, of which each has a number.
    pub bins: Option<[f64; 2]>,
    /// How a class is chosen.
    #[serde(default)]
    pub decode: Decode,
    /// What the number is.
    pub unit: Unit,
    /// What it is multiplied by before.
    pub gain: f64,
    /// The side to which positive numbers steer.
    pub positive: Positive,
    /// Of the vehicle, in m.
    #[serde(default = "usual_wheelbase")]
    pub wheelbase: f64,
}

/// Of a mid-size car, as for recordings that do not state their vehicle.
fn usual_wheelbase() -> f64 {
    2.7
}

/// How a class is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decode {
    /// That of the largest number.
    #[default]
    Largest,
    /// The mean of all, weighted by their numbers.
    Mean,
}

/// What an output times its gain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Degrees of the front wheels; the output is a share of full lock and ends there.
    Share,
    /// Degrees of the front wheels.
    Degrees,
    /// Radians of the front wheels.
    Radians,
    /// Path curvature in 1/m.
    Curvature,
}

/// The side to which positive numbers steer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positive {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

impl Manifest {
    /// The manifest of a graph: what the file beside it says, else the graph, else the preset.
    ///
    /// # Errors
    /// When something is not told by any of them, or contradicts the graph: which entry, and what was expected.
    pub fn of(path: &Path, graph: &Graph, preset: Option<Preset>) -> anyhow::Result<Self> {
        let facts = Facts::of(graph);
        let beside = beside(path);
        let told = read(&beside).with_context(|| beside.display().to_string())?;
        if told.is_none() && preset.is_none() && !facts.is_complete() {
            let file = path.display();
            let make = format!("`liquid-lane model info {file} --write` makes one to start from");
            return Err(anyhow!("{}: says what the graph takes and gives; {make}, or --as PRESET", beside.display()));
        }
        let mut table = preset.map(Preset::table).unwrap_or_default();
        let mut shown = facts.table();
        if told.as_ref().is_some_and(|told| told.contains_key("fixed") || told.contains_key("speed")) {
            // What is always the same may have a name as if it were the time.
            shown.remove("time");
        }
        overlay(&mut table, shown);
        overlay(&mut table, told.clone().unwrap_or_default());
        let from = if told.is_some() { beside.display().to_string() } else { path.display().to_string() };
        Self::from_table(table).with_context(|| from.clone()).and_then(|manifest| {
            manifest.check(graph).with_context(|| from)?;
            Ok(manifest)
        })
    }

    pub(crate) fn from_table(table: Table) -> anyhow::Result<Self> {
        let manifest =
            Self::deserialize(table).map_err(|error| anyhow!("{}", error.to_string().trim().replace('\n', " ")))?;
        let [width, height] = manifest.input.size;
        for (name, side) in [("width", width), ("height", height)] {
            ensure!(SIDES.contains(&side), "input.size: expected a {name} of {SIDES:?} pixels, got {side}");
        }
        let finite = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
        let Input { scale, mean, std, crop, of, .. } = &manifest.input;
        ensure!(
            finite(scale) && scale[0] != 0.0,
            "input.scale: expected a divisor other than 0 and a number, got {scale:?}"
        );
        ensure!(finite(mean), "input.mean: expected numbers, got {mean:?}");
        ensure!(finite(std) && std.iter().all(|std| *std > 0.0), "input.std: expected numbers above 0, got {std:?}");
        if *crop != [0; 4] {
            let [width, height] = of.context("input.of: expected the size of the picture that `crop` cuts off")?;
            let [top, right, bottom, left] = *crop;
            let inside = |before: u32, behind: u32, side| before.checked_add(behind).is_some_and(|cut| cut < side);
            let leaves = inside(top, bottom, height) && inside(left, right, width);
            ensure!(leaves, "input.crop: {crop:?} leaves nothing of {width}x{height}");
        }
        if let Some(Speed { divisor, unknown, .. }) = &manifest.speed {
            let divides = divisor.is_finite() && *divisor != 0.0;
            ensure!(divides, "speed.divisor: expected a number other than 0, got {divisor}");
            ensure!(unknown.is_none_or(f32::is_finite), "speed.unknown: expected a number, got {unknown:?}");
        }
        let Output { gain, wheelbase, bins, .. } = &manifest.output;
        ensure!(gain.is_finite() && *gain != 0.0, "output.gain: expected a number other than 0, got {gain}");
        ensure!(wheelbase.is_normal() && *wheelbase > 0.0, "output.wheelbase: expected more than 0, got {wheelbase}");
        let apart = bins.is_none_or(|[first, last]| first.is_finite() && last.is_finite() && first != last);
        ensure!(apart, "output.bins: expected two numbers that differ, got {bins:?}");
        Ok(manifest)
    }

    /// Holds every name against the graph.
    pub(crate) fn check(&self, graph: &Graph) -> anyhow::Result<()> {
        let names = |ports: &[crate::Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        let (inputs, outputs) = (names(graph.inputs()), names(graph.outputs()));
        let states = self.state.values();
        let taken: Vec<&String> = std::iter::once(&self.input.name)
            .chain(states.clone().map(|state| &state.input))
            .chain(&self.time.elapsed)
            .chain(self.speed.as_ref().map(|speed| &speed.input))
            .chain(self.fixed.keys())
            .collect();
        for (at, name) in taken.iter().enumerate() {
            ensure!(inputs.contains(name), "there is no input `{name}` in the graph: it has {}", inputs.join(", "));
            ensure!(!taken[..at].contains(name), "input `{name}` is told twice");
        }
        for name in &inputs {
            let missing = "add it to [state], [time], [speed] or [fixed]";
            ensure!(taken.contains(&name), "what goes into the graph's input `{name}` is not told: {missing}");
        }
        for name in std::iter::once(&self.output.name).chain(states.map(|state| &state.output)) {
            ensure!(outputs.contains(name), "there is no output `{name}` in the graph: it has {}", outputs.join(", "));
        }
        Ok(())
    }
}

/// The file beside a graph: its path with `.toml` behind it.
pub fn beside(graph: &Path) -> PathBuf {
    let mut path = graph.as_os_str().to_owned();
    path.push(".toml");
    path.into()
}

/// A manifest's table, if the file is there.
fn read(path: &Path) -> anyhow::Result<Option<Table>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    ensure!(metadata.is_file() && metadata.len() <= MOST_BYTES, "expected a small TOML file");
    let text = std::fs::read_to_string(path)?;
    parse(&text).map(Some)
}

/// The table of a manifest's text.
pub(crate) fn parse(text: &str) -> anyhow::Result<Table> {
    text.parse::<Table>().map_err(|error| anyhow!("{}", error.to_string().trim().replace('\n', " ")))
}

/// Puts one table over another, entry by entry.
fn overlay(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) if key != "state" => overlay(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_in_the_documentation_is_read() {
        let text: String = include_str!("mod.rs")
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| format!("{line}\n"))
            .collect();
        let text = text.split("```").nth(1).unwrap().strip_prefix("toml").unwrap();
        let manifest = Manifest::from_table(parse(text).unwrap()).unwrap();
        assert_eq!((manifest.input.size, manifest.output.gain, manifest.state.len()), ([200, 66], 25.0, 1));
        assert_eq!((manifest.input.colour, manifest.output.positive), (Colour::Yuv, Positive::Right));
    }

    const WHOLE: &str = "[input]\nname = \"x\"\nlayout = \"nchw\"\nsize = [16, 8]\ncolour = \"rgb\"\nscale = [255, 0]\n\
                         [output]\nname = \"y\"\nunit = \"curvature\"\ngain = 1\npositive = \"left\"\n";

    fn refused(was: &str, is: &str) -> String {
        format!("{:#}", Manifest::from_table(parse(&WHOLE.replace(was, is)).unwrap()).unwrap_err())
    }

    #[test]
    fn what_is_missing_unknown_or_out_of_range_is_named_in_one_line() {
        assert!(Manifest::from_table(parse(WHOLE).unwrap()).is_ok());
        for (was, is, name) in [
            ("scale = [255, 0]\n", "", "scale"),
            ("colour = \"rgb\"", "colour = \"hsv\"", "hsv"),
            ("size = [16, 8]", "size = [4000000000, 8]", "input.size"),
            ("scale = [255, 0]", "scale = [0, 0]", "input.scale"),
            ("scale = [255, 0]", "scale = [255, 0]\ncrop = [60, 0, 25, 0]", "input.of"),
            ("scale = [255, 0]", "scale = [255, 0]\ncrop = [60, 0, 25, 0]\nof = [320, 80]", "leaves nothing"),
            ("gain = 1", "gain = nan", "output.gain"),
            ("gain = 1", "gain = 1\nwheel = 2", "wheel"),
        ] {
            let refused = refused(was, is);
            assert!(refused.contains(name) && !refused.contains('\n'), "{refused}");
        }
    }
}
