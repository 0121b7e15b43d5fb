//! Frames of a recording as one picture: small pictures in a grid, each with the path of its steering on the road and a
//! bar below. A wrong sign or unit shows at a glance: the path leaves the road where it bends.

use super::colour::Colour;
use super::raster;
use super::svg::{Pen, Point, Svg};
use image::imageops::{self, FilterType};
use lane_frame::projection::Projection;
use lane_frame::{RgbImage, Size, Steering};

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
    /// The picture; `None` where it cannot be used.
    pub photo: Option<Photo>,
    /// What is drawn on it, the later above the earlier.
    pub paths: Vec<Path>,
}

/// A picture, and how the ground appears in it.
pub struct Photo {
    /// The picture.
    pub image: RgbImage,
    /// Left, top, width and height of the part that policies see, in its pixels.
    pub crop: [u32; 4],
    /// Projection of the ground into the whole picture.
    pub projection: Projection,
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

/// Draws the cells from left to right and from top to bottom, each as if its picture had `picture_size`.
///
/// # Errors
/// When the sheet is too large to be drawn.
pub fn draw(cells: &[Cell], picture_size: Size) -> anyhow::Result<RgbImage> {
    let cell_height = (CELL_WIDTH * picture_size.height).div_ceil(picture_size.width).clamp(1, 2 * CELL_WIDTH);
    let (across, down) = (CELL_WIDTH + 2 * MARGIN, cell_height + BAR_HEIGHT + 2 * MARGIN);
    // Rows of nearly the same length: a few pictures leave no dark field.
    let rows = cells.len().div_ceil(COLUMNS).max(1);
    let columns = cells.len().div_ceil(rows).max(1);
    let mut sheet = RgbImage::from_pixel(across * columns as u32, down * rows as u32, image::Rgb(BACKGROUND));
    let full_bar = cells.iter().flat_map(|cell| &cell.paths).map(|path| path.steering.0.abs());
    let full_bar = full_bar.fold(LEAST_FULL_BAR, f32::max);
    let mut svg = Svg::default();
    for (number, cell) in cells.iter().enumerate() {
        let (column, row) = ((number % columns) as u32, (number / columns) as u32);
        let (left, top) = (column * across + MARGIN, row * down + MARGIN);
        if let Some(photo) = &cell.photo {
            let (small, marks) = cell.draw(photo, cell_height);
            imageops::replace(&mut sheet, &small, left.into(), top.into());
            svg.window([left, top].map(f64::from), [small.width(), small.height()].map(f64::from), &marks);
        }
        let bar_height = (BAR_HEIGHT - 2) / (cell.paths.len() as u32).max(1);
        for (path, number) in cell.paths.iter().zip(0..) {
            let top = top + cell_height + 2 + number * bar_height;
            draw_bar(&mut svg, [left, top], bar_height, path, full_bar);
        }
    }
    let size = [sheet.width(), sheet.height()].map(f64::from);
    raster::over(&sheet, &svg.document(size))
}

/// A bar from the middle to the side that the car steers to, the fuller the sharper.
fn draw_bar(svg: &mut Svg, [left, top]: [u32; 2], height: u32, path: &Path, full: f32) {
    let (half, steering) = (CELL_WIDTH / 2, path.steering);
    let length = ((steering.0.abs() / full).min(1.0) * (half - 1) as f32).round() as u32;
    let start = left + if steering.0 > 0.0 { half - 1 - length } else { half - 1 };
    let corners = [[start, top], [start + length + 2, top + height]];
    svg.rectangle(corners.map(|corner| corner.map(f64::from)), Colour { rgb: path.colour });
}

impl Cell {
    /// The picture, scaled, and what is drawn on it.
    fn draw(&self, photo: &Photo, height: u32) -> (RgbImage, Svg) {
        let image = &photo.image;
        let scale = (CELL_WIDTH as f32 / image.width() as f32).min(height as f32 / image.height() as f32);
        let scaled = |pixels: u32| ((pixels as f32 * scale) as u32).max(1);
        let small = imageops::resize(image, scaled(image.width()), scaled(image.height()), FilterType::Triangle);
        let mut svg = Svg::default();
        draw_crop(&mut svg, photo.crop, f64::from(scale));
        self.paths.iter().for_each(|path| draw_path(&mut svg, &photo.projection, path, scale));
        (small, svg)
    }
}

/// The part that policies see, as a thin frame.
fn draw_crop(svg: &mut Svg, crop: [u32; 4], scale: f64) {
    let [left, top, width, height] = crop.map(|pixels| f64::from(pixels) * scale);
    let (right, bottom) = (left + width, top + height);
    let frame = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
    svg.line(&frame, Pen { opacity: 0.43, ..Pen::solid(Colour::PAPER, 1.0) });
}

/// A ribbon as wide as a car, from the nearest visible ground on.
fn draw_path(svg: &mut Svg, projection: &Projection, path: &Path, scale: f32) {
    let edge = |lateral_m| projection.path_in_picture(path.steering, lateral_m, REACH_M);
    let (left, right) = (edge(HALF_WIDTH_M), edge(-HALF_WIDTH_M));
    let points = left.into_iter().chain(right.into_iter().rev());
    let mut outline: Vec<Point> = points.map(|point| point.map(|pixels| f64::from(pixels * scale))).collect();
    let colour = Colour { rgb: path.colour };
    svg.polygon(&outline, colour, 0.27);
    outline.extend(outline.first().copied());
    svg.line(&outline, Pen::solid(colour, 2.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(width: u32, height: u32) -> Photo {
        let projection = Projection {
            focal_px: 119.2,
            center_px: 100.0,
            horizon_px: 24.0,
            height_m: 1.4,
            forward_m: 1.3,
            roll_rad: 0.0,
        };
        Photo { image: RgbImage::new(width, height), crop: [0, 0, 200, 80], projection }
    }

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
        let cell = Cell { photo: Some(photo(200, 80)), paths: vec![Path::by_side(Steering(curvature))] };
        draw(&[cell], Size::new(200, 80)).unwrap()
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
        let cells: Vec<Cell> = (0..7).map(|_| Cell { photo: None, paths: vec![] }).collect();
        let sheet = draw(&cells, Size::new(480, 640)).unwrap();
        assert_eq!(sheet.dimensions(), (4 * 392, 2 * (512 + 12 + 8)));
        assert!(sheet.pixels().all(|pixel| pixel.0 == BACKGROUND));
        let thin = Cell { photo: Some(photo(1, 3000)), paths: vec![Path::by_side(Steering(0.1))] };
        assert!(draw(&[thin], Size::new(200, 80)).unwrap().height() < 200);
    }

    #[test]
    fn two_paths_have_a_bar_each_in_their_own_colour() {
        let path = |curvature, colour| Path { steering: Steering(curvature), colour };
        let paths = vec![path(0.05, [9, 200, 9]), path(-0.05, [200, 9, 200])];
        let sheet = draw(&[Cell { photo: Some(photo(200, 80)), paths }], Size::new(200, 80)).unwrap();
        assert_eq!(sheet.get_pixel(MARGIN + 5, MARGIN + 154 + 4).0, [9, 200, 9]);
        assert_eq!(sheet.get_pixel(MARGIN + CELL_WIDTH - 5, MARGIN + 154 + 9).0, [200, 9, 200]);
    }
}
