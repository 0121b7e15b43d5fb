//! The forward pass where an image changed only in a part: of each layer only those outputs are worked out anew that see
//! it, to the same bits as a pass over the whole image.

use super::ConvShape;
use super::filters::pack;
use super::forward::{Forward, Strides};
use super::padding::pad_image;
use pulp::Arch;
use std::ops::Range;

/// A rectangle of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
}

/// One rectified convolution: shape, weight `[out_channels, in_channels, kernel, kernel]` and bias `[out_channels]`.
pub struct PatchLayer<'a> {
    /// Its size.
    pub shape: ConvShape,
    /// Its filters.
    pub weight: &'a [f32],
    /// One per filter.
    pub bias: &'a [f32],
}

/// Layers one after the other, and what one image makes of them.
#[derive(Clone)]
pub struct PatchedPass {
    layers: Vec<Layer>,
    /// The last output, `[out_height, out_width, out_channels]`.
    last: Canvas,
    /// One patch of one layer's outputs.
    patch: Vec<f32>,
}

#[derive(Clone)]
struct Layer {
    shape: ConvShape,
    /// As [`pack`] makes it.
    weight: Vec<f32>,
    /// Channels padded to whole vectors.
    bias: Vec<f32>,
    input: Canvas,
}

/// An image with a border of zeros, as it was and as it is.
#[derive(Clone)]
struct Canvas {
    was: Vec<f32>,
    is: Vec<f32>,
    /// Numbers of a row, border included.
    row: usize,
    channels: usize,
    border: usize,
}

impl Canvas {
    fn new(image: &[f32], width: usize, channels: usize, border: usize) -> Self {
        let was = pad_image(image, width, channels, border).into_owned();
        Self { is: was.clone(), was, row: (width + 2 * border) * channels, channels, border }
    }

    /// Where each row of a patch lies.
    fn runs(&self, patch: &Patch) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { row, channels, border, .. } = *self;
        let columns = (patch.columns.start + border) * channels..(patch.columns.end + border) * channels;
        let rows = patch.rows.start + border..patch.rows.end + border;
        rows.map(move |at| at * row + columns.start..at * row + columns.end)
    }

    fn restore(&mut self, patch: &Patch) {
        for run in self.runs(patch) {
            self.is[run.clone()].copy_from_slice(&self.was[run]);
        }
    }
}

impl PatchedPass {
    /// Runs an image `[in_height, in_width, in_channels]` through the layers.
    ///
    /// # Panics
    /// If there is no layer, or a slice has another length than the shapes say.
    pub fn new(image: &[f32], layers: &[PatchLayer<'_>]) -> Self {
        let mut input = image.to_vec();
        let layers: Vec<Layer> = layers
            .iter()
            .map(|PatchLayer { shape, weight, bias }| {
                let canvas = Canvas::new(&input, shape.in_width, shape.in_channels, shape.padding);
                input = super::forward(shape, &input, weight, bias);
                let mut bias = bias.to_vec();
                bias.resize(shape.lanes(), 0.0);
                Layer { shape: *shape, weight: pack(shape, weight), bias, input: canvas }
            })
            .collect();
        let Some(Layer { shape, .. }) = layers.last() else { unreachable!("a pass has layers") };
        let last = Canvas::new(&input, shape.out_width(), shape.out_channels, 0);
        Self { last, layers, patch: Vec::new() }
    }

    /// The last output for the same image with a patch of zeros, `[out_height, out_width, out_channels]`, at the end of
    /// `output`.
    pub fn with_hole(&mut self, hole: &Patch, output: &mut Vec<f32>) {
        let first = &mut self.layers[0].input;
        for run in first.runs(hole) {
            first.is[run].fill(0.0);
        }
        let mut changed = vec![hole.clone()];
        for number in 0..self.layers.len() {
            let layer = &self.layers[number];
            let touched = layer.touched_by(&changed[number]);
            layer.forward(&touched, &mut self.patch);
            let next = self.layers.get_mut(number + 1).map_or(&mut self.last, |next| &mut next.input);
            let width = touched.columns.len() * next.channels;
            for (run, values) in next.runs(&touched).zip(self.patch.chunks_exact(width)) {
                next.is[run].copy_from_slice(values);
            }
            changed.push(touched);
        }
        output.extend_from_slice(&self.last.is);
        let canvases = self.layers.iter_mut().map(|layer| &mut layer.input).chain([&mut self.last]);
        canvases.zip(&changed).for_each(|(canvas, changed)| canvas.restore(changed));
    }
}

impl Layer {
    /// The outputs whose windows see some of a patch of the input.
    fn touched_by(&self, patch: &Patch) -> Patch {
        let ConvShape { kernel, stride, padding, .. } = self.shape;
        let along = |seen: &Range<usize>, count: usize| {
            let first = (seen.start + padding).saturating_sub(kernel - 1).div_ceil(stride);
            let end = (seen.end + padding).div_ceil(stride);
            first.min(count)..end.min(count)
        };
        Patch {
            rows: along(&patch.rows, self.shape.out_height()),
            columns: along(&patch.columns, self.shape.out_width()),
        }
    }

    /// A patch of the outputs, row by row.
    fn forward(&self, patch: &Patch, output: &mut Vec<f32>) {
        let strides = Strides { out_width: patch.columns.len(), ..Strides::of(&self.shape) };
        output.clear();
        output.resize(patch.rows.len() * patch.columns.len() * self.shape.out_channels, 0.0);
        if output.is_empty() {
            return;
        }
        let input = &self.input.is[patch.rows.start * strides.down + patch.columns.start * strides.across..];
        Arch::new().dispatch(Forward { strides, input, weight: &self.weight, bias: &self.bias, output });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(in_height: usize, in_width: usize, in_channels: usize, kernel: usize, stride: usize) -> ConvShape {
        ConvShape { in_height, in_width, in_channels, out_channels: 5, kernel, stride, padding: 1 }
    }

    #[test]
    fn a_hole_gives_what_a_whole_pass_over_the_picture_with_the_hole_gives() {
        let first = layer(11, 17, 3, 5, 2);
        let second = layer(first.out_height(), first.out_width(), 5, 3, 1);
        let shapes = [first, second];
        let wave = |count: usize, rate: f32| (0..count).map(|i| (i as f32 * rate).sin()).collect::<Vec<f32>>();
        let weights = shapes.map(|shape| wave(shape.window_len() * 5, 0.7));
        let biases = shapes.map(|_| wave(5, 1.3));
        let layers: Vec<PatchLayer<'_>> =
            (0..2).map(|i| PatchLayer { shape: shapes[i], weight: &weights[i], bias: &biases[i] }).collect();
        let image = wave(first.in_len(), 0.37);
        let whole = |image: &[f32]| {
            let middle = super::super::forward(&first, image, &weights[0], &biases[0]);
            super::super::forward(&second, &middle, &weights[1], &biases[1])
        };
        let mut pass = PatchedPass::new(&image, &layers);
        for hole in [(0..4, 0..4), (3..7, 5..11), (7..11, 13..17), (0..11, 0..17), (10..11, 16..17)] {
            let hole = Patch { rows: hole.0, columns: hole.1 };
            let mut with_hole = image.clone();
            for row in hole.rows.clone() {
                with_hole[(row * 17 + hole.columns.start) * 3..(row * 17 + hole.columns.end) * 3].fill(0.0);
            }
            let mut output = Vec::new();
            pass.with_hole(&hole, &mut output);
            assert_eq!(output, whole(&with_hole), "{hole:?}");
        }
    }
}
