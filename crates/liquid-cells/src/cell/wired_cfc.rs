//! Closed-form cells in the shape of a wiring, as in ncps 1.0.1 (`wired_cfc_cell.py`): one cell per layer, from inter
//! over command to motor. A layer sees those neurons of the layer before that the wiring connects it to, and all of its
//! own; polarities and the wiring's command-to-command synapses play no part.

use super::choices::CfcMode;
use super::closed_form::{ClosedForm, closed_form_name, inferred_mode};
use super::held::{Held, hold};
use super::kind::{Kind, Step};
use super::reference::{self, CoreDict, Hints, ImportError, Style, synapse};
use super::wiring_source::WiringSource;
use super::{CellState, Core};
use crate::init::FirstWeights;
use crate::state_dict::Array;
use crate::wiring::{Layer, Synapse, Wiring};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Closed-form cells in the shape of a wiring: `CfC` with a wiring in ncps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WiredCfcSpec {
    /// The synapses there are.
    pub wiring: WiringSource,
    /// The closed form.
    pub mode: CfcMode,
}

impl WiredCfcSpec {
    /// The gated form, ncps' default.
    pub fn new(wiring: impl Into<WiringSource>) -> Self {
        Self { wiring: wiring.into(), mode: CfcMode::Default }
    }

    /// The synapses that play a part: from layer to layer. Polarities do not.
    fn used_wiring(&self) -> Wiring {
        let wiring = self.wiring.wiring();
        let layer = |id: usize| layers(wiring).iter().position(|ids| ids.contains(&id));
        let used =
            wiring.with_synapses(|synapse| layer(synapse.target) == layer(synapse.source).map(|layer| layer + 1));
        used.with_polarities(&vec![1; used.sensory_synapses().len()], &vec![1; used.synapses().len()])
    }
}

/// One closed form per layer. The state runs inter, command, motor: the other way round than neuron ids.
#[derive(Module, Debug)]
pub struct WiredCfc {
    layers: Vec<ClosedForm>,
    #[module(skip)]
    masks: Arc<Vec<Mask>>,
    #[module(skip)]
    spec: Arc<WiredCfcSpec>,
}

/// The weights of a layer that exist: 1 or 0, `[units, seen]`.
#[derive(Clone, Debug)]
struct Mask {
    units: usize,
    values: Vec<f32>,
}

impl Mask {
    fn tensor(&self, device: &Device) -> Tensor<2> {
        let seen = self.values.len() / self.units;
        Tensor::from_data(TensorData::new(self.values.clone(), [self.units, seen]), device)
    }
}

impl Step for WiredCfc {
    fn step(
        &self,
        mut input: Tensor<2>,
        CellState { hidden, memory }: CellState,
        elapsed: Tensor<2>,
        held: &[Held],
    ) -> (Tensor<2>, CellState) {
        let (mut first, mut states) = (0, Vec::with_capacity(self.layers.len()));
        for (layer, mask) in self.layers.iter().zip(self.masks.iter()) {
            let own = hidden.clone().narrow(1, first, mask.units);
            let seen = Tensor::cat(vec![input, own], 1);
            let mask_values = mask.tensor(&seen.device());
            input = layer.step(seen, elapsed.clone(), Some(&mask_values));
            let held: Vec<Held> = held.iter().filter_map(|held| held.in_layer(first, mask.units)).collect();
            input = hold(&held, input);
            states.push(input.clone());
            first += mask.units;
        }
        (input, CellState { hidden: Tensor::cat(states, 1), memory })
    }

    /// The wiring without the synapses that play no part.
    fn wiring(&self) -> Option<Wiring> {
        Some(self.spec.used_wiring())
    }

    fn cut(&mut self, synapse: Synapse, sensory: bool) {
        let wiring = self.spec.wiring.wiring();
        let mut sources = 0..wiring.sensory();
        for (layer, (ids, mask)) in layers(wiring).into_iter().zip(Arc::make_mut(&mut self.masks)).enumerate() {
            let seen = sources.len() + ids.len();
            if sensory == (layer == 0) && sources.contains(&synapse.source) && ids.contains(&synapse.target) {
                mask.values[(synapse.target - ids.start) * seen + synapse.source - sources.start] = 0.0;
            }
            sources = ids;
        }
    }
}

impl Kind for WiredCfcSpec {
    fn inputs(&self) -> usize {
        self.wiring.wiring().sensory()
    }

    fn units(&self) -> usize {
        self.wiring.wiring().units()
    }

    fn outputs(&self) -> usize {
        layers(self.wiring.wiring()).last().map_or(0, |ids| ids.len())
    }

    fn wiring(&self) -> Option<&Arc<Wiring>> {
        Some(self.wiring.shared())
    }

    fn place_of(&self, id: usize) -> usize {
        layers(self.wiring.wiring()).into_iter().flatten().position(|other| other == id).unwrap_or(id)
    }

    fn weights(&self) -> usize {
        4 * self.units() * (self.inputs() + self.units())
    }

    /// Weights as ncps draws them.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        let masks = masks(self.wiring.wiring());
        let layers = masks
            .iter()
            .map(|mask| ClosedForm::init(mask.values.len() / mask.units, mask.units, self.mode, first))
            .collect();
        Core::WiredCfc(WiredCfc { layers, masks: Arc::new(masks), spec: Arc::new(self.clone()) })
    }

    fn style(&self) -> Style {
        Style::NCPS
    }

    fn module(&self, bare: bool) -> &'static str {
        if bare { "ncps.torch.WiredCfCCell" } else { "ncps.torch.CfC of this wiring" }
    }

    fn reference_name(&self, path: &str) -> String {
        closed_form_name(&path.replacen("layers.", "layer_", 1))
    }

    fn masks(&self) -> Vec<(String, Array)> {
        let array = |Mask { units, values }: Mask| Array { shape: vec![units, values.len() / units], values };
        let masks = masks(self.wiring.wiring()).into_iter().enumerate();
        masks.map(|(layer, mask)| (format!("layer_{layer}.sparsity_mask"), array(mask))).collect()
    }

    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
        let masks = (0..).map_while(|layer| dict.get(&format!("layer_{layer}.sparsity_mask"))).count();
        if masks != 1 && masks != 3 {
            return Err(ImportError(format!("expected the masks of 1 or 3 layers, got those of {masks}")));
        }
        let names: Vec<String> = (0..masks).map(|layer| format!("layer_{layer}.sparsity_mask")).collect();
        let shapes = names.iter().map(|name| dict.shape(name)).collect::<Result<Vec<_>, _>>()?;
        let units: usize = shapes.iter().map(|[units, _]| units).sum();
        let sensory = shapes[0][1].saturating_sub(shapes[0][0]);
        let (mut sensory_synapses, mut synapses) = (Vec::new(), Vec::new());
        // Ids run the other way round than the layers.
        let (mut end, mut before) = (units, 0..sensory);
        for (layer, ([count, seen], name)) in shapes.iter().zip(&names).enumerate() {
            let first = end - count;
            if *seen != before.len() + count {
                let expected = before.len() + count;
                return Err(ImportError(format!("`{name}`: expected {expected} columns, got {seen}")));
            }
            let mask = dict.array(name)?;
            for (at, _) in mask.values.iter().enumerate().filter(|(_, mask)| **mask != 0.0) {
                let (target, source) = (at / seen, at % seen);
                if source < before.len() {
                    let synapse = synapse(before.start + source, first + target, 1.0);
                    if layer == 0 { sensory_synapses.push(synapse) } else { synapses.push(synapse) }
                }
            }
            (before, end) = (first..end, first);
        }
        let layers = match shapes[..] {
            [[inter, _], [command, _], [motor, _]] => {
                vec![(Layer::Inter, inter), (Layer::Command, command), (Layer::Motor, motor)]
            }
            _ => vec![(Layer::Motor, units)],
        };
        let wiring = reference::wiring(sensory, &layers, sensory_synapses, synapses)?;
        Ok(Self { wiring, mode: inferred_mode(dict.get("layer_0.w_tau"), hints) })
    }

    fn neurons(&self) -> &'static str {
        "closed-form"
    }

    fn description(&self) -> String {
        format!("closed-form cells in a wiring, {} form", self.mode)
    }
}

fn masks(wiring: &Wiring) -> Vec<Mask> {
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
fn layers(wiring: &Wiring) -> Vec<Range<usize>> {
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
