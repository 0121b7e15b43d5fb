//! The protocol of the donkey simulator.
