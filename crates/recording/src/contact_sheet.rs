//! Frames of a recording as one picture: small pictures in a grid, each with the path of its steering on the road and a
//! bar below. A wrong sign or unit shows at a glance: the path leaves the road where it bends.

use crate::CameraView;
use image::imageops::{self, FilterType};
use lane_frame::{RgbImage, Size, Steering};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

/// Most pictures side by side.
pub const COLUMNS: usize = 5;

const CELL_WIDTH: u32 = 384;

/// Pixels around each picture.
const MARGIN: u32 = 4;

/// Pixels of the steering bar below each picture.
const BAR_HEIGHT: u32 = 12;

/// How far ahead the path is drawn, in m.
const REACH_M: f32 = 30.0;

/// Half the width of the path, in m: half a car.
const HALF_WIDTH_M: f32 = 0.85;

/// A smaller largest curvature fills no bar, in 1/m: a circle of 200 m is almost straight on.
const LEAST_FULL_BAR: f32 = 0.005;

const BACKGROUND: [u8; 3] = [24, 24, 28];
const LEFT: [u8; 3] = [70, 150, 255];
const RIGHT: [u8; 3] = [255, 150, 40];
const STRAIGHT: [u8; 3] = [230, 230, 230];

/// One picture of the sheet.
pub struct Cell {
    /// The picture and how the ground appears in it; `None` where it cannot be used.
    pub picture: Option<(RgbImage, CameraView)>,
    /// What is drawn on it, the later above the earlier.
    pub paths: Vec<Path>,
}

/// A steering to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// Where it leads.
    pub steering: Steering,
    /// Red, green and blue.
    pub colour: [u8; 3],
}

impl Path {
    /// Blue to the left, orange to the right, white straight on.
    pub fn by_side(steering: Steering) -> Self {
        let colour = match steering.0 {
            curvature if curvature > 0.0 => LEFT,
            curvature if curvature < 0.0 => RIGHT,
            _ => STRAIGHT,
        };
        Self { steering, colour }
    }
}

/// Draws the cells from left to right and from top to bottom.
pub fn draw(cells: &[Cell], picture_size: Size) -> RgbImage {
    let cell_height = (CELL_WIDTH * picture_size.height).div_ceil(picture_size.width).clamp(1, 2 * CELL_WIDTH);
    let (across, down) = (CELL_WIDTH + 2 * MARGIN, cell_height + BAR_HEIGHT + 2 * MARGIN);
    // Rows of nearly the same length: a few pictures leave no dark field.
    let rows = cells.len().div_ceil(COLUMNS).max(1);
    let columns = cells.len().div_ceil(rows).max(1);
    let mut sheet = RgbImage::from_pixel(across * columns as u32, down * rows as u32, image::Rgb(BACKGROUND));
    let full_bar = cells.iter().flat_map(|cell| &cell.paths).map(|path| path.steering.0.abs());
    let full_bar = full_bar.fold(LEAST_FULL_BAR, f32::max);
    for (number, cell) in cells.iter().enumerate() {
        let (column, row) = ((number % columns) as u32, (number / columns) as u32);
        let (left, top) = (column * across + MARGIN, row * down + MARGIN);
        if let Some(drawn) = cell.draw(cell_height) {
            imageops::replace(&mut sheet, &drawn, left.into(), top.into());
        }
        let bar_height = (BAR_HEIGHT - 2) / (cell.paths.len() as u32).max(1);
        for (path, number) in cell.paths.iter().zip(0..) {
            let top = top + cell_height + 2 + number * bar_height;
            draw_bar(&mut sheet, [left, top], bar_height, path, full_bar);
        }
    }
    sheet
}

/// A bar from the middle to the side that the car steers to, the fuller the sharper.
fn draw_bar(sheet: &mut RgbImage, [left, top]: [u32; 2], height: u32, path: &Path, full: f32) {
    let (half, steering) = (CELL_WIDTH / 2, path.steering);
    let length = ((steering.0.abs() / full).min(1.0) * (half - 1) as f32).round() as u32;
    let start = if steering.0 > 0.0 { half - 1 - length } else { half - 1 };
    let colour = image::Rgb(path.colour);
    for row in top..top + height {
        (left + start..=left + start + length + 1).for_each(|column| sheet.put_pixel(column, row, colour));
    }
}

impl Cell {
    /// The picture, scaled, with its path; `None` where it cannot be used.
    fn draw(&self, height: u32) -> Option<RgbImage> {
        let (image, view) = self.picture.as_ref()?;
        let scale = (CELL_WIDTH as f32 / image.width() as f32).min(height as f32 / image.height() as f32);
        let scaled = |pixels: u32| ((pixels as f32 * scale) as u32).max(1);
        let small = imageops::resize(image, scaled(image.width()), scaled(image.height()), FilterType::Triangle);
        let mut canvas = canvas(&small)?;
        draw_crop(&mut canvas, view.crop, scale);
        self.paths.iter().for_each(|path| draw_path(&mut canvas, view, path, scale));
        Some(picture(&canvas))
    }
}

/// The part that policies see, as a thin frame.
fn draw_crop(canvas: &mut Pixmap, crop: [u32; 4], scale: f32) {
    let [left, top, width, height] = crop.map(|pixels| pixels as f32 * scale);
    if let Some(rect) = Rect::from_xywh(left, top, width, height) {
        let stroke = Stroke { width: 1.0, ..Stroke::default() };
        let frame = PathBuilder::from_rect(rect);
        canvas.stroke_path(&frame, &paint([255; 3], 110), &stroke, Transform::identity(), None);
    }
}

/// A ribbon as wide as a car, from the nearest visible ground on.
fn draw_path(canvas: &mut Pixmap, view: &CameraView, path: &Path, scale: f32) {
    let edge = |lateral_m| view.projection.path_in_picture(path.steering, lateral_m, REACH_M);
    let (left, right) = (edge(HALF_WIDTH_M), edge(-HALF_WIDTH_M));
    let mut outline = PathBuilder::new();
    for (number, [column, row]) in left.into_iter().chain(right.into_iter().rev()).enumerate() {
        let (x, y) = (column * scale, row * scale);
        if number == 0 { outline.move_to(x, y) } else { outline.line_to(x, y) }
    }
    outline.close();
    let Some(outline) = outline.finish() else { return };
    let colour = path.colour;
    canvas.fill_path(&outline, &paint(colour, 70), FillRule::Winding, Transform::identity(), None);
    let stroke = Stroke { width: 2.0, ..Stroke::default() };
    canvas.stroke_path(&outline, &paint(colour, 255), &stroke, Transform::identity(), None);
}

fn paint([red, green, blue]: [u8; 3], alpha: u8) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(red, green, blue, alpha));
    paint
}

fn canvas(image: &RgbImage) -> Option<Pixmap> {
    let mut canvas = Pixmap::new(image.width(), image.height())?;
    for (to, [red, green, blue]) in canvas.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(image.as_chunks::<3>().0) {
        *to = [*red, *green, *blue, u8::MAX];
    }
    Some(canvas)
}

/// An opaque canvas has the same values with and without its alpha.
fn picture(canvas: &Pixmap) -> RgbImage {
    let mut image = RgbImage::new(canvas.width(), canvas.height());
    for (to, [red, green, blue, _]) in image.as_chunks_mut::<3>().0.iter_mut().zip(canvas.data().as_chunks::<4>().0) {
        *to = [*red, *green, *blue];
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::projection::Projection;

    const VIEW: CameraView = CameraView {
        crop: [0, 0, 200, 80],
        projection: Projection {
            focal_px: 119.2,
            center_px: 100.0,
            horizon_px: 24.0,
            height_m: 1.4,
            forward_m: 1.3,
            roll_rad: 0.0,
        },
    };

    /// Mean column of the pixels that are of one colour, in the upper half of the path.
    fn mean_column(sheet: &RgbImage, [red, green, blue]: [u8; 3]) -> f32 {
        let is_near = |a: u8, b: u8| a.abs_diff(b) < 30;
        let pixels = sheet.enumerate_pixels().filter(|(_, row, pixel)| {
            *row < 100 && is_near(pixel[0], red) && is_near(pixel[1], green) && is_near(pixel[2], blue)
        });
        let columns: Vec<f32> = pixels.map(|(column, _, _)| column as f32).collect();
        assert!(columns.len() > 20, "the path is drawn");
        columns.iter().sum::<f32>() / columns.len() as f32
    }

    fn sheet(curvature: f32) -> RgbImage {
        let picture = Some((RgbImage::new(200, 80), VIEW));
        draw(&[Cell { picture, paths: vec![Path::by_side(Steering(curvature))] }], Size::new(200, 80))
    }

    #[test]
    fn a_path_to_the_left_is_drawn_on_the_left_in_its_colour() {
        let middle = (MARGIN + CELL_WIDTH / 2) as f32;
        assert!(mean_column(&sheet(0.05), LEFT) < middle - 10.0);
        assert!(mean_column(&sheet(-0.05), RIGHT) > middle + 10.0);
        assert!((mean_column(&sheet(0.0), STRAIGHT) - middle).abs() < 2.0, "symmetrical but for rounding");
    }

    #[test]
    fn the_bar_points_to_the_side_that_the_car_steers_to() {
        let row = MARGIN + 154 + 4;
        let left = sheet(0.05);
        assert_eq!(left.get_pixel(MARGIN + 5, row).0, LEFT, "the sharpest of the sheet fills its half");
        assert_eq!(left.get_pixel(MARGIN + CELL_WIDTH - 5, row).0, BACKGROUND);
        assert_eq!(sheet(-0.05).get_pixel(MARGIN + CELL_WIDTH - 5, row).0, RIGHT);
    }

    #[test]
    fn pictures_that_cannot_be_used_and_strange_shapes_leave_their_place_dark() {
        let cells: Vec<Cell> = (0..7).map(|_| Cell { picture: None, paths: vec![] }).collect();
        let sheet = draw(&cells, Size::new(480, 640));
        assert_eq!(sheet.dimensions(), (4 * 392, 2 * (512 + 12 + 8)));
        assert!(sheet.pixels().all(|pixel| pixel.0 == BACKGROUND));
        let picture = Some((RgbImage::new(1, 3000), VIEW));
        let thin = Cell { picture, paths: vec![Path::by_side(Steering(0.1))] };
        assert!(draw(&[thin], Size::new(200, 80)).height() < 200);
    }

    #[test]
    fn two_paths_have_a_bar_each_in_their_own_colour() {
        let path = |curvature, colour| Path { steering: Steering(curvature), colour };
        let paths = vec![path(0.05, [9, 200, 9]), path(-0.05, [200, 9, 200])];
        let sheet = draw(&[Cell { picture: Some((RgbImage::new(200, 80), VIEW)), paths }], Size::new(200, 80));
        assert_eq!(sheet.get_pixel(MARGIN + 5, MARGIN + 154 + 4).0, [9, 200, 9]);
        assert_eq!(sheet.get_pixel(MARGIN + CELL_WIDTH - 5, MARGIN + 154 + 9).0, [200, 9, 200]);
    }
}
