//! From light to 8 bits: lens blur, vignette, gain and tint, tone curve, sensor noise.

use super::canvas::{Canvas, View};
use super::chance::{GAUSSIAN_ENTRIES, gaussian_table, hash};
use super::colour::Rgb;
use super::sensor::Sensor;
use lane_frame::RgbImage;

/// Writes the canvas into an image of its size.
pub(super) fn develop(canvas: &mut Canvas, view: &View, sensor: &Sensor, noise: bool, image: &mut RgbImage) {
    if sensor.softness > 0.0 {
        blur(canvas, sensor.softness);
    }
    let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
    let noise_sd = if noise { 255.0 * sensor.noise_sd } else { 0.0 };
    let exposure = sensor.tint.map(|tint| tint * sensor.gain);
    let seed = sensor.key ^ view.moment;
    let quantiles = &gaussian_table()[..GAUSSIAN_ENTRIES];
    let fall_off: Vec<f32> = (0..width).map(|column| from_centre_squared(column, width)).collect();
    for (row, (pixels, lights)) in image.chunks_exact_mut(3 * width).zip(canvas.light.chunks_exact(width)).enumerate() {
        let down = from_centre_squared(row, height);
        for (column, (pixel, light)) in pixels.chunks_exact_mut(3).zip(lights).enumerate() {
            let vignette = 1.0 - sensor.vignette * 0.5 * (fall_off[column] + down);
            let bits = hash(seed ^ (row * width + column) as u64);
            for channel in 0..3 {
                let value = sensor.develop(light[channel] * exposure[channel] * vignette);
                let draw = quantiles[(bits >> (12 * channel)) as usize % GAUSSIAN_ENTRIES];
                // Saturating cast: clips below 0 and above 255.
                pixel[channel] = (value + noise_sd * draw + 0.5) as u8;
            }
        }
    }
}

/// Squared distance from the middle, 1 at both ends.
fn from_centre_squared(index: usize, count: usize) -> f32 {
    let from_centre = 2.0 * (index as f32 + 0.5) / count as f32 - 1.0;
    from_centre * from_centre
}

/// Three taps across, then three taps down; the neighbours weigh `side` each.
fn blur(canvas: &mut Canvas, side: f32) {
    let width = canvas.size.width as usize;
    let tap = |before: Rgb, here: Rgb, after: Rgb| {
        [0, 1, 2].map(|c| here[c] * (1.0 - 2.0 * side) + (before[c] + after[c]) * side)
    };
    for row in canvas.light.chunks_exact_mut(width) {
        let mut before = row[0];
        for column in 0..width {
            let (here, after) = (row[column], row[(column + 1).min(width - 1)]);
            row[column] = tap(before, here, after);
            before = here;
        }
    }
    let mut before: Vec<Rgb> = canvas.light[..width].to_vec();
    for row in 0..canvas.size.height as usize {
        let last = row + 1 == canvas.size.height as usize;
        for (column, before) in before.iter_mut().enumerate() {
            let index = row * width + column;
            let (here, after) = (canvas.light[index], canvas.light[if last { index } else { index + width }]);
            canvas.light[index] = tap(*before, here, after);
            *before = here;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::Size;

    #[test]
    fn blur_spreads_a_point_and_keeps_its_light() {
        let mut canvas = Canvas::new(Size::new(5, 5));
        canvas.light[12] = [1.0; 3];
        blur(&mut canvas, 0.2);
        let total: f32 = canvas.light.iter().map(|light| light[0]).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        assert!((canvas.light[12][0] - 0.36).abs() < 1e-6 && (canvas.light[7][0] - 0.12).abs() < 1e-6);
    }
}
