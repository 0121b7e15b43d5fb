//! Colours for numbers: inferno for saliency (even steps in lightness, so more is always brighter) and blue to orange
//! for values with a sign.

use egui::Color32;

/// The map `inferno` of matplotlib (CC0) at nine even steps.
const INFERNO: [[u8; 3]; 9] = [
    [0x00, 0x00, 0x04],
    [0x21, 0x0c, 0x4a],
    [0x56, 0x10, 0x6e],
    [0x89, 0x22, 0x6a],
    [0xbb, 0x37, 0x54],
    [0xe3, 0x59, 0x32],
    [0xf9, 0x8c, 0x0a],
    [0xf9, 0xc9, 0x32],
    [0xfc, 0xff, 0xa4],
];

/// Colour of a saliency value from 0 to 1.
pub fn inferno(value: f32) -> [u8; 3] {
    let place = value.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let below = (place as usize).min(INFERNO.len() - 2);
    mix(INFERNO[below], INFERNO[below + 1], place - below as f32)
}

/// Colour of a signed value from -1 (blue) over 0 (the ground) to 1 (orange).
pub fn diverging(value: f32, ground: Color32) -> Color32 {
    const BLUE: [u8; 3] = [0x3a, 0x9b, 0xf0];
    const ORANGE: [u8; 3] = [0xff, 0x97, 0x2b];
    if !value.is_finite() {
        return ground;
    }
    let end = if value < 0.0 { BLUE } else { ORANGE };
    let [r, g, b] = mix([ground.r(), ground.g(), ground.b()], end, value.abs().min(1.0));
    Color32::from_rgb(r, g, b)
}

fn mix(from: [u8; 3], to: [u8; 3], share: f32) -> [u8; 3] {
    std::array::from_fn(|i| (f32::from(from[i]) + share * (f32::from(to[i]) - f32::from(from[i]))).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_saliency_is_never_darker() {
        let lightness = |value: f32| {
            let [r, g, b] = inferno(value).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for step in 0..100 {
            let (less, more) = (lightness(step as f32 / 100.0), lightness((step + 1) as f32 / 100.0));
            // One grey level of slack for rounding to 8 bits.
            assert!(more >= less - 1.0, "at {step}: {less} then {more}");
        }
    }

    #[test]
    fn zero_is_the_ground_and_the_signs_differ() {
        assert_eq!(diverging(0.0, Color32::BLACK), Color32::BLACK);
        assert_eq!(diverging(f32::NAN, Color32::BLACK), Color32::BLACK);
        assert!(diverging(-1.0, Color32::BLACK).b() > diverging(1.0, Color32::BLACK).b());
    }
}
