//! From a camera image to a network's input, in one place for training, driving, replay and saliency.

use burn::tensor::{Device, Tensor, TensorData};
use lane_frame::resize::{Filter, resize_part};
use lane_frame::{RgbImage, Size};

/// Whitened images as one batch, and what is needed to carry a gradient back to pixels.
pub struct Whitened {
    /// `[batch, height, width, 3]`
    pub input: Tensor<4>,
    /// Standard deviation of each image on the [0, 1] scale, as used.
    pub deviations: Vec<f32>,
}

/// Whitens each image over all its pixels and channels: `(x − mean) / max(sd, 1/√n)` (Lechner et al. 2020, Methods).
///
/// # Panics
/// If an image is not of `size`; recordings are cropped and resized where they enter.
pub fn whiten(images: &[&RgbImage], size: Size, device: &Device) -> Whitened {
    let per_image = size.pixels() * 3;
    let mut values = vec![0.0; images.len() * per_image];
    let mut deviations = Vec::with_capacity(images.len());
    for (image, values) in images.iter().zip(values.chunks_exact_mut(per_image)) {
        assert_eq!(image.dimensions(), (size.width, size.height), "the policy takes {size} pixels");
        for (value, byte) in values.iter_mut().zip(image.as_raw()) {
            *value = f32::from(*byte) / 255.0;
        }
        deviations.push(whiten_in_place(values));
    }
    let shape = [images.len(), size.height as usize, size.width as usize, 3];
    Whitened { input: Tensor::from_data(TensorData::new(values, shape), device), deviations }
}

/// Whitens one image given on the [0, 1] scale and returns the standard deviation it divided by.
pub fn whiten_in_place(values: &mut [f32]) -> f32 {
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
fn lane_sum(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0_f64; 16];
    for chunk in values.chunks(16) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(*value));
        }
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
