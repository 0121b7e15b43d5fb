//! Kinematic single-track ("bicycle") model with the reference point on the rear axle: path curvature commanded,
//! front wheels limited in angle and rate.

use super::DT_SECS;
use super::road::{Pose, RoadPose};
use super::world::World;
use lane_frame::Steering;

/// Distance of the axles of a mid-size car.
pub const WHEELBASE_M: f64 = 2.7;
/// Steering angle at the front wheels that the car can reach.
pub const MAX_WHEEL_ANGLE_RAD: f64 = 0.40;
/// Steering rate at the front wheels that the car can reach.
pub const MAX_WHEEL_RATE_RAD_PER_S: f64 = 0.6;
/// Integration steps within one control step.
const SUBSTEPS: u32 = 2;

/// Position, heading and wheel angle of the car at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarState {
    /// Rear axle, metres along the world's x axis.
    pub x_m: f64,
    /// Rear axle, metres along the world's y axis.
    pub y_m: f64,
    /// Counter-clockwise from the x axis.
    pub heading_rad: f64,
    /// Angle of the front wheels, left positive.
    pub delta_rad: f64,
    /// Speed over ground, constant.
    pub speed_mps: f64,
    /// Metres along the lane when last located.
    pub s_m: f64,
}

impl CarState {
    /// On the road at `s_m`, `offset_m` left of the lane centre, wheels turned to the road's curvature.
    pub fn on_lane(world: &World, s_m: f64, offset_m: f64, heading_error_rad: f64) -> Self {
        let road = world.road();
        let [x_m, y_m] = road.point_at(s_m, offset_m);
        Self {
            x_m,
            y_m,
            heading_rad: road.heading_at(s_m) + heading_error_rad,
            delta_rad: wheel_angle_from_curvature(road.curvature_at(s_m)),
            speed_mps: f64::from(world.speed_mps()),
            s_m,
        }
    }

    /// Drives one control step of [`DT_SECS`] towards the commanded curvature. A command that is not a number moves
    /// no wheel: the front wheels stay where they are.
    pub fn step(&mut self, steering: Steering) {
        let dt = DT_SECS / f64::from(SUBSTEPS);
        let curvature = f64::from(steering.0);
        let wanted = if curvature.is_nan() { self.delta_rad } else { wheel_angle_from_curvature(curvature) };
        let reach = MAX_WHEEL_RATE_RAD_PER_S * dt;
        for _ in 0..SUBSTEPS {
            self.delta_rad += (wanted - self.delta_rad).clamp(-reach, reach);
            let turned = self.speed_mps * libm::tan(self.delta_rad) / WHEELBASE_M * dt;
            let (sin, cos) = libm::sincos(self.heading_rad + 0.5 * turned);
            self.x_m += self.speed_mps * dt * cos;
            self.y_m += self.speed_mps * dt * sin;
            self.heading_rad += turned;
        }
    }

    /// Curvature of the path that the front wheels hold, in 1/m, left positive.
    pub fn curvature_per_m(&self) -> f64 {
        libm::tan(self.delta_rad) / WHEELBASE_M
    }

    /// Position and heading without the rest.
    pub fn pose(&self) -> Pose {
        Pose { x_m: self.x_m, y_m: self.y_m, heading_rad: self.heading_rad }
    }

    /// Finds the car on the road again and remembers where.
    pub fn locate(&mut self, world: &World) -> RoadPose {
        let pose = world.road().locate(self.pose(), self.s_m);
        self.s_m = f64::from(pose.s_m);
        pose
    }
}

/// delta = atan(wheelbase · curvature), limited to what the wheels can do.
fn wheel_angle_from_curvature(curvature_per_m: f64) -> f64 {
    libm::atan(WHEELBASE_M * curvature_per_m).clamp(-MAX_WHEEL_ANGLE_RAD, MAX_WHEEL_ANGLE_RAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn car() -> CarState {
        CarState { x_m: 0.0, y_m: 0.0, heading_rad: 0.0, delta_rad: 0.0, speed_mps: 10.0, s_m: 0.0 }
    }

    #[test]
    fn the_wheels_turn_no_faster_than_their_rate() {
        let mut car = car();
        car.step(Steering(1.0));
        // 0.6 rad/s for 0.05 s.
        assert!((car.delta_rad - 0.03).abs() < 1e-12, "{}", car.delta_rad);
        (0..40).for_each(|_| car.step(Steering(1.0)));
        assert_eq!(car.delta_rad, MAX_WHEEL_ANGLE_RAD);
    }

    #[test]
    fn a_constant_curvature_closes_a_circle() {
        let mut car = car();
        car.delta_rad = libm::atan(2.7 * 0.02);
        // Circumference of 50 m radius: 314.16 m, at 0.5 m a step 628 steps and a bit.
        (0..628).for_each(|_| car.step(Steering(0.02)));
        // Left over: 0.16 m of the last step; midpoint integration itself errs by well under 1 cm.
        assert!(car.x_m.hypot(car.y_m) < 0.17, "{car:?}");
        assert!((car.heading_rad - 628.0 * 0.5 * 0.02).abs() < 1e-6, "{car:?}");
    }

    #[test]
    fn positive_steering_goes_left() {
        let mut car = car();
        (0..20).for_each(|_| car.step(Steering(0.03)));
        assert!(car.y_m > 0.5 && car.heading_rad > 0.1, "{car:?}");
    }

    #[test]
    fn a_command_that_is_no_number_holds_the_wheels() {
        let mut car = car();
        car.delta_rad = 0.1;
        car.step(Steering(f32::NAN));
        assert_eq!(car.delta_rad, 0.1);
        assert!(car.x_m.is_finite() && car.heading_rad > 0.0);
    }
}
