//! Figures from drives and replays, with their uncertainty. No tensors, no printing.

pub mod diff;
pub mod driving;
pub mod engine;
pub mod interval;
mod measure;
pub mod open_loop;
pub mod report;
pub mod section;
pub mod statistics;
pub mod suite;
