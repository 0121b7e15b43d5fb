//! Closed-form continuous-time cell (Hasani et al., Nature Machine Intelligence 2022), names and equations as in ncps
//! 1.0.1 (`cfc_cell.py` for PyTorch; its Keras version has other signs and no tanh, so weights do not carry over).

use super::choices::{Activation, CfcMode};
use super::spec::CfcSpec;
use crate::dense::Dense;
use crate::init::FirstWeights;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu, sigmoid, silu};

/// A backbone over `[input, state]` and one of three closed forms in the elapsed time t on top of it:
///
/// ```text
/// pure     h' = A − A·exp(−t·(|w_tau| + |f₁|))·f₁
/// no gate  h' = tanh f₁ + g·tanh f₂
/// default  h' = (1 − g)·tanh f₁ + g·tanh f₂,     g = σ(time_a·t + time_b)
/// ```
#[derive(Module, Debug)]
pub struct Cfc {
    backbone: Vec<Dense>,
    form: ClosedForm,
    #[module(skip)]
    activation: Activation,
}

impl Cfc {
    /// Weights as ncps draws them.
    pub fn init(spec: &CfcSpec, first: &mut FirstWeights<'_>) -> Self {
        let mut width = spec.inputs + spec.units;
        let mut backbone = Vec::with_capacity(spec.backbone_layers);
        for _ in 0..spec.backbone_layers {
            backbone.push(Dense::xavier(width, spec.backbone_units, first));
            width = spec.backbone_units;
        }
        Self { backbone, form: ClosedForm::init(width, spec.units, spec.mode, first), activation: spec.activation }
    }

    /// `[batch, inputs]`, `[batch, units]`, `[batch, 1]` to the next state.
    pub(super) fn step(&self, input: Tensor<2>, hidden: Tensor<2>, elapsed: Tensor<2>) -> Tensor<2> {
        let seen = Tensor::cat(vec![input, hidden], 1);
        let seen = self.backbone.iter().fold(seen, |seen, layer| activate(self.activation, layer.forward(seen)));
        self.form.step(seen, elapsed, None)
    }
}

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

fn activate(activation: Activation, input: Tensor<2>) -> Tensor<2> {
    match activation {
        Activation::LecunTanh => (input * 0.666).tanh() * 1.7159,
        Activation::Tanh => input.tanh(),
        Activation::Relu => relu(input),
        Activation::Gelu => gelu(input),
        Activation::Silu => silu(input),
    }
}
