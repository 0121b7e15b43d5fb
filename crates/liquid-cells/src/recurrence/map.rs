//! A dense layer on plain numbers, one input after the other.

use super::buffer::{Lease, Pool};
use super::product::{Panels, Start, Strip, product};
use crate::lanes::LANES;
use pulp::{Arch, Simd, WithSimd};
use std::sync::Arc;

/// `y = W · x + b`, the matrix packed once. A copy shares it.
#[derive(Clone, Debug)]
pub struct Map {
    inputs: usize,
    outputs: usize,
    /// `[chunks of the output, inputs]`, then the biases, `[chunks of the output]`.
    packed: Arc<Lease>,
    pool: Arc<Pool>,
}

impl Map {
    /// # Shapes
    /// - weight: `[outputs, inputs]`, bias: `[outputs]`
    ///
    /// # Panics
    /// If the weight has not a row of the same length for each bias, or there is none.
    pub fn new(weight: &[f32], bias: &[f32]) -> Self {
        let (pool, outputs) = (Arc::new(Pool::default()), bias.len());
        let inputs = weight.len() / outputs;
        assert_eq!(inputs * outputs, weight.len(), "weight: [outputs, inputs]");
        let chunks = outputs.div_ceil(LANES);
        let mut packed = pool.lease(chunks * (inputs + 1));
        packed.chunks_mut().fill([0.0; LANES]);
        let (panels, biases) = packed.chunks_mut().split_at_mut(chunks * inputs);
        for (output, row) in weight.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / LANES * inputs..][..inputs];
            panel.iter_mut().zip(row).for_each(|(chunk, weight)| chunk[output % LANES] = *weight);
        }
        biases.as_flattened_mut()[..outputs].copy_from_slice(bias);
        Self { inputs, outputs, packed: Arc::new(packed), pool }
    }

    /// Writes `y`, `[outputs]`, of `x`, `[inputs]`.
    ///
    /// # Panics
    /// If `x` has another length.
    pub fn apply(&self, x: &[f32], y: &mut Vec<f32>) {
        assert_eq!(x.len(), self.inputs, "x: [inputs]");
        let chunks = self.inputs.div_ceil(LANES) + self.outputs.div_ceil(LANES);
        let mut numbers = self.pool.lease(chunks);
        numbers.chunks_mut().as_flattened_mut()[..x.len()].copy_from_slice(x);
        Arch::new().dispatch(Apply { map: self, numbers: &mut numbers });
        y.clear();
        let first = self.inputs.div_ceil(LANES) * LANES;
        y.extend_from_slice(&numbers.chunks().as_flattened()[first..first + self.outputs]);
    }
}

struct Apply<'a> {
    map: &'a Map,
    /// The input, then the output.
    numbers: &'a mut Lease,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Map { inputs, outputs, packed, .. } = self.map;
        let chunks = outputs.div_ceil(LANES);
        let (panels, biases) = packed.chunks().split_at(chunks * inputs);
        let source = Strip { at: 0, chunks: inputs.div_ceil(LANES), width: *inputs };
        let target = Strip { at: source.chunks, chunks, width: *outputs };
        let panels = Panels { chunks: panels, terms: *inputs };
        let start = Start::Bias(biases);
        product::<S>(self.numbers.chunks_mut(), std::iter::once(source), panels, start, target, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_its_matrix_times_the_input_and_its_bias() {
        let (inputs, outputs) = (19, 83);
        let numbers = |count: usize, rate: f32| (0..count).map(|i| (i as f32 * rate).sin()).collect::<Vec<f32>>();
        let (weight, bias, x) = (numbers(inputs * outputs, 0.7), numbers(outputs, 1.3), numbers(inputs, 0.37));
        let mut y = Vec::new();
        Map::new(&weight, &bias).apply(&x, &mut y);
        let rows = weight.chunks_exact(inputs).zip(&bias);
        let expected = rows.map(|(row, bias)| bias + row.iter().zip(&x).map(|(w, x)| w * x).sum::<f32>());
        for (y, expected) in y.iter().zip(expected.collect::<Vec<f32>>()) {
            // 19 products of at most 1, added in the same order but rounded once each.
            assert!((y - expected).abs() < 1e-5, "{y} against {expected}");
        }
    }
}
