//! Backward pass of a batch: gradients of parts of it, in parallel, then their sum in frame order.

use super::ConvShape;
use super::canvas::FeatureMap;
use super::filters::{pack, unpack};
use super::input_gradient::{Scratch, TransposedWeight};
use super::padding::pad_image;
use super::weight_gradient::WeightGradient;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Frames per partial weight gradient. Fixed, so that the order of additions is the same on any machine.
const FRAMES_PER_PART: usize = 8;

/// Gradients of a layer, for a gradient of its output.
#[derive(Debug)]
pub struct ConvGradients {
    /// `[batch, in_height, in_width, in_channels]`, if asked for.
    pub input: Option<Vec<f32>>,
    /// `[out_channels, in_channels, kernel, kernel]`
    pub weight: Vec<f32>,
    /// `[out_channels]`
    pub bias: Vec<f32>,
}

/// Gradients of [`forward`](super::forward()): `output` is what it returned and tells where the ReLU was open.
///
/// # Shapes
/// - input, weight: as for `forward`
/// - output, d_output: `[batch, out_height, out_width, out_channels]`
///
/// # Panics
/// If a slice has another length than the shapes say.
pub fn backward(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    output: &[f32],
    d_output: &[f32],
    wants_d_input: bool,
) -> ConvGradients {
    let batch = shape.batch_of(input);
    shape.check_weight(weight);
    assert_eq!(output.len(), batch * shape.out_len(), "output is of the same batch");
    assert_eq!(d_output.len(), output.len(), "one gradient per output");
    let transposed = wants_d_input.then(|| TransposedWeight::new(shape, &pack(shape, weight)));
    let mut d_input = vec![0.0; if wants_d_input { input.len() } else { 0 }];
    let [inputs, outputs] = [shape.in_len(), shape.out_len()].map(|length| FRAMES_PER_PART * length);
    let d_inputs = d_input.chunks_mut(inputs).chain(std::iter::repeat_with(Default::default));
    let outputs = output.chunks(outputs).zip(d_output.chunks(outputs));
    let parts: Vec<_> = input.chunks(inputs).zip(outputs).zip(d_inputs).collect();
    let parts = parts.into_par_iter().map(|((input, (output, d_output)), d_input)| {
        let mut part = Part::new(shape);
        part.add_frames(shape, input, [output, d_output], transposed.as_ref(), d_input);
        part
    });
    let (weight, bias) = gather(shape, &parts.collect::<Vec<_>>());
    ConvGradients { input: wants_d_input.then_some(d_input), weight, bias }
}

/// Puts the gradients of the parameters together, in order.
fn gather(shape: &ConvShape, parts: &[Part]) -> (Vec<f32>, Vec<f32>) {
    let mut weight = vec![0.0; shape.window_len() * shape.lanes()];
    let mut bias = vec![0.0; shape.lanes()];
    for part in parts {
        add_to(&mut weight, &part.weight);
        add_to(&mut bias, &part.bias);
    }
    bias.truncate(shape.out_channels);
    (unpack(shape, &weight), bias)
}

fn add_to(sum: &mut [f32], part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// Gradients of the parameters from a few frames, summed in order, channels padded to whole vectors; and memory for one
/// frame after the other.
struct Part {
    weight: Vec<f32>,
    bias: Vec<f32>,
    /// Gradient before the ReLU, channels padded.
    d_sum: Vec<f32>,
    scratch: Scratch,
}

impl Part {
    fn new(shape: &ConvShape) -> Self {
        Self {
            weight: vec![0.0; shape.window_len() * shape.lanes()],
            bias: vec![0.0; shape.lanes()],
            d_sum: vec![0.0; shape.out_height() * shape.out_width() * shape.lanes()],
            scratch: Scratch::default(),
        }
    }

    /// `d_input` is zeros, or nothing where nobody asks for it.
    fn add_frames(
        &mut self,
        shape: &ConvShape,
        input: &[f32],
        [output, d_output]: [&[f32]; 2],
        transposed: Option<&TransposedWeight>,
        d_input: &mut [f32],
    ) {
        let outputs = output.chunks_exact(shape.out_len()).zip(d_output.chunks_exact(shape.out_len()));
        let mut d_inputs = d_input.chunks_exact_mut(shape.in_len());
        for (input, (output, d_output)) in input.chunks_exact(shape.in_len()).zip(outputs) {
            self.add_frame(shape, input, [output, d_output]);
            if let (Some(transposed), Some(d_input)) = (transposed, d_inputs.next()) {
                transposed.input_gradient(shape, &self.d_sum, d_input, &mut self.scratch);
            }
        }
    }

    fn add_frame(&mut self, shape: &ConvShape, input: &[f32], [output, d_output]: [&[f32]; 2]) {
        let simd = Arch::new();
        let Self { weight: d_weight, bias: d_bias, d_sum, .. } = self;
        let output = FeatureMap::new(output, shape.out_size());
        simd.dispatch(ThroughRelu { output, d_output, d_sum, d_bias });
        let padded = pad_image(input, shape.in_width, shape.in_channels, shape.padding);
        simd.dispatch(WeightGradient { shape, input: &padded, d_sum, d_weight });
    }
}

/// Gradient before the ReLU, channels padded to whole vectors, and its sum over pixels added to the bias gradient.
pub(super) struct ThroughRelu<'a> {
    /// Tells where the ReLU was open.
    pub(super) output: FeatureMap<'a>,
    pub(super) d_output: &'a [f32],
    pub(super) d_sum: &'a mut [f32],
    pub(super) d_bias: &'a mut [f32],
}

impl WithSimd for ThroughRelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (d_sum, _) = S::as_mut_simd_f32s(self.d_sum);
        let (d_bias, _) = S::as_mut_simd_f32s(self.d_bias);
        let zero = simd.splat_f32s(0.0);
        let channels = self.output.channels;
        let pixels = self.output.rows().flat_map(|row| row.chunks_exact(channels));
        let pixels = pixels.zip(self.d_output.chunks_exact(channels));
        for (d_sum, (output, d_output)) in d_sum.chunks_exact_mut(d_bias.len()).zip(pixels) {
            let values = output.chunks(S::F32_LANES).zip(d_output.chunks(S::F32_LANES));
            for ((d_sum, d_bias), (output, d_output)) in d_sum.iter_mut().zip(d_bias.iter_mut()).zip(values) {
                // The partial load is a call of a function.
                let [output, d_output] = match output.len() == S::F32_LANES {
                    true => [output, d_output].map(|whole| S::as_simd_f32s(whole).0[0]),
                    false => [output, d_output].map(|part| simd.partial_load_f32s(part)),
                };
                let open = simd.greater_than_f32s(output, zero);
                *d_sum = simd.select_f32s(open, d_output, zero);
                *d_bias = simd.add_f32s(*d_bias, *d_sum);
            }
        }
    }
}
