//! One image through layers one after the other, in memory that the next image uses again.

use super::ConvShape;
use super::canvas::{Canvas, FeatureMap};
use super::forward::Strides;
use super::layer::Layer;
use std::sync::Arc;

/// What layers make of an image: the image, and every output.
#[derive(Clone, Debug)]
pub struct Pass {
    pub(super) layers: Arc<[Layer]>,
    /// The image, then the output of each layer; each with the border that the next layer wants.
    pub(super) canvases: Vec<Canvas>,
}

impl Pass {
    /// An image of zeros that has not gone through the layers yet.
    ///
    /// # Panics
    /// If there is no layer, or one does not take what the one before it gives.
    pub fn new(layers: Arc<[Layer]>) -> Self {
        let mut canvases = Vec::with_capacity(layers.len() + 1);
        let mut size = layers[0].shape.in_size();
        for layer in &*layers {
            assert_eq!(layer.shape.in_size(), size, "a layer takes what the one before it gives");
            canvases.push(Canvas::new(size, layer.shape.padding));
            size = layer.shape.out_size();
        }
        canvases.push(Canvas::new(size, 0));
        Self { layers, canvases }
    }

    /// The same layers with an image of zeros, that has not gone through them.
    pub fn blank(&self) -> Self {
        Self::new(Arc::clone(&self.layers))
    }

    /// The rows of the image, to be written.
    pub fn image_rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.canvases[0].rows_mut()
    }

    /// The image through all layers.
    pub fn run(&mut self) {
        self.run_from(0);
    }

    fn run_from(&mut self, first: usize) {
        for (number, layer) in self.layers.iter().enumerate().skip(first) {
            let (before, after) = self.canvases.split_at_mut(number + 1);
            let (input, output) = (&before[number], &mut after[0]);
            let strides = Strides { out_row: output.stride(), ..Strides::of(&layer.shape) };
            layer.forward(strides, input.bordered(), output.inside_mut());
        }
    }

    /// What the first layer makes of the image before bias and ReLU, `[out_height, out_width, out_channels]`.
    pub fn first_sums(&self) -> Vec<f32> {
        let layer = &self.layers[0];
        let mut sums = vec![0.0; layer.shape.out_len()];
        layer.sums(Strides::of(&layer.shape), self.canvases[0].bordered(), &mut sums);
        sums
    }

    /// The image times `at` through all layers, of which the first has but to scale its sums ([`Pass::first_sums`]). The
    /// image itself stays.
    pub fn run_scaled(&mut self, first_sums: &[f32], at: f32) {
        let layer = &self.layers[0];
        let ConvShape { out_channels: channels, .. } = layer.shape;
        for (row, sums) in self.canvases[1].rows_mut().zip(first_sums.chunks_exact(layer.shape.out_width() * channels))
        {
            for (pixel, sums) in row.chunks_exact_mut(channels).zip(sums.chunks_exact(channels)) {
                for ((value, sum), bias) in pixel.iter_mut().zip(sums).zip(&layer.bias) {
                    *value = (bias + at * sum).max(0.0);
                }
            }
        }
        self.run_from(1);
    }

    /// The image.
    pub fn image(&self) -> FeatureMap<'_> {
        self.canvases[0].map()
    }

    /// Every output, from the image on.
    pub fn maps(&self) -> Vec<FeatureMap<'_>> {
        self.canvases[1..].iter().map(Canvas::map).collect()
    }

    /// The last output, `[out_height, out_width, out_channels]`.
    pub fn last(&self) -> &[f32] {
        self.canvases[self.layers.len()].bordered()
    }

    /// Rows, columns and channels of the last output.
    pub fn last_shape(&self) -> [usize; 3] {
        let FeatureMap { height, width, channels, .. } = self.canvases[self.layers.len()].map();
        [height, width, channels]
    }

    /// Writes outputs that were made elsewhere, `[out_height, out_width, out_channels]` each, from the image on.
    ///
    /// # Panics
    /// If there is not one output per layer, or one has another length than its layer's.
    pub fn set_maps(&mut self, maps: &[Vec<f32>]) {
        assert_eq!(maps.len(), self.layers.len(), "one output per layer");
        for (canvas, map) in self.canvases[1..].iter_mut().zip(maps) {
            let mut rest = &map[..];
            for row in canvas.rows_mut() {
                let (numbers, others) = rest.split_at(row.len());
                row.copy_from_slice(numbers);
                rest = others;
            }
            assert!(rest.is_empty(), "an output has the size of its layer's");
        }
    }
}
