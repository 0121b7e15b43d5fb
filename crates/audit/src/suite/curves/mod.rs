//! How tight a bend each policy can drive: single bends, tighter and tighter, until it leaves its lane.

use crate::study::{Baseline, Entrant, Figure, Findings, Measure, Record, Row, Study};
use crate::suite::policies::ratio_cell;
use lane_driver::CannotSteer;
use lane_driver::closed_loop::{Conditions, DriveLog, Pilot, drive};
use lane_report::answers::{Answer, Better, Question};
use lane_report::measure::maybe;
use lane_report::plot::{Axis, Figure as Chart, Panel};
use lane_report::section::{Cell, Column, Section, Table};
use lane_sim::{Bend, Layout, MAX_WHEEL_ANGLE_RAD, RoadSet, WHEELBASE_M, Weather, World, WorldSpec};
use lane_statistics::effects::{Estimate, paired_difference};
use lane_statistics::order;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Radii in m from gentle to tight: preferred numbers (ISO 3, R10), each 0.79 of the one before. Roads of the training
/// have 30 m and more.
const RADII_M: [f32; 12] = [100.0, 80.0, 63.0, 50.0, 40.0, 31.5, 25.0, 20.0, 16.0, 12.5, 10.0, 8.0];

/// From radius to radius.
const STEP_RATIO: f64 = 0.794_328;

/// The tightest bends of the training, in m.
const TRAINED_TO_M: f64 = 30.0;

/// Name of the measure that the answer is about.
const MEAN_LIMIT: &str = "mean_limit_m";

/// Drives single bends to the left and to the right, under several looks.
pub struct CurvesStudy {
    looks: u32,
}

impl CurvesStudy {
    /// With this many looks of road, roadside and light.
    pub fn new(looks: u32) -> Self {
        Self { looks }
    }
}

/// Bends of one look to one side.
pub struct Side {
    look: u32,
    left: bool,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, .., last] = RADII_M;
        let side = if self.left { "left" } else { "right" };
        write!(f, "look {} {side}, {} radii {first} to {last} m", self.look, RADII_M.len())
    }
}

/// Bends of one entrant, look and side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The car's constant speed.
    speed_mps: f32,
    /// For each of [`RADII_M`], whether it stayed in its lane.
    driven: Vec<bool>,
}

impl Sweep {
    /// Number of radii driven before the first that was not.
    fn unbroken(&self) -> usize {
        self.driven.iter().take_while(|driven| **driven).count()
    }

    /// The tightest radius driven with none failed before it; a step above the first where that failed.
    fn limit_m(&self) -> f64 {
        match self.unbroken() {
            0 => f64::from(RADII_M[0]) / STEP_RATIO,
            driven => f64::from(RADII_M[driven - 1]),
        }
    }

    /// The widest radius that was not driven.
    fn widest_failed_m(&self) -> Option<f64> {
        RADII_M.get(self.unbroken()).map(|radius_m| f64::from(*radius_m))
    }
}

impl Study for CurvesStudy {
    type Case = Side;
    type Seen = Sweep;

    fn id(&self) -> &'static str {
        "curves"
    }

    fn baselines(&self) -> &'static [Baseline] {
        &[Baseline::Expert]
    }

    /// Left and right in turn, look by look.
    fn cases(&self, _: &Entrant<'_>) -> Vec<Side> {
        (0..self.looks).flat_map(|look| [true, false].map(|left| Side { look, left })).collect()
    }

    fn see(&self, entrant: &Entrant<'_>, side: &Side) -> anyhow::Result<Sweep> {
        let mut pilot = entrant.pilot();
        let mut sweep = Sweep { speed_mps: 0.0, driven: Vec::new() };
        for radius_m in RADII_M {
            let log = drive_bend(&mut pilot, u64::from(side.look), Bend { radius_m, left: side.left })?;
            sweep.speed_mps = log.speed_mps;
            sweep.driven.push(log.crashes() == 0);
        }
        Ok(sweep)
    }

    fn measures(&self) -> Vec<Measure<Self>> {
        let limit = Measure::<Self>::geometric_mean(MEAN_LIMIT, "limit (geometric mean), m", 1, Sweep::limit_m);
        vec![limit.claiming("limits", "")]
    }

    fn reading(&self) -> &'static str {
        "Smaller is better. Left / right: limits to the left over those to the right under the same looks. The last two \
         columns count sweeps whose limit lies outside the radii tried, so that the true mean is farther out."
    }

    fn figures(&self) -> Vec<Figure<Self>> {
        vec![
            Figure::new("sweeps", "sweeps", 0, |row| Cell::Count(row.seen().count() as u64)),
            Figure::new("median_limit_m", "median limit, m", 1, |row| {
                maybe(order::quantile(&each(row, Sweep::limit_m), 0.5))
            }),
            Figure::new("tightest_driven_m", "tightest driven by any, m", 1, tightest_driven_m),
            Figure::new("widest_failed_m", "widest failed by any, m", 1, |row| {
                maybe(row.seen().filter_map(Sweep::widest_failed_m).max_by(f64::total_cmp))
            }),
            Figure::new("lateral_acceleration_mps2", "v²/R at the limit, m/s²", 1, |row| {
                let lateral = |sweep: &Sweep| f64::from(sweep.speed_mps).powi(2) / sweep.limit_m();
                maybe(order::mean(&each(row, lateral)))
            }),
            Figure::new("left_over_right", "left / right", 2, |row| ratio_cell(left_over_right(row))),
            Figure::new("failed_first", "failed the first", 0, |row| count(row, 0)),
            Figure::new("never_failed", "never failed", 0, |row| count(row, RADII_M.len())),
        ]
    }

    fn section(&self, findings: &Findings<'_, Self>) -> anyhow::Result<Section> {
        let whole = |sweep: &Sweep| sweep.driven.len() == RADII_M.len();
        anyhow::ensure!(findings.rows().iter().flat_map(Row::seen).all(whole), "outcomes of another suite");
        let [first, .., last] = RADII_M;
        let section = Section::new(self.id(), "The tightest bend")
            .say(format!(
                "Each drive is one bend: straight, clothoid of 15 m, arc, clothoid, straight. The arc's radius falls \
                 from {first} to {last} m in {} steps, each 0.79 of the one before; every radius is driven, to the left \
                 and to the right, under {} looks of the test family by daylight. A bend counts as driven when the car \
                 stays in its lane to its end. Roads of the training have radii of {TRAINED_TO_M} m and more, so what \
                 is tighter is beyond all that a policy has seen.",
                RADII_M.len(),
                self.looks
            ))
            .say(format!(
                "The limit of a sweep is the tightest radius driven with none failed before it: {:.0} m where already \
                 the first fails, and at best {last} m. Limits are averaged as radii on a logarithmic scale. The \
                 speed is the road's own and constant, so the lateral acceleration v²/R that goes with a limit says \
                 what a real car would have to bear; this one does not slide. Its wheels allow a radius of {:.1} m. \
                 The expert's row shows what can be driven.",
                f64::from(first) / STEP_RATIO,
                WHEELBASE_M / MAX_WHEEL_ANGLE_RAD.tan()
            ));
        let caption = format!(
            "Share of bends driven against the radius: lines through the means, a dot for each training. To the left of \
             the line at {TRAINED_TO_M} m no training has shown a bend."
        );
        let answer = Answer::new(Question::Bends, "tightest bend driven, geometric mean", "m", Better::Lower, 1);
        let basis = findings.basis(&format!("bends to both sides under {} looks", self.looks));
        let section = section.answer(findings.answer(answer.on(basis), MEAN_LIMIT, ""));
        Ok(findings.tell(section).chart("shares", caption, chart(findings)).table(share_table(findings)))
    }
}

/// Drives from the start of a bend to its end.
fn drive_bend(pilot: &mut Pilot, look: u64, bend: Bend) -> Result<DriveLog, CannotSteer> {
    let drawn = WorldSpec::drawn(RoadSet::Test, look, Weather::Daylight, bend.length_m());
    let world = World::build(WorldSpec { layout: Layout::Bend(bend), ..drawn });
    // Time enough to come to its end, however far out the car goes.
    let seconds = 1.5 * f64::from(bend.length_m() / world.speed_mps());
    drive(pilot, Arc::new(world), seconds, &Conditions::default())
}

fn each(row: &Row<'_, CurvesStudy>, figure: impl Fn(&Sweep) -> f64) -> Vec<f64> {
    row.seen().map(figure).collect()
}

fn tightest_driven_m(row: &Row<'_, CurvesStudy>) -> Cell {
    let driven = row.seen().filter(|sweep| sweep.unbroken() > 0);
    maybe(driven.map(Sweep::limit_m).min_by(f64::total_cmp))
}

/// Sweeps that ended after this many radii.
fn count(row: &Row<'_, CurvesStudy>, driven: usize) -> Cell {
    Cell::Count(row.seen().filter(|sweep| sweep.unbroken() == driven).count() as u64)
}

/// The limits to the left over those to the right of the same looks, as a difference of logarithms.
fn left_over_right(row: &Row<'_, CurvesStudy>) -> Option<Estimate> {
    let sides = |record: &Record<'_, CurvesStudy>| {
        let sides = record.seen.chunks_exact(2);
        sides.map(|sides| (sides[0].1.limit_m().ln(), sides[1].1.limit_m().ln())).collect::<Vec<_>>()
    };
    paired_difference(&row.records.iter().map(sides).collect::<Vec<_>>())
}

/// Share of a record's bends of each radius that were driven.
fn shares(record: &Record<'_, CurvesStudy>) -> Vec<f64> {
    let driven = |radius: usize| record.seen.iter().filter(|(_, sweep)| sweep.driven[radius]).count();
    (0..RADII_M.len()).map(|radius| driven(radius) as f64 / record.seen.len() as f64).collect()
}

fn share_table(findings: &Findings<'_, CurvesStudy>) -> Table {
    let records = findings.rows().iter().flat_map(|row| &row.records);
    let row = |record: &Record<'_, CurvesStudy>| {
        let shares = shares(record).into_iter().map(Cell::number);
        [Cell::text(record.entrant.label())].into_iter().chain(shares).collect()
    };
    let radius = |radius_m: &f32| Column::measured(&format!("driven_at_{radius_m}_m"), &format!("{radius_m} m"), 2);
    Table {
        id: "shares".into(),
        title: "Share of bends driven, by radius".into(),
        note: String::new(),
        columns: [Column::key("training", "training")].into_iter().chain(RADII_M.iter().map(radius)).collect(),
        rows: records.map(row).collect(),
    }
}

fn chart(findings: &Findings<'_, CurvesStudy>) -> Chart {
    let radii = RADII_M.map(f64::from);
    let y = Axis::linear("share of bends driven").including(0.0).including(1.0);
    let mut panel = Panel::new("", Axis::log("radius (m)").marking(&radii), y).vertical(TRAINED_TO_M);
    for row in findings.rows() {
        let shares: Vec<Vec<f64>> = row.records.iter().map(shares).collect();
        let mean = |radius: usize| {
            let at_radius: Vec<f64> = shares.iter().map(|shares| shares[radius]).collect();
            (radii[radius], order::mean(&at_radius).unwrap_or(f64::NAN))
        };
        let dots = shares.iter().flat_map(|shares| radii.into_iter().zip(shares.iter().copied()));
        panel = panel.line(&row.name, row.colour, (0..radii.len()).map(mean).collect::<Vec<_>>());
        panel = panel.dots(&row.name, row.colour, dots.collect::<Vec<_>>());
    }
    Chart::new("").with(panel)
}

#[cfg(test)]
mod tests;
