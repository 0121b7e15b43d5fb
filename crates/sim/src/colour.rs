//! Linear-light RGB as three numbers, and the little arithmetic the renderer does with it.

/// Linear-light red, green, blue; 1 is a fully lit white.
pub(super) type Rgb = [f32; 3];

/// `a` where `share` is 0, `b` where it is 1.
#[inline(always)]
pub(super) fn mix(a: Rgb, b: Rgb, share: f32) -> Rgb {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

/// Every channel times `factor`.
#[inline(always)]
pub(super) fn scale(a: Rgb, factor: f32) -> Rgb {
    [a[0] * factor, a[1] * factor, a[2] * factor]
}

/// Channel by channel: a surface under coloured light.
#[inline(always)]
pub(super) fn product(a: Rgb, b: Rgb) -> Rgb {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

/// Channel by channel.
#[inline(always)]
pub(super) fn sum(a: Rgb, b: Rgb) -> Rgb {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// Euclidean distance of two colours.
pub(super) fn distance(a: Rgb, b: Rgb) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// Grey of the given reflectance with a slight cast: `warmth` > 0 towards brown, < 0 towards blue.
pub(super) fn grey(level: f32, warmth: f32) -> Rgb {
    [level * (1.0 + warmth), level, level * (1.0 - warmth)]
}
