//! The figures of one predictor in plain numbers.

use super::figures::{CurvatureBin, OpenLoopFigures};
use super::smoothed::{Series, SmoothedError, correlation};
use serde::Serialize;

/// Errors of one predictor over a recording: `None` where there is nothing to compare with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SteeringError {
    /// The policy, `zero` or `mean`.
    pub name: String,
    /// Mean absolute error.
    pub mae_per_m: Option<f64>,
    /// Root mean squared error.
    pub rmse_per_m: Option<f64>,
    /// Mean error, command less label.
    pub bias_per_m: Option<f64>,
    /// Mean absolute error, weighted by |curvature| of the label.
    pub curvature_weighted_mae_per_m: Option<f64>,
    /// Share of the label's variance explained.
    pub r2: Option<f64>,
    /// The same against always commanding straight on.
    pub skill_over_zero: Option<f64>,
    /// Correlation of command and label.
    pub correlation: Option<f64>,
    /// Against the smoothed label, with the delay that fits best.
    pub smoothed: SmoothedError,
    /// F1 of telling left, straight and right at 0.02 rad of wheel angle.
    pub f1_left_straight_right: [Option<f64>; 3],
    /// Their mean.
    pub macro_f1: Option<f64>,
    /// Errors by |curvature| of the label.
    pub by_curvature: Vec<CurvatureBin>,
}

impl SteeringError {
    /// The figures of one predictor's series.
    pub(super) fn new(name: &str, series: &Series<'_>) -> Self {
        let pairs: Vec<(f64, f64)> = series.commanded.iter().copied().zip(series.recorded.iter().copied()).collect();
        let figures = OpenLoopFigures::of(pairs.iter().copied());
        Self {
            name: name.into(),
            mae_per_m: figures.mae_per_m(),
            rmse_per_m: figures.rmse_per_m(),
            bias_per_m: figures.bias_per_m(),
            curvature_weighted_mae_per_m: figures.curvature_weighted_mae_per_m(),
            r2: figures.r2(),
            skill_over_zero: figures.skill_over_zero(),
            correlation: correlation(&pairs),
            smoothed: SmoothedError::new(series),
            f1_left_straight_right: figures.f1(),
            macro_f1: figures.macro_f1(),
            by_curvature: figures.by_curvature(),
        }
    }
}
