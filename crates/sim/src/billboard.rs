//! Objects: sprites that turn to the camera, painted from far to near.

use super::canvas::{Canvas, View};
use super::colour::{Rgb, mix, product, scale, sum};
use super::light::Light;
use super::object::Object;
use super::scene::Scene;
use lane_frame::Size;
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

/// Paints all objects in front of the camera.
pub(super) fn paint(canvas: &mut Canvas, view: &View, scene: &Scene) {
    let Some(objects) = scene.objects else { return };
    for seen in from_far_to_near(view, objects) {
        if let Some(frame) = Frame::new(view, &seen) {
            draw(canvas, &seen, &frame, &Paint::new(view, scene.light, &seen));
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

fn draw(canvas: &mut Canvas, seen: &Seen, frame: &Frame, paint: &Paint) {
    let sprite = seen.object.sprite();
    let level = sprite.level_for(frame.height);
    let row_length = canvas.size.width as usize;
    let (rows, columns) = frame.pixels(canvas.size);
    for row in rows {
        let down = (row as f32 + 0.5 - frame.top) / frame.height;
        for column in columns.clone() {
            let across = (column as f32 + 0.5 - frame.left) / frame.width;
            let point = sprite.sample(level, if paint.mirrored { 1.0 - across } else { across }, down);
            let opacity = point.opacity * frame.opacity;
            if opacity > 0.004 {
                let index = row * row_length + column;
                canvas.cover(index, paint.colour(point.shade, point.second), opacity);
                if opacity >= 0.5 {
                    canvas.hide(index);
                }
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

    #[inline]
    fn colour(&self, shade: f32, second: f32) -> Rgb {
        let dark = mix(self.dark[0], self.dark[1], second);
        let bright = mix(self.bright[0], self.bright[1], second);
        mix(self.haze, sum(dark, scale(bright, shade)), self.transmittance)
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
