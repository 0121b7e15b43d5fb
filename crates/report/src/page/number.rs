//! Numbers as a reader likes them.

/// Larger numbers are written with a power of ten.
const LARGEST_WRITTEN_OUT: f64 = 1e9;

/// A number with this many digits behind the point and a true minus sign.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let written = match value.abs() {
        size if size < LARGEST_WRITTEN_OUT => format!("{size:.decimals$}"),
        size => format!("{size:.3e}"),
    };
    // A number that rounds to 0 has no sign.
    let is_zero = !written.contains(|c: char| ('1'..='9').contains(&c));
    if value < 0.0 && !is_zero { format!("−{written}") } else { written }
}

/// A whole number; five digits and more in groups of three.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            // Narrow and unbroken.
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_columns_digits_and_a_sign_only_where_there_is_something() {
        assert_eq!(number(0.305, 1), "0.3");
        assert_eq!(number(-1.25, 2), "−1.25");
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-1.5e12, 2), "−1.500e12");
    }

    #[test]
    fn long_counts_are_grouped() {
        assert_eq!([count(0), count(9999)], ["0", "9999"]);
        assert_eq!([count(20_480), count(1_234_567)], ["20\u{202f}480", "1\u{202f}234\u{202f}567"]);
    }
}
