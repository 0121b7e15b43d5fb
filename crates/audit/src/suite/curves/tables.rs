//! What the limits amount to: tables, differences and the chart.

use super::RADII_M;
use super::limits::Limits;
use crate::suite::Subject;
use crate::suite::policies::{Policy, colour, pairs, verdict};
use lane_report::plot::{Axis, Colour, Figure, Panel};
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::bootstrap::Difference;
use lane_statistics::interval::Interval;
use lane_statistics::order;

/// Adds everything that is known about the limits.
pub fn fill(limits: &Limits, section: Section) -> Section {
    let label = Subject::label;
    let names: Vec<String> = limits.subjects().iter().map(label).collect();
    let single: Vec<Policy> =
        names.iter().enumerate().map(|(entrant, name)| Policy { name, trainings: vec![entrant] }).collect();
    let shares = "Share of bends driven against the radius: lines through the means, a dot for each training. To the \
                  left of the line at 30 m no training has shown a bend.";
    section
        .say(said(limits))
        .table(limit_table(
            "limits",
            "The tightest bend, all trainings of a policy together",
            "policy",
            limits,
            limits.all(),
        ))
        .table(differences(limits))
        .chart("shares", shares, chart(limits))
        .table(limit_table("trainings", "The tightest bend of each training", "training", limits, &single))
        .table(share_table(limits, &single))
}

/// The differences between policies that are shown, in words.
fn said(limits: &Limits) -> String {
    let found: Vec<_> = pairs(limits.trained()).map(|(a, b)| (a, b, limits.ratio(a, b))).collect();
    let shown = found.iter().filter_map(|(a, b, ratio)| {
        let ratio = ratio.filter(|ratio| ratio.differs)?;
        let [mean, low, high] = [ratio.mean, ratio.interval.low, ratio.interval.high].map(f64::exp);
        Some(format!("the limit of {} is {mean:.2} [{low:.2}, {high:.2}] times that of {}", a.name, b.name))
    });
    let shown: Vec<String> = shown.collect();
    match (found.is_empty(), shown.is_empty()) {
        (true, _) => "One policy: nothing to compare.".into(),
        (_, true) => "No difference in limits is shown between any two policies.".into(),
        _ => format!("Differences that are shown, of {} tried: {}.", found.len(), shown.join("; ")),
    }
}

fn limit_table(id: &str, title: &str, key: &str, limits: &Limits, rows: &[Policy]) -> Table {
    let row = |policy: &Policy| {
        let (mean, interval) = limits.mean_limit_m(policy);
        let [none, all] = limits.censored(policy);
        vec![
            Cell::text(policy.name),
            Cell::Count(limits.count(policy) as u64),
            Cell::with_interval(mean, interval),
            Cell::number(limits.median_limit_m(policy)),
            maybe(limits.tightest_driven_m(policy)),
            maybe(limits.widest_failed_m(policy)),
            Cell::number(limits.lateral_acceleration_mps2(policy)),
            ratio_cell(limits.left_over_right(policy)),
            Cell::Count(none as u64),
            Cell::Count(all as u64),
        ]
    };
    let columns = vec![
        Column::key(key, key),
        Column::measured("sweeps", "sweeps", 0),
        Column::measured("mean_limit_m", "limit (geometric mean), m", 1),
        Column::measured("median_limit_m", "median limit, m", 1),
        Column::measured("tightest_driven_m", "tightest driven by any, m", 1),
        Column::measured("widest_failed_m", "widest failed by any, m", 1),
        Column::measured("lateral_acceleration_mps2", "v²/R at the limit, m/s²", 1),
        Column::measured("left_over_right", "left / right", 2),
        Column::measured("failed_first", "failed the first", 0),
        Column::measured("never_failed", "never failed", 0),
    ];
    let note = "Smaller is better. With 95 % bootstrap intervals over trainings and sweeps. Left / right: limits to the \
                left over those to the right under the same looks. The last two columns count sweeps whose limit lies \
                outside the radii tried, so that the true mean is farther out.";
    let (id, title) = (id.into(), title.into());
    Table { id, title, note: note.into(), columns, rows: rows.iter().map(row).collect() }
}

fn differences(limits: &Limits) -> Table {
    let row = |(first, second): (&Policy, &Policy)| {
        let found = limits.ratio(first, second);
        let names = [first.name, second.name].map(Cell::text);
        names.into_iter().chain([ratio_cell(found), Cell::text(verdict(first.name, second.name, found))]).collect()
    };
    Table {
        id: "differences".into(),
        title: "Which differences are there".into(),
        note:
            "Limit of the first over that of the second, paired by look, side and training seed, with 95 % bootstrap \
               intervals. A difference is called one only when its interval excludes 1; the lower limit is the better."
                .into(),
        columns: vec![
            Column::key("first", "first"),
            Column::key("second", "second"),
            Column::measured("ratio", "ratio of limits", 2),
            Column::measured("verdict", "in limits", 0),
        ],
        rows: pairs(limits.trained()).map(row).collect(),
    }
}

fn share_table(limits: &Limits, single: &[Policy]) -> Table {
    let last = limits.all().last();
    let entrants = single.iter().chain(last).filter_map(|policy| Some((policy.name, *policy.trainings.first()?)));
    let row = |(name, entrant): (&str, usize)| {
        let shares = limits.shares(entrant).into_iter().map(Cell::number);
        [Cell::text(name)].into_iter().chain(shares).collect()
    };
    let radius = |radius_m: &f32| Column::measured(&format!("driven_at_{radius_m}_m"), &format!("{radius_m} m"), 2);
    Table {
        id: "shares".into(),
        title: "Share of bends driven, by radius".into(),
        note: String::new(),
        columns: [Column::key("training", "training")].into_iter().chain(RADII_M.iter().map(radius)).collect(),
        rows: entrants.map(row).collect(),
    }
}

fn chart(limits: &Limits) -> Figure {
    let radii = RADII_M.map(f64::from);
    let y = Axis::linear("share of bends driven").including(0.0).including(1.0);
    let mut panel = Panel::new("", Axis::log("radius (m)").marking(&radii), y).vertical(30.0);
    for (place, policy) in limits.all().iter().enumerate() {
        let colour: Colour = colour(policy.name, place);
        let shares: Vec<Vec<f64>> = policy.trainings.iter().map(|entrant| limits.shares(*entrant)).collect();
        let mean = |radius: usize| {
            let at_radius: Vec<f64> = shares.iter().map(|shares| shares[radius]).collect();
            (radii[radius], order::mean(&at_radius).unwrap_or(f64::NAN))
        };
        let dots = shares.iter().flat_map(|shares| radii.into_iter().zip(shares.iter().copied()));
        panel = panel.line(policy.name, colour, (0..radii.len()).map(mean).collect::<Vec<_>>()).dots(
            policy.name,
            colour,
            dots.collect::<Vec<_>>(),
        );
    }
    Figure::new("").with(panel)
}

/// A difference of logarithms as a ratio.
fn ratio_cell(found: Option<Difference>) -> Cell {
    let ratio = |found: Difference| {
        let Interval { low, high } = found.interval;
        Cell::with_interval(found.mean.exp(), Some(Interval { low: low.exp(), high: high.exp() }))
    };
    found.map_or(Cell::Missing, ratio)
}

fn maybe(value: Option<f64>) -> Cell {
    value.map_or(Cell::Missing, Cell::number)
}
