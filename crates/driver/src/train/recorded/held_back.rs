//! How well a policy steers on recorded drives that it was not trained on.

use serde::{Deserialize, Serialize};

/// Open-loop figures on what was held back. Squared errors are against always straight on: 1 is perfect, 0 no better
/// than that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldBack {
    /// Frames compared.
    pub frames: usize,
    /// Mean squared error in (15/m)², the unit of the loss.
    pub mse: f64,
    /// That of always straight on.
    pub predict_zero: f64,
    /// Share of the squared error of always straight on that is gone.
    pub r2_over_zero: f64,
    /// Correlation with the steering.
    pub correlation: f64,
    /// The same two against the smoothed steering.
    pub smoothed_r2_over_zero: f64,
    /// Correlation with it.
    pub smoothed_correlation: f64,
}

/// One frame: what the policy steered, what was recorded, and that smoothed, in 15/m.
pub(in crate::train) type Compared = [f64; 3];

impl HeldBack {
    /// The figures of some frames.
    pub(in crate::train) fn new(frames: &[Compared]) -> Self {
        let count = frames.len().max(1) as f64;
        let mean = |term: &dyn Fn(&Compared) -> f64| frames.iter().map(term).sum::<f64>() / count;
        let error = |label: usize| mean(&|frame| (frame[0] - frame[label]).powi(2));
        let square = |label: usize| mean(&|frame| frame[label].powi(2));
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let r2 = |label: usize| 1.0 - ratio(error(label), square(label));
        let correlation = |label: usize| {
            let [p, y] = [mean(&|frame| frame[0]), mean(&|frame| frame[label])];
            let [pp, yy] = [mean(&|frame| (frame[0] - p).powi(2)), mean(&|frame| (frame[label] - y).powi(2))];
            ratio(mean(&|frame| (frame[0] - p) * (frame[label] - y)), (pp * yy).sqrt())
        };
        Self {
            frames: frames.len(),
            mse: error(1),
            predict_zero: square(1),
            r2_over_zero: r2(1),
            correlation: correlation(1),
            smoothed_r2_over_zero: r2(2),
            smoothed_correlation: correlation(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_numpy() {
        // numpy 2, p = [1, 2, 0], y = [2, 2, -1]: ((p-y)**2).mean(), (y**2).mean(), 1 - their ratio, corrcoef.
        let held_back = HeldBack::new(&[[1.0, 2.0, 1.0], [2.0, 2.0, 2.0], [0.0, -1.0, 0.0]]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(near(held_back.mse, 0.666_667) && near(held_back.predict_zero, 3.0));
        assert!(near(held_back.r2_over_zero, 0.777_778) && near(held_back.correlation, 0.866_025));
        assert!(near(held_back.smoothed_r2_over_zero, 1.0) && near(held_back.smoothed_correlation, 1.0));
    }

    #[test]
    fn straight_roads_alone_have_nothing_to_explain() {
        let straight = HeldBack::new(&[[0.0, 0.0, 0.0]; 3]);
        assert_eq!((straight.r2_over_zero, straight.correlation), (1.0, 0.0));
    }
}
