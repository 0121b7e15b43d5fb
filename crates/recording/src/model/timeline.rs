//! Recorded times made into one time line that only increases, and the drives it falls into.

use std::fmt;
use std::ops::Range;

/// A longer step means that recording stopped in between: frames come 10 to 20 times a second in every recording seen.
pub(crate) const LONGEST_STEP_MS: f64 = 1000.0;

/// A shorter step is a repeated time that was rounded in another way.
const SHORTEST_STEP_MS: f64 = 1e-3;

/// A shorter median step is no camera's: such times were written when the recording was converted (3 ms in
/// donkeycar's own test tub), not when it was driven.
const SHORTEST_MEDIAN_STEP_MS: f64 = 10.0;

/// The kind of times that a reader hands over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Clock {
    /// Capture times.
    Recorded {
        /// The step of the format's recorders, where these times turn out to be none of a camera's.
        usual_step_ms: f64,
    },
    /// The format has no times: frames counted off at its usual step.
    Counted {
        /// That step.
        step_ms: f64,
    },
}

/// The source of a recording's times.
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
    /// The rate at which frames follow is the user's.
    Given {
        /// The step that the rate makes.
        step_ms: f64,
    },
}

/// A place where the recording stopped and went on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The first entry after it.
    pub index: usize,
    /// Seconds from the entry before it to that one; negative where time runs backwards.
    pub secs: f64,
}

impl Timing {
    /// Milliseconds from one frame to the next, as a rule.
    pub fn step_ms(self) -> f64 {
        match self {
            Self::Recorded { step_ms } | Self::Assumed { step_ms } | Self::Given { step_ms } => step_ms,
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded { step_ms } => write!(f, "{step_ms:.0} ms steps as recorded"),
            Self::Assumed { step_ms } => write!(f, "{step_ms:.0} ms steps assumed"),
            Self::Given { step_ms } => write!(f, "{step_ms:.0} ms steps as told"),
        }
    }
}

/// Times and drives of all rows, in their order.
pub(crate) struct Timeline {
    /// Seconds since the first row, strictly increasing.
    pub times_secs: Vec<f64>,
    pub drives: Vec<Range<usize>>,
    pub gaps: Vec<Gap>,
    pub timing: Timing,
}

/// When a row was recorded, and whether its recording says that a drive begins with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant {
    pub recorded_ms: f64,
    pub starts_drive: bool,
}

/// Lays recorded times out on one line from 0. A step of more than 1 s or backwards starts a new drive and is closed
/// to one median step; a repeated time becomes one median step within its drive, so that no frame takes no time.
///
/// Milliseconds up to here, because the formats hold whole ones: their sums and differences are exact.
pub(crate) fn lay_out(instants: &[Instant], clock: Clock, rate_hz: Option<f64>) -> Timeline {
    let steps_ms: Vec<f64> = instants.windows(2).map(|pair| pair[1].recorded_ms - pair[0].recorded_ms).collect();
    let timing = timing(&steps_ms, clock, rate_hz);
    let mut timeline = Timeline { times_secs: Vec::new(), drives: Vec::new(), gaps: Vec::new(), timing };
    let mut starts = vec![0];
    let mut time_ms = 0.0;
    timeline.times_secs.extend(instants.first().map(|_| 0.0));
    for (index, (&step_ms, instant)) in (1..).zip(steps_ms.iter().zip(&instants[1..])) {
        let is_gap = !(0.0..=LONGEST_STEP_MS).contains(&step_ms);
        if is_gap {
            timeline.gaps.push(Gap { index, secs: step_ms / 1e3 });
        }
        if is_gap || instant.starts_drive {
            starts.push(index);
        }
        time_ms += step_on_line_ms(step_ms, timing, clock);
        timeline.times_secs.push(time_ms / 1e3);
    }
    timeline.drives = ranges(&starts, instants.len());
    timeline
}

/// The part of a recorded step that the time line keeps.
fn step_on_line_ms(step_ms: f64, timing: Timing, clock: Clock) -> f64 {
    match (timing, clock) {
        _ if !is_within_drive(step_ms) => timing.step_ms(),
        (Timing::Recorded { .. }, _) => step_ms,
        // Several counts lie between entries where some are left out.
        (
            Timing::Assumed { step_ms: one_ms } | Timing::Given { step_ms: one_ms },
            Clock::Counted { step_ms: counted },
        ) => (step_ms / counted).round().max(1.0) * one_ms,
        (Timing::Assumed { step_ms: one_ms } | Timing::Given { step_ms: one_ms }, Clock::Recorded { .. }) => one_ms,
    }
}

fn is_within_drive(step_ms: f64) -> bool {
    (SHORTEST_STEP_MS..=LONGEST_STEP_MS).contains(&step_ms)
}

/// The user's word counts; else the median step decides whether the recorded times are capture times.
fn timing(steps_ms: &[f64], clock: Clock, rate_hz: Option<f64>) -> Timing {
    if let Some(rate_hz) = rate_hz {
        return Timing::Given { step_ms: 1e3 / rate_hz };
    }
    let usual_step_ms = match clock {
        Clock::Counted { step_ms } => return Timing::Assumed { step_ms },
        Clock::Recorded { usual_step_ms } => usual_step_ms,
    };
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

    fn instants(recorded_ms: &[f64]) -> Vec<Instant> {
        recorded_ms.iter().map(|&recorded_ms| Instant { recorded_ms, starts_drive: false }).collect()
    }

    fn lay_out(recorded_ms: &[f64], usual_step_ms: f64) -> Timeline {
        super::lay_out(&instants(recorded_ms), Clock::Recorded { usual_step_ms }, None)
    }

    #[test]
    fn a_gap_starts_a_drive_and_is_closed_to_one_median_step() {
        let timeline = lay_out(&[100_000.0, 100_100.0, 100_200.0, 726_200.0, 726_300.0], 70.0);
        assert_eq!(timeline.drives, [0..3, 3..5]);
        assert_eq!(timeline.gaps, [Gap { index: 3, secs: 626.0 }]);
        assert_eq!(timeline.times_secs, [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn time_that_runs_backwards_starts_a_drive() {
        let timeline = lay_out(&[5_000_000.0, 5_000_050.0, 2_858_000.0, 2_858_050.0], 50.0);
        assert_eq!(timeline.drives, [0..2, 2..4]);
        assert_eq!(timeline.gaps, [Gap { index: 2, secs: -2142.05 }]);
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
    fn a_given_rate_replaces_recorded_times_and_keeps_the_drives() {
        let timeline = super::lay_out(
            &instants(&[0.0, 3.0, 6.0, 90_000.0, 90_003.0]),
            Clock::Recorded { usual_step_ms: 50.0 },
            Some(10.0),
        );
        assert_eq!(timeline.times_secs, [0.0, 0.1, 0.2, 0.3, 0.4]);
        assert_eq!((timeline.timing, timeline.drives.len()), (Timing::Given { step_ms: 100.0 }, 2));
    }

    #[test]
    fn counted_frames_keep_the_time_of_those_left_out() {
        let clock = Clock::Counted { step_ms: 50.0 };
        let counted = instants(&[0.0, 50.0, 200.0, 2000.0]);
        let timeline = super::lay_out(&counted, clock, None);
        assert_eq!(timeline.timing, Timing::Assumed { step_ms: 50.0 });
        assert_eq!(timeline.times_secs, [0.0, 0.05, 0.2, 0.25]);
        assert_eq!(timeline.drives, [0..3, 3..4], "36 frames left out in a row are a gap");
        assert_eq!(super::lay_out(&counted, clock, Some(10.0)).times_secs, [0.0, 0.1, 0.4, 0.5]);
    }

    #[test]
    fn a_drive_starts_where_the_recording_says_so() {
        let mut instants = instants(&[0.0, 50.0, 100.0]);
        instants[1].starts_drive = true;
        let timeline = super::lay_out(&instants, Clock::Recorded { usual_step_ms: 50.0 }, None);
        assert_eq!((timeline.drives, timeline.gaps), (vec![0..1, 1..3], vec![]));
        assert_eq!(timeline.times_secs, [0.0, 0.05, 0.1]);
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
