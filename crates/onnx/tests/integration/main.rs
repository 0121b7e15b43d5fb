//! Graphs of other people's exporters, where they are at hand: `../shared/onnx`, whose README says what made them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test states what it expects")]

mod shared_models;
