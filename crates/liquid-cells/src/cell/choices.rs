//! The choices that a cell's specification is made of, by the names that files and the command line use.

use serde::{Deserialize, Serialize};

/// How conductances and capacitances stay positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constraint {
    /// Clipped at 0 after each optimiser step.
    #[default]
    Explicit,
    /// Through a softplus (`implicit_param_constraints` in ncps).
    Softplus,
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Explicit => "explicit",
            Self::Softplus => "softplus",
        })
    }
}

impl std::str::FromStr for Constraint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = [Self::Explicit, Self::Softplus];
        let found = known.into_iter().find(|constraint| constraint.to_string() == name);
        found.ok_or_else(|| format!("there is no constraint `{name}`; choose explicit or softplus"))
    }
}

/// An elementwise map before or behind neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// `w·x + b`
    #[default]
    Affine,
    /// `w·x`
    Linear,
    /// `x`
    None,
}

/// The closed forms there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CfcMode {
    /// A gate in time between two targets.
    #[default]
    Default,
    /// Exponential decay.
    Pure,
    /// One target, and another added as time opens the gate.
    NoGate,
}

/// Activations of a backbone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `1.7159·tanh(0.666·x)` (LeCun et al. 1998).
    #[default]
    LecunTanh,
    /// `tanh x`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x·Φ(x)`, exact
    Gelu,
    /// `x·σ(x)`
    Silu,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Self; 5] = [Self::LecunTanh, Self::Tanh, Self::Relu, Self::Gelu, Self::Silu];

    /// The name on the command line; ncps writes an underscore for the hyphen.
    pub fn name(self) -> &'static str {
        match self {
            Self::LecunTanh => "lecun-tanh",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
        }
    }
}

impl std::str::FromStr for Activation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|activation| activation.name() == name.replace('_', "-"));
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            format!("there is no activation `{name}`; choose one of {}", known.join(", "))
        })
    }
}

impl CfcMode {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Default, Self::Pure, Self::NoGate];

    /// The name on the command line; ncps writes an underscore for the hyphen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Pure => "pure",
            Self::NoGate => "no-gate",
        }
    }
}

impl std::str::FromStr for CfcMode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == name.replace('_', "-"));
        found.ok_or_else(|| {
            format!("there is no closed form `{name}`; choose one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// Order and offset of an LSTM's gates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateOrder {
    /// write, input, forget + 1, output; one bias.
    #[default]
    Ncps,
    /// input, forget, write, output; two biases.
    Torch,
}
