//! How much later a command comes than the human's: policies that look ahead differently, and cameras and steering on
//! clocks of their own, shift the two against each other.

use super::comparison::{Comparison, Training};
use lane_statistics::correlation::pearson;

/// Longest shift tried, to either side.
const LONGEST_SECS: f64 = 2.0;

/// The shift at which command and label go together best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lag {
    /// Positive where the command comes later than the label.
    pub secs: f64,
    /// Correlation at this shift.
    pub correlation: f64,
}

/// The best of all shifts by whole frames, within drives; of equally good ones the shortest. `None` where command or
/// label never changes.
pub(super) fn best_lag(training: &Training, comparison: &Comparison) -> Option<Lag> {
    let longest = (LONGEST_SECS / comparison.step_secs).round() as isize;
    let mut shifts: Vec<isize> = (-longest..=longest).collect();
    shifts.sort_by_key(|shift| (shift.abs(), *shift));
    let correlated = shifts.into_iter().filter_map(|shift| {
        let correlation = correlation(training, comparison, shift)?;
        Some(Lag { secs: shift as f64 * comparison.step_secs, correlation })
    });
    correlated.reduce(|best, next| if next.correlation > best.correlation { next } else { best })
}

/// Correlation of each label with the command so many frames later.
fn correlation(training: &Training, comparison: &Comparison, shift: isize) -> Option<f64> {
    let (mut commanded, mut recorded) = (Vec::new(), Vec::new());
    for drive in &comparison.drives {
        // Places of labels whose command lies in the same drive.
        let first = drive.start.max(drive.start.saturating_add_signed(-shift));
        let end = drive.end.min(drive.end.saturating_add_signed(-shift));
        for at in first..end {
            recorded.push(comparison.recorded[at]);
            commanded.push(training.commanded[at.saturating_add_signed(shift)]);
        }
    }
    pearson(&commanded, &recorded)
}
