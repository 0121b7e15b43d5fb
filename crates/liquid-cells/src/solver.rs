//! How a continuous-time cell is carried over one step: the solvers by name, and the explicit ones as plain formulas
//! that serve any vector field.

use crate::named::named;
use crate::recurrence::Value;

named! {
    /// The solvers of a continuous-time cell.
    #[derive(Default)]
    "solver" Solver {
        /// Semi-implicit step of the liquid time-constant cell (Hasani et al., AAAI 2021): stable for steps of any length.
        #[default]
        Fused = "fused",
        /// Explicit Euler: first order.
        Euler = "euler",
        /// The classical Runge-Kutta method: fourth order.
        Rk4 = "rk4",
    }
}

/// Explicit Euler: `v + h · f(v)`.
///
/// # Shapes
/// - state: `[batch, units]`, length: `[batch, 1]` in the unit of time of the slope
/// - returns: `[batch, units]`
pub(crate) fn euler<V: Value>(state: V, length: V, slope: impl Fn(V) -> V) -> V {
    state.clone() + length * slope(state)
}

/// The classical Runge-Kutta method: `v + h/6 · (k1 + 2 k2 + 2 k3 + k4)`.
///
/// # Shapes
/// As [`euler`].
pub(crate) fn rk4<V: Value>(state: V, length: V, slope: impl Fn(V) -> V) -> V {
    let half = length.clone().scaled(0.5, 0.0);
    let k1 = slope(state.clone());
    let k2 = slope(state.clone() + half.clone() * k1.clone());
    let k3 = slope(state.clone() + half * k2.clone());
    let k4 = slope(state.clone() + length.clone() * k3.clone());
    state + length.scaled(1.0 / 6.0, 0.0) * (k1 + (k2 + k3).scaled(2.0, 0.0) + k4)
}

/// One step by an explicit solver. The fused step belongs to the liquid cell's own equation: for another slope there is
/// none, and cells refuse it when they are specified ([`super::cell::CellSpec::check`]).
///
/// # Shapes
/// As [`euler`].
pub(crate) fn explicit_step<V: Value>(solver: Solver, state: V, length: &V, slope: impl Fn(V) -> V) -> V {
    match solver {
        Solver::Rk4 => rk4(state, length.clone(), slope),
        Solver::Euler | Solver::Fused => euler(state, length.clone(), slope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tensor};

    /// A step of length 0.5 on `dv/dt = v` from 1.
    fn growth(solve: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> f32 {
        let device = Device::flex();
        let number = |value: f32| Tensor::<2>::from_data([[value]], &device);
        solve(number(1.0), number(0.5)).into_scalar()
    }

    #[test]
    fn a_step_is_the_taylor_series_of_the_exponential_up_to_its_order() {
        let euler = growth(|state, length| euler(state, length, |v| v));
        let rk4 = growth(|state, length| rk4(state, length, |v| v));
        let series = 1.0 + 0.5 + 0.125 + 0.125 / 6.0 + 0.0625 / 24.0;
        assert!((euler - 1.5).abs() < 1e-6, "{euler}");
        // A few roundings of f32 near 1.6.
        assert!((rk4 - series).abs() < 1e-6, "{rk4} against {series}");
    }

    #[test]
    fn a_name_comes_back_as_its_solver_from_text_and_from_a_file() {
        for solver in Solver::ALL {
            assert_eq!(solver.to_string().parse(), Ok(solver));
            assert_eq!(serde_json::to_string(&solver).unwrap(), format!("\"{solver}\""));
        }
        assert!("dopri5".parse::<Solver>().unwrap_err().contains("fused, euler, rk4"));
    }
}
