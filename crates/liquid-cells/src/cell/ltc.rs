//! Liquid time-constant neurons in a wiring: affine input map, neurons, affine output map. Parameter names as in ncps;
//! one number per synapse that exists instead of a dense matrix and a mask.

use super::choices::{Constraint, Mapping};
use super::spec::LtcSpec;
use super::{CellRun, CellState};
use crate::init::FirstWeights;
use crate::ltc_kernel::{Introspection, introspect};
use crate::ltc_op::{LtcStep, ltc};
use crate::to_vec;
use crate::wiring::{Synapse, Wiring};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softplus;
use std::sync::Arc;

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
    pub fn init(spec: &LtcSpec, first: &mut FirstWeights<'_>) -> Self {
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
            erev: first.given(polarity(wiring.synapses())),
            sensory_sigma: first.uniform(sensory, 3.0, 8.0),
            sensory_mu: first.uniform(sensory, 0.3, 0.8),
            sensory_w: first.uniform(sensory, 0.001, 1.0),
            sensory_erev: first.given(polarity(wiring.sensory_synapses())),
            input_w: of_inputs.has_weight().then(|| first.constant(inputs, 1.0)),
            input_b: of_inputs.has_bias().then(|| first.constant(inputs, 0.0)),
            output_w: of_outputs.has_weight().then(|| first.constant(motor, 1.0)),
            output_b: of_outputs.has_bias().then(|| first.constant(motor, 0.0)),
            spec: Arc::new(spec.clone()),
        }
    }

    /// `[batch, steps, sensory]`, `[batch, units]`, `[batch, steps]` to outputs and states after each step.
    pub(super) fn forward(&self, features: Tensor<3>, first_state: Tensor<2>, elapsed: Tensor<2>) -> CellRun {
        let LtcSpec { wiring, unfolds, epsilon, solver, .. } = &*self.spec;
        let wiring = Arc::clone(wiring.shared());
        let (steps, motor) = (features.dims()[1], wiring.motor());
        let step = LtcStep { wiring, unfolds: *unfolds, epsilon: *epsilon as f32, solver: *solver };
        let hidden = ltc(self.map_inputs(features), first_state, elapsed, self.parameters(), step);
        let last = hidden.clone().narrow(1, steps - 1, 1).squeeze_dim(1); // [batch, units]
        let outputs = mapped(hidden.clone().narrow(2, 0, motor), self.output_w.as_ref(), self.output_b.as_ref());
        let state = CellState { hidden: last, memory: None };
        CellRun { outputs, hidden, memory: None, recalled: None, state }
    }

    /// The wiring with the polarities that the reversal potentials have now: training may turn them.
    pub fn wiring(&self) -> Wiring {
        let polarities = |erev: &Param<Tensor<1>>| -> Vec<i8> {
            to_vec(erev.val()).into_iter().map(|erev| if erev < 0.0 { -1 } else { 1 }).collect()
        };
        self.spec.wiring.wiring().with_polarities(&polarities(&self.sensory_erev), &polarities(&self.erev))
    }

    /// What the neurons sense of features `[batch, steps, sensory]`.
    pub fn map_inputs(&self, features: Tensor<3>) -> Tensor<3> {
        mapped(features, self.input_w.as_ref(), self.input_b.as_ref())
    }

    /// Time constants and currents at a state, for values as [`Ltc::map_inputs`] returns them.
    pub fn introspect(&self, sensory: &[f32], state: &[f32]) -> Introspection {
        introspect(self.spec.wiring.wiring(), &to_vec(self.parameters()), sensory, state)
    }

    /// Keeps conductances and capacitances from turning negative; to be called after each optimiser step, as ncps asks
    /// of its caller (`apply_weight_constraints`). Nothing to do where a softplus keeps them positive.
    pub fn constrain(mut self) -> Self {
        if self.spec.constraint == Constraint::Softplus {
            return self;
        }
        let clip = |param: Param<Tensor<1>>| {
            param.map(|tensor| Tensor::from_inner(tensor.inner().clamp_min(0.0)).require_grad())
        };
        self.w = clip(self.w);
        self.sensory_w = clip(self.sensory_w);
        self.gleak = clip(self.gleak);
        self.cm = clip(self.cm);
        self
    }

    /// The same neurons, one of them so slow that its state stays where it is, whatever the solver.
    pub(super) fn inert(mut self, neuron: usize) -> Self {
        // Ten orders of magnitude above a trained capacitance: charge of any step is below the rounding of the state.
        const CAPACITANCE: f32 = 1e10;
        self.cm = self.cm.map(|cm| {
            let slow = Tensor::full([1], CAPACITANCE, &cm.device());
            cm.slice_assign(neuron..neuron + 1, slow)
        });
        self
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

impl Mapping {
    pub(super) fn has_weight(self) -> bool {
        self != Self::None
    }

    pub(super) fn has_bias(self) -> bool {
        self == Self::Affine
    }
}

fn mapped(values: Tensor<3>, w: Option<&Param<Tensor<1>>>, b: Option<&Param<Tensor<1>>>) -> Tensor<3> {
    let values = w.map_or(values.clone(), |w| values * w.val().unsqueeze());
    b.map_or(values.clone(), |b| values + b.val().unsqueeze())
}
