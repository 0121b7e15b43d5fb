//! How a policy drives many roads: crashes, cross-track error and smoothness, with intervals and by kind of road.

use super::interval::{Interval, poisson, wilson};
use crate::driver::closed_loop::DriveLog;
use crate::sim::RoadFamily;
use serde::Serialize;

/// One row of the table: one policy at one noise level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrivingScore {
    /// The policy.
    pub name: String,
    /// Variance of the image noise, on the [0, 1] image.
    pub noise_variance: f32,
    /// Roads driven.
    pub roads: usize,
    /// Of them, driven from start to end without a crash.
    pub roads_without_crash: usize,
    /// 95 % interval of their share (Wilson).
    pub success_interval: [f64; 2],
    /// Times a car left its lane.
    pub crashes: u32,
    /// Kilometres driven.
    pub km: f64,
    /// Crashes per kilometre.
    pub crashes_per_km: f64,
    /// Its 95 % interval (exact Poisson).
    pub crashes_per_km_interval: [f64; 2],
    /// Mean absolute cross-track error in m.
    pub mean_abs_error_m: f64,
    /// 95th percentile of the absolute cross-track error in m.
    pub p95_abs_error_m: f64,
    /// Root mean square change of the commanded curvature from step to step, in 1/m.
    pub rms_steering_change: f64,
    /// The same roads by kind.
    pub by_family: Vec<FamilyScore>,
}

/// The roads of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilyScore {
    /// Kind of road.
    pub family: RoadFamily,
    /// Roads driven.
    pub roads: usize,
    /// Of them, without a crash.
    pub roads_without_crash: usize,
    /// Times a car left its lane.
    pub crashes: u32,
}

impl DrivingScore {
    /// Sums up drives of one policy at one noise level. Rates are 0 where nothing was driven.
    pub fn of(name: &str, noise_variance: f32, drives: &[DriveLog]) -> Self {
        let roads = drives.len();
        let roads_without_crash = without_crash(drives.iter());
        let crashes = drives.iter().map(|drive| drive.crashes() as u32).sum();
        let km = drives.iter().map(|drive| drive.distance_m).sum::<f64>() / 1000.0;
        let per_km = |count: f64| if km > 0.0 { count / km } else { 0.0 };
        let Interval { low, high } = poisson(crashes);
        let success = wilson(roads_without_crash, roads);
        let mut errors_m: Vec<f64> =
            drives.iter().flat_map(|drive| &drive.steps).map(|step| f64::from(step.offset_m.abs())).collect();
        errors_m.sort_by(f64::total_cmp);
        let changes = drives.iter().flat_map(|drive| drive.steps.windows(2)).filter(|pair| !pair[0].crashed);
        let changes = changes.map(|pair| f64::from(pair[1].commanded.0 - pair[0].commanded.0).powi(2));
        Self {
            name: name.into(),
            noise_variance,
            roads,
            roads_without_crash,
            success_interval: [success.low, success.high],
            crashes,
            km,
            crashes_per_km: per_km(f64::from(crashes)),
            crashes_per_km_interval: [per_km(low), per_km(high)],
            mean_abs_error_m: mean(errors_m.iter().copied()),
            p95_abs_error_m: errors_m.get(errors_m.len() * 95 / 100).copied().unwrap_or(0.0),
            rms_steering_change: mean(changes).sqrt(),
            by_family: RoadFamily::ALL.into_iter().filter_map(|family| FamilyScore::of(family, drives)).collect(),
        }
    }
}

impl FamilyScore {
    fn of(family: RoadFamily, drives: &[DriveLog]) -> Option<Self> {
        let drives: Vec<_> = drives.iter().filter(|drive| drive.family == family).collect();
        let crashes = drives.iter().map(|drive| drive.crashes() as u32).sum();
        let roads_without_crash = without_crash(drives.iter().copied());
        (!drives.is_empty()).then_some(Self { family, roads: drives.len(), roads_without_crash, crashes })
    }
}

fn without_crash<'a>(drives: impl Iterator<Item = &'a DriveLog>) -> usize {
    drives.filter(|drive| drive.crashes() == 0).count()
}

/// Mean, or 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::closed_loop::LoggedStep;
    use crate::frame::Steering;

    fn road(seed: u64, family: RoadFamily, crashes: usize) -> DriveLog {
        let step = |number: usize, offset_m, commanded| LoggedStep {
            s_m: 0.0,
            offset_m,
            heading_error_rad: 0.0,
            commanded: Steering(commanded),
            driven_per_m: 0.0,
            road_per_m: 0.0,
            crashed: number < crashes,
        };
        let steps =
            vec![step(3, 0.1, 0.0), step(3, -0.3, 0.002), step(0, 0.1, 0.0), step(1, -0.3, 0.002), step(2, -0.3, 0.0)];
        let (speed_mps, lane_limit_m, wheel_limit_m) = (10.0, 1.6, 0.85);
        DriveLog { seed, family, speed_mps, lane_limit_m, wheel_limit_m, distance_m: 500.0, steps }
    }

    #[test]
    fn a_score_counts_roads_crashes_and_kilometres() {
        let drives = [road(0, RoadFamily::Marked, 0), road(1, RoadFamily::Gravel, 3)];
        let score = DrivingScore::of("ncp", 0.1, &drives);
        assert_eq!((score.roads, score.roads_without_crash, score.crashes, score.km), (2, 1, 3, 1.0));
        assert!((score.mean_abs_error_m - 0.2).abs() < 1e-6 && (score.rms_steering_change - 0.002).abs() < 1e-6);
        assert_eq!(score.by_family.len(), 2, "only kinds that were driven");
    }

    #[test]
    fn no_road_at_all_gives_finite_figures() {
        let score = DrivingScore::of("ncp", 0.0, &[]);
        assert_eq!((score.crashes_per_km, score.mean_abs_error_m, score.p95_abs_error_m), (0.0, 0.0, 0.0));
    }
}
