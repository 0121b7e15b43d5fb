use super::*;
use crate::driving::test_drives::{at, drive as log_of};
use crate::suite::Suite;
use crate::suite::test_subjects::untrained;
use serde_json::{Value, json};

fn suite(names: &[&str]) -> Box<dyn Suite> {
    let mut subjects = untrained(names, 2).to_vec();
    // The second policy, by its card.
    subjects[2..].iter_mut().for_each(|subject| subject.trained_with_cue = true);
    ShortcutStudy::new(2, 1.5).on(subjects.into())
}

fn table<'a>(section: &'a Section, id: &str) -> &'a Table {
    section.tables.iter().find(|table| table.id == id).unwrap()
}

#[test]
fn untrained_policies_make_a_section_whose_outcomes_survive_a_journal() {
    let suite = suite(&["ncp", "cnn"]);
    assert_eq!(suite.units()[3], "ncp-2 road 1, 1.5 s, cue true, absent, broken and swapped");
    let outcome = |unit| serde_json::from_str(&suite.run(unit).unwrap().to_string()).unwrap();
    let outcomes: Vec<Value> = (0..suite.units().len()).map(outcome).collect();
    assert_eq!(suite.run(5).unwrap(), outcomes[5], "the same unit, the same outcome");
    let section = suite.section(&outcomes).unwrap();
    assert_eq!((table(&section, "driving").rows.len(), table(&section, "driving-trainings").rows.len()), (6, 12));
    assert_eq!((table(&section, "scores").rows.len(), table(&section, "differences").rows.len()), (2, 1));
    for table in &section.tables {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
    }
    assert!(section.text.iter().any(|text| text.contains("cards: cnn. ") && text.contains("shortcut: ncp.")));
    assert!(section.charts.iter().all(|chart| chart.figure.svg().is_ok()));
    assert!(suite.section(&outcomes[1..]).is_err() && suite.section(&vec![Value::Null; outcomes.len()]).is_err());
}

/// A road of 2 km: crashes beside a true, no and a broken cue, and how far the steering follows swapped colours.
fn outcome(crashes: [u32; 3], followed: f64) -> Value {
    let quiet = DriveFigures::of(&log_of(vec![at(0.1); 10]));
    let drives = crashes.map(|crashes| DriveFigures { crashes, km: 2.0, ..quiet.clone() });
    // 100 frames, in each of which the colours tell 0.01/m more and the steering follows with a share of it.
    let told = 100.0 * 0.01_f64.powi(2);
    let swap = json!({
        "frames": 100,
        "squared_change": told * followed * followed,
        "change_times_told": told * followed,
        "squared_told": told,
    });
    json!({ "drives": drives, "swap": swap })
}

#[test]
fn costs_and_what_is_followed_are_those_counted_by_hand() {
    let suite = suite(&["ncp", "cnn"]);
    // The NCP does not heed the bushes, the CNN follows a half of what they tell and is lost when they lie.
    let outcomes = [vec![outcome([1, 1, 1], 0.1); 4], vec![outcome([1, 3, 9], 0.5); 4]].concat();
    let section = suite.section(&outcomes).unwrap();
    let cell = |id: &str, row: usize, column: &str| {
        let table = table(&section, id);
        match table.rows[row][table.columns.iter().position(|known| known.name == column).unwrap()] {
            Cell::Interval { value, .. } => Cell::Number((1e6 * value).round() / 1e6),
            ref cell => cell.clone(),
        }
    };
    // 18 over 2 and 6 over 2 crashes, half a crash added to each.
    assert_eq!(cell("scores", 1, "broken_crashes_ratio"), Cell::Number(7.4));
    assert_eq!(cell("scores", 1, "absent_crashes_ratio"), Cell::Number(2.6));
    assert_eq!(cell("scores", 1, "cost"), Cell::text("no verdict with two trainings"));
    assert_eq!(cell("scores", 0, "broken_crashes_ratio"), Cell::Number(1.0));
    assert_eq!(
        (cell("scores", 0, "share_followed"), cell("scores", 1, "share_followed")),
        (Cell::Number(0.1), Cell::Number(0.5))
    );
    // A tenth and a half of 10/km.
    assert_eq!(
        (cell("scores", 0, "rms_change_per_km"), cell("scores", 1, "rms_change_per_km")),
        (Cell::Number(1.0), Cell::Number(5.0))
    );
    assert_eq!(cell("differences", 0, "rms_change_per_km"), Cell::Number(-4.0));
    assert_eq!(cell("differences", 0, "verdict"), Cell::text("no verdict with two trainings"));
    assert_eq!(
        (cell("scores", 0, "trained_with_cue"), cell("scores", 1, "trained_with_cue")),
        (Cell::text("no"), Cell::text("yes"))
    );
    let begins = "cnn: crashes beside a broken cue over those beside a true one: 7.40 [";
    let ends = "no verdict with two trainings; its steering follows 50.0 % [50.0, 50.0] of what swapped colours tell.";
    assert!(section.text.iter().any(|text| text.starts_with(begins) && text.ends_with(ends)), "{:?}", section.text);
}

#[test]
fn a_policy_is_told_the_same_road_in_every_mode() {
    let [told, absent, broken] = Road { number: 4, seconds: 1.5 }.worlds(MODES);
    let end = |world: &World| world.road().point_at(30.0, 0.0);
    assert_eq!((end(&told), told.speed_mps()), (end(&absent), absent.speed_mps()));
    assert_eq!((end(&told), told.family()), (end(&broken), broken.family()));
}
