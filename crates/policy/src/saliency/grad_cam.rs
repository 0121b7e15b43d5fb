//! Grad-CAM (Selvaraju et al. 2017) on the last feature map: every filter's map, weighted by how much the steering
//! would change if all of that filter's places rose together. Unlike VisualBackProp it goes through the head.

use super::gradient::gradient_of_head;
use super::map::SignedMap;
use super::plane::Plane;
use super::{Cost, Procedure, Situation};
use crate::CURVATURE_PER_OUTPUT;
use crate::conv::FeatureMap;

/// The method.
pub(super) const GRAD_CAM: Procedure =
    Procedure { name: "Grad-CAM", short: "CAM", cost: Cost::Quick, map: |situation| grad_cam(situation).into() };

/// `Σₖ Aᵏ · mean over places of ∂output/∂Aᵏ`, at the last feature map's size, signed. The paper rectifies it, because a
/// class is only ever supported; steering has two directions, and both are evidence.
///
/// # Panics
/// If the situation's recorder does not record: then there is no gradient to give.
pub fn last_map_attribution(situation: &Situation<'_>) -> Plane {
    let [rows, columns, filters] = situation.seen.last_shape();
    let per_filter: Vec<f32> = filter_gradients(situation)
        .iter()
        // The plane below is a mean over filters, Grad-CAM is their sum.
        .map(|gradient| gradient * filters as f32 / (rows * columns) as f32)
        .collect();
    let map = FeatureMap::new(situation.seen.last(), [rows, columns, filters]);
    Plane::channel_mean(&map, Some(&per_filter))
}

/// The map of one frame in 1/m, enlarged bilinearly to the input.
///
/// # Panics
/// As [`last_map_attribution`].
pub fn grad_cam(situation: &Situation<'_>) -> SignedMap {
    let size = situation.policy.input_size();
    let plane = last_map_attribution(situation);
    SignedMap { size, values: plane.at_size(size).iter().map(|value| CURVATURE_PER_OUTPUT * value).collect() }
}

/// Sum over places of the gradient of the output with respect to each filter of the last map.
fn filter_gradients(situation: &Situation<'_>) -> Vec<f32> {
    let [rows, columns, filters] = situation.seen.last_shape();
    let gradient = gradient_of_head(situation, situation.seen.last_map(situation.device), &[1.0]);
    let mut sums = vec![0.0; filters];
    for place in gradient.chunks_exact(filters).take(rows * columns) {
        sums.iter_mut().zip(place).for_each(|(sum, part)| *sum += part);
    }
    sums
}
