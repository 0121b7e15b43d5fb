//! Signed adjacency matrix: what the draws write into, a later draw of a pair over an earlier one.

use super::Synapse;

/// Source by target; 0 is no synapse.
pub(super) struct Adjacency {
    targets: usize,
    polarity: Vec<i8>,
}

impl Adjacency {
    /// Without synapses.
    pub(super) fn new(sources: usize, targets: usize) -> Self {
        Self { targets, polarity: vec![0; sources * targets] }
    }

    pub(super) fn set(&mut self, source: usize, target: usize, polarity: i8) {
        self.polarity[source * self.targets + target] = polarity;
    }

    pub(super) fn drives(&self, source: usize, target: usize) -> bool {
        self.polarity[source * self.targets + target] != 0
    }

    /// By source, then target.
    pub(super) fn synapses(&self) -> Vec<Synapse> {
        let cells = self.polarity.iter().enumerate().filter(|(_, polarity)| **polarity != 0);
        cells
            .map(|(cell, &polarity)| Synapse { source: cell / self.targets, target: cell % self.targets, polarity })
            .collect()
    }
}
