#![doc = include_str!("../README.md")]

pub mod cell;
mod dense;
mod init;
pub mod interchange;
mod lanes;
pub mod ltc_kernel;
mod ltc_op;
mod ltc_tensor;
mod named;
mod recurrence;
pub mod solver;
pub mod state_dict;
mod values;
pub mod wiring;

pub use dense::Dense;
pub use init::FirstWeights;
pub use recurrence::Map;
pub use values::to_vec;
