//! Randomized input sampling for explanation (RISE, Petsiuk et al. 2018): how the steering changes as a place goes from
//! hidden to seen, over pictures of which random masks hide half. The paper weighs masks by the score of a class; steering
//! has two directions, so here it is the slope of a line through mask and steering.

use super::map::SignedMap;
use super::plane::Plane;
use super::{BATCH, Cost, Procedure, Situation};
use crate::CURVATURE_PER_OUTPUT;
use crate::conv_op::has_kernels;
use burn::tensor::{Tensor, TensorData};
use lane_frame::random::{Purpose, stream};
use lane_frame::{RgbImage, Size};
use rand_distr::{Bernoulli, Distribution as _, Uniform};
use rayon::prelude::*;

/// The method.
pub(super) const RISE: Procedure =
    Procedure { name: "RISE", short: "RISE", cost: Cost::Slow, map: |situation| rise(situation).into() };

/// Masks of a map: half of them random, and what each of those leaves. The paper takes 4,000 for a class among a thousand;
/// these leave about a tenth of the largest value as noise.
pub const MASKS: usize = 256;

/// The side of a mask's cells is the picture's height divided by this, as that of the squares of occlusion.
const CELLS_PER_HEIGHT: usize = 4;

/// Every frame meets the same masks, so that two maps differ because the frames do.
const SEED: u64 = 2018;

/// The map of one frame in 1/m, by masks that leave the picture's mean brightness, a whitened 0, where they hide.
/// Positive: what is there pushes left.
pub fn rise(situation: &Situation<'_>) -> SignedMap {
    let steer = |masks: &[Vec<f32>]| {
        let output = situation.outputs(last_maps(situation, masks));
        Some(output.into_iter().map(|output| CURVATURE_PER_OUTPUT * output).collect())
    };
    let size = situation.policy.input_size();
    slopes(size, steer).unwrap_or_else(|| unreachable!("a policy steers on every picture"))
}

/// The last feature maps of the picture behind each of some masks, `[batch, rows, columns, filters]`.
fn last_maps(situation: &Situation<'_>, masks: &[Vec<f32>]) -> Tensor<4> {
    let (seen, Size { width, height }) = (situation.seen, situation.policy.input_size());
    if !has_kernels(situation.device) {
        let masks = TensorData::new(masks.concat(), [masks.len(), height as usize, width as usize, 1]);
        let masked = situation.input() * Tensor::from_data(masks, situation.device);
        let maps = situation.policy.encode(masked).pop();
        return maps.unwrap_or_else(|| unreachable!("an encoder has layers"));
    }
    let last = masks.par_iter().map(|mask| {
        let mut pass = seen.spare_pass();
        let rows = seen.whitened().chunks_exact(3 * width as usize).zip(mask.chunks_exact(width as usize));
        for (row, (whitened, mask)) in pass.image_rows_mut().zip(rows) {
            for (pixel, (whitened, seen)) in row.chunks_exact_mut(3).zip(whitened.chunks_exact(3).zip(mask)) {
                pixel.iter_mut().zip(whitened).for_each(|(value, whitened)| *value = whitened * seen);
            }
        }
        pass.run();
        let last = pass.last().to_vec();
        seen.keep_spare([pass]);
        last
    });
    let last: Vec<Vec<f32>> = last.collect();
    let [rows, columns, filters] = seen.last_shape();
    Tensor::from_data(TensorData::new(last.concat(), [masks.len(), rows, columns, filters]), situation.device)
}

/// The same of a policy that is asked from outside: what is hidden is grey at the picture's mean brightness. `steer` says
/// the curvature in 1/m for each of some pictures; nothing where it cannot say.
pub fn rise_from_outside(
    image: &RgbImage,
    mut steer: impl FnMut(&[RgbImage]) -> Option<Vec<f32>>,
) -> Option<SignedMap> {
    let bytes = image.as_raw();
    let grey = bytes.iter().map(|byte| f32::from(*byte)).sum::<f32>() / bytes.len().max(1) as f32;
    let masked = |mask: &Vec<f32>| {
        let mut masked = image.clone();
        for (pixel, seen) in masked.pixels_mut().zip(mask) {
            pixel.0 = pixel.0.map(|byte| (grey + seen * (f32::from(byte) - grey)).round() as u8);
        }
        masked
    };
    let size = Size { width: image.width(), height: image.height() };
    slopes(size, |masks| steer(&masks.iter().map(masked).collect::<Vec<_>>()))
}

/// The slope of the steering by how much of a pixel is seen, 0 to 1, for each pixel.
fn slopes(size: Size, mut steer: impl FnMut(&[Vec<f32>]) -> Option<Vec<f32>>) -> Option<SignedMap> {
    let (mut products, mut squares) = (vec![0.0; size.pixels()], vec![0.0; size.pixels()]);
    for first in (0..MASKS).step_by(BATCH) {
        let pairs = (first / 2..(first + BATCH).min(MASKS) / 2).map(|number| mask(size, number as u64));
        let masks: Vec<Vec<f32>> =
            pairs.flat_map(|mask| [mask.iter().map(|seen| 1.0 - seen).collect(), mask]).collect();
        let steerings = steer(&masks)?;
        for (pair, steerings) in masks.chunks_exact(2).zip(steerings.chunks_exact(2)) {
            // Over both of a pair the mean of a mask is a half everywhere.
            let difference = steerings[1] - steerings[0];
            for ((product, square), seen) in products.iter_mut().zip(&mut squares).zip(&pair[1]) {
                *product += difference * (seen - 0.5);
                *square += 2.0 * (seen - 0.5) * (seen - 0.5);
            }
        }
    }
    let values = products.iter().zip(&squares).map(|(product, square): (&f32, &f32)| product / square.max(1e-6));
    Some(SignedMap { size, values: values.collect() })
}

/// How much of each pixel a mask shows: cells that do or do not, each as likely, with ways between their middles, moved by
/// less than a cell.
fn mask(size: Size, number: u64) -> Vec<f32> {
    let mut random = stream(SEED, Purpose::Probe, number);
    let (width, height) = (size.width as usize, size.height as usize);
    let cell = (height / CELLS_PER_HEIGHT).max(1);
    let (columns, rows) = (width.div_ceil(cell) + 1, height.div_ceil(cell) + 1);
    let is_seen = Bernoulli::new(0.5).unwrap_or_else(|_| unreachable!("a half is a chance"));
    let values = is_seen.sample_iter(&mut random).take(columns * rows).map(|seen| f32::from(u8::from(seen)));
    let large = Plane { height: rows, width: columns, values: values.collect() }.enlarged(rows * cell, columns * cell);
    let within = Uniform::new(0, cell).unwrap_or_else(|_| unreachable!("a cell has a pixel"));
    let [down, across] = [within.sample(&mut random), within.sample(&mut random)];
    let line = |row: usize| large.values[(down + row) * large.width + across..][..width].to_vec();
    (0..height).flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_a_half_on_average_and_another_one_other_places() {
        let size = Size::new(40, 16);
        let masks: Vec<_> = (0..64).map(|number| mask(size, number)).collect();
        assert!(masks.iter().flatten().all(|seen| (0.0..=1.0).contains(seen)));
        let mean = masks.iter().flatten().sum::<f32>() / (64 * size.pixels()) as f32;
        // 64 masks of some 55 cells: a standard error of 0.01.
        assert!((mean - 0.5).abs() < 0.04, "{mean}");
        assert_ne!(masks[0], masks[1]);
        assert_eq!(masks[0], mask(size, 0));
    }

    #[test]
    fn the_place_that_steers_stands_out_with_the_side_to_which_it_steers() {
        // It steers to the right by the brightness of one pixel.
        let steer = |pictures: &[RgbImage]| {
            Some(pictures.iter().map(|picture| -f32::from(picture[(10, 5)].0[0]) / 255.0).collect::<Vec<f32>>())
        };
        let mut image = RgbImage::new(80, 32);
        image.put_pixel(10, 5, image::Rgb([255; 3]));
        let map = rise_from_outside(&image, steer).unwrap();
        let at = map.values[5 * 80 + 10];
        // Brightness 1 less the mean of nothing, and the noise of 256 masks.
        assert!((at + 1.0).abs() < 0.2, "{at}");
        let far = (0..32).flat_map(|y| (40..80).map(move |x| y * 80 + x)).map(|at| map.values[at].abs());
        let largest = far.fold(0.0, f32::max);
        assert!(largest < 0.45, "{largest}");
        let nothing = rise_from_outside(&image, |_| None);
        assert_eq!(nothing, None);
    }
}
