//! The driver to learn from: pure pursuit of the lane centre (Coulter 1992). Stateless, so that its label depends only
//! on what the camera sees ahead.

use super::vehicle::{CarState, MAX_WHEEL_ANGLE_RAD, WHEELBASE_M};
use super::world::World;
use lane_frame::Steering;

/// Look-ahead distance at standstill; with the share of speed below 9 m at 10 m/s.
const LOOKAHEAD_M: f64 = 4.0;
/// Seconds of travel added to the look-ahead.
const LOOKAHEAD_SECS: f64 = 0.5;

/// Curvature of the arc from the rear axle to the lane centre a look-ahead further on: k = 2 y / d², with y the
/// target's distance to the left of the car's axis and d its distance.
pub fn expert(world: &World, car: &CarState) -> Steering {
    let s_m = f64::from(world.road().locate(car.pose(), car.s_m).s_m);
    let [x, y] = world.road().point_at(s_m + LOOKAHEAD_M + LOOKAHEAD_SECS * car.speed_mps, 0.0);
    let (dx, dy) = (x - car.x_m, y - car.y_m);
    let (sin, cos) = libm::sincos(car.heading_rad);
    let left = cos * dy - sin * dx;
    let limit = libm::tan(MAX_WHEEL_ANGLE_RAD) / WHEELBASE_M;
    Steering((2.0 * left / (dx * dx + dy * dy).max(1.0)).clamp(-limit, limit) as f32)
}
