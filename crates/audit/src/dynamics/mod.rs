//! What "liquid" means, as numbers and figures (Hasani et al., Liquid Time-constant Networks, AAAI 2021).
//!
//! Three kinds of continuous-time network differ in one line, the equation of a unit's state x under the drive f:
//!
//! | kind | dx/dt | time constant |
//! | --- | --- | --- |
//! | liquid time-constant (LTC) | -(1/τ + f) x + f A | τ / (1 + τ f): follows input and state |
//! | CT-RNN | -x/τ + f | τ: fixed |
//! | Neural ODE | f | none |
//!
//! - Step response: one neuron of each kind under the same step of its input.
//! - Trajectory length: how long a path random networks of each kind draw while their input goes round a circle once,
//!   the paper's measure of expressivity (its section 5).
//!
//! Plain `f64` numbers and no tensors: nothing here is trained. The Runge-Kutta step is not that of the policies' cells,
//! which advances `f32` tensors: the tests here compare with closed forms to 1e-11.

mod equation;
mod figures;
mod length_spec;
mod lengths;
mod network;
mod planar_path;
mod runge_kutta;
mod sections;
mod step_response;
mod tables;

pub use length_spec::LengthSpec;
pub use network::{Activation, Shape};
pub use sections::sections;
