//! From a camera image to a network's input, in one place for training, driving, replay and saliency.

use burn::tensor::{Device, Tensor, TensorData};
use lane_frame::resize::{Filter, resize_part};
use lane_frame::{RgbImage, Size};
use pulp::{Arch, Simd, WithSimd};

/// Whitens each image over all its pixels and channels: `(x − mean) / max(sd, 1/√n)` (Lechner et al. 2020, Methods).
///
/// # Shapes
/// - returns: `[batch, height, width, 3]`
///
/// # Panics
/// If an image is not of `size`; recordings are cropped and resized where they enter.
pub fn whiten(images: &[&RgbImage], size: Size, device: &Device) -> Tensor<4> {
    let (mut values, mut whitened) = (Vec::with_capacity(images.len() * size.pixels() * 3), Vec::new());
    for image in images {
        assert_eq!(image.dimensions(), (size.width, size.height), "the policy takes {size} pixels");
        whiten_into(image.as_raw(), &mut whitened);
        values.extend_from_slice(&whitened);
    }
    let shape = [images.len(), size.height as usize, size.width as usize, 3];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Whitens one image of bytes in the place of what `whitened` held, and returns the standard deviation on the [0, 1] scale
/// that it divided by.
pub(crate) fn whiten_into(bytes: &[u8], whitened: &mut Vec<f32>) -> f32 {
    whitened.resize(bytes.len(), 0.0);
    Arch::new().dispatch(Whiten { bytes, whitened })
}

/// One image, compiled for the instruction set that is there: the same numbers on each.
struct Whiten<'a> {
    bytes: &'a [u8],
    whitened: &'a mut [f32],
}

impl WithSimd for Whiten<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        for (value, byte) in self.whitened.iter_mut().zip(self.bytes) {
            *value = f32::from(*byte) / 255.0;
        }
        whiten_in_place(self.whitened)
    }
}

/// Whitens one image given on the [0, 1] scale and returns the standard deviation it divided by.
#[inline(always)]
pub(crate) fn whiten_in_place(values: &mut [f32]) -> f32 {
    let count = values.len() as f64;
    let mean = lane_sum(values, |value| value) / count;
    let variance = lane_sum(values, |value| (value - mean) * (value - mean)) / count;
    let deviation = variance.sqrt().max(1.0 / count.sqrt());
    let (mean, deviation) = (mean as f32, deviation as f32);
    for value in values.iter_mut() {
        *value = (*value - mean) / deviation;
    }
    deviation
}

/// Sum in sixteen interleaved parts: fixed order, and more exact than one running sum.
#[inline(always)]
fn lane_sum(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0_f64; 16];
    let (chunks, rest) = values.as_chunks::<16>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(*value));
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += term(f64::from(*value));
    }
    lanes.iter().sum()
}

/// Cuts `[left, top, width, height]` out of a recorded picture and resizes it to a policy's input (triangle filter,
/// which averages over the pixels that it merges).
///
/// # Panics
/// If the crop leaves the picture: recordings check their pictures' size.
pub fn fit(image: &RgbImage, crop: [u32; 4], size: Size) -> RgbImage {
    let [_, _, width, height] = crop;
    if (width, height) == image.dimensions() && image.dimensions() == (size.width, size.height) {
        return image.clone();
    }
    resize_part(image, crop, size, Filter::Triangle)
}
