//! Rain streaks and snow flakes between camera and road; other ones at every control step.

use super::canvas::{Canvas, View};
use super::chance::{hash, unit_from_hash};
use super::colour::{Rgb, scale};
use super::light::Light;
use super::look::Precipitation;

/// Streaks and flakes in one picture of any size.
const STREAKS: u64 = 110;
const FLAKES: u64 = 260;

/// Paints what falls, if anything does.
pub(super) fn paint(canvas: &mut Canvas, view: &View, light: &Light, falling: Precipitation) {
    match falling {
        Precipitation::None => {}
        Precipitation::Streaks => (0..STREAKS).for_each(|drop| streak(canvas, light, view.moment ^ hash(drop))),
        Precipitation::Flakes => (0..FLAKES).for_each(|flake| dot(canvas, light, view.moment ^ hash(flake))),
    }
}

/// Three independent numbers in [0, 1) for one drop.
fn numbers(key: u64) -> [f32; 3] {
    [1, 2, 3].map(|part| unit_from_hash(hash(key.wrapping_add(part))))
}

/// A slanted streak, thinner than a pixel, so spread over two columns.
fn streak(canvas: &mut Canvas, light: &Light, key: u64) {
    let (width, height) = (canvas.size.width as f32, canvas.size.height as f32);
    let [x, y, nearness] = numbers(key);
    let length = height * (0.05 + 0.13 * nearness * nearness);
    let slant = (x - 0.5) * 0.25;
    let opacity = 0.05 + 0.12 * nearness;
    let bright = scale(light.haze, 1.15);
    let top = y * (height + length) - length;
    for step in 0..length as usize + 1 {
        let (row, column) = (top + step as f32, x * width + slant * step as f32);
        blend(canvas, column, row, opacity, bright);
    }
}

/// A soft round flake.
fn dot(canvas: &mut Canvas, light: &Light, key: u64) {
    let (width, height) = (canvas.size.width as f32, canvas.size.height as f32);
    let [x, y, nearness] = numbers(key);
    let radius = width * (0.0012 + 0.0035 * nearness * nearness * nearness);
    let (centre_x, centre_y) = (x * width, y * height);
    let bright = scale(light.haze, 1.2);
    let reach = radius + 1.0;
    let rows = (centre_y - reach).max(0.0) as usize..((centre_y + reach).min(height)) as usize;
    for row in rows {
        for column in (centre_x - reach).max(0.0) as usize..(centre_x + reach).min(width) as usize {
            let (dx, dy) = (column as f32 + 0.5 - centre_x, row as f32 + 0.5 - centre_y);
            let cover = (radius + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0) * (2.0 * radius).min(1.0);
            canvas.cover(column, row, bright, 0.75 * cover);
        }
    }
}

/// Spreads a point over the two columns it lies between.
fn blend(canvas: &mut Canvas, column: f32, row: f32, opacity: f32, colour: Rgb) {
    if row < 0.0 || row >= canvas.size.height as f32 || column < 0.5 {
        return;
    }
    let width = canvas.size.width as usize;
    let left = (column - 0.5) as usize;
    let share = column - 0.5 - left as f32;
    for (column, share) in [(left, 1.0 - share), (left + 1, share)] {
        if column < width {
            canvas.cover(column, row as usize, colour, opacity * share);
        }
    }
}
