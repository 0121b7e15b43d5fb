//! What to draw: the four kinds of wiring of ncps 1.0.1 with their counts and seeds, and which of them contradict
//! themselves.

use serde::{Deserialize, Serialize};

use super::WiringError;
use super::limits::{check_cells, check_present, check_synapses};

/// Seed of the published wiring; it gives 252 synapses, where ncps' default seed 22222 gives 250.
pub const LANE_KEEPING_SEED: u32 = 20_190_120;

/// Counts that define an NCP wiring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NcpShape {
    /// Sensory inputs.
    pub sensory: usize,
    /// Inter neurons.
    pub inter: usize,
    /// Command neurons.
    pub command: usize,
    /// Motor neurons: outputs.
    pub motor: usize,
    /// Inter neurons that each sensory input drives.
    pub sensory_fanout: usize,
    /// Command neurons that each inter neuron drives.
    pub inter_fanout: usize,
    /// Draws of a command-to-command synapse; two draws of the same pair make one synapse.
    pub recurrent_command_synapses: usize,
    /// Command neurons that drive each motor neuron.
    pub motor_fanin: usize,
}

impl NcpShape {
    /// The lane-keeping network of Lechner et al. 2020: 19 neurons, 32 inputs, 252 synapses (at its seed).
    pub const LANE_KEEPING: Self = Self {
        sensory: 32,
        inter: 12,
        command: 6,
        motor: 1,
        sensory_fanout: 6,
        inter_fanout: 4,
        recurrent_command_synapses: 6,
        motor_fanin: 6,
    };

    /// The shape that ncps' `AutoNCP` derives: two fifths of the hidden neurons command, and each fan reaches the
    /// fraction `1 - sparsity` of its layer, at least one cell. For counts that [`WiringSpec::check`] accepts.
    pub(super) fn auto(sensory: usize, units: usize, motor: usize, sparsity: f64) -> Self {
        let density = 1.0 - sparsity;
        let share = |cells: usize| ((cells as f64 * density) as usize).max(1);
        let hidden = units - motor;
        let command = ((0.4 * hidden as f64) as usize).max(1);
        let inter = hidden - command;
        Self {
            sensory,
            inter,
            command,
            motor,
            sensory_fanout: share(inter),
            inter_fanout: share(command),
            recurrent_command_synapses: ((command as f64 * density * 2.0) as usize).max(1),
            motor_fanin: share(command),
        }
    }

    fn check(&self) -> Result<(), WiringError> {
        check_cells(self.sensory, self.inter.saturating_add(self.command).saturating_add(self.motor))?;
        check_present(&[
            ("sensory inputs", self.sensory),
            ("inter neurons", self.inter),
            ("command neurons", self.command),
            ("motor neurons", self.motor),
        ])?;
        for (fan, name, reach, layer) in [
            (self.sensory_fanout, "sensory fan-out", self.inter, "inter neurons"),
            (self.inter_fanout, "inter fan-out", self.command, "command neurons"),
            (self.motor_fanin, "motor fan-in", self.command, "command neurons"),
        ] {
            if fan > reach {
                return Err(WiringError(format!("{name} is {fan} but there are only {reach} {layer}")));
            }
        }
        let internal = self.inter * self.inter_fanout + self.motor * self.motor_fanin;
        check_synapses(self.sensory * self.sensory_fanout, internal.saturating_add(self.recurrent_command_synapses))
    }
}

/// Which wiring to draw. `motor` neurons are the outputs; `units` counts all neurons, the motor neurons among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WiringSpec {
    /// Layered, of a given shape: ncps' `NCP`.
    Ncp {
        /// Its counts.
        #[serde(flatten)]
        shape: NcpShape,
        /// Of numpy's `RandomState`.
        seed: u32,
    },
    /// Layered, with a shape that follows from the number of neurons: ncps' `AutoNCP`.
    AutoNcp {
        /// Sensory inputs.
        sensory: usize,
        /// Neurons in all, more than `motor + 2`.
        units: usize,
        /// Motor neurons: outputs.
        motor: usize,
        /// Fraction of the possible synapses that are left out, 0.1 to 1.
        sparsity: f64,
        /// Of numpy's `RandomState`.
        seed: u32,
    },
    /// Every cell drives every neuron: ncps' `FullyConnected`.
    FullyConnected {
        /// Sensory inputs.
        sensory: usize,
        /// Neurons in all.
        units: usize,
        /// Motor neurons: outputs.
        motor: usize,
        /// Of the polarities (`erev_init_seed`), of numpy's `default_rng`.
        seed: u64,
        /// Whether a neuron drives itself.
        self_connections: bool,
    },
    /// A fraction of all pairs, without layers: ncps' `Random`.
    Random {
        /// Sensory inputs.
        sensory: usize,
        /// Neurons in all.
        units: usize,
        /// Motor neurons: outputs.
        motor: usize,
        /// Fraction of the possible synapses that are left out, from 0, less than 1.
        sparsity: f64,
        /// Of numpy's `default_rng`.
        seed: u64,
    },
}

impl WiringSpec {
    /// The counts of an NCP, also of an automatic one; nothing for a wiring without layers.
    ///
    /// # Errors
    /// As [`Wiring::build`](super::Wiring::build).
    pub fn ncp_shape(&self) -> Result<Option<NcpShape>, WiringError> {
        self.check()?;
        Ok(match *self {
            Self::Ncp { shape, .. } => Some(shape),
            Self::AutoNcp { sensory, units, motor, sparsity, .. } => {
                Some(NcpShape::auto(sensory, units, motor, sparsity))
            }
            Self::FullyConnected { .. } | Self::Random { .. } => None,
        })
    }

    pub(super) fn check(&self) -> Result<(), WiringError> {
        match *self {
            Self::Ncp { shape, .. } => shape.check(),
            Self::AutoNcp { sensory, units, motor, sparsity, .. } => check_auto(sensory, units, motor, sparsity),
            Self::FullyConnected { sensory, units, motor, .. } => {
                check_dense(sensory, units, motor)?;
                check_synapses(sensory * units, units * units)
            }
            Self::Random { sensory, units, motor, sparsity, .. } => {
                check_dense(sensory, units, motor)?;
                if !(0.0..1.0).contains(&sparsity) {
                    return Err(WiringError(format!("sparsity is {sparsity}, expected 0 or more and less than 1")));
                }
                check_synapses(share_of_pairs(sensory * units, sparsity), share_of_pairs(units * units, sparsity))
            }
        }
    }
}

/// Synapses of a random wiring: half a synapse goes to the even number, as in numpy.
pub(super) fn share_of_pairs(pairs: usize, sparsity: f64) -> usize {
    (pairs as f64 * (1.0 - sparsity)).round_ties_even() as usize
}

/// The sparsities that ncps' code takes; its message says 0.0 to 0.9.
fn check_auto(sensory: usize, units: usize, motor: usize, sparsity: f64) -> Result<(), WiringError> {
    check_cells(sensory, units)?;
    if motor >= units.saturating_sub(2) {
        return Err(WiringError(format!("{units} units leave no room for {motor} outputs: at least 3 are hidden")));
    }
    if !(0.1..=1.0).contains(&sparsity) {
        return Err(WiringError(format!("sparsity is {sparsity}, expected 0.1 to 1")));
    }
    NcpShape::auto(sensory, units, motor, sparsity).check()
}

fn check_dense(sensory: usize, units: usize, motor: usize) -> Result<(), WiringError> {
    check_cells(sensory, units)?;
    check_present(&[("sensory inputs", sensory), ("motor neurons", motor)])?;
    if motor > units {
        return Err(WiringError(format!("{motor} motor neurons but only {units} units in all")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Wiring;
    use super::*;

    fn refusal(spec: &WiringSpec) -> String {
        Wiring::build(spec).unwrap_err().to_string()
    }

    #[test]
    fn an_ncp_whose_counts_contradict_each_other_is_refused_with_both() {
        let good = NcpShape::LANE_KEEPING;
        for (shape, problem) in [
            (NcpShape { motor_fanin: 9, ..good }, "motor fan-in is 9 but there are only 6 command neurons"),
            (NcpShape { inter_fanout: 7, ..good }, "inter fan-out is 7 but there are only 6 command neurons"),
            (NcpShape { sensory_fanout: 13, ..good }, "sensory fan-out is 13 but there are only 12 inter neurons"),
            (NcpShape { command: 0, ..good }, "a wiring needs at least 1 of its command neurons, got 0"),
            (NcpShape { inter: usize::MAX, ..good }, "18446744073709551615 neurons are more than the 4096"),
            (NcpShape { sensory: 4097, ..good }, "4097 sensory inputs are more than the 4096"),
            (NcpShape { recurrent_command_synapses: 9_999_999, ..good }, "10000053 internal synapses"),
        ] {
            let message = refusal(&WiringSpec::Ncp { shape, seed: 1 });
            assert!(message.contains(problem), "{message}");
        }
    }

    #[test]
    fn an_automatic_ncp_needs_hidden_neurons_and_a_sparsity() {
        let auto = |units, motor, sparsity| WiringSpec::AutoNcp { sensory: 4, units, motor, sparsity, seed: 1 };
        assert_eq!(refusal(&auto(19, 17, 0.5)), "19 units leave no room for 17 outputs: at least 3 are hidden");
        assert_eq!(refusal(&auto(1, 0, 0.5)), "1 units leave no room for 0 outputs: at least 3 are hidden");
        assert_eq!(refusal(&auto(19, 1, 0.05)), "sparsity is 0.05, expected 0.1 to 1");
        assert_eq!(refusal(&auto(19, 1, f64::NAN)), "sparsity is NaN, expected 0.1 to 1");
    }

    #[test]
    fn a_wiring_without_layers_has_its_limits_too() {
        let random = |motor, sparsity| WiringSpec::Random { sensory: 4, units: 9, motor, sparsity, seed: 1 };
        assert_eq!(refusal(&random(10, 0.5)), "10 motor neurons but only 9 units in all");
        assert_eq!(refusal(&random(2, 1.0)), "sparsity is 1, expected 0 or more and less than 1");
        let full = WiringSpec::FullyConnected { sensory: 4, units: 4096, motor: 1, seed: 1, self_connections: true };
        assert!(refusal(&full).starts_with("16777216 internal synapses"), "{}", refusal(&full));
    }
}
