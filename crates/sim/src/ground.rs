//! Everything on the ground: each pixel's ray meets the plane, the point is found on the road, and the road's
//! cross-section, paint, terrain and shadows are evaluated there, each filtered to the pixel's footprint. A row is
//! painted in blocks of neighbouring pixels; a part that no pixel of a block sees is not computed for it.

use super::canvas::{Canvas, View};
use super::colour::{Rgb, mix};
use super::lanes::{BLOCK, Lanes, any, lanes};
use super::masks::Masks;
use super::road::{Feet, NOT_FOUND_M};
use super::scene::Scene;
use super::section::{CrossSection, Markings};
use super::shadow::ShadowGrid;
use super::terrain::Palette;
use super::texture::{TOP_LEVEL, Texture, Textures, level_from_ratio, textures};
use pulp::{Arch, Simd, WithSimd};

/// The road itself is drawn up to this depth; beyond it a pixel is as wide as a lane.
const ROAD_DEPTH_M: f32 = 230.0;
/// Ground farther than this looks like ground at this depth.
const FARTHEST_M: f32 = 2000.0;
/// Texels per metre of the fine textures and of the soft noise on the ground.
const GRAIN_PER_M: f32 = 40.0;
const MOTTLE_PER_M: f32 = 1.3;

/// Paints every pixel whose centre is below the horizon. `places` remembers each column's place on the road.
pub(super) fn paint(canvas: &mut Canvas, view: &View, scene: &Scene, places: &mut Vec<f32>) {
    places.clear();
    places.resize(canvas.stride(), view.s + 3.0);
    let ground = Ground { scene, view, textures: textures(), palette: scene.terrain.palette() };
    Arch::new().dispatch(Painting { canvas, ground, places });
}

/// One picture's ground, compiled for the vector instructions that are there.
struct Painting<'a> {
    canvas: &'a mut Canvas,
    ground: Ground<'a>,
    places: &'a mut [f32],
}

impl WithSimd for Painting<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { canvas, ground, places } = self;
        let view = ground.view;
        let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
        let top = view.projection.horizon_px - view.roll.0.abs() * 0.5 * width as f32 - 1.0;
        for row in (top.max(0.0) as usize..height).rev() {
            for (block, places) in places.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                let first = block * BLOCK;
                let down = lanes(|i| view.level(first + i, row)[1]);
                if any(|i| down[i] > 0.0) {
                    let across = lanes(|i| view.level(first + i, row)[0]);
                    let points = Points::find(view, ground.scene, &across, &down, places);
                    let (light, bits) = ground.shade(&points);
                    canvas.put(row, block, &lanes(|i| down[i] > 0.0), &light, &bits);
                }
            }
        }
    }
}

/// Points on the ground of a block of pixels.
struct Points {
    x: Lanes,
    y: Lanes,
    depth: Lanes,
    left: Lanes,
    feet: Feet,
    /// Extent of each pixel sideways and towards the horizon, in metres.
    per_column: Lanes,
    per_row: Lanes,
    /// Likewise across and along the road.
    across_m: Lanes,
    along_m: Lanes,
}

impl Points {
    /// The points of pixels `across` and `down` from the horizon's middle; those above the horizon have no foot.
    #[inline(always)]
    fn find(view: &View, scene: &Scene, across: &Lanes, down: &Lanes, places: &mut Lanes) -> Self {
        let (focal, height) = (view.projection.focal_px, view.projection.height_m);
        let depth = lanes(|i| (height * focal / down[i]).min(FARTHEST_M));
        let left = lanes(|i| -across[i] * depth[i] / focal);
        let x = lanes(|i| view.place(depth[i], left[i])[0]);
        let y = lanes(|i| view.place(depth[i], left[i])[1]);
        let [cos, sin] = view.forward;
        let mut feet = Feet { s: *places, offset: [NOT_FOUND_M; BLOCK], tangent: [[cos; BLOCK], [sin; BLOCK]] };
        let sought = lanes(|i| (down[i] > 0.0) & (depth[i] < ROAD_DEPTH_M));
        scene.road.find_feet(&x, &y, sought, &mut feet);
        *places = feet.s;
        let per_column = lanes(|i| depth[i] / focal);
        let per_row = lanes(|i| depth[i] * per_column[i] / height);
        // The road's tangent in the camera's frame, and from it the derivatives of the place on the road with respect to
        // column and row.
        let [tangent_x, tangent_y] = &feet.tangent;
        let ahead = lanes(|i| tangent_x[i] * cos + tangent_y[i] * sin);
        let aside = lanes(|i| tangent_y[i] * cos - tangent_x[i] * sin);
        let across_m = lanes(|i| {
            let (column, row) = (ahead[i] * per_column[i], per_row[i] * (ahead[i] * left[i] / depth[i] - aside[i]));
            (column * column + row * row).sqrt()
        });
        let along_m = lanes(|i| {
            let (column, row) = (aside[i] * per_column[i], per_row[i] * (ahead[i] + aside[i] * left[i] / depth[i]));
            (column * column + row * row).sqrt()
        });
        Self { x, y, depth, left, feet, per_column, per_row, across_m, along_m }
    }

    /// Mip level for a texture of `per_m` texels to the metre, by the pixel's area.
    #[inline(always)]
    fn level(&self, i: usize, per_m: f32) -> u32 {
        level_from_ratio(self.per_column[i] * self.per_row[i] * (per_m * per_m), 2 * TOP_LEVEL) / 2
    }

    /// The texture at index `start`, `per_m` texels to the metre.
    #[inline(always)]
    fn sample(&self, i: usize, textures: &Textures, start: u32, per_m: f32) -> f32 {
        textures.sample(start, self.level(i, per_m), self.x[i] * per_m, self.y[i] * per_m)
    }

    /// Share of each pixel on the inner side of an edge across the road that its centre is `inside_m` within.
    #[inline(always)]
    fn share_inside(&self, i: usize, inside_m: f32) -> f32 {
        // No pixel closer than the horizon is wider than this across the road.
        let widest = self.per_column[i] + self.per_row[i] * (1.0 + (self.left[i] / self.depth[i]).abs());
        let clear = if inside_m > 0.0 { 1.0 } else { 0.0 };
        let cut = (inside_m / self.across_m[i] + 0.5).clamp(0.0, 1.0);
        if inside_m.abs() > widest { clear } else { cut }
    }
}

/// What one picture's ground is painted from.
struct Ground<'a> {
    scene: &'a Scene<'a>,
    view: &'a View,
    textures: &'a Textures,
    palette: Palette,
}

/// Colours of a block of pixels: red, green and blue.
type Colours = [Lanes; 3];

impl Ground<'_> {
    /// Light that ground points send to the camera, and their mask bits.
    #[inline(always)]
    fn shade(&self, points: &Points) -> (Colours, [u8; BLOCK]) {
        let (section, light) = (self.scene.section, self.scene.light);
        let offset = &points.feet.offset;
        let inside_m = self.inside_road_m(points);
        let road_share = lanes(|i| points.share_inside(i, inside_m[i]));
        let mut albedo = [[0.0; BLOCK]; 3];
        if any(|i| road_share[i] < 1.0) {
            let beside = self.roadside(points, &inside_m);
            for (albedo, beside) in albedo.iter_mut().zip(&beside) {
                *albedo = lanes(|i| if road_share[i] < 1.0 { beside[i] } else { 0.0 });
            }
        }
        let mut bits = lanes(|i| {
            let shoulder = (inside_m[i] < 0.0) & (inside_m[i] > -section.shoulder_m);
            if shoulder { Masks::SHOULDER } else { 0 }
        });
        let mut sheen = [0.0; BLOCK];
        if any(|i| road_share[i] > 0.0) {
            let road = self.road(points);
            for (albedo, road) in albedo.iter_mut().zip(&road.albedo) {
                *albedo = lanes(|i| albedo[i] + (road[i] - albedo[i]) * road_share[i]);
            }
            sheen = lanes(|i| road.sheen[i] * road_share[i]);
            bits = lanes(|i| {
                let own = if offset[i].abs() <= section.half_lane_m { Masks::OWN_LANE } else { 0 };
                let paint = if road.mostly_paint[i] { Masks::MARKING } else { 0 };
                if inside_m[i] >= 0.0 { Masks::ROAD | own | paint } else { bits[i] }
            });
        }
        let (sun, head) = self.illumination(points);
        let transmittance = lanes(|i| light.transmittance(points.depth[i]));
        let mut seen = [[0.0; BLOCK]; 3];
        for (channel, seen) in seen.iter_mut().enumerate() {
            let (haze, albedo) = (light.haze[channel], &albedo[channel]);
            *seen = lanes(|i| {
                let lit = albedo[i] * (light.ambient[channel] + light.sun[channel] * sun[i] + head[i]);
                let reflecting = lit + (haze - lit) * sheen[i];
                haze + (reflecting - haze) * transmittance[i]
            });
        }
        (seen, bits)
    }

    /// Distance to the nearer edge of the road, positive inside; unkempt edges wander.
    #[inline(always)]
    fn inside_road_m(&self, points: &Points) -> Lanes {
        let (section, Feet { s, offset, .. }) = (self.scene.section, &points.feet);
        let inside = lanes(|i| (offset[i] - section.right_m).min(section.left_m - offset[i]));
        if section.wobble_m <= 0.0 || !any(|i| inside[i].abs() <= 1.0) {
            return inside;
        }
        lanes(|i| {
            let side = if offset[i] > 0.5 * (section.left_m + section.right_m) { 90.0 } else { 0.0 };
            // Bays some 6 m long and nibbles of half a metre.
            let (bays, nibbles) = (self.textures.along(2.6 * s[i] + side), self.textures.along(25.0 * s[i] + side));
            let wandering = inside[i] + 1.6 * section.wobble_m * (bays + 0.4 * nibbles - 0.7);
            if inside[i].abs() > 1.0 { inside[i] } else { wandering }
        })
    }

    /// Share of the sun that falls on each point, and the headlights' light there. The ambient light comes to both.
    #[inline(always)]
    fn illumination(&self, points: &Points) -> (Lanes, Lanes) {
        let (light, Feet { s, offset, .. }) = (self.scene.light, &points.feet);
        let mut sun = [1.0; BLOCK];
        if let Some(shadows) = self.scene.shadows {
            let cells = lanes(|i| ShadowGrid::cell_at(s[i], offset[i]));
            if shadows.any_in(&cells) {
                let darkness = shadows.darkness(&cells, s, offset, &self.soft_noise(points, 26.0));
                sun = lanes(|i| 1.0 - light.shadows * darkness[i]);
            }
        }
        (sun, lanes(|i| light.headlight(points.depth[i], points.left[i])))
    }

    /// The soft noise at each point, `per_m` texels to the metre.
    #[inline(always)]
    fn soft_noise(&self, points: &Points, per_m: f32) -> Lanes {
        lanes(|i| points.sample(i, self.textures, Texture::Noise.start(), per_m))
    }

    /// Fine texture around 1, weighted.
    #[inline(always)]
    fn grain(&self, points: &Points, texture: Texture, weight: f32) -> Lanes {
        lanes(|i| 1.0 + weight * (points.sample(i, self.textures, texture.start(), GRAIN_PER_M) - 1.0))
    }

    /// Reflectance beside the road.
    #[inline(always)]
    fn roadside(&self, points: &Points, inside_m: &Lanes) -> Colours {
        let (section, terrain, palette) = (self.scene.section, self.scene.terrain, &self.palette);
        let Feet { s, offset, .. } = &points.feet;
        let mottle = self.soft_noise(points, MOTTLE_PER_M);
        let mottle = lanes(|i| mottle[i] - 0.5);
        let beyond_shoulder = lanes(|i| -inside_m[i] - section.shoulder_m);
        // Nobody mows or ploughs along a ruler: the same noise bends the boundaries.
        let beyond = terrain.covers_at(&lanes(|i| s[i] + 5.0 * mottle[i]), &lanes(|i| offset[i] + 4.0 * mottle[i]));
        let covers = lanes(|i| {
            let on_verge = beyond_shoulder[i] < terrain.verge_m * (1.0 + 1.6 * mottle[i]);
            if on_verge { Palette::VERGE } else { beyond[i] }
        });
        let mut factor = lanes(|i| {
            let (texture, weight) = palette.texture(covers[i]);
            1.0 + weight * (points.sample(i, self.textures, texture, GRAIN_PER_M) - 1.0)
        });
        if palette.has_rows {
            let (along_m, across_m) = (&points.along_m, &points.across_m);
            factor = lanes(|i| factor[i] * palette.row_factor(covers[i], [s[i], offset[i]], [along_m[i], across_m[i]]));
        }
        let mottling = lanes(|i| 1.0 + 2.0 * terrain.mottle * mottle[i]);
        let share = lanes(|i| points.share_inside(i, beyond_shoulder[i]));
        let (dust, stones) = if any(|i| share[i] < 1.0) { self.shoulder(points) } else { ([0.0; 3], [0.0; BLOCK]) };
        let far = terrain.far_albedo();
        let mut albedo = [[0.0; BLOCK]; 3];
        for (channel, albedo) in albedo.iter_mut().enumerate() {
            *albedo = lanes(|i| {
                let ground = palette.albedo(channel, covers[i]) * factor[i] * mottling[i];
                let shoulder = dust[channel] * stones[i];
                let near = if share[i] >= 1.0 { ground } else { shoulder + (ground - shoulder) * share[i] };
                if offset[i] >= NOT_FOUND_M { far[channel] } else { near }
            });
        }
        albedo
    }

    /// Stones and dust halfway between road and verge: its reflectance, and the factor of the stones.
    #[inline(always)]
    fn shoulder(&self, points: &Points) -> (Rgb, Lanes) {
        let dust = mix(self.scene.surface.albedo, self.scene.terrain.verge.albedo, 0.5);
        let stones = self.grain(points, Texture::Gravel, 0.8);
        (dust, lanes(|i| 1.1 * stones[i]))
    }

    /// The road with its paint.
    #[inline(always)]
    fn road(&self, points: &Points) -> RoadPixels {
        let (surface, section) = (self.scene.surface, self.scene.section);
        let Feet { s, offset, .. } = &points.feet;
        let stain = self.soft_noise(points, 9.0);
        let grain = self.grain(points, surface.texture(), surface.grain);
        let patches = surface.patch_factors(s, offset);
        let factor = lanes(|i| {
            grain[i]
                * (1.0 + surface.stains * 2.0 * (stain[i] - 0.5))
                * (1.0 + surface.tracks * wheel_track(section, offset[i]))
                * patches[i]
        });
        let mut albedo = [[0.0; BLOCK]; 3];
        for (plane, albedo) in albedo.iter_mut().zip(surface.albedo) {
            *plane = lanes(|i| albedo * factor[i]);
        }
        if let Some((grass, growth)) = surface.strip {
            let blades = self.grain(points, Texture::Grass, 1.0);
            for (albedo, grass) in albedo.iter_mut().zip(grass) {
                *albedo = lanes(|i| {
                    let ridge = (1.0 - offset[i] * offset[i] * 4.0).max(0.0);
                    let share = (growth * ridge * (0.5 + 1.6 * stain[i])).min(1.0);
                    albedo[i] + (grass * blades[i] - albedo[i]) * share
                });
            }
        }
        let mut mostly_paint = [false; BLOCK];
        if let Some(markings) = self.scene.markings {
            mostly_paint = self.paint_over(&mut albedo, markings, points);
        }
        let sheen = lanes(|i| surface.wetness * mirror(points.depth[i]) * (0.5 + stain[i]));
        RoadPixels { albedo, sheen, mostly_paint }
    }

    /// Lays the paint over the road's reflectance; returns whether each pixel is mostly paint, however worn.
    #[inline(always)]
    fn paint_over(&self, albedo: &mut Colours, markings: &Markings, points: &Points) -> [bool; BLOCK] {
        let (centre, edge) = paint_coverage(markings, self.scene.section, points);
        if any(|i| centre[i] + edge[i] > 0.0) {
            let fleck = self.soft_noise(points, 60.0);
            let opacity = lanes(|i| {
                let fleck = ((fleck[i] - 0.45) * 4.0).clamp(0.0, 1.0);
                markings.opacity * (1.0 - markings.wear * fleck)
            });
            for (channel, albedo) in albedo.iter_mut().enumerate() {
                let (centre_colour, edge_colour) = (markings.centre_colour[channel], markings.edge_colour[channel]);
                *albedo = lanes(|i| {
                    let with_centre = albedo[i] + (centre_colour - albedo[i]) * (centre[i] * opacity[i]);
                    with_centre + (edge_colour - with_centre) * (edge[i] * opacity[i])
                });
            }
        }
        lanes(|i| centre[i].max(edge[i]) >= 0.5)
    }
}

/// A block of pixels as far as they are road.
struct RoadPixels {
    /// Reflectance, paint included.
    albedo: Colours,
    /// How much sky it mirrors.
    sheen: Lanes,
    mostly_paint: [bool; BLOCK],
}

/// Share of the sky that wet asphalt mirrors at this depth: Schlick's approximation, halved for its roughness.
#[inline(always)]
fn mirror(depth_m: f32) -> f32 {
    let steep = 1.0 - 1.4 / (depth_m + 1.4);
    let squared = steep * steep;
    0.45 * squared * squared * steep
}

/// 1 in the middle of a wheel track, 0 away from it; both lanes have two.
#[inline(always)]
fn wheel_track(section: &CrossSection, offset: f32) -> f32 {
    let lane = if offset > section.half_lane_m { offset - 2.0 * section.half_lane_m } else { offset };
    let away = (lane.abs() - 0.75) / 0.45;
    (1.0 - away * away).max(0.0)
}

/// Shares of the pixels under the centre line and under the edge lines.
#[inline(always)]
fn paint_coverage(markings: &Markings, section: &CrossSection, points: &Points) -> (Lanes, Lanes) {
    let (Feet { s, offset, .. }, pixel, along_m) = (&points.feet, &points.across_m, &points.along_m);
    let line = |i: usize, at: f32| overlap(offset[i] - at, markings.width_m, pixel[i]);
    let middle = section.half_lane_m;
    let dashed = match markings.dashes {
        Some(dashes) => lanes(|i| dashes.coverage(s[i], along_m[i])),
        None => [1.0; BLOCK],
    };
    let centre = if markings.double {
        // Two solid lines a line's width apart, or a solid one beside the dashes.
        lanes(|i| line(i, middle - markings.width_m) * dashed[i] + line(i, middle + markings.width_m))
    } else {
        lanes(|i| line(i, middle) * dashed[i])
    };
    let edges = if markings.edges { lanes(|i| line(i, -middle) + line(i, 3.0 * middle)) } else { [0.0; BLOCK] };
    (lanes(|i| centre[i].min(1.0)), edges)
}

/// Share of a pixel of extent `pixel` at distance `from_line` that a line of `width` covers.
#[inline(always)]
fn overlap(from_line: f32, width: f32, pixel: f32) -> f32 {
    let (from, to) = (from_line - 0.5 * pixel, from_line + 0.5 * pixel);
    ((to.min(0.5 * width) - from.max(-0.5 * width)) / pixel).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_the_painted_share_of_the_pixel() {
        assert_eq!(overlap(0.0, 0.1, 0.05), 1.0);
        assert_eq!(overlap(0.2, 0.1, 0.05), 0.0);
        assert_eq!(overlap(0.0, 0.1, 0.4), 0.25);
        assert!((overlap(0.05, 0.1, 0.1) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn wet_asphalt_mirrors_more_the_flatter_the_view() {
        assert!(mirror(3.0) < 0.1 && mirror(100.0) > 0.35);
    }
}
