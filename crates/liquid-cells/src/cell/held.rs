//! A lesion: one neuron of a cell kept at one value, so that it takes part but says nothing.

use burn::tensor::Tensor;

/// A neuron that stays at a value whatever reaches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Its place in the state of the cell.
    pub neuron: usize,
    /// Its state, dimensionless.
    pub value: f32,
}

impl Held {
    /// The state `[batch, units]` with the neuron at its value.
    pub(super) fn in_state(self, state: Tensor<2>) -> Tensor<2> {
        self.with(state, self.value)
    }

    /// The slope `[batch, units]` of the state with that of the neuron at zero.
    pub(super) fn in_slope(self, slope: Tensor<2>) -> Tensor<2> {
        self.with(slope, 0.0)
    }

    /// The same neuron in the state of the layer that begins at `first`; nothing where it is in another layer.
    pub(super) fn in_layer(self, first: usize, units: usize) -> Option<Self> {
        let neuron = self.neuron.checked_sub(first).filter(|neuron| *neuron < units)?;
        Some(Self { neuron, ..self })
    }

    fn with(self, values: Tensor<2>, value: f32) -> Tensor<2> {
        let batch = values.dims()[0];
        let column = Tensor::full([batch, 1], value, &values.device());
        values.slice_assign([0..batch, self.neuron..self.neuron + 1], column)
    }
}

/// The state with a held neuron, if there is one, at its value.
pub(super) fn hold(held: Option<Held>, state: Tensor<2>) -> Tensor<2> {
    match held {
        Some(held) => held.in_state(state),
        None => state,
    }
}
