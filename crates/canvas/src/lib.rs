//! egui's meshes, painted into a buffer in memory by one thread.
//!
//! An interface with plots and wires is thousands of long thin triangles, a few pixels in each of their rows: what counts is
//! the cost of a row, not that of a pixel. So a triangle is walked along its edges, and all else has a way of its own:
//! rectangles, text and pictures that lie on whole pixels are rows to fill, blend or copy.
//!
//! Rules, as in egui's other renderers: colours are premultiplied and multiplied and blended as they are stored (in gamma
//! space); a pixel belongs to a shape that holds its centre, and where two shapes share an edge, to one of them.

use egui::epaint::{ClippedPrimitive, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, Mesh, Pos2, Rect, TextureFilter, TextureId, TexturesDelta, Vec2};
use egui::{pos2, vec2};
use pulp::{Arch, NullaryFnOnce};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A pixel as 8-bit RGBA, premultiplied.
pub type Pixel = [u8; 4];

/// Paints meshes; holds the textures that they name.
#[derive(Default)]
pub struct Painter {
    textures: HashMap<TextureId, Texture>,
}

impl Painter {
    /// Paints a frame over rows of this width in pixels, without clearing them first. Callbacks are left out: nothing here makes them.
    pub fn paint(
        &mut self,
        pixels: &mut [Pixel],
        width: usize,
        frame: &[ClippedPrimitive],
        textures: &TexturesDelta,
        pixels_per_point: f32,
    ) {
        for (id, delta) in &textures.set {
            let ImageData::Color(image) = &delta.image;
            match delta.pos {
                None => drop(self.textures.insert(*id, Texture::new(image.clone(), delta.options.magnification))),
                Some(corner) => {
                    if let Some(texture) = self.textures.get_mut(id) {
                        texture.overwrite(corner, image);
                    }
                }
            }
        }
        let arch = Arch::new();
        for ClippedPrimitive { clip_rect, primitive } in frame {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            let canvas = Canvas::new(pixels, width, *clip_rect * pixels_per_point);
            arch.dispatch(Paint { canvas, texture, mesh, pixels_per_point });
        }
        for id in &textures.free {
            self.textures.remove(id);
        }
    }
}

struct Texture {
    image: Arc<ColorImage>,
    filter: TextureFilter,
    /// True if every pixel is.
    opaque: bool,
}

impl Texture {
    fn new(image: Arc<ColorImage>, filter: TextureFilter) -> Self {
        let opaque = image.pixels.iter().all(Color32::is_opaque);
        Self { image, filter, opaque }
    }

    /// Puts a smaller picture in its place.
    fn overwrite(&mut self, [left, top]: [usize; 2], part: &ColorImage) {
        let image = Arc::make_mut(&mut self.image);
        let width = image.size[0];
        for (row, line) in part.pixels.chunks_exact(part.size[0].max(1)).enumerate() {
            if let Some(place) =
                image.pixels.get_mut((top + row) * width + left..).and_then(|all| all.get_mut(..line.len()))
            {
                place.copy_from_slice(line);
            }
        }
        self.opaque &= part.pixels.iter().all(Color32::is_opaque);
    }

    #[inline(always)]
    fn size(&self) -> Vec2 {
        vec2(self.image.size[0] as f32, self.image.size[1] as f32)
    }

    /// The pixel of this column and row; of those beyond the edge, the edge's.
    #[inline(always)]
    fn texel(&self, x: i32, y: i32) -> Pixel {
        let [width, height] = self.image.size;
        let (x, y) = (x.clamp(0, width as i32 - 1) as usize, y.clamp(0, height as i32 - 1) as usize);
        self.image.pixels[y * width + x].to_array()
    }

    /// The colour at this place in its pixels.
    #[inline(always)]
    fn sample(&self, place: Pos2) -> Pixel {
        match self.filter {
            TextureFilter::Nearest => self.texel(floor(place.x), floor(place.y)),
            TextureFilter::Linear => {
                let (x, y) = (floor(place.x - 0.5), floor(place.y - 0.5));
                let (across, down) = (place.x - 0.5 - x as f32, place.y - 0.5 - y as f32);
                let [above_left, above] = [self.texel(x, y), self.texel(x + 1, y)];
                let [left, here] = [self.texel(x, y + 1), self.texel(x + 1, y + 1)];
                std::array::from_fn(|channel| {
                    let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
                    let [a, b, c, d] = [above_left, above, left, here].map(|pixel| f32::from(pixel[channel]));
                    (mix(mix(a, b, across), mix(c, d, across), down) + 0.5) as u8
                })
            }
        }
    }

    /// The rows `[first, …]` of this many columns and rows, if they lie in the picture.
    #[inline(always)]
    fn rows(&self, corner: [i32; 2], size: [usize; 2]) -> Option<impl Iterator<Item = &[Color32]>> {
        let [left, top] = corner.map(|place| usize::try_from(place).ok());
        let ([width, height], (left, top)) = (self.image.size, (left?, top?));
        (left + size[0] <= width && top + size[1] <= height)
            .then(|| self.image.pixels[top * width..].chunks(width).map(move |row| &row[left..left + size[0]]))
    }
}

/// A mesh on its way to a canvas. All that is called for each row or pixel must be inlined here, for the compiler to use the
/// instructions of the processor at hand.
struct Paint<'a> {
    canvas: Canvas<'a>,
    texture: &'a Texture,
    mesh: &'a Mesh,
    pixels_per_point: f32,
}

impl NullaryFnOnce for Paint<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        if self.canvas.columns.is_empty() || self.canvas.rows.is_empty() {
            return;
        }
        let corner = |index: u32| {
            let vertex = self.mesh.vertices.get(index as usize)?;
            Some(Vertex { pos: scaled(vertex.pos, Vec2::splat(self.pixels_per_point)), ..*vertex })
        };
        let triangle = |indices: &[u32]| Some([corner(indices[0])?, corner(indices[1])?, corner(indices[2])?]);
        let mut triangles = self.mesh.indices.chunks_exact(3).filter_map(triangle).peekable();
        while let Some(triangle) = triangles.next() {
            match triangles.peek().and_then(|next| Quad::of(&triangle, next)) {
                Some(quad) => {
                    self.canvas.paint_quad(self.texture, &quad);
                    triangles.next();
                }
                None => self.canvas.paint_triangle(self.texture, &triangle),
            }
        }
    }
}

/// A part of a buffer, in pixels.
struct Canvas<'a> {
    pixels: &'a mut [Pixel],
    width: usize,
    columns: Range<i32>,
    rows: Range<i32>,
}

impl<'a> Canvas<'a> {
    fn new(pixels: &'a mut [Pixel], width: usize, clip: Rect) -> Self {
        let height = pixels.len() / width.max(1);
        let within = |from: f32, to: f32, size: usize| {
            let end = |place: f32| (place.round() as i32).clamp(0, size as i32);
            end(from)..end(to)
        };
        let columns = within(clip.min.x, clip.max.x, width);
        Self { pixels, width, columns, rows: within(clip.min.y, clip.max.y, height) }
    }

    /// The part of a row of the buffer between two columns.
    #[inline(always)]
    fn row(&mut self, y: i32, columns: Range<i32>) -> &mut [Pixel] {
        let start = y as usize * self.width;
        &mut self.pixels[start + columns.start as usize..start + columns.end as usize]
    }

    #[inline(always)]
    fn paint_quad(&mut self, texture: &Texture, quad: &Quad) {
        let columns = overlap(columns(quad.place.left(), quad.place.right()), &self.columns);
        let rows = overlap(rows(quad.place.top(), quad.place.bottom()), &self.rows);
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let tint = quad.colour.to_array();
        if quad.texture.is_negative() || quad.texture.area() == 0.0 {
            let colour = multiply(texture.sample(scaled(quad.texture.min, texture.size())), tint);
            rows.for_each(|y| fill(self.row(y, columns.clone()), colour));
            return;
        }
        let step = quad.texture.size() * texture.size() / quad.place.size();
        let at = |x: i32, y: i32| {
            let inside = pos2(x as f32 + 0.5, y as f32 + 0.5) - quad.place.min;
            scaled(quad.texture.min, texture.size()) + inside * step
        };
        // Pixel by pixel, if the first and the last lie on the middle of one of the texture's.
        let (first, last) = (at(columns.start, rows.start), at(columns.end - 1, rows.end - 1));
        let corner = [floor(first.x), floor(first.y)];
        let size = [columns.len(), rows.len()];
        let off = |place: Pos2, corner: [i32; 2]| {
            (place - pos2(corner[0] as f32 + 0.5, corner[1] as f32 + 0.5)).abs().max_elem()
        };
        let end = [corner[0] + size[0] as i32 - 1, corner[1] + size[1] as i32 - 1];
        let aligned = off(first, corner) < 0.1 && off(last, end) < 0.1;
        if let Some(lines) = aligned.then(|| texture.rows(corner, size)).flatten() {
            for (y, line) in rows.zip(lines) {
                let row = self.row(y, columns.clone());
                if tint == [255; 4] && texture.opaque {
                    row.iter_mut().zip(line).for_each(|(pixel, texel)| *pixel = texel.to_array());
                } else {
                    row.iter_mut().zip(line).for_each(|(pixel, texel)| {
                        if *texel != Color32::TRANSPARENT {
                            blend(pixel, multiply(texel.to_array(), tint));
                        }
                    });
                }
            }
            return;
        }
        for y in rows {
            let row = self.row(y, columns.clone());
            for (pixel, x) in row.iter_mut().zip(columns.clone()) {
                blend(pixel, multiply(texture.sample(at(x, y)), tint));
            }
        }
    }

    #[inline(always)]
    fn paint_triangle(&mut self, texture: &Texture, triangle: &[Vertex; 3]) {
        let [a, b, c] = triangle;
        let one_place = a.uv == b.uv && a.uv == c.uv;
        let one_colour = a.color == b.color && a.color == c.color;
        let texel = if one_place { texture.sample(scaled(a.uv, texture.size())) } else { [255; 4] };
        let scan = Scan::of(triangle.map(|vertex| vertex.pos));
        if one_place && one_colour {
            let colour = multiply(a.color.to_array(), texel);
            for y in overlap(scan.rows(), &self.rows) {
                let columns = overlap(scan.columns(y), &self.columns);
                if !columns.is_empty() {
                    fill(self.row(y, columns), colour);
                }
            }
            return;
        }
        let Some(plane) = Plane::through([a.pos, b.pos, c.pos]) else { return };
        let tints = Shades::of(&plane, triangle.map(|vertex| multiply(vertex.color.to_array(), texel)));
        if one_place {
            for y in overlap(scan.rows(), &self.rows) {
                let columns = overlap(scan.columns(y), &self.columns);
                if !columns.is_empty() {
                    let mut tint = tints.at(columns.start, y);
                    for pixel in self.row(y, columns) {
                        blend(pixel, tint.map(whole));
                        tint = tints.next(tint);
                    }
                }
            }
            return;
        }
        let places = plane.gradient(triangle.map(|vertex| scaled(vertex.uv, texture.size()).into()));
        for y in overlap(scan.rows(), &self.rows) {
            let columns = overlap(scan.columns(y), &self.columns);
            if !columns.is_empty() {
                let (mut tint, mut place) = (tints.at(columns.start, y), places.at(columns.start, y));
                for pixel in self.row(y, columns) {
                    blend(pixel, multiply(tint.map(whole), texture.sample(place.into())));
                    tint = tints.next(tint);
                    place = std::array::from_fn(|i| place[i] + places.right[i]);
                }
            }
        }
    }
}

/// The outline of a triangle, walked row by row.
struct Scan {
    top: Pos2,
    middle: Pos2,
    bottom: Pos2,
    /// Columns for each row along the edges from top to bottom, from top to middle and from middle to bottom.
    slopes: [f32; 3],
}

impl Scan {
    #[inline(always)]
    fn of(mut corners: [Pos2; 3]) -> Self {
        // From one end of an edge to the other always in the same direction: neighbours then agree to the bit on where it is.
        for (first, second) in [(0, 1), (1, 2), (0, 1)] {
            let [a, b] = [corners[first], corners[second]];
            if (b.y, b.x) < (a.y, a.x) {
                corners.swap(first, second);
            }
        }
        let [top, middle, bottom] = corners;
        let slope = |from: Pos2, to: Pos2| (to.x - from.x) / (to.y - from.y);
        Self { top, middle, bottom, slopes: [slope(top, bottom), slope(top, middle), slope(middle, bottom)] }
    }

    #[inline(always)]
    fn rows(&self) -> Range<i32> {
        rows(self.top.y, self.bottom.y)
    }

    #[inline(always)]
    fn columns(&self, y: i32) -> Range<i32> {
        let Self { top, middle, slopes: [whole, upper, lower], .. } = self;
        let centre = y as f32 + 0.5;
        let long = top.x + (centre - top.y) * whole;
        let short =
            if centre < middle.y { top.x + (centre - top.y) * upper } else { middle.x + (centre - middle.y) * lower };
        columns(long.min(short), long.max(short))
    }
}

/// A rectangle along the axes that two triangles form, of one colour.
struct Quad {
    place: Rect,
    /// The part of the texture, in its coordinates from 0 to 1.
    texture: Rect,
    colour: Color32,
}

impl Quad {
    #[inline(always)]
    fn of(first: &[Vertex; 3], second: &[Vertex; 3]) -> Option<Self> {
        let colour = first[0].color;
        if first.iter().chain(second).any(|vertex| vertex.color != colour) {
            return None;
        }
        let place = Rect::from_points(&first.map(|vertex| vertex.pos));
        // The number of the corner that a vertex is on.
        let corner = |vertex: &Vertex| {
            let side = |at: f32, min: f32, max: f32| if at == min { Some(0) } else { (at == max).then_some(1) };
            let (x, y) = (side(vertex.pos.x, place.min.x, place.max.x)?, side(vertex.pos.y, place.min.y, place.max.y)?);
            Some(2 * y + x)
        };
        let mut places = [None; 4];
        let mut missing = [0, 0];
        for (triangle, missing) in [first, second].into_iter().zip(&mut missing) {
            let mut seen = [false; 4];
            for vertex in triangle {
                let corner: usize = corner(vertex)?;
                if places[corner].is_some_and(|uv| uv != vertex.uv) || seen[corner] {
                    return None;
                }
                (seen[corner], places[corner]) = (true, Some(vertex.uv));
            }
            *missing = seen.iter().position(|seen| !seen)?;
        }
        let [min, right, below, max] = [places[0]?, places[1]?, places[2]?, places[3]?];
        // Each triangle leaves out the corner that faces the other.
        let halves = missing[0] + missing[1] == 3;
        let upright = right == pos2(max.x, min.y) && below == pos2(min.x, max.y);
        (halves && upright && place.is_positive()).then_some(Self { place, texture: Rect { min, max }, colour })
    }
}

/// The plane of a triangle, over which values at its corners vary.
struct Plane {
    corners: [Pos2; 3],
    area: f32,
}

impl Plane {
    #[inline(always)]
    fn through(corners: [Pos2; 3]) -> Option<Self> {
        let [a, b, c] = corners;
        let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        (area.abs() > 1e-6).then_some(Self { corners, area })
    }

    #[inline(always)]
    fn gradient<const N: usize>(&self, values: [[f32; N]; 3]) -> Gradient<N> {
        let [a, b, c] = self.corners;
        let [first, second, third] = values;
        let differences = |i: usize| (second[i] - first[i], third[i] - first[i]);
        Gradient {
            from: a,
            value: first,
            right: std::array::from_fn(|i| {
                let (b_value, c_value) = differences(i);
                (b_value * (c.y - a.y) - c_value * (b.y - a.y)) / self.area
            }),
            down: std::array::from_fn(|i| {
                let (b_value, c_value) = differences(i);
                (c_value * (b.x - a.x) - b_value * (c.x - a.x)) / self.area
            }),
        }
    }
}

/// Values that vary evenly.
struct Gradient<const N: usize> {
    from: Pos2,
    value: [f32; N],
    right: [f32; N],
    down: [f32; N],
}

impl<const N: usize> Gradient<N> {
    /// The values at the middle of this pixel.
    #[inline(always)]
    fn at(&self, x: i32, y: i32) -> [f32; N] {
        let offset = pos2(x as f32 + 0.5, y as f32 + 0.5) - self.from;
        std::array::from_fn(|i| self.value[i] + offset.x * self.right[i] + offset.y * self.down[i])
    }
}

/// Colours that vary evenly, in steps of 1/65536 of a level: enough for a triangle as wide as a screen.
struct Shades {
    from: [i32; 2],
    value: [i32; 4],
    right: [i32; 4],
    down: [i32; 4],
}

impl Shades {
    /// From the colours at the corners of a triangle. One so thin that the steps from pixel to pixel would not fit is of
    /// one colour.
    #[inline(always)]
    fn of(plane: &Plane, corners: [Pixel; 3]) -> Self {
        let Gradient { right, down, .. } = plane.gradient(corners.map(|colour| colour.map(f32::from)));
        let thin = right.iter().chain(&down).any(|step| step.abs() > 8192.0);
        let unit = if thin { 0.0 } else { UNIT };
        let from = plane.corners[0];
        let pixel = [floor(from.x), floor(from.y)];
        let offset = pos2(pixel[0] as f32 + 0.5, pixel[1] as f32 + 0.5) - from;
        Self {
            from: pixel,
            // Half a level for `whole` to round.
            value: std::array::from_fn(|i| {
                (UNIT * (f32::from(corners[0][i]) + 0.5) + unit * (offset.x * right[i] + offset.y * down[i])) as i32
            }),
            right: right.map(|step| (step * unit) as i32),
            down: down.map(|step| (step * unit) as i32),
        }
    }

    #[inline(always)]
    fn at(&self, x: i32, y: i32) -> [i32; 4] {
        let [across, down] = [x - self.from[0], y - self.from[1]];
        std::array::from_fn(|i| {
            self.value[i].wrapping_add(self.right[i].wrapping_mul(across)).wrapping_add(self.down[i].wrapping_mul(down))
        })
    }

    /// The colour of the pixel to the right.
    #[inline(always)]
    fn next(&self, colour: [i32; 4]) -> [i32; 4] {
        std::array::from_fn(|i| colour[i].wrapping_add(self.right[i]))
    }
}

/// A place in larger or smaller units.
#[inline(always)]
fn scaled(place: Pos2, by: Vec2) -> Pos2 {
    (place.to_vec2() * by).to_pos2()
}

/// Of a level of a colour, as a whole number.
const UNIT: f32 = 65536.0;

/// The level from 0 to 255. Rounding could lead beyond these, in thin triangles far.
#[inline(always)]
fn whole(fixed: i32) -> u8 {
    (fixed >> 16).clamp(0, 255) as u8
}

/// The rows whose middles lie from here to before there. Exactly: edges that are nearly level lead far beyond their ends.
#[inline(always)]
fn rows(from: f32, to: f32) -> Range<i32> {
    let first = |edge: f32| -floor(0.5 - edge);
    first(from)..first(to)
}

/// The columns whose middles lie from here to before there.
#[inline(always)]
fn columns(from: f32, to: f32) -> Range<i32> {
    first_from(from)..first_from(to)
}

/// The first pixel whose middle lies at this place or beyond; up to 1/1024 before it counts as at it.
///
/// A number of this size added leaves no room for what is behind the point, and the processor rounds to the next: one
/// addition, where a cast would be five instructions, for each end of each row.
#[inline(always)]
fn first_from(edge: f32) -> i32 {
    const ROUNDS: f32 = 12_582_912.0;
    let edge = if edge > -4e6 { edge } else { -4e6 };
    ((edge - 1.0 / 1024.0) + ROUNDS).to_bits().wrapping_sub(ROUNDS.to_bits()) as i32
}

#[inline(always)]
fn overlap(a: Range<i32>, b: &Range<i32>) -> Range<i32> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// The next whole number at or below. Without a call: `f32::floor` is one on processors before SSE 4.1.
#[inline(always)]
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    whole - i32::from(value < whole as f32)
}

/// A product of two numbers from 0 to 255 that stand for 0 to 1, as rounded.
#[inline(always)]
fn product(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

#[inline(always)]
fn multiply(a: Pixel, b: Pixel) -> Pixel {
    std::array::from_fn(|i| product(a[i], b[i]))
}

/// Lays a colour over a pixel.
#[inline(always)]
fn blend(pixel: &mut Pixel, colour: Pixel) {
    let through = 255 - colour[3];
    *pixel = std::array::from_fn(|i| colour[i].saturating_add(product(pixel[i], through)));
}

#[inline(always)]
fn fill(row: &mut [Pixel], colour: Pixel) {
    match colour {
        [_, _, _, 255] => row.fill(colour),
        [0, 0, 0, 0] => (),
        _ => row.iter_mut().for_each(|pixel| blend(pixel, colour)),
    }
}

#[cfg(test)]
mod tests;
