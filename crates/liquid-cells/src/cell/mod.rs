//! Recurrent cells: one step of time from inputs and a state to outputs and the next state. All of them take the time
//! that has passed per sequence and step, so irregular recordings and batches of them are the normal case.
//!
//! | cell | equation | source |
//! | --- | --- | --- |
//! | [`Ltc`] | `cm·dv/dt = gleak·(vleak − v) + Σ G(source)·(erev − v)` | Hasani et al., AAAI 2021; ncps `LTCCell` |
//! | [`Cfc`] | closed form of it: `h' = (1 − g)·f₁ + g·f₂`, `g = σ(a·t + b)` | Hasani et al. 2022; ncps `CfCCell` |
//! | [`WiredCfc`] | one such cell per layer of a wiring | ncps `WiredCfCCell` |
//! | [`Lstm`] | gates and a memory | Hochreiter and Schmidhuber 1997; ncps `LSTMCell`, PyTorch |
//! | [`Gru`] | gates | Cho et al. 2014; PyTorch |
//! | [`CtRnn`] | `dx/dt = −x/τ + tanh([u, x]·W + b)` | Funahashi and Nakamura 1993; Lechner et al. 2020 |
//! | [`NeuralOde`] | `dx/dt = f(u, x)`, `f` a small tanh network | Chen et al. 2018 |
//!
//! Mixed memory (Lechner and Hasani 2020) puts an LSTM before a cell: it keeps the memory, the cell the dynamics.

mod cfc;
mod choices;
mod closed_form;
mod ct_rnn;
mod gru;
mod kind;
mod lstm;
mod ltc;
mod neural_ode;
mod recurrent;
mod reference;
mod spec;
mod stepper;
mod wired_cfc;
mod wiring_source;

pub use choices::{Activation, CfcMode, Constraint, GateOrder, Mapping};
pub use kind::SpecError;
pub(crate) use reference::{CoreDict, Layout, Part, unwrapped};
pub use reference::{Hints, ImportError, Style};
pub use spec::CellSpec;
pub use stepper::Stepper;
pub use wiring_source::WiringSource;

use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::ltc_kernel::Introspection;
use crate::named::named;
pub use crate::recurrence::Held;
use crate::recurrence::{Recurrence, hold, states};
use crate::wiring::{Synapse, Wiring};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
pub(crate) use kind::Kind;
use kind::Step;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Makes, from the table of the cells, the enums of their names, specifications and weights.
macro_rules! cells {
    ($($(#[$doc:meta])* $module:ident :: $cell:ident, $spec:ident, $name:literal;)*) => {
        $(pub use $module::{$cell, $spec};)*

        named! {
            /// The kinds of cell, by the name on the command line.
            "cell" CellName {
                $($(#[$doc])* $cell = $name,)*
            }
        }

        /// The specification of the cell proper.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "cell", rename_all = "kebab-case")]
        pub enum CoreSpec {
            $($(#[$doc])* $cell($spec),)*
        }

        /// The cell proper.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant, reason = "one per network, and networks are not moved about")]
        pub enum Core {
            $($(#[$doc])* $cell($cell),)*
        }

        $(impl From<$spec> for CoreSpec {
            fn from(spec: $spec) -> Self {
                Self::$cell(spec)
            }
        }

        impl From<$spec> for CellSpec {
            fn from(spec: $spec) -> Self {
                CoreSpec::from(spec).into()
            }
        })*

        impl CoreSpec {
            pub(crate) fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$cell(spec) => spec,)*
                }
            }

            pub(crate) fn kind_mut(&mut self) -> &mut dyn Kind {
                match self {
                    $(Self::$cell(spec) => spec,)*
                }
            }

            pub(crate) fn infer(name: CellName, dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
                match name {
                    $(CellName::$cell => $spec::infer(dict, hints).map(Self::$cell),)*
                }
            }
        }

        impl Core {
            fn weights(&self) -> &dyn Step {
                match self {
                    $(Self::$cell(cell) => cell,)*
                }
            }

            fn weights_mut(&mut self) -> &mut dyn Step {
                match self {
                    $(Self::$cell(cell) => cell,)*
                }
            }
        }
    };
}

cells! {
    /// Liquid time-constant neurons: ncps `LTC` or `LTCCell`.
    ltc::Ltc, LtcSpec, "ltc";
    /// Closed-form continuous-time cell: ncps `CfC` or `CfCCell`.
    cfc::Cfc, CfcSpec, "cfc";
    /// Closed-form cells in the shape of a wiring: ncps `CfC` with a wiring, or `WiredCfCCell`.
    wired_cfc::WiredCfc, WiredCfcSpec, "wired-cfc";
    /// Long short-term memory: ncps `LSTMCell` or PyTorch's `LSTM` of one layer.
    lstm::Lstm, LstmSpec, "lstm";
    /// Gated recurrent unit: PyTorch's `GRU` of one layer.
    gru::Gru, GruSpec, "gru";
    /// Continuous-time recurrent network, `w`, `b`: `dx/dt = −x/τ + tanh([u, x]·w + b)`.
    ct_rnn::CtRnn, CtRnnSpec, "ctrnn";
    /// Neural ordinary differential equation, `inner`, `slope`: two linear layers with a tanh between.
    neural_ode::NeuralOde, NeuralOdeSpec, "node";
}

impl CoreSpec {
    /// Width of its input.
    pub fn inputs(&self) -> usize {
        self.kind().inputs()
    }

    /// Neurons.
    pub fn units(&self) -> usize {
        self.kind().units()
    }

    /// Width of its own output.
    pub fn outputs(&self) -> usize {
        self.kind().outputs()
    }

    /// The wiring, where it has one.
    pub fn wiring(&self) -> Option<&Arc<Wiring>> {
        self.kind().wiring()
    }

    /// The place in the state of the neuron of this id: [`WiredCfc`] keeps its neurons layer by layer from the input on.
    pub fn place_of(&self, id: usize) -> usize {
        self.kind().place_of(id)
    }

    /// The adjective of its neurons, as in "19 liquid neurons".
    pub fn neurons(&self) -> &'static str {
        self.kind().neurons()
    }

    /// Kind and settings in one line.
    pub fn description(&self) -> String {
        self.kind().description()
    }
}

/// The state of a cell between two steps.
#[derive(Clone, Debug)]
pub struct CellState {
    /// `[batch, units]`
    pub hidden: Tensor<2>,
    /// `[batch, units]`, the memory of an LSTM, where there is one.
    pub memory: Option<Tensor<2>>,
}

/// What a cell does over a batch of sequences.
pub struct CellRun {
    /// `[batch, steps, outputs]`
    pub outputs: Tensor<3>,
    /// `[batch, steps, units]`, after each step.
    pub hidden: Tensor<3>,
    /// `[batch, steps, units]`, after each step, where there is an LSTM.
    pub memory: Option<Tensor<3>>,
    /// `[batch, steps, units]`: with mixed memory, what the LSTM hands to the cell.
    pub recalled: Option<Tensor<3>>,
    /// After the last step.
    pub state: CellState,
}

/// A cell with what may stand before and behind it.
#[derive(Module, Debug)]
pub struct Cell {
    core: Core,
    /// Mixed memory.
    memory: Option<Lstm>,
    /// A dense layer from the cell's outputs.
    readout: Option<Dense>,
    #[module(skip)]
    spec: Arc<CellSpec>,
    /// Lesions.
    #[module(skip)]
    held: Vec<Held>,
}

impl Cell {
    /// A cell with first weights, drawn from a seed as ncps and PyTorch draw them.
    ///
    /// # Errors
    /// When the specification cannot be computed; see [`CellSpec::check`].
    pub fn new(spec: impl Into<CellSpec>, seed: u64, device: &Device) -> Result<Self, SpecError> {
        let spec = spec.into();
        spec.check()?;
        Ok(Self::init(&spec, &mut FirstWeights::new(seed, device)))
    }

    /// A cell of a checked specification as a part of a larger network, whose first weights come from one stream.
    pub fn init(spec: &CellSpec, first: &mut FirstWeights<'_>) -> Self {
        let core = spec.core.kind().init(first);
        let memory = spec.memory_spec().map(|memory| Lstm::init(&memory, first));
        let readout = spec.readout.map(|outputs| Dense::xavier(spec.core.outputs(), outputs, first));
        Self { core, memory, readout, spec: Arc::new(spec.clone()), held: Vec::new() }
    }

    /// What it is made of.
    pub fn spec(&self) -> &CellSpec {
        &self.spec
    }

    /// The wiring as it is now: of liquid neurons with the polarities that training left, of closed-form cells without the
    /// synapses that play no part.
    pub fn wiring(&self) -> Option<Wiring> {
        self.core.weights().wiring()
    }

    /// Whether a polarity of that wiring means anything.
    pub fn is_polar(&self) -> bool {
        self.spec.core.kind().is_polar()
    }

    /// Trainable numbers in all.
    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    /// Time constants and currents of liquid neurons at a state, for values as [`Cell::sense`] returns them; nothing for
    /// another cell.
    pub fn introspect(&self, sensory: &[f32], state: &[f32]) -> Option<Introspection> {
        self.core.weights().introspect(sensory, state)
    }

    /// The state at the start of a sequence: zero.
    pub fn zero_state(&self, batch: usize, device: &Device) -> CellState {
        let zeros = || Tensor::zeros([batch, self.spec.core.units()], device);
        CellState { hidden: zeros(), memory: self.spec.has_memory().then(zeros) }
    }

    /// The same cell with one more neuron kept at a value.
    pub fn with_held(mut self, held: Held) -> Self {
        self.core.weights_mut().make_inert(held.neuron);
        self.held.push(held);
        self
    }

    /// The same cell without one of the [`Wiring::synapses`] of [`Cell::wiring`].
    ///
    /// # Panics
    /// If there is no synapse of this number.
    pub fn without_synapse(self, synapse: usize) -> Self {
        let synapse = self.wiring().map(|wiring| wiring.synapses()[synapse]);
        self.cut(synapse, false)
    }

    /// The same cell without one of the [`Wiring::sensory_synapses`] of [`Cell::wiring`].
    ///
    /// # Panics
    /// If there is no synapse of this number.
    pub fn without_sensory_synapse(self, synapse: usize) -> Self {
        let synapse = self.wiring().map(|wiring| wiring.sensory_synapses()[synapse]);
        self.cut(synapse, true)
    }

    fn cut(mut self, synapse: Option<Synapse>, sensory: bool) -> Self {
        if let Some(synapse) = synapse {
            self.core.weights_mut().cut(synapse, sensory);
        }
        self
    }

    /// Runs a batch of sequences from a state of zero, one unit of time to a step: the defaults of ncps.
    ///
    /// # Shapes
    /// - inputs: `[batch, steps, inputs]`
    ///
    /// # Panics
    /// As [`Cell::forward`].
    pub fn forward_from_zero(&self, inputs: Tensor<3>) -> CellRun {
        let ([batch, steps, _], device) = (inputs.dims(), inputs.device());
        self.forward(inputs, self.zero_state(batch, &device), Tensor::ones([batch, steps], &device))
    }

    /// Runs a batch of sequences; one step is a sequence of length one.
    ///
    /// # Shapes
    /// - inputs: `[batch, steps, inputs]`, elapsed: `[batch, steps]` in the cell's unit of time
    ///
    /// # Panics
    /// If the shapes do not agree, or there is no step.
    pub fn forward(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>) -> CellRun {
        let run = match &self.memory {
            None => {
                let state = CellState { hidden: hold(&self.held, state.hidden), ..state };
                self.core.weights().run(inputs, state, elapsed, &self.held)
            }
            Some(lstm) => self.step_by_step(lstm, inputs, state, elapsed),
        };
        match &self.readout {
            Some(readout) => CellRun { outputs: over_steps(readout, run.outputs), ..run },
            None => run,
        }
    }

    /// With mixed memory the LSTM goes on from the cell's state.
    fn step_by_step(&self, lstm: &Lstm, inputs: Tensor<3>, mut state: CellState, elapsed: Tensor<2>) -> CellRun {
        let steps = inputs.dims()[1];
        let (mut outputs, mut hidden, mut memory, mut recalled) = (vec![], vec![], vec![], vec![]);
        for step in 0..steps {
            let (input, elapsed) = (inputs.clone().narrow(1, step, 1), elapsed.clone().narrow(1, step, 1));
            let before = lstm.run(input.clone(), state, elapsed.clone(), &[]);
            let remembered = CellState { hidden: hold(&self.held, before.state.hidden), memory: None };
            let run = self.core.weights().run(input, remembered, elapsed, &self.held);
            outputs.push(run.outputs);
            hidden.push(run.hidden);
            memory.extend(before.memory);
            recalled.push(before.hidden);
            state = CellState { hidden: run.state.hidden, memory: before.state.memory };
        }
        CellRun {
            outputs: Tensor::cat(outputs, 1),
            hidden: Tensor::cat(hidden, 1),
            memory: Some(Tensor::cat(memory, 1)),
            recalled: Some(Tensor::cat(recalled, 1)),
            state,
        }
    }

    /// What the neurons sense of inputs `[batch, steps, inputs]`: after the input mapping, where the cell has one.
    pub fn sense(&self, inputs: Tensor<3>) -> Tensor<3> {
        self.core.weights().sense(inputs)
    }

    /// Keeps conductances and capacitances of liquid neurons from turning negative, as `apply_weight_constraints` does in
    /// ncps; to be called after each optimiser step. Nothing to do for other cells, and where a softplus keeps them
    /// positive.
    pub fn constrain(mut self) -> Self {
        self.core.weights_mut().constrain();
        self
    }
}

/// The run of a cell whose output is its state.
fn run<R: Recurrence>(cell: &R, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
    let (hidden, memory) = states(cell, inputs, (state.hidden, state.memory), elapsed, held);
    let state = CellState { hidden: last(&hidden), memory: memory.as_ref().map(last) };
    CellRun { outputs: hidden.clone(), hidden, memory, recalled: None, state }
}

/// `[batch, steps, units]` to `[batch, units]` after the last step.
fn last(states: &Tensor<3>) -> Tensor<2> {
    states.clone().narrow(1, states.dims()[1] - 1, 1).squeeze_dim(1)
}

fn over_steps(readout: &Dense, outputs: Tensor<3>) -> Tensor<3> {
    let [batch, steps, width] = outputs.dims();
    readout.forward(outputs.reshape([batch * steps, width])).reshape([batch as i32, steps as i32, -1])
}
