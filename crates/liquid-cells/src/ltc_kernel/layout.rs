//! The flat parameter vector of a wiring: where each parameter lies, and its parts by name.

use super::Wiring;

/// Where each parameter lies in the flat parameter vector of a wiring: `w, mu, sigma, erev` per sensory synapse, the same
/// per synapse, then `gleak, vleak, cm` per neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    sensory_synapses: usize,
    synapses: usize,
    units: usize,
}

impl Layout {
    /// The layout for a wiring.
    pub fn of(wiring: &Wiring) -> Self {
        Self {
            sensory_synapses: wiring.sensory_synapses().len(),
            synapses: wiring.synapses().len(),
            units: wiring.units(),
        }
    }

    /// Numbers in the parameter vector.
    pub fn parameters(&self) -> usize {
        4 * (self.sensory_synapses + self.synapses) + 3 * self.units
    }

    /// The parts of a parameter vector, or of one that is laid out like it.
    #[inline(always)]
    pub(super) fn split<S: Cut>(&self, all: S) -> Parameters<S> {
        let (sensory, rest) = all.cut(4 * self.sensory_synapses);
        let (synapses, rest) = rest.cut(4 * self.synapses);
        let (gleak, rest) = rest.cut(self.units);
        let (vleak, cm) = rest.cut(self.units);
        Parameters {
            sensory: Gates::split(sensory, self.sensory_synapses),
            synapses: Gates::split(synapses, self.synapses),
            gleak,
            vleak,
            cm,
        }
    }
}

/// All parameters of a cell, in the order of the flat vector.
pub(super) struct Parameters<S> {
    /// Of the synapses from the sensory inputs.
    pub(super) sensory: Gates<S>,
    /// Of the synapses between neurons.
    pub(super) synapses: Gates<S>,
    /// Leak conductance of each neuron.
    pub(super) gleak: S,
    /// Leak potential of each neuron.
    pub(super) vleak: S,
    /// Membrane capacitance of each neuron.
    pub(super) cm: S,
}

/// Parameters of synapses: a slice of each, or the numbers of one synapse.
#[derive(Clone, Debug)]
pub(super) struct Gates<S> {
    /// Conductance when open.
    pub(super) w: S,
    /// Potential of the source at which the gate is half open.
    pub(super) mu: S,
    /// Steepness of the gate.
    pub(super) sigma: S,
    /// Reversal potential; its sign is the polarity.
    pub(super) erev: S,
}

impl<S: Cut> Gates<S> {
    #[inline(always)]
    fn split(all: S, synapses: usize) -> Self {
        let (w, rest) = all.cut(synapses);
        let (mu, rest) = rest.cut(synapses);
        let (sigma, erev) = rest.cut(synapses);
        Self { w, mu, sigma, erev }
    }
}

impl Gates<&[f32]> {
    /// Those of synapse `k`.
    #[inline(always)]
    pub(super) fn at(&self, k: usize) -> Gates<f32> {
        Gates { w: self.w[k], mu: self.mu[k], sigma: self.sigma[k], erev: self.erev[k] }
    }
}

/// A shared or a mutable slice: both are split the same way.
pub(super) trait Cut: Sized {
    /// The first `length` elements, and the rest.
    fn cut(self, length: usize) -> (Self, Self);
}

impl<T> Cut for &[T] {
    #[inline(always)]
    fn cut(self, length: usize) -> (Self, Self) {
        self.split_at(length)
    }
}

impl<T> Cut for &mut [T] {
    #[inline(always)]
    fn cut(self, length: usize) -> (Self, Self) {
        self.split_at_mut(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_follow_each_other_as_documented() {
        let layout = Layout { sensory_synapses: 2, synapses: 1, units: 3 };
        let all: Vec<usize> = (0..layout.parameters()).collect();
        let parts = layout.split(&all[..]);
        let gates = |gates: Gates<&[usize]>| [gates.w, gates.mu, gates.sigma, gates.erev].concat();
        assert_eq!(
            all,
            [&gates(parts.sensory)[..], &gates(parts.synapses), parts.gleak, parts.vleak, parts.cm].concat()
        );
        assert_eq!((parts.gleak, parts.cm), (&[12, 13, 14][..], &[18, 19, 20][..]));
    }
}
