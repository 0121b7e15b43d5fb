//! The settings by which things are shown: what the keys O, C, L and F1 change.

use egui::Theme;
use lane_policy::saliency::map::{FULL_COLOUR_TIMES_UNIFORM, Scale};

/// The meaning of the full colour of a saliency map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleMode {
    /// A fixed multiple of the average pixel: comparable between policies and frames.
    TimesUniform,
    /// The largest value so far, in the method's own unit: comparable between frames of one method.
    Absolute,
    /// The largest value of each frame: comparable with nothing.
    PerFrame,
}

impl ScaleMode {
    /// The mode after this one.
    pub fn next(self) -> Self {
        match self {
            Self::TimesUniform => Self::Absolute,
            Self::Absolute => Self::PerFrame,
            Self::PerFrame => Self::TimesUniform,
        }
    }

    /// The scale itself, given the largest value so far.
    pub fn scale(self, peak: f32) -> Scale {
        match self {
            Self::TimesUniform => Scale::TimesUniform,
            // Before the first map there is no peak; nothing is drawn then.
            Self::Absolute => Scale::Absolute(peak.max(f32::MIN_POSITIVE)),
            Self::PerFrame => Scale::PerFrame,
        }
    }

    /// The numbers at the ends of the colour bar.
    pub fn ends(self, peak: f32) -> [String; 2] {
        let full = match self {
            Self::TimesUniform => format!("{FULL_COLOUR_TIMES_UNIFORM}× uniform"),
            Self::Absolute => format!("{peak:.2e}, largest so far"),
            Self::PerFrame => "largest of this frame".to_owned(),
        };
        ["0".to_owned(), full]
    }
}

/// The settings by which things are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// True while saliency lies over the pictures.
    pub overlay: bool,
    /// Opacity of the strongest saliency, from 0 to 1.
    pub strength: f32,
    /// The meaning of full colour.
    pub scale: ScaleMode,
    /// Dark or light ground.
    pub theme: Theme,
    /// True while the key table lies over everything.
    pub help: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { overlay: true, strength: 0.75, scale: ScaleMode::TimesUniform, theme: Theme::Dark, help: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scales_come_round_and_each_prints_its_ends() {
        let mut mode = ScaleMode::TimesUniform;
        let mut texts = Vec::new();
        for _ in 0..3 {
            texts.push(mode.ends(0.0123)[1].clone());
            mode = mode.next();
        }
        assert_eq!(mode, ScaleMode::TimesUniform);
        assert_eq!(texts, ["8× uniform", "1.23e-2, largest so far", "largest of this frame"]);
    }
}
