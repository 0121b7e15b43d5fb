//! Parsers of numeric options. Each holds the range of its option, refuses what lies outside, and says what was expected.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Most parts of a cell's step, and most neurons of a layer: as cells themselves have it.
pub const MOST_PARTS: usize = 4096;

/// Longest drive: an hour.
pub const LONGEST_SECONDS: f64 = 3600.0;

/// A parser of whole numbers in this range.
pub fn whole<T: Number>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    let expected = format!("expected a whole number from {} to {}", range.start(), range.end());
    move |text| parse(text, |number| range.contains(number), &expected)
}

/// A parser of numbers in this range.
pub fn number<T: Number>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    let expected = format!("expected a number from {} to {}", range.start(), range.end());
    move |text| parse(text, |number| range.contains(number), &expected)
}

/// A parser of numbers above a least one, which is not among them, and up to a largest one, which is.
pub fn above<T: Number>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    let expected = format!("expected a number above {least} and up to {most}");
    move |text| parse(text, |&number| number > least && number <= most, &expected)
}

/// A parser of finite numbers of at least this size.
pub fn at_least(least: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    let expected = format!("expected a number of at least {least}");
    move |text| parse(text, |number: &f64| *number >= least && number.is_finite(), &expected)
}

/// A number that an option can have.
pub trait Number: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static {}

impl<T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static> Number for T {}

fn parse<T: Number>(text: &str, is_in_range: impl Fn(&T) -> bool, expected: &str) -> Result<T, String> {
    text.trim().parse().ok().filter(is_in_range).ok_or_else(|| expected.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_in_a_range_and_only_the_upper_end_above_a_number() {
        let share = number(0.0..=1.0);
        assert_eq!((share("0"), share("1"), share(" 0.5 ")), (Ok(0.0), Ok(1.0), Ok(0.5)));
        let seconds = above(0.0, 3600.0);
        assert_eq!((seconds("0.05"), seconds("3600")), (Ok(0.05), Ok(3600.0)));
        assert_eq!(seconds("0"), Err("expected a number above 0 and up to 3600".to_owned()));
    }

    #[test]
    fn what_is_no_number_or_none_of_the_range_is_refused_with_the_range() {
        for text in ["-1", "nan", "inf", "1e99", "many", ""] {
            assert_eq!(number(0.0..=1.0)(text), Err("expected a number from 0 to 1".to_owned()), "{text}");
            assert_eq!(whole(1..=9_u32)(text), Err("expected a whole number from 1 to 9".to_owned()), "{text}");
        }
        assert!(whole(1..=9_u32)("2.5").is_err());
    }
}
