//! Lossy compression: compressed and opened again, colour at half the resolution (4:2:0), as is usual. Blocks have 8 pixels at
//! any size of the picture.

use super::grid::Grid;
use super::{Corrupt, Moment};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage};
use lane_frame::RgbImage;

pub(super) struct Jpeg {
    /// 1 to 100.
    quality: u8,
}

impl Corrupt for Jpeg {
    const SEVERITIES: [Self; 5] =
        [Self { quality: 65 }, Self { quality: 58 }, Self { quality: 50 }, Self { quality: 40 }, Self { quality: 25 }];

    /// The encoder has colour at full resolution only. Planes of brightness and colour are compressed one by one, so each is
    /// given a picture of its own: brightness as one of greys, colour as one of half the size whose brightness is even.
    fn corrupt(&self, image: &mut RgbImage, _: &mut Moment) {
        let pixels = Grid::from_image(image).pixels.iter().map(|rgb| planes(*rgb)).collect();
        let whole = Grid { width: image.width() as usize, height: image.height() as usize, pixels };
        let grey = GrayImage::from_fn(image.width(), image.height(), |x, y| {
            image::Luma([byte(whole.pixels[y as usize * whole.width + x as usize][0])])
        });
        let halved = halved(&whole);
        let mut colour = RgbImage::new(halved.width as u32, halved.height as u32);
        let pixels = halved.pixels.iter().map(|[_, blue, red]| rgb([GREY, *blue, *red])).collect();
        Grid { pixels, ..halved }.write(&mut colour);
        // Writing to memory and reading it back do not fail; if they did, the picture would be whole.
        let (Some(grey), Some(colour)) = (self.opened(&grey.into()), self.opened(&colour.into())) else { return };
        let (grey, colour) = (grey.into_luma8(), Grid::from_image(&colour.into_rgb8()));
        let opened = Grid::new(whole.width, whole.height, |x, y| {
            let [_, blue, red] = planes(colour.at(x as f32 / 2.0 - 0.25, y as f32 / 2.0 - 0.25));
            rgb([f32::from(grey.get_pixel(x as u32, y as u32)[0]) / 255.0, blue, red])
        });
        opened.write(image);
    }
}

impl Jpeg {
    fn opened(&self, image: &DynamicImage) -> Option<DynamicImage> {
        let mut bytes = Vec::new();
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, self.quality)).ok()?;
        image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).ok()
    }
}

/// A middle grey.
const GREY: f32 = 0.5;

/// Brightness, and how far blue and red are from it, about 0 (JFIF, after ITU-R BT.601).
fn planes([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    [brightness, (blue - brightness) / 1.772, (red - brightness) / 1.402]
}

/// The colour of a pixel's planes.
fn rgb([brightness, blue, red]: [f32; 3]) -> [f32; 3] {
    let green = brightness - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587;
    [brightness + 1.402 * red, green, brightness + 1.772 * blue]
}

fn byte(value: f32) -> u8 {
    // Saturating cast: it clips.
    (255.0 * value + 0.5) as u8
}

/// Means of two by two pixels; beyond the border, the border goes on.
fn halved(planes: &Grid<3>) -> Grid<3> {
    let (width, height) = (planes.width, planes.height);
    Grid::new(width.div_ceil(2), height.div_ceil(2), |x, y| {
        let at =
            |dx: usize, dy: usize| planes.pixels[(2 * y + dy).min(height - 1) * width + (2 * x + dx).min(width - 1)];
        let four = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
        std::array::from_fn(|c| four.iter().map(|pixel| pixel[c]).sum::<f32>() / 4.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_that_of_its_planes() {
        for colour in [[0.1, 0.5, 0.9], [1.0, 0.0, 0.0], [0.3; 3]] {
            let back = rgb(planes(colour));
            assert!(back.iter().zip(colour).all(|(a, b)| (a - b).abs() < 1e-6), "{back:?} of {colour:?}");
        }
    }

    #[test]
    fn colour_has_half_the_resolution_and_brightness_all_of_it() {
        let stripes = |odd: [u8; 3], even: [u8; 3]| {
            let mut image = RgbImage::from_fn(16, 16, |x, _| image::Rgb(if x % 2 == 0 { even } else { odd }));
            Jpeg { quality: 100 }.corrupt(&mut image, &mut Moment::of_test());
            image.get_pixel(8, 8)[0].abs_diff(image.get_pixel(9, 8)[0])
        };
        // A red and a cyan of the same brightness to the eye become one grey; light and dark stay apart.
        assert!(stripes([178, 64, 64], [64, 112, 112]) < 12, "{}", stripes([178, 64, 64], [64, 112, 112]));
        assert!(stripes([40; 3], [200; 3]) > 150);
    }
}
