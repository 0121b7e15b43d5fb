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
mod ct_rnn;
mod gru;
mod held;
mod lstm;
mod ltc;
mod neural_ode;
mod spec;
mod wired_cfc;
mod wiring_source;

pub use cfc::Cfc;
pub use choices::{Activation, CfcMode, Constraint, GateOrder, Mapping};
pub use ct_rnn::CtRnn;
pub use gru::Gru;
pub use held::Held;
pub use lstm::Lstm;
pub use ltc::Ltc;
pub use neural_ode::NeuralOde;
pub use spec::{
    CellSpec, CfcSpec, CoreSpec, CtRnnSpec, GruSpec, LstmSpec, LtcSpec, NeuralOdeSpec, SpecError, WiredCfcSpec,
};
pub use wired_cfc::WiredCfc;
pub use wiring_source::WiringSource;

use super::dense::Dense;
use super::init::FirstWeights;
use super::wiring::Wiring;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// What a cell remembers between two steps.
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

/// The cell proper.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one per network, and networks are not moved about")]
pub enum Core {
    /// Liquid time-constant neurons.
    Ltc(Ltc),
    /// Closed-form continuous-time cell.
    Cfc(Cfc),
    /// Closed-form cells, one per layer of a wiring.
    WiredCfc(WiredCfc),
    /// Long short-term memory.
    Lstm(Lstm),
    /// Gated recurrent unit.
    Gru(Gru),
    /// Continuous-time recurrent network.
    CtRnn(CtRnn),
    /// Neural ordinary differential equation.
    NeuralOde(NeuralOde),
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
    /// A lesion.
    #[module(skip)]
    held: Option<Held>,
}

impl Cell {
    /// A cell with first weights, as ncps and PyTorch draw them.
    pub fn init(spec: &CellSpec, first: &mut FirstWeights<'_>) -> Self {
        let core = match &spec.core {
            CoreSpec::Ltc(spec) => Core::Ltc(Ltc::init(spec, first)),
            CoreSpec::Cfc(spec) => Core::Cfc(Cfc::init(spec, first)),
            CoreSpec::WiredCfc(spec) => Core::WiredCfc(WiredCfc::init(spec, first)),
            CoreSpec::Lstm(spec) => Core::Lstm(Lstm::init(spec, first)),
            CoreSpec::Gru(spec) => Core::Gru(Gru::init(spec, first)),
            CoreSpec::CtRnn(spec) => Core::CtRnn(CtRnn::init(spec, first)),
            CoreSpec::NeuralOde(spec) => Core::NeuralOde(NeuralOde::init(spec, first)),
        };
        let memory = spec.memory_spec().map(|memory| Lstm::init(&memory, first));
        let readout = spec.readout.map(|outputs| Dense::xavier(spec.core.outputs(), outputs, first));
        Self { core, memory, readout, spec: Arc::new(spec.clone()), held: None }
    }

    /// What it is made of.
    pub fn spec(&self) -> &CellSpec {
        &self.spec
    }

    /// The wiring as it is now: of liquid neurons with the polarities that training left, of closed-form cells without the
    /// synapses that play no part.
    pub fn wiring(&self) -> Option<Wiring> {
        match (&self.core, &self.spec.core) {
            (Core::Ltc(ltc), _) => Some(ltc.wiring()),
            (_, CoreSpec::WiredCfc(spec)) => Some(spec.wiring()),
            _ => None,
        }
    }

    /// Whether a polarity of that wiring means anything.
    pub fn is_polar(&self) -> bool {
        matches!(self.core, Core::Ltc(_))
    }

    /// Trainable numbers in all.
    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    /// The cell proper.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The state at the start of a sequence: zero.
    pub fn zero_state(&self, batch: usize, device: &Device) -> CellState {
        let zeros = || Tensor::zeros([batch, self.spec.core.units()], device);
        CellState { hidden: zeros(), memory: self.spec.has_memory().then(zeros) }
    }

    /// The same cell with one neuron kept at a value.
    pub fn holding(mut self, held: Held) -> Self {
        if let Core::Ltc(ltc) = self.core {
            self.core = Core::Ltc(ltc.inert(held.neuron));
        }
        self.held = Some(held);
        self
    }

    /// Runs a batch of sequences; one step is a sequence of length one.
    ///
    /// # Shapes
    /// - inputs: `[batch, steps, inputs]`, elapsed: `[batch, steps]` in the cell's unit of time
    ///
    /// # Panics
    /// If the shapes do not agree, or there is no step.
    pub fn forward(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>) -> CellRun {
        let run = match (&self.core, &self.memory) {
            (Core::Ltc(ltc), None) => ltc.forward(inputs, hold(self.held, state.hidden), elapsed),
            _ => self.step_by_step(inputs, state, elapsed),
        };
        match &self.readout {
            Some(readout) => CellRun { outputs: over_steps(readout, run.outputs), ..run },
            None => run,
        }
    }

    fn step_by_step(&self, inputs: Tensor<3>, mut state: CellState, elapsed: Tensor<2>) -> CellRun {
        let [batch, steps, features] = inputs.dims();
        let (mut outputs, mut hidden, mut memory, mut recalled) = (vec![], vec![], vec![], vec![]);
        for step in 0..steps {
            let input = inputs.clone().narrow(1, step, 1).reshape([batch, features]);
            let elapsed = elapsed.clone().narrow(1, step, 1); // [batch, 1]
            if let Some(lstm) = &self.memory {
                state = lstm.step(input.clone(), state);
                recalled.push(state.hidden.clone());
            }
            let (output, next) = self.core.step(input, state, elapsed, self.held);
            outputs.push(output);
            hidden.push(next.hidden.clone());
            memory.extend(next.memory.clone());
            state = next;
        }
        CellRun {
            outputs: Tensor::stack(outputs, 1),
            hidden: Tensor::stack(hidden, 1),
            memory: (!memory.is_empty()).then(|| Tensor::stack(memory, 1)),
            recalled: (!recalled.is_empty()).then(|| Tensor::stack(recalled, 1)),
            state,
        }
    }

    /// What the neurons sense of features `[batch, steps, inputs]`: after the input mapping, where the cell has one.
    pub fn sense(&self, features: Tensor<3>) -> Tensor<3> {
        match &self.core {
            Core::Ltc(ltc) => ltc.map_inputs(features),
            _ => features,
        }
    }

    /// Keeps physical quantities physical; to be called after each optimiser step. See [`Ltc::constrain`].
    pub fn constrain(mut self) -> Self {
        if let Core::Ltc(ltc) = self.core {
            self.core = Core::Ltc(ltc.constrain());
        }
        self
    }
}

impl Core {
    /// One step. An LSTM's memory passes through the cells that have none of their own.
    fn step(
        &self,
        input: Tensor<2>,
        state: CellState,
        elapsed: Tensor<2>,
        held: Option<Held>,
    ) -> (Tensor<2>, CellState) {
        let (hidden, memory) = (hold(held, state.hidden), state.memory);
        match self {
            Self::Ltc(ltc) => {
                let run = ltc.forward(input.unsqueeze_dim(1), hidden, elapsed);
                (run.outputs.squeeze_dim(1), CellState { memory, ..run.state })
            }
            Self::WiredCfc(cfc) => {
                let (output, hidden) = cfc.step(input, hidden, elapsed, held);
                (output, CellState { hidden, memory })
            }
            Self::Lstm(lstm) => {
                let CellState { hidden, memory } = lstm.step(input, CellState { hidden, memory });
                shown(hold(held, hidden), memory)
            }
            Self::Cfc(cell) => shown(hold(held, cell.step(input, hidden, elapsed)), memory),
            Self::Gru(cell) => shown(hold(held, cell.step(input, hidden)), memory),
            Self::CtRnn(cell) => shown(cell.step(input, hidden, elapsed, held), memory),
            Self::NeuralOde(cell) => shown(cell.step(input, hidden, elapsed, held), memory),
        }
    }
}

fn hold(held: Option<Held>, state: Tensor<2>) -> Tensor<2> {
    match held {
        Some(held) => held.in_state(state),
        None => state,
    }
}

/// The step of a cell whose output is its state.
fn shown(hidden: Tensor<2>, memory: Option<Tensor<2>>) -> (Tensor<2>, CellState) {
    (hidden.clone(), CellState { hidden, memory })
}

fn over_steps(readout: &Dense, outputs: Tensor<3>) -> Tensor<3> {
    let [batch, steps, width] = outputs.dims();
    readout.forward(outputs.reshape([batch * steps, width])).reshape([batch as i32, steps as i32, -1])
}
