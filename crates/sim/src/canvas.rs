//! The picture while it is painted: linear light and mask bits per pixel, and where the camera stands.

use super::chance::hash;
use super::colour::{Rgb, mix};
use super::lanes::{BLOCK, Lanes, any, lanes};
use super::vehicle::CarState;
use lane_frame::Size;
use lane_frame::projection::Projection;

/// Light and flags of one picture, row by row from the top. A row is padded to whole blocks, and has all its red before
/// its green and its blue.
pub(super) struct Canvas {
    pub size: Size,
    /// Pixels of a row with its padding.
    stride: usize,
    light: Vec<f32>,
    bits: Vec<u8>,
}

/// One row of a canvas, padding included.
pub(super) struct CanvasRow<'a> {
    /// Red, green and blue.
    pub light: [&'a mut [f32]; 3],
    pub bits: &'a mut [u8],
}

impl Canvas {
    pub(super) fn new(size: Size) -> Self {
        let stride = (size.width as usize).next_multiple_of(BLOCK);
        let pixels = stride * size.height as usize;
        Self { size, stride, light: vec![0.0; 3 * pixels], bits: vec![0; pixels] }
    }

    /// Pixels of a row with its padding, a multiple of [`BLOCK`].
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Red, green and blue of all rows one after the other, [`Canvas::stride`] numbers each.
    pub(super) fn light(&mut self) -> &mut [f32] {
        &mut self.light
    }

    /// A row from the top.
    #[inline(always)]
    pub(super) fn row(&mut self, row: usize) -> CanvasRow<'_> {
        let stride = self.stride;
        let (red, rest) = self.light[3 * stride * row..3 * stride * (row + 1)].split_at_mut(stride);
        let (green, blue) = rest.split_at_mut(stride);
        CanvasRow { light: [red, green, blue], bits: &mut self.bits[stride * row..stride * (row + 1)] }
    }

    /// Puts light and flags in the place of those of a block of a row, where they are `seen`.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        row: usize,
        block: usize,
        seen: &[bool; BLOCK],
        light: &[Lanes; 3],
        bits: &[u8; BLOCK],
    ) {
        let CanvasRow { light: planes, bits: flags } = self.row(row);
        let whole = !any(|i| !seen[i]);
        for (plane, light) in planes.into_iter().zip(light) {
            if let Some(plane) = plane.as_chunks_mut().0.get_mut(block) {
                *plane = if whole { *light } else { lanes(|i| if seen[i] { light[i] } else { plane[i] }) };
            }
        }
        if let Some(flags) = flags.as_chunks_mut().0.get_mut(block) {
            *flags = if whole { *bits } else { lanes(|i| if seen[i] { bits[i] } else { flags[i] }) };
        }
    }

    /// Lays a colour over a pixel.
    #[inline]
    pub(super) fn cover(&mut self, column: usize, row: usize, colour: Rgb, opacity: f32) {
        let CanvasRow { light: [red, green, blue], .. } = self.row(row);
        let covered = mix([red[column], green[column], blue[column]], colour, opacity);
        [red[column], green[column], blue[column]] = covered;
    }

    /// Puts the flags of all pixels, without the padding, in the place of what `bits` held.
    pub(super) fn copy_bits(&self, bits: &mut Vec<u8>) {
        bits.clear();
        self.bits.chunks_exact(self.stride).for_each(|row| bits.extend_from_slice(&row[..self.size.width as usize]));
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
    #[inline(always)]
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
    #[inline(always)]
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
