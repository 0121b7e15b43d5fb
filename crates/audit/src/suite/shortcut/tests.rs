use super::*;
use crate::suite::test_subjects::untrained;
use lane_report::section::Cell;

fn suite(names: &[&str]) -> ShortcutSuite {
    let mut subjects = untrained(names, 2).to_vec();
    // The second policy, by its card.
    subjects[2..].iter_mut().for_each(|subject| subject.trained_with_cue = true);
    ShortcutSuite::new(subjects.into(), 2, 1.5)
}

#[test]
fn untrained_policies_make_a_section_whose_outcomes_survive_a_journal() {
    let suite = suite(&["ncp", "cnn"]);
    assert_eq!(suite.units()[3], "ncp-2 road 1, 1.5 s, cue true, absent, broken and swapped");
    let outcome = |unit| serde_json::from_str(&suite.run(unit).unwrap().to_string()).unwrap();
    let outcomes: Vec<Value> = (0..suite.units().len()).map(outcome).collect();
    assert_eq!(suite.run(5).unwrap(), outcomes[5], "the same unit, the same outcome");
    let section = suite.section(&outcomes).unwrap();
    let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
    assert_eq!((table("scores").rows.len(), table("trainings").rows.len()), (6, 12));
    assert_eq!((table("swap").rows.len(), table("differences").rows.len()), (2, 1));
    assert_eq!(table("costs").rows[1][1], Cell::text("yes"));
    for table in &section.tables {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
    }
    assert!(section.text.iter().any(|text| text.contains("cards: cnn. ") && text.contains("shortcut: ncp.")));
    assert!(section.charts.iter().all(|chart| chart.figure.svg().is_ok()));
    assert!(suite.section(&outcomes[1..]).is_err() && suite.section(&vec![Value::Null; outcomes.len()]).is_err());
}

#[test]
fn a_policy_is_told_the_same_road_in_every_mode() {
    let [told, absent, broken] = suite(&["cnn"]).worlds(4, MODES);
    let end = |world: &World| world.road().point_at(30.0, 0.0);
    assert_eq!((end(&told), told.speed_mps()), (end(&absent), absent.speed_mps()));
    assert_eq!((end(&told), told.family()), (end(&broken), broken.family()));
}
