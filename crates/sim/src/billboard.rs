//! Objects: sprites that turn to the camera, painted from far to near.

use super::canvas::{Canvas, CanvasRow, View};
use super::colour::{Rgb, product, scale, sum};
use super::light::Light;
use super::masks::Masks;
use super::object::Object;
use super::scene::Scene;
use super::sprite::CHUNK;
use lane_frame::Size;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Nearer objects have passed the picture's edge; farther ones are smaller than a pixel in the smallest picture.
const NEAREST_M: f32 = 2.2;
const FARTHEST_M: f32 = 200.0;

/// An object in front of the camera.
struct Seen<'a> {
    object: &'a Object,
    depth: f32,
    left_m: f32,
}

/// An object's place in the picture, in pixels.
struct Frame {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    /// Below 1 for what is thinner than a pixel: it is drawn one pixel wide and as much fainter.
    opacity: f32,
}

/// Paints objects; keeps its buffers from one object to the next.
#[derive(Default)]
pub(super) struct Billboards {
    /// Per column of the picture the texel to its left and the weight of the texel to its right.
    texels: Vec<[u32; CHUNK]>,
    shares: Vec<[f32; CHUNK]>,
}

impl Billboards {
    /// Paints all objects in front of the camera.
    pub(super) fn paint(&mut self, canvas: &mut Canvas, view: &View, scene: &Scene) {
        let Some(objects) = scene.objects else { return };
        self.texels.resize(canvas.stride() / CHUNK, [0; CHUNK]);
        self.shares.resize(canvas.stride() / CHUNK, [0.0; CHUNK]);
        let seen = from_far_to_near(view, objects);
        Arch::new().dispatch(Painting { billboards: self, canvas, view, light: scene.light, seen: &seen });
    }
}

/// One picture's objects, compiled for the vector instructions that are there.
struct Painting<'a> {
    billboards: &'a mut Billboards,
    canvas: &'a mut Canvas,
    view: &'a View,
    light: &'a Light,
    seen: &'a [Seen<'a>],
}

impl WithSimd for Painting<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for seen in self.seen {
            if let Some(frame) = Frame::new(self.view, seen) {
                draw(self.billboards, self.canvas, seen, &frame, &Paint::new(self.view, self.light, seen));
            }
        }
    }
}

fn from_far_to_near<'a>(view: &View, objects: &'a [Object]) -> Vec<Seen<'a>> {
    let first = objects.partition_point(|object| object.s < view.s - 20.0);
    let mut seen: Vec<Seen> = objects[first..]
        .iter()
        .take_while(|object| object.s < view.s + FARTHEST_M + 60.0)
        .filter_map(|object| {
            let [depth, left_m] = view.relative(object.x, object.y);
            (NEAREST_M..FARTHEST_M).contains(&depth).then_some(Seen { object, depth, left_m })
        })
        .collect();
    seen.sort_by(|a, b| b.depth.total_cmp(&a.depth));
    seen
}

impl Frame {
    fn new(view: &View, seen: &Seen) -> Option<Self> {
        let [column, base] = view.pixel(seen.depth, seen.left_m)?;
        let per_m = view.projection.focal_px / seen.depth;
        let (height, true_width) = (seen.object.height_m * per_m, seen.object.width_m * per_m);
        let width = true_width.max(1.0);
        Some(Self { left: column - 0.5 * width, top: base - height, width, height, opacity: true_width / width })
    }

    /// Rows and columns of the picture that it takes up.
    fn pixels(&self, size: Size) -> (Range<usize>, Range<usize>) {
        (clip(self.top, self.top + self.height, size.height), clip(self.left, self.left + self.width, size.width))
    }
}

#[inline(always)]
fn draw(billboards: &mut Billboards, canvas: &mut Canvas, seen: &Seen, frame: &Frame, paint: &Paint) {
    let sprite = seen.object.sprite();
    let level = sprite.level_for(frame.height);
    let (rows, columns) = frame.pixels(canvas.size);
    if columns.is_empty() {
        return;
    }
    let chunks = columns.start / CHUNK..columns.end.div_ceil(CHUNK);
    let (texels, shares) = (&mut billboards.texels[chunks.clone()], &mut billboards.shares[chunks.clone()]);
    for ((chunk, texels), shares) in chunks.clone().zip(texels.iter_mut()).zip(shares.iter_mut()) {
        for i in 0..CHUNK {
            let across = ((chunk * CHUNK + i) as f32 + 0.5 - frame.left) / frame.width;
            (texels[i], shares[i]) = sprite.column(level, if paint.mirrored { 1.0 - across } else { across });
        }
    }
    for row in rows {
        let down = (row as f32 + 0.5 - frame.top) / frame.height;
        let Some(strip) = sprite.strip(level, down) else { continue };
        let CanvasRow { light, bits } = canvas.row(row);
        let [red, green, blue] = light.map(|plane| &mut plane.as_chunks_mut::<CHUNK>().0[chunks.clone()]);
        let bits = &mut bits.as_chunks_mut::<CHUNK>().0[chunks.clone()];
        let planes = red.iter_mut().zip(green).zip(blue).zip(bits);
        for (((chunk, (((red, green), blue), bits)), texels), shares) in
            chunks.clone().zip(planes).zip(texels.iter()).zip(shares.iter())
        {
            // Of a tree's frame, much beside the crown and most beside the trunk is empty.
            let (first, last) = (texels[0].min(texels[CHUNK - 1]), texels[0].max(texels[CHUNK - 1]));
            if last < strip.solid.start || first >= strip.solid.end {
                continue;
            }
            let points = strip.sample(texels, shares);
            let mut opacity = [0.0; CHUNK];
            for (i, opacity) in opacity.iter_mut().enumerate() {
                let inside = (chunk * CHUNK + i >= columns.start) & (chunk * CHUNK + i < columns.end);
                let own = points.opacity[i] * frame.opacity;
                *opacity = if inside & (own > 0.004) { own } else { 0.0 };
            }
            for (channel, plane) in [red, green, blue].into_iter().enumerate() {
                for i in 0..CHUNK {
                    let colour = paint.colour(channel, points.shade[i], points.second[i]);
                    plane[i] += (colour - plane[i]) * opacity[i];
                }
            }
            for i in 0..CHUNK {
                bits[i] = if opacity[i] >= 0.5 { Masks::OBJECT } else { bits[i] };
            }
        }
    }
}

/// Pixels whose centre lies between two edges and within the picture.
fn clip(from: f32, to: f32, size: u32) -> Range<usize> {
    let bound = |x: f32| (x + 0.5).clamp(0.0, size as f32) as usize;
    bound(from)..bound(to)
}

/// Light on one object.
struct Paint {
    /// Light on each material in full shade and what full light adds, haze included.
    dark: [Rgb; 2],
    bright: [Rgb; 2],
    haze: Rgb,
    transmittance: f32,
    mirrored: bool,
}

impl Paint {
    fn new(view: &View, light: &Light, seen: &Seen) -> Self {
        let [sun_x, sun_y] = light.sun_towards;
        let [cos, sin] = view.forward;
        let (sun_ahead, sun_left) = (sun_x * cos + sun_y * sin, sun_y * cos - sun_x * sin);
        // Lit from the front with the sun behind the camera, from behind with the sun ahead.
        let front = 0.62 - 0.38 * sun_ahead;
        let head = [light.headlight(seen.depth, seen.left_m); 3];
        let bright = sum(sum(scale(light.sun, front), scale(light.ambient, 0.6)), head);
        let dark = scale(light.ambient, 0.35);
        let per_material = |light: Rgb| seen.object.albedo.map(|albedo| product(albedo, light));
        Self {
            dark: per_material(dark),
            bright: per_material(scale(bright, 1.45)),
            haze: light.haze,
            transmittance: light.transmittance(seen.depth),
            mirrored: sun_left < 0.0,
        }
    }

    /// Light of a point in one channel.
    #[inline(always)]
    fn colour(&self, channel: usize, shade: f32, second: f32) -> f32 {
        let mixed =
            |materials: &[Rgb; 2]| materials[0][channel] + (materials[1][channel] - materials[0][channel]) * second;
        let haze = self.haze[channel];
        haze + (mixed(&self.dark) + mixed(&self.bright) * shade - haze) * self.transmittance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Camera, CarState, Factors, RoadSet, Weather, World, WorldSpec};
    use lane_frame::RgbImage;

    #[test]
    fn without_objects_only_pixels_in_an_objects_frame_change() {
        let size = Size::new(200, 78);
        let mut changed = 0;
        for seed in 0..6 {
            let (set, weather) = (RoadSet::Test, Weather::Daylight);
            let mut world = World::build(WorldSpec::drawn(set, seed, weather, 200.0));
            world.sensor.softness = 0.0;
            let car = CarState::on_lane(&world, 60.0, 0.1, 0.0);
            let mut camera = Camera::new(size);
            let mut picture = |objects: bool| {
                let mut image = RgbImage::new(size.width, size.height);
                let factors = Factors { objects, shadows: false, ..Factors::default() };
                camera.render(&world, &car, 3, &factors, &mut image, None);
                image
            };
            let (with, without) = (picture(true), picture(false));
            let view = View::new(camera.projection(&world, 3), &car, 3);
            let seen = from_far_to_near(&view, &world.scenery.objects);
            let frames: Vec<_> = seen.iter().filter_map(|s| Frame::new(&view, s)).map(|f| f.pixels(size)).collect();
            for (column, row, pixel) in with.enumerate_pixels() {
                if pixel != without.get_pixel(column, row) {
                    let inside = |(rows, columns): &(Range<usize>, Range<usize>)| {
                        rows.contains(&(row as usize)) && columns.contains(&(column as usize))
                    };
                    assert!(frames.iter().any(inside), "seed {seed}: column {column}, row {row}");
                    changed += 1;
                }
            }
        }
        assert!(changed > 2000, "six pictures with objects show some, yet only {changed} pixels changed");
    }
}
