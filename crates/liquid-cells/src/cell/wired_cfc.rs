//! Closed-form cells in the shape of a wiring, as in ncps 1.0.1 (`wired_cfc_cell.py`): one cell per layer, from inter
//! over command to motor. A layer sees those neurons of the layer before that the wiring connects it to, and all of its
//! own; polarities and the wiring's command-to-command synapses play no part.

use super::cfc::ClosedForm;
use super::held::Held;
use super::spec::WiredCfcSpec;
use crate::init::FirstWeights;
use crate::wiring::{Synapse, Wiring};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;
use std::sync::Arc;

/// One closed form per layer. The state runs inter, command, motor: the other way round than neuron ids.
#[derive(Module, Debug)]
pub struct WiredCfc {
    layers: Vec<ClosedForm>,
    #[module(skip)]
    masks: Arc<Vec<Mask>>,
}

/// Which weights of a layer exist: 1 or 0, `[units, seen]`.
#[derive(Debug)]
pub(super) struct Mask {
    pub(super) units: usize,
    pub(super) values: Vec<f32>,
}

impl Mask {
    fn tensor(&self, device: &Device) -> Tensor<2> {
        let seen = self.values.len() / self.units;
        Tensor::from_data(TensorData::new(self.values.clone(), [self.units, seen]), device)
    }
}

impl WiredCfc {
    /// Weights as ncps draws them.
    pub fn init(spec: &WiredCfcSpec, first: &mut FirstWeights<'_>) -> Self {
        let masks = masks(spec.wiring.wiring());
        let layers = masks
            .iter()
            .map(|mask| ClosedForm::init(mask.values.len() / mask.units, mask.units, spec.mode, first))
            .collect();
        Self { layers, masks: Arc::new(masks) }
    }

    /// Output `[batch, units of the last layer]` and the next state.
    pub(super) fn step(
        &self,
        input: Tensor<2>,
        hidden: Tensor<2>,
        elapsed: Tensor<2>,
        held: Option<Held>,
    ) -> (Tensor<2>, Tensor<2>) {
        let (mut input, mut first, mut states) = (input, 0, Vec::with_capacity(self.layers.len()));
        for (layer, mask) in self.layers.iter().zip(self.masks.iter()) {
            let own = hidden.clone().narrow(1, first, mask.units);
            let seen = Tensor::cat(vec![input, own], 1);
            let mask_values = mask.tensor(&seen.device());
            input = layer.step(seen, elapsed.clone(), Some(&mask_values));
            if let Some(held) = held.and_then(|held| held.in_layer(first, mask.units)) {
                input = held.in_state(input);
            }
            states.push(input.clone());
            first += mask.units;
        }
        (input, Tensor::cat(states, 1))
    }
}

pub(super) fn masks(wiring: &Wiring) -> Vec<Mask> {
    let mut before: Option<Range<usize>> = None;
    let mut masks = Vec::new();
    for ids in layers(wiring) {
        let (sources, synapses) = match &before {
            None => (0..wiring.sensory(), wiring.sensory_synapses()),
            Some(before) => (before.clone(), wiring.synapses()),
        };
        masks.push(mask(&sources, &ids, synapses));
        before = Some(ids);
    }
    masks
}

/// Neuron ids of the layers that get a cell each: those of a layered wiring, or all neurons at once.
pub(super) fn layers(wiring: &Wiring) -> Vec<Range<usize>> {
    let layers: Vec<_> = wiring.layers().into_iter().map(|(_, ids)| ids).collect();
    if layers.len() == 3 { layers } else { std::iter::once(0..wiring.units()).collect() }
}

fn mask(sources: &Range<usize>, targets: &Range<usize>, synapses: &[Synapse]) -> Mask {
    let (units, seen) = (targets.len(), sources.len() + targets.len());
    let mut values = vec![0.0; units * seen];
    for row in values.chunks_exact_mut(seen) {
        row[sources.len()..].fill(1.0);
    }
    for synapse in synapses {
        if sources.contains(&synapse.source) && targets.contains(&synapse.target) {
            values[(synapse.target - targets.start) * seen + synapse.source - sources.start] = 1.0;
        }
    }
    Mask { units, values }
}
