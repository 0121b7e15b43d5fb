//! What the driving suites make harder, and by how much.

use lane_driver::closed_loop::Conditions;
use lane_sim::corruption::{Corruption, Family, MARKING_ERASURE};
use lane_sim::{DT_SECS, Start, Weather};

/// One way to drive all roads.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What is made harder: `noise`, `fog`, `delay`.
    pub group: String,
    /// How much of it, in the unit of the suite's axis; larger is harder.
    pub level: f64,
    /// Weather and ground.
    pub weather: Weather,
    /// Everything else.
    pub conditions: Conditions,
}

impl Setting {
    fn new(group: &str, level: f64, conditions: Conditions) -> Self {
        Self { group: group.into(), level, weather: Weather::Daylight, conditions }
    }

    /// Roads as they are.
    pub fn plain() -> Self {
        Self::new("clean", 0.0, Conditions::default())
    }
}

/// Variances of the noise on the [0, 1] image. Lechner et al. 2020 say variance 0.1, 0.2 and 0.3 (Fig. 4a); the code that
/// they released passes these numbers as standard deviations, whose variances are 0.01, 0.04 and 0.09.
const NOISE_VARIANCES: [f32; 7] = [0.0, 0.01, 0.04, 0.09, 0.1, 0.2, 0.3];

/// The paper's noise by both readings, behind no noise.
pub fn noise() -> Vec<Setting> {
    let setting = |variance: f32| {
        // The shortest decimal of the f32, not its neighbour in f64.
        let level = f64::from((variance * 100.0).round()) / 100.0;
        Setting::new("noise", level, Conditions { noise_variance: variance, ..Conditions::default() })
    };
    NOISE_VARIANCES.map(setting).to_vec()
}

/// All families of corruptions in five severities, behind the clean picture.
pub fn corruptions() -> Vec<Setting> {
    let mut settings = vec![Setting::plain()];
    for family in Family::ALL {
        settings.extend((1..=5).filter_map(|severity| {
            let corruption = Corruption::new(family, severity)?;
            let conditions = Conditions { corruption: Some(corruption), ..Conditions::default() };
            Some(Setting::new(family.name(), f64::from(severity), conditions))
        }));
    }
    let erased = MARKING_ERASURE.iter().zip(1..);
    settings.extend(erased.map(|(share, severity)| {
        let conditions = Conditions { marking_erasure: *share, ..Conditions::default() };
        Setting::new("marking-erasure", f64::from(severity), conditions)
    }));
    settings
}

/// Offsets of the grid of `recover`, in m, left positive.
pub const OFFSETS_M: [f64; 7] = [-1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2];

/// Headings of the grid of `recover`, in degrees, counter-clockwise positive.
pub const HEADINGS_DEG: [f64; 7] = [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0];

/// Starts off the lane centre and askew: the group is the heading, the level the offset.
pub fn starts() -> Vec<Setting> {
    let grid = HEADINGS_DEG.iter().flat_map(|heading| OFFSETS_M.iter().map(move |offset| (*heading, *offset)));
    let setting = |(heading_deg, offset_m): (f64, f64)| {
        let start = Start { offset_m, heading_rad: heading_deg.to_radians() };
        Setting::new(&format!("{heading_deg}°"), offset_m, Conditions { start, ..Conditions::default() })
    };
    grid.map(setting).collect()
}

/// Delays of `latency`, in control steps of 50 ms: 0 to 300 ms.
const DELAYS: [usize; 7] = [0, 1, 2, 3, 4, 5, 6];

/// Shares of lost frames.
const LOSSES: [f32; 5] = [0.0, 0.1, 0.25, 0.5, 0.75];

/// Late commands (level in ms) and lost frames (level in percent).
pub fn latency() -> Vec<Setting> {
    let delay = |steps: usize| {
        let level = (steps as f64 * DT_SECS * 1e3).round();
        Setting::new("delay", level, Conditions { delay_steps: steps, ..Conditions::default() })
    };
    let loss = |share: f32| {
        let level = f64::from((100.0 * share).round());
        Setting::new("lost frames", level, Conditions { dropped_share: share, ..Conditions::default() })
    };
    DELAYS.map(delay).into_iter().chain(LOSSES.map(loss)).collect()
}

/// Daylight, and every look that no training shows.
pub fn weathers() -> Vec<Setting> {
    let held_back = Weather::ALL.into_iter().filter(|weather| !weather.in_training());
    let weathers = std::iter::once(Weather::Daylight).chain(held_back).zip(0_u32..);
    let setting = |(weather, number): (Weather, u32)| {
        let level = f64::from(number);
        Setting { weather, ..Setting::new(weather.name(), level, Conditions::default()) }
    };
    weathers.map(setting).collect()
}
