//! What holds for every report: names that can be files, rows that fit their columns, numbers that are numbers. A suite
//! that breaks it has a bug.

use super::{ReadReport, Report};
use crate::answers::{Answer, Difference, PolicyValue};
use crate::section::{Cell, Table};
use anyhow::{Context as _, bail, ensure};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Checks sections, tables, charts and pictures by name, and every cell.
pub(super) fn tables(report: &ReadReport) -> anyhow::Result<()> {
    ensure_distinct("section", report.sections.iter().map(|section| section.id.clone()))?;
    // The file's name, which joins two ids, must be unique too: `a-b` and `c` meet `a` and `b-c`.
    let (mut tables, mut charts, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
    for section in &report.sections {
        let file = |id: &str| format!("{}-{id}", section.id);
        tables.extend(section.tables.iter().map(|table| file(&table.id)));
        charts.extend(section.charts.iter().map(|chart| file(&chart.id)));
        pictures.extend(section.pictures.iter().map(|picture| file(&picture.id)));
    }
    ensure_distinct("table", tables.into_iter())?;
    ensure_distinct("chart", charts.into_iter())?;
    ensure_distinct("picture", pictures.into_iter())?;
    for section in &report.sections {
        for answer in &section.answers {
            self::answer(answer).with_context(|| format!("answer {}-{}", section.id, answer.question.name()))?;
        }
        for table in &section.tables {
            self::table(table).with_context(|| format!("table {}-{}", section.id, table.id))?;
        }
    }
    Ok(())
}

/// Checks that pictures can be shown.
pub(super) fn pictures(report: &Report) -> anyhow::Result<()> {
    for section in &report.sections {
        for picture in &section.pictures {
            let known = image::ImageReader::with_format(Cursor::new(&picture.png), image::ImageFormat::Png);
            known.into_dimensions().with_context(|| format!("picture {}-{}", section.id, picture.id))?;
        }
    }
    Ok(())
}

fn answer(answer: &Answer) -> anyhow::Result<()> {
    for (number, PolicyValue { policy, value }) in answer.policies.iter().enumerate() {
        let twice = answer.policies[..number].iter().any(|other| other.policy == *policy);
        ensure!(!twice, "two values of {policy}");
        cell(value).with_context(|| format!("policy {policy}"))?;
    }
    for Difference { better, worse } in answer.differences.iter().chain(&answer.suggested) {
        let known = answer.value(better).is_some() && answer.value(worse).is_some();
        ensure!(known, "a difference between {better} and {worse}, of which one has no value");
    }
    Ok(())
}

fn table(table: &Table) -> anyhow::Result<()> {
    ensure_distinct("column", table.columns.iter().map(|column| column.name.clone()))?;
    let width = table.columns.len();
    for (number, row) in table.rows.iter().enumerate() {
        ensure!(row.len() == width, "row {number}: {} cells under {width} columns", row.len());
        for (cell, column) in row.iter().zip(&table.columns) {
            self::cell(cell).with_context(|| format!("row {number}, column {}", column.name))?;
        }
    }
    Ok(())
}

fn cell(cell: &Cell) -> anyhow::Result<()> {
    match cell {
        Cell::Interval { value, low, high } => {
            let finite = value.is_finite() && low.is_finite() && high.is_finite();
            ensure!(finite && low <= high, "{value} [{low}, {high}] is no interval");
        }
        Cell::Number(value) => ensure!(value.is_finite(), "{value} is no number: a missing one is a missing cell"),
        Cell::Count(_) | Cell::Text(_) | Cell::Missing => {}
    }
    Ok(())
}

/// Refuses a name that cannot be part of a file's name everywhere, and one that is there twice.
fn ensure_distinct(what: &str, names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    for name in names {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        ensure!(begins && name.chars().all(safe), "{what} {name:?}: letters, digits, '-', '_' and '.' name a {what}");
        if let Some(name) = known.replace(name) {
            bail!("two {what}s are called {name}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn refusal(spoil: impl Fn(&mut Report)) -> String {
        let mut report = sample::report();
        spoil(&mut report);
        let checked = tables(&ReadReport::of(&report)).and_then(|()| pictures(&report));
        format!("{:#}", checked.unwrap_err())
    }

    #[test]
    fn names_that_meet_in_a_file_name_are_refused() {
        let twice = refusal(|report| {
            let table = report.sections[0].tables[0].clone();
            report.sections[0].tables.push(table);
        });
        assert_eq!(twice, "two tables are called driving-policies");
        let section = refusal(|report| report.sections[1].id = "driving".into());
        assert_eq!(section, "two sections are called driving");
        let joined = refusal(|report| {
            report.sections[1].id = "driving-a".into();
            let mut table = report.sections[0].tables[0].clone();
            table.id = "b".into();
            report.sections[1].tables.push(table.clone());
            table.id = "a-b".into();
            report.sections[0].tables.push(table);
        });
        assert_eq!(joined, "two tables are called driving-a-b");
        let unsafe_name = refusal(|report| report.sections[0].charts[0].id = "../noise".into());
        assert!(unsafe_name.starts_with("chart \"driving-../noise\": letters"), "{unsafe_name}");
    }

    #[test]
    fn rows_that_do_not_fit_and_numbers_that_are_none_are_refused() {
        let narrow = refusal(|report| drop(report.sections[0].tables[0].rows[1].pop()));
        assert_eq!(narrow, "table driving-policies: row 1: 4 cells under 5 columns");
        let not_a_number = refusal(|report| report.sections[0].tables[0].rows[0][3] = Cell::Number(f64::NAN));
        assert!(not_a_number.contains("row 0, column mean_abs_error_m: NaN is no number"), "{not_a_number}");
        let reversed = Cell::Interval { value: 1.0, low: 2.0, high: 1.0 };
        let reversed = refusal(|report| report.sections[0].tables[0].rows[0][2] = reversed.clone());
        assert!(reversed.ends_with("1 [2, 1] is no interval"), "{reversed}");
    }

    #[test]
    fn answers_with_two_values_of_a_policy_or_a_difference_of_none_are_refused() {
        let twice = refusal(|report| {
            let value = report.sections[0].answers[0].policies[0].clone();
            report.sections[0].answers[0].policies.push(value);
        });
        assert_eq!(twice, "answer driving-clean_driving: two values of ncp");
        let unknown = refusal(|report| report.sections[0].answers[0].differences[0].worse = "lstm".into());
        assert!(unknown.ends_with("a difference between ncp and lstm, of which one has no value"), "{unknown}");
    }

    #[test]
    fn a_picture_that_is_no_picture_is_refused() {
        let message = refusal(|report| report.sections[1].pictures[0].png = b"GIF89a".to_vec());
        assert!(message.starts_with("picture saliency-frames: "), "{message}");
    }
}
