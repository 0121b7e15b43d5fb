//! Encoders, heads and weights files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]

#[path = "../../../liquid-cells/tests/integration/state_dict/spoil.rs"]
mod spoil;

/// Convolutional encoders and heads against their definition and the paper's counts.
mod policy;

/// How near integrated gradients come to their integral.
mod integrated_gradients;

/// A frame on plain numbers against the same with tensors.
mod stepper;

/// Weights files: round trip, and every way in which one can be unusable.
mod weights;

/// Weights files spoiled at random.
mod fuzz_weights;
