//! The differences as lines for a terminal.

use super::{CellChange, ReportDiff, TableDiff, WordChange};
use crate::counted;
use crate::section::Cell;

/// Longer words stand below each other.
const LONGEST_IN_LINE: usize = 30;

pub(super) fn lines(diff: &ReportDiff) -> String {
    let mut lines: Vec<String> = diff.about.iter().map(words).collect();
    lines.extend(diff.only_before.iter().map(|name| format!("only in the earlier report: {name}")));
    lines.extend(diff.only_after.iter().map(|name| format!("only in the later report: {name}")));
    lines.extend(diff.reworded.iter().map(|name| format!("reworded: {name}")));
    diff.tables.iter().for_each(|diff| table(diff, &mut lines));
    lines.push(summary(diff));
    lines.join("\n") + "\n"
}

fn summary(diff: &ReportDiff) -> String {
    let (cells, tables) = (counted(diff.cells_compared, "cell"), counted(diff.tables_compared, "table"));
    let changed: usize = diff.tables.iter().map(|table| table.cells.len()).sum();
    let changed_tables = diff.tables.iter().filter(|table| !table.cells.is_empty()).count();
    match changed {
        _ if diff.is_empty() => format!("No difference: the same policies, and {cells} in {tables}."),
        0 => format!("No number differs: {cells} in {tables} compared."),
        _ => format!("Changed: {changed} of {cells}, in {changed_tables} of {tables}."),
    }
}

fn words(change: &WordChange) -> String {
    let WordChange { what, before, after } = change;
    if before.chars().count().max(after.chars().count()) > LONGEST_IN_LINE {
        format!("{what}:\n  {before}\n  → {after}")
    } else {
        format!("{what}: {before} → {after}")
    }
}

fn table(diff: &TableDiff, lines: &mut Vec<String>) {
    lines.push(format!("table {}:", diff.table));
    let lonely = [
        ("column only in the earlier report", &diff.columns_only_before),
        ("column only in the later report", &diff.columns_only_after),
        ("row only in the earlier report", &diff.rows_only_before),
        ("row only in the later report", &diff.rows_only_after),
    ];
    for (what, names) in lonely {
        lines.extend(names.iter().map(|name| format!("  {what}: {name}")));
    }
    lines.extend(diff.cells.iter().map(cell));
}

fn cell(change: &CellChange) -> String {
    let short = [&change.before, &change.after].map(|cell| written(cell, four_digits));
    // A change behind the digits shown is shown in full.
    let [before, after] = if short[0] == short[1] {
        [&change.before, &change.after].map(|cell| written(cell, |value| value.to_string()))
    } else {
        short
    };
    let mut remarks = Vec::new();
    remarks.extend(change.change.map(|change| signed(four_digits(change))));
    remarks.extend(change.relative_change.map(|share| format!("{} %", signed(four_digits(100.0 * share)))));
    let overlap = |overlap| if overlap { "intervals overlap" } else { "intervals do not overlap" };
    remarks.extend(change.intervals_overlap.map(|is| overlap(is).to_owned()));
    let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
    let CellChange { row, column, .. } = change;
    format!("  {row}, {column}: {before} → {after}{remarks}")
}

fn written(cell: &Cell, number: impl Fn(f64) -> String) -> String {
    match cell {
        Cell::Interval { value, low, high } => format!("{} [{}, {}]", number(*value), number(*low), number(*high)),
        Cell::Number(value) => number(*value),
        Cell::Count(count) => count.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Missing => "nothing".into(),
    }
}

fn four_digits(value: f64) -> String {
    format!("{value:.3e}").parse::<f64>().map_or_else(|_| value.to_string(), |rounded| rounded.to_string())
}

fn signed(number: String) -> String {
    if number.starts_with('-') { number } else { format!("+{number}") }
}
