//! One test binary: the program as a user meets it, and the fences of the workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]

mod binary;

/// The import order and the fences of the workspace.
mod layout;

/// Which file of a crate uses which.
mod module_graph;

/// The built binary, as a user meets it.
mod cli;

/// Audits by the built binary: repeatable to the byte, in parts, after a kill, on bad input.
mod audit;

/// Many roads for the Python package, by messages on standard input and output.
mod gymnasium;

/// Recordings and audits in another simulator.
mod simulator;

/// Pictures, clips and tables of signals.
mod render;

/// The program in a real window.
mod window;
