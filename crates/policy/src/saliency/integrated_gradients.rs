//! Integrated gradients (Sundararajan et al. 2017): the gradient averaged on the straight way from a featureless
//! picture to this one, times the difference of the two. The shares of all pixels add up to the difference in steering.

use super::gradient::{curvature_per_pixel, gradient_of_pictures};
use super::map::SignedMap;
use super::quadrature::Quadrature;
use super::{BATCH, Cost, Procedure, Situation, weighted_sum};

/// The method.
pub(super) const INTEGRATED_GRADIENTS: Procedure = Procedure {
    name: "Integrated gradients",
    short: "integr.",
    cost: Cost::Slow,
    map: |situation| integrated_gradients(situation).into(),
};

/// Points on the way for a map on screen: between the 20 and 300 that the paper finds enough.
pub const STEPS: usize = 32;

/// Share of the network's output that each whitened input has, `[height · width · 3]`, against a whitened input of
/// zeros: every pixel grey at the picture's mean brightness.
///
/// # Panics
/// If there are fewer than two steps, or the situation's recorder does not record.
pub fn whitened_shares(situation: &Situation<'_>, rule: Quadrature, steps: usize) -> Vec<f32> {
    let gradient = |inputs: &[Vec<f32>], weights: &[f32]| Some(gradient_of_pictures(situation, inputs, weights));
    let input = situation.seen.whitened();
    let shares = shares(input, &vec![0.0; input.len()], rule, steps, gradient);
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
    let points = rule.points(steps);
    let gradient = weighted_sum(points.chunks(BATCH).map(|points| {
        let (places, weights): (Vec<f32>, Vec<f32>) =
            points.iter().map(|&(at, weight)| (at as f32, weight as f32)).unzip();
        let on_the_way = |at: &f32| input.iter().zip(baseline).map(|(end, start)| start + (end - start) * at).collect();
        gradient(&places.iter().map(on_the_way).collect::<Vec<Vec<f32>>>(), &weights)
    }))?;
    Some(input.iter().zip(baseline).zip(gradient).map(|((end, start), gradient)| (end - start) * gradient).collect())
}

/// The map of one frame: each pixel's share of the curvature in 1/m.
///
/// # Panics
/// If the situation's recorder does not record.
pub fn integrated_gradients(situation: &Situation<'_>) -> SignedMap {
    let shares = whitened_shares(situation, Quadrature::GaussLegendre, STEPS);
    SignedMap { size: situation.policy.input_size(), values: curvature_per_pixel(&shares) }
}
