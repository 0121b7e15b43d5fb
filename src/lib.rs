//! Lane keeping with a Neural Circuit Policy: drive, replay, train and audit steering policies.
//!
//! ```text
//! Recording ─┐                                   ┌─ FeatureMaps ─ Saliency ─────────┐
//!            ├─ Frame ─ preprocess ─ Encoder ────┤                                  ├─ Decision ─ audit | view
//! Simulator ─┘                                   └─ Features ─ Head ─ Steering ─────┘
//!     ^                                             (state, elapsed)      │
//!     └──────────────────────────── Steering, closed loop only ───────────┘
//! ```
//!
//! A module names only modules on lines above its own (held by `tests/integration/layout.rs`):
//!
//! ```text
//! frame       whole_file  plot              plain data, units and signs fixed here, once; files whole or not there
//! recording   sim         dynamics          where frames come from; neurons alone: images and numbers, no tensors
//! policy      device                        tensors: preprocess, encoder, wiring, cells, heads, weights
//! saliency                                  attribution of a policy's steering to its input
//! driver      train                         frames into decisions; demonstrations into weights
//! audit       view        check             decisions into figures, or into pixels; reference numbers run against all
//! cli                                       the only place that prints and exits; only it and the window read a clock
//! ```

pub mod audit;
pub mod check;
pub mod cli;
pub mod device;
pub mod driver;
pub mod dynamics;
pub mod frame;
pub mod plot;
pub mod policy;
pub mod recording;
pub mod saliency;
pub mod sim;
pub mod train;
pub mod view;
pub mod whole_file;
