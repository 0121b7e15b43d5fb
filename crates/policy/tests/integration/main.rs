//! Cells, convolutions, weights files and state dicts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]
#![allow(clippy::single_range_in_vec_init, reason = "the drives of a recording are ranges")]

/// Wiring, liquid cell and convolutional heads against the reference library.
mod policy;

/// Every cell: sequences and steps, time, solvers, interchange; the bounds of liquid ones.
mod cells;

/// Weights files: round trip, and every way in which one can be unusable.
mod weights;

/// State dicts of other libraries: real ones, forged ones, and spoiled at random.
mod state_dict;
