//! Drives in another simulator: the same starts for every policy, as far as that simulator can be told where to start.

use crate::driving::{DriveFigures, DrivingScore, comfort_table, driving_table};
use crate::study::{Baseline, Entrant, Figure, Findings, Group, Measure, Row, Study};
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
    noise_variances: Vec<f32>,
    drives: u32,
    seconds: f64,
}

impl OutsideStudy {
    /// So many drives of each training under each variance of image noise, each so long in the simulator's time.
    pub fn new(outside: Outside, noise_variances: Vec<f32>, drives: u32, seconds: f64) -> Self {
        Self { title: outside.title(), outside: Mutex::new(outside), noise_variances, drives, seconds }
    }
}

/// One drive.
pub struct Start {
    title: String,
    noise_variance: f32,
    road: u32,
    seconds: f64,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, noise_variance, road, seconds } = self;
        write!(f, "{title} noise {noise_variance} road {road}, {seconds} s")
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

    /// A baseline looks at no picture: noise cannot change it.
    fn cases(&self, entrant: &Entrant<'_>) -> Vec<Start> {
        let levels = if entrant.subject().is_some() { &self.noise_variances[..] } else { &self.noise_variances[..1] };
        let of = |&noise_variance: &f32| {
            (0..self.drives).map(move |road| {
                let (title, seconds) = (self.title.clone(), self.seconds);
                Start { title, noise_variance, road, seconds }
            })
        };
        levels.iter().flat_map(of).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, start: &Start) -> anyhow::Result<Seen> {
        let mut outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        outside.car().set_road(start.road)?;
        outside.spoiling.noise_variance = start.noise_variance;
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

    fn groups(&self) -> Vec<Group<Self>> {
        let group = |&variance: &f32| {
            Group::<Self>::new(format!("noise {variance}"), move |start: &Start| start.noise_variance == variance)
        };
        if self.noise_variances.len() > 1 { self.noise_variances.iter().map(group).collect() } else { Vec::new() }
    }

    fn figures(&self) -> Vec<Figure<Self>> {
        let laps = |row: &Row<'_, Self>| Cell::Count(row.seen().map(|seen| u64::from(seen.laps)).sum());
        vec![Figure::new("laps", "laps", 0, laps)]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let Self { title, drives, seconds, .. } = self;
        let noise = match &self.noise_variances[..] {
            [none] if *none == 0.0 => String::new(),
            levels => {
                let levels: Vec<_> = levels.iter().map(f32::to_string).collect();
                format!(" under image noise of variance {}", levels.join(", "))
            }
        };
        let section = Section::new("drive", "Drives in another simulator").say(format!(
            "{drives} drives of {seconds} s in {title}{noise}, one after the other, each from the start to which that simulator \
             puts the car, on the road of another seed where it draws roads. A car that is farther from the middle of its \
             lane than the limit, or has hit something, is put back to the start and counted as a crash. Lengths are \
             metres of the policies' world. Where the simulator goes in lockstep the same command gives the same drives; \
             where it has a clock of its own it does not."
        ));
        let section = findings.tell(section);
        let keys = [Column::key("noise_variance", "noise variance"), Column::key("policy", "policy")];
        let score = |&variance: &f32, row: &Row<'_, Self>| {
            let row = row.within(|start| start.noise_variance == variance);
            let drives = row.each_training(|seen| &seen.drive);
            let keys = vec![Cell::text(variance.to_string()), Cell::text(&row.name)];
            row.seen().next().map(|_| (keys, DrivingScore::of(&row.name, variance, &drives)))
        };
        let at = |variance| findings.rows().iter().filter_map(move |row| score(variance, row));
        let rows: Vec<_> = self.noise_variances.iter().flat_map(at).collect();
        let section = section.table(driving_table("driving", "Driving", &keys, &rows));
        Ok(section.table(comfort_table("comfort", "Steering and comfort", &keys, &rows)))
    }
}
