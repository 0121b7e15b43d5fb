//! Convolutional encoders: image in, feature maps and a flat feature vector out.

use super::conv::{ConvShape, Layer};
use super::conv_op::conv_relu;
use super::{FirstWeights, to_vec};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use lane_frame::Size;
use std::sync::Arc;

/// One convolution of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvLayer {
    /// Filters.
    pub filters: usize,
    /// Side of the filter window.
    pub kernel: usize,
    /// Step of the filter window.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
}

const fn layer(filters: usize, kernel: usize, stride: usize, padding: usize) -> ConvLayer {
    ConvLayer { filters, kernel, stride, padding }
}

/// The encoders a policy can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderKind {
    /// 120x48 pixels, 16-24-32-8 filters: 4.3 million multiplications a frame, trains in minutes on two cores.
    Compact,
    /// 200x78 pixels, 24-36-48-64-8 filters with zero padding, as under the recurrent heads of Lechner et al. 2020.
    Paper,
    /// 200x78 pixels, 24-36-48-64-64 filters without padding, as in the CNN baseline of Lechner et al. 2020.
    PaperCnn,
}

impl EncoderKind {
    /// Size of the image it takes.
    pub fn input_size(self) -> Size {
        match self {
            Self::Compact => Size::new(120, 48),
            Self::Paper | Self::PaperCnn => Size::new(200, 78),
        }
    }

    /// Its convolutions from the image on.
    pub fn layers(self) -> &'static [ConvLayer] {
        const COMPACT: &[ConvLayer] = &[layer(16, 5, 2, 0), layer(24, 5, 2, 0), layer(32, 3, 2, 0), layer(8, 3, 1, 0)];
        const PAPER: &[ConvLayer] =
            &[layer(24, 5, 2, 2), layer(36, 5, 2, 2), layer(48, 3, 2, 1), layer(64, 3, 1, 1), layer(8, 3, 1, 1)];
        const PAPER_CNN: &[ConvLayer] =
            &[layer(24, 5, 2, 0), layer(36, 5, 2, 0), layer(48, 3, 2, 0), layer(64, 3, 1, 0), layer(64, 3, 1, 0)];
        match self {
            Self::Compact => COMPACT,
            Self::Paper => PAPER,
            Self::PaperCnn => PAPER_CNN,
        }
    }

    /// Shape of each convolution, from the image on.
    pub fn shapes(self) -> Vec<ConvShape> {
        let Size { width, height } = self.input_size();
        let (mut in_height, mut in_width, mut in_channels) = (height as usize, width as usize, 3);
        let shapes = self.layers().iter().map(|layer| {
            let ConvLayer { filters: out_channels, kernel, stride, padding } = *layer;
            let shape = ConvShape { in_height, in_width, in_channels, out_channels, kernel, stride, padding };
            (in_height, in_width, in_channels) = (shape.out_height(), shape.out_width(), out_channels);
            shape
        });
        shapes.collect()
    }

    /// Rows, columns and channels of the last feature map.
    pub fn map_shape(self) -> [usize; 3] {
        self.shapes().last().map_or([0; 3], |last| [last.out_height(), last.out_width(), last.out_channels])
    }
}

/// One convolution's weights, in PyTorch's layout.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[filters, channels, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[filters]`
    pub bias: Param<Tensor<1>>,
}

impl Conv {
    /// He-normal weights, zero bias.
    fn init(shape: &ConvShape, first: &mut FirstWeights<'_>) -> Self {
        let (filters, channels, kernel) = (shape.out_channels, shape.in_channels, shape.kernel);
        Self {
            weight: first.he_normal([filters, channels, kernel, kernel], shape.window_len()),
            bias: first.constant([filters], 0.0),
        }
    }

    fn forward(&self, input: Tensor<4>, shape: ConvShape) -> Tensor<4> {
        conv_relu(input, self.weight.val(), self.bias.val(), shape)
    }
}

/// The convolutions of an encoder.
#[derive(Module, Debug)]
pub struct Encoder {
    conv: Vec<Conv>,
}

impl Encoder {
    /// An untrained encoder.
    pub fn init(kind: EncoderKind, first: &mut FirstWeights<'_>) -> Self {
        Self { conv: kind.shapes().iter().map(|shape| Conv::init(shape, first)).collect() }
    }

    /// The same encoder with the last `count` convolutions of another.
    pub fn with_last_of(mut self, count: usize, other: Self) -> Self {
        let kept = self.conv.len().saturating_sub(count);
        self.conv.truncate(kept);
        self.conv.extend(other.conv.into_iter().skip(kept));
        self
    }

    /// Its convolutions, ready to run on one picture after the other.
    pub(crate) fn layers(&self, kind: EncoderKind) -> Arc<[Layer]> {
        let layer =
            |(conv, shape): (&Conv, ConvShape)| Layer::new(shape, &to_vec(conv.weight.val()), &to_vec(conv.bias.val()));
        self.conv.iter().zip(kind.shapes()).map(layer).collect()
    }

    /// Every rectified feature map, from the image on; the last one is what the head sees.
    ///
    /// # Shapes
    /// - input: `[batch, height, width, 3]`, whitened
    /// - returns: one `[batch, rows, columns, filters]` per convolution
    pub fn forward(&self, kind: EncoderKind, input: Tensor<4>) -> Vec<Tensor<4>> {
        let mut maps: Vec<Tensor<4>> = Vec::with_capacity(self.conv.len());
        for (conv, shape) in self.conv.iter().zip(kind.shapes()) {
            let input = maps.last().unwrap_or(&input).clone();
            maps.push(conv.forward(input, shape));
        }
        maps
    }
}
