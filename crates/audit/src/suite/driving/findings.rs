//! What every driving suite says about its drives.

use super::results::Results;
use super::settings::Setting;
use super::{Kind, charts, degradation, differences};
use crate::driving::{comfort_table, driving_table, family_table, lane_keeping_table};
use crate::suite::policies::Policy;
use lane_report::section::{Cell, Column, Section};

/// Adds what the results amount to.
pub fn fill(results: &Results, section: Section) -> Section {
    let kind = results.kind();
    let section = say_crashes(results, section);
    let section = match kind {
        Kind::Corrupt => degradation::fill(results, section),
        Kind::Recover => section.chart(
            "basins",
            "Share of drives that did not leave the lane, by offset and heading at the start: the brighter, the more.",
            charts::basins(results),
        ),
        _ => section,
    };
    let section = tables(results, section);
    let section = differences::fill(results, section);
    match kind {
        Kind::Noise | Kind::Latency => section.chart(
            "levels",
            "Crashes per km: lines through the means, a dot for each training.",
            charts::levels(results),
        ),
        Kind::Smoke | Kind::Unseen => section
            .chart(
                "crashes",
                "Crashes per km with 95 % Poisson intervals; a dot for each training.",
                charts::bars(results),
            )
            .chart("survival", "Share of drives without a crash so far (Kaplan and Meier).", charts::survival(results)),
        Kind::Ood => section.chart(
            "crashes",
            "Crashes per km with 95 % Poisson intervals; a dot for each training.",
            charts::bars(results),
        ),
        Kind::Corrupt | Kind::Recover => section,
    }
}

/// Trainings that crashed in a smoke test.
fn say_crashes(results: &Results, mut section: Section) -> Section {
    if results.kind() != Kind::Smoke {
        return section;
    }
    for (entrant, subject) in results.subjects().iter().enumerate() {
        let [crashes, km] = results.crashes(&[0], entrant);
        if crashes > 0.0 {
            section.wanting.push(format!("smoke: {} crashed {crashes} times in {km:.2} km", subject.label()));
        }
    }
    if section.wanting.is_empty() {
        return section.say("No policy crashed.");
    }
    let found = section.wanting.join("; ");
    section.say(found)
}

/// Every score: of policies over all their trainings, and of each training.
fn tables(results: &Results, section: Section) -> Section {
    let setting_keys = [Column::key("setting", "setting"), Column::key("level", "level")];
    let many = results.settings().len() > 1;
    let keys = |name: &str| {
        let setting = setting_keys.iter().filter(|_| many).cloned();
        setting.chain([Column::key(name, name)]).collect::<Vec<_>>()
    };
    let cells = |setting: &Setting, name: &str| {
        let place = [Cell::text(&setting.group), Cell::number(setting.level)];
        place.into_iter().filter(|_| many).chain([Cell::text(name)]).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    let mut single = Vec::new();
    for (number, setting) in results.settings().iter().enumerate() {
        for policy in results.all() {
            rows.push((cells(setting, policy.name), results.score(number, policy)));
        }
        for (entrant, subject) in results.subjects().iter().enumerate() {
            let label = subject.label();
            let policy = Policy { name: &label, trainings: vec![entrant] };
            single.push((cells(setting, &label), results.score(number, &policy)));
        }
    }
    let policy = keys("policy");
    let section = section
        .table(driving_table("scores", "Scores, all trainings of a policy together", &policy, &rows))
        .table(lane_keeping_table("lane-keeping", "Lane keeping", &policy, &rows));
    let section = if matches!(results.kind(), Kind::Corrupt | Kind::Recover) {
        section
    } else {
        section.table(comfort_table("comfort", "Steering and comfort", &policy, &rows)).table(family_table(
            "kinds",
            "By kind of road",
            &policy,
            &rows,
        ))
    };
    section.table(driving_table("trainings", "Scores of each training", &keys("training"), &single))
}
