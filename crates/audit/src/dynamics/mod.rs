//! What "liquid" means, as numbers and figures (Hasani et al., Liquid Time-constant Networks, AAAI 2021).
//!
//! Three kinds of continuous-time network differ in one line, the equation of a unit's state x under the drive f:
//!
//! | [`Equation`] | dx/dt | time constant |
//! | --- | --- | --- |
//! | liquid time-constant (LTC) | -(1/τ + f) x + f A | τ / (1 + τ f): follows input and state |
//! | CT-RNN | -x/τ + f | τ: fixed |
//! | Neural ODE | f | none |
//!
//! - [`step_response`]: one neuron of each kind under the same step of its input.
//! - [`trajectory_lengths`]: how long a path random networks of each kind draw while their input goes round a circle
//!   once, the paper's measure of expressivity (its section 5).
//!
//! Plain `f64` numbers and no tensors: nothing here is trained.

mod equation;
pub mod figures;
mod length_spec;
mod lengths;
mod network;
mod planar_path;
mod runge_kutta;
mod step_response;
pub mod tables;

pub use equation::Equation;
pub use length_spec::{LengthSpec, Observed, Sweep};
pub use lengths::{LengthPoint, Lengths, Spread, trajectory_lengths};
pub use network::{Activation, Shape};
pub use step_response::{Moment, Neuron, StepResponse, StepSpec, Synapse, Trace, step_response};
