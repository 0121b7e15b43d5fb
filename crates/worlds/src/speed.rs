//! A speed that is held by throttle and brake.

/// A proportional and integral controller of speed, for simulators that take a throttle.
#[derive(Clone, Copy, Debug)]
pub struct SpeedControl {
    target_mps: f32,
    integral: f32,
}

/// Throttle per m/s that is missing.
const PROPORTIONAL: f32 = 0.15;
/// Throttle per m that is missing.
const INTEGRAL: f32 = 0.03;
/// Throttle that the integral may hold: a car against a wall must not wind it up.
const MOST_INTEGRAL: f32 = 1.0;
/// Speed missing, as a share of the target, at which the car is given the same throttle whatever its target: cars of
/// toys are slow, and a tenth of a m/s is much to them.
const USUAL_TARGET_MPS: f32 = 6.0;

impl SpeedControl {
    /// Holds this speed in m/s.
    pub fn new(target_mps: f32) -> Self {
        Self { target_mps, integral: 0.0 }
    }

    /// The speed that is held, in m/s.
    pub fn target_mps(&self) -> f32 {
        self.target_mps
    }

    /// The throttle, -1 to 1, for a car of this speed `elapsed_secs` after the last one.
    pub fn throttle(&mut self, speed_mps: f32, elapsed_secs: f32) -> f32 {
        let missing = (self.target_mps - speed_mps) * USUAL_TARGET_MPS / self.target_mps;
        let integral = self.integral + INTEGRAL * missing * elapsed_secs.clamp(0.0, 0.5);
        self.integral = integral.clamp(0.0, MOST_INTEGRAL);
        (PROPORTIONAL * missing + self.integral).clamp(-1.0, 1.0)
    }

    /// Forgets what it has learnt of the car: it stands.
    pub fn reset(&mut self) {
        self.integral = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cars_of_several_strengths_reach_their_speed_and_do_not_shoot_far_over_it() {
        for (target, strength, drag) in [(6.0, 4.0, 0.3), (1.0, 1.5, 1.0), (12.0, 9.0, 0.7), (0.3, 1.0, 2.0)] {
            let mut control = SpeedControl::new(target);
            let (mut speed, mut fastest) = (0.0_f32, 0.0_f32);
            for _ in 0..2000 {
                let throttle = control.throttle(speed, 0.05);
                speed = (speed + 0.05 * (strength * throttle - drag * speed)).max(0.0);
                fastest = fastest.max(speed);
            }
            assert!((speed - target).abs() < 0.02 * target, "{speed} for {target}");
            assert!(fastest < 1.5 * target, "{fastest} for {target}");
        }
    }
}
