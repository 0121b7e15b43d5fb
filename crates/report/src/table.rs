//! Tables of words, numbers and intervals.

use serde::{Deserialize, Serialize};

/// Rows of numbers under named columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Unique in its section; names its CSV file.
    pub id: String,
    /// Heading.
    pub title: String,
    /// How to read it, in a sentence or two; may be empty.
    pub note: String,
    /// What each column holds.
    pub columns: Vec<Column>,
    /// One cell per column. Rows are told apart by their text and count cells in key columns.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Whether some number in this column has an interval.
    pub fn has_intervals(&self, column: usize) -> bool {
        self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Interval { .. })))
    }
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name in files, with its unit: `p95_abs_error_m`.
    pub name: String,
    /// Heading for a reader, with its unit: `95 % of |e|, m`.
    pub heading: String,
    /// Digits behind the point on the page.
    pub decimals: usize,
    /// Whether the column says what its row is about rather than what was measured.
    pub key: bool,
}

impl Column {
    /// A column that says what its rows are about.
    pub fn key(name: &str, heading: &str) -> Self {
        Self { name: name.into(), heading: heading.into(), decimals: 0, key: true }
    }

    /// A column of measurements with this many digits behind the point on the page.
    pub fn measured(name: &str, heading: &str, decimals: usize) -> Self {
        Self { name: name.into(), heading: heading.into(), decimals, key: false }
    }

    /// `below 0.0001` for a number above 0 that the column's digits would write as 0, such as a small p-value.
    pub fn below(&self, value: f64) -> Option<String> {
        let least = 0.1_f64.powi(i32::try_from(self.decimals).ok()?);
        let is_lost = self.decimals > 0 && 0.0 < value && value < 0.5 * least;
        is_lost.then(|| format!("below {least:.*}", self.decimals))
    }
}

/// One entry of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number with its 95 % interval.
    Interval {
        /// The estimate.
        value: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// Words.
    Text(String),
    /// Nothing was measured, or it is not a number.
    Missing,
}

impl Cell {
    /// A number; missing where it is none.
    pub fn number(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::Missing }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number with an interval, without one where there is none, missing where the number is none.
    pub fn with_interval(value: f64, interval: Option<lane_statistics::interval::Interval>) -> Self {
        match interval {
            Some(interval) if value.is_finite() && interval.low.is_finite() && interval.high.is_finite() => {
                Self::Interval { value, low: interval.low, high: interval.high }
            }
            _ => Self::number(value),
        }
    }
}
