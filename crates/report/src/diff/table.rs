//! Two states of one table.

use super::matched::Matched;
use crate::section::{Cell, Table};
use serde::Serialize;

/// What differs in a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TableDiff {
    /// `SECTION/TABLE`.
    pub table: String,
    /// Columns that only the earlier report has.
    pub columns_only_before: Vec<String>,
    /// Columns that only the later report has.
    pub columns_only_after: Vec<String>,
    /// Rows that only the earlier report has.
    pub rows_only_before: Vec<String>,
    /// Rows that only the later report has.
    pub rows_only_after: Vec<String>,
    /// Measured cells in both that differ.
    pub cells: Vec<CellChange>,
    /// Measured cells in both.
    pub cells_compared: usize,
}

/// A cell in both reports that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellChange {
    /// The row's key cells.
    pub row: String,
    /// The column's name in files.
    pub column: String,
    /// In the earlier report.
    pub before: Cell,
    /// In the later report.
    pub after: Cell,
    /// Later number minus earlier number, where both are numbers.
    pub change: Option<f64>,
    /// The change as a share of the earlier number's size, where that is not 0.
    pub relative_change: Option<f64>,
    /// Whether the 95 % intervals have a number in common, where both are there.
    pub intervals_overlap: Option<bool>,
}

impl TableDiff {
    pub(super) fn of(name: &str, before: &Table, after: &Table) -> Self {
        let columns = Matched::by(&before.columns, &after.columns, |column| column.name.clone());
        let keys = shared(before, after, true);
        let rows = [rows(before, &keys.before), rows(after, &keys.after)];
        let rows = Matched::by(&rows[0], &rows[1], |row| row.name.clone());
        let measured = shared(before, after, false);
        let mut diff = Self {
            table: name.into(),
            columns_only_before: columns.only_before,
            columns_only_after: columns.only_after,
            rows_only_before: rows.only_before,
            rows_only_after: rows.only_after,
            ..Self::default()
        };
        for (row, earlier, later) in rows.both {
            for (at, at_later) in measured.before.iter().zip(&measured.after) {
                let (earlier, later) = (&earlier.cells[*at], &later.cells[*at_later]);
                diff.cells_compared += 1;
                if earlier != later {
                    diff.cells.push(CellChange::of(&row, &before.columns[*at].name, earlier, later));
                }
            }
        }
        diff
    }

    pub(super) fn is_empty(&self) -> bool {
        let columns = self.columns_only_before.is_empty() && self.columns_only_after.is_empty();
        let rows = self.rows_only_before.is_empty() && self.rows_only_after.is_empty();
        columns && rows && self.cells.is_empty()
    }
}

impl CellChange {
    fn of(row: &str, column: &str, before: &Cell, after: &Cell) -> Self {
        let change = value(before).zip(value(after)).map(|(before, after)| after - before);
        let size = value(before).map(f64::abs).filter(|size| *size > 0.0);
        Self {
            row: row.into(),
            column: column.into(),
            before: before.clone(),
            after: after.clone(),
            change,
            relative_change: change.zip(size).map(|(change, size)| change / size),
            intervals_overlap: ends(before).zip(ends(after)).map(|(a, b)| a.0 <= b.1 && b.0 <= a.1),
        }
    }
}

/// Whether titles, notes or headings differ.
pub(super) fn is_reworded(before: &Table, after: &Table) -> bool {
    let columns = Matched::by(&before.columns, &after.columns, |column| column.name.clone());
    let changed = columns.both.iter().any(|(_, before, after)| before != after);
    changed || before.title != after.title || before.note != after.note
}

/// Places of the columns that both tables have, in the order of the earlier one.
struct Shared {
    before: Vec<usize>,
    after: Vec<usize>,
}

fn shared(before: &Table, after: &Table, key: bool) -> Shared {
    let later = |name: &str| after.columns.iter().position(|column| column.name == name);
    let columns = before.columns.iter().enumerate().filter(|(_, column)| column.key == key);
    let (before, after) = columns.filter_map(|(at, column)| Some((at, later(&column.name)?))).unzip();
    Shared { before, after }
}

/// A row under the words of its key cells.
struct Row<'a> {
    name: String,
    cells: &'a [Cell],
}

fn rows<'a>(table: &'a Table, keys: &[usize]) -> Vec<Row<'a>> {
    let name = |row: &[Cell]| keys.iter().map(|at| word(&row[*at])).collect::<Vec<_>>().join(" · ");
    table.rows.iter().map(|row| Row { name: name(row), cells: row }).collect()
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(value) | Cell::Interval { value, .. } => value.to_string(),
        Cell::Missing => "–".into(),
    }
}

fn value(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Interval { value, .. } | Cell::Number(value) => Some(*value),
        Cell::Count(count) => Some(*count as f64),
        Cell::Text(_) | Cell::Missing => None,
    }
}

fn ends(cell: &Cell) -> Option<(f64, f64)> {
    match cell {
        Cell::Interval { low, high, .. } => Some((*low, *high)),
        _ => None,
    }
}
