//! Length of a path in the plane of its first two principal components.

use nalgebra::{DMatrix, SymmetricEigen};

/// Length of the path through the columns of `states` (units x times, all finite), seen in the plane of its largest
/// variance.
pub(super) fn length(mut states: DMatrix<f64>) -> f64 {
    // Squares of large states would leave the range of f64.
    let scale = states.amax();
    if scale == 0.0 {
        return 0.0;
    }
    states /= scale;
    let mean = states.column_mean();
    states.column_iter_mut().for_each(|mut state| state -= &mean);
    let covariance = &states * states.transpose();
    let plane = principal_plane(covariance).transpose() * states; // [2, times]
    let moves = (1..plane.ncols()).map(|time| (plane.column(time) - plane.column(time - 1)).norm());
    scale * moves.sum::<f64>()
}

/// The eigenvectors of the two largest eigenvalues, as columns; the only one of a single unit.
fn principal_plane(covariance: DMatrix<f64>) -> DMatrix<f64> {
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]));
    order.truncate(2);
    eigenvectors.select_columns(&order)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A circle of radius 3 in the plane of two directions of 4 units, away from 0, with a small third component.
    fn circle(wobble: f64) -> DMatrix<f64> {
        let points = 2001;
        DMatrix::from_fn(4, points, |unit, point| {
            let (sin, cos) = (std::f64::consts::TAU * point as f64 / (points - 1) as f64).sin_cos();
            let third = wobble * (6.0 * std::f64::consts::TAU * point as f64 / (points - 1) as f64).sin();
            [5.0 + 3.0 * cos, 3.0 * sin * 0.6, 3.0 * sin * 0.8, third][unit]
        })
    }

    #[test]
    fn the_length_of_a_tilted_circle_is_its_circumference() {
        // 2000 chords fall short of the arc by 4e-7 of it; the wobble is outside the plane.
        for wobble in [0.0, 0.1] {
            let length = length(circle(wobble));
            assert!((length / (3.0 * std::f64::consts::TAU) - 1.0).abs() < 1e-6, "{length}");
        }
    }

    #[test]
    fn the_length_grows_with_the_path_however_large() {
        let large = length(circle(0.0) * 1e200);
        assert!((large / (3.0 * std::f64::consts::TAU * 1e200) - 1.0).abs() < 1e-6, "{large}");
        assert_eq!(length(DMatrix::zeros(3, 5)), 0.0);
        assert_eq!(length(DMatrix::from_row_slice(1, 3, &[0.0, 2.0, 1.0])), 3.0);
    }
}
