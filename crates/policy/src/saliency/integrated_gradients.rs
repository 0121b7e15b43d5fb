//! Integrated gradients (Sundararajan et al. 2017): the gradient averaged on the straight way from a featureless
//! picture to this one, times the difference of the two. The shares of all pixels add up to the difference in steering.

use super::gradient::{curvature_per_pixel, gradient_of_passes, gradient_of_pictures};
use super::map::SignedMap;
use super::quadrature::{Quadrature, graded_points_between};
use super::{BATCH, Cost, Procedure, Situation, weighted_sum};
use crate::conv_op::has_kernels;
use burn::tensor::{Tensor, TensorData};

/// The method.
pub(super) const INTEGRATED_GRADIENTS: Procedure = Procedure {
    name: "Integrated gradients",
    short: "integr.",
    cost: Cost::Slow,
    map: |situation| integrated_gradients(situation).into(),
};

/// Points on the way that are tried first, and the most: the paper finds between 20 and 300 enough. Points are doubled until
/// the shares add up.
pub const STEPS: usize = 16;
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
    let way = Way::to(situation);
    way.shares(&way.integral(&rule.points(steps)))
}

/// The map of one frame: each pixel's share of the curvature in 1/m.
///
/// # Panics
/// If the situation's recorder does not record.
pub fn integrated_gradients(situation: &Situation<'_>) -> SignedMap {
    let way = Way::to(situation);
    let shares = complete(way.difference(), |points| Some(way.integral(points)), |integral| way.shares(integral));
    let shares = shares.unwrap_or_else(|| unreachable!("the policy records gradients"));
    SignedMap { size: situation.policy.input_size(), values: curvature_per_pixel(&shares) }
}

/// Shares of an output, from integrals over more and more points, until they add up to the `difference` of the output but for
/// [`GAP`], or the points are [`MOST_STEPS`].
///
/// `integral` says the sum over points of weight times gradient of the output there, nothing where it cannot say; `shares`
/// what each number has of the output, in the unit of `difference`.
pub fn complete(
    difference: f32,
    mut integral: impl FnMut(&[(f64, f64)]) -> Option<Vec<f32>>,
    shares: impl Fn(&[f32]) -> Vec<f32>,
) -> Option<Vec<f32>> {
    let mut steps = STEPS;
    let mut sum = integral(&Quadrature::GradedTrapezoid.points(steps))?;
    loop {
        let found = shares(&sum);
        let (total, size) = found.iter().fold((0.0, 0.0), |(total, size), share| (total + share, size + share.abs()));
        if (total - difference).abs() <= GAP * size || steps >= MOST_STEPS {
            return Some(found);
        }
        let between = integral(&graded_points_between(steps))?;
        sum.iter_mut().zip(between).for_each(|(sum, between)| *sum = 0.5 * *sum + between);
        steps *= 2;
    }
}

/// Inputs at some places, 0 to 1, of the straight way from a baseline to an input.
pub fn on_the_way(input: &[f32], baseline: &[f32], places: &[f32]) -> Vec<Vec<f32>> {
    let at = |at: &f32| input.iter().zip(baseline).map(|(end, start)| start + (end - start) * at).collect();
    places.iter().map(at).collect()
}

/// Places and weights of some points.
pub fn places_and_weights(points: &[(f64, f64)]) -> (Vec<f32>, Vec<f32>) {
    points.iter().map(|&(at, weight)| (at as f32, weight as f32)).unzip()
}

/// The way from a whitened input of zeros to that of a situation.
struct Way<'a> {
    situation: &'a Situation<'a>,
    /// Of the first layer, where the kernels run.
    first_sums: Option<Vec<f32>>,
}

impl<'a> Way<'a> {
    fn to(situation: &'a Situation<'a>) -> Self {
        let first_sums = has_kernels(situation.device).then(|| situation.seen.pass().first_sums());
        Self { situation, first_sums }
    }

    /// Sum over points of weight times gradient of the output there.
    fn integral(&self, points: &[(f64, f64)]) -> Vec<f32> {
        let sum = weighted_sum(points.chunks(BATCH).map(|points| {
            let (places, weights) = places_and_weights(points);
            Some(match &self.first_sums {
                Some(first_sums) => gradient_of_passes(self.situation, &weights, |number, pass| {
                    pass.run_scaled(first_sums, places[number]);
                }),
                None => {
                    let input = self.situation.seen.whitened();
                    let inputs = on_the_way(input, &vec![0.0; input.len()], &places);
                    gradient_of_pictures(self.situation, &inputs, &weights)
                }
            })
        }));
        sum.unwrap_or_else(|| unreachable!("the policy records gradients"))
    }

    fn shares(&self, integral: &[f32]) -> Vec<f32> {
        self.situation.seen.whitened().iter().zip(integral).map(|(end, gradient)| end * gradient).collect()
    }

    /// Output at its end less that at its start.
    fn difference(&self) -> f32 {
        let Situation { seen, device, policy, .. } = self.situation;
        let last = seen.last_map(device);
        let grey = match &self.first_sums {
            Some(first_sums) => {
                let mut pass = seen.spare_pass();
                pass.run_scaled(first_sums, 0.0);
                let grey = Tensor::from_data(TensorData::new(pass.last().to_vec(), last.shape()), *device);
                seen.keep_spare([pass]);
                grey
            }
            None => policy.encode(self.situation.input().zeros_like()).pop().unwrap_or_else(|| last.clone()),
        };
        let output = self.situation.outputs(Tensor::cat(vec![last, grey], 0));
        output[0] - output[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_doubled_until_the_shares_add_up_or_are_many() {
        let tried = |gap_at: fn(usize) -> f32| {
            let mut asked = Vec::new();
            let integral = |points: &[(f64, f64)]| {
                asked.push(points.len());
                Some(vec![0.0])
            };
            let steps = std::cell::Cell::new(STEPS);
            let shares = complete(1.0, integral, |_| vec![2.0, gap_at(steps.replace(2 * steps.get())) - 1.0]);
            (asked, shares.unwrap()[0])
        };
        // Of shares that are 3 together without signs, 0.03 may be missing.
        assert_eq!(tried(|_| 0.02), (vec![16], 2.0));
        assert_eq!(tried(|steps| 3.0 / steps as f32), (vec![16, 16, 32, 64], 2.0));
        assert_eq!(tried(|_| 1.0), (vec![16, 16, 32, 64, 128], 2.0));
        assert!(complete(1.0, |_| None, <[f32]>::to_vec).is_none());
    }

    #[test]
    fn doubled_points_give_the_integral_of_the_whole_rule() {
        // A gradient with a kink near the start, as of a ReLU that opens there.
        let gradient = |at: f32| if at > 0.03 { 1.0 + at } else { 0.0 };
        let integral = |points: &[(f64, f64)]| {
            let (places, weights) = places_and_weights(points);
            Some(vec![places.iter().zip(weights).map(|(at, weight)| weight * gradient(*at)).sum::<f32>()])
        };
        let doubled = complete(f32::INFINITY, integral, <[f32]>::to_vec).unwrap()[0];
        let whole = integral(&Quadrature::GradedTrapezoid.points(MOST_STEPS)).unwrap()[0];
        // Sums of 256 terms in another order.
        assert!((doubled - whole).abs() < 1e-5, "{doubled}, expected {whole}");
    }
}
