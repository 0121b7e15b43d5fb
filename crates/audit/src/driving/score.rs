//! How a policy drives many roads: crashes, cross-track error and smoothness, with intervals and by kind of road.

use super::comfort::Comfort;
use super::figures::DriveFigures;
use super::lane::LaneKeeping;
use super::survival::mean_seconds_to_crash;
use lane_sim::RoadFamily;
use lane_statistics::effects;
use lane_statistics::interval::Interval;
use serde::Serialize;

/// A human who takes over has the car back on its way after this long (PilotNet, arXiv 1604.07316, equation 1).
const INTERVENTION_S: f64 = 6.0;

/// One row of a table: one policy under one condition. Where nothing was driven, figures are 0 or `None`.
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
    /// 95 % interval of their share, over roads and trainings.
    pub success_interval: [f64; 2],
    /// Times a car left its lane.
    pub crashes: u32,
    /// Kilometres driven.
    pub km: f64,
    /// Seconds driven.
    pub seconds: f64,
    /// Crashes per kilometre.
    pub crashes_per_km: f64,
    /// Its 95 % interval, over roads and trainings.
    pub crashes_per_km_interval: [f64; 2],
    /// Mean seconds until the first crash, counting no more than the longest drive.
    pub mean_seconds_to_crash: f64,
    /// Times a car went more than 1 m off the lane centre.
    pub departures_beyond_1_m: u32,
    /// Share of the time without a human in %, if each of these departures took one 6 s.
    pub autonomy_percent: f64,
    /// Times a wheel went over the edge of the lane.
    pub wheel_departures: u32,
    /// The same share by these departures.
    pub wheel_autonomy_percent: f64,
    /// Mean absolute cross-track error in m.
    pub mean_abs_error_m: f64,
    /// Root mean square cross-track error in m.
    pub rms_error_m: f64,
    /// 95th percentile of the absolute cross-track error in m, to 1 cm.
    pub p95_abs_error_m: f64,
    /// Largest absolute cross-track error in m.
    pub max_abs_error_m: f64,
    /// Standard deviation of lateral position within drives, in m.
    pub sdlp_m: f64,
    /// Share of the time within 0.3 m of the lane centre.
    pub share_within_30_cm: f64,
    /// Root mean square heading against the road's.
    pub rms_heading_error_rad: f64,
    /// Least time to line crossing.
    pub min_time_to_line_s: Option<f64>,
    /// Its 5th percentile, to 0.1 s; 10 s and more count as 10 s.
    pub p5_time_to_line_s: Option<f64>,
    /// Root mean square change of the commanded curvature from step to step, in 1/m.
    pub rms_steering_change: f64,
    /// Root mean square rate of the commands, as angle of the front wheels.
    pub command_whiteness_rad_per_s: f64,
    /// Root mean square rate of the front wheels.
    pub wheel_whiteness_rad_per_s: f64,
    /// Times a minute that the front wheels turned back by more than 0.2°.
    pub steering_reversals_per_minute: f64,
    /// Root mean square lateral acceleration.
    pub rms_lateral_acceleration_mps2: f64,
    /// Largest lateral jerk, averaged over half a second.
    pub max_lateral_jerk_mps3: f64,
    /// Share of the time that it is above 5 m/s³.
    pub share_above_jerk_limit: f64,
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
    /// 95 % interval of their share, over roads and trainings.
    pub success_interval: [f64; 2],
    /// Times a car left its lane.
    pub crashes: u32,
    /// Kilometres driven.
    pub km: f64,
    /// Crashes per kilometre.
    pub crashes_per_km: f64,
    /// Its 95 % interval, over roads and trainings.
    pub crashes_per_km_interval: [f64; 2],
    /// Mean absolute cross-track error in m.
    pub mean_abs_error_m: f64,
}

impl DrivingScore {
    /// Sums up the drives of each training of one policy under one condition.
    pub fn of(name: &str, noise_variance: f32, trainings: &[Vec<&DriveFigures>]) -> Self {
        let all = Counts::of(trainings);
        let drives = trainings.concat();
        let count = |departures: fn(&DriveFigures) -> u32| drives.iter().map(|drive| departures(drive)).sum();
        let departures_beyond_1_m = count(|drive| drive.departures_beyond_1_m);
        let wheel_departures = count(|drive| drive.wheel_departures);
        let seconds = drives.iter().map(|drive| drive.seconds).sum();
        let (lane, mut comfort) = (&all.lane, Comfort::default());
        drives.iter().for_each(|drive| comfort.add(&drive.comfort));
        let of_family = |family| {
            let own = trainings.iter().map(|drives| {
                drives.iter().copied().filter(|drive| drive.family == family).collect::<Vec<&DriveFigures>>()
            });
            FamilyScore::of(family, &own.collect::<Vec<_>>())
        };
        Self {
            name: name.into(),
            noise_variance,
            roads: all.roads,
            roads_without_crash: all.roads_without_crash,
            success_interval: all.success_interval(),
            crashes: all.crashes,
            km: all.km,
            seconds,
            crashes_per_km: all.per_km(f64::from(all.crashes)),
            crashes_per_km_interval: all.crashes_per_km_interval(),
            mean_seconds_to_crash: mean_seconds_to_crash(&drives),
            departures_beyond_1_m,
            autonomy_percent: autonomy_percent(departures_beyond_1_m, seconds),
            wheel_departures,
            wheel_autonomy_percent: autonomy_percent(wheel_departures, seconds),
            mean_abs_error_m: lane.mean_abs_error_m(),
            rms_error_m: lane.rms_error_m(),
            p95_abs_error_m: lane.p95_abs_error_m(),
            max_abs_error_m: lane.max_abs_error_m(),
            sdlp_m: lane.sdlp_m(),
            share_within_30_cm: lane.share_within_30_cm(),
            rms_heading_error_rad: lane.rms_heading_error_rad(),
            min_time_to_line_s: lane.min_time_to_line_s(),
            p5_time_to_line_s: lane.p5_time_to_line_s(),
            rms_steering_change: comfort.rms_steering_change_per_m(),
            command_whiteness_rad_per_s: comfort.command_whiteness_rad_per_s(),
            wheel_whiteness_rad_per_s: comfort.wheel_whiteness_rad_per_s(),
            steering_reversals_per_minute: comfort.steering_reversals_per_minute(),
            rms_lateral_acceleration_mps2: comfort.rms_lateral_acceleration_mps2(),
            max_lateral_jerk_mps3: comfort.max_lateral_jerk_mps3(),
            share_above_jerk_limit: comfort.share_above_jerk_limit(),
            by_family: RoadFamily::ALL.into_iter().filter_map(of_family).collect(),
        }
    }
}

impl FamilyScore {
    fn of(family: RoadFamily, trainings: &[Vec<&DriveFigures>]) -> Option<Self> {
        let counts = Counts::of(trainings);
        (counts.roads > 0).then(|| Self {
            family,
            roads: counts.roads,
            roads_without_crash: counts.roads_without_crash,
            success_interval: counts.success_interval(),
            crashes: counts.crashes,
            km: counts.km,
            crashes_per_km: counts.per_km(f64::from(counts.crashes)),
            crashes_per_km_interval: counts.crashes_per_km_interval(),
            mean_abs_error_m: counts.lane.mean_abs_error_m(),
        })
    }
}

/// What is counted of all roads and of those of one kind.
#[derive(Default)]
struct Counts {
    roads: usize,
    roads_without_crash: usize,
    crashes: u32,
    km: f64,
    lane: LaneKeeping,
    /// Crashes and kilometres of each drive of each training.
    crashes_and_km: Vec<Vec<[f64; 2]>>,
    /// 1 for each drive without a crash, 0 for the others, training by training.
    successes: Vec<Vec<f64>>,
}

impl Counts {
    fn of(trainings: &[Vec<&DriveFigures>]) -> Self {
        let each = |drives: &Vec<&DriveFigures>| drives.iter().map(|drive| drive.crashes_and_km()).collect();
        let success =
            |drives: &Vec<&DriveFigures>| drives.iter().map(|drive| f64::from(u8::from(drive.crashes == 0))).collect();
        let mut counts = Self {
            crashes_and_km: trainings.iter().map(each).collect(),
            successes: trainings.iter().map(success).collect(),
            ..Self::default()
        };
        for drive in trainings.iter().flatten() {
            counts.roads += 1;
            counts.roads_without_crash += usize::from(drive.crashes == 0);
            counts.crashes += drive.crashes;
            counts.km += drive.km;
            counts.lane.add(&drive.lane);
        }
        counts
    }

    fn success_interval(&self) -> [f64; 2] {
        let Interval { low, high } = effects::share(&self.successes);
        [low, high]
    }

    fn per_km(&self, count: f64) -> f64 {
        if self.km > 0.0 { count / self.km } else { 0.0 }
    }

    fn crashes_per_km_interval(&self) -> [f64; 2] {
        let interval = effects::event_rate(&self.crashes_and_km).map(|(_, interval)| [interval.low, interval.high]);
        interval.unwrap_or_default()
    }
}

/// PilotNet's equation 1; not below 0, where cars depart faster than a human could take over.
fn autonomy_percent(departures: u32, seconds: f64) -> f64 {
    if seconds > 0.0 { (100.0 * (1.0 - f64::from(departures) * INTERVENTION_S / seconds)).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::test_drives::{at, crash, drive, steered};
    use super::*;

    fn near(got: f64, expected: f64) -> bool {
        (got - expected).abs() < 1e-6
    }

    #[test]
    fn a_score_counts_roads_crashes_and_kilometres() {
        let calm = DriveFigures::of(&drive(vec![at(0.1); 1000]));
        let wild = [vec![at(0.3); 499], vec![crash(1.7)], vec![at(0.3); 499], vec![crash(1.7)]].concat();
        let wild = DriveFigures { family: RoadFamily::Gravel, ..DriveFigures::of(&drive(wild)) };
        let score = DrivingScore::of("ncp", 0.1, &[vec![&calm, &wild]]);
        assert_eq!((score.roads, score.roads_without_crash, score.crashes), (2, 1, 2));
        // 100 s at 10 m/s, and by chance alone scipy.stats.chi2.ppf([.025, .975], [4, 6]) / 2 = 0.2422, 7.2247; two roads
        // of which one has all crashes leave more open.
        assert!(near(score.km, 1.0) && near(score.seconds, 100.0) && near(score.crashes_per_km, 2.0));
        let [low, high] = score.crashes_per_km_interval;
        assert!(low < 0.2422 && high > 7.2247, "{low} {high}");
        assert!(near(score.mean_abs_error_m, (1000.0 * 0.1 + 998.0 * 0.3 + 2.0 * 1.7) / 2000.0));
        // One of two cars crashes after 25 s; the other is watched for 50 s.
        assert!(near(score.mean_seconds_to_crash, 37.5) && near(score.autonomy_percent, 88.0));
        let families: Vec<_> = score.by_family.iter().map(|by| (by.family, by.roads, by.crashes)).collect();
        assert_eq!(families, [(RoadFamily::Marked, 1, 0), (RoadFamily::Gravel, 1, 2)], "only kinds that were driven");
    }

    #[test]
    fn ten_interventions_in_ten_minutes_are_ninety_percent_autonomy() {
        // PilotNet's own example.
        assert!(near(autonomy_percent(10, 600.0), 90.0));
        assert_eq!((autonomy_percent(200, 600.0), autonomy_percent(0, 0.0)), (0.0, 0.0));
    }

    #[test]
    fn the_order_of_drives_does_not_matter() {
        let drives = [vec![at(0.5), steered(0.5, 0.25)], vec![at(-0.25)], vec![crash(2.0), at(1.0)]];
        let mut drives = drives.map(|steps| DriveFigures::of(&drive(steps)));
        let score = DrivingScore::of("ncp", 0.0, &[drives.iter().collect()]);
        drives.reverse();
        assert_eq!(DrivingScore::of("ncp", 0.0, &[drives.iter().collect()]), score);
    }

    #[test]
    fn no_road_at_all_gives_finite_figures() {
        let score = DrivingScore::of("ncp", 0.0, &[]);
        assert_eq!((score.crashes_per_km, score.mean_abs_error_m, score.p95_abs_error_m), (0.0, 0.0, 0.0));
        assert_eq!((score.min_time_to_line_s, score.by_family), (None, vec![]));
    }
}
