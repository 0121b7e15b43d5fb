//! Columns of times: their unit, times of day across midnight, and times that are coarser than the camera.

use crate::model::civil_time::time_ms;
use crate::model::steering_name::words;

const DAY_MS: f64 = 86_400_000.0;

/// Unix times of 2001 to 2100, in seconds.
const UNIX_SECS: std::ops::Range<f64> = 1e9..4.1e9;

/// Steps of a camera, in milliseconds, as far as a unit in a column's name is believed.
const STEPS_MS: std::ops::Range<f64> = 0.5..60_000.0;

/// Steps that a driving camera usually takes, in milliseconds.
const USUAL_STEPS_MS: std::ops::Range<f64> = 2.0..2000.0;

/// A capture time as a table has it: a date in milliseconds, or a number of a unit that shows only over the whole column.
pub(crate) fn raw_time(field: &str) -> Option<f64> {
    let number = || field.parse().ok().filter(|number: &f64| number.is_finite());
    if is_date(field) { time_ms(field) } else { number() }
}

/// True for a date, or a time of day. Digits alone are one only where they are a whole date: `20240301120055`.
pub(crate) fn is_date(field: &str) -> bool {
    let is_plain = field.parse::<f64>().is_ok();
    let digits = field.split('.').next().unwrap_or_default();
    let may_be_date = !is_plain || matches!(digits.len(), 14 | 17 | 20);
    may_be_date && time_ms(field).is_some()
}

/// Brings the raw times of a column to milliseconds. Dates are in them already; of numbers the unit shows in the column's
/// name, in their size if they are Unix times, or else in their steps.
pub(crate) fn in_millis(raw_times: &mut [f64], are_dates: bool, column: &str) {
    let millis = match are_dates {
        true => {
            across_midnight(raw_times);
            1.0
        }
        false => {
            let stated = [millis_by_name(raw_times, column), millis_of_unix_times(raw_times)];
            let step = median_step(raw_times);
            let is_usual = |millis: &&f64| step.is_some_and(|step| USUAL_STEPS_MS.contains(&(step * **millis)));
            let usual = stated.iter().flatten().find(is_usual).copied();
            usual.or(stated[0]).or(stated[1]).unwrap_or_else(|| millis_per_unit(raw_times))
        }
    };
    spread_coarse(raw_times);
    raw_times.iter_mut().for_each(|time| *time *= millis);
}

/// Brings times that should be milliseconds to them, where they are Unix times of another unit.
pub(crate) fn rescale_unix_times(times_ms: &mut [f64]) {
    let is_usual = |step: f64| USUAL_STEPS_MS.contains(&step);
    let Some(step) = median_step(times_ms).filter(|&step| !is_usual(step)) else { return };
    if let Some(millis) = millis_of_unix_times(times_ms).filter(|millis| is_usual(step * millis)) {
        times_ms.iter_mut().for_each(|time| *time *= millis);
    }
}

/// Times of day go on after midnight.
fn across_midnight(times_ms: &mut [f64]) {
    if times_ms.iter().any(|&time| time >= DAY_MS) {
        return;
    }
    let (mut days_ms, mut last) = (0.0, f64::NAN);
    for time in times_ms {
        if *time < last - DAY_MS / 2.0 {
            days_ms += DAY_MS;
        }
        last = *time;
        *time += days_ms;
    }
}

/// The unit in a column's name, as in `stamp_ns`, `time [s]` and `timeMs`, where it makes a camera's steps.
fn millis_by_name(raw_times: &[f64], column: &str) -> Option<f64> {
    let unit = |word: &str| {
        Some(match word {
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "ms" | "msec" | "msecs" | "millis" | "millisec" | "milliseconds" => 1.0,
            "us" | "usec" | "usecs" | "micros" | "microsec" | "microseconds" => 1e-3,
            "ns" | "nsec" | "nsecs" | "nanos" | "nanosec" | "nanoseconds" => 1e-6,
            _ => return None,
        })
    };
    let millis = words(column).iter().rev().find_map(|word| unit(word))?;
    let step = median_step(raw_times)?;
    STEPS_MS.contains(&(step * millis)).then_some(millis)
}

fn millis_of_unix_times(raw_times: &[f64]) -> Option<f64> {
    let all_are = |millis: f64| {
        let mut finite = raw_times.iter().filter(|time| time.is_finite()).peekable();
        finite.peek().is_some() && finite.all(|time| UNIX_SECS.contains(&(time * millis / 1e3)))
    };
    [1e3, 1.0, 1e-3, 1e-6].into_iter().find(|&millis| all_are(millis))
}

/// Milliseconds in one unit of a column of times. Cameras take 1 to 200 pictures a second, so that seconds, milli-,
/// micro- and nanoseconds can be told apart by the median step.
fn millis_per_unit(raw_times: &[f64]) -> f64 {
    match median_step(raw_times) {
        Some(step) if step < 2.0 => 1e3,
        Some(step) if step < 2e3 => 1.0,
        Some(step) if step < 2e6 => 1e-3,
        Some(_) => 1e-6,
        None => 1e3,
    }
}

/// The median of the steps that are none of 0; of two middle ones the lower, since gaps are longer than steps.
fn median_step(raw_times: &[f64]) -> Option<f64> {
    let mut in_order: Vec<f64> = raw_times.iter().copied().filter(|time| time.is_finite()).collect();
    in_order.sort_by(f64::total_cmp);
    let steps = in_order.windows(2).map(|pair| pair[1] - pair[0]);
    let mut steps: Vec<f64> = steps.filter(|&step| step > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len().saturating_sub(1) / 2).copied()
}

/// Spreads rows whose times are coarser than the camera's steps, such as whole seconds at 20 Hz, evenly up to the next
/// time. Times that mostly differ are left alone, and so are those that do not increase.
fn spread_coarse(raw_times: &mut [f64]) {
    let repeats = raw_times.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let is_increasing = raw_times.windows(2).all(|pair| pair[0] <= pair[1]);
    if 2 * repeats <= raw_times.len() || !is_increasing {
        return;
    }
    let runs: Vec<(f64, usize)> =
        raw_times.chunk_by(|a, b| a == b).map(|run| (run.first().copied().unwrap_or_default(), run.len())).collect();
    // The recording may begin and end in the middle of a time: the fullest run tells the step.
    let steps = runs.windows(2).map(|pair| (pair[1].0 - pair[0].0) / pair[0].1 as f64);
    let Some(usual_step) = steps.reduce(f64::min) else { return };
    let mut spread = Vec::with_capacity(raw_times.len());
    for (number, &(time, len)) in runs.iter().enumerate() {
        let next = runs.get(number + 1).map(|(next, _)| *next);
        let step = next.map_or(usual_step, |next| usual_step.max((next - time) / len as f64));
        let row = |i: usize| match next {
            Some(next) if number == 0 => next - usual_step * (len - i) as f64,
            // No gap is filled: its rows follow each other as all others do.
            _ => time + i as f64 * step.min(2.0 * usual_step),
        };
        spread.extend((0..len).map(row));
    }
    raw_times.copy_from_slice(&spread);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_time_column_shows_in_its_steps() {
        for (step, millis) in [(0.05, 1e3), (50.0, 1.0), (50_000.0, 1e-3), (50_000_000.0, 1e-6)] {
            let raw: Vec<f64> = (0..5).map(|i| 1e6 + step * f64::from(i)).collect();
            assert_eq!(millis_per_unit(&raw), millis, "step {step}");
        }
        assert_eq!(millis_per_unit(&[7.0]), 1e3);
    }

    /// Times of four rows in milliseconds since the first.
    fn millis(column: &str, raw: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut times = [0.0, 1.0, 2.0, 3.0].map(raw);
        in_millis(&mut times, false, column);
        times.iter().map(|time| (time - times[0]).round()).collect()
    }

    #[test]
    fn the_unit_of_a_time_column_shows_in_its_name_and_in_unix_times() {
        // A picture each three seconds: steps alone would make milliseconds of seconds.
        assert_eq!(millis("time", |i| 1.7e9 + 3.0 * i), [0.0, 3000.0, 6000.0, 9000.0]);
        assert_eq!(millis("stamp", |i| 1.7e18 + 1e8 * i), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!(millis("time [s]", |i| 3.0 * i), [0.0, 3000.0, 6000.0, 9000.0]);
        assert_eq!(millis("timestampUs", |i| 1500.0 * i), [0.0, 2.0, 3.0, 5.0], "microseconds of a fast camera");
        // A name that cannot be right does not count: steps of 50 s.
        assert_eq!(millis("seconds", |i| 1e5 * i), [0.0, 100.0, 200.0, 300.0]);
    }

    #[test]
    fn times_of_day_go_on_after_midnight() {
        let mut times = ["23:59:59.9", "23:59:59.95", "00:00:00.0", "00:00:00.05"].map(|text| raw_time(text).unwrap());
        in_millis(&mut times, true, "time");
        assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 50.0).abs() < 1e-6), "{times:?}");
    }

    #[test]
    fn rows_of_whole_seconds_are_spread_over_them() {
        // 20 Hz from the middle of second 100 on, to the middle of second 103.
        let mut times: Vec<f64> = (0..60).map(|i| f64::floor(100.5 + 0.05 * f64::from(i) + 1e-9)).collect();
        spread_coarse(&mut times);
        for (i, time) in times.iter().enumerate() {
            let expected = 100.5 + 0.05 * i as f64;
            assert!((time - expected).abs() < 1e-6, "row {i}: {time}, expected {expected}");
        }
        let mut fine = [0.0, 0.05, 0.05, 0.1];
        spread_coarse(&mut fine);
        assert_eq!(fine, [0.0, 0.05, 0.05, 0.1]);
    }
}
