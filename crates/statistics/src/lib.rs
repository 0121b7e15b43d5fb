//! Figures of samples: where they lie, how they go together, and how far another sample would have been off.

pub mod correlation;
pub mod effects;
pub mod interval;
pub mod multiple;
pub mod order;
pub mod pairs;
pub mod smooth;
pub mod verdict;
