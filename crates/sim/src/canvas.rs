//! The picture while it is painted: linear light and mask bits per pixel, and where the camera stands.

use super::chance::hash;
use super::colour::{Rgb, mix};
use super::masks::Masks;
use super::vehicle::CarState;
use lane_frame::Size;
use lane_frame::projection::Projection;

/// Light and flags of one picture, row by row from the top.
pub(super) struct Canvas {
    pub size: Size,
    pub light: Vec<Rgb>,
    pub bits: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(size: Size) -> Self {
        Self { size, light: vec![[0.0; 3]; size.pixels()], bits: vec![0; size.pixels()] }
    }

    /// Lays a colour over a pixel.
    #[inline]
    pub(super) fn cover(&mut self, index: usize, colour: Rgb, opacity: f32) {
        self.light[index] = mix(self.light[index], colour, opacity);
    }

    /// An object hides what was behind it.
    #[inline]
    pub(super) fn hide(&mut self, index: usize) {
        self.bits[index] = Masks::OBJECT;
    }
}

/// Place and projection of the camera.
pub(super) struct View {
    pub projection: Projection,
    /// Camera on the plane.
    pub x: f32,
    pub y: f32,
    /// Unit vector straight ahead.
    pub forward: [f32; 2],
    /// Metres along the road at the camera, roughly.
    pub s: f32,
    /// Differs from control step to control step.
    pub moment: u64,
    /// sin and cos of the camera's roll.
    pub roll: (f32, f32),
}

impl View {
    pub(super) fn new(projection: Projection, car: &CarState, tick: u64) -> Self {
        let (sin, cos) = libm::sincos(car.heading_rad);
        let ahead = f64::from(projection.forward_m);
        Self {
            projection,
            x: (car.x_m + ahead * cos) as f32,
            y: (car.y_m + ahead * sin) as f32,
            forward: [cos as f32, sin as f32],
            s: car.s_m as f32 + projection.forward_m,
            moment: hash(tick),
            roll: libm::sincosf(projection.roll_rad),
        }
    }

    /// Pixels right of straight ahead and below the horizon, seen level.
    #[inline]
    pub(super) fn level(&self, column: usize, row: usize) -> [f32; 2] {
        let across = column as f32 + 0.5 - self.projection.center_px;
        let down = row as f32 + 0.5 - self.projection.horizon_px;
        let (sin, cos) = self.roll;
        [across * cos + down * sin, down * cos - across * sin]
    }

    /// Column and row of a ground point `depth` ahead of the camera and `left` of its axis.
    #[inline]
    pub(super) fn pixel(&self, depth: f32, left: f32) -> Option<[f32; 2]> {
        self.projection.pixel_from_ground(depth + self.projection.forward_m, left)
    }

    /// Place on the plane, `depth` ahead of the camera and `left` of its axis.
    #[inline]
    pub(super) fn place(&self, depth: f32, left: f32) -> [f32; 2] {
        let [cos, sin] = self.forward;
        [self.x + depth * cos - left * sin, self.y + depth * sin + left * cos]
    }

    /// Distance ahead and to the left of a place on the plane.
    #[inline]
    pub(super) fn relative(&self, x: f32, y: f32) -> [f32; 2] {
        let ([cos, sin], dx, dy) = (self.forward, x - self.x, y - self.y);
        [dx * cos + dy * sin, dy * cos - dx * sin]
    }
}
