//! What turns an encoder's last feature map into steering: liquid neurons, or dense layers without memory.

use super::init::FirstWeights;
use super::ltc::LtcHead;
use super::wiring::Wiring;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation::relu};

/// A dense layer, PyTorch's layout.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[outputs, inputs]`
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`
    pub bias: Param<Tensor<1>>,
}

impl Dense {
    fn init(inputs: usize, outputs: usize, first: &mut FirstWeights<'_>) -> Self {
        Self { weight: first.he_normal([outputs, inputs], inputs), bias: first.constant([outputs], 0.0) }
    }

    fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        input.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }
}

/// Features from one dense layer per filter, rectified: "four per-channel linear layers" (Lechner et al. 2020, Methods).
#[derive(Module, Debug)]
pub struct PerFilter {
    /// `[filters, features per filter, pixels]`
    pub weight: Param<Tensor<3>>,
    /// `[filters, features per filter]`
    pub bias: Param<Tensor<2>>,
}

impl PerFilter {
    fn init(pixels: usize, filters: usize, per_filter: usize, first: &mut FirstWeights<'_>) -> Self {
        Self {
            weight: first.he_normal([filters, per_filter, pixels], pixels),
            bias: first.constant([filters, per_filter], 0.0),
        }
    }

    /// Features, filter by filter.
    ///
    /// # Shapes
    /// - map: `[batch, rows, columns, filters]`
    /// - returns: `[batch, filters · per filter]`
    fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        let [batch, rows, columns, filters] = map.dims();
        let pixels = map.reshape([batch, rows * columns, filters]).permute([2, 1, 0]); // [filters, pixels, batch]
        let features = self.weight.val().matmul(pixels) + self.bias.val().unsqueeze_dim(2);
        relu(features.permute([2, 0, 1]).flatten(1, 2)) // [batch, filters * per filter]
    }
}

/// From the last feature map to the sensory inputs of the neurons.
#[derive(Module, Debug)]
pub enum Features {
    /// One dense layer over the whole map, not rectified: the neurons' own sigmoids follow.
    Flat(Dense),
    /// One dense layer per filter.
    PerFilter(PerFilter),
}

impl Features {
    fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Flat(dense) => dense.forward(map.flatten(1, 3)),
            Self::PerFilter(layers) => layers.forward(map),
        }
    }
}

/// Neural Circuit Policy head: a few features into sparsely wired liquid neurons.
#[derive(Module, Debug)]
pub struct NcpHead {
    features: Features,
    ltc: LtcHead,
}

impl NcpHead {
    /// One dense layer into the neurons.
    pub fn flat(map: [usize; 3], wiring: &Wiring, first: &mut FirstWeights<'_>) -> Self {
        let features = Dense::init(map.iter().product(), wiring.shape().sensory, first);
        Self { features: Features::Flat(features), ltc: LtcHead::init(wiring, first) }
    }

    /// A dense layer per filter into the neurons.
    pub fn per_filter([rows, columns, filters]: [usize; 3], wiring: &Wiring, first: &mut FirstWeights<'_>) -> Self {
        let features = PerFilter::init(rows * columns, filters, wiring.shape().sensory / filters, first);
        Self { features: Features::PerFilter(features), ltc: LtcHead::init(wiring, first) }
    }

    /// Features `[batch · steps, sensory]` of the last feature maps of a batch of sequences.
    pub fn features(&self, map: Tensor<4>) -> Tensor<2> {
        self.features.forward(map)
    }

    /// The neurons.
    pub fn ltc(&self) -> &LtcHead {
        &self.ltc
    }

    /// See [`LtcHead::constrain`].
    pub fn constrain(mut self) -> Self {
        self.ltc = self.ltc.constrain();
        self
    }
}

/// Dense layers, rectified in between.
#[derive(Module, Debug)]
pub struct CnnHead {
    hidden: Vec<Dense>,
    /// `[1, inputs]`; no bias, as in the published baseline.
    output: Param<Tensor<2>>,
}

impl CnnHead {
    /// Dense layers of these widths, then one output.
    pub fn init(map: [usize; 3], widths: &[usize], first: &mut FirstWeights<'_>) -> Self {
        let mut inputs = map.iter().product();
        let mut hidden = Vec::with_capacity(widths.len());
        for &width in widths {
            hidden.push(Dense::init(inputs, width, first));
            inputs = width;
        }
        Self { hidden, output: first.he_normal([1, inputs], inputs) }
    }

    /// The output of every frame.
    ///
    /// # Shapes
    /// - map: `[batch, rows, columns, filters]`
    /// - returns: `[batch, 1]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        let hidden = self.hidden.iter().fold(map.flatten(1, 3), |input, dense| relu(dense.forward(input)));
        hidden.matmul(self.output.val().transpose())
    }
}
