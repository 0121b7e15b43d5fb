//! Input gradient: how the steering of this frame would change with each pixel, through encoder, neurons and whitening,
//! with the memory of earlier frames held fixed. Signed: positive pushes left.

use super::map::SignedMap;
use crate::policy::preprocess::Whitened;
use crate::policy::{CURVATURE_PER_OUTPUT, Policy, PolicyState, to_vec};

/// Gradient of the network's output with respect to the whitened input, `[height · width · 3]`.
///
/// `policy` must be on a recording device ([`Policy::recording`]).
///
/// # Panics
/// If the policy does not record: then there is no gradient to give.
pub fn whitened_gradient(policy: &Policy, whitened: &Whitened, state: PolicyState, elapsed_secs: f32) -> Vec<f32> {
    let input = burn::tensor::Tensor::from_inner(whitened.input.clone()).require_grad();
    let (output, _) = policy.forward(input.clone(), state, &[elapsed_secs], 1);
    let gradients = output.output.sum().backward();
    input.grad(&gradients).map_or_else(|| unreachable!("the policy records gradients"), to_vec)
}

/// The map of one frame: change of curvature in 1/m per unit of brightness, summed over the colour channels.
///
/// # Panics
/// As [`whitened_gradient`].
pub fn input_gradient(policy: &Policy, whitened: &Whitened, state: PolicyState, elapsed_secs: f32) -> SignedMap {
    let gradient = whitened_gradient(policy, whitened, state, elapsed_secs);
    let input = to_vec(whitened.input.clone());
    let values = through_whitening(&gradient, &input, whitened.deviations[0])
        .chunks_exact(3)
        .map(|pixel| CURVATURE_PER_OUTPUT * pixel.iter().sum::<f32>())
        .collect();
    SignedMap { size: policy.input_size(), values }
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
    use crate::policy::preprocess::whiten_in_place;

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
