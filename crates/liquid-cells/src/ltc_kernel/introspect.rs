//! A look into the cell at one state: time constants of its neurons and currents through its synapses.

use super::layout::Gates;
use super::{Layout, Wiring};
use crate::lanes::sigmoid;
use crate::wiring::Synapse;
use pulp::Scalar;

/// Keeps the time constant of a neuron without leak and open synapses a number.
const LEAST_CONDUCTANCE: f32 = 1e-8;

/// Effective time constant of each neuron and current through each synapse, at one state. Time constants:
/// `cm / (gleak + Σ G)` in the unit of `elapsed` (Lechner et al. 2020, Eq. 2); currents: `G · (erev − v)`.
#[derive(Debug)]
pub struct Introspection {
    /// `[units]`
    pub time_constant: Vec<f32>,
    /// In the order of [`Wiring::synapses`].
    pub current: Vec<f32>,
    /// In the order of [`Wiring::sensory_synapses`].
    pub sensory_current: Vec<f32>,
}

/// Looks into the cell at a state, with the inputs of that instant.
///
/// # Shapes
/// - parameters: as [`Layout`] says
/// - inputs: `[sensory]`, after the input mapping
/// - state: `[units]`
///
/// # Panics
/// If a slice has another length than its shape says.
pub fn introspect(wiring: &Wiring, parameters: &[f32], inputs: &[f32], state: &[f32]) -> Introspection {
    let layout = Layout::of(wiring);
    assert_eq!(parameters.len(), layout.parameters(), "parameters: as Layout says");
    assert_eq!(inputs.len(), wiring.sensory(), "inputs: [sensory]");
    assert_eq!(state.len(), wiring.units(), "state: [units]");
    let parameters = layout.split(parameters);
    let mut conductance = parameters.gleak.to_vec();
    let mut currents = |synapses: &[Synapse], gates: &Gates<&[f32]>, sources: &[f32]| {
        let current = synapses.iter().enumerate().map(|(k, synapse)| {
            let Gates { w, mu, sigma, erev } = gates.at(k);
            let open = w * sigmoid::<Scalar>(sigma * (sources[synapse.source] - mu));
            conductance[synapse.target] += open;
            open * (erev - state[synapse.target])
        });
        current.collect::<Vec<_>>()
    };
    let sensory_current = currents(wiring.sensory_synapses(), &parameters.sensory, inputs);
    let current = currents(wiring.synapses(), &parameters.synapses, state);
    let time_constant = parameters.cm.iter().zip(&conductance).map(|(cm, g)| cm / g.max(LEAST_CONDUCTANCE)).collect();
    Introspection { time_constant, current, sensory_current }
}
