//! The arithmetic that the step of a cell is written in: the same lines compute with tensors on any device, or are written
//! down as a program for the kernel.

use super::function::Function;
use super::held::{Held, hold};
use burn::module::Param;
use burn::tensor::Tensor;
use std::ops::{Add, Mul, Range, Sub};
use std::sync::Arc;

/// Numbers of each sequence of a batch, `[batch, width]`. A value of width 1, such as the elapsed time, goes with one of
/// any width in sums, differences and products.
pub(crate) trait Value: Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// `Σ map(sources) + Σ bias`, cut into parts of equal width. The sources of a map stand side by side; all biases are
    /// as wide as what the maps give.
    fn affine<const PARTS: usize>(maps: &[(&[&Self], Weight<'_>)], biases: &[Bias<'_>]) -> [Self; PARTS];

    /// The function of each number.
    fn apply(self, function: Function) -> Self;

    /// `factor · x + offset`
    fn scaled(self, factor: f32, offset: f32) -> Self;

    /// The same row `[1, width]` for each sequence of the batch that this value belongs to.
    fn row(&self, row: &Param<Tensor<2>>) -> Self;

    /// The same with held neurons at their values.
    fn hold(self, held: &[Held]) -> Self;

    /// `1 / (1 + e^-x)`
    fn sigmoid(self) -> Self {
        self.apply(Function::Sigmoid)
    }

    /// `tanh x`
    fn tanh(self) -> Self {
        self.apply(Function::Tanh)
    }
}

/// A matrix of a cell, as a whole or in part.
#[derive(Clone)]
pub(crate) struct Weight<'a> {
    /// `[outputs, inputs]`, or the other way round.
    pub(super) matrix: &'a Param<Tensor<2>>,
    pub(super) is_transposed: bool,
    pub(super) outputs: Range<usize>,
    pub(super) inputs: Range<usize>,
    pub(super) mask: Option<&'a Mask>,
}

impl<'a> Weight<'a> {
    /// A matrix `[outputs, inputs]`, as PyTorch's linear layers have it.
    pub(crate) fn new(matrix: &'a Param<Tensor<2>>) -> Self {
        let [outputs, inputs] = matrix.shape().dims();
        Self { matrix, is_transposed: false, outputs: 0..outputs, inputs: 0..inputs, mask: None }
    }

    /// A matrix `[inputs, outputs]`.
    pub(crate) fn transposed(matrix: &'a Param<Tensor<2>>) -> Self {
        let [inputs, outputs] = matrix.shape().dims();
        Self { matrix, is_transposed: true, outputs: 0..outputs, inputs: 0..inputs, mask: None }
    }

    /// What it gives in these outputs.
    pub(crate) fn outputs(self, outputs: Range<usize>) -> Self {
        Self { outputs, ..self }
    }

    /// What it makes of these inputs.
    pub(crate) fn inputs(self, inputs: Range<usize>) -> Self {
        Self { inputs, ..self }
    }

    /// The weights that a mask lets through.
    pub(crate) fn masked(self, mask: Option<&'a Mask>) -> Self {
        Self { mask, ..self }
    }

    /// `[inputs, outputs]`
    fn tensor(&self) -> Tensor<2> {
        let mut matrix = self.matrix.val();
        if let Some(mask) = self.mask {
            matrix = matrix.clone() * mask.tensor(&matrix.device());
        }
        let matrix = if self.is_transposed { matrix } else { matrix.transpose() };
        let whole = [self.inputs.len(), self.outputs.len()];
        if matrix.dims() == whole { matrix } else { matrix.slice([self.inputs.clone(), self.outputs.clone()]) }
    }
}

/// A bias of a cell, as a whole or in part.
#[derive(Clone)]
pub(crate) struct Bias<'a> {
    pub(super) vector: &'a Param<Tensor<1>>,
    pub(super) outputs: Range<usize>,
}

impl<'a> Bias<'a> {
    /// All of it.
    pub(crate) fn new(vector: &'a Param<Tensor<1>>) -> Self {
        let [outputs] = vector.shape().dims();
        Self { vector, outputs: 0..outputs }
    }

    /// Its part for these outputs.
    pub(crate) fn outputs(self, outputs: Range<usize>) -> Self {
        Self { outputs, ..self }
    }

    /// `[1, outputs]`
    fn tensor(&self) -> Tensor<2> {
        let vector = self.vector.val();
        let is_whole = vector.dims() == [self.outputs.len()];
        let part = if is_whole { vector } else { vector.narrow(0, self.outputs.start, self.outputs.len()) };
        part.unsqueeze()
    }
}

/// The weights of a matrix that exist: 1 or 0, in its own shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mask {
    shape: [usize; 2],
    values: Arc<Vec<f32>>,
}

impl Mask {
    /// # Panics
    /// If there are not as many values as the shape says.
    pub(crate) fn new(shape: [usize; 2], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), shape[0] * shape[1], "one number per weight");
        Self { shape, values: Arc::new(values) }
    }

    /// Rows and columns.
    pub(crate) fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Row by row.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Takes a weight away.
    pub(crate) fn cut(&mut self, [row, column]: [usize; 2]) {
        Arc::make_mut(&mut self.values)[row * self.shape[1] + column] = 0.0;
    }

    fn tensor(&self, device: &burn::tensor::Device) -> Tensor<2> {
        Tensor::from_data(burn::tensor::TensorData::new(self.values.to_vec(), self.shape), device)
    }
}

impl Value for Tensor<2> {
    fn affine<const PARTS: usize>(maps: &[(&[&Self], Weight<'_>)], biases: &[Bias<'_>]) -> [Self; PARTS] {
        let product = |(sources, weight): &(&[&Self], Weight<'_>)| {
            let sources = match sources {
                [source] => (*source).clone(),
                _ => Self::cat(sources.iter().map(|source| (*source).clone()).collect(), 1),
            };
            sources.matmul(weight.tensor())
        };
        let terms = maps.iter().map(product).chain(biases.iter().map(Bias::tensor));
        let sum = terms.reduce(Add::add).unwrap_or_else(|| unreachable!("a sum of at least one map"));
        let width = sum.dims()[1] / PARTS;
        std::array::from_fn(|part| sum.clone().narrow(1, part * width, width))
    }

    fn apply(self, function: Function) -> Self {
        function.of_tensor(self)
    }

    fn scaled(self, factor: f32, offset: f32) -> Self {
        let product = if factor == 1.0 { self } else { self * factor };
        if offset == 0.0 { product } else { product + offset }
    }

    fn row(&self, row: &Param<Tensor<2>>) -> Self {
        row.val()
    }

    fn hold(self, held: &[Held]) -> Self {
        hold(held, self)
    }
}
