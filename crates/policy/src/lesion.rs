//! Changes inside of a policy's cell, to see what its parts do.

use super::Policy;
use super::cell::Held;

/// A neuron or a synapse that is kept from its work. Numbers are those of the [`Wiring`](super::wiring::Wiring) on screen;
/// neurons of a cell without one are numbered as in its state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lesion {
    /// A neuron stays at a value, 0 to silence it.
    Hold {
        /// Its number.
        neuron: usize,
        /// Its state, dimensionless.
        value: f32,
    },
    /// A synapse between two neurons is gone: its number in [`Wiring::synapses`](super::wiring::Wiring::synapses).
    CutSynapse(usize),
    /// A synapse from an input is gone: its number in
    /// [`Wiring::sensory_synapses`](super::wiring::Wiring::sensory_synapses).
    CutSensorySynapse(usize),
}

impl Policy {
    /// The same policy with all of these lesions. Its memory can be that of the policy without them.
    ///
    /// # Errors
    /// When it has no such neuron or synapse, in words that follow the policy's name.
    pub fn lesioned(&self, lesions: &[Lesion]) -> Result<Self, String> {
        let Some(head) = self.recurrent() else {
            return if lesions.is_empty() {
                Ok(self.clone())
            } else {
                Err("has dense layers and no neurons to change".into())
            };
        };
        let mut cell = head.cell().clone();
        let core = &cell.spec().core;
        let units = core.units();
        let wiring = cell.wiring();
        let synapses =
            wiring.as_ref().map_or([0; 2], |wiring| [wiring.synapses().len(), wiring.sensory_synapses().len()]);
        for lesion in lesions {
            let (what, number, count) = match *lesion {
                Lesion::Hold { neuron, .. } => ("neuron", neuron, units),
                Lesion::CutSynapse(number) => ("synapse between neurons", number, synapses[0]),
                Lesion::CutSensorySynapse(number) => ("sensory synapse", number, synapses[1]),
            };
            if number >= count {
                return Err(match count {
                    0 => format!("has no {what}"),
                    _ => format!("has no {what} {number}: they are numbered 0 to {}", count - 1),
                });
            }
            if let Lesion::Hold { neuron, value } = lesion
                && !value.is_finite()
            {
                return Err(format!("cannot hold neuron {neuron} at {value}: a state is a number"));
            }
        }
        for lesion in lesions {
            cell = match *lesion {
                Lesion::Hold { neuron, value } => {
                    let neuron = cell.spec().core.place_of(neuron);
                    cell.with_held(Held { neuron, value })
                }
                Lesion::CutSynapse(number) => cell.without_synapse(number),
                Lesion::CutSensorySynapse(number) => cell.without_sensory_synapse(number),
            };
        }
        Ok(self.clone().with_cell(cell))
    }
}
