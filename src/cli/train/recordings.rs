//! `--recording PATH::KEY=VALUE::…`: recordings to learn from, each with options of its own.

use crate::cli::range::above;
use crate::cli::recording::options::{RecordingArguments, one_of};
use anyhow::ensure;
use clap::Parser;
use clap::builder::TypedValueParser;
use lane_driver::train::Source;
use lane_recording::{Columns, Recording, RecordingOptions, SplitBy, VehicleOptions};
use std::path::PathBuf;
use std::str::FromStr;

/// What parts a path from its options, and these from each other: no part of a path or of a value that has a use.
pub const BETWEEN: &str = "::";

/// A recording as the command line names it.
#[derive(Clone, Debug)]
pub struct NamedRecording {
    /// Its folder or file.
    pub path: PathBuf,
    /// The words behind the path, as they were typed.
    pub words: Vec<String>,
    own: OwnOptions,
}

/// What can be said of one recording alone.
#[derive(Clone, Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct OwnOptions {
    #[arg(long, value_parser = above(0.0, 1000.0), default_value_t = 1.0)]
    weight: f64,
    #[arg(long, value_parser = splits())]
    split: Option<SplitBy>,
    #[command(flatten)]
    recording: RecordingArguments,
}

impl FromStr for NamedRecording {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(BETWEEN);
        let path = PathBuf::from(parts.next().unwrap_or_default());
        let words: Vec<String> = parts.map(str::to_owned).collect();
        if let Some(word) = words.iter().find(|word| !word.contains('=')) {
            return Err(format!("expected PATH{BETWEEN}KEY=VALUE, got `{word}` behind the path"));
        }
        let own = OwnOptions::try_parse_from(words.iter().map(|word| format!("--{word}")));
        let own = own.map_err(|error| in_one_line(&error))?;
        Ok(Self { path, words, own })
    }
}

impl NamedRecording {
    /// The recording, opened with its own options and, where it has none, with those for all.
    fn open(&self, for_all: &RecordingOptions, split: SplitBy) -> anyhow::Result<Source> {
        let options = merged(self.own.recording.options(), for_all);
        let recording = Recording::open_with(&self.path, &options)?;
        let own_view = options.crop.is_some() || options.horizon_px.is_some();
        Ok(Source { recording, weight: self.own.weight, split: self.own.split.unwrap_or(split), own_view })
    }
}

/// The recordings of a command, opened.
///
/// # Errors
/// Refuses options of recordings where there is none, and a recording that cannot be opened.
pub fn opened(named: &[NamedRecording], for_all: &RecordingOptions, split: SplitBy) -> anyhow::Result<Vec<Source>> {
    ensure!(
        !named.is_empty() || *for_all == RecordingOptions::default(),
        "options of a recording: expected --recording PATH with them"
    );
    named.iter().map(|named| named.open(for_all, split)).collect()
}

/// What a parser says, without what is about a command that nobody typed.
pub fn in_one_line(error: &clap::Error) -> String {
    let message = error.to_string();
    let message = message.split("\n\nUsage").next().unwrap_or_default();
    let message = message.split("\n\nFor more").next().unwrap_or_default().trim_start_matches("error: ");
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Options of one recording, and where it has none those for all.
fn merged(own: RecordingOptions, all: &RecordingOptions) -> RecordingOptions {
    let columns = |own: Columns, all: &Columns| Columns {
        image: own.image.or_else(|| all.image.clone()),
        steering: own.steering.or_else(|| all.steering.clone()),
        time: own.time.or_else(|| all.time.clone()),
        speed: own.speed.or_else(|| all.speed.clone()),
    };
    RecordingOptions {
        format: own.format.or(all.format),
        vehicle: VehicleOptions {
            wheelbase_m: own.vehicle.wheelbase_m.or(all.vehicle.wheelbase_m),
            steering_ratio: own.vehicle.steering_ratio.or(all.vehicle.steering_ratio),
            full_angle_deg: own.vehicle.full_angle_deg.or(all.vehicle.full_angle_deg),
        },
        sign: own.sign.or(all.sign),
        unit: own.unit.or(all.unit),
        counts: own.counts.or(all.counts),
        links_below: own.links_below.or_else(|| all.links_below.clone()),
        crop: own.crop.or(all.crop),
        horizon_px: own.horizon_px.or(all.horizon_px),
        rate_hz: own.rate_hz.or(all.rate_hz),
        columns: columns(own.columns, &all.columns),
    }
}

/// A parser of the ways to hold back.
pub fn splits() -> impl TypedValueParser<Value = SplitBy> {
    one_of([SplitBy::Time, SplitBy::Drive], split_name)
}

fn split_name(split: SplitBy) -> &'static str {
    match split {
        SplitBy::Time => "time",
        SplitBy::Drive => "drive",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_recording::Unit;

    #[test]
    fn a_recording_has_a_weight_and_options_of_its_own() {
        let named: NamedRecording =
            "C:/my drive::weight=0.5::unit=share::crop=0,40,160,64::split=drive".parse().unwrap();
        assert_eq!((named.path, named.own.weight), (PathBuf::from("C:/my drive"), 0.5));
        assert_eq!(named.own.split, Some(SplitBy::Drive));
        let own = named.own.recording.options();
        assert_eq!((own.unit, own.crop), (Some(Unit::Share), Some([0, 40, 160, 64])));
        let all = RecordingOptions { unit: Some(Unit::Curvature), rate_hz: Some(10.0), ..RecordingOptions::default() };
        let both = merged(own, &all);
        assert_eq!((both.unit, both.rate_hz), (Some(Unit::Share), Some(10.0)), "its own before those for all");
    }

    #[test]
    fn an_option_that_a_recording_cannot_have_is_refused() {
        let refused = |text: &str| text.parse::<NamedRecording>().unwrap_err();
        assert!(refused("a::weight=0").contains("a number above 0"), "{}", refused("a::weight=0"));
        assert!(refused("a::wieght=2").contains("--weight"), "{}", refused("a::wieght=2"));
        assert!(refused("a::weight").contains("KEY=VALUE"));
    }
}
