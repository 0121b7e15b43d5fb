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

/// A date with a time of day, or a time of day alone, in any of the forms that recorders and scripts write:
/// `2019-04-05 20:43:31.663849`, `2024-03-01T12:00:55Z`, `20240301_120055_100000`, `2024-03-01 12:00:55,100`,
/// `2024-03-01-12-00-55-100`, `1/3/2024 12:00:55 PM`, `01-Mar-2024 12:00:55`, `12:00:55.1`, `00:55.1`. Only differences
/// matter: a zone at the end is passed over, and a time of day is one of 1 January 1970.
pub(crate) fn time_ms(text: &str) -> Option<f64> {
    let (text, is_afternoon) = without_suffix(text.trim());
    let pieces = pieces(text)?;
    // A sign before the first number makes no date of it.
    if !pieces.first()?.before.trim_matches([' ', ',']).is_empty() {
        return None;
    }
    let (date, rest) = match date(&pieces) {
        Some((date, used)) => (Some(date), &pieces[used..]),
        None => (None, &pieces[..]),
    };
    let time = time_of_day(rest, date.is_some(), is_afternoon)?;
    let [year, month, day] = date.unwrap_or([1970, 1, 1]);
    CivilTime { year, month, day, ..time }.millis_since_1970()
}

/// The time in a file's name: a date with a time of day that the name ends with or holds, as
/// `center_2021_05_24_15_48_52_843.jpg`, or else the Unix time that it is.
pub(crate) fn time_ms_in_name(name: &str) -> Option<f64> {
    let (stem, _) = name.rsplit_once('.')?;
    // The longest end that is one: what is before it may have digits too.
    let starts = stem.char_indices().filter(|&(at, letter)| {
        let follows_digit = stem[..at].ends_with(|before: char| before.is_ascii_digit() || before == '+');
        letter.is_ascii_digit() && !follows_digit
    });
    let ends: Vec<&str> = starts.map(|(at, _)| &stem[at..]).collect();
    let dated = ends.iter().find_map(|end| time_ms(end).filter(|&ms| ms >= MS_PER_DAY || end.starts_with("1970")));
    dated.or_else(|| unix_time_ms(ends.first()?))
}

const MS_PER_DAY: f64 = 86_400_000.0;

/// Seconds, milli-, micro- or nanoseconds since 1970, by the count of digits: those of the years 2001 to 2286.
fn unix_time_ms(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once(['.', '_']).unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Counters are padded with zeros, times begin with none.
    if !is_digits(whole) || !is_digits(fraction) || whole.starts_with('0') {
        return None;
    }
    let number = |unit: f64| whole.parse::<f64>().ok().map(|number| number * unit);
    match whole.len() {
        10 => Some(number(1e3)? + format!("0.{fraction}0").parse::<f64>().ok()? * 1e3),
        13 => number(1.0),
        16 => number(1e-3),
        19 => number(1e-6),
        _ => None,
    }
}

/// A run of digits, or the number of a month that is written in letters; and the text before it.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    before: &'a str,
    digits: &'a str,
    month: Option<u32>,
}

impl Piece<'_> {
    fn number(self) -> Option<u32> {
        self.month.or_else(|| number(self.digits, 0..=u32::MAX))
    }

    fn is_parted_by(self, separators: &[char]) -> bool {
        let mut letters = self.before.trim().chars();
        letters.next().is_none_or(|letter| separators.contains(&letter)) && letters.next().is_none()
    }
}

/// Takes a zone off the end, and the words for the halves of a day; true for the second half.
fn without_suffix(text: &str) -> (&str, Option<bool>) {
    for (word, is_afternoon) in [("AM", false), ("PM", true), ("am", false), ("pm", true)] {
        if let Some(before) = text
            .strip_suffix(word)
            .filter(|before| before.ends_with([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']))
        {
            return (before.trim_end(), Some(is_afternoon));
        }
    }
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    // Behind a colon: before it a hyphen parts the date.
    let clock = text.find(':').unwrap_or(text.len());
    let zone = text[clock..].find(['+', '-']).map(|at| clock + at);
    let is_zone =
        |at: &usize| text[at + 1..].len() <= 5 && text[at + 1..].chars().all(|c| c.is_ascii_digit() || c == ':');
    let text = zone.filter(is_zone).map_or(text, |at| &text[..at]);
    (text.trim_end(), None)
}

/// The pieces of a text; `None` where other words are in it.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c: char| c.is_ascii_alphanumeric()).filter(|&start| start <= 3)?;
        let (before, from) = rest.split_at(start);
        let is_digit = from.starts_with(|c: char| c.is_ascii_digit());
        let end =
            from.find(|c: char| c.is_ascii_digit() != is_digit || !c.is_ascii_alphanumeric()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        if is_digit {
            pieces.push(Piece { before, digits: word, month: None });
        } else if word == "T" {
            // It parts date and time, as a blank does.
        } else if let Some(month) = month(word) {
            pieces.push(Piece { before, digits: "", month: Some(month) });
        } else if !is_weekday(word) {
            return None;
        }
    }
    Some(pieces)
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let begin = word.get(..3)?.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|&(_, name)| name == begin).map(|(number, _)| number)
}

fn is_weekday(word: &str) -> bool {
    let begin = word.get(..3).unwrap_or_default().to_ascii_lowercase();
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&begin.as_str())
}

/// Year, month and day at the beginning, and the pieces that they take; of a date and time in one run of digits the time is
/// left to [`time_of_day`], which takes the same piece.
fn date(pieces: &[Piece]) -> Option<([u32; 3], usize)> {
    let [first, ..] = pieces else { return None };
    if first.month.is_none() && matches!(first.digits.len(), 8 | 14 | 17 | 20) {
        let part = |range| number(first.digits.get(range)?, 0..=9999);
        let used = usize::from(first.digits.len() == 8);
        return Some(([part(0..4)?, part(4..6)?, part(6..8)?], used)).filter(|(date, _)| is_year(date[0]));
    }
    let &[a, b, c, ..] = pieces else { return None };
    let is_date = [b, c].iter().all(|piece| piece.is_parted_by(&['-', '/', '.', '_', ',']));
    let [x, y, z] = [a.number()?, b.number()?, c.number()?];
    let date = match (a.digits.len(), c.digits.len()) {
        (4, 1 | 2) => [x, y, z],
        // Day or month first: the month is the one that a month can be.
        (_, 4) if a.month.is_some() || (y > 12 && b.month.is_none()) => [z, x, y],
        (_, 4) => [z, y, x],
        _ => return ctime(pieces),
    };
    Some((date, 3)).filter(|_| is_date && is_year(date[0]))
}

/// `Mar  1 12:00:55 2024`: the year behind the time, which is taken for the current one.
fn ctime(pieces: &[Piece]) -> Option<([u32; 3], usize)> {
    let &[month, day, ..] = pieces else { return None };
    let year = pieces.last()?.number().filter(|&year| is_year(year))?;
    Some(([year, month.month?, day.number()?], 2))
}

fn is_year(year: u32) -> bool {
    (1970..=9999).contains(&year)
}

/// Hour, minute, second and its fraction.
fn time_of_day(pieces: &[Piece], has_date: bool, is_afternoon: Option<bool>) -> Option<CivilTime> {
    let [first, rest @ ..] = pieces else { return None };
    let time = |hour, minute, second, millis| CivilTime { year: 1970, month: 1, day: 1, hour, minute, second, millis };
    let run = if matches!(first.digits.len(), 14 | 17 | 20) { first.digits.get(8..)? } else { first.digits };
    if has_date && run.len() >= 6 {
        let part = |range| number(run.get(range)?, 0..=99);
        let millis = if run.len() > 6 { fraction_ms(".", &run[6..])? } else { fraction_behind(rest)? };
        return Some(time(part(0..2)?, part(2..4)?, part(4..6)?, millis));
    }
    let is_short = |piece: &&Piece| piece.digits.len() <= 2 && piece.month.is_none();
    let [minute, rest @ ..] = rest else { return None };
    // A colon at least: `1.5` is a number and no time.
    if !(is_short(&first) && is_short(&minute)) || !(has_date || minute.before == ":") {
        return None;
    }
    let (hour_or_minute, next) = (first.number()?, minute.number()?);
    let second = rest.first().filter(is_short).filter(|piece| has_date || piece.before == ":");
    let Some(second) = second else {
        // Minutes and seconds of a stopwatch; with a date, hours and minutes.
        let millis = fraction_behind(rest)?;
        return Some(if has_date { time(hour_or_minute, next, 0, 0.0) } else { time(0, hour_or_minute, next, millis) });
    };
    let hour = match is_afternoon {
        Some(is_afternoon) => hour_or_minute % 12 + if is_afternoon { 12 } else { 0 },
        None => hour_or_minute,
    };
    Some(time(hour, next, second.number()?, fraction_behind(&rest[1..])?))
}

/// The fraction of a second in the next piece; 0 where there is none.
fn fraction_behind(pieces: &[Piece]) -> Option<f64> {
    match pieces {
        [] => Some(0.0),
        // The year of ctime.
        [year] if year.before.trim().is_empty() && year.digits.len() == 4 => Some(0.0),
        [fraction] if fraction.month.is_none() => fraction_ms(fraction.before, fraction.digits),
        _ => None,
    }
}

/// Milliseconds of a fraction: behind a point or a comma its digits, behind anything else a count of milliseconds, or of
/// micro- or nanoseconds where there are so many digits.
fn fraction_ms(separator: &str, digits: &str) -> Option<f64> {
    number(digits, 0..=999_999_999)?;
    if [".", ","].contains(&separator) || digits.len() > 3 {
        return format!("0.{digits}").parse::<f64>().ok().map(|fraction| fraction * 1e3);
    }
    digits.parse().ok()
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
        assert_eq!(time_ms("2024-03-01 00:00:00.007"), Some(1_709_251_200_007.0));
        assert_eq!(time_ms("2024-02-29T00:00:00"), Some(1_709_164_800_000.0));
        assert_eq!(time_ms("1970-01-01 00:00:01Z"), Some(1000.0));
    }

    #[test]
    fn a_fraction_of_any_length_is_a_fraction() {
        let start = time_ms("2019-04-05 20:43:31").unwrap();
        let after = time_ms("2019-04-05 20:43:31.663849").unwrap() - start;
        assert!((after - 663.849).abs() < 1e-3, "f64 holds microseconds of today, got {after}");
        assert_eq!(time_ms("2019-04-05 20:43:31.5+02:00").unwrap() - start, 500.0);
    }

    #[test]
    fn every_form_of_a_time_is_the_same_time() {
        let forms = [
            "2024-03-01 12:00:55.100",
            "2024-03-01T12:00:55.1Z",
            "2024-03-01T12:00:55.1+01:00",
            "2024-03-01 12:00:55.1 UTC",
            "2024-03-01 12:00:55,100",
            "2024/03/01 12:00:55.100",
            "2024-03-01-12-00-55-100",
            "2024_03_01_12_00_55_100",
            "2024-03-01_12-00-55.100000",
            "20240301_120055_100000",
            "20240301_120055_100",
            "20240301-120055.1",
            "20240301T120055.1",
            "20240301120055100",
            "20240301120055100000",
            "01/03/2024 12:00:55.1",
            "3/13/2024 12:00:55.1",
            "01.03.2024 12:00:55.1",
            "1/3/2024 12:00:55.1 PM",
            "01-Mar-2024 12:00:55.1",
            "Mar 1, 2024 12:00:55.1",
            "2024-03-01 12:00:55:100",
        ];
        for form in forms {
            // date -u -d '2024-03-01 12:00:55' +%s gives 1709294455; one of them is of the 13th.
            let expected = 1_709_294_455_100.0 + if form.starts_with("3/13") { 12.0 * MS_PER_DAY } else { 0.0 };
            let got = time_ms(form).unwrap_or_else(|| panic!("{form} is not understood"));
            assert!((got - expected).abs() < 1e-3, "{form}: f64 holds microseconds, {} ms off", got - expected);
        }
        assert_eq!(time_ms("Fri Mar  1 12:00:55 2024"), Some(1_709_294_455_000.0));
    }

    #[test]
    fn a_time_of_day_alone_is_one_of_no_day() {
        let ms = |text: &str| time_ms(text).unwrap();
        assert!((ms("12:00:55.1") - ms("12:00:55") - 100.0).abs() < 1e-6);
        assert_eq!(ms("12:00:55:100") - ms("12:00:55"), 100.0);
        assert_eq!(ms("1:00:55 PM") - ms("1:00:55 AM"), 12.0 * 3_600_000.0);
        assert_eq!(ms("12:00:55 AM"), 55_000.0);
        assert_eq!((ms("01:05.25"), ms("00:00:01,5")), (65_250.0, 1500.0));
    }

    #[test]
    fn the_time_in_a_name_is_the_date_that_it_ends_with_or_the_unix_time() {
        for name in [
            "center_2021_05_24_15_48_52_843.jpg",
            "front-20210524_154852_843.png",
            "cam0_2021-05-24-15-48-52.843.jpg",
            "center_2021_05_24_15_48_52_843000.jpg",
        ] {
            // date -u -d '2021-05-24 15:48:52' +%s gives 1621871332.
            assert_eq!(time_ms_in_name(name), Some(1_621_871_332_843.0), "{name}");
        }
        let unix = ["f_1700000001.05.jpg", "1700000001050.png", "img1700000001050000.jpg", "1700000001050000000.png"];
        for name in unix {
            let got = time_ms_in_name(name).unwrap();
            assert!((got - 1_700_000_001_050.0).abs() < 1e-3, "{name}: {got}");
        }
        for name in [
            "center_2021_13_24_15_48_52_843.jpg",
            "center_+2021_05_24_15_48_52_843.jpg",
            "center.jpg",
            "no dot",
            "0017.jpg",
        ] {
            assert_eq!(time_ms_in_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for text in
            ["", "2019-04-05", "2019-13-05 00:00:00", "2019-04-05 24:00:00", "1.5", "steering", "-0.25", "1/2", "12"]
        {
            assert_eq!(time_ms(text), None, "{text}");
        }
        for text in ["2019-04-00 00:00:00", "0000-01-01 00:00:00", "2019-04-05 20:43:31.x", "99999999999-1-1 0:0:0"] {
            assert_eq!(time_ms(text), None, "{text}");
        }
    }
}
