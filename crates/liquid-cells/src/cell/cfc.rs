//! Closed-form continuous-time cell (Hasani et al., Nature Machine Intelligence 2022), names and equations as in ncps
//! 1.0.1 (`cfc_cell.py` for PyTorch; its Keras version has other signs and no tanh, so weights do not carry over).

use super::choices::{Activation, CfcMode};
use super::closed_form::{ClosedForm, closed_form_name, inferred_mode};
use super::kind::{CoreStepper, Kind, Step};
use super::recurrent::stepper;
use super::reference::{CoreDict, Hints, ImportError, Style};
use super::{CellRun, CellState, Core, run};
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::recurrence::{Function, Held, Kernel, Recurrence, Value};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Closed-form continuous-time cell: `CfC` in ncps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CfcSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// The closed form.
    pub mode: CfcMode,
    /// Width of the backbone.
    pub backbone_units: usize,
    /// Depth of the backbone; 0 for none.
    pub backbone_layers: usize,
    /// Of the backbone's layers.
    pub activation: Activation,
}

impl CfcSpec {
    /// The defaults of ncps: the gated form over a backbone of one layer of 128.
    pub fn new(inputs: usize, units: usize) -> Self {
        Self {
            inputs,
            units,
            mode: CfcMode::Default,
            backbone_units: 128,
            backbone_layers: 1,
            activation: Activation::LecunTanh,
        }
    }
}

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
    #[module(skip)]
    kernel: Kernel,
}

impl Kind for CfcSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn weights(&self) -> usize {
        let (seen, width) = (self.inputs + self.units, self.backbone_units);
        match self.backbone_layers {
            0 => 4 * self.units * seen,
            layers => width * seen + (layers - 1) * width * width + 4 * self.units * width,
        }
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        match self.backbone_layers {
            0 => Vec::new(),
            layers => vec![("backbone layers", layers), ("backbone units", self.backbone_units)],
        }
    }

    /// Weights as ncps draws them.
    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        let mut width = self.inputs + self.units;
        let mut backbone = Vec::with_capacity(self.backbone_layers);
        for _ in 0..self.backbone_layers {
            backbone.push(Dense::xavier(width, self.backbone_units, first));
            width = self.backbone_units;
        }
        let form = ClosedForm::init(width, self.units, self.mode, first);
        Core::Cfc(Cfc { backbone, form, activation: self.activation, kernel: Kernel::default() })
    }

    fn style(&self) -> Style {
        Style::NCPS
    }

    fn module(&self, bare: bool) -> &'static str {
        if bare { "ncps.torch.CfCCell" } else { "ncps.torch.CfC" }
    }

    fn reference_name(&self, path: &str) -> String {
        backbone_name(&closed_form_name(path))
    }

    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
        let [units, seen] = dict.shape("ff1.weight")?;
        let backbone_layers =
            dict.0.names().filter(|name| name.starts_with("backbone.") && name.ends_with(".weight")).count();
        let (backbone_units, width) = match backbone_layers {
            0 => (0, seen),
            _ => {
                let [width, seen] = dict.shape("backbone.0.weight")?;
                (width, seen)
            }
        };
        let (mode, activation) = (inferred_mode(dict.get("w_tau"), hints), hints.activation);
        let inputs = width.saturating_sub(units);
        Ok(Self { inputs, units, mode, backbone_units, backbone_layers, activation })
    }

    fn neurons(&self) -> &'static str {
        "closed-form"
    }

    fn description(&self) -> String {
        format!(
            "closed-form cell, {} form, backbone of {} x {}, {}",
            self.mode, self.backbone_layers, self.backbone_units, self.activation
        )
    }
}

impl Recurrence for Cfc {
    fn parts(&self) -> Vec<(usize, bool)> {
        vec![(self.form.units(), false)]
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn step<V: Value>(&self, input: V, state: Vec<V>, elapsed: V, held: &[Held]) -> Vec<V> {
        let [hidden] = &state[..] else { unreachable!("the state has one part") };
        let function = match self.activation {
            Activation::LecunTanh => Function::LecunTanh,
            Activation::Tanh => Function::Tanh,
            Activation::Relu => Function::Relu,
            Activation::Gelu => Function::Gelu,
            Activation::Silu => Function::Silu,
        };
        let mut seen = vec![input, hidden.clone()];
        for layer in &self.backbone {
            seen = vec![layer.affine(&seen.iter().collect::<Vec<_>>(), None).apply(function)];
        }
        vec![self.form.step(&seen.iter().collect::<Vec<_>>(), elapsed, None).hold(held)]
    }
}

impl Step for Cfc {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        run(self, inputs, state, elapsed, held)
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        stepper(self, inputs, held, |units| 0..units)
    }
}

/// Backbone layers have an activation module after each.
fn backbone_name(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        ["backbone", layer, name] => {
            let layer: usize = layer.parse().unwrap_or_default();
            format!("backbone.{}.{name}", 2 * layer)
        }
        _ => path.to_owned(),
    }
}
