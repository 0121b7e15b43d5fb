//! Input gradient: how the steering of this frame would change with each pixel, through encoder, neurons and whitening,
//! with the memory of earlier frames held fixed. Signed: positive pushes left.

use super::map::SignedMap;
use super::{Cost, Procedure, Situation};
use crate::{CURVATURE_PER_OUTPUT, to_vec};
use burn::tensor::{Tensor, TensorData};
use lane_frame::Size;

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
    weighted_gradient(situation, situation.input(), &[1.0])
}

/// The map of one frame: change of curvature in 1/m per unit of brightness, summed over the colour channels.
///
/// # Panics
/// As [`whitened_gradient`].
pub fn input_gradient(situation: &Situation<'_>) -> SignedMap {
    per_brightness(situation, &whitened_gradient(situation))
}

/// Sum over a batch of inputs of weight times gradient of the output with respect to that input, in one pass. Every
/// input meets the situation's memory.
///
/// # Shapes
/// - inputs: `[batch, height, width, 3]`, whitened; weights: one per input
/// - returns: `[height · width · 3]`
pub(super) fn weighted_gradient(situation: &Situation<'_>, inputs: Tensor<4>, weights: &[f32]) -> Vec<f32> {
    let [batch, ..] = inputs.dims();
    let elapsed_secs = vec![situation.elapsed_secs; batch];
    let weights = Tensor::from_data(TensorData::new(weights.to_vec(), [batch, 1]), &inputs.device());
    let inputs = Tensor::from_inner(inputs).require_grad();
    let (output, _) = situation.recorder.forward(inputs.clone(), situation.state(batch), &elapsed_secs, batch);
    let gradients = (output.output * Tensor::from_inner(weights)).sum().backward();
    let gradient = inputs.grad(&gradients).unwrap_or_else(|| unreachable!("the policy records gradients"));
    to_vec(gradient.sum_dim(0))
}

/// The same for whitened inputs `[height, width, 3]` that are no tensors yet.
pub(super) fn gradient_of_pictures(situation: &Situation<'_>, inputs: &[Vec<f32>], weights: &[f32]) -> Vec<f32> {
    let Size { width, height } = situation.policy.input_size();
    let shape = [inputs.len(), height as usize, width as usize, 3];
    let inputs = Tensor::from_data(TensorData::new(inputs.concat(), shape), situation.device);
    weighted_gradient(situation, inputs, weights)
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
