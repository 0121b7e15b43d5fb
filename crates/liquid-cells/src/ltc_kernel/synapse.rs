//! One synapse for sixteen sequences: its gate, what it adds to its target, and the gradients of both.

use super::layout::Gates;
use crate::lanes::Lanes;
use pulp::Simd;

/// Sums over the synapses into a neuron, or their gradients.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    /// Σ G·erev
    pub(super) current: Lanes,
    /// Σ G
    pub(super) conductance: Lanes,
}

impl Sums {
    /// No synapse yet.
    pub(super) const ZERO: Self = Self { current: Lanes::ZERO, conductance: Lanes::ZERO };

    /// Adds a synapse that is open by `gate`.
    #[inline(always)]
    pub(super) fn add<S: Simd>(&mut self, gate: Lanes, synapse: &Gates<f32>) {
        let open = gate * synapse.w;
        self.current = open.mul_add::<S>(synapse.erev, self.current);
        self.conductance += open;
    }
}

/// `sigmoid(sigma · (source − mu))`
#[inline(always)]
pub(super) fn gate<S: Simd>(source: Lanes, synapse: &Gates<impl Copy + Into<Lanes>>) -> Lanes {
    ((source - synapse.mu) * synapse.sigma).sigmoid::<S>()
}

impl Gates<&mut [Lanes]> {
    /// Adds the gradients of synapse `k`'s parameters and returns the gradient of its source, from the gradients of its
    /// target's sums.
    #[inline(always)]
    pub(super) fn add_gradients<S: Simd>(
        &mut self,
        k: usize,
        synapse: &Gates<f32>,
        [source, gate]: [Lanes; 2],
        d_sums: &Sums,
    ) -> Lanes {
        let d_open = d_sums.current.mul_add::<S>(synapse.erev, d_sums.conductance);
        let open = gate * synapse.w;
        let d_argument = d_open * open * (Lanes::from(1.0) - gate);
        let d_source = d_argument * synapse.sigma;
        self.erev[k] = d_sums.current.mul_add::<S>(open, self.erev[k]);
        self.w[k] = d_open.mul_add::<S>(gate, self.w[k]);
        self.sigma[k] = d_argument.mul_add::<S>(source - synapse.mu, self.sigma[k]);
        self.mu[k] = self.mu[k] - d_source;
        d_source
    }
}
