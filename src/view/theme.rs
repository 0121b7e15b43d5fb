//! Colours and type of the interface. Policies keep their colour and line style everywhere (Okabe and Ito's
//! palette, which colour-blind readers can tell apart); on a dark ground they are a shade lighter.

use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, TextStyle, Theme};
use lane_driver::train::identity::{HUES, Shade, shades};

/// Colours of one ground, dark or light.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind the panels.
    pub ground: Color32,
    /// The ground of a panel.
    pub panel: Color32,
    /// The ground of wells in a panel: behind plots, bars and empty pictures.
    pub well: Color32,
    /// Lines between things.
    pub outline: Color32,
    /// Text that is read.
    pub text: Color32,
    /// Text that explains.
    pub weak: Color32,
    /// The expert or the recorded human.
    pub reference: Color32,
    /// Excitatory synapses.
    pub excitatory: Color32,
    /// Inhibitory synapses.
    pub inhibitory: Color32,
    /// A neuron at rest.
    pub rest: Color32,
    /// Warnings: crashes, errors.
    pub warning: Color32,
    /// Text on a warning.
    pub on_warning: Color32,
    /// Text that warns, on the ground of a panel.
    pub warning_text: Color32,
    /// The hues of policies, in the order of reports: NCP blue, CNN vermilion, then green, purple, orange and sky blue.
    pub policies: [Color32; HUES],
}

const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x0d, 0x10, 0x15),
    panel: Color32::from_rgb(0x17, 0x1b, 0x22),
    well: Color32::from_rgb(0x0f, 0x12, 0x18),
    outline: Color32::from_rgb(0x2d, 0x34, 0x3f),
    text: Color32::from_rgb(0xe8, 0xec, 0xf1),
    weak: Color32::from_rgb(0x9a, 0xa5, 0xb4),
    reference: Color32::from_rgb(0xff, 0xff, 0xff),
    excitatory: Color32::from_rgb(0x2f, 0xc4, 0x98),
    inhibitory: Color32::from_rgb(0xd9, 0x86, 0xb6),
    rest: Color32::from_rgb(0x2a, 0x30, 0x3a),
    warning: Color32::from_rgb(0xf2, 0xc1, 0x2e),
    on_warning: Color32::from_rgb(0x14, 0x10, 0x00),
    warning_text: Color32::from_rgb(0xf2, 0xc1, 0x2e),
    policies: [
        Color32::from_rgb(0x3f, 0xa4, 0xec),
        Color32::from_rgb(0xf2, 0x7a, 0x2c),
        Color32::from_rgb(0x2f, 0xc4, 0x98),
        Color32::from_rgb(0xcc, 0x79, 0xa7),
        Color32::from_rgb(0xe6, 0x9f, 0x00),
        Color32::from_rgb(0x8f, 0xd0, 0xf5),
    ],
};

const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xe6, 0xe9, 0xee),
    panel: Color32::from_rgb(0xff, 0xff, 0xff),
    well: Color32::from_rgb(0xf3, 0xf5, 0xf8),
    outline: Color32::from_rgb(0xc9, 0xd0, 0xd9),
    text: Color32::from_rgb(0x15, 0x1a, 0x21),
    weak: Color32::from_rgb(0x56, 0x61, 0x6f),
    reference: Color32::from_rgb(0x00, 0x00, 0x00),
    excitatory: Color32::from_rgb(0x00, 0x86, 0x62),
    inhibitory: Color32::from_rgb(0xb5, 0x4d, 0x87),
    rest: Color32::from_rgb(0xe2, 0xe6, 0xec),
    warning: Color32::from_rgb(0xf2, 0xc1, 0x2e),
    on_warning: Color32::from_rgb(0x14, 0x10, 0x00),
    warning_text: Color32::from_rgb(0x8a, 0x5a, 0x00),
    policies: [
        Color32::from_rgb(0x00, 0x72, 0xb2),
        Color32::from_rgb(0xd5, 0x5e, 0x00),
        Color32::from_rgb(0x00, 0x86, 0x62),
        Color32::from_rgb(0xa8, 0x4d, 0x82),
        Color32::from_rgb(0xb8, 0x7f, 0x00),
        Color32::from_rgb(0x2c, 0x8c, 0xc4),
    ],
};

/// The colour and the line style of one policy, everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    /// Colour of its lines and name.
    pub colour: Color32,
    /// Dashed lines, solid otherwise: the second mark beside the colour.
    pub dashed: bool,
}

/// The colours of this theme.
pub fn palette(theme: Theme) -> &'static Palette {
    match theme {
        Theme::Dark => &DARK,
        Theme::Light => &LIGHT,
    }
}

/// Colour and line style of each policy, by the same rule as in reports: NCPs blue and solid, CNNs vermilion and dashed,
/// no two alike.
pub fn identities<'a>(names: impl Iterator<Item = &'a str>, palette: &Palette) -> Vec<Identity> {
    let names: Vec<&str> = names.collect();
    let identity = |Shade { hue, tone }| Identity {
        colour: toned(palette.policies[hue % HUES], tone, palette),
        dashed: (hue + tone) % 2 == 1,
    };
    shades(&names).into_iter().map(identity).collect()
}

/// A colour for a further policy of a hue: odd tones are nearer to the text, even ones to the ground; 0 is the hue itself.
fn toned(colour: Color32, tone: usize, palette: &Palette) -> Color32 {
    let towards = if tone.is_multiple_of(2) { palette.ground } else { palette.text };
    let steps = tone.div_ceil(2) as i32;
    if tone == 0 { colour } else { colour.lerp_to_gamma(towards, 1.0 - 0.5_f32.powi(steps)) }
}

/// Type sizes in points.
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Text that is read.
pub const BODY: f32 = 13.5;
/// Text that explains.
pub const SMALL: f32 = 12.0;
/// Titles.
pub const TITLE: f32 = 15.5;

/// Gives egui's own widgets the same look. Nothing moves by itself: a picture depends on the moment only.
pub fn apply(context: &egui::Context, theme: Theme) {
    let palette = palette(theme);
    context.set_theme(theme);
    context.style_mut_of(theme, |style| {
        style.animation_time = 0.0;
        style.interaction.selectable_labels = false;
        style.text_styles.insert(TextStyle::Body, font(BODY));
        style.text_styles.insert(TextStyle::Button, font(SMALL));
        style.text_styles.insert(TextStyle::Small, font(SMALL));
        let visuals = &mut style.visuals;
        visuals.override_text_color = Some(palette.text);
        visuals.panel_fill = palette.ground;
        visuals.extreme_bg_color = palette.well;
        visuals.selection.bg_fill = palette.policies[0];
        for widget in [&mut visuals.widgets.inactive, &mut visuals.widgets.hovered, &mut visuals.widgets.active] {
            widget.corner_radius = CornerRadius::same(4);
            widget.bg_stroke = Stroke::NONE;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ncp_is_blue_and_solid_and_a_cnn_vermilion_and_dashed_in_any_order() {
        for names in [["ncp", "cnn"], ["cnn", "ncp"]] {
            let found = identities(names.into_iter(), &LIGHT);
            for (name, identity) in names.into_iter().zip(found) {
                let expected = if name == "ncp" { (LIGHT.policies[0], false) } else { (LIGHT.policies[1], true) };
                assert_eq!((identity.colour, identity.dashed), expected, "{name}");
            }
        }
    }

    #[test]
    fn two_policies_never_share_a_colour() {
        let found = identities(["ncp", "ncp-paper", "ncp-clean", "lstm", "cnn", "gru"].into_iter(), &DARK);
        for (place, identity) in found.iter().enumerate() {
            assert!(found[..place].iter().all(|other| other.colour != identity.colour), "{place}");
        }
    }
}
