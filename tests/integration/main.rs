//! One test binary; its modules are named after those of the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]

mod support;

/// The import order and the fences of the crate.
mod layout;

/// Wiring, liquid cell and convolutional heads against the reference library.
mod policy;

/// Maps against the reference, and through the recurrent head.
mod saliency;

/// Weights files: round trip, and every way in which one can be unusable.
mod weights;

/// Real and broken recordings.
mod recording;

/// Closed loop and replay.
mod driver;

/// Training: it learns, and the same seed gives the same weights on any number of threads.
mod train;

/// The built binary, as a user meets it.
mod cli;
