//! What goes to standard output and error: lines, tables, progress.

use indicatif::{ProgressBar, ProgressStyle};
use lane_audit::driving::DrivingScore;
use lane_audit::open_loop::SteeringError;
use lane_report::measure::maybe;
use lane_report::section::{Cell, Column, Table};
use lane_statistics::interval::Interval;
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

/// Closed-loop scores, with a row for each kind of road below its policy.
pub fn driving_table(scores: &[DrivingScore]) -> String {
    let columns = [
        Column::key("policy", "policy"),
        Column::measured("noise", "noise", 2),
        Column::measured("without_crash", "without crash", 0),
        Column::measured("crashes", "crashes", 0),
        Column::measured("km", "km", 2),
        Column::measured("crashes_per_km", "crashes/km [95 %]", 3),
        Column::measured("mean_abs_error_m", "|e| m", 3),
        Column::measured("p95_abs_error_m", "p95 m", 3),
        Column::measured("rms_steering_change", "dk 1e-3/m", 2),
    ];
    let shares = |without_crash: usize, roads: usize| Cell::Text(format!("{without_crash} of {roads}"));
    let mut rows = Vec::new();
    for score in scores {
        let [low, high] = score.crashes_per_km_interval;
        rows.push(vec![
            Cell::text(&score.name),
            Cell::text(score.noise_variance.to_string()),
            shares(score.roads_without_crash, score.roads),
            Cell::Count(score.crashes.into()),
            Cell::number(score.km),
            Cell::with_interval(score.crashes_per_km, Some(Interval { low, high })),
            Cell::number(score.mean_abs_error_m),
            Cell::number(score.p95_abs_error_m),
            Cell::number(1e3 * score.rms_steering_change),
        ]);
        for family in &score.by_family {
            let mut row = vec![
                Cell::Text(format!("  {}", family.family.name())),
                Cell::text(""),
                shares(family.roads_without_crash, family.roads),
                Cell::Count(family.crashes.into()),
            ];
            row.resize(columns.len(), Cell::text(""));
            rows.push(row);
        }
    }
    lines(&columns, &rows)
}

/// Open-loop errors, a row for each predictor.
pub fn error_table(errors: &[SteeringError]) -> String {
    let columns = [
        Column::key("predictor", "predictor"),
        Column::measured("mae_per_km", "MAE 1/km", 2),
        Column::measured("rmse_per_km", "RMSE 1/km", 2),
        Column::measured("curvature_weighted_mae_per_km", "in bends", 2),
        Column::measured("bias_per_km", "bias 1/km", 2),
        Column::measured("r2", "R2", 3),
        Column::measured("skill_over_zero", "over zero", 3),
        Column::measured("correlation", "correlation", 3),
        Column::measured("macro_f1", "turns F1", 3),
    ];
    let row = |error: &SteeringError| {
        let per_m = [error.mae_per_m, error.rmse_per_m, error.curvature_weighted_mae_per_m, error.bias_per_m];
        let per_km = per_m.map(|per_m| per_m.map(|per_m| 1e3 * per_m));
        let values =
            per_km.into_iter().chain([error.r2, error.skill_over_zero, error.correlation, error.macro_f1]).map(maybe);
        std::iter::once(Cell::text(&error.name)).chain(values).collect()
    };
    lines(&columns, &errors.iter().map(row).collect::<Vec<_>>())
}

/// The same against smoothed steering, which is what a keyboard's presses are meant for.
pub fn smoothed_table(errors: &[SteeringError]) -> String {
    let rows = errors.first().map_or(1, |error| error.smoothed.rows);
    let columns = [
        Column::key("predictor", &format!("against {rows} rows' mean")),
        Column::measured("skill_over_zero", "R2 over zero", 3),
        Column::measured("correlation", "correlation", 3),
        Column::measured("best_delay_secs", "best delay s", 2),
        Column::measured("skill_at_best_delay", "R2 then", 3),
        Column::measured("correlation_at_best_delay", "correlation then", 3),
    ];
    let row = |error: &SteeringError| {
        let smoothed = &error.smoothed;
        vec![
            Cell::text(&error.name),
            maybe(smoothed.skill_over_zero),
            maybe(smoothed.correlation),
            Cell::number(smoothed.best_delay_secs),
            maybe(smoothed.skill_at_best_delay),
            maybe(smoothed.correlation_at_best_delay),
        ]
    };
    lines(&columns, &errors.iter().map(row).collect::<Vec<_>>())
}

/// A table of an audit.
pub fn table(table: &Table) -> String {
    lines(&table.columns, &table.rows)
}

/// A heading and rows for the terminal: words that say what a row is about on the left, all else on the right, intervals
/// in brackets.
fn lines(columns: &[Column], rows: &[Vec<Cell>]) -> String {
    let headings = columns.iter().map(|column| column.heading.clone()).collect();
    let cells = |row: &Vec<Cell>| row.iter().zip(columns).map(|(cell, column)| shown(cell, column)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| {
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
        Cell::Number(value) => column.below(*value).unwrap_or_else(|| format!("{value:.digits$}")),
        Cell::Text(text) => text.clone(),
        Cell::Missing => "–".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_audit::open_loop::SmoothedError;

    #[test]
    fn names_stand_on_the_left_and_numbers_on_the_right_of_their_columns() {
        let columns = [Column::key("policy", "policy"), Column::measured("rate", "crashes/km", 1)];
        let rows = [
            vec![Cell::text("ncp"), Cell::Interval { value: 0.25, low: 0.0, high: 12.0 }],
            vec![Cell::text("  straight"), Cell::Missing],
            vec![Cell::text("expert"), Cell::Number(0.04)],
        ];
        let expected = "\
policy           crashes/km
ncp         0.2 [0.0, 12.0]
  straight                –
expert            below 0.1
";
        assert_eq!(lines(&columns, &rows), expected);
    }

    #[test]
    fn open_loop_errors_are_shown_per_kilometre_and_what_is_not_known_as_a_dash() {
        let error = SteeringError {
            name: "zero".into(),
            mae_per_m: Some(0.0125),
            rmse_per_m: Some(0.02),
            bias_per_m: Some(-0.001),
            curvature_weighted_mae_per_m: None,
            r2: Some(-0.5),
            skill_over_zero: Some(0.0),
            correlation: None,
            smoothed: SmoothedError {
                rows: 13,
                skill_over_zero: Some(0.0),
                correlation: None,
                best_delay_secs: 0.0,
                skill_at_best_delay: Some(0.0),
                correlation_at_best_delay: None,
            },
            f1_left_straight_right: [None; 3],
            macro_f1: None,
            by_curvature: Vec::new(),
        };
        let expected = "\
predictor  MAE 1/km  RMSE 1/km  in bends  bias 1/km      R2  over zero  correlation  turns F1
zero          12.50      20.00         –      -1.00  -0.500      0.000            –         –
";
        let smoothed = "\
against 13 rows' mean  R2 over zero  correlation  best delay s  R2 then  correlation then
zero                          0.000            –          0.00    0.000                 –
";
        let errors = [error];
        assert_eq!((error_table(&errors).as_str(), smoothed_table(&errors).as_str()), (expected, smoothed));
    }
}
