//! Figures of samples: where they lie, how they go together, and how far another sample would have been off.

pub mod bootstrap;
pub mod correlation;
pub mod interval;
pub mod order;
pub mod pairs;
pub mod smooth;
