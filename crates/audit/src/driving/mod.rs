//! How well a policy drives: what one drive amounts to, many drives together, and the tables of both.

mod comfort;
mod figures;
mod histogram;
mod lane;
mod reversals;
mod score;
mod survival;
mod tables;
#[cfg(test)]
pub(crate) mod test_drives;

pub use comfort::Comfort;
pub use figures::{DriveFigures, FirstCrash};
pub use lane::LaneKeeping;
pub use score::{DrivingScore, FamilyScore};
pub use survival::survival;
pub use tables::{comfort_table, driving_table, family_table, lane_keeping_table};
