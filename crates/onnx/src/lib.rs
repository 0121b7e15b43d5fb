//! Steering networks of other people as ONNX graphs, and this program's own as such.
//!
//! ```text
//! file ─ proto ─ Graph ─┬─ Manifest (what the graph does not say) ─┬─ Policy: picture, memory -> curvature, memory
//!                       ├─ Engine (rten) ──────────────────────────┤
//!                       └─ Backward (a rule for each operator) ────┘
//! ```

mod backprop;
mod engine;
mod external;
mod gradient;
mod graph;
mod lower;
pub mod manifest;
mod plan;
mod policy;
pub mod proto;
mod sizes;
mod tensor;
#[cfg(test)]
mod tests;
mod watch;
mod weights;

pub use backprop::Plane;
pub use engine::Engine;
pub use graph::{Element, Graph, Port, Side};
pub use manifest::{Manifest, Preset};
pub use plan::{Memory, Now};
pub use policy::{Policy, Step};
pub use tensor::{Numbers, Tensor};
pub use watch::{Limits, Stopped};
