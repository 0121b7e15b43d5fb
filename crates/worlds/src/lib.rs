//! Other worlds: clients of other people's simulators, and this program's simulator in their place.
//!
//! A [`Car`] is one in somebody else's simulator: pictures come from there, steering goes there. A [`HostedCar`] is one of
//! ours that others drive. Both protocols are in both directions:
//!
//! | protocol | their simulator, our policies | our simulator, their programs |
//! | --- | --- | --- |
//! | donkey simulator (sdsandbox, gym-donkeycar) | `donkey::Client` | `donkey::Server` |
//! | Udacity's simulator (Socket.IO, `drive.py`) | [`udacity::Listener`] | [`udacity::serve`] |
//!
//! Whatever comes over the wire is bounded before it is kept: the length of a message, the size of a picture.

pub mod batch;
mod calibrate;
mod car;
pub mod donkey;
mod hosted;
mod json;
mod picture;
mod speed;
pub mod udacity;

pub use calibrate::calibrate;
pub use car::{Car, MatchedView, Observation, Trouble, Vehicle};
pub use hosted::HostedCar;
pub use speed::SpeedControl;
