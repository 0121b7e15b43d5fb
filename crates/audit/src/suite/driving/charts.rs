//! Charts of the driving suites.

use super::results::Results;
use super::settings::{HEADINGS_DEG, OFFSETS_M};
use crate::driving::{DriveFigures, survival as survival_of};
use crate::suite::policies::{Policy, colour};
use lane_report::plot::{Axis, Figure, HeatMap, Interval, Panel};

/// Room between the marks of policies at one place, as a share of a step of a categorical axis.
const SPREAD: f64 = 0.7;

/// Crashes per km against the level, a panel for each group.
pub fn levels(results: &Results) -> Figure {
    let groups = results.groups();
    let mut figure = Figure::new("").columns(groups.len().min(2));
    for (number, group) in groups.iter().enumerate() {
        let unit = match *group {
            "noise" => "variance of the noise on [0, 1]",
            "delay" => "delay (ms)",
            _ => "lost frames (%)",
        };
        let levels: Vec<f64> = results.of_group(group).map(|(_, setting)| setting.level).collect();
        let y = Axis::linear("crashes (1/km)").including(0.0);
        let mut panel = Panel::new(if groups.len() > 1 { *group } else { "" }, Axis::linear(unit).marking(&levels), y);
        for (place, policy) in results.all().iter().enumerate() {
            let colour = colour(policy.name, place);
            let name = if number == 0 { policy.name } else { "" };
            let rates: Vec<(f64, Vec<f64>)> = results
                .of_group(group)
                .map(|(setting, found)| (found.level, results.rates(&[setting], policy)))
                .collect();
            let means = rates.iter().map(|(level, rates)| (*level, mean(rates)));
            let dots = rates.iter().flat_map(|(level, rates)| rates.iter().map(|rate| (*level, *rate)));
            panel = panel.line(name, colour, means.collect::<Vec<_>>()).dots(name, colour, dots.collect::<Vec<_>>());
        }
        figure = figure.with(panel);
    }
    figure
}

/// Crashes per km of every policy, one group of marks for each setting.
pub fn bars(results: &Results) -> Figure {
    let names: Vec<&str> = results.settings().iter().map(|setting| setting.group.as_str()).collect();
    let y = Axis::linear("crashes (1/km)").including(0.0);
    let mut panel = Panel::new("", Axis::categories("", names), y);
    let policies = results.all();
    for (place, policy) in policies.iter().enumerate() {
        let colour = colour(policy.name, place);
        let at = |setting: usize| setting as f64 + SPREAD * ((place as f64 + 0.5) / policies.len() as f64 - 0.5);
        let settings = 0..results.settings().len();
        let scores = settings.clone().map(|setting| (setting, results.score(setting, policy)));
        let whiskers = scores.map(|(setting, score)| {
            let [low, high] = score.crashes_per_km_interval;
            Interval { x: at(setting), low, high }
        });
        let rates = |setting: usize| results.rates(&[setting], policy).into_iter().map(move |rate| (setting, rate));
        let dots = settings.flat_map(rates).map(|(setting, rate)| (at(setting), rate));
        panel = panel.whiskers("", colour, whiskers.collect::<Vec<_>>()).dots(
            policy.name,
            colour,
            dots.collect::<Vec<_>>(),
        );
    }
    // A wide panel where many names stand below it.
    let width = 120 + 80 * results.settings().len() as u32;
    Figure::new("").panel_size(width, 0).with(panel)
}

/// Share of drives without a crash against time, under the first setting.
pub fn survival(results: &Results) -> Figure {
    let y = Axis::linear("share without a crash").including(0.0).including(1.0);
    let mut panel = Panel::new("", Axis::linear("time (s)").including(0.0), y);
    for (place, policy) in results.all().iter().enumerate() {
        let drives: Vec<DriveFigures> =
            policy.trainings.iter().flat_map(|entrant| results.drives(0, *entrant)).cloned().collect();
        panel = panel.line(policy.name, colour(policy.name, place), survival_of(&drives));
    }
    Figure::new("").with(panel)
}

/// Share of drives that recovered, by offset and heading, a panel for each policy.
pub fn basins(results: &Results) -> Figure {
    let policies = results.all();
    let mut figure = Figure::new("").columns(2);
    for policy in policies {
        // Settings come heading by heading, and in each offset by offset.
        let row = |heading: usize| {
            (0..OFFSETS_M.len()).map(|offset| results.success(heading * OFFSETS_M.len() + offset, policy)).collect()
        };
        let rows = (0..HEADINGS_DEG.len()).map(row).collect();
        let x = Axis::categories("offset (m, left +)", OFFSETS_M.map(|offset| offset.to_string()));
        let y = Axis::categories("heading (°, left +)", HEADINGS_DEG.map(|heading| heading.to_string()));
        let map = HeatMap { label: "share recovered".into(), rows, range: Some((0.0, 1.0)) };
        figure = figure.with(Panel::new(policy.name, x, y).heat_map(map));
    }
    figure
}

/// Crashes per km by corruption and severity, a panel for each policy.
pub fn corruptions(results: &Results) -> Figure {
    let groups: Vec<&str> = results.groups().into_iter().rev().collect();
    let mut figure = Figure::new("").columns(2).panel_size(430, 420);
    let each = (0..results.settings().len())
        .flat_map(|setting| results.trained().iter().map(move |policy| mean(&results.rates(&[setting], policy))));
    let most = each.filter(|rate| rate.is_finite()).fold(0.0, f64::max);
    // Without any crash the scale still has two ends, and all is at its lower one.
    let most = if most > 0.0 { most } else { 1.0 };
    for policy in results.trained() {
        let rate = |settings: &[usize], policy: &Policy| mean(&results.rates(settings, policy));
        let row = |group: &&str| {
            let settings: Vec<usize> = results.of_group(group).map(|(number, _)| number).collect();
            // The clean picture has one level, shown in all columns.
            let of = |column: usize| rate(&[settings[column.min(settings.len() - 1)]], policy);
            (0..5).map(of).collect::<Vec<_>>()
        };
        let rows = groups.iter().map(row).collect();
        let x = Axis::categories("severity", ["1", "2", "3", "4", "5"]);
        let map = HeatMap { label: "crashes (1/km)".into(), rows, range: Some((0.0, most)) };
        figure = figure.with(Panel::new(policy.name, x, Axis::categories("", groups.clone())).heat_map(map));
    }
    figure
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
