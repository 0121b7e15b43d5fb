//! What the outcomes amount to: scores with each cue, what breaking it costs, and the swap test.

use super::MODES;
use super::results::Results;
use crate::driving::driving_table;
use crate::suite::policies::{Policy, colour, difference_cell, pairs, verdict};
use lane_report::plot::{Axis, Figure, Interval, Panel};
use lane_report::section::{Cell, Column, Section, Table};

/// Places in [`MODES`].
const TRUE: usize = 0;
const ABSENT: usize = 1;
const BROKEN: usize = 2;

/// Room between the marks of policies at one mode, as a share of a step of the axis.
const SPREAD: f64 = 0.7;

/// Adds everything that is known.
pub fn fill(results: &Results, section: Section) -> Section {
    let names: Vec<String> = results.subjects().iter().map(super::Subject::label).collect();
    let single: Vec<Policy> =
        names.iter().enumerate().map(|(place, name)| Policy { name, trainings: vec![place] }).collect();
    let mut section = section;
    for policy in results.policies() {
        section = section.say(said(results, policy));
    }
    let section = section
        .table(costs(results))
        .table(swap("swap", "The swap test", "policy", results, results.policies()))
        .table(scores("scores", "Scores, all trainings of a policy together", "policy", results, results.policies()))
        .chart("crashes", "Crashes per km with 95 % Poisson intervals; a dot for each training.", chart(results))
        .table(scores("trainings", "Scores of each training", "training", results, &single))
        .table(swap("swap-trainings", "The swap test on each training", "training", results, &single));
    if results.policies().len() < 2 { section } else { section.table(differences(results)) }
}

/// What breaking the cue did to one policy, in words.
fn said(results: &Results, policy: &Policy) -> String {
    let name = policy.name;
    let cost = results.crashes(policy, [BROKEN, TRUE]);
    let driving = match cost {
        None => format!("{name}: too little driven to say what a broken cue costs"),
        Some(cost) => {
            let what = match (cost.differs, cost.mean > 0.0) {
                (false, _) => "no difference shown between a broken and a true cue",
                (true, true) => "more crashes beside a broken cue than beside a true one",
                (true, false) => "fewer crashes beside a broken cue than beside a true one",
            };
            let (low, high) = (cost.interval.low, cost.interval.high);
            format!("{name}: {what}, {:.2} [{low:.2}, {high:.2}] crashes/km", cost.mean)
        }
    };
    let followed = results.followed(policy).map(|found| {
        let [mean, low, high] = [found.mean, found.interval.low, found.interval.high].map(|share| 100.0 * share);
        format!("; its steering follows {mean:.1} % [{low:.1}, {high:.1}] of what swapped colours tell")
    });
    format!("{driving}{}.", followed.unwrap_or_default())
}

fn costs(results: &Results) -> Table {
    let row = |policy: &Policy| {
        let broken = results.crashes(policy, [BROKEN, TRUE]);
        vec![
            Cell::text(policy.name),
            Cell::text(if results.subjects()[policy.trainings[0]].trained_with_cue { "yes" } else { "no" }),
            difference_cell(broken),
            Cell::text(verdict("broken", "true", broken)),
            difference_cell(results.crashes(policy, [ABSENT, TRUE])),
            difference_cell(results.error_m(policy, [BROKEN, TRUE])),
            difference_cell(results.error_m(policy, [ABSENT, TRUE])),
        ]
    };
    Table {
        id: "costs".into(),
        title: "What it costs when the cue breaks or is gone".into(),
        note:
            "Broken or absent less true, paired by road, with 95 % bootstrap intervals over trainings and roads. Above \
               0 is worse than beside a true cue. A difference is called one only when its interval excludes zero."
                .into(),
        columns: vec![
            Column::key("policy", "policy"),
            Column::measured("trained_with_cue", "trained with cue", 0),
            Column::measured("broken_crashes_per_km", "broken − true, crashes/km", 3),
            Column::measured("verdict", "in crashes", 0),
            Column::measured("absent_crashes_per_km", "absent − true, crashes/km", 3),
            Column::measured("broken_mean_abs_error_m", "broken − true, mean |e|, m", 3),
            Column::measured("absent_mean_abs_error_m", "absent − true, mean |e|, m", 3),
        ],
        rows: results.policies().iter().map(row).collect(),
    }
}

fn scores(id: &str, title: &str, key: &str, results: &Results, policies: &[Policy]) -> Table {
    let keys = [Column::key(key, key), Column::key("cue", "cue")];
    let of = |policy| MODES.iter().enumerate().map(move |(mode, cue)| (policy, mode, cue));
    let row = |(policy, mode, cue): (&Policy, usize, &lane_sim::Cue)| {
        (vec![Cell::text(policy.name), Cell::text(cue.name())], results.score(policy, mode))
    };
    driving_table(id, title, &keys, &policies.iter().flat_map(of).map(row).collect::<Vec<_>>())
}

fn swap(id: &str, title: &str, key: &str, results: &Results, policies: &[Policy]) -> Table {
    let row = |policy: &Policy| {
        let (change, interval) = results.change_per_km(policy);
        let followed = difference_cell(results.followed(policy));
        vec![Cell::text(policy.name), Cell::with_interval(change, interval), followed]
    };
    Table {
        id: id.into(),
        title: title.into(),
        note: "Change of the steering at the same place between true and opposite colours: root mean square, mean of the \
               roads. Followed: slope of that change over the change of what the colours tell of the next 10 m; 1 would \
               be to steer by the colours alone, 0 not to heed them. With 95 % bootstrap intervals over trainings and \
               roads."
            .into(),
        columns: vec![
            Column::key(key, key),
            Column::measured("rms_change_per_km", "RMS change, 1/km", 2),
            Column::measured("share_followed", "share followed", 3),
        ],
        rows: policies.iter().map(row).collect(),
    }
}

fn differences(results: &Results) -> Table {
    let row = |(first, second): (&Policy, &Policy)| {
        let found = results.changes_compared(first, second);
        let names = [first.name, second.name].map(Cell::text);
        let verdict = Cell::text(verdict(first.name, second.name, found));
        names.into_iter().chain([difference_cell(found), verdict]).collect()
    };
    Table {
        id: "differences".into(),
        title: "Who heeds the colours more".into(),
        note: "Change of the steering in the swap test, first less second, paired by road and by training seed, with \
               95 % bootstrap intervals."
            .into(),
        columns: vec![
            Column::key("first", "first"),
            Column::key("second", "second"),
            Column::measured("rms_change_per_km", "RMS change, 1/km", 2),
            Column::measured("verdict", "in change", 0),
        ],
        rows: pairs(results.policies()).map(row).collect(),
    }
}

fn chart(results: &Results) -> Figure {
    let y = Axis::linear("crashes (1/km)").including(0.0);
    let mut panel = Panel::new("", Axis::categories("cue", MODES.map(lane_sim::Cue::name)), y);
    let policies = results.policies();
    for (place, policy) in policies.iter().enumerate() {
        let colour = colour(policy.name, place);
        let at = |mode: usize| mode as f64 + SPREAD * ((place as f64 + 0.5) / policies.len() as f64 - 0.5);
        let whiskers = (0..MODES.len()).map(|mode| {
            let [low, high] = results.score(policy, mode).crashes_per_km_interval;
            Interval { x: at(mode), low, high }
        });
        let dots = (0..MODES.len()).flat_map(|mode| {
            let single = policy.trainings.iter().map(|training| Policy { name: "", trainings: vec![*training] });
            single.map(|training| (at(mode), results.score(&training, mode).crashes_per_km)).collect::<Vec<_>>()
        });
        panel = panel.whiskers("", colour, whiskers.collect::<Vec<_>>()).dots(
            policy.name,
            colour,
            dots.collect::<Vec<_>>(),
        );
    }
    Figure::new("").with(panel)
}
