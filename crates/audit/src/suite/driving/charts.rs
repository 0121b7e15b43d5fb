//! Charts that only the driving suites have.

use super::settings::{HEADINGS_DEG, OFFSETS_M, Setting};
use super::{DrivingStudy, rates};
use crate::driving::{DriveFigures, survival as survival_of};
use crate::study::{Findings, Row};
use lane_report::plot::{Axis, Figure, HeatMap, Panel};
use lane_statistics::order;

/// Columns of a heat map of corruptions: the severities.
const SEVERITIES: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Crashes per km against the level, a panel for each group.
pub fn levels(study: &DrivingStudy, findings: &Findings<'_, DrivingStudy>) -> Figure {
    let groups = study.names();
    let mut figure = Figure::new("").columns(groups.len().min(2));
    for (number, group) in groups.iter().enumerate() {
        let unit = match *group {
            "noise" => "variance of the noise on [0, 1]",
            "delay" => "delay (ms)",
            _ => "lost frames (%)",
        };
        let settings: Vec<(usize, &Setting)> = of_group(study, group);
        let levels: Vec<f64> = settings.iter().map(|(_, setting)| setting.level).collect();
        let y = Axis::linear("crashes (1/km)").including(0.0);
        let x = Axis::linear(unit);
        let x = if are_apart(&levels) { x.marking(&levels) } else { x };
        let mut panel = Panel::new(if groups.len() > 1 { *group } else { "" }, x, y);
        for row in findings.rows() {
            let name = if number == 0 { row.name.as_str() } else { "" };
            let rates: Vec<(f64, Vec<f64>)> =
                settings.iter().map(|(number, setting)| (setting.level, rates_in(row, *number))).collect();
            let means = rates.iter().map(|(level, rates)| (*level, mean(rates)));
            let dots = rates.iter().flat_map(|(level, rates)| rates.iter().map(|rate| (*level, *rate)));
            panel = panel.line(name, row.colour, means.collect::<Vec<_>>());
            panel = panel.dots(name, row.colour, dots.collect::<Vec<_>>());
        }
        figure = figure.with(panel);
    }
    figure
}

/// Whether rising levels can all be marked on an axis without their names touching.
fn are_apart(levels: &[f64]) -> bool {
    /// Room of a name, as a share of the axis.
    const ROOM: f64 = 0.1;
    let range = levels.last().zip(levels.first()).map_or(0.0, |(last, first)| last - first);
    levels.windows(2).all(|pair| pair[1] - pair[0] >= ROOM * range)
}

/// Share of drives without a crash against time.
pub fn survival(findings: &Findings<'_, DrivingStudy>) -> Figure {
    let y = Axis::linear("share without a crash").including(0.0).including(1.0);
    let panel = Panel::new("", Axis::linear("time (s)").including(0.0), y);
    let line = |panel: Panel, row: &Row<'_, DrivingStudy>| {
        panel.line(&row.name, row.colour, survival_of(&row.each_training(|drive| drive).concat()))
    };
    Figure::new("").with(findings.rows().iter().fold(panel, line))
}

/// Share of drives that recovered, by offset and heading, a panel for each policy.
pub fn basins(findings: &Findings<'_, DrivingStudy>) -> Figure {
    let panel = |row: &Row<'_, DrivingStudy>| {
        let recovered = |setting: usize| {
            let row = row.within(|drive| drive.setting == setting);
            let drives: Vec<&DriveFigures> = row.seen().collect();
            let whole = drives.iter().filter(|drive| drive.crashes == 0).count();
            whole as f64 / drives.len().max(1) as f64
        };
        // Settings come heading by heading, and in each offset by offset.
        let line = |heading: usize| (0..OFFSETS_M.len()).map(|at| recovered(heading * OFFSETS_M.len() + at)).collect();
        let rows = (0..HEADINGS_DEG.len()).map(line).collect();
        let x = Axis::categories("offset (m, left +)", OFFSETS_M.map(|offset| offset.to_string()));
        let y = Axis::categories("heading (°, left +)", HEADINGS_DEG.map(|heading| heading.to_string()));
        let map = HeatMap { label: "share recovered".into(), rows, range: Some((0.0, 1.0)) };
        Panel::new(&row.name, x, y).heat_map(map)
    };
    findings.rows().iter().map(panel).fold(Figure::new("").columns(2), Figure::with)
}

/// Crashes per km by corruption and severity, a panel for each policy.
pub fn corruptions(study: &DrivingStudy, findings: &Findings<'_, DrivingStudy>) -> Figure {
    let groups: Vec<&str> = study.names().into_iter().rev().collect();
    let policies = findings.policies();
    let each = (0..study.settings.len())
        .flat_map(|setting| policies.iter().map(move |policy| mean(&rates_in(policy, setting))));
    let most = each.filter(|rate| rate.is_finite()).fold(0.0, f64::max);
    // Without any crash the scale still has two ends, and all is at its lower one.
    let most = if most > 0.0 { most } else { 1.0 };
    let panel = |policy: &Row<'_, DrivingStudy>| {
        let line = |group: &&str| {
            let settings = of_group(study, group);
            // The clean picture has one level, shown in all columns.
            let at = |column: usize| settings[column.min(settings.len() - 1)].0;
            (0..SEVERITIES.len()).map(|column| mean(&rates_in(policy, at(column)))).collect()
        };
        let map = HeatMap {
            label: "crashes (1/km)".into(),
            rows: groups.iter().map(line).collect(),
            range: Some((0.0, most)),
        };
        let x = Axis::categories("severity", SEVERITIES);
        Panel::new(&policy.name, x, Axis::categories("", groups.clone())).heat_map(map)
    };
    policies.iter().map(panel).fold(Figure::new("").columns(2).panel_size(430, 420), Figure::with)
}

/// Settings of a group with their numbers.
fn of_group<'a>(study: &'a DrivingStudy, group: &str) -> Vec<(usize, &'a Setting)> {
    study.settings.iter().enumerate().filter(|(_, setting)| setting.group == group).collect()
}

/// Crashes per km of each training under a setting.
fn rates_in(row: &Row<'_, DrivingStudy>, setting: usize) -> Vec<f64> {
    rates(&row.within(|drive| drive.setting == setting))
}

fn mean(values: &[f64]) -> f64 {
    order::mean(values).unwrap_or(f64::NAN)
}
