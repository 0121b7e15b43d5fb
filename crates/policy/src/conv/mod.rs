//! Convolution with bias and ReLU, forward and backward, on plain slices. Images are height x width x channel, so that
//! a row of a filter window is one contiguous run and output channels are the SIMD lanes.
//!
//! All three passes are the same outer-product sum, `accumulate`: a block of results is held in registers while the
//! kernel walks along the sum. No patch matrix is built. Frames of a batch run in parallel; partial weight gradients
//! are added in frame order, so that results do not depend on the number of threads.

mod accumulate;
mod backward;
mod canvas;
mod filters;
mod forward;
mod input_gradient;
mod layer;
mod padding;
mod pass;
mod patch;
mod pullback;
mod weight_gradient;

pub use backward::{ConvGradients, backward};
pub use canvas::{FeatureMap, Patch};
pub use layer::{Layer, forward};
pub use pass::Pass;
pub use patch::PatchedPass;
pub use pullback::Pullback;

use pulp::{Arch, Simd, WithSimd};

/// Numbers of the widest vector of any instruction set. Whatever decides the order of a sum goes by this one, so that the
/// results are the same everywhere.
const WIDEST: usize = 16;

/// Size of one convolution layer: square kernel, same stride and zero padding in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Rows of the input.
    pub in_height: usize,
    /// Columns of the input.
    pub in_width: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Filters.
    pub out_channels: usize,
    /// Side of the filter window.
    pub kernel: usize,
    /// Step of the filter window.
    pub stride: usize,
    /// Rows and columns of zeros on every side of the input.
    pub padding: usize,
}

impl ConvShape {
    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        (self.in_height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        (self.in_width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Rows, columns and channels of the input.
    fn in_size(&self) -> [usize; 3] {
        [self.in_height, self.in_width, self.in_channels]
    }

    /// Rows, columns and channels of the output.
    fn out_size(&self) -> [usize; 3] {
        [self.out_height(), self.out_width(), self.out_channels]
    }

    /// Numbers in one input image.
    pub fn in_len(&self) -> usize {
        self.in_height * self.in_width * self.in_channels
    }

    /// Numbers in one output image.
    pub fn out_len(&self) -> usize {
        self.out_height() * self.out_width() * self.out_channels
    }

    /// Numbers in one filter.
    pub fn window_len(&self) -> usize {
        self.kernel * self.kernel * self.in_channels
    }

    /// Numbers in one row of a filter.
    fn run_len(&self) -> usize {
        self.kernel * self.in_channels
    }

    /// Numbers in one row of the padded input.
    fn padded_row_len(&self) -> usize {
        (self.in_width + 2 * self.padding) * self.in_channels
    }

    /// Images in a batch.
    fn batch_of(&self, input: &[f32]) -> usize {
        assert_eq!(input.len() % self.in_len(), 0, "input is whole images of {self:?}");
        input.len() / self.in_len()
    }

    fn check_weight(&self, weight: &[f32]) {
        assert_eq!(weight.len(), self.window_len() * self.out_channels, "weight fits {self:?}");
    }

    /// Output channels rounded up to whole vectors.
    fn lanes(&self) -> usize {
        whole_vectors(self.out_channels)
    }
}

/// Rounded up to whole vectors of this machine.
fn whole_vectors(channels: usize) -> usize {
    channels.next_multiple_of(Arch::new().dispatch(VectorLen))
}

/// Numbers of a vector.
struct VectorLen;

impl WithSimd for VectorLen {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}
