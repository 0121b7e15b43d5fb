//! The order of rows by their times, and what stands for times that are not there.

use std::ops::Range;

use crate::model::entry::Row;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::{Clock, LONGEST_STEP_MS};

/// Rows between two that run backwards, on average: below that they were shuffled, and the order of the file tells nothing
/// of the camera's step.
const SHORTEST_RUN: usize = 10;

/// A shorter step than this share of the usual one is not the camera's: rows of two drives lie between one another.
const SHORT_STEP: f64 = 0.7;

/// The outcome of [`arrange`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// Rows that stood behind a later one and were put in the order of their times.
    pub moved: usize,
    /// True where most rows have no time, and all are counted off.
    pub is_counted: bool,
}

/// Puts rows in the order of their times where that makes fewer breaks and no rows come to lie between others of another
/// drive, and counts rows off where most have no time. With a rate of the user's the order stays, and rows without a time
/// are counted on from the one before; without it those few are left out.
pub(crate) fn arrange(rows: &mut Vec<Row>, clock: &mut Clock, has_rate: bool, skipped: &mut Skipped) -> Arrangement {
    let Clock::Recorded { usual_step_ms } = *clock else {
        return Arrangement { moved: arrange_counted(rows, *clock, has_rate), is_counted: false };
    };
    let untimed = rows.iter().filter(|row| !row.recorded_ms.is_finite()).count();
    if untimed > 0 && 2 * untimed >= rows.len() {
        count_off(rows, usual_step_ms);
        *clock = Clock::Counted { step_ms: usual_step_ms };
        return Arrangement { moved: 0, is_counted: true };
    }
    if has_rate {
        count_on(rows, usual_step_ms);
        return Arrangement::default();
    }
    rows.retain(|row| row.recorded_ms.is_finite());
    if untimed > 0 {
        *skipped.entry(SkipReason::NoTime).or_default() += untimed;
    }
    let moved = segments(rows).into_iter().map(|segment| sort(&mut rows[segment])).sum();
    Arrangement { moved, is_counted: false }
}

/// Rows without times stand by their counts, as pictures by the numbers in their names; says how many stood behind a later one.
fn arrange_counted(rows: &mut [Row], clock: Clock, has_rate: bool) -> usize {
    let Clock::Counted { step_ms } = clock else { return 0 };
    if !has_rate {
        return segments(rows).into_iter().map(|segment| sort(&mut rows[segment])).sum();
    }
    if rows.windows(2).any(|pair| pair[1].recorded_ms < pair[0].recorded_ms) {
        rows.iter_mut().enumerate().for_each(|(position, row)| row.recorded_ms = position as f64 * step_ms);
    }
    0
}

/// Gives rows the times of their numbers, which keep the time of those left out, or else of their places.
fn count_off(rows: &mut [Row], step_ms: f64) {
    let is_numbered = rows
        .windows(2)
        .all(|pair| pair[0].place.file == pair[1].place.file && pair[0].place.number < pair[1].place.number);
    for (position, row) in rows.iter_mut().enumerate() {
        row.recorded_ms = step_ms * if is_numbered { row.place.number } else { position } as f64;
    }
}

/// Gives rows without a time that of the row before and one step more.
fn count_on(rows: &mut [Row], step_ms: f64) {
    let first = rows.iter().map(|row| row.recorded_ms).find(|time| time.is_finite()).unwrap_or(0.0);
    let mut last_ms = first - step_ms;
    for row in rows {
        if !row.recorded_ms.is_finite() {
            row.recorded_ms = last_ms + step_ms;
        }
        last_ms = row.recorded_ms;
    }
}

/// The stretches between the rows of which the recording says that a drive begins: each may have a clock of its own.
fn segments(rows: &[Row]) -> Vec<Range<usize>> {
    let starts: Vec<usize> = (0..rows.len()).filter(|&i| i == 0 || rows[i].starts_drive).collect();
    let ends = starts.iter().skip(1).copied().chain([rows.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Sorts the rows of a segment if their order is that of a file and not of drives; says how many stood behind a later one.
fn sort(rows: &mut [Row]) -> usize {
    let recorded: Vec<f64> = rows.iter().map(|row| row.recorded_ms).collect();
    let backward = recorded.windows(2).filter(|pair| pair[1] < pair[0]).count();
    // A handful of rows is no evidence.
    if backward == 0 || rows.len() < SHORTEST_RUN {
        return 0;
    }
    let mut sorted = recorded.clone();
    sorted.sort_by(f64::total_cmp);
    let tells_step = recorded.len() >= SHORTEST_RUN * (backward + 1);
    let Some(usual_ms) = usual_step(if tells_step { &recorded } else { &sorted }) else { return 0 };
    let short = |times: &[f64]| steps(times).filter(|step| (0.0..SHORT_STEP * usual_ms).contains(step)).count();
    let (breaks_before, breaks_after) = (breaks(&recorded), breaks(&sorted));
    if breaks_after >= breaks_before || short(&sorted) > short(&recorded) + 2 * breaks_before {
        return 0;
    }
    let starts_drive = rows.first().is_some_and(|row| row.starts_drive);
    rows.sort_by(|a, b| a.recorded_ms.total_cmp(&b.recorded_ms));
    for (position, row) in rows.iter_mut().enumerate() {
        row.starts_drive = position == 0 && starts_drive;
    }
    backward
}

fn steps(times: &[f64]) -> impl Iterator<Item = f64> {
    times.windows(2).map(|pair| pair[1] - pair[0])
}

/// The median of the steps that a camera may take.
fn usual_step(times: &[f64]) -> Option<f64> {
    let mut within: Vec<f64> = steps(times).filter(|&step| step > 0.0 && step <= LONGEST_STEP_MS).collect();
    within.sort_by(f64::total_cmp);
    within.get(within.len() / 2).copied()
}

fn breaks(times: &[f64]) -> usize {
    steps(times).filter(|step| !(0.0..=LONGEST_STEP_MS).contains(step)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entry::Place;
    use crate::model::pictures::PictureRef;

    fn rows(times_ms: &[f64]) -> Vec<Row> {
        let file = "labels.csv".into();
        let row = |(number, &recorded_ms): (usize, &f64)| Row {
            recorded_ms,
            value: None,
            speed_mps: None,
            place: Place::line(&file, number),
            picture: PictureRef::File(String::new()),
            starts_drive: false,
            steered_by: None,
        };
        times_ms.iter().enumerate().map(row).collect()
    }

    /// Rows moved, and the times as they come.
    fn arranged(times_ms: &[f64]) -> (usize, Vec<f64>) {
        let mut rows = rows(times_ms);
        let mut clock = Clock::Recorded { usual_step_ms: 50.0 };
        let Arrangement { moved, .. } = arrange(&mut rows, &mut clock, false, &mut Skipped::new());
        (moved, rows.iter().map(|row| row.recorded_ms).collect())
    }

    fn regular(from: usize, count: usize) -> Vec<f64> {
        (from..from + count).map(|i| 50.0 * i as f64).collect()
    }

    #[test]
    fn shuffled_reversed_and_late_rows_come_in_the_order_of_their_times() {
        let right = regular(0, 40);
        let shuffled: Vec<f64> = (0..40).map(|i| right[i * 7 % 40]).collect();
        let reversed: Vec<f64> = right.iter().rev().copied().collect();
        let mut late = right.clone();
        late[10..25].rotate_left(1);
        let blocks = [&right[20..30], &right[..10], &right[30..], &right[10..20]].concat();
        for times in [shuffled, reversed, late, blocks] {
            let (moved, sorted) = arranged(&times);
            assert!(moved > 0 && sorted == right, "{times:?} became {sorted:?}");
        }
    }

    #[test]
    fn drives_stay_in_the_order_of_the_file() {
        // The clock begins anew; a later drive stands first; the clock was put back by half a second.
        for (first, second) in
            [(regular(0, 30), regular(0, 30)), (regular(400, 30), regular(0, 30)), (regular(0, 30), regular(20, 30))]
        {
            let times = [first, second].concat();
            assert_eq!(arranged(&times), (0, times.clone()));
        }
    }

    #[test]
    fn rows_without_any_time_are_counted_off_and_a_few_are_left_out() {
        let none = f64::NAN;
        let (mut all, mut clock, mut skipped) =
            (rows(&[none, none, none, 7.0]), Clock::Recorded { usual_step_ms: 50.0 }, Skipped::new());
        assert!(arrange(&mut all, &mut clock, false, &mut skipped).is_counted);
        assert_eq!((clock, all[3].recorded_ms, skipped.len()), (Clock::Counted { step_ms: 50.0 }, 150.0, 0));
        let (mut few, mut clock) = (rows(&[0.0, none, 100.0]), Clock::Recorded { usual_step_ms: 50.0 });
        arrange(&mut few, &mut clock, false, &mut skipped);
        assert_eq!((few.len(), skipped), (2, [(SkipReason::NoTime, 1)].into()));
    }

    #[test]
    fn with_a_rate_rows_without_a_time_stay_where_they_are() {
        let (mut some, mut clock) = (rows(&[0.0, f64::NAN, 100.0]), Clock::Recorded { usual_step_ms: 50.0 });
        arrange(&mut some, &mut clock, true, &mut Skipped::new());
        assert_eq!(some.iter().map(|row| row.recorded_ms).collect::<Vec<_>>(), [0.0, 50.0, 100.0]);
    }
}
