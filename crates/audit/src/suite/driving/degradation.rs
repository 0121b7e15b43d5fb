//! How much a corruption costs: area under the curve of crashes over severities, and relative to the CNN.

use super::charts;
use super::results::Results;
use crate::suite::policies::Policy;
use lane_report::section::{Cell, Column, Section, Table};

/// Adds the heat maps and the table of degradations.
pub fn fill(results: &Results, section: Section) -> Section {
    section.table(table(results)).chart(
        "severities",
        "Crashes per km, mean of the trainings, by corruption and severity, on one scale.",
        charts::corruptions(results),
    )
}

fn table(results: &Results) -> Table {
    let reference = results.trained().iter().find(|policy| policy.name == "cnn");
    let mut columns = vec![Column::key("corruption", "corruption")];
    for policy in results.trained() {
        let name = policy.name;
        columns.push(Column::measured(&format!("{name}_crashes_per_km"), &format!("{name}, crashes/km"), 2));
        if reference.is_some() {
            columns.push(Column::measured(&format!("{name}_relative_to_cnn"), &format!("{name} / cnn"), 2));
        }
    }
    let clean = [0];
    let row = |name: &str, settings: &[usize]| {
        let mut row = vec![Cell::text(name)];
        for policy in results.trained() {
            row.push(Cell::number(rate(results, settings, policy)));
            if let Some(cnn) = reference {
                let rise = |policy| rate(results, settings, policy) - rate(results, &clean, policy);
                // Beside a CNN that has lost nothing there is no ratio.
                let share = if rise(cnn) > 0.0 { rise(policy) / rise(cnn) } else { f64::NAN };
                row.push(Cell::number(share));
            }
        }
        row
    };
    let groups = results.groups();
    let mut rows: Vec<_> = groups
        .iter()
        .map(|group| row(group, &results.of_group(group).map(|(number, _)| number).collect::<Vec<_>>()))
        .collect();
    let corrupted: Vec<usize> = (1..results.settings().len()).collect();
    rows.push(row("all corruptions", &corrupted));
    Table {
        id: "degradation".into(),
        title: "What each corruption costs".into(),
        note: "Crashes per km over all five severities, which is the area under the curve of crashes over severity \
               divided by its width. Behind it the rise over the clean picture, divided by that of the CNN (relative \
               mCE of Hendrycks and Dietterich 2019, with crashes in place of errors): below 1 is more robust than the \
               CNN. No ratio where the CNN lost nothing."
            .into(),
        columns,
        rows,
    }
}

fn rate(results: &Results, settings: &[usize], policy: &Policy) -> f64 {
    let totals = policy.trainings.iter().map(|entrant| results.crashes(settings, *entrant));
    let [crashes, km] = totals.fold([0.0; 2], |[crashes, km], [c, k]| [crashes + c, km + k]);
    crashes / km
}
