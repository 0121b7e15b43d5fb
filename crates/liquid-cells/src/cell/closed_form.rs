//! The closed form that the two closed-form cells share.

use super::choices::CfcMode;
use super::reference::Hints;
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::state_dict::Array;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

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

    /// The next state; a mask `[units, seen]` lets through only some weights of the two targets.
    pub(super) fn step(&self, seen: Tensor<2>, elapsed: Tensor<2>, mask: Option<&Tensor<2>>) -> Tensor<2> {
        let target = |layer: &Dense| match mask {
            Some(mask) => layer.forward_masked(seen.clone(), mask),
            None => layer.forward(seen.clone()),
        };
        let first = target(&self.ff1);
        match (&self.gate, &self.decay) {
            (Some(gate), _) => {
                let [first, second] = [first.tanh(), target(&gate.ff2).tanh()];
                let time = gate.time_a.forward(seen.clone()) * elapsed + gate.time_b.forward(seen.clone());
                let share = sigmoid(time);
                match self.mode {
                    CfcMode::NoGate => first + share * second,
                    _ => first * (share.clone().neg() + 1.0) + share * second,
                }
            }
            (None, Some(decay)) => {
                let rate = decay.w_tau.val().abs() + first.clone().abs();
                let level = decay.level.val();
                level.clone() - level * (rate * elapsed).neg().exp() * first
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
