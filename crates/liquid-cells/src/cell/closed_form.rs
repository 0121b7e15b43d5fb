//! The closed form that the two closed-form cells share.

use super::choices::CfcMode;
use super::reference::Hints;
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::recurrence::{Function, Mask, Value};
use crate::state_dict::Array;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The closed form over what a backbone, or nothing, makes of input and state. Wired cells use it with a mask.
#[derive(Module, Debug)]
pub(super) struct ClosedForm {
    ff1: Dense,
    /// All modes but pure.
    gate: Option<Gate>,
    /// Pure mode.
    decay: Option<Decay>,
    #[module(skip)]
    mode: CfcMode,
}

/// What interpolates in time between two targets.
#[derive(Module, Debug)]
struct Gate {
    ff2: Dense,
    time_a: Dense,
    time_b: Dense,
}

/// What decays towards a level.
#[derive(Module, Debug)]
struct Decay {
    /// `[1, units]`
    w_tau: Param<Tensor<2>>,
    /// `[1, units]`; `A` in ncps.
    level: Param<Tensor<2>>,
}

impl ClosedForm {
    pub(super) fn init(seen: usize, units: usize, mode: CfcMode, first: &mut FirstWeights<'_>) -> Self {
        let ff1 = Dense::xavier(seen, units, first);
        let dense = |first: &mut FirstWeights<'_>| Dense::xavier(seen, units, first);
        let (gate, decay) = match mode {
            // ncps draws both like weight matrices, over the constants that it has set before.
            CfcMode::Pure => (None, Some(Decay { w_tau: first.xavier([1, units]), level: first.xavier([1, units]) })),
            CfcMode::Default | CfcMode::NoGate => {
                let [ff2, time_a, time_b] = [dense(first), dense(first), dense(first)];
                (Some(Gate { ff2, time_a, time_b }), None)
            }
        };
        Self { ff1, gate, decay, mode }
    }

    /// Neurons.
    pub(super) fn units(&self) -> usize {
        self.ff1.weight.shape()[0]
    }

    /// The next state, of what is seen side by side; a mask `[units, seen]` lets through only some weights of the two
    /// targets.
    pub(super) fn step<V: Value>(&self, seen: &[&V], elapsed: V, mask: Option<&Mask>) -> V {
        let first = self.ff1.affine(seen, mask);
        match (&self.gate, &self.decay) {
            (Some(gate), _) => {
                let second = gate.ff2.affine(seen, mask).tanh();
                let share = (gate.time_a.affine(seen, None) * elapsed + gate.time_b.affine(seen, None)).sigmoid();
                let first = first.tanh();
                match self.mode {
                    CfcMode::NoGate => first + share * second,
                    _ => first.clone() + share * (second - first),
                }
            }
            (None, Some(decay)) => {
                let rate = elapsed.row(&decay.w_tau).apply(Function::Abs) + first.clone().apply(Function::Abs);
                let level = elapsed.row(&decay.level);
                level.clone() - level * (rate * elapsed).scaled(-1.0, 0.0).apply(Function::Exp) * first
            }
            (None, None) => unreachable!("a closed form is built with a gate or a decay"),
        }
    }
}

/// ncps' name of a parameter, from its path in a cell.
pub(super) fn closed_form_name(path: &str) -> String {
    let path = path.replacen("form.", "", 1).replacen("gate.", "", 1).replacen("decay.", "", 1);
    match path.strip_suffix("level") {
        Some(before) => format!("{before}A"),
        None => path,
    }
}

/// The form of a state dict, of which the pure one has time constants.
pub(super) fn inferred_mode(w_tau: Option<&Array>, hints: &Hints) -> CfcMode {
    if w_tau.is_some() { CfcMode::Pure } else { hints.gated_mode }
}
