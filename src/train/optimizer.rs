//! Adam with a rate of their own for the liquid neurons, warm-up and cosine decay.

use crate::policy::Network;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor};

/// Peak rate of convolutions and dense layers.
const DENSE_RATE: f64 = 1e-3;
/// Peak rate of the liquid neurons: their parameters are few and their gradients small.
const LIQUID_RATE: f64 = 1e-2;
/// The liquid neurons' gradients are scaled down to this norm: long unrolled dynamics can explode.
const LIQUID_MAX_NORM: f32 = 1.0;
/// Steps over which the rates rise.
const WARM_UP_STEPS: usize = 100;
/// What is left of the peak rates at the end.
const FINAL_SHARE: f64 = 0.005;

/// Two groups of parameters, each with its own Adam.
pub struct Optimizer {
    steps: usize,
    dense: (Vec<ParamId>, ModuleOptimizer),
    liquid: (Vec<ParamId>, ModuleOptimizer),
}

impl Optimizer {
    /// An optimiser for a network and a number of steps.
    pub fn new(network: &Network, steps: usize) -> Self {
        let mut groups = Groups::default();
        network.visit(&mut groups);
        // 1e-8, as in PyTorch: burn's own default of 1e-5 would slow the small gradients of the liquid neurons.
        let adam = || AdamConfig::new().with_epsilon(1e-8).init();
        Self { steps, dense: (groups.dense, adam()), liquid: (groups.liquid, adam()) }
    }

    /// The network after one step.
    pub fn step(&mut self, network: Network, mut gradients: Gradients, step: usize) -> Network {
        let rate = rate(step, self.steps);
        let dense = GradientsParams::from_params(&mut gradients, &network, &self.dense.0);
        let mut liquid = GradientsParams::from_params(&mut gradients, &network, &self.liquid.0);
        let network = self.dense.1.step(rate * DENSE_RATE, network, dense);
        if self.liquid.0.is_empty() {
            return network;
        }
        clip_norm(&mut liquid, &self.liquid.0);
        self.liquid.1.step(rate * LIQUID_RATE, network, liquid)
    }
}

/// Share of the peak rate at a step.
fn rate(step: usize, steps: usize) -> f64 {
    let warm_up = ((step + 1) as f64 / WARM_UP_STEPS as f64).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos());
    warm_up * (FINAL_SHARE + (1.0 - FINAL_SHARE) * cosine)
}

/// Scales the gradients of these one-dimensional parameters so that their common norm is at most [`LIQUID_MAX_NORM`].
fn clip_norm(gradients: &mut GradientsParams, ids: &[ParamId]) {
    let square = |id| gradients.get::<1>(id).map_or(0.0, |gradient| gradient.square().sum().into_scalar::<f32>());
    let norm = ids.iter().map(|id| square(*id)).sum::<f32>().sqrt();
    if norm <= LIQUID_MAX_NORM {
        return;
    }
    for id in ids {
        if let Some(gradient) = gradients.remove::<1>(*id) {
            gradients.register(*id, gradient * (LIQUID_MAX_NORM / norm));
        }
    }
}

/// Sorts parameters by where they are in the network.
#[derive(Default)]
struct Groups {
    path: Vec<String>,
    dense: Vec<ParamId>,
    liquid: Vec<ParamId>,
}

impl ModuleVisitor for Groups {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let liquid = self.path.iter().any(|name| name == "ltc");
        let group = if liquid { &mut self.liquid } else { &mut self.dense };
        group.push(param.id);
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_over_the_warm_up_and_falls_to_its_final_share() {
        assert!(rate(0, 1000) < 0.02 && rate(50, 1000) < rate(99, 1000));
        assert!(rate(500, 1000) < rate(200, 1000));
        assert!((rate(1000, 1000) - FINAL_SHARE).abs() < 1e-9);
    }
}
