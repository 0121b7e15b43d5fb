//! The forward pass where an image changed only in a part: of each layer only those outputs are worked out anew that see
//! it, to the same bits as a pass over the whole image.

use super::ConvShape;
use super::canvas::{Canvas, Patch};
use super::forward::Strides;
use super::layer::Layer;
use super::pass::Pass;
use std::ops::Range;

/// A pass over one image, and the same image with one change after the other.
#[derive(Clone)]
pub struct PatchedPass<'a> {
    was: &'a Pass,
    is: Vec<Canvas>,
    /// One patch of one layer's outputs.
    patch: Vec<f32>,
}

impl<'a> PatchedPass<'a> {
    /// Nothing is changed yet.
    pub fn new(was: &'a Pass) -> Self {
        Self { was, is: was.canvases.clone(), patch: Vec::new() }
    }

    /// The last output for the same image with a patch of zeros, `[out_height, out_width, out_channels]`, at the end of
    /// `output`.
    pub fn with_hole(&mut self, hole: &Patch, output: &mut Vec<f32>) {
        let image = &mut self.is[0];
        for run in image.runs(hole) {
            image.bordered_mut()[run].fill(0.0);
        }
        let mut changed = vec![hole.clone()];
        for (number, layer) in self.was.layers.iter().enumerate() {
            let touched = layer.touched_by(&changed[number]);
            layer.forward_patch(&touched, &self.is[number], &mut self.patch);
            let next = &mut self.is[number + 1];
            let width = touched.columns.len() * layer.shape.out_channels;
            for (run, values) in next.runs(&touched).zip(self.patch.chunks_exact(width)) {
                next.bordered_mut()[run].copy_from_slice(values);
            }
            changed.push(touched);
        }
        output.extend_from_slice(self.is[self.was.layers.len()].bordered());
        for ((is, was), changed) in self.is.iter_mut().zip(&self.was.canvases).zip(&changed) {
            for run in was.runs(changed) {
                is.bordered_mut()[run.clone()].copy_from_slice(&was.bordered()[run]);
            }
        }
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
    fn forward_patch(&self, patch: &Patch, input: &Canvas, output: &mut Vec<f32>) {
        let out_row = patch.columns.len() * self.shape.out_channels;
        let strides = Strides { out_width: patch.columns.len(), out_row, ..Strides::of(&self.shape) };
        output.clear();
        output.resize(patch.rows.len() * out_row, 0.0);
        if output.is_empty() {
            return;
        }
        let first = patch.rows.start * strides.down + patch.columns.start * strides.across;
        self.forward(strides, &input.bordered()[first..], output);
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
        let layers: Vec<Layer> = (0..2).map(|i| Layer::new(shapes[i], &weights[i], &biases[i])).collect();
        let image = wave(first.in_len(), 0.37);
        let whole = |image: &[f32]| {
            let middle = super::super::forward(&first, image, &weights[0], &biases[0]);
            super::super::forward(&second, &middle, &weights[1], &biases[1])
        };
        let mut pass = Pass::new(layers.into());
        pass.image_rows_mut().zip(image.chunks_exact(17 * 3)).for_each(|(row, numbers)| row.copy_from_slice(numbers));
        pass.run();
        assert_eq!(pass.last(), whole(&image));
        let mut pass = PatchedPass::new(&pass);
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
