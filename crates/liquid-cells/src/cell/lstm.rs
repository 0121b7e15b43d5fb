//! Long short-term memory (Hochreiter and Schmidhuber 1997), as ncps and as PyTorch order and offset its gates.

use super::choices::GateOrder;
use super::kind::{CoreStepper, Kind, Step};
use super::recurrent::stepper;
use super::reference::{CoreDict, Hints, ImportError, Style, torch_name};
use super::{CellRun, CellState, Core, run};
use crate::dense::Dense;
use crate::init::FirstWeights;
use crate::recurrence::{Bias, Held, Kernel, Recurrence, Value, Weight};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Long short-term memory: `LSTMCell` in ncps, or `torch.nn.LSTM` of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LstmSpec {
    /// Inputs.
    pub inputs: usize,
    /// Neurons.
    pub units: usize,
    /// The library whose gates it has.
    pub gates: GateOrder,
}

/// `c' = c·σ(forget) + tanh(write)·σ(input)`, `h' = tanh(c')·σ(output)`, each gate a row of four in `z = W·u + U·h + b`.
#[derive(Module, Debug)]
pub struct Lstm {
    input_map: Dense,
    /// `[4 · units, units]`
    recurrent_map: Param<Tensor<2>>,
    /// `[4 · units]`: PyTorch has a second bias, ncps one.
    recurrent_bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    gates: GateOrder,
    #[module(skip)]
    kernel: Kernel,
}

impl Lstm {
    /// Input weights Xavier-uniform, recurrent weights orthogonal, biases small, as in ncps.
    pub(super) fn init(spec: &LstmSpec, first: &mut FirstWeights<'_>) -> Self {
        let rows = 4 * spec.units;
        let input_map = Dense { weight: first.xavier([rows, spec.inputs]), bias: first.uniform([rows], -0.1, 0.1) };
        let recurrent_map = first.orthogonal([rows, spec.units]);
        let recurrent_bias = (spec.gates == GateOrder::Torch).then(|| first.uniform([rows], -0.1, 0.1));
        Self { input_map, recurrent_map, recurrent_bias, gates: spec.gates, kernel: Kernel::default() }
    }
}

impl Recurrence for Lstm {
    fn parts(&self) -> Vec<(usize, bool)> {
        let [_, units] = self.recurrent_map.shape().dims();
        vec![(units, false), (units, true)]
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn step<V: Value>(&self, input: V, state: Vec<V>, _: V, held: &[Held]) -> Vec<V> {
        let [hidden, memory] = &state[..] else { unreachable!("the state has two parts") };
        let maps =
            [(&[&input][..], Weight::new(&self.input_map.weight)), (&[hidden][..], Weight::new(&self.recurrent_map))];
        let biases = std::iter::once(&self.input_map.bias).chain(&self.recurrent_bias);
        let sums = V::affine(&maps, &biases.map(Bias::new).collect::<Vec<_>>());
        let [write, input, forget, output] = match self.gates {
            GateOrder::Ncps => {
                let [write, input, forget, output] = sums;
                [write, input, forget.scaled(1.0, 1.0), output]
            }
            GateOrder::Torch => {
                let [input, forget, write, output] = sums;
                [write, input, forget, output]
            }
        };
        let memory = memory.clone() * forget.sigmoid() + write.tanh() * input.sigmoid();
        let hidden = memory.clone().tanh() * output.sigmoid();
        vec![hidden.hold(held), memory]
    }
}

impl Kind for LstmSpec {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn units(&self) -> usize {
        self.units
    }

    fn keeps_memory(&self) -> bool {
        true
    }

    fn weights(&self) -> usize {
        4 * self.units * (self.inputs + self.units)
    }

    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        Core::Lstm(Lstm::init(self, first))
    }

    fn style(&self) -> Style {
        Style::TORCH
    }

    fn module(&self, _: bool) -> &'static str {
        match self.gates {
            GateOrder::Ncps => "ncps.torch.lstm.LSTMCell",
            GateOrder::Torch => "torch.nn.LSTM",
        }
    }

    fn reference_name(&self, path: &str) -> String {
        match (self.gates, path) {
            // A linear layer without bias there.
            (GateOrder::Ncps, "recurrent_map") => "recurrent_map.weight".to_owned(),
            (GateOrder::Ncps, _) => path.to_owned(),
            (GateOrder::Torch, _) => torch_name(path),
        }
    }

    fn infer(dict: &CoreDict, _: &Hints) -> Result<Self, ImportError> {
        let (name, gates) = match dict.get("input_map.weight") {
            Some(_) => ("input_map.weight", GateOrder::Ncps),
            None => ("weight_ih_l0", GateOrder::Torch),
        };
        let [rows, inputs] = dict.shape(name)?;
        Ok(Self { inputs, units: rows / 4, gates })
    }

    fn neurons(&self) -> &'static str {
        "LSTM"
    }

    fn description(&self) -> String {
        let library = match self.gates {
            GateOrder::Ncps => "ncps",
            GateOrder::Torch => "PyTorch",
        };
        format!("LSTM, gates as in {library}")
    }
}

impl Step for Lstm {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, held: &[Held]) -> CellRun {
        let memory = Some(state.memory.unwrap_or_else(|| state.hidden.zeros_like()));
        run(self, inputs, CellState { memory, ..state }, elapsed, held)
    }

    fn stepper(&self, inputs: usize, held: &[Held]) -> Option<Box<dyn CoreStepper>> {
        stepper(self, inputs, held, |units| 0..units)
    }
}
