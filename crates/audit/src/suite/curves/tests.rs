use super::*;
use crate::suite::Suite;
use crate::suite::test_subjects::untrained;
use serde_json::Value;
use std::collections::HashSet;

fn suite(names: &[&str], looks: u32) -> Box<dyn Suite> {
    CurvesStudy::new(looks).on(untrained(names, 2))
}

fn outcome(driven: usize) -> Value {
    let driven = (0..RADII_M.len()).map(|radius| radius < driven).collect();
    serde_json::to_value(Sweep { speed_mps: 10.0, driven }).unwrap()
}

#[test]
fn radii_fall_by_one_ratio() {
    for pair in RADII_M.windows(2) {
        assert!((f64::from(pair[1] / pair[0]) - STEP_RATIO).abs() < 0.02, "{pair:?}");
    }
}

#[test]
fn every_unit_has_a_name_of_its_own() {
    let suite = suite(&["ncp", "cnn"], 3);
    let units = suite.units();
    assert_eq!(units.len(), 5 * 2 * 3);
    assert_eq!(units.iter().collect::<HashSet<_>>().len(), units.len());
    assert_eq!(units[1], "ncp-1 look 0 right, 12 radii 100 to 8 m");
    assert_eq!(units[29], "expert look 2 right, 12 radii 100 to 8 m");
}

#[test]
fn every_bend_can_be_driven() {
    let suite = suite(&["cnn"], 1);
    for side in 0..2 {
        let expert: Sweep = serde_json::from_value(suite.run(2 * 2 + side).unwrap()).unwrap();
        assert!((8.5..=11.5).contains(&expert.speed_mps));
        assert_eq!(expert.driven, [true; RADII_M.len()]);
    }
}

#[test]
fn limits_are_radii_before_the_first_failure() {
    let suite = suite(&["ncp", "cnn"], 2);
    // Radii driven by each of ncp-1, ncp-2, cnn-1, cnn-2 and the expert, in all of their four sweeps.
    let outcomes: Vec<Value> =
        [6, 8, 0, 0, 12].into_iter().flat_map(|driven| (0..4).map(move |_| outcome(driven))).collect();
    let section = suite.section(&outcomes).unwrap();
    let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
    let cell = |id: &str, row: usize, column: &str| {
        let table = table(id);
        table.rows[row][table.columns.iter().position(|known| known.name == column).unwrap()].clone()
    };
    assert_eq!(table("scores").rows.len(), 3);
    let Cell::Interval { value, low, high } = cell("scores", 0, "mean_limit_m") else { panic!() };
    // Geometric mean of 31.5 m and 20 m.
    assert!((value - 25.1).abs() < 0.01 && low < value && value < high, "{value} {low} {high}");
    assert_eq!(cell("scores", 0, "widest_failed_m"), Cell::Number(25.0));
    assert_eq!(cell("scores", 1, "tightest_driven_m"), Cell::Missing);
    assert_eq!(cell("scores", 1, "failed_first"), Cell::Count(8));
    assert_eq!(cell("scores", 2, "widest_failed_m"), Cell::Missing);
    assert_eq!(cell("scores", 2, "never_failed"), Cell::Count(4));
    assert_eq!(cell("differences", 0, "verdict"), Cell::text("no verdict with two trainings"));
    // 25.1 m over 100 m / 0.794328 = 125.9 m.
    let Cell::Interval { value, .. } = cell("differences", 0, "mean_limit_m_ratio") else { panic!() };
    assert!((value - 0.1994).abs() < 1e-4, "{value}");
    assert!(section.charts.iter().all(|chart| chart.figure.svg().is_ok()));
    assert!(suite.section(&outcomes[1..]).is_err() && suite.section(&vec![Value::Null; outcomes.len()]).is_err());
}

#[test]
fn a_side_that_is_driven_worse_shows_in_left_over_right() {
    // The only training drives to 20 m to the left and to 31.5 m to the right, in both looks; the expert all.
    let outcomes: Vec<Value> = [8, 6, 8, 6, 12, 12, 12, 12].map(outcome).to_vec();
    let section = CurvesStudy::new(2).on(untrained(&["ncp"], 1)).section(&outcomes).unwrap();
    let table = section.tables.iter().find(|table| table.id == "scores").unwrap();
    let column = table.columns.iter().position(|column| column.name == "left_over_right").unwrap();
    let Cell::Interval { value, .. } = table.rows[0][column] else { panic!("{:?}", table.rows[0]) };
    assert!((value - 20.0 / 31.5).abs() < 1e-9, "{value}");
}

#[test]
fn a_drive_ends_behind_the_bend_whoever_drives() {
    let bend = Bend { radius_m: 12.5, left: false };
    let policy = Pilot::Policy(Box::new(untrained(&["cnn"], 1)[0].driver.clone()));
    for mut pilot in [Pilot::Expert, Pilot::Zero, policy] {
        let log = drive_bend(&mut pilot, 1, bend).unwrap();
        assert!(log.steps.last().unwrap().s_m > bend.length_m() - 1.0);
        assert_eq!(log.crashes() > 0, !matches!(pilot, Pilot::Expert));
    }
}
