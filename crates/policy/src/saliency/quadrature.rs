//! Rules that turn an integral over 0 to 1 into a weighted sum.

/// Where and with what weight an integrand is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quadrature {
    /// Exact for polynomials of a degree below twice the number of points; the default of captum.
    GaussLegendre,
    /// Evenly spread points with both ends, weights 1/n and half of it at the ends, as captum has it. Its weights add
    /// up to (n − 1)/n.
    RiemannTrapezoid,
    /// The trapezoid rule in the cube root of the place: points at `(i/n)³`, dense near 0. Place 0 has no weight and
    /// is left out. Twice as many points are the same and those of [`graded_points_between`].
    GradedTrapezoid,
}

impl Quadrature {
    /// `(place in 0 to 1, weight)` of each of `count` points, in rising order.
    ///
    /// # Panics
    /// If there are fewer than two points.
    pub fn points(self, count: usize) -> Vec<(f64, f64)> {
        assert!(count > 1, "an integral needs at least two points, got {count}");
        match self {
            Self::GaussLegendre => (0..count).map(|index| gauss_legendre(index, count)).collect(),
            Self::RiemannTrapezoid => (0..count).map(|index| trapezoid(index, count)).collect(),
            Self::GradedTrapezoid => (1..=count).map(|index| graded(index, count)).collect(),
        }
    }
}

fn trapezoid(index: usize, count: usize) -> (f64, f64) {
    let at_end = index == 0 || index == count - 1;
    (index as f64 / (count - 1) as f64, if at_end { 0.5 } else { 1.0 } / count as f64)
}

fn graded(index: usize, count: usize) -> (f64, f64) {
    let root = index as f64 / count as f64;
    (root.powi(3), 3.0 * root * root / count as f64 * if index == count { 0.5 } else { 1.0 })
}

/// The points of `2 · count` of [`Quadrature::GradedTrapezoid`] that are not among those of `count`; those have half their
/// weight then.
pub fn graded_points_between(count: usize) -> Vec<(f64, f64)> {
    (1..=2 * count).step_by(2).map(|index| graded(index, 2 * count)).collect()
}

/// A root of the Legendre polynomial by Newton's method from its asymptotic place, moved from -1..1 to 0..1
/// (Davis and Rabinowitz 1984, section 2.7).
fn gauss_legendre(index: usize, count: usize) -> (f64, f64) {
    let mut root = -(std::f64::consts::PI * (index as f64 + 0.75) / (count as f64 + 0.5)).cos();
    // The start is good to 1e-4 and each round doubles the digits; two more than needed.
    for _ in 0..5 {
        let (value, slope) = legendre(root, count);
        root -= value / slope;
    }
    let (_, slope) = legendre(root, count);
    (0.5 * (1.0 + root), 1.0 / ((1.0 - root * root) * slope * slope))
}

/// Value and slope of the Legendre polynomial of a degree, by the three-term recurrence.
fn legendre(x: f64, degree: usize) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for n in 2..=degree {
        let n = n as f64;
        (before, value) = (value, ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n);
    }
    (value, degree as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(rule: Quadrature, count: usize, integrand: impl Fn(f64) -> f64) -> f64 {
        rule.points(count).into_iter().map(|(place, weight)| weight * integrand(place)).sum()
    }

    #[test]
    fn gauss_legendre_is_exact_for_every_power_it_should_be() {
        for count in [2, 3, 32, 300] {
            for power in [0, 1, 2 * count as i32 - 1] {
                let got = integral(Quadrature::GaussLegendre, count, |x| x.powi(power));
                let expected = 1.0 / f64::from(power + 1);
                // A few hundred roundings of 1e-16.
                assert!((got - expected).abs() < 1e-13, "{count} points, power {power}: {got}, expected {expected}");
            }
        }
    }

    #[test]
    fn the_graded_rule_nears_the_integral_and_halves_its_weights_where_points_are_doubled() {
        for power in [0, 1, 3] {
            let off = |count| {
                let got = integral(Quadrature::GradedTrapezoid, count, |x| x.powi(power));
                (got - 1.0 / f64::from(power + 1)).abs()
            };
            // A rule of second order.
            assert!(off(32) < 0.26 * off(16) && off(16) < 0.05, "power {power}: {} and {}", off(16), off(32));
        }
        let mut doubled = Quadrature::GradedTrapezoid.points(8).into_iter().map(|(at, weight)| (at, weight / 2.0));
        let mut between = graded_points_between(8).into_iter();
        for (index, point) in Quadrature::GradedTrapezoid.points(16).into_iter().enumerate() {
            let from = if index % 2 == 0 { between.next() } else { doubled.next() };
            assert_eq!(from, Some(point));
        }
    }

    #[test]
    fn the_trapezoid_rule_is_captums() {
        // captum 0.9.0, riemann_builders(Riemann.trapezoid): step_sizes(4), alphas(4)
        let expected = [(0.0, 0.125), (1.0 / 3.0, 0.25), (2.0 / 3.0, 0.25), (1.0, 0.125)];
        assert_eq!(Quadrature::RiemannTrapezoid.points(4), expected);
    }
}
