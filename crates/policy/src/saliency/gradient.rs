//! Input gradient: how the steering of this frame would change with each pixel, through encoder, neurons and whitening,
//! with the memory of earlier frames held fixed. Signed: positive pushes left.

use super::map::SignedMap;
use super::{Cost, Procedure, Situation, weighted_sum};
use crate::conv::{Pass, Pullback};
use crate::conv_op::has_kernels;
use crate::{CURVATURE_PER_OUTPUT, PolicyOutput, to_vec};
use burn::tensor::{Tensor, TensorData};
use lane_frame::Size;
use rayon::prelude::*;

/// Pictures whose gradients are added up one after the other. Fixed, so that the order of additions is the same on any
/// number of threads.
const PICTURES_PER_PART: usize = 8;

/// The method.
pub(super) const INPUT_GRADIENT: Procedure = Procedure {
    name: "Input gradient",
    short: "gradient",
    cost: Cost::Quick,
    map: |situation| input_gradient(situation).into(),
};

/// Gradient of the network's output with respect to the whitened input, `[height · width · 3]`.
///
/// # Panics
/// If the situation's recorder does not record: then there is no gradient to give.
pub fn whitened_gradient(situation: &Situation<'_>) -> Vec<f32> {
    if has_kernels(situation.device) {
        return back(situation, &[situation.seen.pass()], &[1.0]);
    }
    gradient_of_tensor(situation, situation.input(), &[1.0])
}

/// The map of one frame: change of curvature in 1/m per unit of brightness, summed over the colour channels.
///
/// # Panics
/// As [`whitened_gradient`].
pub fn input_gradient(situation: &Situation<'_>) -> SignedMap {
    per_brightness(situation, &whitened_gradient(situation))
}

/// Sum over whitened inputs, `[height, width, 3]` each, of weight times gradient of the output with respect to that input.
/// Every input meets the situation's memory.
pub(super) fn gradient_of_pictures(situation: &Situation<'_>, inputs: &[Vec<f32>], weights: &[f32]) -> Vec<f32> {
    let Size { width, height } = situation.policy.input_size();
    if has_kernels(situation.device) {
        return gradient_of_passes(situation, weights, |number, pass| {
            let rows = inputs[number].chunks_exact(3 * width as usize);
            pass.image_rows_mut().zip(rows).for_each(|(row, numbers)| row.copy_from_slice(numbers));
            pass.run();
        });
    }
    let shape = [inputs.len(), height as usize, width as usize, 3];
    gradient_of_tensor(situation, Tensor::from_data(TensorData::new(inputs.concat(), shape), situation.device), weights)
}

/// The same of pictures that `fill` runs through a pass, by their number; what the pass held before is any other picture.
///
/// # Panics
/// If the situation's recorder does not record.
pub(super) fn gradient_of_passes(
    situation: &Situation<'_>,
    weights: &[f32],
    fill: impl Fn(usize, &mut Pass) + Sync,
) -> Vec<f32> {
    let passes: Vec<Pass> = (0..weights.len())
        .into_par_iter()
        .map(|number| {
            let mut pass = situation.seen.spare_pass();
            fill(number, &mut pass);
            pass
        })
        .collect();
    let gradient = back(situation, &passes.iter().collect::<Vec<_>>(), weights);
    situation.seen.keep_spare(passes);
    gradient
}

/// The same of pictures that went through passes: without tensors but for the head, and with one way back through the first
/// layer, which is linear, for all.
fn back(situation: &Situation<'_>, passes: &[&Pass], weights: &[f32]) -> Vec<f32> {
    let [rows, columns, filters] = situation.seen.last_shape();
    let last: Vec<f32> = passes.iter().flat_map(|pass| pass.last()).copied().collect();
    let last = Tensor::from_data(TensorData::new(last, [passes.len(), rows, columns, filters]), situation.device);
    let d_last = gradient_of_head(situation, last, weights);
    let d_last = d_last.par_chunks(PICTURES_PER_PART * rows * columns * filters);
    let parts = passes.par_chunks(PICTURES_PER_PART).zip(d_last).map(|(passes, d_last)| {
        let mut pullback = Pullback::of(situation.seen.pass());
        let mut sum: Option<Vec<f32>> = None;
        for (pass, d_last) in passes.iter().zip(d_last.chunks_exact(rows * columns * filters)) {
            let d_first = pullback.first_sums(pass, d_last);
            match &mut sum {
                None => sum = Some(d_first.to_vec()),
                Some(sum) => sum.iter_mut().zip(d_first).for_each(|(sum, part)| *sum += part),
            }
        }
        sum
    });
    let sum = weighted_sum(parts.collect::<Vec<_>>().into_iter()).unwrap_or_default();
    Pullback::of(situation.seen.pass()).image(&sum)
}

/// Weight times gradient of the output with respect to each of some last feature maps, `[batch, rows, columns, filters]`.
pub(super) fn gradient_of_head(situation: &Situation<'_>, last: Tensor<4>, weights: &[f32]) -> Vec<f32> {
    let (batch, last) = (weights.len(), Tensor::from_inner(last).require_grad());
    let elapsed_secs = vec![situation.elapsed_secs; batch];
    let (output, _) =
        situation.recorder.forward_from_maps(vec![last.clone()], situation.state(batch), &elapsed_secs, batch);
    to_vec(weighted(output, last, weights))
}

/// The same from the input on, in tensors, `[batch, height, width, 3]`, summed over the batch.
fn gradient_of_tensor(situation: &Situation<'_>, inputs: Tensor<4>, weights: &[f32]) -> Vec<f32> {
    let (batch, inputs) = (weights.len(), Tensor::from_inner(inputs).require_grad());
    let elapsed_secs = vec![situation.elapsed_secs; batch];
    let (output, _) = situation.recorder.forward(inputs.clone(), situation.state(batch), &elapsed_secs, batch);
    to_vec(weighted(output, inputs, weights).sum_dim(0))
}

/// Gradient of the weighted sum of a batch's outputs.
fn weighted(output: PolicyOutput, leaf: Tensor<4>, weights: &[f32]) -> Tensor<4> {
    let weights = TensorData::new(weights.to_vec(), [weights.len(), 1]);
    let weights = Tensor::from_data(weights, &output.output.device());
    let gradients = (output.output * weights).sum().backward();
    leaf.grad(&gradients).unwrap_or_else(|| unreachable!("the policy records gradients"))
}

/// A gradient with respect to the whitened input as a map of one with respect to brightness.
pub(super) fn per_brightness(situation: &Situation<'_>, gradient: &[f32]) -> SignedMap {
    let gradient = through_whitening(gradient, situation.seen.whitened(), situation.seen.deviation());
    SignedMap { size: situation.policy.input_size(), values: curvature_per_pixel(&gradient) }
}

/// Sum over the colour channels, as curvature in 1/m.
pub(super) fn curvature_per_pixel(per_channel: &[f32]) -> Vec<f32> {
    per_channel.chunks_exact(3).map(|pixel| CURVATURE_PER_OUTPUT * pixel.iter().sum::<f32>()).collect()
}

/// Carries a gradient back through `(x − mean) / sd`: brightening one pixel also shifts the mean and the deviation.
fn through_whitening(gradient: &[f32], whitened: &[f32], deviation: f32) -> Vec<f32> {
    let count = gradient.len() as f32;
    let mean = gradient.iter().sum::<f32>() / count;
    let along = gradient.iter().zip(whitened).map(|(g, x)| g * x).sum::<f32>() / count;
    gradient.iter().zip(whitened).map(|(g, x)| (g - mean - x * along) / deviation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::whiten_in_place;

    #[test]
    fn the_gradient_through_whitening_agrees_with_finite_differences() {
        let image: Vec<f32> = (0..48).map(|i| 0.5 + 0.3 * (i as f32 * 1.7).sin()).collect();
        let weights: Vec<f32> = (0..48).map(|i| (i as f32 * 0.9).cos()).collect();
        let loss = |image: &[f32]| {
            let mut values = image.to_vec();
            whiten_in_place(&mut values);
            values.iter().zip(&weights).map(|(value, weight)| f64::from(value * weight)).sum::<f64>()
        };
        let mut whitened = image.clone();
        let deviation = whiten_in_place(&mut whitened);
        let gradient = through_whitening(&weights, &whitened, deviation);
        for pixel in [0, 17, 47] {
            let step = 1e-2;
            let (mut up, mut down) = (image.clone(), image.clone());
            up[pixel] += step;
            down[pixel] -= step;
            let measured = (loss(&up) - loss(&down)) / f64::from(2.0 * step);
            // Rounding of f32 losses of size 10 over a step of 0.02 leaves about 1e-3.
            assert!((measured - f64::from(gradient[pixel])).abs() < 1e-2, "{measured} against {}", gradient[pixel]);
        }
    }
}
