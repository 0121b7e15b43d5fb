//! Everything above the horizon: gradient, clouds, the sun's glow, far hills.

use super::canvas::{Canvas, View};
use super::colour::{Rgb, mix, scale, sum};
use super::light::Light;
use super::masks::Masks;
use super::texture::{level_from_ratio, tiles};

/// Cloud texels per unit of the plane they lie on, which is one high.
const CLOUD_TEXELS: f32 = 22.0;

/// The part of the sky that a column of the picture sees, alike in every row.
struct Column {
    /// Horizontal direction, not normalised: 1 straight ahead.
    direction: [f32; 2],
    /// 1 / length of it.
    shrink: f32,
    /// tan(elevation) up to which hills and, before them, a line of trees reach.
    hills: f32,
    trees: f32,
}

/// Paints every pixel whose centre is above the horizon.
pub(super) fn paint(canvas: &mut Canvas, view: &View, light: &Light) {
    let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
    let columns: Vec<Column> = (0..width).map(|column| Column::new(view, light, column)).collect();
    let tilt = view.roll.0.abs() * 0.5 * width as f32;
    let rows = (view.projection.horizon_px + tilt + 1.0).clamp(0.0, height as f32) as usize;
    for row in 0..rows {
        for (column, seen) in columns.iter().enumerate() {
            let [_, down] = view.level(column, row);
            if down <= 0.0 {
                let index = row * width + column;
                canvas.light[index] = colour(light, seen, -down / view.projection.focal_px, view.projection.focal_px);
                canvas.bits[index] = Masks::SKY;
            }
        }
    }
}

impl Column {
    fn new(view: &View, light: &Light, column: usize) -> Self {
        let [cos, sin] = view.forward;
        let left = -(column as f32 + 0.5 - view.projection.center_px) / view.projection.focal_px;
        let direction = [cos - left * sin, sin + left * cos];
        let azimuth = libm::atan2f(direction[1], direction[0]);
        // 40 texels per radian: hills some 10 degrees wide; trees ten times as fine.
        let noise = &tiles().noise;
        let ridge = noise.along(azimuth * 40.0 + 500.0);
        let wood = noise.along(azimuth * 400.0 + 500.0);
        Self {
            direction,
            shrink: 1.0 / (1.0 + left * left).sqrt(),
            hills: light.hills.0 * ridge,
            trees: light.hills.0.min(0.04) * (0.25 + 0.45 * wood),
        }
    }
}

/// Light from `up` = tan(elevation) in one column.
#[inline]
fn colour(light: &Light, column: &Column, up: f32, focal_px: f32) -> Rgb {
    let trees = ((column.trees - up) * focal_px + 0.5).clamp(0.0, 1.0);
    let hills = ((column.hills - up) * focal_px + 0.5).clamp(0.0, 1.0);
    let mut seen = [0.0; 3];
    if hills < 1.0 && trees < 1.0 {
        seen = open_sky(light, column, up, focal_px);
    }
    let far = mix(light.haze, light.hills.1, 0.55 * light.transmittance(250.0));
    let near = mix(light.haze, scale(light.hills.1, 0.6), 0.9 * light.transmittance(180.0));
    mix(mix(seen, far, hills), near, trees)
}

#[inline]
fn open_sky(light: &Light, column: &Column, up: f32, focal_px: f32) -> Rgb {
    let clear = mix(light.haze, light.zenith, up / (up + 0.13));
    let with_sun = sum(clear, sun_glow(light, column, up));
    // Clouds lie on a plane: the lower, the farther and the flatter they look.
    let distance = CLOUD_TEXELS / (up + 0.07);
    let level = level_from_ratio(distance / (up + 0.07) / focal_px, 6);
    let (x, y) = (column.direction[0] * distance, column.direction[1] * distance);
    let puff = tiles().noise.sample(level, x, y);
    let cover = ((puff - 1.0 + light.cloudiness) * 3.0).clamp(0.0, 1.0) * (up * 12.0).min(1.0);
    let shaded = scale(light.cloud, 1.0 - 0.28 * ((puff - 0.55) * 2.0).clamp(0.0, 1.0));
    mix(with_sun, shaded, 0.9 * cover * light.transmittance(120.0))
}

/// Glow that grows towards the sun, and the sun itself.
#[inline]
fn sun_glow(light: &Light, column: &Column, up: f32) -> Rgb {
    if light.glare <= 0.0 {
        return [0.0; 3];
    }
    let [x, y] = light.sun_towards;
    let rise = light.sun_rise;
    let length = (1.0 / (column.shrink * column.shrink) + up * up).sqrt();
    let towards =
        (column.direction[0] * x + column.direction[1] * y + up * rise) / (length * (1.0 + rise * rise).sqrt());
    let near = towards.max(0.0);
    let (p2, p4) = (near * near, near * near * near * near);
    let p32 = (p4 * p4) * (p4 * p4) * (p4 * p4) * (p4 * p4);
    let disc = ((near - 0.9990) * 4000.0).clamp(0.0, 1.0);
    let glow = light.glare * (0.22 * p4 * p2 + 0.9 * p32 * p32) + 3.0 * disc;
    scale([1.0, 0.93, 0.80], glow)
}
