//! First weights of a network, drawn from a stream of their own: the same seed gives the same network whatever else
//! the program draws.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};

/// The stream of ChaCha8 that first weights come from; a program that draws other numbers from the same seed takes
/// another one.
const STREAM: u64 = 7;

/// Draws the tensors of one network, in the order in which they are asked for.
pub struct FirstWeights<'a> {
    /// None where the numbers do not matter.
    rng: Option<ChaCha8Rng>,
    device: &'a Device,
}

impl<'a> FirstWeights<'a> {
    /// The draws of a seed.
    pub fn new(seed: u64, device: &'a Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        Self { rng: Some(rng), device }
    }

    /// Zeros wherever a seed would be drawn from: for a network whose numbers come from a file.
    pub fn blank(device: &'a Device) -> Self {
        Self { rng: None, device }
    }

    /// N(0, 2 / fan_in): He et al. 2015, for rectified layers.
    pub fn he_normal<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        let sd = (2.0 / fan_in as f32).sqrt();
        self.drawn(shape, |rng| {
            let draw: f32 = StandardNormal.sample(rng);
            sd * draw
        })
    }

    /// U(low, high).
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], low: f32, high: f32) -> Param<Tensor<D>> {
        self.drawn(shape, |rng| {
            let draw: f32 = StandardUniform.sample(rng);
            low + (high - low) * draw
        })
    }

    /// U(±√(6 / (inputs + outputs))): Glorot and Bengio 2010.
    pub fn xavier(&mut self, [outputs, inputs]: [usize; 2]) -> Param<Tensor<2>> {
        let bound = (6.0 / (inputs + outputs) as f32).sqrt();
        self.uniform([outputs, inputs], -bound, bound)
    }

    /// Random orthonormal columns (Saxe et al. 2014), for recurrent weights: a state keeps its length through them.
    pub fn orthogonal(&mut self, [rows, columns]: [usize; 2]) -> Param<Tensor<2>> {
        let Some(rng) = &mut self.rng else { return self.constant([rows, columns], 0.0) };
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(columns);
        for _ in 0..columns {
            let mut column: Vec<f64> = (0..rows).map(|_| normal()).collect();
            for earlier in &basis {
                let along: f64 = column.iter().zip(earlier).map(|(a, b)| a * b).sum();
                column.iter_mut().zip(earlier).for_each(|(a, b)| *a -= along * b);
            }
            let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            column.iter_mut().for_each(|value| *value /= length);
            basis.push(column);
        }
        let values: Vec<f32> = (0..rows).flat_map(|row| basis.iter().map(move |column| column[row] as f32)).collect();
        self.param([rows, columns], values)
    }

    /// All the same.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.param(shape, vec![value; shape.iter().product()])
    }

    /// These numbers.
    pub fn constants(&mut self, values: Vec<f32>) -> Param<Tensor<1>> {
        self.param([values.len()], values)
    }

    fn drawn<const D: usize>(
        &mut self,
        shape: [usize; D],
        mut draw: impl FnMut(&mut ChaCha8Rng) -> f32,
    ) -> Param<Tensor<D>> {
        let Some(rng) = &mut self.rng else { return self.constant(shape, 0.0) };
        let values = (0..shape.iter().product()).map(|_| draw(rng)).collect();
        self.param(shape, values)
    }

    fn param<const D: usize>(&self, shape: [usize; D], values: Vec<f32>) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new(values, shape), self.device)
    }
}
