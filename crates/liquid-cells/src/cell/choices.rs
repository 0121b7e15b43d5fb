//! The choices that a cell's specification is made of.

use crate::named::named;

named! {
    /// How conductances and capacitances stay positive.
    #[derive(Default)]
    "constraint" Constraint {
        /// Clipped at 0 after each optimiser step.
        #[default]
        Explicit = "explicit",
        /// Through a softplus (`implicit_param_constraints` in ncps).
        Softplus = "softplus",
    }
}

named! {
    /// An elementwise map before or behind neurons.
    #[derive(Default)]
    "mapping" Mapping {
        /// `w·x + b`
        #[default]
        Affine = "affine",
        /// `w·x`
        Linear = "linear",
        /// `x`
        None = "none",
    }
}

named! {
    /// The closed forms of a [`Cfc`](super::Cfc).
    #[derive(Default)]
    "closed form" CfcMode {
        /// A gate in time between two targets.
        #[default]
        Default = "default",
        /// Exponential decay.
        Pure = "pure",
        /// One target, and another added as time opens the gate.
        NoGate = "no-gate",
    }
}

named! {
    /// Activations of a backbone.
    #[derive(Default)]
    "activation" Activation {
        /// `1.7159·tanh(0.666·x)` (LeCun et al. 1998).
        #[default]
        LecunTanh = "lecun-tanh",
        /// `tanh x`
        Tanh = "tanh",
        /// `max(x, 0)`
        Relu = "relu",
        /// `x·Φ(x)`, exact
        Gelu = "gelu",
        /// `x·σ(x)`
        Silu = "silu",
    }
}

named! {
    /// Order and offset of an LSTM's gates.
    #[derive(Default)]
    "order of gates" GateOrder {
        /// write, input, forget + 1, output; one bias.
        #[default]
        Ncps = "ncps",
        /// input, forget, write, output; two biases.
        Torch = "torch",
    }
}
