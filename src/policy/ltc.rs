//! Liquid time-constant head: affine input map, wired LTC neurons, affine output map. Parameter names as in ncps; one
//! number per synapse that exists instead of a dense matrix and a mask.

use super::init::FirstWeights;
use super::ltc_kernel::{Introspection, introspect};
use super::ops::{LtcSpec, ltc};
use super::wiring::{Synapse, Wiring};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use std::sync::Arc;

/// Parts of one step, as in ncps (`ode_unfolds`).
pub const UNFOLDS: usize = 6;

/// The cell's unit of time in s: one control step of 0.05 s is 0.3 of it. With 1.0 per frame, the ncps default, the
/// state is nearly forgotten within a frame. Because it is seconds, recordings at 10 or 30 Hz mean the same.
pub const TIME_UNIT_SECS: f32 = 1.0 / 6.0;

/// Parameters of an LTC head.
#[derive(Module, Debug)]
pub struct LtcHead {
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
    input_w: Param<Tensor<1>>,
    input_b: Param<Tensor<1>>,
    output_w: Param<Tensor<1>>,
    output_b: Param<Tensor<1>>,
}

impl LtcHead {
    /// Initial ranges as in ncps: conductances 0.001 to 1, capacitance 0.4 to 0.6, sigma 3 to 8, mu 0.3 to 0.8, leak
    /// potential -0.2 to 0.2, reversal potentials the polarity, maps the identity.
    pub fn init(wiring: &Wiring, first: &mut FirstWeights<'_>) -> Self {
        let (sensory, synapses) = ([wiring.sensory_synapses().len()], [wiring.synapses().len()]);
        let (inputs, units, motor) = ([wiring.shape().sensory], [wiring.units()], [wiring.shape().motor]);
        let polarity = |synapses: &[Synapse]| synapses.iter().map(|synapse| f32::from(synapse.polarity)).collect();
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
            input_w: first.constant(inputs, 1.0),
            input_b: first.constant(inputs, 0.0),
            output_w: first.constant(motor, 1.0),
            output_b: first.constant(motor, 0.0),
        }
    }

    /// States and outputs of a sequence.
    ///
    /// # Shapes
    /// - features: `[batch, steps, sensory]`, first_state: `[batch, units]`, elapsed: `[batch, steps]` in units of time
    /// - returns: outputs `[batch, steps, motor]`, states `[batch, steps, units]`
    pub fn forward(
        &self,
        wiring: &Arc<Wiring>,
        features: Tensor<3>,
        first_state: Tensor<2>,
        elapsed: Tensor<2>,
    ) -> (Tensor<3>, Tensor<3>) {
        let inputs = self.map_inputs(features);
        let spec = LtcSpec { wiring: Arc::clone(wiring), unfolds: UNFOLDS };
        let states = ltc(inputs, first_state, elapsed, self.parameters(), spec);
        let motor = states.clone().narrow(2, 0, wiring.shape().motor); // [batch, steps, motor]
        let outputs = motor * self.output_w.val().unsqueeze() + self.output_b.val().unsqueeze();
        (outputs, states)
    }

    /// Sensory values that the neurons see, for features `[batch, steps, sensory]`.
    pub fn map_inputs(&self, features: Tensor<3>) -> Tensor<3> {
        features * self.input_w.val().unsqueeze() + self.input_b.val().unsqueeze()
    }

    /// Time constants and currents at a state, for sensory values as [`LtcHead::map_inputs`] returns them.
    pub fn introspect(&self, wiring: &Wiring, sensory: &[f32], state: &[f32]) -> Introspection {
        introspect(wiring, &super::to_vec(self.parameters()), sensory, state)
    }

    /// Keeps conductances and capacitances from turning negative; to be called after each optimiser step, as ncps asks
    /// of its caller (`apply_weight_constraints`).
    pub fn constrain(mut self) -> Self {
        let clip = |param: Param<Tensor<1>>| {
            param.map(|tensor| Tensor::from_inner(tensor.inner().clamp_min(0.0)).require_grad())
        };
        self.w = clip(self.w);
        self.sensory_w = clip(self.sensory_w);
        self.gleak = clip(self.gleak);
        self.cm = clip(self.cm);
        self
    }

    /// The flat parameter vector of the kernel; see [`super::ltc_kernel::Layout`].
    fn parameters(&self) -> Tensor<1> {
        let parts = [
            &self.sensory_w,
            &self.sensory_mu,
            &self.sensory_sigma,
            &self.sensory_erev,
            &self.w,
            &self.mu,
            &self.sigma,
            &self.erev,
            &self.gleak,
            &self.vleak,
            &self.cm,
        ];
        Tensor::cat(parts.into_iter().map(|part| part.val()).collect(), 0)
    }
}
