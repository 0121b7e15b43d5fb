//! The way back through layers: from the gradient of the last output to that of the image. Up to its ReLU the first layer
//! is linear in the image, so that for a sum over many images it goes back once.

use super::ConvShape;
use super::backward::ThroughRelu;
use super::input_gradient::Scratch;
use super::layer::Layer;
use super::pass::Pass;
use pulp::Arch;
use std::sync::Arc;

/// Gradients of one image after the other, in the same memory.
pub struct Pullback {
    layers: Arc<[Layer]>,
    /// Of a layer's output.
    d_output: Vec<f32>,
    /// Of a layer's sums, which its ReLU sees; channels padded.
    d_sum: Vec<f32>,
    scratch: Scratch,
}

impl Pullback {
    /// The way back of a pass.
    pub fn of(pass: &Pass) -> Self {
        let (layers, scratch) = (Arc::clone(&pass.layers), Scratch::default());
        Self { layers, d_output: Vec::new(), d_sum: Vec::new(), scratch }
    }

    /// Gradient of the first layer's sums, channels padded, from that of the last output.
    ///
    /// # Shapes
    /// - d_last: `[out_height, out_width, out_channels]` of the last layer
    ///
    /// # Panics
    /// If `d_last` has another length.
    pub fn first_sums(&mut self, pass: &Pass, d_last: &[f32]) -> &[f32] {
        self.d_output.clear();
        self.d_output.extend_from_slice(d_last);
        for (number, layer) in self.layers.iter().enumerate().rev() {
            let shape = &layer.shape;
            assert_eq!(self.d_output.len(), shape.out_len(), "one gradient per output");
            self.d_sum.resize(padded_out_len(shape), 0.0);
            Arch::new().dispatch(ThroughRelu {
                output: pass.canvases[number + 1].map(),
                d_output: &self.d_output,
                d_sum: &mut self.d_sum,
                d_bias: &mut vec![0.0; shape.lanes()],
            });
            if number > 0 {
                back(layer, &self.d_sum, &mut self.d_output, &mut self.scratch);
            }
        }
        &self.d_sum
    }

    /// Gradient of the image, `[in_height, in_width, in_channels]`, from that of the first layer's sums.
    pub fn image(mut self, d_first: &[f32]) -> Vec<f32> {
        back(&self.layers[0], d_first, &mut self.d_output, &mut self.scratch);
        self.d_output
    }
}

fn back(layer: &Layer, d_sum: &[f32], d_input: &mut Vec<f32>, scratch: &mut Scratch) {
    d_input.clear();
    d_input.resize(layer.shape.in_len(), 0.0);
    layer.transposed().input_gradient(&layer.shape, d_sum, d_input, scratch);
}

fn padded_out_len(shape: &ConvShape) -> usize {
    shape.out_height() * shape.out_width() * shape.lanes()
}

#[cfg(test)]
mod tests {
    use super::super::{backward, forward};
    use super::*;

    #[test]
    fn the_way_back_is_that_of_layer_after_layer() {
        let first = ConvShape {
            in_height: 11,
            in_width: 17,
            in_channels: 3,
            out_channels: 5,
            kernel: 5,
            stride: 2,
            padding: 0,
        };
        let second = ConvShape {
            in_height: first.out_height(),
            in_width: first.out_width(),
            in_channels: 5,
            out_channels: 7,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let wave = |count: usize, rate: f32| (0..count).map(|i| (i as f32 * rate).sin()).collect::<Vec<f32>>();
        let weights = [first, second].map(|shape| wave(shape.window_len() * shape.out_channels, 0.7));
        let biases = [first, second].map(|shape| wave(shape.out_channels, 1.3));
        let layers = [(first, 0), (second, 1)].map(|(shape, i)| Layer::new(shape, &weights[i], &biases[i]));
        let image = wave(first.in_len(), 0.37);
        let mut pass = Pass::new(Arc::new(layers));
        pass.image_rows_mut().zip(image.chunks_exact(17 * 3)).for_each(|(row, numbers)| row.copy_from_slice(numbers));
        pass.run();
        let d_last = wave(second.out_len(), 0.9);

        let middle = forward(&first, &image, &weights[0], &biases[0]);
        let last = forward(&second, &middle, &weights[1], &biases[1]);
        let d_middle = backward(&second, &middle, &weights[1], &last, &d_last, true).input.unwrap();
        let d_image = backward(&first, &image, &weights[0], &middle, &d_middle, true).input.unwrap();

        let mut pullback = Pullback::of(&pass);
        let d_first = pullback.first_sums(&pass, &d_last).to_vec();
        assert_eq!(pullback.image(&d_first), d_image);
    }

    #[test]
    fn a_scaled_image_need_not_go_through_the_first_layer_again() {
        let shape = |in_channels, in_width| ConvShape {
            in_height: 9,
            in_width,
            in_channels,
            out_channels: 4,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let wave = |count: usize, rate: f32| (0..count).map(|i| (i as f32 * rate).sin()).collect::<Vec<f32>>();
        let shapes = [shape(3, 8), shape(4, 8)];
        let layers = shapes.map(|shape| Layer::new(shape, &wave(shape.window_len() * 4, 0.7), &wave(4, 1.3)));
        let image = wave(9 * 8 * 3, 0.37);
        let mut pass = Pass::new(Arc::new(layers));
        let fill = |pass: &mut Pass, at: f32| {
            for (row, numbers) in pass.image_rows_mut().zip(image.chunks_exact(8 * 3)) {
                row.iter_mut().zip(numbers).for_each(|(to, from)| *to = at * from);
            }
        };
        fill(&mut pass, 1.0);
        let sums = pass.first_sums();
        pass.run_scaled(&sums, 0.3);
        let scaled = pass.last().to_vec();
        fill(&mut pass, 0.3);
        pass.run();
        for (scaled, whole) in scaled.iter().zip(pass.last()) {
            // Sums of 36 terms of size 1, in another order.
            assert!((scaled - whole).abs() < 1e-5, "{scaled} against {whole}");
        }
    }
}
