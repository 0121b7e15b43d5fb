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
//! This package is the application: the command line ([`cli`]) and the window ([`view`]). What they stand on are crates of
//! their own, each of which depends only on those above it:
//!
//! | crate | what it holds |
//! | --- | --- |
//! | `lane-frame` | frames, sizes, units and signs, fixed here, once; files that are whole or not there |
//! | `lane-statistics` | intervals, bootstrap, correlation: figures of samples and their uncertainty |
//! | `lane-sim` | the simulator: roads, looks, renderer, expert; corruptions of pictures |
//! | `lane-recording` | recorded drives: readers, writers, codecs. The only crate with C and C++ in it |
//! | `liquid-cells` | ncps for Rust: wirings, cells, their kernels, state dicts; a library that others can use |
//! | `lane-policy` | tensors: encoders, heads, weights; saliency, the attribution of a steering to its input |
//! | `lane-driver` | frames into decisions, closed loop and open loop; demonstrations into weights |
//! | `lane-report` | tables, charts and pages: figures for a reader |
//! | `lane-audit` | decisions into figures: suites, their engine, what neurons do |
//! | `lane-reference` | reference numbers of other libraries, run against ours |
//!
//! Only the command line prints and exits; only it and the window read a clock.

pub mod cli;
pub mod view;
