//! Drives in another simulator: the same starts for every policy, as far as that simulator can be told where to start.

use crate::driving::{DriveFigures, DrivingScore, comfort_table, driving_table};
use crate::study::{Baseline, Entrant, Figure, Findings, Measure, Row, Study};
use anyhow::Context as _;
use lane_driver::outside::Outside;
use lane_report::section::{Cell, Column, Section};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Drives of all policies in another simulator, one after the other: there is but one car.
pub struct OutsideStudy {
    outside: Mutex<Outside>,
    title: String,
    drives: u32,
    seconds: f64,
}

impl OutsideStudy {
    /// So many drives of each training, each so long in the simulator's time.
    pub fn new(outside: Outside, drives: u32, seconds: f64) -> Self {
        Self { title: outside.title(), outside: Mutex::new(outside), drives, seconds }
    }
}

/// One drive.
pub struct Start {
    title: String,
    road: u32,
    seconds: f64,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, road, seconds } = self;
        write!(f, "{title} road {road}, {seconds} s")
    }
}

/// What became of a drive.
#[derive(Serialize, Deserialize)]
pub struct Seen {
    drive: DriveFigures,
    laps: u32,
}

impl Study for OutsideStudy {
    type Case = Start;
    type Seen = Seen;

    fn id(&self) -> &'static str {
        "drive"
    }

    fn baselines(&self) -> &'static [Baseline] {
        &[Baseline::Expert, Baseline::Straight]
    }

    fn cases(&self, _: &Entrant<'_>) -> Vec<Start> {
        (0..self.drives).map(|road| Start { title: self.title.clone(), road, seconds: self.seconds }).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, start: &Start) -> anyhow::Result<Seen> {
        let mut outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        outside.car().set_road(start.road)?;
        let mut is_placed = true;
        let log = outside.drive(&mut entrant.pilot(), start.seconds, &mut |seen, _| {
            is_placed &= seen.offset_m.is_some();
            Ok(())
        })?;
        let tells = is_placed.then_some(()).context("this simulator does not tell where the car is on its lane");
        tells.map(|()| Seen { drive: DriveFigures::of(&log.drive), laps: log.laps })
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        vec![
            Measure::<Self>::events("crashes_per_km", "crashes per km", 3, |seen: &Seen| seen.drive.crashes_and_km())
                .claiming("crashes", "crashes/km"),
            Measure::<Self>::mean("mean_abs_error_m", "mean |e|, m", 3, |seen: &Seen| {
                seen.drive.lane.mean_abs_error_m()
            }),
            Measure::<Self>::mean("rms_steering_change_per_km", "steering change per step, 1/km", 2, |seen: &Seen| {
                1e3 * seen.drive.comfort.rms_steering_change_per_m()
            }),
        ]
    }

    fn figures(&self) -> Vec<Figure<Self>> {
        let laps = |row: &Row<'_, Self>| Cell::Count(row.seen().map(|seen| u64::from(seen.laps)).sum());
        vec![Figure::new("laps", "laps", 0, laps)]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let Self { title, drives, seconds, .. } = self;
        let section = Section::new("drive", "Drives in another simulator").say(format!(
            "{drives} drives of {seconds} s in {title}, one after the other, each from the start to which that simulator \
             puts the car, on the road of another seed where it draws roads. A car that is farther from the middle of its \
             lane than the limit, or has hit something, is put back to the start and counted as a crash. Lengths are \
             metres of the policies' world. Where the simulator goes in lockstep the same command gives the same drives; \
             where it has a clock of its own it does not."
        ));
        let section = findings.tell(section);
        let keys = [Column::key("policy", "policy")];
        let score = |row: &Row<'_, Self>| {
            let drives = row.each_training(|seen| &seen.drive);
            (vec![Cell::text(&row.name)], DrivingScore::of(&row.name, 0.0, &drives))
        };
        let rows: Vec<_> = findings.rows().iter().map(score).collect();
        let section = section.table(driving_table("driving", "Driving", &keys, &rows));
        Ok(section.table(comfort_table("comfort", "Steering and comfort", &keys, &rows)))
    }
}
