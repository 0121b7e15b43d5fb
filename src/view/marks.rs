//! What the user marks and points at.

/// A part of the time line that is played over and over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// None.
    Whole,
    /// Its start is set, in s.
    From(f64),
    /// Both ends are set, in s.
    Between(f64, f64),
}

/// The place of a neuron or synapse under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A neuron by its number.
    Neuron(usize),
    /// A synapse between neurons, by its place in the wiring.
    Synapse(usize),
    /// A synapse of a sensory input, by its place in the wiring.
    SensorySynapse(usize),
}
