//! Liquid time-constant neurons in a wiring: affine input map, neurons, affine output map. Parameter names as in ncps;
//! one number per synapse that exists instead of a dense matrix and a mask.

use super::choices::{Constraint, Mapping};
use super::kind::{CoreStepper, Kind, SpecError, Step, StepOutputs};
use super::reference::{self, CoreDict, Hints, ImportError, Layout, Style, synapse};
use super::wiring_source::WiringSource;
use super::{CellRun, CellState, Core};
use crate::init::FirstWeights;
use crate::ltc_kernel::{Alone, Introspection, introspect};
use crate::ltc_op::{LtcStep, has_kernel, ltc};
use crate::recurrence::Held;
use crate::solver::Solver;
use crate::state_dict::Array;
use crate::values::to_vec;
use crate::wiring::{Layer, Synapse, Wiring};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softplus;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Liquid time-constant neurons: `LTC` in ncps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LtcSpec {
    /// The synapses there are.
    pub wiring: WiringSource,
    /// Parts of one step (`ode_unfolds` in ncps).
    pub unfolds: usize,
    /// Keeps the denominator of the fused step from 0.
    pub epsilon: f64,
    /// How conductances stay positive.
    pub constraint: Constraint,
    /// Before the neurons.
    pub input_mapping: Mapping,
    /// Behind the motor neurons.
    pub output_mapping: Mapping,
    /// How the equation is solved.
    pub solver: Solver,
}

impl LtcSpec {
    /// The defaults of ncps' `LTCCell` for a wiring: six unfolds of the fused solver, conductances clipped
    /// ([`Cell::constrain`](super::Cell::constrain)), affine maps.
    pub fn new(wiring: impl Into<WiringSource>) -> Self {
        Self {
            wiring: wiring.into(),
            unfolds: 6,
            epsilon: 1e-8,
            constraint: Constraint::Explicit,
            input_mapping: Mapping::Affine,
            output_mapping: Mapping::Affine,
            solver: Solver::Fused,
        }
    }
}

/// Parameters of the neurons, their synapses, and the maps before and behind them.
#[derive(Module, Debug)]
pub struct Ltc {
    sensory_w: Param<Tensor<1>>,
    sensory_mu: Param<Tensor<1>>,
    sensory_sigma: Param<Tensor<1>>,
    sensory_erev: Param<Tensor<1>>,
    w: Param<Tensor<1>>,
    mu: Param<Tensor<1>>,
    sigma: Param<Tensor<1>>,
    erev: Param<Tensor<1>>,
    gleak: Param<Tensor<1>>,
    vleak: Param<Tensor<1>>,
    cm: Param<Tensor<1>>,
    input_w: Option<Param<Tensor<1>>>,
    input_b: Option<Param<Tensor<1>>>,
    output_w: Option<Param<Tensor<1>>>,
    output_b: Option<Param<Tensor<1>>>,
    #[module(skip)]
    spec: Arc<LtcSpec>,
}

impl Ltc {
    /// Initial ranges as in ncps: conductances 0.001 to 1, capacitance 0.4 to 0.6, sigma 3 to 8, mu 0.3 to 0.8, leak
    /// potential -0.2 to 0.2, reversal potentials the polarity, maps the identity.
    fn init(spec: &LtcSpec, first: &mut FirstWeights<'_>) -> Self {
        let wiring = spec.wiring.wiring();
        let (sensory, synapses) = ([wiring.sensory_synapses().len()], [wiring.synapses().len()]);
        let (inputs, units, motor) = ([wiring.sensory()], [wiring.units()], [wiring.motor()]);
        let polarity = |synapses: &[Synapse]| synapses.iter().map(|synapse| f32::from(synapse.polarity)).collect();
        let (of_inputs, of_outputs) = (spec.input_mapping, spec.output_mapping);
        Self {
            gleak: first.uniform(units, 0.001, 1.0),
            vleak: first.uniform(units, -0.2, 0.2),
            cm: first.uniform(units, 0.4, 0.6),
            sigma: first.uniform(synapses, 3.0, 8.0),
            mu: first.uniform(synapses, 0.3, 0.8),
            w: first.uniform(synapses, 0.001, 1.0),
            erev: first.constants(polarity(wiring.synapses())),
            sensory_sigma: first.uniform(sensory, 3.0, 8.0),
            sensory_mu: first.uniform(sensory, 0.3, 0.8),
            sensory_w: first.uniform(sensory, 0.001, 1.0),
            sensory_erev: first.constants(polarity(wiring.sensory_synapses())),
            input_w: has_weight(of_inputs).then(|| first.constant(inputs, 1.0)),
            input_b: has_bias(of_inputs).then(|| first.constant(inputs, 0.0)),
            output_w: has_weight(of_outputs).then(|| first.constant(motor, 1.0)),
            output_b: has_bias(of_outputs).then(|| first.constant(motor, 0.0)),
            spec: Arc::new(spec.clone()),
        }
    }

    /// `[batch, steps, sensory]`, `[batch, units]`, `[batch, steps]` to outputs and states after each step.
    fn forward(&self, inputs: Tensor<3>, first_state: Tensor<2>, elapsed: Tensor<2>) -> CellRun {
        let LtcSpec { wiring, unfolds, epsilon, solver, .. } = &*self.spec;
        let wiring = Arc::clone(wiring.shared());
        let (steps, motor) = (inputs.dims()[1], wiring.motor());
        let step = LtcStep { wiring, unfolds: *unfolds, epsilon: *epsilon as f32, solver: *solver };
        let hidden = ltc(self.sense(inputs), first_state, elapsed, self.parameters(), step);
        let last = hidden.clone().narrow(1, steps - 1, 1).squeeze_dim(1); // [batch, units]
        let outputs = mapped(hidden.clone().narrow(2, 0, motor), self.output_w.as_ref(), self.output_b.as_ref());
        let state = CellState { hidden: last, memory: None };
        CellRun { outputs, hidden, memory: None, recalled: None, state }
    }

    /// The flat parameter vector of the kernel, conductances and capacitances positive; see
    /// [`crate::ltc_kernel::Layout`].
    fn parameters(&self) -> Tensor<1> {
        let positive = |param: &Param<Tensor<1>>| match self.spec.constraint {
            Constraint::Explicit => param.val(),
            Constraint::Softplus => softplus(param.val(), 1.0),
        };
        let parts = vec![
            positive(&self.sensory_w),
            self.sensory_mu.val(),
            self.sensory_sigma.val(),
            self.sensory_erev.val(),
            positive(&self.w),
            self.mu.val(),
            self.sigma.val(),
            self.erev.val(),
            positive(&self.gleak),
            self.vleak.val(),
            positive(&self.cm),
        ];
        Tensor::cat(parts, 0)
    }
}

impl Step for Ltc {
    fn run(&self, inputs: Tensor<3>, state: CellState, elapsed: Tensor<2>, _: &[Held]) -> CellRun {
        self.forward(inputs, state.hidden, elapsed)
    }

    fn stepper(&self, _: usize, _: &[Held]) -> Option<Box<dyn CoreStepper>> {
        if self.spec.solver != Solver::Fused || !self.devices().iter().all(has_kernel) || self.gleak.val().is_autodiff()
        {
            return None;
        }
        let numbers = |map: &Option<Param<Tensor<1>>>| map.as_ref().map(|map| to_vec(map.val()));
        let LtcSpec { wiring, unfolds, epsilon, .. } = &*self.spec;
        let wiring = wiring.wiring();
        Some(Box::new(LtcStepper {
            neurons: Alone::new(wiring, *unfolds, *epsilon as f32, &to_vec(self.parameters())),
            input_map: [numbers(&self.input_w), numbers(&self.input_b)],
            output_map: [numbers(&self.output_w), numbers(&self.output_b)],
            motor: wiring.motor(),
        }))
    }

    fn sense(&self, inputs: Tensor<3>) -> Tensor<3> {
        mapped(inputs, self.input_w.as_ref(), self.input_b.as_ref())
    }

    /// The wiring with the polarities that the reversal potentials have now: training may turn them.
    fn wiring(&self) -> Option<Wiring> {
        let polarities = |erev: &Param<Tensor<1>>| -> Vec<i8> {
            to_vec(erev.val()).into_iter().map(|erev| if erev < 0.0 { -1 } else { 1 }).collect()
        };
        let wiring = self.spec.wiring.wiring();
        Some(wiring.with_polarities(&polarities(&self.sensory_erev), &polarities(&self.erev)))
    }

    fn introspect(&self, sensory: &[f32], state: &[f32]) -> Option<Introspection> {
        Some(introspect(self.spec.wiring.wiring(), &to_vec(self.parameters()), sensory, state))
    }

    /// Keeps conductances and capacitances from turning negative, as `apply_weight_constraints` does in ncps. Nothing to
    /// do where a softplus keeps them positive.
    fn constrain(&mut self) {
        if self.spec.constraint == Constraint::Softplus {
            return;
        }
        for param in [&mut self.w, &mut self.sensory_w, &mut self.gleak, &mut self.cm] {
            *param = param.clone().map(|tensor| Tensor::from_inner(tensor.inner().clamp_min(0.0)).require_grad());
        }
    }

    fn cut(&mut self, synapse: Synapse, sensory: bool) {
        let wiring = self.spec.wiring.wiring();
        let (w, synapses) = match sensory {
            true => (&mut self.sensory_w, wiring.sensory_synapses()),
            false => (&mut self.w, wiring.synapses()),
        };
        let ends = |synapse: &Synapse| (synapse.source, synapse.target);
        let Some(at) = synapses.iter().position(|other| ends(other) == ends(&synapse)) else { return };
        let none = match self.spec.constraint {
            Constraint::Explicit => 0.0,
            // Its softplus is 0.
            Constraint::Softplus => -1e4,
        };
        *w = w.clone().map(|w| {
            let none = Tensor::full([1], none, &w.device());
            w.slice_assign(at..at + 1, none)
        });
    }

    fn make_inert(&mut self, neuron: usize) {
        // Ten orders of magnitude above a trained capacitance: charge of any step is below the rounding of the state.
        const CAPACITANCE: f32 = 1e10;
        self.cm = self.cm.clone().map(|cm| {
            let slow = Tensor::full([1], CAPACITANCE, &cm.device());
            cm.slice_assign(neuron..neuron + 1, slow)
        });
    }
}

impl Kind for LtcSpec {
    fn inputs(&self) -> usize {
        self.wiring.wiring().sensory()
    }

    fn units(&self) -> usize {
        self.wiring.wiring().units()
    }

    fn outputs(&self) -> usize {
        self.wiring.wiring().motor()
    }

    fn wiring(&self) -> Option<&Arc<Wiring>> {
        Some(self.wiring.shared())
    }

    fn is_polar(&self) -> bool {
        true
    }

    /// One number per synapse: the wiring has a limit of its own.
    fn weights(&self) -> usize {
        0
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("unfolds", self.unfolds)]
    }

    fn check(&self) -> Result<(), SpecError> {
        let epsilon = self.epsilon;
        if !(0.0..1.0).contains(&epsilon) {
            return Err(SpecError(format!("epsilon: expected 0 or a small positive number, got {epsilon}")));
        }
        Ok(())
    }

    fn solver_mut(&mut self) -> Option<&mut Solver> {
        Some(&mut self.solver)
    }

    fn unfolds_mut(&mut self) -> Option<&mut usize> {
        Some(&mut self.unfolds)
    }

    fn constraint_mut(&mut self) -> Option<&mut Constraint> {
        Some(&mut self.constraint)
    }

    fn init(&self, first: &mut FirstWeights<'_>) -> Core {
        Core::Ltc(Ltc::init(self, first))
    }

    fn style(&self) -> Style {
        Style::NCPS
    }

    fn module(&self, bare: bool) -> &'static str {
        if bare { "ncps.torch.LTCCell" } else { "ncps.torch.LTC" }
    }

    fn layout(&self, name: &str) -> Layout {
        match name {
            "sensory_w" | "sensory_mu" | "sensory_sigma" | "sensory_erev" => Layout::SensorySynapses,
            "w" | "mu" | "sigma" | "erev" => Layout::Synapses,
            _ => Layout::Same,
        }
    }

    fn masks(&self) -> Vec<(String, Array)> {
        let wiring = self.wiring.wiring();
        vec![
            ("sensory_sparsity_mask".to_owned(), Layout::SensorySynapses.mask(wiring)),
            ("sparsity_mask".to_owned(), Layout::Synapses.mask(wiring)),
        ]
    }

    /// Refuses a conductance or capacitance that clipping would not have left: the cell was made with a softplus.
    fn check_numbers(&self, name: &str, numbers: &[f32]) -> Result<(), ImportError> {
        let clipped = self.constraint == Constraint::Explicit && ["w", "sensory_w", "gleak", "cm"].contains(&name);
        match numbers.iter().find(|number| clipped && **number < 0.0) {
            Some(number) => Err(ImportError(format!(
                "tensor `{name}`: expected no negative number where conductances are clipped, got {number}; \
                 was the cell made with a softplus?"
            ))),
            None => Ok(()),
        }
    }

    fn infer(dict: &CoreDict, hints: &Hints) -> Result<Self, ImportError> {
        let constraint = hints.constraint.ok_or_else(|| {
            let ncps = "ncps' LTC has a softplus unless implicit_param_constraints=False, its LTCCell clips";
            ImportError(format!(
                "a state dict does not say how conductances stay positive ({ncps}): --constraint softplus or explicit"
            ))
        })?;
        let motor = dict.get("output_w").map_or(hints.motor, |w| w.values.len());
        let [sensory, units] = dict.shape("sensory_sparsity_mask")?;
        let synapses = |mask: &str, erev: &str| {
            dict.shape(erev)?;
            let (mask, erev) = (dict.array(mask)?, dict.array(erev)?);
            if mask.shape != erev.shape {
                let shapes = format!("{:?} and {:?}", mask.shape, erev.shape);
                return Err(ImportError(format!("mask and reversal potentials have different shapes: {shapes}")));
            }
            let there = mask.values.iter().zip(&erev.values).enumerate().filter(|(_, (mask, _))| **mask != 0.0);
            Ok(there.map(|(at, (_, erev))| synapse(at / units, at % units, *erev)).collect::<Vec<_>>())
        };
        let sensory_synapses = synapses("sensory_sparsity_mask", "sensory_erev")?;
        let synapses = synapses("sparsity_mask", "erev")?;
        let layers = layers(units, motor, &sensory_synapses, &synapses);
        Ok(Self {
            unfolds: hints.unfolds,
            constraint,
            input_mapping: dict.mapping("input_w", "input_b"),
            output_mapping: dict.mapping("output_w", "output_b"),
            solver: hints.solver.unwrap_or(Solver::Fused),
            ..Self::new(reference::wiring(sensory, &layers, sensory_synapses, synapses)?)
        })
    }

    fn neurons(&self) -> &'static str {
        "liquid"
    }

    fn description(&self) -> String {
        let positive = match self.constraint {
            Constraint::Softplus => "softplus",
            Constraint::Explicit => "clipping",
        };
        format!(
            "liquid time-constant neurons, {} solver, {} parts of a step, positive by {positive}",
            self.solver, self.unfolds
        )
    }
}

/// The layers that a wiring's synapses show: where only ids that follow each other drive the motor neurons, and only the
/// rest senses, they are command and inter neurons; otherwise there are none.
fn layers(units: usize, motor: usize, sensory: &[Synapse], synapses: &[Synapse]) -> Vec<(Layer, usize)> {
    let inter_from = sensory.iter().map(|synapse| synapse.target).min().unwrap_or(units);
    let command = motor..inter_from;
    let layered = !command.is_empty()
        && synapses.iter().all(|synapse| {
            let (from_command, to_motor) = (command.contains(&synapse.source), synapse.target < motor);
            let from_inter = synapse.source >= inter_from && command.contains(&synapse.target);
            from_inter || (from_command && (to_motor || command.contains(&synapse.target)))
        });
    if layered {
        vec![(Layer::Motor, motor), (Layer::Command, command.len()), (Layer::Inter, units - inter_from)]
    } else {
        vec![(Layer::Motor, motor), (Layer::Inter, units.saturating_sub(motor))]
    }
}

fn has_weight(mapping: Mapping) -> bool {
    mapping != Mapping::None
}

fn has_bias(mapping: Mapping) -> bool {
    mapping == Mapping::Affine
}

fn mapped(values: Tensor<3>, w: Option<&Param<Tensor<1>>>, b: Option<&Param<Tensor<1>>>) -> Tensor<3> {
    let values = w.map_or(values.clone(), |w| values * w.val().unsqueeze());
    b.map_or(values.clone(), |b| values + b.val().unsqueeze())
}

/// Liquid neurons on plain numbers, with their maps.
#[derive(Clone, Debug)]
struct LtcStepper {
    neurons: Alone,
    /// Factors and terms, where there are such.
    input_map: [Option<Vec<f32>>; 2],
    output_map: [Option<Vec<f32>>; 2],
    motor: usize,
}

impl CoreStepper for LtcStepper {
    fn step(
        &mut self,
        inputs: &[f32],
        (state, _): (&mut Vec<f32>, Option<&mut Vec<f32>>),
        elapsed: f32,
        to: &mut StepOutputs,
    ) {
        write_mapped(inputs, &self.input_map, &mut to.sensory);
        self.neurons.step(&to.sensory, state, elapsed);
        write_mapped(&state[..self.motor], &self.output_map, &mut to.outputs);
    }

    fn boxed_clone(&self) -> Box<dyn CoreStepper> {
        Box::new(self.clone())
    }
}

/// [`mapped`] on plain numbers.
fn write_mapped(values: &[f32], [w, b]: &[Option<Vec<f32>>; 2], mapped: &mut Vec<f32>) {
    mapped.clear();
    mapped.extend_from_slice(values);
    if let Some(w) = w {
        mapped.iter_mut().zip(w).for_each(|(value, w)| *value *= w);
    }
    if let Some(b) = b {
        mapped.iter_mut().zip(b).for_each(|(value, b)| *value += b);
    }
}
