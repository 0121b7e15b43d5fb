//! Wirings without layers: every pair connected, or a random fraction of the pairs. ncps 1.0.1, `FullyConnected` and
//! `Random`, which draw from numpy's `default_rng`: first the internal synapses, then the sensory ones.

use super::adjacency::Adjacency;
use super::numpy::Generator;
use super::spec::share_of_pairs;
use super::{Neurons, Wiring};

/// Two of three synapses excite.
const POLARITIES: [i8; 3] = [-1, 1, 1];

/// Every pair, row by row; a neuron drives itself only with `self_connections`.
pub(super) fn draw_fully_connected(
    sensory: usize,
    units: usize,
    motor: usize,
    seed: u64,
    self_connections: bool,
) -> Wiring {
    let mut random = Generator::new(seed);
    let mut internal = Adjacency::new(units, units);
    for (source, target) in pairs(units, units).filter(|(source, target)| self_connections || source != target) {
        internal.set(source, target, random.pick(&POLARITIES));
    }
    let mut inputs = Adjacency::new(sensory, units);
    for (source, target) in pairs(sensory, units) {
        inputs.set(source, target, random.pick(&POLARITIES));
    }
    wiring(sensory, units, motor, &inputs, &internal)
}

/// The fraction `1 - sparsity` of the pairs.
pub(super) fn draw_random(sensory: usize, units: usize, motor: usize, sparsity: f64, seed: u64) -> Wiring {
    let mut random = Generator::new(seed);
    let mut internal = Adjacency::new(units, units);
    for pair in random.choose(units * units, share_of_pairs(units * units, sparsity)) {
        internal.set(pair / units, pair % units, random.pick(&POLARITIES));
    }
    let mut inputs = Adjacency::new(sensory, units);
    for pair in random.choose(sensory * units, share_of_pairs(sensory * units, sparsity)) {
        // ncps draws the polarity of a sensory synapse twice; the second one stays.
        random.pick(&POLARITIES);
        inputs.set(pair / units, pair % units, random.pick(&POLARITIES));
    }
    wiring(sensory, units, motor, &inputs, &internal)
}

fn pairs(sources: usize, targets: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..sources).flat_map(move |source| (0..targets).map(move |target| (source, target)))
}

fn wiring(sensory: usize, units: usize, motor: usize, inputs: &Adjacency, internal: &Adjacency) -> Wiring {
    Wiring {
        sensory,
        neurons: Neurons { motor, command: 0, inter: units - motor },
        sensory_synapses: inputs.synapses(),
        synapses: internal.synapses(),
    }
}
