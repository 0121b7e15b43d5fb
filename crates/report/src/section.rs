//! What a suite found, as tables and charts without a layout: the report writes them as JSON, CSV, pictures and a page.

use crate::plot::Figure;
use serde::{Deserialize, Serialize};

/// One suite's part of a report.
#[derive(Clone, Debug)]
pub struct Section {
    /// The suite's word on the command line; names its files.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What was done and how to read it, a paragraph each.
    pub text: Vec<String>,
    /// Every number.
    pub tables: Vec<Table>,
    /// Pictures of numbers.
    pub charts: Vec<Chart>,
    /// Pictures of what the policies saw.
    pub pictures: Vec<Picture>,
    /// What a check found wanting, a line each; most suites only measure.
    pub wanting: Vec<String>,
}

impl Section {
    /// An empty section.
    pub fn new(id: &str, title: &str) -> Self {
        let (text, tables, charts, pictures, wanting) = Default::default();
        Self { id: id.into(), title: title.into(), text, tables, charts, pictures, wanting }
    }

    /// Adds a paragraph.
    pub fn say(mut self, paragraph: impl Into<String>) -> Self {
        self.text.push(paragraph.into());
        self
    }

    /// Adds a table.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds a chart.
    pub fn chart(mut self, id: &str, caption: impl Into<String>, figure: Figure) -> Self {
        self.charts.push(Chart { id: id.into(), caption: caption.into(), figure });
        self
    }

    /// Adds a picture, as PNG bytes.
    pub fn picture(mut self, id: &str, caption: impl Into<String>, png: Vec<u8>) -> Self {
        self.pictures.push(Picture { id: id.into(), caption: caption.into(), png });
        self
    }
}

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

/// A chart with its caption.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Unique in its section; names its files.
    pub id: String,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// The chart.
    pub figure: Figure,
}

/// A picture with its caption.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Unique in its section; names its file.
    pub id: String,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// The picture as PNG.
    pub png: Vec<u8>,
}
