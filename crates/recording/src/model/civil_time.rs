//! Dates and times of day as recordings write them, to milliseconds since 1970 by the recorder's own clock.

use std::ops::RangeInclusive;

/// A date of the Gregorian calendar and a time of that day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CivilTime {
    pub year: u32,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub millis: f64,
}

impl CivilTime {
    /// Milliseconds since 1970; `None` where it is no date or no time of day.
    pub fn millis_since_1970(self) -> Option<f64> {
        let Self { year, month, day, hour, minute, second, millis } = self;
        let is_valid = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour <= 23
            && minute <= 59
            // A leap second is a second.
            && second <= 60
            && (0.0..1000.0).contains(&millis);
        let minutes = (days_since_1970(year, month, day)? * 24 + u64::from(hour)) * 60 + u64::from(minute);
        is_valid.then(|| ((minutes * 60 + u64::from(second)) * 1000) as f64 + millis)
    }
}

impl CivilTime {
    /// The date and time of day that lie so many milliseconds after 1970.
    pub fn after_1970(millis: u64) -> Self {
        let (seconds, days) = (millis / 1000, millis / 86_400_000);
        let [year, month, day] = date_after_1970(days);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let [hour, minute, second] = [hour, minute, second].map(|part| part as u32);
        Self { year, month, day, hour, minute, second, millis: (millis % 1000) as f64 }
    }
}

/// `2019-04-05 20:43:31.663849`, with `T` or a blank in the middle; a zone at the end does not matter to differences.
pub(crate) fn iso_time_ms(text: &str) -> Option<f64> {
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let [year, month, day] = numbers(date, '-')?;
    let time = time.trim_start().split(['Z', '+', '-', ' ']).next()?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    let millis = match fraction {
        "" => 0.0,
        digits => number(digits, 0..=999_999_999).and_then(|_| format!("0.{digits}").parse::<f64>().ok())? * 1e3,
    };
    CivilTime { year, month, day, hour, minute, second, millis }.millis_since_1970()
}

/// Exactly `N` numbers between separators.
pub(crate) fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let numbers: Option<Vec<u32>> = text.split(separator).map(|part| number(part, 0..=u32::MAX)).collect();
    numbers?.try_into().ok()
}

/// Digits only: a parse alone would take a sign too.
pub(crate) fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?.filter(|number| range.contains(number))
}

/// Days of the Gregorian calendar, counted in years that begin in March so that the leap day comes last.
fn days_since_1970(year: u32, month: u32, day: u32) -> Option<u64> {
    let march_year = u64::from(if month < 3 { year.checked_sub(1)? } else { year });
    let march_month = u64::from((month + 9) % 12);
    // 153 days are the five months from March to July, and again from August to December.
    let day_of_year = ((153 * march_month + 2) / 5 + u64::from(day)).checked_sub(1)?;
    // 719,468 days lie between 1 March of year 0 and 1 January 1970.
    (march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + day_of_year).checked_sub(719_468)
}

/// Year, month and day: the inverse of [`days_since_1970`], in cycles of 400 years.
fn date_after_1970(days: u64) -> [u32; 3] {
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days / 146_097, days % 146_097);
    let leap_days = day_of_cycle / 1460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = cycle * 400 + year_of_cycle + u64::from(month < 3);
    [year, month, day].map(|part| part as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_cycle_has_its_date_and_back() {
        for day in 0..146_097 {
            let time = CivilTime::after_1970(86_400_000 * day + 45_296_789);
            let back = time.millis_since_1970();
            assert_eq!(back, Some((86_400_000 * day + 45_296_789) as f64), "{time:?}");
            assert_eq!((time.hour, time.minute, time.second, time.millis), (12, 34, 56, 789.0));
        }
    }

    #[test]
    fn times_follow_the_calendar() {
        // date -u -d '2024-03-01 00:00:00' +%s gives 1709251200; 29 February lies 86,400 s before.
        assert_eq!(iso_time_ms("2024-03-01 00:00:00.007"), Some(1_709_251_200_007.0));
        assert_eq!(iso_time_ms("2024-02-29T00:00:00"), Some(1_709_164_800_000.0));
        assert_eq!(iso_time_ms("1970-01-01 00:00:01Z"), Some(1000.0));
    }

    #[test]
    fn a_fraction_of_any_length_is_a_fraction() {
        let start = iso_time_ms("2019-04-05 20:43:31").unwrap();
        let after = iso_time_ms("2019-04-05 20:43:31.663849").unwrap() - start;
        assert!((after - 663.849).abs() < 1e-3, "f64 holds microseconds of today, got {after}");
        assert_eq!(iso_time_ms("2019-04-05 20:43:31.5+02:00").unwrap() - start, 500.0);
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for text in ["", "2019-04-05", "2019-13-05 00:00:00", "2019-04-05 24:00:00", "+2019-04-05 00:00:00"] {
            assert_eq!(iso_time_ms(text), None, "{text}");
        }
        for text in ["2019-04-00 00:00:00", "0000-01-01 00:00:00", "2019-04-05 20:43:31.x", "99999999999-1-1 0:0:0"] {
            assert_eq!(iso_time_ms(text), None, "{text}");
        }
    }
}
