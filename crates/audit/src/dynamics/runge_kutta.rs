//! The classical Runge-Kutta method of fourth order with a fixed step.

/// The method, with room for its four rates of change.
pub(super) struct RungeKutta {
    rates: [Vec<f64>; 4],
    probe: Vec<f64>,
}

impl RungeKutta {
    /// For this many states.
    pub(super) fn new(states: usize) -> Self {
        Self { rates: std::array::from_fn(|_| vec![0.0; states]), probe: vec![0.0; states] }
    }

    /// Advances `state` from `time_secs` by `step_secs`; `rate(t, x, dx/dt)` writes the rate of change.
    pub(super) fn step(
        &mut self,
        state: &mut [f64],
        time_secs: f64,
        step_secs: f64,
        mut rate: impl FnMut(f64, &[f64], &mut [f64]),
    ) {
        let Self { rates: [k1, k2, k3, k4], probe } = self;
        rate(time_secs, state, k1);
        let mut probed = |ahead_secs: f64, from: &[f64], into: &mut [f64]| {
            probe.iter_mut().zip(state.iter().zip(from)).for_each(|(p, (x, k))| *p = x + ahead_secs * k);
            rate(time_secs + ahead_secs, probe, into);
        };
        probed(step_secs / 2.0, k1, k2);
        probed(step_secs / 2.0, k2, k3);
        probed(step_secs, k3, k4);
        for (unit, x) in state.iter_mut().enumerate() {
            *x += step_secs / 6.0 * (k1[unit] + 2.0 * (k2[unit] + k3[unit]) + k4[unit]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance from the exact solution of x' = -x + sin t, x(0) = 1/2, at t = 2.
    fn error(steps: u32) -> f64 {
        let step_secs = 2.0 / f64::from(steps);
        let mut method = RungeKutta::new(1);
        let mut state = [0.5];
        for step in 0..steps {
            let rate = |t: f64, x: &[f64], into: &mut [f64]| into[0] = t.sin() - x[0];
            method.step(&mut state, f64::from(step) * step_secs, step_secs, rate);
        }
        (state[0] - ((-2.0_f64).exp() + (2.0_f64.sin() - 2.0_f64.cos()) / 2.0)).abs()
    }

    #[test]
    fn half_the_step_is_a_sixteenth_of_the_error() {
        let ratio = error(20) / error(40);
        // Fourth order: 16, and a little of the next order at these steps.
        assert!((15.0..17.5).contains(&ratio), "{ratio}");
        assert!(error(40) < 1e-6);
    }
}
