//! Steering networks of other people as ONNX graphs, and this program's own as such.
//!
//! ```text
//! file ─ proto ─ Graph ─┬─ Manifest (what the graph does not say) ─┬─ Policy: picture, memory -> curvature, memory
//!                       └─ Engine (rten) ──────────────────────────┘
//! ```

mod backprop;
mod engine;
mod external;
#[cfg(test)]
#[path = "../../recording/src/fuzz.rs"]
mod fuzz;
mod graph;
mod lower;
pub mod manifest;
mod npz;
mod policy;
pub mod proto;
pub mod reference;
#[cfg(test)]
mod tests;
mod watch;

pub use engine::{Engine, Numbers, Tensor};
pub use graph::{Element, Graph, Port, Side};
pub use manifest::{Manifest, Preset};
pub use policy::{Memory, Policy, Step};
pub use watch::{Limits, Stopped};
