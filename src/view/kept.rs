//! What the window keeps from one run to the next.

use super::recent::Recent;
use super::settings::Settings;
use egui::Theme;
use serde::{Deserialize, Serialize};

/// What the window keeps from one run to the next. What a file does not say is as at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Light ground, dark otherwise.
    light: bool,
    zoom: f32,
    setup: bool,
    inside: bool,
    overlay: bool,
    strength: f32,
    plot_secs: f64,
    /// Recordings that were opened of late.
    pub recent: Recent,
}

impl Default for Kept {
    fn default() -> Self {
        Self::of(Settings::default(), Recent::default())
    }
}

impl Kept {
    /// What is kept of these.
    pub fn of(settings: Settings, recent: Recent) -> Self {
        let Settings { overlay, strength, theme, setup, inside, plot_secs, zoom, .. } = settings;
        Self { light: theme == Theme::Light, zoom, setup, inside, overlay, strength, plot_secs, recent }
    }

    /// The settings of the next run; numbers that cannot be are brought within their range.
    pub fn settings(&self) -> Settings {
        let usual = Settings::default();
        let within = |value: f32, usual: f32, [least, most]: [f32; 2]| {
            if value.is_finite() { value.clamp(least, most) } else { usual }
        };
        let [least, most] = super::settings::PLOT_SECS;
        Settings {
            theme: if self.light { Theme::Light } else { Theme::Dark },
            zoom: within(self.zoom, usual.zoom, super::settings::ZOOMS),
            setup: self.setup,
            inside: self.inside,
            overlay: self.overlay,
            strength: within(self.strength, usual.strength, [0.0, 1.0]),
            plot_secs: if self.plot_secs.is_finite() { self.plot_secs.clamp(least, most) } else { usual.plot_secs },
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_and_impossible_ones_within_their_range() {
        let settings = Settings { theme: Theme::Light, zoom: 1.21, setup: true, strength: 0.3, ..Settings::default() };
        assert_eq!(Kept::of(settings, Recent::default()).settings(), settings);
        let wild: Kept = serde_json::from_str(r#"{"zoom": 99.0, "strength": -1.0, "plot_secs": 0.0}"#).unwrap();
        let settings = wild.settings();
        assert_eq!((settings.zoom, settings.strength, settings.plot_secs), (3.0, 0.0, 2.0));
        assert!(settings.inside, "what is not said is as at first");
    }
}
