//! Pictures of another size. The only place that names `fast_image_resize`: its routines are generic, so that every crate
//! that called them would compile all of them anew.

use super::{RgbImage, Size};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// How the pixels that fall on one are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Their mean.
    Box,
    /// A triangle: nearer ones count more. Enlarging, the line between two neighbours.
    Triangle,
}

impl Filter {
    fn algorithm(self) -> ResizeAlg {
        ResizeAlg::Convolution(match self {
            Self::Box => FilterType::Box,
            Self::Triangle => FilterType::Bilinear,
        })
    }
}

/// The part `[left, top, width, height]` of a picture, in pixels, at another size.
///
/// # Panics
/// If the part leaves the picture or is empty.
pub fn resize_part(image: &RgbImage, part: [u32; 4], size: Size, filter: Filter) -> RgbImage {
    let [left, top, width, height] = part;
    let fits = left + width <= image.width() && top + height <= image.height() && width > 0 && height > 0;
    assert!(fits, "{part:?} lies in a picture of {:?}", image.dimensions());
    let mut resized = RgbImage::new(size.width, size.height);
    let options = ResizeOptions::new()
        .crop(f64::from(left), f64::from(top), f64::from(width), f64::from(height))
        .resize_alg(filter.algorithm());
    let source = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw());
    let target = TypedImage::<U8x3>::from_buffer(size.width, size.height, &mut resized);
    match (source, target) {
        (Ok(source), Ok(mut target)) => Resizer::new()
            .resize_typed::<U8x3>(&source, &mut target, &options)
            .unwrap_or_else(|error| unreachable!("the part was checked: {error}")),
        _ => unreachable!("both buffers are whole pictures"),
    }
    resized
}

/// A picture at another size; an empty one is black.
pub fn resize(image: &RgbImage, size: Size, filter: Filter) -> RgbImage {
    let (width, height) = image.dimensions();
    match width.min(height) {
        0 => RgbImage::new(size.width, size.height),
        _ => resize_part(image, [0, 0, width, height], size, filter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> RgbImage {
        RgbImage::from_fn(8, 2, |x, y| image::Rgb([(20 * x + 10 * y) as u8; 3]))
    }

    fn reds(image: &RgbImage) -> Vec<u8> {
        image.pixels().map(|pixel| pixel.0[0]).collect()
    }

    #[test]
    fn a_box_of_pixels_becomes_their_mean() {
        assert_eq!(reds(&resize(&ramp(), Size::new(4, 1), Filter::Box)), [15, 55, 95, 135]);
    }

    #[test]
    fn a_part_at_its_own_size_is_cut_out_as_it_is() {
        let part = resize_part(&ramp(), [2, 1, 3, 1], Size::new(3, 1), Filter::Triangle);
        assert_eq!(reds(&part), [50, 70, 90]);
    }

    #[test]
    fn an_empty_picture_becomes_a_black_one() {
        assert_eq!(reds(&resize(&RgbImage::new(0, 0), Size::new(2, 1), Filter::Triangle)), [0, 0]);
    }
}
