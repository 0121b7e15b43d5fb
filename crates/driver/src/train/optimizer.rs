//! Adam with a rate of its own for a recurrent cell, warm-up and cosine decay.

use super::config::Optimisation;
use anyhow::anyhow;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Bytes, Gradients, Tensor};
use lane_policy::cell::CoreSpec;
use lane_policy::{Network, Policy};

/// The gradients of a cell are scaled down to this norm: long unrolled dynamics can explode.
const CELL_MAX_NORM: f32 = 1.0;
/// Share of the peak rates that is left at the end.
const FINAL_SHARE: f64 = 0.005;

/// Two groups of parameters, each with its own Adam.
pub struct Optimizer {
    steps: usize,
    dense: (Vec<ParamId>, ModuleOptimizer),
    cell: (Vec<ParamId>, ModuleOptimizer),
    dense_rate: f64,
    cell_rate: f64,
    warm_up_steps: usize,
}

impl Optimizer {
    /// An optimiser for a policy and a number of steps.
    pub fn new(policy: &Policy, optimisation: &Optimisation, steps: usize) -> Self {
        let is_liquid = policy.cell_spec().is_some_and(|spec| matches!(spec.core, CoreSpec::Ltc(_)));
        let mut groups = Groups { is_liquid, ..Groups::default() };
        policy.network().visit(&mut groups);
        let dense_rate = optimisation.learning_rate;
        let cell_rate = if is_liquid { optimisation.cell_learning_rate } else { dense_rate };
        let dense = match optimisation.weight_decay {
            0.0 => adam(),
            decay => AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(decay as f32).init(),
        };
        let warm_up_steps = optimisation.warm_up_steps;
        Self { steps, dense: (groups.dense, dense), cell: (groups.cell, adam()), dense_rate, cell_rate, warm_up_steps }
    }

    /// The state of both groups as bytes.
    ///
    /// # Errors
    /// When burn cannot write it.
    pub fn to_bytes(&self) -> anyhow::Result<[Vec<u8>; 2]> {
        let bytes = |optimizer: &ModuleOptimizer| -> anyhow::Result<Vec<u8>> {
            let bytes = optimizer.into_bytes();
            Ok(bytes.map_err(|error| anyhow!("the optimiser's state cannot be written: {error:?}"))?.to_vec())
        };
        Ok([bytes(&self.dense.1)?, bytes(&self.cell.1)?])
    }

    /// Takes up the state of both groups again. The parameters must have the numbers that they had.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn resume(&mut self, dense: &[u8], cell: &[u8]) -> anyhow::Result<()> {
        let load = |optimizer: &ModuleOptimizer, bytes: &[u8]| {
            let loaded = optimizer.clone().from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
            loaded.map_err(|error| anyhow!("the optimiser's state cannot be read: {error:?}"))
        };
        self.dense.1 = load(&self.dense.1, dense)?;
        self.cell.1 = load(&self.cell.1, cell)?;
        Ok(())
    }

    /// The network after one step.
    pub fn step(&mut self, network: Network, mut gradients: Gradients, step: usize) -> Network {
        let rate = rate(step, self.steps, self.warm_up_steps);
        let dense = GradientsParams::from_params(&mut gradients, &network, &self.dense.0);
        let mut cell = GradientsParams::from_params(&mut gradients, &network, &self.cell.0);
        let network = self.dense.1.step(rate * self.dense_rate, network, dense);
        if self.cell.0.is_empty() {
            return network;
        }
        clip_norm(&network, &mut cell, CELL_MAX_NORM);
        self.cell.1.step(rate * self.cell_rate, network, cell)
    }
}

/// Adam as in PyTorch: burn's own ε of 1e-5 would slow the small gradients of the liquid neurons.
pub fn adam() -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(EPSILON).init()
}

/// PyTorch's.
const EPSILON: f32 = 1e-8;

/// Share of the peak rate at a step.
fn rate(step: usize, steps: usize, warm_up_steps: usize) -> f64 {
    let warm_up = ((step + 1) as f64 / warm_up_steps.max(1) as f64).min(1.0);
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
        let rate = |step| rate(step, 1000, 100);
        assert!(rate(0) < 0.02 && rate(50) < rate(99));
        assert!(rate(500) < rate(200));
        assert!((rate(1000) - FINAL_SHARE).abs() < 1e-9);
    }
}
