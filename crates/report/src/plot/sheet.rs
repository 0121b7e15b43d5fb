//! Small pictures in a grid under headings, as one PNG.

use super::colour::Colour;
use super::raster;
use super::svg::{Side, Svg, Type};
use image::RgbImage;
use std::io::Cursor;

/// Size of a picture's place on the sheet, in pixels; pictures keep their shape and are enlarged to fit it.
const CELL: [u32; 2] = [240, 96];

/// Room between pictures, for a heading, and for the name of a row, in pixels.
const GAP: u32 = 6;
const HEADING: u32 = 27;
const NAME: u32 = 24;

const TEXT_SIZE: f64 = 16.5;

/// Rows of small pictures, each with its name above it.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    headings: Vec<String>,
    rows: Vec<(String, Vec<RgbImage>)>,
}

impl Sheet {
    /// A sheet with a column under each heading.
    pub fn new<Heading: Into<String>>(headings: impl IntoIterator<Item = Heading>) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row of pictures, from left to right.
    pub fn row(mut self, name: impl Into<String>, pictures: Vec<RgbImage>) -> Self {
        self.rows.push((name.into(), pictures));
        self
    }

    /// The sheet as PNG.
    ///
    /// # Errors
    /// When it is too large to be drawn.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let columns = self.rows.iter().map(|(_, pictures)| pictures.len()).chain([self.headings.len()]);
        let width = GAP + columns.max().unwrap_or(0) as u32 * (CELL[0] + GAP);
        let height = HEADING + self.rows.len() as u32 * (NAME + CELL[1] + GAP);
        let mut sheet = RgbImage::from_pixel(width, height, image::Rgb(Colour::PAPER.rgb));
        for (number, (_, pictures)) in self.rows.iter().enumerate() {
            for (column, picture) in pictures.iter().enumerate() {
                let top = row_top(number) + NAME;
                image::imageops::replace(&mut sheet, &fitted(picture), column_left(column).into(), top.into());
            }
        }
        let mut bytes = Cursor::new(Vec::new());
        raster::over(&sheet, &self.words([width, height]))?.write_to(&mut bytes, image::ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }

    /// All text, as SVG.
    fn words(&self, size: [u32; 2]) -> String {
        let mut svg = Svg::default();
        let mut write = |[left, top]: [u32; 2], height: u32, text: &str| {
            let place = [f64::from(left), f64::from(top) + f64::from(height) / 2.0];
            svg.text(text, place, Type::level(TEXT_SIZE, Side::Left), Colour::INK);
        };
        for (column, heading) in self.headings.iter().enumerate() {
            write([column_left(column), 0], HEADING, heading);
        }
        for (number, (name, _)) in self.rows.iter().enumerate() {
            write([GAP, row_top(number)], NAME, name);
        }
        svg.document(size.map(f64::from))
    }
}

fn column_left(column: usize) -> u32 {
    GAP + column as u32 * (CELL[0] + GAP)
}

/// Where the name of a row begins.
fn row_top(row: usize) -> u32 {
    HEADING + row as u32 * (NAME + CELL[1] + GAP)
}

/// As large as fits into a cell.
fn fitted(picture: &RgbImage) -> RgbImage {
    let scale = (CELL[0] as f32 / picture.width() as f32).min(CELL[1] as f32 / picture.height() as f32);
    let scaled = |pixels: u32| ((pixels as f32 * scale).round() as u32).max(1);
    image::imageops::resize(
        picture,
        scaled(picture.width()),
        scaled(picture.height()),
        image::imageops::FilterType::Triangle,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_in_their_places_and_words_are_written() {
        let red = RgbImage::from_pixel(120, 48, image::Rgb([200, 0, 0]));
        let blue = RgbImage::from_pixel(200, 78, image::Rgb([0, 0, 200]));
        let sheet = Sheet::new(["frame", "a < b & c"]).row("ncp-1", vec![red, blue]);
        let drawn = image::load_from_memory(&sheet.png().unwrap()).unwrap().to_rgb8();
        assert_eq!(drawn.dimensions(), (GAP + 2 * (240 + GAP), HEADING + NAME + 96 + GAP));
        let middle = HEADING + NAME + 48;
        assert_eq!(drawn.get_pixel(GAP + 120, middle).0, [200, 0, 0]);
        assert_eq!(drawn.get_pixel(2 * GAP + 240 + 120, middle).0, [0, 0, 200]);
        let ink = |rows: std::ops::Range<u32>| {
            rows.flat_map(|y| (0..400).map(move |x| (x, y))).filter(|(x, y)| drawn.get_pixel(*x, *y)[0] < 200).count()
        };
        assert!(ink(0..HEADING) > 20 && ink(HEADING..HEADING + NAME) > 20);
        assert_eq!(sheet.png().unwrap(), sheet.png().unwrap());
    }

    #[test]
    fn an_empty_sheet_can_be_drawn() {
        assert!(Sheet::default().png().is_ok());
    }
}
