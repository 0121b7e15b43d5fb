//! Everything on the ground: each pixel's ray meets the plane, the point is found on the road, and the road's
//! cross-section, paint, terrain and shadows are evaluated there, each filtered to the pixel's footprint.

use super::canvas::{Canvas, View};
use super::colour::{Rgb, mix, product, scale};
use super::masks::Masks;
use super::road::{Foot, NOT_FOUND_M};
use super::scene::Scene;
use super::section::{CrossSection, Markings};
use super::shadow::darkness;
use super::terrain::{Cover, row_factor};
use super::texture::{Tile, level_from_ratio, tiles};

/// The road itself is drawn up to this depth; beyond it a pixel is as wide as a lane.
const ROAD_DEPTH_M: f32 = 230.0;
/// Ground farther than this looks like ground at this depth.
const FARTHEST_M: f32 = 2000.0;
/// Texels per metre of the fine textures and of the soft noise on the ground.
const GRAIN_PER_M: f32 = 40.0;
const MOTTLE_PER_M: f32 = 1.3;

/// A pixel's point on the ground.
struct Point {
    x: f32,
    y: f32,
    depth: f32,
    left: f32,
    foot: Foot,
    /// Unit vector straight ahead.
    forward: [f32; 2],
    /// Extent of the pixel sideways and towards the horizon, in metres.
    per_column: f32,
    per_row: f32,
}

/// Paints every pixel whose centre is below the horizon. `places` remembers each column's place on the road.
pub(super) fn paint(canvas: &mut Canvas, view: &View, scene: &Scene, places: &mut Vec<f32>) {
    let (width, height) = (canvas.size.width as usize, canvas.size.height as usize);
    places.clear();
    places.resize(width, view.s + 3.0);
    let top = view.projection.horizon_px - view.roll.0.abs() * 0.5 * width as f32 - 1.0;
    for row in (top.max(0.0) as usize..height).rev() {
        for (column, place) in places.iter_mut().enumerate() {
            let [across, down] = view.level(column, row);
            if down > 0.0 {
                let point = Point::find(view, scene, across, down, place);
                let index = row * width + column;
                let (light, bits) = shade(scene, &point);
                canvas.light[index] = light;
                canvas.bits[index] = bits;
            }
        }
    }
}

impl Point {
    #[inline]
    fn find(view: &View, scene: &Scene, across: f32, down: f32, place: &mut f32) -> Self {
        let (focal, height) = (view.projection.focal_px, view.projection.height_m);
        let depth = (height * focal / down).min(FARTHEST_M);
        let left = -across * depth / focal;
        let [x, y] = view.place(depth, left);
        let foot = if depth < ROAD_DEPTH_M {
            scene.road.foot_from_point(x, y, *place)
        } else {
            Foot { s: *place, offset: NOT_FOUND_M, tangent: view.forward }
        };
        *place = foot.s;
        let per_column = depth / focal;
        Self { x, y, depth, left, foot, forward: view.forward, per_column, per_row: depth * per_column / height }
    }

    /// Extent of the pixel across the road, from the derivatives of the offset with respect to column and row.
    #[inline]
    fn across_m(&self) -> f32 {
        let [ahead, aside] = self.road_in_camera();
        let (column, row) = (ahead * self.per_column, self.per_row * (ahead * self.left / self.depth - aside));
        (column * column + row * row).sqrt()
    }

    /// Extent of the pixel along the road, likewise.
    #[inline]
    fn along_m(&self) -> f32 {
        let [ahead, aside] = self.road_in_camera();
        let (column, row) = (aside * self.per_column, self.per_row * (ahead + aside * self.left / self.depth));
        (column * column + row * row).sqrt()
    }

    /// The road's tangent in the camera's frame.
    #[inline]
    fn road_in_camera(&self) -> [f32; 2] {
        let ([cos, sin], [x, y]) = (self.forward, self.foot.tangent);
        [x * cos + y * sin, y * cos - x * sin]
    }

    /// Mip level for a texture of `per_m` texels to the metre, by the pixel's area.
    #[inline]
    fn level(&self, per_m: f32, top: usize) -> usize {
        level_from_ratio(self.per_column * self.per_row * (per_m * per_m), 2 * top) / 2
    }
}

/// Light that a ground point sends to the camera, and its mask bits.
#[inline]
fn shade(scene: &Scene, point: &Point) -> (Rgb, u8) {
    let Foot { s, offset, .. } = point.foot;
    let inside_m = inside_road_m(scene.section, s, offset);
    let road_share = share_inside(inside_m, point);
    let mut albedo = if road_share < 1.0 { roadside(scene, point, -inside_m) } else { [0.0; 3] };
    let mut bits = if inside_m < 0.0 && inside_m > -scene.section.shoulder_m { Masks::SHOULDER } else { 0 };
    let mut sheen = 0.0;
    if road_share > 0.0 {
        let (surface, wet, paint) = road(scene, point);
        albedo = mix(albedo, surface, road_share);
        sheen = wet * road_share;
        if inside_m >= 0.0 {
            let own = if offset.abs() <= scene.section.half_lane_m { Masks::OWN_LANE } else { 0 };
            bits = Masks::ROAD | own | if paint { Masks::MARKING } else { 0 };
        }
    }
    let lit = product(albedo, illumination(scene, point));
    let reflecting = mix(lit, scene.light.haze, sheen);
    (mix(scene.light.haze, reflecting, scene.light.transmittance(point.depth)), bits)
}

/// Share of the pixel on the inner side of an edge across the road that its centre is `inside_m` within.
#[inline]
fn share_inside(inside_m: f32, point: &Point) -> f32 {
    // No pixel closer than the horizon is wider than this across the road, so most need no root.
    let widest = point.per_column + point.per_row * (1.0 + (point.left / point.depth).abs());
    if inside_m.abs() > widest {
        return if inside_m > 0.0 { 1.0 } else { 0.0 };
    }
    (inside_m / point.across_m() + 0.5).clamp(0.0, 1.0)
}

/// Distance to the nearer edge of the road, positive inside; unkempt edges wander.
#[inline]
fn inside_road_m(section: &CrossSection, s: f32, offset: f32) -> f32 {
    let inside = (offset - section.right_m).min(section.left_m - offset);
    if section.wobble_m <= 0.0 || inside.abs() > 1.0 {
        return inside;
    }
    let side = if offset > 0.5 * (section.left_m + section.right_m) { 90.0 } else { 0.0 };
    let noise = &tiles().noise;
    // Bays some 6 m long and nibbles of half a metre.
    let wander = noise.along(2.6 * s + side) + 0.4 * noise.along(25.0 * s + side) - 0.7;
    inside + 1.6 * section.wobble_m * wander
}

/// Ambient light, sun where no shadow falls, headlights.
#[inline]
fn illumination(scene: &Scene, point: &Point) -> Rgb {
    let light = scene.light;
    let Foot { s, offset, .. } = point.foot;
    let mut sun = 1.0;
    let near = scene.shadows.map_or(&[][..], |shadows| shadows.near(s, offset));
    if !near.is_empty() {
        sun -= light.shadows * darkness(near, s, offset, soft_noise(point, 26.0));
    }
    let head = light.headlight(point.depth, point.left);
    [0, 1, 2].map(|c| light.ambient[c] + light.sun[c] * sun + head)
}

/// The soft noise at a point, `per_m` texels to the metre.
#[inline]
fn soft_noise(point: &Point, per_m: f32) -> f32 {
    tiles().noise.sample(point.level(per_m, 8), point.x * per_m, point.y * per_m)
}

/// Fine texture around 1, weighted.
#[inline]
fn grain(tile: &Tile, point: &Point, weight: f32) -> f32 {
    let level = point.level(GRAIN_PER_M, tile.top());
    1.0 + weight * (tile.sample(level, point.x * GRAIN_PER_M, point.y * GRAIN_PER_M) - 1.0)
}

/// Reflectance beside the road, `outside_m` from its edge.
#[inline]
fn roadside(scene: &Scene, point: &Point, outside_m: f32) -> Rgb {
    let Foot { s, offset, .. } = point.foot;
    let (section, terrain) = (scene.section, scene.terrain);
    if offset >= NOT_FOUND_M {
        return terrain.far_albedo();
    }
    let mottle = soft_noise(point, MOTTLE_PER_M) - 0.5;
    let beyond_shoulder = outside_m - section.shoulder_m;
    // Nobody mows or ploughs along a ruler: the same noise bends the boundaries.
    let on_verge = beyond_shoulder < terrain.verge_m * (1.0 + 1.6 * mottle);
    let cover = if on_verge { &terrain.verge } else { terrain.cover_at(s + 5.0 * mottle, offset + 4.0 * mottle) };
    let ground = scale(cover_albedo(cover, point), 1.0 + 2.0 * terrain.mottle * mottle);
    let share = share_inside(beyond_shoulder, point);
    if share >= 1.0 { ground } else { mix(shoulder(scene, point), ground, share) }
}

#[inline]
fn cover_albedo(cover: &Cover, point: &Point) -> Rgb {
    let textured = grain(cover.texture.tile(), point, cover.grain);
    let rows = match cover.rows {
        Some((spacing, true)) => row_factor(point.foot.s, spacing, point.along_m()),
        Some((spacing, false)) => row_factor(point.foot.offset, spacing, point.across_m()),
        None => 1.0,
    };
    scale(cover.albedo, textured * rows)
}

/// Stones and dust halfway between road and verge.
#[inline]
fn shoulder(scene: &Scene, point: &Point) -> Rgb {
    let dust = mix(scene.surface.albedo, scene.terrain.verge.albedo, 0.5);
    scale(dust, 1.1 * grain(&tiles().gravel, point, 0.8))
}

/// Reflectance of the road with its paint, how much sky it mirrors, and whether the pixel is mostly paint.
#[inline]
fn road(scene: &Scene, point: &Point) -> (Rgb, f32, bool) {
    let (surface, section) = (scene.surface, scene.section);
    let Foot { s, offset, .. } = point.foot;
    let stain = soft_noise(point, 9.0);
    let factor = grain(surface.tile(), point, surface.grain)
        * (1.0 + surface.stains * 2.0 * (stain - 0.5))
        * (1.0 + surface.tracks * wheel_track(section, offset))
        * surface.patch_factor(s, offset);
    let mut albedo = scale(surface.albedo, factor);
    if let Some((grass, growth)) = surface.strip {
        let ridge = (1.0 - offset * offset * 4.0).max(0.0);
        let blades = scale(grass, grain(&tiles().grass, point, 1.0));
        albedo = mix(albedo, blades, (growth * ridge * (0.5 + 1.6 * stain)).min(1.0));
    }
    let mostly_paint = scene.markings.is_some_and(|markings| paint_over(&mut albedo, markings, section, point));
    (albedo, surface.wetness * mirror(point.depth) * (0.5 + stain), mostly_paint)
}

/// Lays the paint over the road's reflectance; returns whether the pixel is mostly paint, however worn.
#[inline]
fn paint_over(albedo: &mut Rgb, markings: &Markings, section: &CrossSection, point: &Point) -> bool {
    let (centre, edge) = paint_coverage(markings, section, point);
    if centre + edge > 0.0 {
        let fleck = ((soft_noise(point, 60.0) - 0.45) * 4.0).clamp(0.0, 1.0);
        let opacity = markings.opacity * (1.0 - markings.wear * fleck);
        *albedo = mix(*albedo, markings.centre_colour, centre * opacity);
        *albedo = mix(*albedo, markings.edge_colour, edge * opacity);
    }
    centre.max(edge) >= 0.5
}

/// Share of the sky that wet asphalt mirrors at this depth: Schlick's approximation, halved for its roughness.
#[inline]
fn mirror(depth_m: f32) -> f32 {
    let steep = 1.0 - 1.4 / (depth_m + 1.4);
    let squared = steep * steep;
    0.45 * squared * squared * steep
}

/// 1 in the middle of a wheel track, 0 away from it; both lanes have two.
#[inline]
fn wheel_track(section: &CrossSection, offset: f32) -> f32 {
    let lane = if offset > section.half_lane_m { offset - 2.0 * section.half_lane_m } else { offset };
    let away = (lane.abs() - 0.75) / 0.45;
    (1.0 - away * away).max(0.0)
}

/// Shares of the pixel under the centre line and under the edge lines.
#[inline]
fn paint_coverage(markings: &Markings, section: &CrossSection, point: &Point) -> (f32, f32) {
    let (offset, pixel) = (point.foot.offset, point.across_m());
    let line = |at: f32| overlap(offset - at, markings.width_m, pixel);
    let middle = section.half_lane_m;
    let centre = if markings.double {
        // Two solid lines a line's width apart, or a solid one beside the dashes.
        let dashed = markings.dashes.map_or(1.0, |dashes| dashes.coverage(point.foot.s, point.along_m()));
        line(middle - markings.width_m) * dashed + line(middle + markings.width_m)
    } else {
        let painted = line(middle);
        match markings.dashes {
            Some(dashes) if painted > 0.0 => painted * dashes.coverage(point.foot.s, point.along_m()),
            _ => painted,
        }
    };
    let edges = if markings.edges { line(-middle) + line(3.0 * middle) } else { 0.0 };
    (centre.min(1.0), edges)
}

/// Share of a pixel of extent `pixel` at distance `from_line` that a line of `width` covers.
#[inline]
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
