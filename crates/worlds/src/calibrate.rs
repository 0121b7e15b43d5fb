//! The wheelbase of a car that does not tell it: by driving circles.

use super::{Car, Trouble, Vehicle};
use lane_frame::Steering;

/// The command of a circle.
const COMMAND: f32 = 0.5;
/// Distance driven before a circle is measured, in pictures: the car gets to its speed, the wheels to their angle.
const RUN_IN: usize = 40;
/// Pictures of a circle that are measured.
const MEASURED: usize = 60;
/// A shorter way is measured by what its rounding makes of it.
const LEAST_WAY_M: f64 = 0.5;

/// The vehicle with the wheelbase that this car has: it drives two circles, one to each side, and is put back.
///
/// # Errors
/// When the simulator does not tell where the car is, or the car does not move or turn.
pub fn calibrate(car: &mut dyn Car, vehicle: Vehicle) -> Result<Vehicle, Trouble> {
    let left = curvature(car, vehicle.steering(-COMMAND))?;
    let right = curvature(car, vehicle.steering(COMMAND))?;
    car.stop();
    let [left_per_m, right_per_m] = [left, -right];
    if left_per_m <= 0.0 || right_per_m <= 0.0 {
        let line = format!(
            "calibration: a command to the left turned the car by {left_per_m:.4} 1/m, one to the right by {right_per_m:.4} 1/m"
        );
        return Err(Trouble::new(line));
    }
    Ok(vehicle.calibrated(COMMAND, 0.5 * (left_per_m + right_per_m)))
}

/// The curvature that a car drives under a command, in 1/m, left positive.
fn curvature(car: &mut dyn Car, steering: Steering) -> Result<f32, Trouble> {
    car.put_back()?;
    let (mut way_m, mut turned_rad, mut last): (f64, f64, Option<[f64; 3]>) = (0.0, 0.0, None);
    for picture in 0..RUN_IN + MEASURED {
        let seen = car.look()?;
        car.steer(steering)?;
        let pose =
            seen.pose.ok_or_else(|| Trouble::new("calibration: the simulator does not tell where the car is"))?;
        if let Some([x, y, heading]) = last.filter(|_| picture > RUN_IN) {
            way_m += libm::hypot(pose[0] - x, pose[1] - y);
            let turn = std::f64::consts::TAU;
            let turned = pose[2] - heading;
            turned_rad += turned - turn * libm::round(turned / turn);
        }
        last = Some(pose);
    }
    if way_m < LEAST_WAY_M {
        return Err(Trouble::new(format!("calibration: the car moved by {way_m:.2} m only")));
    }
    Ok((turned_rad / way_m) as f32)
}
