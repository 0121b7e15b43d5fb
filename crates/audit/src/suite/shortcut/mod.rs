//! Whether a policy drives by the road or by what happens to stand beside it: bushes whose blossom told the curvature
//! in training, and lie in the test (Geirhos et al. 2020; de Haan et al. 2019).

mod swap;

use crate::driving::{DriveFigures, DrivingScore, driving_table};
use crate::study::{Entrant, Figure, Findings, Marks, Measure, Row, Study, dots_panel};
use crate::suite::policies::{difference_cell, ratio_cell};
use lane_driver::closed_loop::{Conditions, drive};
use lane_report::plot::{Axis, Figure as Chart};
use lane_report::section::{Cell, Column, Section, Table};
use lane_sim::{Course, Cue, RoadSet, Weather, World, WorldSpec};
use lane_statistics::effects::{Estimate, event_ratio, paired_difference};
use lane_statistics::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use swap::Swap;

/// What the bushes tell in the drives of each road.
const MODES: [Cue; 3] = [Cue::Predictive, Cue::Absent, Cue::Broken];

/// Places in [`MODES`].
const TRUE: usize = 0;
const ABSENT: usize = 1;
const BROKEN: usize = 2;

/// Drives the same roads beside true, no and broken cues.
pub struct ShortcutStudy {
    roads: u32,
    seconds: f64,
}

/// A road, in all modes.
pub struct Road {
    number: u32,
    seconds: f64,
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "road {}, {} s, cue true, absent, broken and swapped", self.number, self.seconds)
    }
}

impl Road {
    fn worlds<const N: usize>(&self, cues: [Cue; N]) -> [Arc<World>; N] {
        let (set, seed, weather, seconds) = (RoadSet::Test, self.number, Weather::Daylight, self.seconds);
        let spec = Course { set, seed, family: None, weather, seconds }.spec();
        cues.map(|cue| Arc::new(World::build(WorldSpec { cue, ..spec })))
    }
}

/// One training on one road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// One drive for each of [`MODES`].
    drives: [DriveFigures; 3],
    swap: Swap,
}

impl ShortcutStudy {
    /// On this many roads for this long each.
    pub fn new(roads: u32, seconds: f64) -> Self {
        Self { roads, seconds }
    }
}

impl Study for ShortcutStudy {
    type Case = Road;
    type Seen = Outcome;

    fn id(&self) -> &'static str {
        "shortcut"
    }

    fn cases(&self, _: &Entrant<'_>) -> Vec<Road> {
        (0..self.roads).map(|number| Road { number, seconds: self.seconds }).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, road: &Road) -> anyhow::Result<Outcome> {
        let mut pilot = entrant.pilot();
        let mut driven = |world: Arc<World>| {
            let log = drive(&mut pilot, world, road.seconds, &Conditions::default())?;
            anyhow::Ok(DriveFigures::of(&log))
        };
        let [told, absent, broken] = road.worlds(MODES);
        let drives = [driven(told)?, driven(absent)?, driven(broken)?];
        let swap = match entrant.subject() {
            Some(subject) => {
                Swap::measure(&subject.driver, road.worlds([Cue::Predictive, Cue::Opposite]), road.seconds)?
            }
            None => Swap::default(),
        };
        Ok(Outcome { drives, swap })
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        vec![
            Measure::<Self>::mean("rms_change_per_km", "RMS change of steering, 1/km", 2, |outcome| {
                1e3 * outcome.swap.rms_change_per_m()
            })
            .claiming("the change of steering under swapped colours", "1/km"),
            Measure::<Self>::rate("share_followed", "share followed", 3, |outcome| outcome.swap.followed()),
        ]
    }

    fn reading(&self) -> &'static str {
        "The swap test: change of the steering at the same place between true and opposite colours, root mean square, mean \
         of the roads. Followed: slope of that change over the change of what the colours tell of the next 10 m; 1 would \
         be to steer by the colours alone, 0 not to heed them. What it costs when the cue breaks or is gone: crashes broken \
         or absent over true, half a crash added to each, and the error less that beside a true cue, paired by road; above \
         1 and above 0 is worse than beside a true cue."
    }

    fn figures(&self) -> Vec<Figure<Self>> {
        vec![
            Figure::new("trained_with_cue", "trained with cue", 0, |row| {
                Cell::text(if trained_with_cue(row) { "yes" } else { "no" })
            }),
            Figure::new("broken_crashes_ratio", "crashes, broken over true", 2, |row| {
                ratio_cell(crash_cost(row, BROKEN))
            }),
            Figure::new("cost", "cost in crashes", 0, |row| Cell::text(verdict(row).text("broken", "true"))),
            Figure::new("absent_crashes_ratio", "crashes, absent over true", 2, |row| {
                ratio_cell(crash_cost(row, ABSENT))
            }),
            Figure::new("broken_mean_abs_error_m", "broken − true, mean |e|, m", 3, |row| {
                difference_cell(error_cost_m(row, BROKEN))
            }),
            Figure::new("absent_mean_abs_error_m", "absent − true, mean |e|, m", 3, |row| {
                difference_cell(error_cost_m(row, ABSENT))
            }),
        ]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let section = Section::new(self.id(), "Shortcuts beside the road")
            .say(
                "Bushes stand every 5 m on both sides of the road. Where the cue is true, their blossom is red where \
                 the road bends to the left, blue where it bends to the right and white where it is straight; where it \
                 is broken, they show the colours of other places of the same road, so that colours are as frequent \
                 and mean nothing; where it is absent, there are none of them. Road, light and everything else are the \
                 same. A policy that looks at the road drives alike in all three; one that took the shortcut gets \
                 worse when the cue breaks.",
            )
            .say(format!(
                "{} roads of the test family for {} s each, and on each the swap test: the expert drives, the policy \
                 only watches, once with the true and once with the opposite colours. What its steering differs by at \
                 the same places is due to the colours alone.",
                self.roads, self.seconds
            ))
            .say(controls(findings));
        let section = findings.policies().iter().map(|row| cost_in_words(findings, row)).fold(section, Section::say);
        let section = findings.tell(section);
        let caption = "Crashes per km with 95 % intervals over trainings and roads; a dot for each training.";
        Ok(section
            .table(by_mode("driving", "Driving, all trainings of a policy together", "policy", findings.policies()))
            .chart("crashes", caption, chart(findings))
            .table(by_mode("driving-trainings", "Driving of each training", "training", &findings.trainings())))
    }
}

fn trained_with_cue(row: &Row<'_, ShortcutStudy>) -> bool {
    row.records.iter().filter_map(|record| record.entrant.subject()).any(|subject| subject.trained_with_cue)
}

/// Which policies had the cue in training.
fn controls(findings: &Findings<'_, ShortcutStudy>) -> String {
    let names = |with_cue: bool| {
        let chosen = findings.policies().iter().filter(|row| trained_with_cue(row) == with_cue);
        chosen.map(|row| row.name.clone()).collect::<Vec<_>>().join(", ")
    };
    let (with, without) = (names(true), names(false));
    let with = if with.is_empty() {
        "No policy here was trained with the cue (`train --cue`)".into()
    } else {
        format!("Trained with the true cue, by their cards: {with}")
    };
    if without.is_empty() {
        return format!("{with}.");
    }
    format!(
        "{with}. Trained without it, and so a control that can have learned no such shortcut: {without}. To these the \
         bushes are only a new sight."
    )
}

/// What breaking the cue did to one policy.
fn cost_in_words(findings: &Findings<'_, ShortcutStudy>, row: &Row<'_, ShortcutStudy>) -> String {
    let name = &row.name;
    let driving = match crash_cost(row, BROKEN) {
        None => format!("{name}: no crash beside a broken cue and none beside a true one"),
        Some(cost) => {
            let [value, low, high] = [cost.value, cost.interval.low, cost.interval.high].map(f64::exp);
            let verdict = verdict(row).text("broken", "true");
            format!(
                "{name}: crashes beside a broken cue over those beside a true one: {value:.2} [{low:.2}, {high:.2}], {verdict}"
            )
        }
    };
    let followed = findings.measures().get(1).map(|measure| measure.score(row));
    let followed = followed.and_then(|(share, interval)| {
        let [share, low, high] = [share, interval?.low, interval?.high].map(|share| 100.0 * share);
        Some(format!("; its steering follows {share:.1} % [{low:.1}, {high:.1}] of what swapped colours tell"))
    });
    format!("{driving}{}.", followed.unwrap_or_default())
}

/// What breaking the cue amounts to in crashes.
fn verdict(row: &Row<'_, ShortcutStudy>) -> Verdict {
    crash_cost(row, BROKEN).map_or(Verdict::TooLittle, |cost| Verdict::new(&cost, cost.p))
}

/// Crashes per km in a mode over those beside a true cue, as a logarithm.
fn crash_cost(row: &Row<'_, ShortcutStudy>, mode: usize) -> Option<Estimate> {
    let [there, beside_true] =
        [mode, TRUE].map(|mode| row.each_training(|outcome| outcome.drives[mode].crashes_and_km()));
    event_ratio(&there, &beside_true)
}

/// Mean |e| in a mode less that beside a true cue, paired by road, in m.
fn error_cost_m(row: &Row<'_, ShortcutStudy>, mode: usize) -> Option<Estimate> {
    let error = |drive: &DriveFigures| drive.lane.mean_abs_error_m();
    let pair = |outcome: &Outcome| (error(&outcome.drives[mode]), error(&outcome.drives[TRUE]));
    paired_difference(&row.each_training(pair))
}

/// All drives of a row in one mode.
fn score(row: &Row<'_, ShortcutStudy>, mode: usize) -> DrivingScore {
    let drives = row.each_training(|outcome| &outcome.drives[mode]);
    DrivingScore::of(&row.name, 0.0, &drives)
}

fn by_mode(id: &str, title: &str, key: &str, rows: &[Row<'_, ShortcutStudy>]) -> Table {
    let keys = [Column::key(key, key), Column::key("cue", "cue")];
    let modes = MODES.iter().enumerate();
    let of = |row| modes.clone().map(move |(mode, cue)| (row, mode, cue));
    let line = |(row, mode, cue): (&Row<'_, ShortcutStudy>, usize, &Cue)| {
        (vec![Cell::text(&row.name), Cell::text(cue.name())], score(row, mode))
    };
    driving_table(id, title, &keys, &rows.iter().flat_map(of).map(line).collect::<Vec<_>>())
}

fn chart(findings: &Findings<'_, ShortcutStudy>) -> Chart {
    let marks = |row: &Row<'_, ShortcutStudy>, mode: usize| Marks {
        interval: Some(score(row, mode).crashes_per_km_interval),
        dots: row.single().map(|training| score(&training, mode).crashes_per_km).collect(),
    };
    let rows = findings.policies().iter().map(|row| {
        let by_mode: Vec<Marks> = (0..MODES.len()).map(|mode| marks(row, mode)).collect();
        (row.name.as_str(), row.colour, by_mode)
    });
    let (x, y) = (Axis::categories("cue", MODES.map(Cue::name)), Axis::linear("crashes (1/km)").including(0.0));
    Chart::new("").with(dots_panel("", x, y, &rows.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
