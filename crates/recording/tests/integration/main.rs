//! Real and broken recordings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]
#![allow(clippy::print_stdout, reason = "a long fuzz run says how many cases it was")]
#![allow(clippy::single_range_in_vec_init, reason = "the drives of a recording are ranges")]

mod recording;
#[path = "../../src/samples.rs"]
mod samples;
#[cfg(feature = "video")]
mod videos;
mod written;
