//! Which policies differ, paired by road and by training seed.

use super::results::Results;
use super::{DriveFigures, Kind};
use crate::suite::policies::{Policy, difference_cell, matched, pairs, verdict};
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::bootstrap::{Difference, paired_difference, paired_rate_difference};

/// Adds the table of differences, and says the differences in crashes.
pub fn fill(results: &Results, section: Section) -> Section {
    if results.trained().len() < 2 {
        return section;
    }
    let mut table = Table {
        id: "differences".into(),
        title: "Which differences are there".into(),
        note: "First less second, paired by road and by training seed, with 95 % bootstrap intervals over seeds and \
               roads. A difference is called one only when its interval excludes zero; with many rows, one in twenty \
               does so by chance."
            .into(),
        columns: vec![
            Column::key("setting", "setting"),
            Column::key("first", "first"),
            Column::key("second", "second"),
            Column::measured("crashes_per_km", "crashes/km", 3),
            Column::measured("verdict", "in crashes", 0),
            Column::measured("mean_abs_error_m", "mean |e|, m", 3),
            Column::measured("rms_steering_change_per_km", "steering change per step, 1/km", 2),
        ],
        rows: Vec::new(),
    };
    let mut said = Vec::new();
    for (name, settings) in subjects_of_comparison(results) {
        for (first, second) in pairs(results.trained()) {
            let found = Compared::new(results, &settings, first, second);
            let crashes = found.crashes();
            let verdict = verdict(first.name, second.name, crashes);
            said.extend(crashes.filter(|found| found.differs).map(|found| {
                format!(
                    "{name}: {verdict}, {} less {} is {:.2} [{:.2}, {:.2}] crashes/km",
                    first.name, second.name, found.mean, found.interval.low, found.interval.high
                )
            }));
            table.rows.push(vec![
                Cell::text(&name),
                Cell::text(first.name),
                Cell::text(second.name),
                difference_cell(crashes),
                Cell::text(verdict),
                difference_cell(found.of_drives(|drive| drive.lane.mean_abs_error_m())),
                difference_cell(found.of_drives(|drive| 1e3 * drive.comfort.rms_steering_change_per_m())),
            ]);
        }
    }
    let sentence = if said.is_empty() {
        "No difference in crashes is shown between any two policies.".into()
    } else {
        format!("Differences in crashes that are shown, of {} tried: {}.", table.rows.len(), said.join("; "))
    };
    section.say(sentence).table(table)
}

/// What policies are compared under: each setting by itself, or all severities of a corruption and all starts together.
fn subjects_of_comparison(results: &Results) -> Vec<(String, Vec<usize>)> {
    let numbers = |group: &str| results.of_group(group).map(|(number, _)| number).collect::<Vec<_>>();
    match results.kind() {
        Kind::Recover => vec![("all starts".into(), (0..results.settings().len()).collect())],
        Kind::Corrupt => results.groups().into_iter().map(|group| (group.to_owned(), numbers(group))).collect(),
        Kind::Ood | Kind::Smoke | Kind::Unseen => {
            let settings = results.settings().iter().enumerate();
            settings.map(|(number, setting)| (setting.group.clone(), vec![number])).collect()
        }
        Kind::Noise | Kind::Latency => {
            let settings = results.settings().iter().enumerate();
            settings.map(|(number, setting)| (format!("{} {}", setting.group, setting.level), vec![number])).collect()
        }
    }
}

/// Two policies under the same settings: for each matched pair of trainings, the drives of both.
struct Compared<'a> {
    trainings: Vec<Vec<(&'a DriveFigures, &'a DriveFigures)>>,
}

impl<'a> Compared<'a> {
    fn new(results: &'a Results, settings: &[usize], first: &Policy, second: &Policy) -> Self {
        let of_pair = |(a, b)| {
            let of_setting = |setting: &usize| results.drives(*setting, a).iter().zip(results.drives(*setting, b));
            settings.iter().flat_map(of_setting).collect()
        };
        Self { trainings: matched(first, second, results.subjects()).into_iter().map(of_pair).collect() }
    }

    fn crashes(&self) -> Option<Difference> {
        let rate = |drive: &DriveFigures| [f64::from(drive.crashes), drive.km];
        let of =
            |drives: &Vec<(&DriveFigures, &DriveFigures)>| drives.iter().map(|(a, b)| (rate(a), rate(b))).collect();
        paired_rate_difference(&self.trainings.iter().map(of).collect::<Vec<_>>(), 0)
    }

    fn of_drives(&self, figure: impl Fn(&DriveFigures) -> f64) -> Option<Difference> {
        let of =
            |drives: &Vec<(&DriveFigures, &DriveFigures)>| drives.iter().map(|(a, b)| (figure(a), figure(b))).collect();
        paired_difference(&self.trainings.iter().map(of).collect::<Vec<_>>(), 0)
    }
}
