//! Tables whose rows are figures of one kind: columns that say what a row is about, then one column per measure.

use crate::section::{Cell, Column, Table};

/// A measured column: name, heading, digits on the page, and how to fill it.
pub type Measure<S> = (&'static str, &'static str, usize, fn(&S) -> Cell);

/// Id, title and note of a table.
pub struct Caption<'a> {
    /// Unique in its section; names its CSV file.
    pub id: &'a str,
    /// Heading.
    pub title: &'a str,
    /// How to read it.
    pub note: &'a str,
}

/// One row per entry: its cells for the key columns, and its figures.
pub fn table<S>(caption: &Caption, keys: &[Column], measures: &[Measure<S>], rows: &[(Vec<Cell>, S)]) -> Table {
    let measured = measures.iter().map(|(name, heading, decimals, _)| Column::measured(name, heading, *decimals));
    let row = |(cells, figures): &(Vec<Cell>, S)| {
        cells.iter().cloned().chain(measures.iter().map(|(.., cell)| cell(figures))).collect()
    };
    Table {
        id: caption.id.into(),
        title: caption.title.into(),
        note: caption.note.into(),
        columns: keys.iter().cloned().chain(measured).collect(),
        rows: rows.iter().map(row).collect(),
    }
}

/// A number, or that there is none.
pub fn maybe(value: Option<f64>) -> Cell {
    value.map_or(Cell::Missing, Cell::number)
}
