//! Adam with a rate of its own for a recurrent cell, warm-up and cosine decay.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor};
use lane_policy::cell::CoreSpec;
use lane_policy::{Network, Policy};

/// Peak rate of convolutions and dense layers.
const DENSE_RATE: f64 = 1e-3;
/// Peak rate of liquid neurons: their parameters are few and their gradients small.
const LIQUID_RATE: f64 = 1e-2;
/// The gradients of a cell are scaled down to this norm: long unrolled dynamics can explode.
const CELL_MAX_NORM: f32 = 1.0;
/// Steps over which the rates rise.
const WARM_UP_STEPS: usize = 100;
/// Share of the peak rates that is left at the end.
const FINAL_SHARE: f64 = 0.005;

/// Two groups of parameters, each with its own Adam.
pub struct Optimizer {
    steps: usize,
    dense: (Vec<ParamId>, ModuleOptimizer),
    cell: (Vec<ParamId>, ModuleOptimizer),
    cell_rate: f64,
}

impl Optimizer {
    /// An optimiser for a policy and a number of steps.
    pub fn new(policy: &Policy, steps: usize) -> Self {
        let is_liquid = policy.cell_spec().is_some_and(|spec| matches!(spec.core, CoreSpec::Ltc(_)));
        let mut groups = Groups { is_liquid, ..Groups::default() };
        policy.network().visit(&mut groups);
        let cell_rate = if is_liquid { LIQUID_RATE } else { DENSE_RATE };
        Self { steps, dense: (groups.dense, adam()), cell: (groups.cell, adam()), cell_rate }
    }

    /// The network after one step.
    pub fn step(&mut self, network: Network, mut gradients: Gradients, step: usize) -> Network {
        let rate = rate(step, self.steps);
        let dense = GradientsParams::from_params(&mut gradients, &network, &self.dense.0);
        let mut cell = GradientsParams::from_params(&mut gradients, &network, &self.cell.0);
        let network = self.dense.1.step(rate * DENSE_RATE, network, dense);
        if self.cell.0.is_empty() {
            return network;
        }
        clip_norm(&network, &mut cell, CELL_MAX_NORM);
        self.cell.1.step(rate * self.cell_rate, network, cell)
    }
}

/// Adam as in PyTorch: burn's own ε of 1e-5 would slow the small gradients of the liquid neurons.
pub fn adam() -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(1e-8).init()
}

/// Share of the peak rate at a step.
fn rate(step: usize, steps: usize) -> f64 {
    let warm_up = ((step + 1) as f64 / WARM_UP_STEPS as f64).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos());
    warm_up * (FINAL_SHARE + (1.0 - FINAL_SHARE) * cosine)
}

/// Scales gradients of a module's parameters so that their common norm is at most `most`; returns the norm before.
pub fn clip_norm(module: &impl Module, gradients: &mut GradientsParams, most: f32) -> f32 {
    let mut norm = SquareSum { gradients, sum: 0.0 };
    module.visit(&mut norm);
    let norm = norm.sum.sqrt();
    if norm > most {
        module.visit(&mut Scale { gradients, factor: most / norm });
    }
    norm
}

/// Sums the squares of the gradients that are there.
struct SquareSum<'a> {
    gradients: &'a GradientsParams,
    sum: f32,
}

impl ModuleVisitor for SquareSum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let square = |gradient: Tensor<D>| gradient.square().sum().into_scalar::<f32>();
        self.sum += self.gradients.get::<D>(param.id).map_or(0.0, square);
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f32,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

/// Sorts parameters by where they are in the network.
#[derive(Default)]
struct Groups {
    is_liquid: bool,
    path: Vec<String>,
    dense: Vec<ParamId>,
    cell: Vec<ParamId>,
}

impl ModuleVisitor for Groups {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let within = |part: &str| self.path.iter().any(|name| name == part);
        // The LSTM before liquid neurons is made of dense layers.
        let in_cell = within("cell") && !(self.is_liquid && within("memory"));
        let group = if in_cell { &mut self.cell } else { &mut self.dense };
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
