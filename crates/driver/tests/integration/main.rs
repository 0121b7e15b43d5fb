//! Policies through time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]
#![allow(clippy::single_range_in_vec_init, reason = "the drives of a recording are ranges")]

/// Every policy: it trains, drives, saves and loads.
mod policies;

/// Closed loop and replay.
mod driver;

/// Sessions that are sought and changed while they run.
mod session;

/// Another simulator.
mod outside;

/// Training: it learns, and the same seed gives the same weights on any number of threads.
mod train;

/// Other backends beside the processor, where one was built in.
#[cfg(any(feature = "libtorch", feature = "wgpu"))]
mod backends;

/// A user's TorchScript module.
#[cfg(feature = "torchscript")]
mod torchscript;
