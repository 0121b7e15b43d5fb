//! The three equations that are compared.

/// How the state of a unit follows its drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equation {
    /// Liquid time-constant: the drive pulls towards a level and shortens the time constant.
    Ltc,
    /// Continuous-time recurrent: a leak of fixed time constant, and the drive as a current.
    CtRnn,
    /// Neural ODE: the drive is the rate of change.
    NeuralOde,
}

impl Equation {
    /// All three, the liquid one first.
    pub const ALL: [Self; 3] = [Self::Ltc, Self::CtRnn, Self::NeuralOde];

    /// As tables and figures have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ltc => "LTC",
            Self::CtRnn => "CT-RNN",
            Self::NeuralOde => "Neural ODE",
        }
    }

    /// dx/dt in 1/s of the state x under the drive f, both 1/τ and f in 1/s; `level` is the A of the LTC.
    pub fn rate_per_s(self, state: f64, drive_per_s: f64, leak_per_s: f64, level: f64) -> f64 {
        match self {
            Self::Ltc => drive_per_s * level - (leak_per_s + drive_per_s) * state,
            Self::CtRnn => drive_per_s - leak_per_s * state,
            Self::NeuralOde => drive_per_s,
        }
    }

    /// Seconds in which the distance to where the state is heading falls to 1/e, drive held; `None` where the state
    /// heads nowhere.
    pub fn time_constant_secs(self, drive_per_s: f64, leak_per_s: f64) -> Option<f64> {
        match self {
            Self::Ltc => Some(1.0 / (leak_per_s + drive_per_s)),
            Self::CtRnn => Some(1.0 / leak_per_s),
            Self::NeuralOde => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_shortens_only_the_liquid_time_constant() {
        let secs = |equation: Equation, drive| equation.time_constant_secs(drive, 0.5);
        // τ / (1 + τ f), τ = 2 s
        assert_eq!(secs(Equation::Ltc, 0.0), Some(2.0));
        assert_eq!(secs(Equation::Ltc, 1.5), Some(0.5));
        assert_eq!(secs(Equation::CtRnn, 1.5), Some(2.0));
        assert_eq!(secs(Equation::NeuralOde, 1.5), None);
    }

    #[test]
    fn each_state_rests_where_its_equation_says() {
        // f A / (1/τ + f), f τ, nowhere
        assert_eq!(Equation::Ltc.rate_per_s(0.75 * 0.9, 1.5, 0.5, 0.9), 0.0);
        assert_eq!(Equation::CtRnn.rate_per_s(3.0, 1.5, 0.5, 0.9), 0.0);
        assert_eq!(Equation::NeuralOde.rate_per_s(3.0, 1.5, 0.5, 0.9), 1.5);
    }
}
