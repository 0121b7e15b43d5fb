//! The weathers, one row each. A new weather is a variant, a word and a row here, and nothing anywhere else.

use super::chance::Chance as _;
use super::colour::Rgb;
use super::look::{Dust, Ground, Look, Precipitation, Sky};
use super::names::named;
use super::texture::Texture::{Grass, Gravel, Soil};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Light, sky, ground and road conditions.
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

named!("weather", Weather {
    Daylight = "daylight",
    LightRain = "light-rain",
    Night = "night",
    Fog = "fog",
    Snow = "snow",
    RedSoil = "red-soil",
    BlackSoil = "black-soil",
    NoMarkings = "no-markings",
});

/// The values that a row leaves out: a look by day, held back from training.
const BASE: Look = Look {
    training_share: 0.0,
    sky: Sky::Day,
    precipitation: Precipitation::None,
    grounds: &GROUNDS,
    ground_tint: 0.12,
    leaves: None,
    dust: None,
    strip: None,
    dark_tracks: 0.0,
    wetness: None,
    any_colours: false,
    painted: true,
};

const DAYLIGHT: Look = Look { training_share: 0.88, ..BASE };

const LIGHT_RAIN: Look = Look {
    training_share: 0.12,
    sky: Sky::Overcast { brightness: (0.6, 0.9), haze_per_m: (0.003, 0.012) },
    precipitation: Precipitation::Streaks,
    wetness: Some((0.5, 1.0)),
    ..BASE
};

const NIGHT: Look = Look { sky: Sky::Night, ..BASE };

const FOG: Look = Look { sky: Sky::Fog { brightness: (0.75, 1.0), fog_per_m: (0.03, 0.06) }, ..BASE };

const SNOW: Look = Look {
    sky: Sky::Overcast { brightness: (0.8, 1.0), haze_per_m: (0.004, 0.012) },
    precipitation: Precipitation::Flakes,
    grounds: &[([0.72, 0.75, 0.80], Soil), ([0.62, 0.66, 0.72], Soil)],
    ground_tint: 0.02,
    leaves: Some([0.45, 0.48, 0.50]),
    dust: Some(Dust { colour: SLUSH, share: (0.3, 0.65) }),
    strip: Some(SLUSH),
    dark_tracks: 0.4,
    ..BASE
};

const RED_SOIL: Look = Look {
    grounds: &[([0.36, 0.12, 0.05], Soil), ([0.28, 0.08, 0.04], Soil)],
    dust: Some(Dust { colour: [0.30, 0.13, 0.08], share: (0.2, 0.7) }),
    ..BASE
};

const BLACK_SOIL: Look = Look {
    grounds: &[([0.030, 0.028, 0.027], Soil), ([0.018, 0.018, 0.020], Gravel)],
    dust: Some(Dust { colour: [0.38, 0.38, 0.34], share: (0.3, 0.9) }),
    ..BASE
};

const NO_MARKINGS: Look = Look { painted: false, ..BASE };

const SLUSH: Rgb = [0.55, 0.57, 0.60];

/// Meadows, crops and bare soil.
const GROUNDS: [Ground; 8] = [
    ([0.060, 0.125, 0.030], Grass),
    ([0.035, 0.075, 0.022], Grass),
    ([0.110, 0.160, 0.045], Grass),
    ([0.300, 0.240, 0.100], Grass),
    ([0.210, 0.190, 0.085], Grass),
    ([0.130, 0.085, 0.050], Soil),
    ([0.230, 0.165, 0.100], Soil),
    ([0.380, 0.330, 0.060], Grass),
];

impl Weather {
    /// Its row of the table.
    pub(super) fn look(self) -> &'static Look {
        match self {
            Self::Daylight => &DAYLIGHT,
            Self::LightRain => &LIGHT_RAIN,
            Self::Night => &NIGHT,
            Self::Fog => &FOG,
            Self::Snow => &SNOW,
            Self::RedSoil => &RED_SOIL,
            Self::BlackSoil => &BLACK_SOIL,
            Self::NoMarkings => &NO_MARKINGS,
        }
    }

    /// True if demonstrations for training show it; the others are held back for tests.
    pub fn in_training(self) -> bool {
        self.look().training_share > 0.0
    }

    /// The weather of a demonstration for training, by their shares.
    pub(super) fn draw_for_training(rng: &mut ChaCha8Rng) -> Self {
        let mut draw = rng.unit();
        // From the last to the first: what rounding may leave of all shares is daylight's.
        for weather in Self::ALL.into_iter().rev() {
            if draw < weather.look().training_share {
                return weather;
            }
            draw -= weather.look().training_share;
        }
        Self::Daylight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::mean_picture;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn names_lead_back_to_their_weather() {
        for weather in Weather::ALL {
            assert_eq!(weather.name().parse(), Ok(weather));
        }
    }

    #[test]
    fn an_unknown_weather_is_refused_with_the_known_ones() {
        let message = "hail".parse::<Weather>().unwrap_err().to_string();
        assert!(message.contains("\"hail\"") && message.contains("light-rain"), "{message}");
    }

    #[test]
    fn all_but_daylight_and_light_rain_are_held_back_from_training() {
        let trained: Vec<&str> = Weather::ALL.into_iter().filter(|w| w.in_training()).map(Weather::name).collect();
        assert_eq!(trained, ["daylight", "light-rain"]);
    }

    #[test]
    fn training_shows_each_weather_in_its_share_and_no_other() {
        let mut rng = stream(1, Purpose::Demonstration, 0);
        let drawn: Vec<Weather> = (0..20_000).map(|_| Weather::draw_for_training(&mut rng)).collect();
        assert_eq!(Weather::ALL.map(|weather| weather.look().training_share).iter().sum::<f32>(), 1.0);
        for weather in Weather::ALL {
            let share = drawn.iter().filter(|drawn| **drawn == weather).count() as f32 / drawn.len() as f32;
            // Four standard errors of 20,000 draws are 1 %.
            assert!((share - weather.look().training_share).abs() < 0.01, "{weather}: {share}");
            assert!(weather.in_training() || share == 0.0, "{weather}: {share}");
        }
    }

    // A weather whose row repeats daylight's has the very same pictures.
    #[test]
    fn the_mean_picture_of_each_weather_differs_from_daylight() {
        let daylight = mean_picture(Weather::Daylight);
        for weather in Weather::ALL.into_iter().filter(|weather| *weather != Weather::Daylight) {
            let differences = mean_picture(weather).into_iter().zip(&daylight).map(|(a, b)| (a - b).abs());
            let largest = differences.fold(0.0, f32::max);
            assert!(largest > 4.0, "{weather}: {largest} of 255");
        }
    }
}
