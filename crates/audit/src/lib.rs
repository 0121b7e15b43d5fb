//! Figures from drives and replays, with their uncertainty. No tensors, no printing.

pub mod driving;
pub mod dynamics;
pub mod engine;
pub mod family;
pub mod open_loop;
pub mod study;
pub mod suite;
pub mod suites;
