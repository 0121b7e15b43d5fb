//! How far commands are from labels, in sums that can be pooled over recordings.

use lane_sim::WHEELBASE_M;
use serde::{Deserialize, Serialize};

/// Up to this is straight: 0.02 rad at the front wheels, as curvature 0.0074/m, a radius of 135 m. Osiński et al. 2019
/// (arXiv 1911.12905, appendix), whose average F1 this is, take 0.02 rad of the steering wheel, which nearly every road
/// bends by: figures of the two do not compare.
pub const TURN_PER_M: f64 = 0.02 / WHEELBASE_M;

/// Where the bins of the label's |curvature| begin, in 1/m: straight, then radii below 500, 200, 100, 50 and 20 m.
const BIN_STARTS_PER_M: [f64; 6] = [0.0, 0.002, 0.005, 0.01, 0.02, 0.05];

/// Sums over pairs of what a predictor commanded and what the label says, both path curvatures in 1/m, left positive.
/// Figures of nothing are `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenLoopFigures {
    bins: [ErrorSums; BIN_STARTS_PER_M.len()],
    label_mean_per_m: f64,
    /// Squares of the label less its mean.
    label_square_sum: f64,
    label_abs_sum: f64,
    /// |label| · |error|.
    weighted_abs_error_sum: f64,
    /// Counts by label and command: left, straight, right.
    turns: [[u64; 3]; 3],
}

/// Errors of one bin: command less label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct ErrorSums {
    frames: u64,
    error: f64,
    abs: f64,
    square: f64,
}

/// Errors where the road bends by so much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvatureBin {
    /// Least |curvature| of the label.
    pub from_per_m: f64,
    /// The next bin's; `None` for the last.
    pub to_per_m: Option<f64>,
    /// Frames.
    pub frames: u64,
    /// Mean absolute error.
    pub mae_per_m: f64,
    /// Root mean squared error.
    pub rmse_per_m: f64,
    /// Mean error: command less label.
    pub bias_per_m: f64,
}

impl OpenLoopFigures {
    /// Of pairs (commanded, label), all of them numbers.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut figures = Self::default();
        pairs.into_iter().for_each(|(commanded, label)| figures.add(&Self::of_one(commanded, label)));
        figures
    }

    fn of_one(commanded: f64, label: f64) -> Self {
        let error = commanded - label;
        let bin = BIN_STARTS_PER_M.iter().rposition(|start| label.abs() >= *start).unwrap_or(0);
        let mut figures = Self {
            label_mean_per_m: label,
            label_abs_sum: label.abs(),
            weighted_abs_error_sum: label.abs() * error.abs(),
            ..Self::default()
        };
        figures.bins[bin] = ErrorSums { frames: 1, error, abs: error.abs(), square: error * error };
        figures.turns[turn(label)][turn(commanded)] = 1;
        figures
    }

    /// Adds those of other pairs.
    pub fn add(&mut self, other: &Self) {
        let (own, more) = (self.frames() as f64, other.frames() as f64);
        if more == 0.0 {
            return;
        }
        // Chan, Golub and LeVeque 1983: no cancellation where labels hardly vary about a large mean.
        let apart = other.label_mean_per_m - self.label_mean_per_m;
        self.label_mean_per_m += apart * more / (own + more);
        self.label_square_sum += other.label_square_sum + apart * apart * own * more / (own + more);
        self.label_abs_sum += other.label_abs_sum;
        self.weighted_abs_error_sum += other.weighted_abs_error_sum;
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, more)| bin.add(more));
        let turns = self.turns.as_flattened_mut().iter_mut();
        turns.zip(other.turns.as_flattened()).for_each(|(count, more)| *count += more);
    }

    /// Pairs.
    pub fn frames(&self) -> u64 {
        self.bins.iter().map(|bin| bin.frames).sum()
    }

    /// Mean absolute error.
    pub fn mae_per_m(&self) -> Option<f64> {
        self.all().mean(|sums| sums.abs)
    }

    /// Root mean squared error.
    pub fn rmse_per_m(&self) -> Option<f64> {
        self.all().mean(|sums| sums.square).map(f64::sqrt)
    }

    /// Mean error, command less label: positive where the predictor keeps too far left.
    pub fn bias_per_m(&self) -> Option<f64> {
        self.all().mean(|sums| sums.error)
    }

    /// Mean absolute error, every frame weighted by |curvature| of its label: bends count, straights hardly.
    pub fn curvature_weighted_mae_per_m(&self) -> Option<f64> {
        ratio(self.weighted_abs_error_sum, self.label_abs_sum)
    }

    /// R²: share of the label's variance explained; 0 for always commanding its mean, below 0 for worse.
    pub fn r2(&self) -> Option<f64> {
        ratio(self.all().square, self.label_square_sum).map(|left| 1.0 - left)
    }

    /// The same against always commanding straight on.
    pub fn skill_over_zero(&self) -> Option<f64> {
        let zero_square_sum = self.label_square_sum + self.frames() as f64 * self.label_mean_per_m.powi(2);
        ratio(self.all().square, zero_square_sum).map(|left| 1.0 - left)
    }

    /// F1 of telling left, straight and right by [`TURN_PER_M`]; `None` for a turn neither labelled nor commanded.
    pub fn f1(&self) -> [Option<f64>; 3] {
        std::array::from_fn(|turn| {
            let labelled: u64 = self.turns[turn].iter().sum();
            let commanded: u64 = self.turns.iter().map(|row| row[turn]).sum();
            ratio(2.0 * self.turns[turn][turn] as f64, (labelled + commanded) as f64)
        })
    }

    /// Mean F1 of the turns that have one.
    pub fn macro_f1(&self) -> Option<f64> {
        let known: Vec<f64> = self.f1().into_iter().flatten().collect();
        ratio(known.iter().sum(), known.len() as f64)
    }

    /// Errors by the label's |curvature|, bins without a frame left out.
    pub fn by_curvature(&self) -> Vec<CurvatureBin> {
        let bins = self.bins.iter().enumerate().filter_map(|(i, sums)| {
            Some(CurvatureBin {
                from_per_m: BIN_STARTS_PER_M[i],
                to_per_m: BIN_STARTS_PER_M.get(i + 1).copied(),
                frames: sums.frames,
                mae_per_m: sums.mean(|sums| sums.abs)?,
                rmse_per_m: sums.mean(|sums| sums.square)?.sqrt(),
                bias_per_m: sums.mean(|sums| sums.error)?,
            })
        });
        bins.collect()
    }

    fn all(&self) -> ErrorSums {
        let mut all = ErrorSums::default();
        self.bins.iter().for_each(|bin| all.add(bin));
        all
    }
}

impl ErrorSums {
    fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.error += other.error;
        self.abs += other.abs;
        self.square += other.square;
    }

    fn mean(&self, sum: impl Fn(&Self) -> f64) -> Option<f64> {
        ratio(sum(self), self.frames as f64)
    }
}

/// 0 for left, 1 for straight, 2 for right.
fn turn(curvature_per_m: f64) -> usize {
    if curvature_per_m > TURN_PER_M {
        0
    } else if curvature_per_m < -TURN_PER_M {
        2
    } else {
        1
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [f64; 6] = [0.0, 0.01, -0.02, 0.03, 0.001, -0.06];
    const COMMANDS: [f64; 6] = [0.001, 0.012, -0.005, 0.02, -0.002, -0.05];

    fn pairs() -> impl Iterator<Item = (f64, f64)> {
        COMMANDS.into_iter().zip(LABELS)
    }

    fn near(got: Option<f64>, expected: f64) -> bool {
        got.is_some_and(|got| (got - expected).abs() < 1e-9)
    }

    #[test]
    fn figures_are_those_of_numpy() {
        // numpy 2 on the same six pairs: e = COMMANDS - LABELS; abs(e).mean(), sqrt((e**2).mean()), e.mean(),
        // average(abs(e), weights=abs(LABELS)), 1 - (e**2).sum() / ((LABELS - LABELS.mean())**2).sum(),
        // and the last with LABELS alone.
        let figures = OpenLoopFigures::of(pairs());
        assert!(near(figures.mae_per_m(), 0.006_833_333_333) && near(figures.rmse_per_m(), 0.008_553_751_614));
        assert!(
            near(figures.bias_per_m(), 0.002_500_000_000)
                && near(figures.curvature_weighted_mae_per_m(), 0.010_107_438_017)
        );
        assert!(near(figures.r2(), 0.907_530_279_094) && near(figures.skill_over_zero(), 0.912_217_556_489));
    }

    #[test]
    fn turns_are_told_apart_at_two_hundredths_of_a_radian() {
        // Labels: straight, left, right, left, straight, right. The commands call the first right straight, too.
        let [left, straight, right] = OpenLoopFigures::of(pairs()).f1();
        assert!(near(left, 1.0) && near(straight, 0.8) && near(right, 2.0 / 3.0));
        assert!(near(OpenLoopFigures::of(pairs()).macro_f1(), (1.0 + 0.8 + 2.0 / 3.0) / 3.0));
        assert_eq!(OpenLoopFigures::of([(0.0, 0.0)]).f1(), [None, Some(1.0), None]);
    }

    #[test]
    fn errors_lie_in_the_bin_of_their_label() {
        let bins = OpenLoopFigures::of(pairs()).by_curvature();
        let frames: Vec<_> = bins.iter().map(|bin| (bin.from_per_m, bin.to_per_m, bin.frames)).collect();
        let expected = [(0.0, Some(0.002), 2), (0.01, Some(0.02), 1), (0.02, Some(0.05), 2), (0.05, None, 1)];
        assert_eq!(frames, expected);
        assert!(near(Some(bins[0].mae_per_m), 0.002) && near(Some(bins[0].bias_per_m), -0.001));
        assert!(near(Some(bins[3].rmse_per_m), 0.01));
    }

    #[test]
    fn recordings_pooled_are_one_recording_of_all_frames() {
        let mut pooled = OpenLoopFigures::of(pairs().take(2));
        pooled.add(&OpenLoopFigures::default());
        pooled.add(&OpenLoopFigures::of(pairs().skip(2)));
        let whole = OpenLoopFigures::of(pairs());
        assert!(near(pooled.r2(), whole.r2().unwrap()) && near(pooled.rmse_per_m(), whole.rmse_per_m().unwrap()));
        assert_eq!((pooled.frames(), pooled.f1()), (whole.frames(), whole.f1()));
        let value = serde_json::to_value(&whole).unwrap();
        assert_eq!(serde_json::from_value::<OpenLoopFigures>(value).unwrap(), whole);
    }

    #[test]
    fn always_the_mean_explains_nothing_and_always_straight_has_no_skill() {
        let mean = LABELS.iter().sum::<f64>() / LABELS.len() as f64;
        assert!(near(OpenLoopFigures::of(LABELS.map(|label| (mean, label))).r2(), 0.0));
        assert!(near(OpenLoopFigures::of(LABELS.map(|label| (0.0, label))).skill_over_zero(), 0.0));
        assert!(near(OpenLoopFigures::of(LABELS.map(|label| (label, label))).r2(), 1.0));
    }

    #[test]
    fn nothing_compared_has_no_figures_and_a_straight_road_no_variance_to_explain() {
        let nothing = OpenLoopFigures::of([]);
        assert_eq!((nothing.mae_per_m(), nothing.r2(), nothing.macro_f1()), (None, None, None));
        let straight = OpenLoopFigures::of([(0.1, 0.3), (0.2, 0.3), (0.3, 0.3)]);
        assert_eq!(straight.r2(), None);
        assert!(near(straight.mae_per_m(), 0.1));
    }
}
