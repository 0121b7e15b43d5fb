//! From light to 8 bits: lens blur, vignette, gain and tint, tone curve, sensor noise.

use super::canvas::{Canvas, CanvasRow, View};
use super::chance::{GAUSSIAN_ENTRIES, gaussian_table, hash};
use super::lanes::{BLOCK, lanes, whole};
use super::sensor::Sensor;
use lane_frame::RgbImage;
use pulp::{Arch, Simd, WithSimd};

/// Turns canvases of one size into images; keeps its buffers from one picture to the next.
#[derive(Default)]
pub(super) struct Darkroom {
    /// Squared distance of each column from the middle.
    fall_off: Vec<f32>,
    /// A row of the canvas as it was before the blur.
    unblurred: Vec<f32>,
}

impl Darkroom {
    /// Writes the canvas into an image of its size.
    pub(super) fn develop(
        &mut self,
        canvas: &mut Canvas,
        view: &View,
        sensor: &Sensor,
        noise: bool,
        image: &mut RgbImage,
    ) {
        if self.fall_off.len() != canvas.stride() {
            let width = canvas.size.width as usize;
            self.fall_off = (0..canvas.stride()).map(|column| from_centre_squared(column, width)).collect();
        }
        Arch::new().dispatch(Development { room: self, canvas, view, sensor, noise, image });
    }
}

/// One picture, compiled for the vector instructions that are there.
struct Development<'a> {
    room: &'a mut Darkroom,
    canvas: &'a mut Canvas,
    view: &'a View,
    sensor: &'a Sensor,
    noise: bool,
    image: &'a mut RgbImage,
}

impl WithSimd for Development<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { room, canvas, view, sensor, noise, image } = self;
        if sensor.softness > 0.0 {
            blur(canvas, sensor.softness, &mut room.unblurred);
        }
        let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
        let noise_sd = if noise { 255.0 * sensor.noise_sd } else { 0.0 };
        let exposure = sensor.tint.map(|tint| tint * sensor.gain);
        let seed = sensor.key ^ view.moment;
        let (fall_offs, _) = room.fall_off.as_chunks::<BLOCK>();
        for (row, pixels) in image.chunks_exact_mut(3 * width).enumerate() {
            let down = from_centre_squared(row, height);
            let CanvasRow { light, .. } = canvas.row(row);
            let light = light.map(|plane| plane.as_chunks::<BLOCK>().0);
            for (block, (pixels, fall_off)) in pixels.chunks_mut(3 * BLOCK).zip(fall_offs).enumerate() {
                let vignette = lanes(|i| 1.0 - sensor.vignette * 0.5 * (fall_off[i] + down));
                let draws = draws(seed, row * width + block * BLOCK);
                let mut bytes = [[0_u8; BLOCK]; 3];
                for (channel, bytes) in bytes.iter_mut().enumerate() {
                    let (light, exposure, draws) = (&light[channel][block], exposure[channel], &draws[channel]);
                    let values = lanes(|i| sensor.develop(light[i] * exposure * vignette[i]) + noise_sd * draws[i]);
                    *bytes = lanes(|i| whole((values[i] + 0.5).clamp(0.0, 255.0)) as u8);
                }
                for (i, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    *pixel = [bytes[0][i], bytes[1][i], bytes[2][i]];
                }
            }
        }
    }
}

/// Standard normal numbers for the three channels of the pixels from `first` on.
#[inline(always)]
fn draws(seed: u64, first: usize) -> [[f32; BLOCK]; 3] {
    let quantiles = gaussian_table();
    let bits = lanes(|i| hash(seed ^ (first + i) as u64));
    let mut draws = [[0.0; BLOCK]; 3];
    for (channel, draws) in draws.iter_mut().enumerate() {
        *draws = lanes(|i| quantiles[(bits[i] >> (12 * channel)) as usize % GAUSSIAN_ENTRIES]);
    }
    draws
}

/// Squared distance from the middle, 1 at both ends.
fn from_centre_squared(index: usize, count: usize) -> f32 {
    let from_centre = 2.0 * (index as f32 + 0.5) / count as f32 - 1.0;
    from_centre * from_centre
}

/// Three taps across, then three taps down; the neighbours weigh `side` each.
#[inline(always)]
fn blur(canvas: &mut Canvas, side: f32, unblurred: &mut Vec<f32>) {
    let (width, stride) = (canvas.size.width as usize, canvas.stride());
    let tap = |before: f32, here: f32, after: f32| here * (1.0 - 2.0 * side) + (before + after) * side;
    for plane in canvas.light().chunks_exact_mut(stride) {
        let row = &mut plane[..width];
        unblurred.clear();
        unblurred.push(row[0]);
        unblurred.extend_from_slice(row);
        unblurred.push(row[width - 1]);
        for ((here, before), (same, after)) in
            row.iter_mut().zip(&unblurred[..width]).zip(unblurred[1..].iter().zip(&unblurred[2..]))
        {
            *here = tap(*before, *same, *after);
        }
    }
    let mut rest = canvas.light();
    unblurred.clear();
    unblurred.extend_from_slice(&rest[..3 * stride]);
    while let Some((row, below)) = rest.split_at_mut_checked(3 * stride) {
        if let Some(below) = below.get(..3 * stride) {
            for ((here, before), after) in row.iter_mut().zip(unblurred.iter_mut()).zip(below) {
                (*here, *before) = (tap(*before, *here, *after), *here);
            }
        } else {
            for (here, before) in row.iter_mut().zip(unblurred.iter_mut()) {
                *here = tap(*before, *here, *here);
            }
        }
        rest = below;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::Size;

    #[test]
    fn blur_spreads_a_point_and_keeps_its_light() {
        let mut canvas = Canvas::new(Size::new(5, 5));
        canvas.row(2).light[0][2] = 1.0;
        blur(&mut canvas, 0.2, &mut Vec::new());
        let total: f32 = canvas.light().iter().sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        assert!((canvas.row(2).light[0][2] - 0.36).abs() < 1e-6 && (canvas.row(1).light[0][2] - 0.12).abs() < 1e-6);
    }
}
