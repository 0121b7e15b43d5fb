//! How much a corruption costs: area under the curve of crashes over severities, and relative to the CNN.

use super::{Drive, DrivingStudy, crashes};
use crate::study::{Findings, Row};
use lane_report::section::{Cell, Column, Table};

/// The policy that the others' rises are divided by.
const REFERENCE: &str = "cnn";

/// The table of degradations: the clean picture, each corruption, and all of them.
pub fn table(study: &DrivingStudy, findings: &Findings<'_, DrivingStudy>) -> Table {
    let policies = findings.policies();
    let reference = policies.iter().find(|policy| policy.name == REFERENCE);
    let mut columns = vec![Column::key("corruption", "corruption")];
    for policy in policies {
        let name = &policy.name;
        columns.push(Column::measured(&format!("{name}_crashes_per_km"), &format!("{name}, crashes/km"), 2));
        if reference.is_some() {
            columns.push(Column::measured(&format!("{name}_relative_to_cnn"), &format!("{name} / cnn"), 2));
        }
    }
    let line = |name: &str, holds: &dyn Fn(&Drive) -> bool| {
        let mut line = vec![Cell::text(name)];
        for policy in policies {
            line.push(Cell::number(rate(policy, holds)));
            if let Some(reference) = reference {
                // The clean picture is the first setting.
                let rise = |policy| rate(policy, holds) - rate(policy, &|drive| drive.setting == 0);
                // Beside a CNN that has lost nothing there is no ratio.
                let share = if rise(reference) > 0.0 { rise(policy) / rise(reference) } else { f64::NAN };
                line.push(Cell::number(share));
            }
        }
        line
    };
    let mut rows: Vec<_> = study.names().iter().map(|group| line(group, &|drive| drive.group == *group)).collect();
    rows.push(line("all corruptions", &|drive| drive.setting > 0));
    Table {
        id: "degradation".into(),
        title: "What each corruption costs".into(),
        note: "Crashes per km over all five severities, which is the area under the curve of crashes over severities \
               divided by its width. Behind it the rise over the clean picture, divided by that of the CNN (relative \
               mCE of Hendrycks and Dietterich 2019, with crashes in place of errors): below 1 is more robust than the \
               CNN. No ratio where the CNN lost nothing."
            .into(),
        columns,
        rows,
    }
}

fn rate(policy: &Row<'_, DrivingStudy>, holds: &dyn Fn(&Drive) -> bool) -> f64 {
    let [crashes, km] = crashes(&policy.within(holds));
    crashes / km
}
