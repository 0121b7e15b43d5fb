//! The swap test: the same drive watched twice, with true and with opposite colours.

use lane_driver::{CannotSteer, Driver};
use lane_frame::{Frame, RgbImage};
use lane_sim::{Camera, Factors, Simulator, StepOutcome, World};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The colours that matter for what to steer now tell of this much road ahead.
const AHEAD_M: f64 = 10.0;

/// Sums over the frames of one road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Swap {
    /// Frames.
    frames: usize,
    /// Of the squared change of the steering, true less opposite, in 1/m².
    squared_change: f64,
    /// Of that change times the change of what is told: twice the road's mean curvature over the next 10 m.
    change_times_told: f64,
    /// Of the squared change of what is told.
    squared_told: f64,
}

impl Swap {
    /// Watches the expert's drive with two pairs of eyes, each with a memory of its own.
    pub fn measure(driver: &Driver, worlds: [Arc<World>; 2], seconds: f64) -> Result<Self, CannotSteer> {
        let size = driver.input_size();
        let mut camera = Camera::new(size);
        let mut simulator = Simulator::new(Arc::clone(&worlds[0]));
        let mut drivers = [driver.clone(), driver.clone()];
        for driver in &mut drivers {
            driver.reset();
            driver.set_speed(Some(worlds[0].speed_mps()));
        }
        let mut frame = Frame { index: 0, time_secs: 0.0, image: RgbImage::new(size.width, size.height) };
        let mut swap = Self::default();
        while simulator.time_secs() < seconds {
            (frame.index, frame.time_secs) = (simulator.tick(), simulator.time_secs());
            let mut steering = [0.0; 2];
            for ((steering, driver), world) in steering.iter_mut().zip(&mut drivers).zip(&worlds) {
                camera.render(world, simulator.car(), frame.index, &Factors::default(), &mut frame.image, None);
                *steering = f64::from(driver.steer(&frame)?.0);
            }
            let (road, s_m) = (simulator.world().road(), f64::from(simulator.road_pose().s_m));
            let told = 2.0 * (road.heading_at(s_m + AHEAD_M) - road.heading_at(s_m)) / AHEAD_M;
            swap.add(steering[0] - steering[1], told);
            if simulator.step(simulator.expert()) == StepOutcome::RoadEnded {
                break;
            }
        }
        Ok(swap)
    }

    fn add(&mut self, change: f64, told: f64) {
        self.frames += 1;
        self.squared_change += change * change;
        self.change_times_told += change * told;
        self.squared_told += told * told;
    }

    /// Root mean square change of the steering, in 1/m.
    pub fn rms_change_per_m(&self) -> f64 {
        (self.squared_change / self.frames.max(1) as f64).sqrt()
    }

    /// Change of the steering along with what is told, and squared change of what is told: a rate of sums, 1 where the
    /// steering follows the colours and nothing else.
    pub fn followed(&self) -> [f64; 2] {
        [self.change_times_told, self.squared_told]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_follows_a_third_of_what_is_told_follows_a_third() {
        let mut swap = Swap::default();
        for told in [0.02, -0.01, 0.0, 0.03] {
            swap.add(told / 3.0, told);
        }
        let [change, told] = swap.followed();
        assert!((change / told - 1.0 / 3.0).abs() < 1e-12);
        // sqrt((4 + 1 + 9) / 4) · 0.01 / 3
        assert!((swap.rms_change_per_m() - 0.006_236).abs() < 1e-6, "{}", swap.rms_change_per_m());
    }
}
