//! What goes to standard output and error: lines, tables, progress.

use indicatif::{ProgressBar, ProgressStyle};
use lane_audit::driving::DrivingScore;
use lane_audit::open_loop::SteeringError;
use lane_report::section::{Cell, Column, Table};
use serde::Serialize;
use std::io::Write as _;

/// Writes a line to standard output.
///
/// # Errors
/// When it is closed or full.
pub fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").map_err(Into::into)
}

/// Writes one JSON object to standard output.
///
/// # Errors
/// When it is closed or full.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Whether an error is only that the reader of our output has gone.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A progress bar on standard error; nothing where that is no terminal.
pub fn progress(steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The table of closed-loop scores.
pub fn driving_table(scores: &[DrivingScore]) -> String {
    let mut table = format!(
        "{:<12} {:>6} {:>16} {:>8} {:>7} {:>22} {:>8} {:>8} {:>9}\n",
        "policy", "noise", "without crash", "crashes", "km", "crashes/km [95 %]", "|e| m", "p95 m", "dk 1e-3/m"
    );
    for score in scores {
        let without_crash = format!("{} of {}", score.roads_without_crash, score.roads);
        let [low, high] = score.crashes_per_km_interval;
        let rate = format!("{:.3} [{low:.3}, {high:.3}]", score.crashes_per_km);
        table += &format!(
            "{:<12} {:>6} {without_crash:>16} {:>8} {:>7.2} {rate:>22} {:>8.3} {:>8.3} {:>9.2}\n",
            score.name,
            score.noise_variance,
            score.crashes,
            score.km,
            score.mean_abs_error_m,
            score.p95_abs_error_m,
            1e3 * score.rms_steering_change,
        );
        for family in &score.by_family {
            let without_crash = format!("{} of {}", family.roads_without_crash, family.roads);
            table += &format!("  {:<17} {without_crash:>16} {:>8}\n", family.family.name(), family.crashes);
        }
    }
    table
}

/// A table of an audit: words left, numbers right, intervals in brackets.
pub fn table(table: &Table) -> String {
    let headings = table.columns.iter().map(|column| column.heading.clone()).collect();
    let cells = |row: &Vec<Cell>| row.iter().zip(&table.columns).map(|(cell, column)| shown(cell, column)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(table.rows.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&table.columns).zip(&widths).map(|((cell, column), width)| {
            if column.key { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn shown(cell: &Cell, column: &Column) -> String {
    let digits = column.decimals;
    match cell {
        Cell::Interval { value, low, high } => format!("{value:.digits$} [{low:.digits$}, {high:.digits$}]"),
        Cell::Count(count) => count.to_string(),
        Cell::Number(value) if column.key => value.to_string(),
        Cell::Number(value) => format!("{value:.digits$}"),
        Cell::Text(text) => text.clone(),
        Cell::Missing => "–".into(),
    }
}

/// The table of open-loop errors.
pub fn error_table(errors: &[SteeringError]) -> String {
    let mut table = format!(
        "{:<12} {:>10} {:>10} {:>10} {:>10} {:>7} {:>8}\n",
        "predictor", "MAE 1/km", "RMSE 1/km", "in bends", "bias 1/km", "R2", "turns F1"
    );
    for error in errors {
        let per_km = |per_m: Option<f64>| per_m.map_or("-".to_owned(), |per_m| format!("{:.2}", 1e3 * per_m));
        let share = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        table += &format!(
            "{:<12} {:>10} {:>10} {:>10} {:>10} {:>7} {:>8}\n",
            error.name,
            per_km(error.mae_per_m),
            per_km(error.rmse_per_m),
            per_km(error.curvature_weighted_mae_per_m),
            per_km(error.bias_per_m),
            share(error.r2),
            share(error.macro_f1),
        );
    }
    table
}
