//! The simulator: steering in, the next state and picture out, at 20 Hz. Clothoid roads, kinematic bicycle, pinhole camera
//! over flat ground, exact masks, a pure-pursuit expert; everything drawn from seeds, nothing from a clock.
//!
//! Every number that reaches a picture or the car's motion comes from IEEE arithmetic and the `libm` crate in a fixed
//! order, so the same seed gives the same bytes on every machine.
//!
//! Numbers of the looks that have neither a source nor a reason beside them (reflectances, shares, weights, widths of
//! transitions) were tuned by eye on many pictures. A weather is a row of the table in `weather`, a corruption a file of
//! its own and a row in [`corruption`].

mod billboard;
mod canvas;
mod chance;
mod colour;
mod colours;
pub mod corruption;
mod course;
mod cue;
mod demonstration;
mod develop;
mod expert;
mod factors;
mod family;
mod ground;
mod lanes;
mod layout;
mod light;
mod look;
mod masks;
mod names;
mod object;
mod precipitation;
mod render;
mod road;
mod scene;
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

pub use colours::Colours;
pub use course::Course;
pub use cue::Cue;
pub use demonstration::{Demonstration, DemonstrationSpec, Disturbance, demonstrate, demonstrate_with};
pub use expert::expert;
pub use factors::{Asphalt, Factors, Roadside};
pub use family::{RoadFamily, RoadSet};
pub use layout::{Bend, Layout};
pub use masks::Masks;
pub use names::UnknownName;
pub use render::{Camera, Lens};
pub use road::{Pose, Road, RoadPose};
pub use simulator::{Simulator, Start, StepOutcome};
pub use vehicle::{CarState, MAX_WHEEL_ANGLE_RAD, MAX_WHEEL_RATE_RAD_PER_S, WHEELBASE_M};
pub use weather::Weather;
pub use world::{World, WorldSpec};

/// Length of a control step: 20 Hz.
pub const DT_SECS: f64 = 0.05;
