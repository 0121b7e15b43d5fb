//! Figures from drives and replays, with their uncertainty. No tensors, no printing.

pub mod closed_loop;
pub mod interval;
pub mod open_loop;
pub mod section;
pub mod suite;
