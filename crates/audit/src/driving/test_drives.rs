//! Drives written by hand: 10 m/s, crash beyond 1.6 m, a wheel over the edge at 0.85 m.

use lane_driver::closed_loop::{DriveLog, LoggedStep};
use lane_frame::Steering;
use lane_sim::{DT_SECS, RoadFamily};

pub(crate) fn drive(steps: Vec<LoggedStep>) -> DriveLog {
    let (speed_mps, lane_limit_m, wheel_limit_m) = (10.0, 1.6, 0.85);
    let distance_m = 10.0 * DT_SECS * steps.len() as f64;
    DriveLog { seed: 7, family: RoadFamily::Marked, speed_mps, lane_limit_m, wheel_limit_m, distance_m, steps }
}

pub(crate) fn at(offset_m: f32) -> LoggedStep {
    LoggedStep {
        s_m: 0.0,
        offset_m,
        heading_error_rad: 0.0,
        commanded: Steering(0.0),
        driven_per_m: 0.0,
        road_per_m: 0.0,
        crashed: false,
    }
}

pub(crate) fn crash(offset_m: f32) -> LoggedStep {
    LoggedStep { crashed: true, ..at(offset_m) }
}

pub(crate) fn steered(commanded: f32, driven_per_m: f32) -> LoggedStep {
    LoggedStep { commanded: Steering(commanded), driven_per_m, ..at(0.0) }
}
