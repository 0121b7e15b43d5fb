//! Wiring of a liquid network: which neuron talks to which, and with which polarity.
//!
//! Four layers in anatomical order: sensory inputs, inter neurons, command neurons, motor neurons (Lechner et al. 2020,
//! Fig. 2). Neuron ids run motor first, then command, then inter. A [`WiringSpec`] says what to draw, and the draw is
//! bit-identical to that of the reference library ncps 1.0.1 (its `wirings.py`, on numpy's generators).

mod adjacency;
mod dense;
mod limits;
mod ncp;
pub mod numpy;
#[cfg(test)]
mod properties;
mod spec;
pub mod svg;

use crate::named::named;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use limits::{MOST_CELLS, MOST_SYNAPSES};
pub use spec::{LANE_KEEPING_SEED, NcpShape, WiringSpec};

/// One connection from a source (a sensory input or a neuron) to a neuron; in a file `[source, target, polarity]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(usize, usize, i8)", into = "(usize, usize, i8)")]
pub struct Synapse {
    /// Sensory input or neuron that drives it.
    pub source: usize,
    /// Neuron that it drives.
    pub target: usize,
    /// +1 excites, -1 inhibits.
    pub polarity: i8,
}

impl From<(usize, usize, i8)> for Synapse {
    fn from((source, target, polarity): (usize, usize, i8)) -> Self {
        Self { source, target, polarity }
    }
}

impl From<Synapse> for (usize, usize, i8) {
    fn from(synapse: Synapse) -> Self {
        (synapse.source, synapse.target, synapse.polarity)
    }
}

/// Why a wiring cannot be built: the two numbers that disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WiringError(String);

impl std::fmt::Display for WiringError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WiringError {}

named! {
    /// The three kinds of neuron, from the input to the output.
    "layer" Layer {
        /// Between the sensory inputs and the command neurons; in a wiring without layers, all neurons that are no output.
        Inter = "inter",
        /// Recurrently connected decision layer.
        Command = "command",
        /// Output.
        Motor = "motor",
    }
}

/// A valid wiring: synapses in row-major order (by source, then target), each pair at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Wiring {
    sensory: usize,
    neurons: Neurons,
    sensory_synapses: Vec<Synapse>,
    synapses: Vec<Synapse>,
}

/// Neurons per layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Neurons {
    motor: usize,
    command: usize,
    inter: usize,
}

impl Neurons {
    fn units(self) -> usize {
        self.motor + self.command + self.inter
    }
}

impl Wiring {
    /// Draws the wiring that a spec describes.
    ///
    /// # Errors
    /// Refuses counts that contradict each other, with both numbers, and counts beyond [`MOST_CELLS`] and
    /// [`MOST_SYNAPSES`].
    pub fn build(spec: &WiringSpec) -> Result<Self, WiringError> {
        spec.check()?;
        Ok(match *spec {
            WiringSpec::Ncp { shape, seed } => ncp::draw(shape, seed),
            WiringSpec::AutoNcp { sensory, units, motor, sparsity, seed } => {
                ncp::draw(NcpShape::auto(sensory, units, motor, sparsity), seed)
            }
            WiringSpec::FullyConnected { sensory, units, motor, seed, self_connections } => {
                dense::draw_fully_connected(sensory, units, motor, seed, self_connections)
            }
            WiringSpec::Random { sensory, units, motor, sparsity, seed } => {
                dense::draw_random(sensory, units, motor, sparsity, seed)
            }
        })
    }

    /// The wiring of [`NcpShape::LANE_KEEPING`] for a seed.
    pub fn lane_keeping(seed: u32) -> Self {
        ncp::draw(NcpShape::LANE_KEEPING, seed)
    }

    /// A wiring from synapses that are known, e.g. from the masks of a weights file, in any order. A layer that is not
    /// named has no neurons.
    ///
    /// # Errors
    /// Refuses a synapse that leads to or from a cell that is not there, that is listed twice or whose polarity is not
    /// +1 or -1; a layer that is listed twice; and a wiring without inputs or motor neurons or beyond [`MOST_CELLS`].
    pub fn from_synapses(
        sensory: usize,
        layers: &[(Layer, usize)],
        mut sensory_synapses: Vec<Synapse>,
        mut synapses: Vec<Synapse>,
    ) -> Result<Self, WiringError> {
        let neurons = Neurons::listed(layers)?;
        limits::check_cells(sensory, neurons.units())?;
        limits::check_present(&[("sensory inputs", sensory), ("motor neurons", neurons.motor)])?;
        put_in_order(&mut sensory_synapses, "sensory synapse", sensory, neurons.units())?;
        put_in_order(&mut synapses, "synapse", neurons.units(), neurons.units())?;
        Ok(Self { sensory, neurons, sensory_synapses, synapses })
    }

    /// The same neurons with other polarities, of each synapse in order: `[sensory synapses]`, `[synapses]`.
    ///
    /// # Panics
    /// If there are not as many as synapses.
    pub fn with_polarities(&self, sensory: &[i8], between: &[i8]) -> Self {
        let polarised = |synapses: &[Synapse], polarities: &[i8]| {
            assert_eq!(synapses.len(), polarities.len(), "a polarity per synapse");
            synapses.iter().zip(polarities).map(|(synapse, &polarity)| Synapse { polarity, ..*synapse }).collect()
        };
        Self {
            sensory_synapses: polarised(&self.sensory_synapses, sensory),
            synapses: polarised(&self.synapses, between),
            ..self.clone()
        }
    }

    /// The same neurons without some of the synapses between them.
    pub fn with_synapses(&self, keep: impl Fn(&Synapse) -> bool) -> Self {
        Self { synapses: self.synapses.iter().filter(|synapse| keep(synapse)).copied().collect(), ..self.clone() }
    }

    /// Sensory inputs.
    pub fn sensory(&self) -> usize {
        self.sensory
    }

    /// Motor neurons: outputs.
    pub fn motor(&self) -> usize {
        self.neurons.motor
    }

    /// Neurons in all, sensory inputs not counted.
    pub fn units(&self) -> usize {
        self.neurons.units()
    }

    /// From sensory inputs to neurons, by input, then neuron.
    pub fn sensory_synapses(&self) -> &[Synapse] {
        &self.sensory_synapses
    }

    /// From neurons to neurons, by source, then target.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// Ids of the neurons of one layer; empty if the wiring lacks it.
    pub fn ids(&self, layer: Layer) -> Range<usize> {
        let Neurons { motor, command, .. } = self.neurons;
        match layer {
            Layer::Motor => 0..motor,
            Layer::Command => motor..motor + command,
            Layer::Inter => motor + command..self.units(),
        }
    }

    /// The layers that have neurons, from the input to the output.
    pub fn layers(&self) -> Vec<(Layer, Range<usize>)> {
        Layer::ALL.map(|layer| (layer, self.ids(layer))).into_iter().filter(|(_, ids)| !ids.is_empty()).collect()
    }
}

impl Neurons {
    fn listed(layers: &[(Layer, usize)]) -> Result<Self, WiringError> {
        let count = |layer: Layer| {
            let counts: Vec<usize> = layers.iter().filter(|(l, _)| *l == layer).map(|(_, count)| *count).collect();
            match counts[..] {
                [] => Ok(0),
                // More than the limit is refused by the caller; clamping keeps the sum of the layers from overflowing.
                [count] => Ok(count.min(MOST_CELLS + 1)),
                [first, second, ..] => {
                    let name = layer.name();
                    Err(WiringError(format!("the {name} layer is listed twice, with {first} and {second} neurons")))
                }
            }
        };
        Ok(Self { motor: count(Layer::Motor)?, command: count(Layer::Command)?, inter: count(Layer::Inter)? })
    }
}

/// Sorts synapses by source, then target, and checks each against the number of sources and targets.
fn put_in_order(synapses: &mut [Synapse], name: &str, sources: usize, targets: usize) -> Result<(), WiringError> {
    synapses.sort_unstable_by_key(|synapse| (synapse.source, synapse.target));
    for &Synapse { source, target, polarity } in synapses.iter() {
        for (end, id, cells) in [("from", source, sources), ("to", target, targets)] {
            if id >= cells {
                return Err(WiringError(format!("a {name} leads {end} cell {id} but there are only {cells}")));
            }
        }
        if !matches!(polarity, -1 | 1) {
            return Err(WiringError(format!("the {name} {source} -> {target} has polarity {polarity}, not -1 or +1")));
        }
    }
    match synapses.windows(2).find(|pair| (pair[0].source, pair[0].target) == (pair[1].source, pair[1].target)) {
        Some(pair) => Err(WiringError(format!("the {name} {} -> {} is listed twice", pair[0].source, pair[0].target))),
        None => Ok(()),
    }
}

/// A wiring in a file, not yet checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    sensory: usize,
    layers: Vec<(Layer, usize)>,
    sensory_synapses: Vec<Synapse>,
    synapses: Vec<Synapse>,
}

impl TryFrom<Parts> for Wiring {
    type Error = WiringError;

    fn try_from(parts: Parts) -> Result<Self, WiringError> {
        Self::from_synapses(parts.sensory, &parts.layers, parts.sensory_synapses, parts.synapses)
    }
}

impl From<Wiring> for Parts {
    fn from(wiring: Wiring) -> Self {
        let layers = wiring.layers().into_iter().map(|(layer, ids)| (layer, ids.len())).collect();
        Self { sensory: wiring.sensory, layers, sensory_synapses: wiring.sensory_synapses, synapses: wiring.synapses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lane_keeping_wiring_has_the_252_synapses_of_the_paper() {
        let wiring = Wiring::lane_keeping(LANE_KEEPING_SEED);
        assert_eq!((wiring.sensory_synapses().len(), wiring.synapses().len()), (192, 60));
        assert_eq!((wiring.sensory(), wiring.units(), wiring.motor()), (32, 19, 1));
    }

    #[test]
    fn a_wiring_survives_its_file() {
        let wiring = Wiring::lane_keeping(7);
        let text = serde_json::to_string(&wiring).unwrap();
        assert_eq!(serde_json::from_str::<Wiring>(&text).unwrap(), wiring);
        let same = Wiring::from_synapses(
            32,
            &[(Layer::Command, 6), (Layer::Inter, 12), (Layer::Motor, 1)],
            wiring.sensory_synapses().iter().rev().copied().collect(),
            wiring.synapses().iter().rev().copied().collect(),
        );
        assert_eq!(same.unwrap(), wiring, "the order of layers and synapses does not matter");
    }

    #[test]
    fn synapses_that_do_not_fit_are_refused_with_the_numbers() {
        let refusal = |sensory: &[(usize, usize, i8)], internal: &[(usize, usize, i8)]| {
            let synapses = |list: &[(usize, usize, i8)]| list.iter().copied().map(Synapse::from).collect();
            let layers = [(Layer::Motor, 1), (Layer::Inter, 2)];
            Wiring::from_synapses(2, &layers, synapses(sensory), synapses(internal)).unwrap_err().to_string()
        };
        assert_eq!(refusal(&[(2, 0, 1)], &[]), "a sensory synapse leads from cell 2 but there are only 2");
        assert_eq!(refusal(&[], &[(0, 3, 1)]), "a synapse leads to cell 3 but there are only 3");
        assert_eq!(refusal(&[], &[(0, 1, 0)]), "the synapse 0 -> 1 has polarity 0, not -1 or +1");
        assert_eq!(refusal(&[(1, 2, 1), (0, 0, 1), (1, 2, -1)], &[]), "the sensory synapse 1 -> 2 is listed twice");
    }

    #[test]
    fn a_file_is_checked_before_it_is_a_wiring() {
        for (text, problem) in [
            (
                r#"{"sensory":1,"layers":[["motor",1],["motor",2]],"sensory_synapses":[],"synapses":[]}"#,
                "1 and 2 neurons",
            ),
            (r#"{"sensory":1,"layers":[["inter",3]],"sensory_synapses":[],"synapses":[]}"#, "motor neurons, got 0"),
            (r#"{"sensory":5000,"layers":[["motor",1]],"sensory_synapses":[],"synapses":[]}"#, "5000 sensory inputs"),
            (
                r#"{"sensory":1,"layers":[["motor",18446744073709551615],["inter",9]],"sensory_synapses":[],"synapses":[]}"#,
                "more than the 4096",
            ),
        ] {
            let message = serde_json::from_str::<Wiring>(text).unwrap_err().to_string();
            assert!(message.contains(problem), "{message}");
        }
    }
}
