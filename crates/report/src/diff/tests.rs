use super::*;
use crate::section::{Cell, Column};
use crate::{Report, sample};
use proptest::prelude::*;

fn read(report: &Report) -> ReadReport {
    let folder = tempfile::tempdir().unwrap();
    report.write(&folder.path().join("out")).unwrap();
    Report::read(&folder.path().join("out")).unwrap()
}

fn changed(change: impl Fn(&mut ReadReport)) -> ReportDiff {
    let before = read(&sample::report());
    let mut after = before.clone();
    change(&mut after);
    diff(&before, &after)
}

#[test]
fn a_report_does_not_differ_from_itself_and_it_is_said() {
    let same = changed(|_| {});
    assert!(same.is_empty());
    assert_eq!(same.text(), "No difference: the same policies, and 8 cells in 1 table.\n");
}

#[test]
fn a_changed_number_is_listed_with_its_change_and_its_interval() {
    let diff = changed(|report| {
        let rows = &mut report.sections[0].tables[0].rows;
        rows[0][2] = Cell::Interval { value: 0.45, low: 0.4, high: 0.6 };
        rows[0][3] = Cell::Number(0.123_456);
        rows[1][1] = Cell::Count(0);
        rows[1][2] = Cell::Interval { value: 1.0, low: 0.5, high: 1.5 };
        rows[1][3] = Cell::Number(0.2);
        rows.reverse();
    });
    let expected = "\
table driving/policies:
  ncp, \"small\", crashes_per_km: 0.3 [0.1, 0.55] → 0.45 [0.4, 0.6] (+0.15, +50 %, intervals overlap)
  ncp, \"small\", mean_abs_error_m: 0.123456789012345 → 0.123456 (-0.000000789, -0.0006391 %)
  cnn, crashes: 20480 → 0 (-20480, -100 %)
  cnn, crashes_per_km: -0.5 [-1.25, 0.000001] → 1 [0.5, 1.5] (+1.5, +300 %, intervals do not overlap)
  cnn, mean_abs_error_m: nothing → 0.2
Changed: 5 of 8 cells, in 1 of 1 table.
";
    assert_eq!(diff.text(), expected);
}

#[test]
fn other_weights_policies_sections_rows_and_columns_are_listed() {
    let diff = changed(|report| {
        report.about.revision = "fedcba9".into();
        report.about.subjects[0].weights_sha256 = "d".repeat(64);
        report.about.subjects[2].training_seed = 9;
        report.sections.pop();
        report.sections[0].text[0] = "Each policy drove 4 roads.".into();
        let table = &mut report.sections[0].tables[0];
        table.rows[1][0] = Cell::text("lstm");
        table.columns[4] = Column::measured("word", "Word", 0);
        report.sections[1].pictures.clear();
    });
    let expected = "\
revision: 0123abc → fedcba9
policy ncp-1 weights:
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  → dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
only in the earlier report: policy cnn-1
only in the earlier report: section words
only in the earlier report: picture saliency/frames
only in the later report: policy cnn-9
reworded: section driving
table driving/policies:
  column only in the earlier report: remark
  column only in the later report: word
  row only in the earlier report: cnn
  row only in the later report: lstm
No number differs: 3 cells in 1 table compared.
";
    assert_eq!(diff.text(), expected);
    let json = serde_json::to_value(&diff).unwrap();
    assert_eq!(json["about"][0]["after"], "fedcba9");
}

#[test]
fn a_new_key_column_does_not_part_rows_from_themselves() {
    let diff = changed(|report| {
        let table = &mut report.sections[0].tables[0];
        table.columns.insert(0, Column::key("road", "Road"));
        table.rows.iter_mut().for_each(|row| row.insert(0, Cell::text("all")));
    });
    assert_eq!(diff.tables[0].columns_only_after, ["road"]);
    assert_eq!((diff.cells_compared, diff.tables[0].cells.len()), (8, 0));
}

fn cells() -> impl Strategy<Value = Cell> {
    let number = -1e12..1e12;
    prop_oneof![
        Just(Cell::Missing),
        any::<u64>().prop_map(Cell::Count),
        number.clone().prop_map(Cell::Number),
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..3)
            .prop_map(|letters| Cell::Text(letters.concat())),
        (number, 0.0..9.0).prop_map(|(value, half)| Cell::Interval { value, low: value - half, high: value + half }),
    ]
}

proptest! {
    #[test]
    fn any_table_does_not_differ_from_itself_and_a_change_is_found(
        rows in prop::collection::vec(prop::collection::vec(cells(), 5), 1..9),
        spoiled in 0_usize..8,
    ) {
        let mut report = ReadReport::clone(&SAMPLE);
        report.sections[0].tables[0].rows = rows;
        prop_assert!(diff(&report, &report).is_empty());
        let mut other = report.clone();
        let rows = &mut other.sections[0].tables[0].rows;
        let spoiled = spoiled % rows.len();
        rows[spoiled][1] = Cell::text("another");
        prop_assert!(!diff(&report, &other).is_empty());
    }
}

static SAMPLE: std::sync::LazyLock<ReadReport> = std::sync::LazyLock::new(|| read(&sample::report()));
