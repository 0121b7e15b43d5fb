//! Integrated gradients (Sundararajan et al. 2017): the gradient averaged on the straight way from a featureless
//! picture to this one, times the difference of the two. The shares of all pixels add up to the difference in steering.

use super::gradient::{curvature_per_pixel, gradient_of_passes, gradient_of_pictures};
use super::map::SignedMap;
use super::quadrature::Quadrature;
use super::{BATCH, Cost, Procedure, Situation, weighted_sum};
use crate::conv_op::has_kernels;
use burn::tensor::Tensor;

/// The method.
pub(super) const INTEGRATED_GRADIENTS: Procedure = Procedure {
    name: "Integrated gradients",
    short: "integr.",
    cost: Cost::Slow,
    map: |situation| integrated_gradients(situation).into(),
};

/// Points on the way that are tried first, and the most: the paper finds between 20 and 300 enough. Steps are doubled until the
/// shares add up.
pub const STEPS: usize = 32;
/// See [`STEPS`].
pub const MOST_STEPS: usize = 256;

/// How much the shares may be off the difference that they should add up to, as a part of their sum without signs.
pub const GAP: f32 = 0.01;

/// Share of the network's output that each whitened input has, `[height · width · 3]`, against a whitened input of
/// zeros: every pixel grey at the picture's mean brightness.
///
/// # Panics
/// If there are fewer than two steps, or the situation's recorder does not record.
pub fn whitened_shares(situation: &Situation<'_>, rule: Quadrature, steps: usize) -> Vec<f32> {
    let input = situation.seen.whitened();
    let shares = if has_kernels(situation.device) {
        let first_sums = situation.seen.pass().first_sums();
        let gradient = integral(rule, steps, |places, weights| {
            Some(gradient_of_passes(situation, weights, |number, pass| pass.run_scaled(&first_sums, places[number])))
        });
        gradient.map(|gradient| input.iter().zip(gradient).map(|(end, gradient)| end * gradient).collect())
    } else {
        let gradient = |inputs: &[Vec<f32>], weights: &[f32]| Some(gradient_of_pictures(situation, inputs, weights));
        shares(input, &vec![0.0; input.len()], rule, steps, gradient)
    };
    shares.unwrap_or_else(|| unreachable!("the policy records gradients"))
}

/// Share of an output that each number of an input has, against a baseline. `gradient` says for some inputs the sum of
/// weight times gradient of the output; nothing where it cannot say.
///
/// # Panics
/// If there are fewer than two steps.
pub fn shares(
    input: &[f32],
    baseline: &[f32],
    rule: Quadrature,
    steps: usize,
    mut gradient: impl FnMut(&[Vec<f32>], &[f32]) -> Option<Vec<f32>>,
) -> Option<Vec<f32>> {
    let gradient = integral(rule, steps, |places, weights| {
        let on_the_way = |at: &f32| input.iter().zip(baseline).map(|(end, start)| start + (end - start) * at).collect();
        gradient(&places.iter().map(on_the_way).collect::<Vec<Vec<f32>>>(), weights)
    })?;
    Some(input.iter().zip(baseline).zip(gradient).map(|((end, start), gradient)| (end - start) * gradient).collect())
}

/// The gradient over the way from 0 to 1, of which `gradient` gives sums of weight times gradient at places.
fn integral(
    rule: Quadrature,
    steps: usize,
    mut gradient: impl FnMut(&[f32], &[f32]) -> Option<Vec<f32>>,
) -> Option<Vec<f32>> {
    weighted_sum(rule.points(steps).chunks(BATCH).map(|points| {
        let (places, weights): (Vec<f32>, Vec<f32>) =
            points.iter().map(|&(at, weight)| (at as f32, weight as f32)).unzip();
        gradient(&places, &weights)
    }))
}

/// Shares by more and more steps, until they add up to the `difference` of the output but for [`GAP`], or the steps are
/// [`MOST_STEPS`]. `shares` gives those of a number of steps; nothing where it cannot.
pub fn complete(difference: f32, mut shares: impl FnMut(usize) -> Option<Vec<f32>>) -> Option<Vec<f32>> {
    let mut steps = STEPS;
    loop {
        let found = shares(steps)?;
        let (sum, size) = found.iter().fold((0.0, 0.0), |(sum, size), share| (sum + share, size + share.abs()));
        if (sum - difference).abs() <= GAP * size || steps >= MOST_STEPS {
            return Some(found);
        }
        steps *= 2;
    }
}

/// The map of one frame: each pixel's share of the curvature in 1/m.
///
/// # Panics
/// If the situation's recorder does not record.
pub fn integrated_gradients(situation: &Situation<'_>) -> SignedMap {
    let shares =
        complete(difference(situation), |steps| Some(whitened_shares(situation, Quadrature::GaussLegendre, steps)));
    let shares = shares.unwrap_or_else(|| unreachable!("the policy records gradients"));
    SignedMap { size: situation.policy.input_size(), values: curvature_per_pixel(&shares) }
}

/// Output on the picture less that on a whitened input of zeros.
fn difference(situation: &Situation<'_>) -> f32 {
    let last = situation.seen.last_map(situation.device);
    let grey = situation.policy.encode(situation.input().zeros_like()).pop().unwrap_or_else(|| last.clone());
    let output = situation.outputs(Tensor::cat(vec![last, grey], 0));
    output[0] - output[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_doubled_until_the_shares_add_up_or_are_many() {
        let tried = |gap_at: fn(usize) -> f32| {
            let mut tried = Vec::new();
            let shares = complete(1.0, |steps| {
                tried.push(steps);
                Some(vec![2.0, gap_at(steps) - 1.0])
            });
            (tried, shares.unwrap()[0])
        };
        // Of shares that are 3 together without signs, 0.03 may be missing.
        assert_eq!(tried(|_| 0.02), (vec![32], 2.0));
        assert_eq!(tried(|steps| 3.0 / steps as f32), (vec![32, 64, 128], 2.0));
        assert_eq!(tried(|_| 1.0), (vec![32, 64, 128, 256], 2.0));
        assert!(complete(1.0, |_| None).is_none());
    }
}
