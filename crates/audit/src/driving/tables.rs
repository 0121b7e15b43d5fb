//! Scores as tables of a report. Columns that say what a row is about come first and are the caller's.

use super::score::{DrivingScore, FamilyScore};
use lane_report::measure::{Caption, Measure, maybe, table};
use lane_report::section::{Cell, Column, Table};
use lane_statistics::interval::Interval;

const DRIVING: &[Measure<DrivingScore>] = &[
    ("roads", "roads", 0, |score| Cell::Count(score.roads as u64)),
    ("share_without_crash", "share without crash", 2, |score| {
        with_interval(share(score.roads_without_crash, score.roads), score.success_interval)
    }),
    ("crashes", "crashes", 0, |score| Cell::Count(score.crashes.into())),
    ("km", "km", 1, |score| Cell::number(score.km)),
    ("crashes_per_km", "crashes per km", 3, |score| with_interval(score.crashes_per_km, score.crashes_per_km_interval)),
    ("mean_seconds_to_crash", "time to crash, s", 1, |score| Cell::number(score.mean_seconds_to_crash)),
    ("autonomy_percent", "autonomy, %", 1, |score| Cell::number(score.autonomy_percent)),
    ("wheel_autonomy_percent", "autonomy by wheels, %", 1, |score| Cell::number(score.wheel_autonomy_percent)),
    ("mean_abs_error_m", "mean |e|, m", 3, |score| Cell::number(score.mean_abs_error_m)),
    ("p95_abs_error_m", "95 % of |e|, m", 2, |score| Cell::number(score.p95_abs_error_m)),
];

const DRIVING_NOTE: &str = "With 95 % intervals over trainings and roads. A crash: the car left its lane and was put \
    back. Time to crash: mean time to the first one, counting no more than the longest drive (area under the \
    Kaplan-Meier curve). Autonomy: share of the time without a human if every departure beyond 1 m, or of a wheel over \
    the edge of the lane, took one 6 s (PilotNet's formula). e: distance from the lane centre.";

const LANE_KEEPING: &[Measure<DrivingScore>] = &[
    ("mean_abs_error_m", "mean |e|, m", 3, |score| Cell::number(score.mean_abs_error_m)),
    ("rms_error_m", "RMS e, m", 3, |score| Cell::number(score.rms_error_m)),
    ("p95_abs_error_m", "95 % of |e|, m", 2, |score| Cell::number(score.p95_abs_error_m)),
    ("max_abs_error_m", "largest |e|, m", 2, |score| Cell::number(score.max_abs_error_m)),
    ("sdlp_m", "SDLP, m", 3, |score| Cell::number(score.sdlp_m)),
    ("share_within_30_cm", "time within 0.3 m", 3, |score| Cell::number(score.share_within_30_cm)),
    ("rms_heading_error_deg", "RMS heading, °", 2, |score| Cell::number(score.rms_heading_error_rad.to_degrees())),
    ("p5_time_to_line_s", "5 % of time to line, s", 1, |score| maybe(score.p5_time_to_line_s)),
    ("min_time_to_line_s", "least time to line, s", 2, |score| maybe(score.min_time_to_line_s)),
    ("departures_beyond_1_m", "beyond 1 m", 0, |score| Cell::Count(score.departures_beyond_1_m.into())),
    ("wheel_departures", "wheel over edge", 0, |score| Cell::Count(score.wheel_departures.into())),
];

const LANE_KEEPING_NOTE: &str = "e: distance from the lane centre. SDLP: standard deviation of lateral position within \
    drives. Heading: against the road's. Time to line: distance of the wheel to the edge it moves towards over lateral \
    speed, the road's bend taken as followed; 0 once a wheel is over, at most 10 s.";

const COMFORT: &[Measure<DrivingScore>] = &[
    ("rms_steering_change_per_km", "RMS change of command per step, 1/km", 2, |score| {
        Cell::number(1e3 * score.rms_steering_change)
    }),
    ("command_whiteness_deg_per_s", "whiteness of commands, °/s", 2, |score| {
        Cell::number(score.command_whiteness_rad_per_s.to_degrees())
    }),
    ("wheel_whiteness_deg_per_s", "whiteness of wheels, °/s", 2, |score| {
        Cell::number(score.wheel_whiteness_rad_per_s.to_degrees())
    }),
    ("steering_reversals_per_minute", "reversals per minute", 1, |score| {
        Cell::number(score.steering_reversals_per_minute)
    }),
    ("rms_lateral_acceleration_mps2", "RMS lateral acceleration, m/s²", 2, |score| {
        Cell::number(score.rms_lateral_acceleration_mps2)
    }),
    ("max_lateral_jerk_mps3", "largest lateral jerk, m/s³", 1, |score| Cell::number(score.max_lateral_jerk_mps3)),
    ("share_above_jerk_limit", "time above 5 m/s³", 4, |score| Cell::number(score.share_above_jerk_limit)),
];

const COMFORT_NOTE: &str = "Whiteness: root mean square of the rate of the front wheels' angle, as commanded and as \
    the wheels, whose rate is limited, could follow. Reversals: the wheels turned back by more than 0.2°, behind a \
    low-pass filter of 0.6 Hz (Markkula and Engström 2006). Jerk: \
    averaged over half a second, as UN Regulation 79 limits it to 5 m/s³. Speed is constant, and a part of \
    acceleration and jerk is the road's own. A crash and the jump back are left out.";

const FAMILY: &[Measure<FamilyScore>] = &[
    ("roads", "roads", 0, |score| Cell::Count(score.roads as u64)),
    ("share_without_crash", "share without crash", 2, |score| {
        with_interval(share(score.roads_without_crash, score.roads), score.success_interval)
    }),
    ("crashes", "crashes", 0, |score| Cell::Count(score.crashes.into())),
    ("km", "km", 1, |score| Cell::number(score.km)),
    ("crashes_per_km", "crashes per km", 3, |score| with_interval(score.crashes_per_km, score.crashes_per_km_interval)),
    ("mean_abs_error_m", "mean |e|, m", 3, |score| Cell::number(score.mean_abs_error_m)),
];

const FAMILY_NOTE: &str = "With 95 % intervals over trainings and roads.";

/// Crashes, autonomy and cross-track error.
pub fn driving_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, DrivingScore)]) -> Table {
    table(&Caption { id, title, note: DRIVING_NOTE }, keys, DRIVING, rows)
}

/// Where the cars were on their lane.
pub fn lane_keeping_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, DrivingScore)]) -> Table {
    table(&Caption { id, title, note: LANE_KEEPING_NOTE }, keys, LANE_KEEPING, rows)
}

/// How smoothly the cars were steered.
pub fn comfort_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, DrivingScore)]) -> Table {
    table(&Caption { id, title, note: COMFORT_NOTE }, keys, COMFORT, rows)
}

/// The same roads by kind: one row per score and kind of road, with a key column `family`.
pub fn family_table(id: &str, title: &str, keys: &[Column], rows: &[(Vec<Cell>, DrivingScore)]) -> Table {
    let keys: Vec<Column> = keys.iter().cloned().chain([Column::key("family", "road")]).collect();
    let by_family = rows.iter().flat_map(|(cells, score)| {
        score.by_family.iter().map(|by| ([&cells[..], &[Cell::text(by.family.name())]].concat(), by.clone()))
    });
    let rows: Vec<_> = by_family.collect();
    table(&Caption { id, title, note: FAMILY_NOTE }, &keys, FAMILY, &rows)
}

fn with_interval(value: f64, [low, high]: [f64; 2]) -> Cell {
    Cell::with_interval(value, Some(Interval { low, high }))
}

/// Not a number where there is nothing to have a share of.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::super::figures::DriveFigures;
    use super::super::test_drives::{at, crash, drive};
    use super::*;

    fn rows() -> Vec<(Vec<Cell>, DrivingScore)> {
        let drives = [vec![at(0.1); 200], vec![crash(1.7); 200]].map(|steps| DriveFigures::of(&drive(steps)));
        vec![
            (vec![Cell::text("ncp"), Cell::Count(1)], DrivingScore::of("ncp", 0.0, &[drives.iter().collect()])),
            (vec![Cell::text("cnn"), Cell::Count(2)], DrivingScore::of("cnn", 0.0, &[])),
        ]
    }

    #[test]
    fn every_row_has_a_cell_for_every_column_and_columns_have_names_of_their_own() {
        let keys = [Column::key("policy", "policy"), Column::key("seed", "seed")];
        for make in [driving_table, lane_keeping_table, comfort_table, family_table] {
            let table = make("id", "title", &keys, &rows());
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
            let mut names: Vec<_> = table.columns.iter().map(|column| &column.name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), table.columns.len());
        }
    }

    #[test]
    fn a_table_by_family_has_a_row_for_each_kind_that_was_driven() {
        let table = family_table("id", "title", &[Column::key("policy", ""), Column::key("seed", "")], &rows());
        assert_eq!(table.rows.len(), 1, "the second score drove nothing");
        assert_eq!(table.rows[0][..4], [Cell::text("ncp"), Cell::Count(1), Cell::text("marked"), Cell::Count(2)]);
    }

    #[test]
    fn a_share_carries_its_interval_and_is_missing_where_nothing_was_driven() {
        let table = driving_table("id", "title", &[Column::key("policy", ""), Column::key("seed", "")], &rows());
        assert!(matches!(table.rows[0][3], Cell::Interval { value: 0.5, .. }), "{:?}", table.rows[0]);
        assert_eq!(table.rows[1][3], Cell::Missing);
    }
}
