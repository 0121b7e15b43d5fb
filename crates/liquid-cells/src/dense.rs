//! A dense layer in PyTorch's layout, the common part of heads and cells.

use super::init::FirstWeights;
use super::recurrence::{Bias, Map, Mask, Value, Weight};
use super::values::to_vec;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `y = x · weightᵀ + bias`
#[derive(Module, Debug)]
pub struct Dense {
    /// `[outputs, inputs]`
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`
    pub bias: Param<Tensor<1>>,
}

impl Dense {
    /// He-normal weights and no bias, for layers that are rectified.
    pub fn he(inputs: usize, outputs: usize, first: &mut FirstWeights<'_>) -> Self {
        Self { weight: first.he_normal([outputs, inputs], inputs), bias: first.constant([outputs], 0.0) }
    }

    /// Xavier-uniform weights and PyTorch's small uniform bias, as ncps draws its cells.
    pub fn xavier(inputs: usize, outputs: usize, first: &mut FirstWeights<'_>) -> Self {
        let bound = 1.0 / (inputs as f32).sqrt();
        Self { weight: first.xavier([outputs, inputs]), bias: first.uniform([outputs], -bound, bound) }
    }

    /// `[batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        input.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }

    /// The layer as it is now, on plain numbers.
    pub fn map(&self) -> Map {
        Map::new(&to_vec(self.weight.val()), &to_vec(self.bias.val()))
    }

    /// The same as a part of a cell's step, of sources side by side, with the weights that a mask lets through.
    pub(crate) fn affine<V: Value>(&self, sources: &[&V], mask: Option<&Mask>) -> V {
        let [sum] = V::affine(&[(sources, Weight::new(&self.weight).masked(mask))], &[Bias::new(&self.bias)]);
        sum
    }
}
