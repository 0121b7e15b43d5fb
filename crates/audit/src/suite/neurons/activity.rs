//! What the neurons of a policy do on one road, reduced to what can be pooled over roads.

use super::moments::Moments;
use super::{NOISE_VARIANCE, course};
use lane_driver::Driver;
use lane_driver::closed_loop::{Conditions, DriveLog, LoggedStep, Pilot, drive};
use lane_driver::moment::NeuronActivity;
use lane_sim::World;
use lane_statistics::order::quantile;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Frames after a start or a put-back that are left out: the memory fills from zero there. One second.
const SETTLING_FRAMES: usize = 20;

/// How well a car was kept on its lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) crashes: u64,
    pub(super) km: f64,
    steps: u64,
    abs_error_sum_m: f64,
}

/// One road, without and with image noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RoadOutcome {
    pub(super) kept: Kept,
    pub(super) activity: Activity,
    pub(super) kept_in_noise: Kept,
    /// Largest change of each neuron's state from frame to frame in the noise.
    pub(super) largest_change_in_noise: Vec<f64>,
}

/// The neurons of one drive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Activity {
    /// Of every neuron's state, then the steering, then the road's curvature, both in 1/m.
    pub(super) moments: Moments,
    /// Least and largest state of each neuron.
    pub(super) range: Vec<[f64; 2]>,
    /// Largest change of each neuron's state from frame to frame: Algorithm 8 of Lechner et al. 2020, per frame.
    pub(super) largest_change: Vec<f64>,
    /// Effective time constants of each liquid neuron in s: least, 5 %, median, 95 %, largest.
    pub(super) time_constants_secs: Vec<[f64; 5]>,
}

impl Kept {
    pub(super) fn of(log: &DriveLog) -> Self {
        Self {
            crashes: log.crashes() as u64,
            km: log.distance_m / 1000.0,
            steps: log.steps.len() as u64,
            abs_error_sum_m: log.steps.iter().map(|step| f64::from(step.offset_m.abs())).sum(),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            crashes: self.crashes + other.crashes,
            km: self.km + other.km,
            steps: self.steps + other.steps,
            abs_error_sum_m: self.abs_error_sum_m + other.abs_error_sum_m,
        }
    }

    /// Not a number where nothing was driven.
    pub(super) fn crashes_per_km(&self) -> f64 {
        self.crashes as f64 / self.km
    }

    /// Mean absolute cross-track error in m; not a number where nothing was driven.
    pub(super) fn mean_abs_error_m(&self) -> f64 {
        self.abs_error_sum_m / self.steps as f64
    }
}

/// Drives a road twice.
pub(super) fn on_road(driver: &Driver, road: u32, seconds: f64) -> anyhow::Result<RoadOutcome> {
    let world = course(road, seconds).world();
    let (log, watched) = watched_drive(driver, &world, seconds, 0.0)?;
    let (noisy_log, noisy) = watched_drive(driver, &world, seconds, NOISE_VARIANCE)?;
    let largest_change_in_noise = Activity::of(&noisy_log, &noisy).largest_change;
    let activity = Activity::of(&log, &watched);
    Ok(RoadOutcome { kept: Kept::of(&log), activity, kept_in_noise: Kept::of(&noisy_log), largest_change_in_noise })
}

/// Drives a road and notes what the neurons do at each step of the log.
pub(super) fn watched_drive(
    driver: &Driver,
    world: &Arc<World>,
    seconds: f64,
    noise_variance: f32,
) -> anyhow::Result<(DriveLog, Vec<NeuronActivity>)> {
    let mut driver = driver.clone();
    driver.watch_neurons();
    let mut pilot = Pilot::Policy(Box::new(driver));
    let conditions = Conditions { noise_variance, ..Conditions::default() };
    let log = drive(&mut pilot, Arc::clone(world), seconds, &conditions)?;
    let watched = match &mut pilot {
        Pilot::Policy(driver) => driver.take_watched(),
        Pilot::Expert | Pilot::Zero => Vec::new(),
    };
    Ok((log, watched))
}

impl Activity {
    pub(super) fn of(log: &DriveLog, watched: &[NeuronActivity]) -> Self {
        let settled = settled(&log.steps);
        let frames: Vec<(usize, &LoggedStep, &NeuronActivity)> = log
            .steps
            .iter()
            .zip(watched)
            .enumerate()
            .filter(|(number, _)| settled[*number])
            .map(|(number, (step, neurons))| (number, step, neurons))
            .collect();
        let rows: Vec<Vec<f64>> = frames
            .iter()
            .map(|(_, step, neurons)| {
                let states = neurons.state.iter().copied();
                states.chain([step.commanded.0, step.road_per_m]).map(f64::from).collect()
            })
            .collect();
        let neurons = frames.first().map_or(0, |(_, _, neurons)| neurons.state.len());
        let largest_change = |neuron: usize| {
            // A put-back leaves a gap of unsettled frames between two settled ones.
            let pairs = frames.windows(2).zip(rows.windows(2)).filter(|(frames, _)| frames[1].0 == frames[0].0 + 1);
            pairs.map(|(_, rows)| (rows[1][neuron] - rows[0][neuron]).abs()).fold(0.0, f64::max)
        };
        let range = |neuron: usize| {
            let states = || rows.iter().map(|row| row[neuron]);
            [states().fold(f64::INFINITY, f64::min), states().fold(f64::NEG_INFINITY, f64::max)]
        };
        let time_constants = |neuron: usize| {
            let liquid = frames.iter().filter_map(|(_, _, neurons)| neurons.liquid.as_ref());
            let secs: Vec<f64> = liquid.map(|liquid| f64::from(liquid.time_constant_secs[neuron])).collect();
            let [least, low, middle, high, most] = [0.0, 0.05, 0.5, 0.95, 1.0].map(|share| quantile(&secs, share));
            Some([least?, low?, middle?, high?, most?])
        };
        Self {
            moments: Moments::of(&rows),
            range: (0..neurons).map(range).collect(),
            largest_change: (0..neurons).map(largest_change).collect(),
            time_constants_secs: (0..neurons).filter_map(time_constants).collect(),
        }
    }
}

/// Whether each step is far enough from the start and from the last put-back.
fn settled(steps: &[LoggedStep]) -> Vec<bool> {
    let mut since_reset = 0;
    let settled = steps.iter().map(|step| {
        since_reset += 1;
        let settled = since_reset > SETTLING_FRAMES;
        if step.crashed {
            since_reset = 0;
        }
        settled
    });
    settled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_driver::moment::LiquidActivity;
    use lane_frame::Steering;
    use lane_sim::RoadFamily;

    fn log(steps: usize, crash_at: usize) -> DriveLog {
        let step = |number| LoggedStep {
            s_m: 0.0,
            offset_m: if number % 2 == 0 { 0.2 } else { -0.4 },
            heading_error_rad: 0.0,
            commanded: Steering(number as f32 * 0.001),
            driven_per_m: 0.0,
            road_per_m: -0.001 * number as f32,
            crashed: number == crash_at,
        };
        DriveLog {
            seed: 0,
            family: RoadFamily::Marked,
            speed_mps: 10.0,
            lane_limit_m: 1.6,
            wheel_limit_m: 0.85,
            distance_m: 500.0,
            steps: (0..steps).map(step).collect(),
        }
    }

    fn neurons(state: Vec<f32>, tau_secs: f32) -> NeuronActivity {
        let time_constant_secs = vec![tau_secs; state.len()];
        let liquid = LiquidActivity { time_constant_secs, current: vec![], sensory_current: vec![] };
        NeuronActivity { sensory: vec![], state, memory: None, liquid: Some(liquid) }
    }

    #[test]
    fn a_second_after_start_and_put_back_is_left_out_and_no_change_counts_across_it() {
        let watched: Vec<_> = (0..100)
            .map(|t| neurons(vec![if t <= 50 { t as f32 } else { 1000.0 + 2.0 * t as f32 }, 7.0], 0.1))
            .collect();
        let activity = Activity::of(&log(100, 50), &watched);
        // Frames 20 to 50 and 71 to 99.
        assert_eq!(activity.moments.count(), 31 + 29);
        assert_eq!(activity.range, [[20.0, 1198.0], [7.0, 7.0]]);
        assert_eq!(activity.largest_change, [2.0, 0.0]);
        assert_eq!(activity.time_constants_secs, [[f64::from(0.1_f32); 5]; 2]);
    }

    #[test]
    fn states_are_set_against_steering_and_road_of_the_same_frame() {
        let watched: Vec<_> = (0..60).map(|t| neurons(vec![-(t as f32)], 0.1)).collect();
        let moments = Activity::of(&log(60, usize::MAX), &watched).moments;
        assert!((moments.correlation(0, 1) + 1.0).abs() < 1e-9 && (moments.correlation(0, 2) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_policy_without_neurons_to_show_has_no_activity() {
        assert_eq!(Activity::of(&log(60, usize::MAX), &[]), Activity::default());
    }

    #[test]
    fn errors_are_means_over_all_steps_of_all_roads() {
        let kept = Kept::of(&log(100, 50)).and(Kept::of(&log(100, 1000)));
        assert_eq!((kept.crashes, kept.km, kept.crashes_per_km()), (1, 1.0, 1.0));
        assert!((kept.mean_abs_error_m() - 0.3).abs() < 1e-6);
        assert!(Kept::default().crashes_per_km().is_nan() && Kept::default().mean_abs_error_m().is_nan());
    }
}
