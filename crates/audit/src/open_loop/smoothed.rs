//! Figures against smoothed steering, with the delay that fits best: a keyboard's steering is a train of full presses,
//! which no policy can tell from pictures, and a human steers a moment before or after a policy would.

use lane_statistics::correlation::pearson;
use lane_statistics::smooth::moving_mean;
use serde::Serialize;
use std::ops::Range;

/// Seconds over which the recorded steering is averaged: what trainings on recordings take for keyboards.
const SMOOTH_SECS: f64 = 1.3;

/// Longest delay looked for, to either side, in s.
const LONGEST_DELAY_SECS: f64 = 1.0;

/// How near commands come to the smoothed steering: `None` where there is nothing to compare with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SmoothedError {
    /// Rows that the steering is averaged over.
    pub rows: usize,
    /// Share of the squared error of always commanding straight on that is gone.
    pub skill_over_zero: Option<f64>,
    /// Correlation of command and smoothed steering.
    pub correlation: Option<f64>,
    /// The time by which commands are late where they fit best, within 1 s; negative for early ones.
    pub best_delay_secs: f64,
    /// The share above at that delay.
    pub skill_at_best_delay: Option<f64>,
    /// The correlation at that delay.
    pub correlation_at_best_delay: Option<f64>,
}

/// What was recorded and what one predictor commanded, frame by frame, in 1/m.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series<'a> {
    pub recorded: &'a [f64],
    pub commanded: &'a [f64],
    /// Stretches of frames without a gap.
    pub runs: &'a [Range<usize>],
    /// Time from frame to frame.
    pub step_secs: f64,
}

impl SmoothedError {
    /// The figures of a series.
    pub(super) fn new(series: &Series<'_>) -> Self {
        let frames = |secs: f64| if series.step_secs > 0.0 { secs / series.step_secs } else { 0.0 };
        let half = ((frames(SMOOTH_SECS) - 1.0) / 2.0).round().max(0.0) as usize;
        let smoothed = moving_mean(series.recorded, series.runs, half);
        let most = frames(LONGEST_DELAY_SECS).floor() as isize;
        let at = |delay: isize| late_by(series, &smoothed, delay);
        let mut delays: Vec<isize> = (-most..=most).collect();
        // The smallest first, so that it is taken where several fit alike.
        delays.sort_by_key(|delay| delay.abs());
        let skill_at = |delay: isize| skill(&at(delay)).unwrap_or(f64::NEG_INFINITY);
        let best = delays.into_iter().fold((0, f64::NEG_INFINITY), |best, delay| {
            let skill = skill_at(delay);
            if skill > best.1 { (delay, skill) } else { best }
        });
        let (now, then) = (at(0), at(best.0));
        Self {
            rows: 2 * half + 1,
            skill_over_zero: skill(&now),
            correlation: correlation(&now),
            best_delay_secs: best.0 as f64 * series.step_secs,
            skill_at_best_delay: skill(&then),
            correlation_at_best_delay: correlation(&then),
        }
    }
}

/// Pairs of commanded and smoothed steering, the command so many frames behind it.
fn late_by(series: &Series<'_>, smoothed: &[f64], delay: isize) -> Vec<(f64, f64)> {
    let pairs = series.runs.iter().flat_map(|run| {
        run.clone().filter_map(|frame| {
            let behind = frame.checked_add_signed(delay).filter(|behind| run.contains(behind))?;
            Some((series.commanded[behind], smoothed[frame]))
        })
    });
    pairs.collect()
}

fn skill(pairs: &[(f64, f64)]) -> Option<f64> {
    let square: f64 = pairs.iter().map(|(_, label)| label * label).sum();
    let error: f64 = pairs.iter().map(|(commanded, label)| (commanded - label).powi(2)).sum();
    (square > 0.0).then(|| 1.0 - error / square)
}

/// Correlation of pairs; `None` where one side never changes.
pub(super) fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let (commanded, labels): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    pearson(&commanded, &labels)
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "runs are ranges")]
mod tests {
    use super::*;

    fn wave(frame: usize) -> f64 {
        (frame as f64 / 20.0).sin()
    }

    #[test]
    fn a_late_command_has_its_delay_found_and_fits_there() {
        let recorded: Vec<f64> = (0..400).map(wave).collect();
        let smoothed = moving_mean(&recorded, &[0..400], 6);
        let commanded: Vec<f64> = (0..400_usize).map(|frame| smoothed[frame.saturating_sub(4)]).collect();
        let series = Series { recorded: &recorded, commanded: &commanded, runs: &[0..400], step_secs: 0.1 };
        let error = SmoothedError::new(&series);
        assert_eq!(error.rows, 13);
        assert!((error.best_delay_secs - 0.4).abs() < 1e-9, "{error:?}");
        assert!(error.skill_at_best_delay.unwrap() > 0.9999 && error.skill_over_zero.unwrap() < 0.99, "{error:?}");
    }

    #[test]
    fn presses_of_a_key_hide_a_command_that_the_smoothed_steering_shows() {
        // One frame in five pressed fully, in bends of 100 frames to either side.
        let side = |frame: usize| if (frame / 100).is_multiple_of(2) { 1.0 } else { -1.0 };
        let recorded: Vec<f64> = (0..800).map(|frame| if frame % 5 == 0 { side(frame) } else { 0.0 }).collect();
        let commanded: Vec<f64> = (0..800).map(|frame| 0.2 * side(frame)).collect();
        let series = Series { recorded: &recorded, commanded: &commanded, runs: &[0..800], step_secs: 0.1 };
        let raw: Vec<(f64, f64)> = commanded.iter().copied().zip(recorded.iter().copied()).collect();
        let smoothed = SmoothedError::new(&series);
        assert!(skill(&raw).unwrap() < 0.25 && smoothed.skill_over_zero.unwrap() > 0.85, "{smoothed:?}");
    }

    #[test]
    fn nothing_is_compared_across_a_gap_and_nothing_with_nothing() {
        let (recorded, commanded) = ([1.0, 1.0, -1.0, -1.0], [0.0, 0.0, 0.0, 0.0]);
        let series = Series { recorded: &recorded, commanded: &commanded, runs: &[0..2, 2..4], step_secs: 0.1 };
        let error = SmoothedError::new(&series);
        assert_eq!((error.skill_over_zero, error.correlation), (Some(0.0), None));
        let none = Series { recorded: &[], commanded: &[], runs: &[], step_secs: 0.0 };
        assert_eq!(SmoothedError::new(&none).skill_over_zero, None);
    }
}
