//! Everything above the horizon: gradient, clouds, the sun's glow, far hills.

use super::canvas::{Canvas, View};
use super::colour::{Rgb, mix, scale};
use super::lanes::{BLOCK, Lanes, any, lanes};
use super::light::Light;
use super::masks::Masks;
use super::texture::{Texture, Textures, level_from_ratio, textures};
use pulp::{Arch, Simd, WithSimd};

/// Cloud texels per unit of the plane they lie on, which is one high.
const CLOUD_TEXELS: f32 = 22.0;
/// Colour of the sun and of the glow around it.
const SUN: Rgb = [1.0, 0.93, 0.80];

/// The part of the sky that a block of columns sees, alike in every row.
struct Columns {
    /// Horizontal direction, not normalised: 1 straight ahead.
    direction: [Lanes; 2],
    /// 1 / length of it.
    shrink: Lanes,
    /// tan(elevation) up to which hills and, before them, a line of trees reach.
    hills: Lanes,
    trees: Lanes,
}

/// Paints every pixel whose centre is above the horizon.
pub(super) fn paint(canvas: &mut Canvas, view: &View, light: &Light) {
    Arch::new().dispatch(Painting { canvas, view, light });
}

/// One picture's sky, compiled for the vector instructions that are there.
struct Painting<'a> {
    canvas: &'a mut Canvas,
    view: &'a View,
    light: &'a Light,
}

impl WithSimd for Painting<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { canvas, view, light } = self;
        let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
        let tilt = view.roll.0.abs() * 0.5 * width as f32;
        let rows = (view.projection.horizon_px + tilt + 1.0).clamp(0.0, height as f32) as usize;
        let focal_px = view.projection.focal_px;
        let textures = textures();
        for block in 0..canvas.stride() / BLOCK {
            let first = block * BLOCK;
            let columns = Columns::new(view, light, textures, first);
            for row in 0..rows {
                let down = lanes(|i| view.level(first + i, row)[1]);
                if !any(|i| down[i] <= 0.0) {
                    continue;
                }
                let seen = columns.colours(light, textures, &lanes(|i| -down[i] / focal_px), focal_px);
                canvas.put(row, block, &lanes(|i| down[i] <= 0.0), &seen, &[Masks::SKY; BLOCK]);
            }
        }
    }
}

impl Columns {
    #[inline(always)]
    fn new(view: &View, light: &Light, textures: &Textures, first: usize) -> Self {
        let [cos, sin] = view.forward;
        let left = lanes(|i| -((first + i) as f32 + 0.5 - view.projection.center_px) / view.projection.focal_px);
        let direction = [lanes(|i| cos - left[i] * sin), lanes(|i| sin + left[i] * cos)];
        let azimuth = lanes(|i| libm::atan2f(direction[1][i], direction[0][i]));
        // 40 texels per radian: hills some 10 degrees wide; trees ten times as fine.
        let ridge = lanes(|i| textures.along(azimuth[i] * 40.0 + 500.0));
        let wood = lanes(|i| textures.along(azimuth[i] * 400.0 + 500.0));
        Self {
            direction,
            shrink: lanes(|i| 1.0 / (1.0 + left[i] * left[i]).sqrt()),
            hills: lanes(|i| light.hills.0 * ridge[i]),
            trees: lanes(|i| light.hills.0.min(0.04) * (0.25 + 0.45 * wood[i])),
        }
    }

    /// Light from `up` = tan(elevation) in each column: red, green and blue.
    #[inline(always)]
    fn colours(&self, light: &Light, textures: &Textures, up: &Lanes, focal_px: f32) -> [Lanes; 3] {
        let trees = lanes(|i| ((self.trees[i] - up[i]) * focal_px + 0.5).clamp(0.0, 1.0));
        let hills = lanes(|i| ((self.hills[i] - up[i]) * focal_px + 0.5).clamp(0.0, 1.0));
        let mut seen = [[0.0; BLOCK]; 3];
        if any(|i| (hills[i] < 1.0) & (trees[i] < 1.0)) {
            seen = self.open_sky(light, textures, up, focal_px);
        }
        let far = mix(light.haze, light.hills.1, 0.55 * light.transmittance(250.0));
        let near = mix(light.haze, scale(light.hills.1, 0.6), 0.9 * light.transmittance(180.0));
        for (channel, seen) in seen.iter_mut().enumerate() {
            *seen = lanes(|i| {
                let open = if (hills[i] < 1.0) & (trees[i] < 1.0) { seen[i] } else { 0.0 };
                let with_hills = open + (far[channel] - open) * hills[i];
                with_hills + (near[channel] - with_hills) * trees[i]
            });
        }
        seen
    }

    #[inline(always)]
    fn open_sky(&self, light: &Light, textures: &Textures, up: &Lanes, focal_px: f32) -> [Lanes; 3] {
        let glow = self.sun_glow(light, up);
        let puff = lanes(|i| {
            // Clouds lie on a plane: the lower, the farther and the flatter they look.
            let distance = CLOUD_TEXELS / (up[i] + 0.07);
            let level = level_from_ratio(distance / (up[i] + 0.07) / focal_px, 6);
            let (x, y) = (self.direction[0][i] * distance, self.direction[1][i] * distance);
            textures.sample(Texture::Noise.start(), level, x, y)
        });
        let through_haze = light.transmittance(120.0);
        let cover = lanes(|i| {
            let cover = ((puff[i] - 1.0 + light.cloudiness) * 3.0).clamp(0.0, 1.0) * (up[i] * 12.0).min(1.0);
            0.9 * cover * through_haze
        });
        let shade = lanes(|i| 1.0 - 0.28 * ((puff[i] - 0.55) * 2.0).clamp(0.0, 1.0));
        let mut seen = [[0.0; BLOCK]; 3];
        for (channel, seen) in seen.iter_mut().enumerate() {
            let (haze, zenith, cloud) = (light.haze[channel], light.zenith[channel], light.cloud[channel]);
            *seen = lanes(|i| {
                let clear = haze + (zenith - haze) * (up[i] / (up[i] + 0.13));
                let with_sun = clear + SUN[channel] * glow[i];
                with_sun + (cloud * shade[i] - with_sun) * cover[i]
            });
        }
        seen
    }

    /// Glow that grows towards the sun, and the sun itself.
    #[inline(always)]
    fn sun_glow(&self, light: &Light, up: &Lanes) -> Lanes {
        if light.glare <= 0.0 {
            return [0.0; BLOCK];
        }
        let ([x, y], rise) = (light.sun_towards, light.sun_rise);
        lanes(|i| {
            let (shrink, up) = (self.shrink[i], up[i]);
            let length = (1.0 / (shrink * shrink) + up * up).sqrt();
            let towards = (self.direction[0][i] * x + self.direction[1][i] * y + up * rise)
                / (length * (1.0 + rise * rise).sqrt());
            let near = towards.max(0.0);
            let (p2, p4) = (near * near, near * near * near * near);
            let p32 = (p4 * p4) * (p4 * p4) * (p4 * p4) * (p4 * p4);
            let disc = ((near - 0.9990) * 4000.0).clamp(0.0, 1.0);
            light.glare * (0.22 * p4 * p2 + 0.9 * p32 * p32) + 3.0 * disc
        })
    }
}
