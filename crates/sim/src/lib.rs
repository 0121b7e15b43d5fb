//! The simulator: steering in, next state and picture out, at 20 Hz. Clothoid roads, kinematic bicycle, pinhole camera
//! over flat ground, exact masks, a pure-pursuit expert; everything drawn from seeds, nothing from a clock.
//!
//! Every number that reaches a picture or the car's motion comes from IEEE arithmetic and the `libm` crate in a fixed
//! order, so the same seed gives the same bytes on every machine.

mod billboard;
mod canvas;
mod chance;
mod colour;
pub mod corruption;
mod cue;
mod demonstration;
mod develop;
mod expert;
mod factors;
mod ground;
mod layout;
mod light;
mod masks;
mod precipitation;
mod render;
mod road;
mod scenery;
mod section;
mod sensor;
mod shadow;
mod silhouette;
mod simulator;
mod sky;
mod sprite;
mod surface;
mod terrain;
#[cfg(test)]
mod test_pictures;
mod texture;
mod vehicle;
mod weather;
mod world;

pub use cue::Cue;
pub use demonstration::{Demonstration, DemonstrationSpec, demonstrate, demonstrate_with};
pub use expert::expert;
pub use factors::{Asphalt, Factors, Roadside};
pub use layout::{Bend, Layout};
pub use masks::Masks;
pub use render::Camera;
pub use road::{Pose, Road, RoadPose};
pub use simulator::{Simulator, Start, StepOutcome};
pub use vehicle::{CarState, MAX_WHEEL_ANGLE_RAD, MAX_WHEEL_RATE_RAD_PER_S, WHEELBASE_M};
pub use weather::{RoadFamily, RoadSet, UnknownName, Weather};
pub use world::{World, WorldSpec};

/// Length of a control step: 20 Hz.
pub const DT_SECS: f64 = 0.05;
