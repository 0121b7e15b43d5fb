//! Colours that colour-blind readers can tell apart, on white.

use std::fmt;

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Red, green and blue in 8 bits each.
    pub rgb: [u8; 3],
}

/// Okabe and Ito's palette (2008) without its black and its yellow, which is hard to see on white.
const CATEGORIES: [Colour; 6] = [
    Colour { rgb: [0x00, 0x72, 0xb2] },
    Colour { rgb: [0xd5, 0x5e, 0x00] },
    Colour { rgb: [0x00, 0x9e, 0x73] },
    Colour { rgb: [0xcc, 0x79, 0xa7] },
    Colour { rgb: [0xe6, 0x9f, 0x00] },
    Colour { rgb: [0x56, 0xb4, 0xe9] },
];

/// The map `viridis` of matplotlib (CC0) at eight even steps.
const VIRIDIS: [[u8; 3]; 8] = [
    [68, 1, 84],
    [70, 50, 127],
    [54, 92, 141],
    [39, 127, 143],
    [31, 162, 136],
    [74, 194, 110],
    [160, 219, 57],
    [254, 232, 37],
];

impl Colour {
    /// Ground of a chart.
    pub(super) const PAPER: Self = Self { rgb: [0xff; 3] };
    /// Text, and what belongs to no series.
    pub const INK: Self = Self { rgb: [0x22, 0x22, 0x22] };
    /// Axes and reference lines.
    pub const AXIS: Self = Self { rgb: [0x77, 0x77, 0x77] };
    /// Lines of the grid.
    pub(super) const GRID: Self = Self { rgb: [0xe4, 0xe4, 0xe4] };
    /// Ground of a shaded span.
    pub(super) const SPAN: Self = Self { rgb: [0xf1, 0xee, 0xe4] };

    /// For the thing of this index among things that differ in kind; blue, vermilion, green, purple, orange, sky blue,
    /// then from the start again.
    pub const fn category(index: usize) -> Self {
        CATEGORIES[index % CATEGORIES.len()]
    }

    /// For a further thing of this colour's kind: 0 is the colour itself, odd tones are paler, even ones darker; the
    /// first of them differ most.
    pub fn tone(self, tone: usize) -> Self {
        let target: u8 = if tone.is_multiple_of(2) { 0 } else { 0xff };
        let share = if tone == 0 { 0.0 } else { halving_share(tone.div_ceil(2)) };
        let mixed = |channel: u8| f64::from(channel) + share * (f64::from(target) - f64::from(channel));
        Self { rgb: self.rgb.map(|channel| mixed(channel) as u8) }
    }

    /// For an amount between 0 and 1: viridis, from dark blue to yellow.
    pub fn amount(share: f64) -> Self {
        let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
        let below = (place as usize).min(VIRIDIS.len() - 2);
        let [from, to] = [VIRIDIS[below], VIRIDIS[below + 1]].map(|rgb| rgb.map(f64::from));
        let mixed = |channel: usize| from[channel] + (place - below as f64) * (to[channel] - from[channel]);
        Self { rgb: std::array::from_fn(|channel| mixed(channel).round() as u8) }
    }
}

/// As SVG has it: `#0072b2`.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.rgb;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// 1/2, 1/4, 3/4, 1/8, 5/8, …: each far from all before it (van der Corput 1935).
fn halving_share(mut number: usize) -> f64 {
    let (mut share, mut step) = (0.0, 0.5);
    while number > 0 {
        share += step * (number % 2) as f64;
        (number, step) = (number / 2, step / 2.0);
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Colour) -> f64 {
        let [red, green, blue] = colour.rgb.map(f64::from);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn amounts_become_lighter_from_end_to_end() {
        let steps: Vec<_> = (0..=10).map(|step| luminance(Colour::amount(f64::from(step) / 10.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
        assert_eq!(Colour::amount(-1.0), Colour::amount(0.0));
        assert_eq!(Colour::amount(2.0), Colour::amount(1.0));
    }

    #[test]
    fn tones_go_to_white_and_to_black_by_turns() {
        let blue = Colour::category(0);
        assert_eq!(blue.tone(0), blue);
        // Half way from 00 72 b2 to white, half way to black, a quarter of the way to white.
        assert_eq!(blue.tone(1).rgb, [0x7f, 0xb8, 0xd8]);
        assert_eq!(blue.tone(2).rgb, [0x00, 0x39, 0x59]);
        assert_eq!(blue.tone(3).rgb, [0x3f, 0x95, 0xc5]);
    }

    #[test]
    fn categories_differ_and_repeat_after_the_last() {
        for (index, colour) in CATEGORIES.iter().enumerate() {
            assert!(!CATEGORIES[..index].contains(colour));
            assert_eq!(Colour::category(index + CATEGORIES.len()), *colour);
        }
    }
}
