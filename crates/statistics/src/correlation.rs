//! How two measurements of the same things go together, from −1 to 1. Nothing for fewer than two things, for values
//! that are not numbers, and where one of the two never changes.

use super::order::mean;

/// Pearson's correlation: how near the points are to one line.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let (x_mean, y_mean) = (mean(x)?, mean(y)?);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - x_mean, y - y_mean);
        (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
    }
    let correlation = xy / (xx.sqrt() * yy.sqrt());
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}

/// Spearman's correlation: that of the ranks, so how near one measurement is to rising whenever the other does.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x)?, &ranks(y)?)
}

/// Place of each value in their order, from 1; equal values share the mean of their places.
fn ranks(values: &[f64]) -> Option<Vec<f64>> {
    mean(values)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = before as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|&i| ranks[i] = shared);
        before += ties.len();
    }
    Some(ranks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 7] = [1.0, 2.0, 2.0, 3.5, 5.0, -4.0, 0.5];
    const Y: [f64; 7] = [2.0, 1.0, 3.0, 3.0, 40.0, -1.0, 3.0];

    fn near(got: Option<f64>, expected: f64) -> bool {
        got.is_some_and(|got| (got - expected).abs() < 1e-12)
    }

    #[test]
    fn correlations_are_those_of_scipy() {
        // scipy 1.17: stats.pearsonr(X, Y), stats.spearmanr(X, Y).
        assert!(near(pearson(&X, &Y), 0.620_979_902_730_881_1), "{:?}", pearson(&X, &Y));
        assert!(near(spearman(&X, &Y), 0.691_860_772_606_258_3), "{:?}", spearman(&X, &Y));
    }

    #[test]
    fn ranks_shared_by_equal_values_are_their_mean() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -0.0, 0.0]), Some(vec![4.5, 3.0, 4.5, 1.5, 1.5]));
    }

    #[test]
    fn any_rising_curve_has_rank_correlation_one_and_mirroring_turns_the_sign() {
        let cubes = X.map(|x| x * x * x);
        assert!(near(spearman(&X, &cubes), 1.0) && near(spearman(&X, &cubes.map(|y| -y)), -1.0));
        assert!(near(pearson(&X, &X.map(|x| 3.0 - 2.0 * x)), -1.0));
    }

    #[test]
    fn what_never_changes_goes_together_with_nothing() {
        assert_eq!((pearson(&X, &[2.0; 7]), spearman(&X, &[2.0; 7])), (None, None));
        assert_eq!((pearson(&X, &Y[..6]), spearman(&[1.0], &[1.0]), pearson(&[], &[])), (None, None, None));
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }
}
