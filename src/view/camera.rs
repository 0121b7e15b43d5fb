//! One camera picture at screen size with the saliency map over it, as a texture.

use super::colormap::{diverging, inferno};
use egui::{Color32, ColorImage, TextureHandle, TextureOptions};
use lane_driver::moment::Picture;
use lane_frame::Size;
use lane_frame::resize::{Filter, resize};

/// A saliency map ready for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// Size of the map.
    pub size: Size,
    /// Values from 0 to 1, row by row; from -1 to 1 in a map with a sign.
    pub values: Vec<f32>,
    /// True where values have a sign: blue and orange instead of one scale of brightness.
    pub signed: bool,
    /// Opacity of the value 1, from 0 to 1; smaller values are less opaque in proportion.
    pub strength: f32,
}

/// Brightness of the part of a picture that the policy does not see.
const UNSEEN_BRIGHTNESS: f32 = 0.45;

/// The texture of one side's picture, made anew only when what it shows has changed.
#[derive(Default)]
pub struct Camera {
    texture: Option<TextureHandle>,
    shown: Option<Shown>,
}

/// Maps of one policy on screen: the first, and the one beside it.
#[derive(Default)]
pub struct Cameras {
    /// The picture with the first map.
    pub first: Camera,
    /// The picture with the second.
    pub beside: Camera,
}

/// The source of a texture.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    moment: u64,
    size_px: [usize; 2],
    overlay: Option<Overlay>,
}

impl Camera {
    /// The texture for this moment's picture, at exactly this size in pixels.
    pub fn texture(
        &mut self,
        context: &egui::Context,
        moment: u64,
        picture: &Picture,
        overlay: Option<Overlay>,
        size_px: [usize; 2],
    ) -> egui::TextureId {
        let shown = Some(Shown { moment, size_px, overlay });
        if let (Some(texture), true) = (&self.texture, self.shown == shown) {
            return texture.id();
        }
        self.shown = shown;
        let overlay = self.shown.as_ref().and_then(|shown| shown.overlay.as_ref());
        let image = compose(picture, overlay, size_px);
        let texture = self.texture.get_or_insert_with(|| {
            context.load_texture("camera", ColorImage::filled([1, 1], Color32::BLACK), TextureOptions::NEAREST)
        });
        texture.set(image, TextureOptions::NEAREST);
        texture.id()
    }
}

/// Scales the picture and lays the map over the part of it that the policy sees.
fn compose(picture: &Picture, overlay: Option<&Overlay>, size_px: [usize; 2]) -> ColorImage {
    let [width, height] = size_px;
    let scaled = resize(&picture.image, Size::new(width as u32, height as u32), Filter::Triangle);
    let [left, top, right, bottom] = seen_pixels(picture.input, size_px);
    let mut laid = overlay.map(|overlay| Laid::new(overlay, [right - left, bottom - top]));
    let mut pixels = Vec::with_capacity(width * height);
    let unseen = |line: &mut [Color32]| {
        for pixel in line {
            *pixel = pixel.gamma_multiply(UNSEEN_BRIGHTNESS).to_opaque();
        }
    };
    for (y, line) in scaled.as_raw().chunks_exact(3 * width).enumerate() {
        let start = pixels.len();
        pixels.extend(line.chunks_exact(3).map(|pixel| Color32::from_rgb(pixel[0], pixel[1], pixel[2])));
        let line = &mut pixels[start..];
        if (top..bottom).contains(&y) {
            unseen(&mut line[..left]);
            unseen(&mut line[right..]);
            if let Some(laid) = &mut laid {
                laid.lay_over(&mut line[left..right], y - top);
            }
        } else {
            unseen(line);
        }
    }
    ColorImage::new(size_px, pixels)
}

/// A map on its way over a picture: its colours worked out once, and its places between the picture's pixels.
struct Laid<'a> {
    overlay: &'a Overlay,
    columns: Vec<Sample>,
    rows: Vec<Sample>,
    /// The map between two of its rows.
    row: Vec<f32>,
    /// Colours and opacities from 0 to 256 of values from -1 or 0 to 1.
    shades: Vec<[i32; 4]>,
}

impl<'a> Laid<'a> {
    /// Shades for each unit of the scale: neighbours differ by less than a step of 8 bits.
    const SHADES: usize = 512;

    fn new(overlay: &'a Overlay, [width, height]: [usize; 2]) -> Self {
        let shade = |place: usize| {
            let share = place as f32 / Self::SHADES as f32;
            let value = if overlay.signed { share - 1.0 } else { share };
            let [r, g, b] = if overlay.signed { signed_colour(value) } else { inferno(value) };
            [i32::from(r), i32::from(g), i32::from(b), (256.0 * overlay.strength * value.abs()).round() as i32]
        };
        let count = if overlay.signed { 2 * Self::SHADES } else { Self::SHADES };
        Self {
            overlay,
            columns: samples(overlay.size.width as usize, width),
            rows: samples(overlay.size.height as usize, height),
            row: vec![0.0; overlay.size.width as usize],
            shades: (0..=count).map(shade).collect(),
        }
    }

    /// Blends one row of the map over one row of the picture.
    fn lay_over(&mut self, line: &mut [Color32], y: usize) {
        let width = self.overlay.size.width as usize;
        let (above, below, share) = self.rows[y];
        let values = &self.overlay.values;
        let (above, below) = (&values[above * width..][..width], &values[below * width..][..width]);
        for ((value, above), below) in self.row.iter_mut().zip(above).zip(below) {
            *value = above + share * (below - above);
        }
        let (zero, last) = (if self.overlay.signed { Self::SHADES as f32 } else { 0.0 }, self.shades.len() - 1);
        for (pixel, (left, right, across)) in line.iter_mut().zip(&self.columns) {
            let (left, right) = (self.row[*left], self.row[*right]);
            let value = left + across * (right - left);
            let place = value * Self::SHADES as f32 + zero + 0.5;
            let [r, g, b, opacity] = self.shades[(place as usize).min(last)];
            let blend = |under: u8, over: i32| (i32::from(under) + ((opacity * (over - i32::from(under))) >> 8)) as u8;
            *pixel = Color32::from_rgb(blend(pixel.r(), r), blend(pixel.g(), g), blend(pixel.b(), b));
        }
    }
}

/// Blue pushes to the right, orange to the left.
fn signed_colour(value: f32) -> [u8; 3] {
    let [r, g, b, _] = diverging(value.signum(), Color32::BLACK).to_array();
    [r, g, b]
}

/// The place of a pixel of the screen between two of the map's: their numbers, and how far it is from the first.
type Sample = (usize, usize, f32);

/// The places of all pixels of the screen along one axis.
fn samples(from: usize, to: usize) -> Vec<Sample> {
    let places = (0..to).map(|i| {
        let place = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, (from - 1) as f32);
        let below = place as usize;
        (below, (below + 1).min(from - 1), place - below as f32)
    });
    places.collect()
}

/// The policy's part of a picture of this size, as `[left, top, right, bottom]` in pixels.
fn seen_pixels(input: [f32; 4], [width, height]: [usize; 2]) -> [usize; 4] {
    let pixels = |fraction: f32, size: usize| (fraction.clamp(0.0, 1.0) * size as f32).round() as usize;
    let [left, top] = [pixels(input[0], width), pixels(input[1], height)];
    [left, top, pixels(input[2], width).max(left), pixels(input[3], height).max(top)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock;

    #[test]
    fn an_empty_map_leaves_the_picture_as_it_is() {
        let picture = mock::picture(0.0, [0.0, 0.0, 1.0, 1.0]);
        let nothing = Overlay { size: Size::new(4, 2), values: vec![0.0; 8], signed: false, strength: 1.0 };
        let plain = compose(&picture, None, [100, 40]);
        assert_eq!(plain, compose(&picture, Some(&nothing), [100, 40]));
        let full = Overlay { values: vec![1.0; 8], ..nothing };
        assert_eq!(compose(&picture, Some(&full), [100, 40]).pixels[0], Color32::from_rgb(252, 255, 164));
    }

    #[test]
    fn a_signed_map_is_orange_where_it_pushes_left_and_blue_where_it_pushes_right() {
        let picture = mock::picture(0.0, [0.0, 0.0, 1.0, 1.0]);
        let colour = |value: f32| {
            let map = Overlay { size: Size::new(4, 2), values: vec![value; 8], signed: true, strength: 1.0 };
            compose(&picture, Some(&map), [100, 40]).pixels[0]
        };
        let (left, right) = (colour(1.0), colour(-1.0));
        assert!(left.r() > left.b() && right.b() > right.r(), "{left:?} {right:?}");
        assert_eq!(colour(0.0), compose(&picture, None, [100, 40]).pixels[0]);
    }

    #[test]
    fn the_map_covers_the_policys_part_only_and_the_rest_is_darker() {
        let picture = mock::picture(0.0, [0.0, 0.5, 1.0, 1.0]);
        let full = Overlay { size: Size::new(4, 2), values: vec![1.0; 8], signed: false, strength: 1.0 };
        let image = compose(&picture, Some(&full), [50, 20]);
        assert_eq!(image.pixels[10 * 50], Color32::from_rgb(252, 255, 164));
        let whole = compose(&mock::picture(0.0, [0.0, 0.0, 1.0, 1.0]), None, [50, 20]);
        assert!(image.pixels[0].r() < whole.pixels[0].r());
    }
}
