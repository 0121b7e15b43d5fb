//! Families of looks, roads and seeds. Which of them a policy has seen in training is decided here and nowhere else.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which family of seeds a road comes from. The families share no random stream, so their roads are disjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadSet {
    /// Roads to learn from.
    Train,
    /// Roads to stop or choose by.
    Validation,
    /// Roads to report on; never learnt from, never chosen by.
    Test,
    /// Roads to show.
    Demo,
}

impl RoadSet {
    /// The key of all random streams of one road: the set sits in the two lowest bits.
    pub(super) fn key(self, seed: u64) -> u64 {
        (seed << 2) | self as u64
    }
}

/// Light, sky, ground and camera conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weather {
    /// Sun, cloud, overcast and low sun in a varied mix. In training.
    Daylight,
    /// Overcast with rain streaks, wet and shining asphalt. In training.
    LightRain,
    /// Headlights only. Held back.
    Night,
    /// Extinction of 0.03 to 0.06 per metre. Held back.
    Fog,
    /// White ground, slush with dark wheel tracks, flakes. Held back.
    Snow,
    /// Red ground and reddish asphalt. Held back.
    RedSoil,
    /// Black ground and pale asphalt. Held back.
    BlackSoil,
    /// Two-lane roads without any paint. Held back.
    NoMarkings,
}

impl Weather {
    /// All families of looks.
    pub const ALL: [Self; 8] = [
        Self::Daylight,
        Self::LightRain,
        Self::Night,
        Self::Fog,
        Self::Snow,
        Self::RedSoil,
        Self::BlackSoil,
        Self::NoMarkings,
    ];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Daylight => "daylight",
            Self::LightRain => "light-rain",
            Self::Night => "night",
            Self::Fog => "fog",
            Self::Snow => "snow",
            Self::RedSoil => "red-soil",
            Self::BlackSoil => "black-soil",
            Self::NoMarkings => "no-markings",
        }
    }

    /// Whether demonstrations for training show it; the others are held back for tests.
    pub fn in_training(self) -> bool {
        matches!(self, Self::Daylight | Self::LightRain)
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no [`Weather`] or [`RoadFamily`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: Vec<&'static str>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} {:?}; known: {}", self.what, self.name, self.known.join(", "))
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Weather {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName { what: "weather", name: name.into(), known: Self::ALL.map(Self::name).into() };
        Self::ALL.into_iter().find(|weather| weather.name() == name).ok_or_else(unknown)
    }
}

/// What kind of road it is; every table of scores is broken down by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoadFamily {
    /// Two lanes with paint; the car drives in the right one.
    Marked,
    /// Asphalt single track without paint; the car drives in the middle.
    Unmarked,
    /// Gravel single track.
    Gravel,
}

impl RoadFamily {
    /// All families of roads.
    pub const ALL: [Self; 3] = [Self::Marked, Self::Unmarked, Self::Gravel];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Marked => "marked",
            Self::Unmarked => "unmarked",
            Self::Gravel => "gravel",
        }
    }
}

impl fmt::Display for RoadFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for RoadFamily {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let unknown =
            || UnknownName { what: "kind of road", name: name.into(), known: Self::ALL.map(Self::name).into() };
        Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn road_sets_share_no_key() {
        let sets = [RoadSet::Train, RoadSet::Validation, RoadSet::Test, RoadSet::Demo];
        let keys: std::collections::HashSet<u64> = (0..1000).flat_map(|seed| sets.map(|set| set.key(seed))).collect();
        assert_eq!(keys.len(), 4000);
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for weather in Weather::ALL {
            assert_eq!(weather.name().parse(), Ok(weather));
        }
        for family in RoadFamily::ALL {
            assert_eq!(family.name().parse(), Ok(family));
        }
    }

    #[test]
    fn an_unknown_weather_is_refused_with_the_known_ones() {
        let message = "hail".parse::<Weather>().unwrap_err().to_string();
        assert!(message.contains("\"hail\"") && message.contains("light-rain"), "{message}");
    }

    #[test]
    fn night_fog_and_snow_are_held_back_from_training() {
        let trained: Vec<&str> = Weather::ALL.into_iter().filter(|w| w.in_training()).map(Weather::name).collect();
        assert_eq!(trained, ["daylight", "light-rain"]);
    }
}
