//! A table on the page. A number and its interval are two cells, so that both stand in line.

use super::number::{count, number};
use crate::section::{Cell, Column, Table};
use maud::{Markup, html};

/// How a column is set.
struct Setting<'a> {
    column: &'a Column,
    /// Numbers stand in line by their last digit, words by their first letter.
    is_number: bool,
    has_intervals: bool,
}

/// Rows from which a table is folded until a reader asks for it; on paper it is open.
const LONG: usize = 16;

/// Rows from which it is folded on paper too: it would take pages and pages, and its file has it all.
const TOO_LONG_FOR_PAPER: usize = 96;

pub(super) fn markup(section: &str, table: &Table) -> Markup {
    let settings: Vec<Setting> = (0..table.columns.len()).map(|index| Setting::of(table, index)).collect();
    let id = format!("{section}-{}", table.id);
    html! {
        div.table id={ "table-" (id) } {
            h3 { (table.title) }
            @if !table.note.is_empty() { p { (table.note) } }
            @if table.rows.len() >= LONG {
                details class=[(table.rows.len() >= TOO_LONG_FOR_PAPER).then_some("unprinted")] { summary { (table.rows.len()) " rows" } (rows(table, &settings)) }
            } @else {
                (rows(table, &settings))
            }
            p.file { "tables/" (id) ".csv" }
        }
    }
}

fn rows(table: &Table, settings: &[Setting]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(table.title) {
            table {
                caption.hidden { (table.title) }
                thead { tr { @for setting in settings { (setting.heading()) } } }
                tbody {
                    @for (number, row) in table.rows.iter().enumerate() {
                        tr class=[begins_group(table, number).then_some("group")] {
                            @for (setting, cell) in settings.iter().zip(row) { (setting.cell(cell)) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a row is about another thing than the row above, by their first cells.
fn begins_group(table: &Table, number: usize) -> bool {
    number == 0 || table.rows[number].first() != table.rows[number - 1].first()
}

impl<'a> Setting<'a> {
    fn of(table: &'a Table, index: usize) -> Self {
        let is_text = |row: &Vec<Cell>| matches!(row.get(index), Some(Cell::Text(_)));
        Self {
            column: &table.columns[index],
            is_number: !table.rows.iter().any(is_text),
            has_intervals: table.has_intervals(index),
        }
    }

    fn class(&self) -> Option<&'static str> {
        self.is_number.then_some("number")
    }

    fn heading(&self) -> Markup {
        let across = self.has_intervals.then_some("2");
        html! { th class=[self.class()] scope="col" colspan=[across] { (self.column.heading) } }
    }

    fn cell(&self, cell: &Cell) -> Markup {
        let decimals = self.column.decimals;
        let written = match cell {
            // A level of noise says what the row is about: all of its digits count.
            Cell::Number(value) if self.column.key => value.to_string().replacen('-', "−", 1),
            Cell::Number(value) => self.column.below(*value).unwrap_or_else(|| number(*value, decimals)),
            Cell::Interval { value, .. } => number(*value, decimals),
            // A seed or a number of a road is a name.
            Cell::Count(value) if self.column.key => value.to_string(),
            Cell::Count(value) => count(*value),
            Cell::Text(text) => text.clone(),
            Cell::Missing => "–".into(),
        };
        let class = if matches!(cell, Cell::Missing) { Some("number missing") } else { self.class() };
        html! {
            @if self.column.key {
                th class=[self.class()] scope="row" { (written) }
            } @else {
                td class=[class] { (written) }
            }
            @match cell {
                Cell::Interval { low, high, .. } => {
                    td.interval { "[" (number(*low, decimals)) ", " (number(*high, decimals)) "]" }
                }
                _ if self.has_intervals => td.interval {},
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn page_of(table: &Table) -> String {
        markup("driving", table).into_string()
    }

    #[test]
    fn a_number_that_says_what_its_row_is_about_keeps_all_its_digits() {
        let columns = vec![Column::key("level", "level"), Column::measured("crashes", "crashes", 1)];
        let rows = vec![vec![Cell::Number(0.25), Cell::Number(0.25)], vec![Cell::Number(-1.2), Cell::Number(-1.2)]];
        let page = page_of(&Table { id: "t".into(), title: "T".into(), note: String::new(), columns, rows });
        for written in ["scope=\"row\">0.25<", ">0.2<", "scope=\"row\">−1.2<"] {
            assert!(page.contains(written), "{written} in {page}");
        }
    }

    #[test]
    fn a_number_and_its_interval_are_two_cells_under_one_heading() {
        let page = page_of(&sample::report().sections[0].tables[0]);
        assert!(page.contains("<th class=\"number\" scope=\"col\" colspan=\"2\">Crashes per km</th>"), "{page}");
        assert!(page.contains("<td class=\"number\">0.30</td><td class=\"interval\">[0.10, 0.55]</td>"), "{page}");
        assert!(page.contains("<td class=\"number\">−0.50</td><td class=\"interval\">[−1.25, 0.00]</td>"), "{page}");
    }

    #[test]
    fn what_a_row_is_about_heads_it_and_what_is_missing_is_a_dash() {
        let page = page_of(&sample::report().sections[0].tables[0]);
        assert!(page.contains("<th scope=\"row\">cnn</th><td class=\"number\">20\u{202f}480</td>"), "{page}");
        assert!(page.contains("<td class=\"number missing\">–</td><td>&lt;b&gt;"), "{page}");
    }

    #[test]
    fn a_long_table_is_folded_and_a_very_long_one_on_paper_too() {
        let mut table = sample::report().sections[0].tables[0].clone();
        let mut page_with = |rows: usize| {
            table.rows = vec![table.rows[0].clone(); rows];
            page_of(&table)
        };
        assert!(!page_with(LONG - 1).contains("<details"));
        assert!(page_with(LONG).contains("<details><summary>16 rows</summary>"));
        assert!(page_with(TOO_LONG_FOR_PAPER).contains("<details class=\"unprinted\">"));
    }

    #[test]
    fn a_row_without_an_interval_keeps_the_columns_in_line() {
        let mut table = sample::report().sections[0].tables[0].clone();
        table.rows[1][2] = Cell::Number(1.0);
        assert!(page_of(&table).contains("<td class=\"number\">1.00</td><td class=\"interval\"></td>"));
    }
}
