//! Other worlds: clients of other people's simulators, and this program's simulator in their place.

pub mod batch;
