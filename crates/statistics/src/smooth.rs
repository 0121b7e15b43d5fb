//! Smoothing of series that consist of stretches.

use std::ops::Range;

/// The mean of each value and of up to `half` neighbours on each side of it, none of another stretch. Values in no
/// stretch stay as they are.
///
/// # Panics
/// If a stretch reaches beyond the values.
pub fn moving_mean(values: &[f64], stretches: &[Range<usize>], half: usize) -> Vec<f64> {
    let mut means = values.to_vec();
    for stretch in stretches {
        for i in stretch.clone() {
            let near = &values[i.saturating_sub(half).max(stretch.start)..(i + half + 1).min(stretch.end)];
            means[i] = near.iter().sum::<f64>() / near.len() as f64;
        }
    }
    means
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "stretches are ranges")]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_spread_over_its_neighbours_and_not_into_another_stretch() {
        assert_eq!(moving_mean(&[0.0, 0.0, 3.0, 0.0, 6.0], &[0..4, 4..5], 1), [0.0, 1.0, 1.0, 1.5, 6.0]);
        assert_eq!(moving_mean(&[1.0, 2.0], &[0..2], 0), [1.0, 2.0]);
        assert_eq!(moving_mean(&[1.0, 5.0], &[1..2], 3), [1.0, 5.0]);
    }
}
