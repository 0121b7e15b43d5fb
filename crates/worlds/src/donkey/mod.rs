//! The protocol of the donkey simulator (sdsandbox), as its client gym-donkeycar 1.3.1 speaks it.
//!
//! The simulator listens on TCP and sends a JSON object on each line; the client sends JSON objects back to back, its
//! numbers as strings. Steering and `cte` are right positive, angles are degrees in Unity's axes: x right, y up, z ahead,
//! yaw 0 along z and clockwise from above. A step of the client lasts until the next `telemetry`; so a simulator that
//! sends one for each `control` goes in lockstep with it.

mod client;
mod scene;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, Options};
pub use server::{Clock, Server, Setup};

/// The port of the simulator, unless it is told another one.
pub const PORT: u16 = 9091;

/// Angle of the front wheels at a steering of 1, in degrees, in the simulator's newer builds.
pub const FULL_LOCK_DEG: f32 = 16.0;

/// Units of `cte` in a metre: the toy's track is 8 times as large in Unity.
pub const CTE_PER_M: f32 = 8.0;
