//! Images with a border of zeros, so that the kernels meet no edges.

use std::ops::Range;

/// An image `[height, width, channels]` inside a border of zeros.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    numbers: Vec<f32>,
    height: usize,
    width: usize,
    channels: usize,
    border: usize,
}

/// A rectangle of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
}

/// Numbers of a feature map or of a picture, `[height, width, channels]`; its rows need not follow each other at once.
#[derive(Clone, Copy, Debug)]
pub struct FeatureMap<'a> {
    /// From the first number of the first row to the last of the last.
    numbers: &'a [f32],
    /// Numbers from row to row.
    stride: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers of a place.
    pub channels: usize,
}

impl Canvas {
    /// An image of zeros.
    pub(super) fn new([height, width, channels]: [usize; 3], border: usize) -> Self {
        let numbers = vec![0.0; (height + 2 * border) * (width + 2 * border) * channels];
        Self { numbers, height, width, channels, border }
    }

    /// Numbers of a row, border included.
    pub(super) fn stride(&self) -> usize {
        (self.width + 2 * self.border) * self.channels
    }

    /// Everything, border included.
    pub(super) fn bordered(&self) -> &[f32] {
        &self.numbers
    }

    /// Everything, border included, to be written.
    pub(super) fn bordered_mut(&mut self) -> &mut [f32] {
        &mut self.numbers
    }

    /// From the first number of the image to its last.
    fn inside(&self) -> Range<usize> {
        let first = self.border * (self.stride() + self.channels);
        first..first + (self.height - 1) * self.stride() + self.width * self.channels
    }

    /// From the first number of the image on, to be written row by row.
    pub(super) fn inside_mut(&mut self) -> &mut [f32] {
        let inside = self.inside();
        &mut self.numbers[inside]
    }

    /// The rows of the image, to be written.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (stride, run) = (self.stride(), self.width * self.channels);
        self.inside_mut().chunks_mut(stride).map(move |row| &mut row[..run])
    }

    /// The image.
    pub(super) fn map(&self) -> FeatureMap<'_> {
        FeatureMap {
            numbers: &self.numbers[self.inside()],
            stride: self.stride(),
            height: self.height,
            width: self.width,
            channels: self.channels,
        }
    }

    /// Where each row of a patch lies.
    pub(super) fn runs(&self, patch: &Patch) -> impl Iterator<Item = Range<usize>> + use<> {
        let (stride, channels, border) = (self.stride(), self.channels, self.border);
        let columns = (patch.columns.start + border) * channels..(patch.columns.end + border) * channels;
        let rows = patch.rows.start + border..patch.rows.end + border;
        rows.map(move |row| row * stride + columns.start..row * stride + columns.end)
    }
}

impl<'a> FeatureMap<'a> {
    /// A map whose rows follow each other.
    ///
    /// # Panics
    /// If `numbers` is not as long as the shape says, or empty.
    pub fn new(numbers: &'a [f32], [height, width, channels]: [usize; 3]) -> Self {
        assert!(!numbers.is_empty(), "a map has places");
        assert_eq!(numbers.len(), height * width * channels, "numbers: [height, width, channels]");
        Self { numbers, stride: width * channels, height, width, channels }
    }

    /// Its rows, `[width, channels]` each.
    pub fn rows(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let run = self.width * self.channels;
        self.numbers.chunks(self.stride).map(move |row| &row[..run])
    }

    /// All its numbers, row by row.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(self.height * self.width * self.channels);
        self.rows().for_each(|row| numbers.extend_from_slice(row));
        numbers
    }
}
