//! Cells against the reference library and against themselves, and state dicts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]
#![allow(clippy::single_range_in_vec_init, reason = "the layers of a wiring are ranges")]

/// Wiring and liquid cell against the reference library.
mod golden;

/// Every cell: sequences and steps, time, solvers, interchange; the bounds of liquid ones.
mod cells;

/// Names and shapes of state dicts, and what is read from them.
mod names;

/// State dicts of other libraries: real ones, forged ones, and spoiled at random.
mod state_dict;
