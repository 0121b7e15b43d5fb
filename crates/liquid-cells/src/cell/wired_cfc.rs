//! Closed-form cells in the shape of a wiring, as in ncps 1.0.1 (`wired_cfc_cell.py`): one cell per layer, from inter
//! over command to motor. A layer sees those neurons of the layer before that the wiring connects it to, and all of its
//! own; polarities and the wiring's command-to-command synapses play no part.

use super::choices::CfcMode;
use super::closed_form::{ClosedForm, closed_form_name, inferred_mode};
use super::kind::{CoreStepper, Kind, Step};
use super::recurrent::stepper;
use super::reference::{self, CoreDict, Hints, ImportError, Style, synapse};
use super::wiring_source::WiringSource;
use super::{CellRun, CellState, Core, run};
use crate::init::FirstWeights;
use crate::recurrence::{Held, Kernel, Mask, Recurrence, Value};
use crate::state_dict::Array;
use crate::wiring::{Layer, Synapse, Wiring};
use burn::module::Module;
use burn::tensor::Tensor;
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
    /// Of each layer, `[units, seen]`.
    #[module(skip)]
    masks: Vec<Mask>,
    #[module(skip)]
    spec: Arc<WiredCfcSpec>,
    #[module(skip)]
    kernel: Kernel,
}

impl Recurrence for WiredCfc {
    fn parts(&self) -> Vec<(usize, bool)> {
        self.layers.iter().map(|layer| (layer.units(), false)).collect()
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn step<V: Value>(&self, mut input: V, state: Vec<V>, elapsed: V, held: &[Held]) -> Vec<V> {
        let (mut first, mut next) = (0, Vec::with_capacity(self.layers.len()));
        for ((layer, mask), own) in self.layers.iter().zip(&self.masks).zip(&state) {
            let units = layer.units();
            let held: Vec<Held> = held.iter().filter_map(|held| held.in_layer(first, units)).collect();
            input = layer.step(&[&input, own], elapsed.clone(), Some(mask)).hold(&held);
            next.push(input.clone());
            first += units;
        }
        next
    }
}

impl Step for WiredCfc {
    /// The last layer says something.
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        let run = run(self, inputs, state, elapsed, held);
        let (units, motor) = (run.hidden.dims()[2], self.layers.last().map_or(0, ClosedForm::units));
        CellRun { outputs: run.hidden.clone().narrow(2, units - motor, motor), ..run }
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        let motor = self.layers.last().map_or(0, ClosedForm::units);
        stepper(self, inputs, held, |units| units - motor..units)
    }

    /// The wiring without the synapses that play no part.
    fn wiring(&self) -> Option<Wiring> {
        Some(self.spec.used_wiring())
    }

    fn cut(&mut self, synapse: Synapse, sensory: bool) {
        let wiring = self.spec.wiring.wiring();
        let mut sources = 0..wiring.sensory();
        // Its program has the masks in it.
        self.kernel = Kernel::default();
        for (layer, (ids, mask)) in layers(wiring).into_iter().zip(&mut self.masks).enumerate() {
            if sensory == (layer == 0) && sources.contains(&synapse.source) && ids.contains(&synapse.target) {
                mask.cut([synapse.target - ids.start, synapse.source - sources.start]);
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
        let layers = masks.iter().map(|mask| {
            let [units, seen] = mask.shape();
            ClosedForm::init(seen, units, self.mode, first)
        });
        let layers = layers.collect();
        Core::WiredCfc(WiredCfc { layers, masks, spec: Arc::new(self.clone()), kernel: Kernel::default() })
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
        let array = |mask: Mask| Array { shape: mask.shape().to_vec(), values: mask.values().to_vec() };
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
    Mask::new([units, seen], values)
}
