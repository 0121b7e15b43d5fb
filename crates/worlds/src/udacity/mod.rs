//! The protocol of Udacity's simulator for behavioural cloning: Socket.IO over WebSocket on port 4567.
//!
//! There the simulator is the client: a policy program listens and is connected to. So [`Listener`] waits for their
//! simulator and makes a [`Car`](crate::Car) of it, and [`serve`] takes our simulator to a policy program such as
//! `drive.py`.
//!
//! The conversation has no clock: the simulator sends a picture, the program a command, and each command asks for the
//! next picture. Its address says `EIO=4`, but it speaks Engine.IO 3: the client pings, and nobody sends the packet that
//! Socket.IO 5 begins with.

mod client;
mod greeting;
mod packets;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Served, Serving, serve};
pub use server::{Clock, ConnectedCar, Listener, Settings};

use crate::Vehicle;

/// The port on which policy programs for this simulator listen.
pub const PORT: u16 = 4567;

/// Speed that is held where nothing else is asked for, in m/s: the 9 mph of Udacity's own `drive.py`.
pub const USUAL_SPEED_MPS: f32 = 9.0 * MPS_PER_MPH as f32;

/// The simulator's car. Its wheel hubs lie 1.27 m ahead of its origin and 1.6 m behind it (`Car.prefab` of
/// udacity/self-driving-car-sim), and its front wheels turn by 25 degrees at most.
pub const VEHICLE: Vehicle = Vehicle { wheelbase_m: 2.87, full_lock_rad: FULL_LOCK_DEG.to_radians() };

/// Angle of the front wheels at a command of 1, in degrees: the unit of the steering in telemetry.
const FULL_LOCK_DEG: f32 = 25.0;

/// The simulator's speeds are in miles per hour.
const MPS_PER_MPH: f64 = 0.447_04;
