//! Means and covariances of several variables, which can be pooled over drives without their time series.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};

/// Count, means and centred products of some variables. The default has seen nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    count: u64,
    means: Vec<f64>,
    /// Sums of products of distances from the means: upper triangle, row by row.
    products: Vec<f64>,
}

/// Directions in which variables vary together, the widest first.
pub(super) struct Components {
    /// Share of the whole variance along each.
    pub(super) shares: Vec<f64>,
    /// Unit vector of each.
    directions: Vec<Vec<f64>>,
    means: Vec<f64>,
}

impl Moments {
    /// Of rows with a value per variable.
    pub(super) fn of(rows: &[Vec<f64>]) -> Self {
        let Some(first) = rows.first() else { return Self::default() };
        let (count, variables) = (rows.len() as f64, first.len());
        let means: Vec<f64> = (0..variables).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / count).collect();
        let product = |i: usize, j: usize| rows.iter().map(|row| (row[i] - means[i]) * (row[j] - means[j])).sum();
        let products = pairs(variables).map(|(i, j)| product(i, j)).collect();
        Self { count: rows.len() as u64, means, products }
    }

    /// Of both samples together (Chan, Golub and LeVeque 1983).
    pub(super) fn pooled(mut self, other: &Self) -> Self {
        if self.count == 0 {
            return other.clone();
        }
        if other.count == 0 {
            return self;
        }
        let (own, theirs) = (self.count as f64, other.count as f64);
        let whole = own + theirs;
        let apart: Vec<f64> = self.means.iter().zip(&other.means).map(|(own, theirs)| theirs - own).collect();
        for ((place, (i, j)), theirs_product) in pairs(apart.len()).enumerate().zip(&other.products) {
            self.products[place] += theirs_product + apart[i] * apart[j] * own * theirs / whole;
        }
        self.means.iter_mut().zip(&apart).for_each(|(mean, apart)| *mean += apart * theirs / whole);
        self.count += other.count;
        self
    }

    /// Rows seen.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Mean of each variable.
    pub(super) fn means(&self) -> &[f64] {
        &self.means
    }

    /// Standard deviation of a variable; not a number for fewer than two rows.
    pub(super) fn sd(&self, variable: usize) -> f64 {
        (self.product(variable, variable) / (self.count as f64 - 1.0)).sqrt()
    }

    /// Pearson's correlation of two variables; not a number where one of them never changes.
    pub(super) fn correlation(&self, i: usize, j: usize) -> f64 {
        let scale = (self.product(i, i) * self.product(j, j)).sqrt();
        if scale > 0.0 { (self.product(i, j) / scale).clamp(-1.0, 1.0) } else { f64::NAN }
    }

    /// Principal components of some of the variables; nothing where none of them varies.
    pub(super) fn components(&self, variables: &[usize]) -> Option<Components> {
        let covariance = DMatrix::from_fn(variables.len(), variables.len(), |row, column| {
            self.product(variables[row], variables[column])
        });
        let total = covariance.trace();
        if !total.is_finite() || total <= 0.0 {
            return None;
        }
        let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..variables.len()).collect();
        order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]));
        Some(Components {
            shares: order.iter().map(|place| (eigenvalues[*place] / total).max(0.0)).collect(),
            directions: order.iter().map(|place| eigenvectors.column(*place).iter().copied().collect()).collect(),
            means: variables.iter().map(|variable| self.means[*variable]).collect(),
        })
    }

    /// Share of the first component of some of the variables where each has a variance of 1, those that never change left
    /// out; nothing where none of them varies.
    pub(super) fn first_share_with_unit_variances(&self, variables: &[usize]) -> Option<f64> {
        let varying: Vec<usize> = variables.iter().copied().filter(|i| self.product(*i, *i) > 0.0).collect();
        if varying.is_empty() {
            return None;
        }
        let of = |row: usize, column: usize| self.correlation(varying[row], varying[column]);
        let correlations = DMatrix::from_fn(varying.len(), varying.len(), of);
        let largest = SymmetricEigen::new(correlations).eigenvalues.iter().copied().max_by(f64::total_cmp)?;
        Some(largest / varying.len() as f64)
    }

    fn product(&self, i: usize, j: usize) -> f64 {
        let (i, j, variables) = (i.min(j), i.max(j), self.means.len());
        self.products.get(i * variables + j - i * (i + 1) / 2).copied().unwrap_or(f64::NAN)
    }
}

impl Components {
    /// How far the variables of a row lie from their means along one of the components.
    pub(super) fn score(&self, component: usize, row: impl IntoIterator<Item = f64>) -> f64 {
        let direction = &self.directions[component];
        row.into_iter().zip(&self.means).zip(direction).map(|((value, mean), weight)| (value - mean) * weight).sum()
    }
}

/// Places of the upper triangle, row by row.
fn pairs(variables: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..variables).flat_map(move |i| (i..variables).map(move |j| (i, j)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<f64>> {
        (0..40).map(f64::from).map(|t| vec![t, 3.0 - 2.0 * t, (t * 0.7).sin(), 5.0]).collect()
    }

    fn near(got: f64, expected: f64) -> bool {
        (got - expected).abs() < 1e-9 * (1.0 + expected.abs())
    }

    #[test]
    fn two_halves_pooled_are_the_whole() {
        let rows = rows();
        let (whole, pooled) = (Moments::of(&rows), Moments::of(&rows[..13]).pooled(&Moments::of(&rows[13..])));
        assert_eq!(whole.count, pooled.count);
        assert!(whole.means.iter().zip(&pooled.means).all(|(a, b)| near(*a, *b)));
        assert!(whole.products.iter().zip(&pooled.products).all(|(a, b)| near(*a, *b)), "{whole:?} {pooled:?}");
        assert_eq!(Moments::default().pooled(&whole).pooled(&Moments::default()), whole);
    }

    #[test]
    fn what_moves_together_correlates_and_what_stands_still_does_not() {
        let moments = Moments::of(&rows());
        assert!(near(moments.correlation(0, 1), -1.0) && near(moments.correlation(1, 0), -1.0));
        assert!(moments.correlation(0, 3).is_nan());
        // Sample standard deviation of 0..=39: sqrt(40 · 41 / 12).
        assert!(near(moments.sd(0), (40.0_f64 * 41.0 / 12.0).sqrt()));
    }

    #[test]
    fn one_line_in_space_has_one_component_and_scores_are_distances_along_it() {
        let moments = Moments::of(&rows());
        let components = moments.components(&[0, 1]).unwrap();
        assert!(near(components.shares[0], 1.0) && components.shares[1] < 1e-9);
        // From the middle t = 19.5 to t = 29.5 the line goes 10 · sqrt(1 + 4).
        let score = components.score(0, [29.5, 3.0 - 2.0 * 29.5]).abs();
        assert!(near(score, 10.0 * 5.0_f64.sqrt()), "{score}");
        assert!(moments.components(&[3]).is_none() && Moments::default().components(&[]).is_none());
    }

    #[test]
    fn with_unit_variances_a_large_variable_counts_no_more_than_a_small_one() {
        // numpy 2: numpy.linalg.eigvalsh(numpy.corrcoef(rows[:, [0, 2]].T))[-1] / 2, of the covariance numpy.cov.
        let moments = Moments::of(&rows());
        let share = moments.first_share_with_unit_variances(&[0, 2]).unwrap();
        assert!(near(share, 0.502_883_886_772_769_9), "{share}");
        assert!(near(moments.components(&[0, 2]).unwrap().shares[0], 0.996_270_152_703_938));
        // The fourth stands still.
        assert!(near(moments.first_share_with_unit_variances(&[0, 2, 3]).unwrap(), share));
        assert!(moments.first_share_with_unit_variances(&[3]).is_none());
    }

    #[test]
    fn shares_sum_to_one_in_falling_order() {
        let shares = Moments::of(&rows()).components(&[0, 1, 2, 3]).unwrap().shares;
        assert!(near(shares.iter().sum(), 1.0) && shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    }
}
