//! Continuous-time recurrent network (Funahashi and Nakamura 1993) as Lechner et al. 2020 compare with: explicit Euler
//! steps, one fixed time constant, full connection, states clipped.

use super::held::Held;
use super::spec::CtRnnSpec;
use crate::init::FirstWeights;
use crate::solver::{Solver, explicit_step};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `dx/dt = −x/τ + tanh([u, x]·W + b)`
#[derive(Module, Debug)]
pub struct CtRnn {
    /// `[inputs + units, units]`
    w: Param<Tensor<2>>,
    /// `[units]`
    b: Param<Tensor<1>>,
    #[module(skip)]
    dynamics: Dynamics,
}

#[derive(Clone, Debug)]
struct Dynamics {
    tau: f64,
    clip: f64,
    unfolds: usize,
    solver: Solver,
}

impl CtRnn {
    /// Xavier-uniform weights, no bias.
    pub fn init(spec: &CtRnnSpec, first: &mut FirstWeights<'_>) -> Self {
        let &CtRnnSpec { inputs, units, tau, clip, unfolds, solver } = spec;
        let (w, b) = (first.xavier([inputs + units, units]), first.constant([units], 0.0));
        Self { w, b, dynamics: Dynamics { tau, clip, unfolds, solver } }
    }

    /// `[batch, inputs]`, `[batch, units]`, `[batch, 1]` to the next state; a held neuron stays where it is.
    pub(super) fn step(
        &self,
        input: Tensor<2>,
        hidden: Tensor<2>,
        elapsed: Tensor<2>,
        held: Option<Held>,
    ) -> Tensor<2> {
        let Dynamics { tau, clip, unfolds, solver } = self.dynamics;
        let part = elapsed / unfolds as f64;
        let slope = |state: Tensor<2>| {
            let seen = Tensor::cat(vec![input.clone(), state.clone()], 1);
            let slope = (seen.matmul(self.w.val()) + self.b.val().unsqueeze()).tanh() - state / tau;
            held.map_or(slope.clone(), |held| held.in_slope(slope))
        };
        let end = (0..unfolds).fold(hidden, |state, _| explicit_step(solver, state, &part, slope));
        end.clamp(-clip, clip)
    }
}
