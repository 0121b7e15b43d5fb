//! One test binary; its modules are named after those of the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]
#![allow(clippy::single_range_in_vec_init, reason = "the drives of a recording are ranges")]

mod binary;
mod support;

/// The import order and the fences of the crate.
mod layout;

/// Wiring, liquid cell and convolutional heads against the reference library.
mod policy;

/// Every cell: sequences and steps, time, solvers, interchange; the bounds of liquid ones.
mod cells;

/// Reference fixtures, whole and damaged.
mod check;

/// Every policy: it trains, drives, saves and loads.
mod policies;

/// Maps against the reference, and through the recurrent head.
mod saliency;

/// Weights files: round trip, and every way in which one can be unusable.
mod weights;

/// State dicts of other libraries: real ones, forged ones, and spoiled at random.
mod state_dict;

/// Real and broken recordings.
mod recording;

/// Closed loop and replay.
mod driver;

/// Training: it learns, and the same seed gives the same weights on any number of threads.
mod train;

/// Other backends beside the processor, where one was built in.
#[cfg(any(feature = "libtorch", feature = "wgpu"))]
mod backends;

/// A user's TorchScript module.
#[cfg(feature = "libtorch")]
mod torchscript;

/// The built binary, as a user meets it.
mod cli;

/// Audits by the built binary: repeatable to the byte, in parts, after a kill, on bad input.
mod audit;
