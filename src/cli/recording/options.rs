//! Options about a recording, for every command that opens one.

use crate::cli::range::number;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lane_recording::{Columns, Counts, Format, RecordingOptions, Sign, Unit, VehicleOptions};
use std::path::PathBuf;

/// Options of a recording; each overrides a default of its format, which `recording info` shows.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Recording")]
pub struct RecordingArguments {
    /// Layout of the files, where it is not to be recognised
    #[arg(long, value_parser = formats())]
    pub format: Option<Format>,
    /// Vehicle: wheelbase in m, steering wheel to front wheels, front-wheel degrees at a share of 1
    #[arg(long, value_name = "wheelbase=M,ratio=R,full=DEG", value_parser = vehicle)]
    pub vehicle: Option<VehicleOptions>,
    /// Which way positive recorded values steer
    #[arg(long, value_parser = signs())]
    pub sign: Option<Sign>,
    /// Unit of the recorded steering: share of full lock, degrees or radians of front or steering wheel, 1/m, or raw counts
    #[arg(long, value_parser = units())]
    pub unit: Option<Unit>,
    /// Raw count that steers straight on, as 90 of a servo; with --unit counts
    #[arg(long, value_name = "COUNT", requires = "full", value_parser = number(-1e6..=1e6_f64), allow_negative_numbers = true)]
    pub centre: Option<f64>,
    /// Raw counts from there to full lock, below 0 where counting up is the negative side; with --unit counts
    #[arg(long, value_name = "COUNTS", requires = "centre", value_parser = number(-1e6..=1e6_f64), allow_negative_numbers = true)]
    pub full: Option<f64>,
    /// Folder in which links of the recording may end although it lies outside of it, as a hub's store of blobs
    #[arg(long, value_name = "DIR")]
    pub links_below: Option<PathBuf>,
    /// The part of each picture that policies see, in its pixels
    #[arg(long, value_name = "LEFT,TOP,WIDTH,HEIGHT", value_parser = crop)]
    pub crop: Option<[u32; 4]>,
    /// Row of the horizon in the picture, in its pixels from the top
    #[arg(long, value_name = "ROW", value_parser = number(-10_000.0..=10_000.0_f32))]
    pub horizon: Option<f32>,
    /// Frames per second, in place of recorded times
    #[arg(long, value_name = "HZ", value_parser = number(0.1..=1000.0))]
    pub rate: Option<f64>,
    /// Columns of a table by name or number, topics and fields of a container
    #[arg(long, value_name = "image=A,steering=B,time=C,speed=D", value_parser = columns)]
    pub columns: Option<Columns>,
}

impl RecordingArguments {
    /// The options with which the recording is to be opened.
    pub fn options(&self) -> RecordingOptions {
        RecordingOptions {
            format: self.format,
            vehicle: self.vehicle.unwrap_or_default(),
            sign: self.sign,
            unit: self.unit,
            counts: self.centre.zip(self.full).map(|(centre, full)| Counts { centre, full }),
            links_below: self.links_below.clone(),
            crop: self.crop,
            horizon_px: self.horizon,
            rate_hz: self.rate,
            columns: self.columns.clone().unwrap_or_default(),
        }
    }
}

fn formats() -> impl TypedValueParser<Value = Format> {
    one_of(Format::ALL, Format::id)
}

fn signs() -> impl TypedValueParser<Value = Sign> {
    one_of(Sign::ALL, Sign::name)
}

fn units() -> impl TypedValueParser<Value = Unit> {
    one_of(Unit::ALL, Unit::name)
}

/// A parser of the names of some values.
pub(in crate::cli) fn one_of<T, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.map(name)).try_map(move |given| {
        let found = all.into_iter().find(|&value| name(value) == given);
        found.ok_or_else(|| format!("{given} is none of the names"))
    })
}

/// Parts of `key=value,key=value`.
fn pairs(text: &str) -> impl Iterator<Item = Result<(&str, &str), String>> {
    text.split(',').map(|pair| {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, got {pair}"))?;
        Ok((key.trim(), value.trim()))
    })
}

fn vehicle(text: &str) -> Result<VehicleOptions, String> {
    let mut vehicle = VehicleOptions::default();
    for pair in pairs(text) {
        let (key, value) = pair?;
        let place = match key {
            "wheelbase" => &mut vehicle.wheelbase_m,
            "ratio" => &mut vehicle.steering_ratio,
            "full" => &mut vehicle.full_angle_deg,
            _ => return Err(format!("expected wheelbase, ratio or full, got {key}")),
        };
        let number: Option<f32> = value.parse().ok().filter(|number: &f32| *number > 0.0 && number.is_finite());
        *place = Some(number.ok_or_else(|| format!("{key}: expected a number above 0, got {value}"))?);
    }
    Ok(vehicle)
}

fn columns(text: &str) -> Result<Columns, String> {
    let mut columns = Columns::default();
    for pair in pairs(text) {
        let (key, value) = pair?;
        let place = match key {
            "image" => &mut columns.image,
            "steering" => &mut columns.steering,
            "time" => &mut columns.time,
            "speed" => &mut columns.speed,
            _ => return Err(format!("expected image, steering, time or speed, got {key}")),
        };
        *place = Some(value.to_owned());
    }
    Ok(columns)
}

fn crop(text: &str) -> Result<[u32; 4], String> {
    let numbers: Result<Vec<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let refuse = || format!("expected four whole numbers, got {text}");
    numbers.map_err(|_| refuse())?.try_into().map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        recording: RecordingArguments,
    }

    fn options(line: &str) -> Result<RecordingOptions, String> {
        let words = ["liquid-lane"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.recording.options()).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_can_be_said_is_understood() {
        let line = "--format tub-v1 --vehicle wheelbase=0.25,ratio=1 --sign left --unit front-deg --crop 0,40,160,64 \
                    --horizon 44.5 --rate 20 --columns image=file,steering=3 --centre 90 --full -60 --links-below blobs";
        let expected = RecordingOptions {
            format: Some(Format::TUB_V1),
            vehicle: VehicleOptions { wheelbase_m: Some(0.25), steering_ratio: Some(1.0), full_angle_deg: None },
            sign: Some(Sign::LeftPositive),
            unit: Some(Unit::FrontDegrees),
            counts: Some(Counts { centre: 90.0, full: -60.0 }),
            links_below: Some("blobs".into()),
            crop: Some([0, 40, 160, 64]),
            horizon_px: Some(44.5),
            rate_hz: Some(20.0),
            columns: Columns { image: Some("file".into()), steering: Some("3".into()), ..Columns::default() },
        };
        assert_eq!(options(line).unwrap(), expected);
        assert_eq!(options("").unwrap(), RecordingOptions::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would() {
        let refusals = [
            ("--format tub", "tub-v2"),
            ("--vehicle wheelbase=0", "wheelbase: expected a number above 0, got 0"),
            ("--vehicle ratio=inf", "ratio: expected a number above 0"),
            ("--vehicle mass=3", "expected wheelbase, ratio or full, got mass"),
            ("--vehicle wheelbase", "expected KEY=VALUE, got wheelbase"),
            ("--crop 1,2,3", "expected four whole numbers"),
            ("--centre 90", "--full"),
            ("--rate 0", "expected a number from 0.1 to 1000"),
            ("--columns picture=a", "expected image, steering, time or speed, got picture"),
        ];
        for (line, expected) in refusals {
            let message = options(line).unwrap_err();
            assert!(message.contains(expected), "{line}: {message}");
        }
    }
}
