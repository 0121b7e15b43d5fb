//! Recorded times made into one time line that only increases, and the drives it falls into.

use std::fmt;
use std::ops::Range;

use super::entry::{Entry, Row};

/// A longer step means that recording stopped in between: frames come 10 to 20 times a second in every recording seen.
const LONGEST_STEP_MS: f64 = 1000.0;

/// A shorter median step is no camera's: such times were written when the recording was converted (3 ms in
/// donkeycar's own test tub), not when it was driven.
const SHORTEST_MEDIAN_STEP_MS: f64 = 10.0;

/// Where the times of a recording come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Timing {
    /// From the recording.
    Recorded {
        /// Median step inside drives.
        step_ms: f64,
    },
    /// The recording has no capture times; frames are taken to follow at the format's usual rate.
    Assumed {
        /// The step taken.
        step_ms: f64,
    },
}

impl Timing {
    /// Milliseconds from one frame to the next, as a rule.
    pub fn step_ms(self) -> f64 {
        match self {
            Self::Recorded { step_ms } | Self::Assumed { step_ms } => step_ms,
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded { step_ms } => write!(f, "{step_ms:.0} ms steps as recorded"),
            Self::Assumed { step_ms } => write!(f, "{step_ms:.0} ms steps assumed"),
        }
    }
}

/// Times and drives of all rows, in their order.
pub(super) struct Timeline {
    /// Seconds since the first row, strictly increasing.
    pub times_secs: Vec<f64>,
    pub drives: Vec<Range<usize>>,
    pub timing: Timing,
}

impl Timeline {
    /// Gives each row its time.
    pub fn entries(&self, rows: Vec<Row>) -> Vec<Entry> {
        let timed = rows.into_iter().zip(&self.times_secs);
        timed
            .map(|(row, &time_secs)| Entry {
                time_secs,
                steering: row.steering,
                speed_mps: row.speed_mps,
                place: row.place,
                picture: row.picture,
            })
            .collect()
    }
}

/// Lays recorded times out on one line from 0. A step of more than 1 s or backwards starts a new drive and is closed
/// to one median step; a repeated time becomes one median step within its drive, so that no frame takes no time.
///
/// Milliseconds up to here, because the formats hold whole ones: their sums and differences are exact.
pub(super) fn lay_out(recorded_ms: &[f64], usual_step_ms: f64) -> Timeline {
    let steps_ms: Vec<f64> = recorded_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let timing = timing(&steps_ms, usual_step_ms);
    let mut times_secs = vec![0.0; recorded_ms.len().min(1)];
    let mut starts = vec![0];
    let mut time_ms = 0.0;
    for (i, &step_ms) in steps_ms.iter().enumerate() {
        if !(0.0..=LONGEST_STEP_MS).contains(&step_ms) {
            starts.push(i + 1);
        }
        time_ms += match timing {
            Timing::Recorded { .. } if is_within_drive(step_ms) => step_ms,
            _ => timing.step_ms(),
        };
        times_secs.push(time_ms / 1e3);
    }
    Timeline { drives: ranges(&starts, recorded_ms.len()), times_secs, timing }
}

fn is_within_drive(step_ms: f64) -> bool {
    step_ms > 0.0 && step_ms <= LONGEST_STEP_MS
}

/// Decides by the median step whether the recorded times are capture times.
fn timing(steps_ms: &[f64], usual_step_ms: f64) -> Timing {
    let mut steps: Vec<f64> = steps_ms.iter().copied().filter(|&step| is_within_drive(step)).collect();
    steps.sort_by(f64::total_cmp);
    match steps.get(steps.len() / 2) {
        Some(&step_ms) if step_ms >= SHORTEST_MEDIAN_STEP_MS => Timing::Recorded { step_ms },
        _ => Timing::Assumed { step_ms: usual_step_ms },
    }
}

fn ranges(starts: &[usize], len: usize) -> Vec<Range<usize>> {
    let ends = starts.iter().skip(1).copied().chain([len]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_starts_a_drive_and_is_closed_to_one_median_step() {
        let timeline = lay_out(&[100_000.0, 100_100.0, 100_200.0, 726_200.0, 726_300.0], 70.0);
        assert_eq!(timeline.drives, [0..3, 3..5]);
        assert_eq!(timeline.times_secs, [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn time_that_runs_backwards_starts_a_drive() {
        let timeline = lay_out(&[5_000_000.0, 5_000_050.0, 2_858_000.0, 2_858_050.0], 50.0);
        assert_eq!(timeline.drives, [0..2, 2..4]);
        assert_eq!(timeline.times_secs, [0.0, 0.05, 0.1, 0.15]);
    }

    #[test]
    fn a_step_of_exactly_one_second_stays_in_its_drive() {
        assert_eq!(lay_out(&[0.0, 1000.0, 1250.0], 50.0).drives.len(), 1);
        assert_eq!(lay_out(&[0.0, 1001.0, 1251.0], 50.0).drives.len(), 2);
    }

    #[test]
    fn a_repeated_time_takes_one_step_within_its_drive() {
        let timeline = lay_out(&[0.0, 100.0, 100.0, 200.0], 50.0);
        assert_eq!(timeline.drives.len(), 1);
        assert_eq!(timeline.times_secs, [0.0, 0.1, 0.2, 0.3]);
    }

    #[test]
    fn times_faster_than_any_camera_are_replaced_by_the_usual_step() {
        let timeline = lay_out(&[0.0, 3.0, 6.0, 9.0], 50.0);
        assert_eq!(timeline.timing, Timing::Assumed { step_ms: 50.0 });
        assert_eq!(timeline.times_secs, [0.0, 0.05, 0.1, 0.15]);
    }

    #[test]
    fn the_screen_text_says_whether_the_steps_are_recorded_or_assumed() {
        assert_eq!(Timing::Recorded { step_ms: 70.0 }.to_string(), "70 ms steps as recorded");
        assert_eq!(Timing::Assumed { step_ms: 50.0 }.to_string(), "50 ms steps assumed");
    }

    #[test]
    fn a_single_row_is_a_drive_of_its_own() {
        let timeline = lay_out(&[42.0], 50.0);
        assert_eq!(timeline.drives.len(), 1);
        assert_eq!(timeline.times_secs, [0.0]);
    }
}
