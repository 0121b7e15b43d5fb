//! Liquid neural networks on burn: wirings, cells, their kernels, and state dicts of ncps and PyTorch.

pub mod cell;
mod dense;
mod init;
pub mod interchange;
pub mod ltc_kernel;
mod ltc_op;
mod ltc_tensor;
pub mod solver;
pub mod state_dict;
mod values;
pub mod wiring;

pub use dense::Dense;
pub use init::FirstWeights;
pub use values::to_vec;
