//! Faults of exposure, geometry and compression.

use super::constants::Elastic;
use super::grid::Grid;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Raises the value of hue, saturation, value; hue and saturation stay.
pub(super) fn brightness(image: &mut RgbImage, raised_by: f32) {
    let mut picture = Grid::of(image);
    for pixel in &mut picture.pixels {
        let value = pixel.iter().copied().fold(0.0, f32::max);
        let raised = (value + raised_by).min(1.0);
        // Black has no hue; it turns grey.
        *pixel = if value > 0.0 { pixel.map(|channel| channel * raised / value) } else { [raised; 3] };
    }
    picture.write(image);
}

/// Draws every channel towards its mean; `left` is what is left of the difference.
pub(super) fn contrast(image: &mut RgbImage, left: f32) {
    let mut picture = Grid::of(image);
    let count = picture.pixels.len() as f32;
    let mean: [f32; 3] = std::array::from_fn(|c| picture.pixels.iter().map(|pixel| pixel[c]).sum::<f32>() / count);
    for pixel in &mut picture.pixels {
        *pixel = std::array::from_fn(|c| mean[c] + left * (pixel[c] - mean[c]));
    }
    picture.write(image);
}

/// Reads every pixel from beside its place: where an affine map that moves three corners of the middle third says, and
/// smoothed noise besides (Simard, Steinkraus and Platt 2003).
pub(super) fn elastic(image: &mut RgbImage, elastic: Elastic, rng: &mut ChaCha8Rng) {
    let picture = Grid::of(image);
    let corners: [[f32; 2]; 3] =
        std::array::from_fn(|_| std::array::from_fn(|_| rng.random_range(-elastic.corner_px..=elastic.corner_px)));
    let waves = waves(&picture, elastic, rng);
    let side = 2.0 * (picture.width.min(picture.height) as f32 / 3.0).max(1.0);
    let middle = [(picture.width - 1) as f32 / 2.0, (picture.height - 1) as f32 / 2.0];
    // The corners are (+, +), (+, -) and (-, -) from the middle.
    let [far, right, near] = corners;
    let shift = |axis: usize, x: f32, y: f32| {
        let moved = (far[axis] + near[axis]) / 2.0;
        moved + (x - middle[0]) * (right[axis] - near[axis]) / side + (y - middle[1]) * (far[axis] - right[axis]) / side
    };
    let stretched = Grid::new(picture.width, picture.height, |column, row| {
        let (x, y) = (column as f32, row as f32);
        let wave = waves.pixels[row * picture.width + column];
        picture.at(x + shift(0, x, y) + wave[0], y + shift(1, x, y) + wave[1])
    });
    stretched.write(image);
}

/// Smooth displacements across and down whose root mean square is the one asked for.
fn waves(picture: &Grid<3>, elastic: Elastic, rng: &mut ChaCha8Rng) -> Grid<2> {
    let noise = Grid::new(picture.width, picture.height, |_, _| [(); 2].map(|()| rng.random_range(-1.0..=1.0_f32)));
    let mut waves = noise.blurred(elastic.wave_sd_px);
    let squares: f32 = waves.pixels.iter().flatten().map(|value| value * value).sum();
    let rms = (squares / (2 * waves.pixels.len()) as f32).sqrt();
    waves.pixels.iter_mut().flatten().for_each(|value| *value *= elastic.wave_px / rms.max(f32::MIN_POSITIVE));
    waves
}

/// Makes every pixel the mean of a block of this side.
pub(super) fn pixelate(image: &mut RgbImage, block_px: f32) {
    let (width, height) = image.dimensions();
    let blocks = |side: u32| ((side as f32 / block_px) as u32).clamp(1, side);
    let (across, down) = (blocks(width), blocks(height));
    let mut small = Image::new(across, down, PixelType::U8x3);
    let Ok(full) = ImageRef::new(width, height, image.as_raw(), PixelType::U8x3) else { return };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box));
    if Resizer::new().resize(&full, &mut small, &options).is_err() {
        return;
    }
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let block = |place: u32, blocks: u32, side: u32| (2 * place + 1) * blocks / (2 * side);
        let index = 3 * (block(y, down, height) * across + block(x, across, width)) as usize;
        pixel.0.copy_from_slice(&small.buffer()[index..index + 3]);
    }
}

/// Compressed at a quality of 1 to 100 and opened again. Blocks have 8 pixels at any size of the picture.
pub(super) fn jpeg(image: &mut RgbImage, quality: u8) {
    let mut bytes = Vec::new();
    // Writing to memory and reading it back do not fail; if they did, the picture would be whole.
    if JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).is_ok()
        && let Ok(opened) = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
    {
        *image = opened.into_rgb8();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn brightness_keeps_hue_and_saturation() {
        let mut image = RgbImage::from_pixel(1, 1, Rgb([100, 50, 0]));
        brightness(&mut image, 0.2);
        // colorsys.rgb_to_hsv(100, 50, 0) = 1/12, 1, 100; value 151 gives 151, 75.5, 0.
        assert_eq!(image.get_pixel(0, 0).0, [151, 76, 0]);
        let mut black = RgbImage::new(1, 1);
        brightness(&mut black, 0.2);
        assert_eq!(black.get_pixel(0, 0).0, [51; 3]);
    }

    #[test]
    fn contrast_keeps_the_mean() {
        let mut image = RgbImage::from_fn(2, 1, |x, _| Rgb([x as u8 * 200, 60, 10]));
        contrast(&mut image, 0.4);
        assert_eq!(image.as_raw()[..], [60, 60, 10, 140, 60, 10]);
    }

    #[test]
    fn pixels_of_a_block_share_their_mean() {
        let mut image = RgbImage::from_fn(4, 2, |x, y| Rgb([(40 * x + 20 * y) as u8; 3]));
        pixelate(&mut image, 2.0);
        let reds: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(reds, [30, 30, 110, 110, 30, 30, 110, 110]);
    }

    #[test]
    fn a_picture_that_nothing_stretches_stays() {
        let before = RgbImage::from_fn(30, 20, |x, y| Rgb([(x * 8) as u8, (y * 12) as u8, 7]));
        let mut image = before.clone();
        let rng = &mut lane_frame::random::stream(1, lane_frame::random::Purpose::Corruption, 0);
        elastic(&mut image, Elastic { corner_px: 0.0, wave_px: 0.0, wave_sd_px: 2.0 }, rng);
        assert_eq!(image, before);
    }
}
