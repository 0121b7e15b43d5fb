//! A lesion: a neuron of a cell kept at one value, so that it takes part but says nothing.

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

/// The state `[batch, units]` with held neurons at their values.
pub(super) fn hold(held: &[Held], state: Tensor<2>) -> Tensor<2> {
    held.iter().fold(state, |state, held| held.with(state, held.value))
}

/// The slope `[batch, units]` of the state with that of held neurons at zero.
pub(super) fn hold_slope(held: &[Held], slope: Tensor<2>) -> Tensor<2> {
    held.iter().fold(slope, |slope, held| held.with(slope, 0.0))
}
