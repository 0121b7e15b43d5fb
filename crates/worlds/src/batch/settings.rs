//! Settings of a batch: what its client may choose, its defaults and limits.

use anyhow::{Context as _, ensure};
use lane_frame::Size;
use lane_sim::corruption::{Corruption, Family};
use lane_sim::{RoadFamily, RoadSet, Weather};
use serde::{Deserialize, Serialize};

/// Most worlds of a batch.
const MOST_WORLDS: usize = 1024;
/// Most pixels in a row and rows of a picture.
const MOST_PIXELS: u32 = 2048;
/// Most bytes of the pictures of all worlds together.
const MOST_PICTURE_BYTES: usize = 64 << 20;
/// Longest episode: an hour.
const LONGEST_SECONDS: f64 = 3600.0;
/// Most seconds of the roads of all worlds together: a minute of a road takes half a megabyte.
const MOST_ROAD_SECONDS: f64 = MOST_WORLDS as f64 * 60.0;
/// Speeds that the roads are meant for, and some room on both sides.
const SPEEDS_MPS: [f32; 2] = [0.5, 30.0];
/// Sharpest path that a car's wheels can hold: tan(0.40) / 2.7 m.
const SHARPEST_PER_M: f32 = 0.156;

/// Everything that decides a batch but the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Roads that are driven at once.
    pub worlds: usize,
    /// Pixels in a row of a picture.
    pub width: u32,
    /// Rows of a picture.
    pub height: u32,
    /// Roads to learn from, to stop by, to report on or to show; no road is in two of these sets.
    pub road_set: RoadSet,
    /// Kind of road; `None` draws it by the seed, most of them marked.
    pub family: Option<RoadFamily>,
    /// One of these is drawn by the seed of each episode.
    pub weather: Vec<Weather>,
    /// Variance of Gaussian noise on the [0, 1] image.
    pub noise: f32,
    /// A corruption of the image besides.
    pub corruption: Option<Disturbance>,
    /// Speed of the cars; `None` draws it by the seed, 8.5 to 11.5 m/s.
    pub speed_mps: Option<f32>,
    /// Length of an episode.
    pub seconds: f64,
    /// Curvature that the action 1 commands.
    pub max_curvature_per_m: f32,
    /// Largest distance from the lane's centre at which an episode starts; it is drawn evenly up to this on both sides.
    pub start_offset_m: f32,
    /// Largest angle to the road at which an episode starts, drawn likewise.
    pub start_heading_rad: f32,
}

/// A corruption as a client names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disturbance {
    /// Its word, as in docs/corruptions.md.
    pub name: String,
    /// 1 to 5.
    pub severity: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            worlds: 1,
            width: 120,
            height: 48,
            road_set: RoadSet::Train,
            family: None,
            weather: vec![Weather::Daylight],
            noise: 0.0,
            corruption: None,
            speed_mps: None,
            seconds: 60.0,
            // A circle of 10 m: three times as sharp as the sharpest bend, and what the expert needs to come back to its lane.
            max_curvature_per_m: 0.1,
            start_offset_m: 0.0,
            start_heading_rad: 0.0,
        }
    }
}

impl Settings {
    /// Settings from JSON; what it leaves out has its default.
    ///
    /// # Errors
    /// When it is no JSON object of these names, or a value is of another type.
    pub fn from_json(json: &[u8]) -> anyhow::Result<Self> {
        // Through a map: a list of values would do for the structure, too.
        let map: serde_json::Map<_, _> = serde_json::from_slice(json).context("the settings of HELLO")?;
        Self::deserialize(serde_json::Value::Object(map)).context("the settings of HELLO")
    }

    /// Refuses what is out of its range, by the name of the setting.
    ///
    /// # Errors
    /// With the name, the range and the value.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Self { worlds, width, height, weather, seconds, .. } = self;
        ensure!((1..=MOST_WORLDS).contains(worlds), "worlds: expected 1 to {MOST_WORLDS}, got {worlds}");
        check_size(*width, *height)?;
        let bytes = worlds * 3 * self.size().pixels();
        ensure!(
            bytes <= MOST_PICTURE_BYTES,
            "{worlds} pictures of {width}x{height} pixels are {bytes} bytes, more than the {MOST_PICTURE_BYTES} of a message"
        );
        ensure!(
            !weather.is_empty(),
            "weather: expected at least one of {}",
            Weather::ALL.map(Weather::name).join(", ")
        );
        ensure!(weather.len() <= MOST_WORLDS, "weather: expected at most {MOST_WORLDS} words, got {}", weather.len());
        ensure!(
            *seconds > 0.0 && *seconds <= LONGEST_SECONDS,
            "seconds: expected a number above 0 and up to {LONGEST_SECONDS}, got {seconds}"
        );
        let road_seconds = *worlds as f64 * seconds;
        ensure!(
            road_seconds <= MOST_ROAD_SECONDS,
            "{worlds} roads of {seconds} s are {road_seconds} s, more than {MOST_ROAD_SECONDS}"
        );
        in_range("noise", self.noise, [0.0, 1.0])?;
        in_range("max_curvature_per_m", self.max_curvature_per_m, [0.001, SHARPEST_PER_M])?;
        in_range("start_offset_m", self.start_offset_m, [0.0, 1.4])?;
        in_range("start_heading_rad", self.start_heading_rad, [0.0, 0.5])?;
        if let Some(speed_mps) = self.speed_mps {
            in_range("speed_mps", speed_mps, SPEEDS_MPS)?;
        }
        self.corruption().map(|_| ())
    }

    /// Size of the pictures.
    pub fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// The corruption.
    ///
    /// # Errors
    /// If there is none of that name or severity.
    pub(super) fn corruption(&self) -> anyhow::Result<Option<Corruption>> {
        let Some(Disturbance { name, severity }) = &self.corruption else { return Ok(None) };
        let corruption = Corruption::new(name.parse::<Family>()?, *severity);
        let message = || format!("corruption: expected a severity of 1 to 5, got {severity}");
        corruption.with_context(message).map(Some)
    }
}

/// Refuses a picture without pixels and one that is too large.
pub(super) fn check_size(width: u32, height: u32) -> anyhow::Result<()> {
    let range = 1..=MOST_PIXELS;
    let message = "a picture is of 1 to";
    ensure!(
        range.contains(&width) && range.contains(&height),
        "{message} {MOST_PIXELS} pixels in width and height, not {width}x{height}"
    );
    Ok(())
}

fn in_range(name: &str, value: f32, [least, most]: [f32; 2]) -> anyhow::Result<()> {
    ensure!((least..=most).contains(&value), "{name}: expected a number from {least} to {most}, got {value}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        let settings = Settings::from_json(json.as_bytes());
        format!("{:#}", settings.and_then(|settings| settings.check()).unwrap_err())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(Settings::from_json(b"{}").unwrap(), Settings::default());
        let chosen = Settings::from_json(br#"{"worlds": 3, "family": "gravel", "weather": ["fog", "night"]}"#).unwrap();
        let weather = vec![Weather::Fog, Weather::Night];
        assert_eq!(chosen, Settings { worlds: 3, family: Some(RoadFamily::Gravel), weather, ..Settings::default() });
    }

    #[test]
    fn every_setting_out_of_its_range_is_refused_by_its_name() {
        let cases = [
            (r#"{"worlds": 0}"#, "worlds: expected 1 to 1024, got 0"),
            (r#"{"worlds": 1025}"#, "worlds"),
            (r#"{"width": 0}"#, "not 0x48"),
            (r#"{"height": 4294967295}"#, "not 120x4294967295"),
            (r#"{"worlds": 1024, "width": 2048, "height": 2048}"#, "more than the 67108864 of a message"),
            (r#"{"weather": []}"#, "weather"),
            (r#"{"weather": ["hail"]}"#, "hail"),
            (r#"{"family": "motorway"}"#, "motorway"),
            (r#"{"road_set": "secret"}"#, "secret"),
            (r#"{"seconds": 0}"#, "seconds"),
            (r#"{"seconds": 3601}"#, "seconds"),
            (r#"{"worlds": 1024, "seconds": 3600}"#, "1024 roads of 3600 s are 3686400 s, more than 61440"),
            (r#"{"noise": -0.1}"#, "noise: expected a number from 0 to 1, got -0.1"),
            (r#"{"speed_mps": 100}"#, "speed_mps"),
            (r#"{"max_curvature_per_m": 0}"#, "max_curvature_per_m"),
            (r#"{"start_offset_m": 2}"#, "start_offset_m"),
            (r#"{"start_heading_rad": -1}"#, "start_heading_rad"),
            (r#"{"corruption": {"name": "hail", "severity": 1}}"#, "hail"),
            (r#"{"corruption": {"name": "fog", "severity": 6}}"#, "severity of 1 to 5, got 6"),
            (r#"{"wether": ["fog"]}"#, "unknown field `wether`"),
            (r#"[1]"#, "the settings of HELLO"),
            ("", "the settings of HELLO"),
        ];
        for (json, expected) in cases {
            let message = refusal(json);
            assert!(message.contains(expected) && message.lines().count() == 1, "{json}: {message}");
        }
    }

    #[test]
    fn the_sharpest_curvature_is_that_of_the_wheels_at_their_stop() {
        let stop = libm::tan(lane_sim::MAX_WHEEL_ANGLE_RAD) / lane_sim::WHEELBASE_M;
        assert!((f64::from(SHARPEST_PER_M) - stop).abs() < 1e-3, "{stop}");
        assert!(f64::from(SHARPEST_PER_M) < stop);
    }
}
