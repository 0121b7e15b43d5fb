//! What one drive amounts to.

use super::comfort::Comfort;
use super::lane::LaneKeeping;
use lane_driver::closed_loop::DriveLog;
use lane_sim::{DT_SECS, RoadFamily};
use serde::{Deserialize, Serialize};

/// A human would have taken over beyond this |offset| (PilotNet, arXiv 1604.07316).
const INTERVENTION_M: f32 = 1.0;

/// One drive, small enough to be kept of every one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriveFigures {
    /// Seed of the road.
    pub seed: u64,
    /// Kind of road.
    pub family: RoadFamily,
    /// Seconds driven.
    pub seconds: f64,
    /// Kilometres driven.
    pub km: f64,
    /// Times the car left its lane.
    pub crashes: u32,
    /// When it did so first; `None` where it never did.
    pub first_crash: Option<FirstCrash>,
    /// Times it went more than 1 m off the lane centre.
    pub departures_beyond_1_m: u32,
    /// Times a wheel went over the edge of the lane.
    pub wheel_departures: u32,
    /// Where it was on its lane.
    pub lane: LaneKeeping,
    /// How smoothly it was steered.
    pub comfort: Comfort,
}

/// When and where a car left its lane for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstCrash {
    /// Seconds after the start.
    pub seconds: f64,
    /// Metres after the start.
    pub distance_m: f64,
}

impl DriveFigures {
    /// Sums up a drive.
    pub fn of(log: &DriveLog) -> Self {
        let seconds_after = |steps: usize| steps as f64 * DT_SECS;
        let first_crash = log.steps.iter().position(|step| step.crashed).map(|step| {
            let seconds = seconds_after(step + 1);
            FirstCrash { seconds, distance_m: seconds * f64::from(log.speed_mps) }
        });
        Self {
            seed: log.seed,
            family: log.family,
            seconds: seconds_after(log.steps.len()),
            km: log.distance_m / 1000.0,
            crashes: log.crashes() as u32,
            first_crash,
            departures_beyond_1_m: departures(log, INTERVENTION_M),
            wheel_departures: departures(log, log.wheel_limit_m),
            lane: LaneKeeping::of(log),
            comfort: Comfort::of(log),
        }
    }

    /// Its crashes, and the kilometres that they happened on.
    pub fn crashes_and_km(&self) -> [f64; 2] {
        [f64::from(self.crashes), self.km]
    }
}

/// Times the car went beyond a limit. The next time counts once it has been back within half of it, or was put back:
/// swaying about the limit is one departure, as a human would have taken over until the car was centred.
fn departures(log: &DriveLog, limit_m: f32) -> u32 {
    let (mut departures, mut out) = (0, false);
    for step in &log.steps {
        let beyond = step.crashed || step.offset_m.abs() > limit_m;
        departures += u32::from(beyond && !out);
        out = !step.crashed && (beyond || (out && step.offset_m.abs() > 0.5 * limit_m));
    }
    departures
}

#[cfg(test)]
mod tests {
    use super::super::test_drives::{at, crash, drive};
    use super::*;

    #[test]
    fn a_drive_is_timed_measured_and_counted() {
        let figures = DriveFigures::of(&drive(vec![at(0.0), at(0.9), at(1.2), crash(1.7), at(0.0), crash(-1.7)]));
        assert_eq!((figures.crashes, figures.departures_beyond_1_m, figures.wheel_departures), (2, 2, 2));
        assert!((figures.seconds - 0.3).abs() < 1e-12 && (figures.km - 0.003).abs() < 1e-12);
        let first = figures.first_crash.unwrap();
        assert!((first.seconds - 0.2).abs() < 1e-12 && (first.distance_m - 2.0).abs() < 1e-9);
        assert_eq!(DriveFigures::of(&drive(vec![at(0.0)])).first_crash, None);
    }

    #[test]
    fn swaying_about_the_limit_is_one_departure_and_coming_back_makes_two() {
        let count = |offsets: &[f32]| departures(&drive(offsets.iter().map(|offset| at(*offset)).collect()), 1.0);
        assert_eq!(count(&[1.1, 0.9, 1.1, 0.6, 1.1]), 1);
        assert_eq!(count(&[1.1, 0.5, 0.9, -1.1, -1.2]), 2);
        assert_eq!(count(&[1.0, -1.0, 0.0]), 0, "on the limit is not beyond it");
    }

    #[test]
    fn a_crash_is_a_departure_even_on_a_lane_narrower_than_the_limit() {
        assert_eq!(departures(&drive(vec![crash(0.9), at(0.0), crash(0.9)]), 1.0), 2);
    }

    #[test]
    fn figures_survive_being_written_and_read() {
        let figures = DriveFigures::of(&drive(vec![at(0.1), at(0.4), crash(1.7), at(-0.2)]));
        let value = serde_json::to_value(&figures).unwrap();
        assert_eq!(serde_json::from_value::<DriveFigures>(value).unwrap(), figures);
    }
}
