//! Pictures of bare pixels, in the encodings that ROS and Foxglove name (`sensor_msgs/image_encodings.hpp`).

use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvError, YuvPackedImage, YuvRange, YuvStandardMatrix};

use crate::media::picture::check_size;
use lane_frame::{RgbImage, Size};

/// A conversion of samples of which two share a colour.
type FromPacked = fn(&YuvPackedImage<u8>, &mut [u8], u32, YuvRange, YuvStandardMatrix) -> Result<(), YuvError>;

/// A conversion of a plane of brightness and one of colours.
type FromPlanes =
    fn(&YuvBiPlanarImage<u8>, &mut [u8], u32, YuvRange, YuvStandardMatrix, YuvConversionMode) -> Result<(), YuvError>;

/// Size, encoding and pixels of a message.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::formats) struct RawPicture<'a> {
    pub width: u32,
    pub height: u32,
    /// Bytes from one row to the next.
    pub step: u32,
    pub encoding: String,
    pub is_big_endian: bool,
    pub data: &'a [u8],
}

impl RawPicture<'_> {
    pub fn size(&self) -> Result<Size, String> {
        check_size((self.width, self.height))
    }

    /// The picture in colours.
    ///
    /// # Errors
    /// Names an encoding that is none of a camera's colours, and says that pixels are missing.
    pub fn rgb(&self) -> Result<RgbImage, String> {
        let size = self.size()?;
        match self.encoding.to_ascii_lowercase().as_str() {
            "rgb8" => self.pixels(size, 3, |pixel| [pixel[0], pixel[1], pixel[2]]),
            "bgr8" | "8uc3" => self.pixels(size, 3, |pixel| [pixel[2], pixel[1], pixel[0]]),
            "rgba8" => self.pixels(size, 4, |pixel| [pixel[0], pixel[1], pixel[2]]),
            "bgra8" | "8uc4" => self.pixels(size, 4, |pixel| [pixel[2], pixel[1], pixel[0]]),
            "mono8" | "8uc1" => self.pixels(size, 1, |pixel| [pixel[0]; 3]),
            "mono16" => {
                let high = usize::from(!self.is_big_endian);
                self.pixels(size, 2, |pixel| [pixel[high]; 3])
            }
            "yuv422" | "uyvy" => self.packed(size, yuv::uyvy422_to_rgb),
            "yuv422_yuy2" | "yuyv" | "yuy2" => self.packed(size, yuv::yuyv422_to_rgb),
            "nv12" => self.two_planes(size, yuv::yuv_nv12_to_rgb),
            "nv21" => self.two_planes(size, yuv::yuv_nv21_to_rgb),
            bayer if bayer.starts_with("bayer_") && bayer.ends_with('8') => self.bayer(size, bayer),
            other => {
                Err(format!("pixels of the encoding {other:?}, which is none of a colour camera that is read here"))
            }
        }
    }

    fn step_of(&self, row_bytes: usize) -> usize {
        (self.step as usize).max(row_bytes)
    }

    fn row(&self, y: u32, row_bytes: usize) -> Result<&[u8], String> {
        let start = self.step_of(row_bytes).checked_mul(y as usize);
        let row = start.and_then(|start| self.data.get(start..start.checked_add(row_bytes)?));
        row.ok_or_else(|| format!("pixels cut short in row {y} of {}", self.height))
    }

    fn pixels(&self, size: Size, bytes: usize, colour: impl Fn(&[u8]) -> [u8; 3]) -> Result<RgbImage, String> {
        let row_bytes = bytes * size.width as usize;
        // Asked before memory is taken for the picture.
        self.row(size.height - 1, row_bytes)?;
        let mut image = RgbImage::new(size.width, size.height);
        for (y, row) in (0..).zip(image.as_mut().chunks_exact_mut(3 * size.width as usize)) {
            let from = self.row(y, row_bytes)?;
            row.chunks_exact_mut(3)
                .zip(from.chunks_exact(bytes))
                .for_each(|(to, from)| to.copy_from_slice(&colour(from)));
        }
        Ok(image)
    }

    fn packed(&self, size: Size, convert: FromPacked) -> Result<RgbImage, String> {
        let row_bytes = 4 * size.width.div_ceil(2) as usize;
        self.row(size.height - 1, row_bytes)?;
        let mut image = RgbImage::new(size.width, size.height);
        let planes = YuvPackedImage {
            yuy: self.data,
            yuy_stride: self.step_of(row_bytes) as u32,
            width: size.width,
            height: size.height,
        };
        convert(&planes, image.as_mut(), 3 * size.width, YuvRange::Limited, YuvStandardMatrix::Bt601)
            .map_err(|error| error.to_string())?;
        Ok(image)
    }

    fn two_planes(&self, size: Size, convert: FromPlanes) -> Result<RgbImage, String> {
        let stride = self.step_of(size.width as usize);
        let split = stride.checked_mul(size.height as usize).filter(|&split| split <= self.data.len());
        let (y_plane, uv_plane) = self.data.split_at(split.ok_or("pixels cut short in the brightness")?);
        if uv_plane.len() < stride * (size.height as usize).div_ceil(2) {
            return Err("pixels cut short in the colours".to_owned());
        }
        let stride = stride as u32;
        let planes = YuvBiPlanarImage {
            y_plane,
            y_stride: stride,
            uv_plane,
            uv_stride: stride,
            width: size.width,
            height: size.height,
        };
        let mut image = RgbImage::new(size.width, size.height);
        let (range, matrix) = (YuvRange::Limited, YuvStandardMatrix::Bt601);
        convert(&planes, image.as_mut(), 3 * size.width, range, matrix, YuvConversionMode::Balanced)
            .map_err(|error| error.to_string())?;
        Ok(image)
    }

    /// A sensor's mosaic, such as `bayer_rggb8`: each pixel takes the colours of its two by two, which is half as sharp as
    /// a camera makes of it and more than a policy sees.
    fn bayer(&self, size: Size, encoding: &str) -> Result<RgbImage, String> {
        let pattern: Vec<u8> = encoding.trim_start_matches("bayer_").bytes().take(4).collect();
        let place = |colour: u8| pattern.iter().position(|&letter| letter == colour);
        let (Some(red), Some(green), Some(blue)) = (place(b'r'), place(b'g'), place(b'b')) else {
            return Err(format!("pixels of the mosaic {encoding:?}, expected one of r, g, g and b"));
        };
        let row_bytes = size.width as usize;
        self.row(size.height - 1, row_bytes)?;
        let mut image = RgbImage::new(size.width, size.height);
        let last = (size.width as usize - 1, size.height - 1);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let (left, top) = (x as usize & !1, y & !1);
            let sample = |place: usize| {
                let (column, row) = ((left + place % 2).min(last.0), (top + (place / 2) as u32).min(last.1));
                self.row(row, row_bytes).map(|row| row[column])
            };
            pixel.0 = [sample(red)?, sample(green)?, sample(blue)?];
        }
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;

    fn picture<'a>(encoding: &str, [width, height, step]: [u32; 3], data: &'a [u8]) -> RawPicture<'a> {
        RawPicture { width, height, step, encoding: encoding.to_owned(), is_big_endian: false, data }
    }

    fn first(encoding: &str, size: [u32; 3], data: &[u8]) -> [u8; 3] {
        picture(encoding, size, data).rgb().unwrap().get_pixel(0, 0).0
    }

    #[test]
    fn every_encoding_of_a_colour_camera_gives_its_colours() {
        assert_eq!(first("rgb8", [1, 1, 3], &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(first("bgr8", [1, 1, 3], &[1, 2, 3]), [3, 2, 1]);
        assert_eq!(first("rgba8", [1, 1, 4], &[1, 2, 3, 9]), [1, 2, 3]);
        assert_eq!(first("bgra8", [1, 1, 4], &[1, 2, 3, 9]), [3, 2, 1]);
        assert_eq!(first("mono8", [1, 1, 1], &[7]), [7; 3]);
        assert_eq!(first("mono16", [1, 1, 2], &[0, 200]), [200; 3]);
        assert_eq!(first("bayer_grbg8", [2, 2, 2], &[10, 200, 30, 40]), [200, 10, 30]);
        // Brightness 235 without colour is white at limited range.
        assert_eq!(first("yuv422", [2, 1, 4], &[128, 235, 128, 235]), [255; 3]);
        assert_eq!(first("yuv422_yuy2", [2, 1, 4], &[235, 128, 235, 128]), [255; 3]);
        assert_eq!(first("nv12", [2, 2, 2], &[235, 235, 235, 235, 128, 128]), [255; 3]);
    }

    #[test]
    fn rows_may_be_padded_and_missing_pixels_are_refused() {
        let image = picture("mono8", [2, 2, 4], &[1, 2, 0, 0, 3, 4]).rgb().unwrap();
        assert_eq!((image.get_pixel(0, 1).0, image.get_pixel(1, 1).0), ([3; 3], [4; 3]));
        assert!(picture("rgb8", [2, 2, 6], &[0; 11]).rgb().unwrap_err().contains("cut short in row 1 of 2"));
        assert!(picture("32FC1", [1, 1, 4], &[0; 4]).rgb().unwrap_err().contains("32fc1"));
        assert!(picture("rgb8", [u32::MAX, u32::MAX, 0], &[]).rgb().unwrap_err().contains("megapixels"));
    }

    #[test]
    fn broken_pixels_are_survived() {
        for encoding in ["rgb8", "bayer_rggb8", "yuv422", "nv12"] {
            survives_broken_copies(&[4, 4, 16, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], |bytes| {
                let header: Vec<u32> = bytes.iter().take(3).map(|&byte| u32::from(byte)).collect();
                if let [width, height, step] = header[..] {
                    let _ = picture(encoding, [width, height, step], &bytes[3..]).rgb();
                }
            });
        }
    }
}
