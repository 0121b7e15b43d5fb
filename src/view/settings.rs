//! The settings by which things are shown, whatever is shown.

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
    /// The modes, in the order in which a key goes through them.
    pub const ALL: [Self; 3] = [Self::TimesUniform, Self::Absolute, Self::PerFrame];

    /// The name in a list and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimesUniform => "uniform",
            Self::Absolute => "absolute",
            Self::PerFrame => "frame",
        }
    }

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

/// The signal of the lower plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LowerPlot {
    /// Cross-track error of a drive, steering error of a replay.
    Deviation,
    /// States of the chosen neuron.
    Neuron,
    /// Attention to the chosen region.
    Attention,
}

impl LowerPlot {
    /// The plots in the order of their tabs.
    pub const ALL: [Self; 3] = [Self::Deviation, Self::Neuron, Self::Attention];
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
    /// True while the panel of settings is shown.
    pub setup: bool,
    /// True while the panel of neurons is shown.
    pub inside: bool,
    /// The signal of the lower plot.
    pub lower_plot: LowerPlot,
    /// Seconds that the plots show.
    pub plot_secs: f64,
    /// Size of text and pictures, as a multiple of the usual one.
    pub zoom: f32,
}

/// Lengths of time between which the plots zoom, in s, and the one at first.
pub const PLOT_SECS: [f64; 2] = [2.0, 600.0];
const USUAL_PLOT_SECS: f64 = 60.0;

/// Sizes between which everything zooms, and the step of a key.
pub const ZOOMS: [f32; 2] = [0.5, 3.0];
const ZOOM_STEP: f32 = 1.1;

impl Default for Settings {
    fn default() -> Self {
        Self {
            overlay: true,
            strength: 0.75,
            scale: ScaleMode::TimesUniform,
            theme: Theme::Dark,
            setup: false,
            inside: true,
            lower_plot: LowerPlot::Deviation,
            plot_secs: USUAL_PLOT_SECS,
            zoom: 1.0,
        }
    }
}

impl Settings {
    /// The size some steps larger, or smaller where the number is negative.
    pub fn zoomed(self, steps: i32) -> Self {
        let zoom = self.zoom * ZOOM_STEP.powi(steps);
        // Steps up and down meet at the usual size again.
        let zoom = if (zoom - 1.0).abs() < 0.04 { 1.0 } else { zoom };
        Self { zoom: zoom.clamp(ZOOMS[0], ZOOMS[1]), ..self }
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

    #[test]
    fn zooming_in_and_out_again_leaves_the_usual_size() {
        let settings = Settings::default();
        assert!(settings.zoomed(3).zoom > 1.3);
        assert_eq!(settings.zoomed(1).zoomed(1).zoomed(-1).zoomed(-1), settings);
        assert_eq!([100, -100].map(|steps| settings.zoomed(steps).zoom), [3.0, 0.5]);
    }
}
