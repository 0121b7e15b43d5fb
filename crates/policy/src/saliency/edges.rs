//! The picture's own edges: a map that knows no policy, to be compared with those that do.

use super::map::SaliencyMap;
use lane_frame::{RgbImage, Size};

/// Strength of the edges of a picture's brightness by Sobel's operator, 0 at the picture's border.
pub fn edges(image: &RgbImage) -> SaliencyMap {
    let size = Size::new(image.width(), image.height());
    let grey: Vec<f32> = image
        .pixels()
        .map(|pixel| 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]))
        .collect();
    let (width, height) = (size.width as usize, size.height as usize);
    let mut values = vec![0.0; grey.len()];
    for row in 1..height.saturating_sub(1) {
        for column in 1..width.saturating_sub(1) {
            let at = |down: usize, right: usize| grey[(row + down - 1) * width + column + right - 1];
            let across = at(0, 2) + 2.0 * at(1, 2) + at(2, 2) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0);
            let down = at(2, 0) + 2.0 * at(2, 1) + at(2, 2) - at(0, 0) - 2.0 * at(0, 1) - at(0, 2);
            values[row * width + column] = (across * across + down * down).sqrt();
        }
    }
    SaliencyMap { size, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_where_the_brightness_changes() {
        let image = RgbImage::from_fn(80, 10, |x, _| image::Rgb([if x < 40 { 0 } else { 100 }; 3]));
        for (i, value) in edges(&image).values.iter().enumerate() {
            let (column, row) = (i % 80, i / 80);
            // 1 + 2 + 1 times the step, on both sides of it; no value at the picture's border.
            let expected = if (39..=40).contains(&column) && (1..9).contains(&row) { 400.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-3, "{column}, {row}: {value}");
        }
    }
}
