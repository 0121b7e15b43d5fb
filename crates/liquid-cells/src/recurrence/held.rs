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
    pub(crate) fn in_layer(self, first: usize, units: usize) -> Option<Self> {
        let neuron = self.neuron.checked_sub(first).filter(|neuron| *neuron < units)?;
        Some(Self { neuron, ..self })
    }
}

/// The state `[batch, units]` with held neurons at their values.
pub(crate) fn hold(held: &[Held], state: Tensor<2>) -> Tensor<2> {
    held.iter().fold(state, |state, held| {
        let batch = state.dims()[0];
        let column = Tensor::full([batch, 1], held.value, &state.device());
        state.slice_assign([0..batch, held.neuron..held.neuron + 1], column)
    })
}

/// Held neurons of a slope: it is zero there.
pub(crate) fn at_rest(held: &[Held]) -> Vec<Held> {
    held.iter().map(|held| Held { value: 0.0, ..*held }).collect()
}
