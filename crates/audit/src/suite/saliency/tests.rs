use super::*;
use crate::suite::test_subjects::untrained;
use lane_report::section::Cell;
use std::path::Path;

/// Two policies of some trainings each, none of which ever took place.
fn subjects(trainings: u64) -> Arc<[Subject]> {
    untrained(&["ncp", "cnn"], trainings)
}

fn outcomes(suite: &SaliencySuite) -> Vec<Value> {
    (0..suite.units().len()).map(|unit| suite.run(unit).unwrap()).collect()
}

fn sample_drive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample-drive")
}

#[test]
fn every_unit_has_a_name_of_its_own_and_all_roads_are_in_one() {
    let suite = SaliencySuite::new(subjects(2), 47, vec![sample_drive()]);
    let mut units = suite.units();
    // 47 roads in blocks of 20, 20 of them in blocks of 4, and a recording.
    assert_eq!(units.len(), 4 * (3 + 5 + 1));
    assert!(units.iter().any(|unit| unit == "cnn-2 5 methods quick roads 500040 to 500046"), "{units:?}");
    units.sort();
    units.dedup();
    assert_eq!(units.len(), 4 * 9);
    assert_eq!(SaliencySuite::paper(subjects(2), 47, Vec::new()).units().len(), 4 * 3);
}

#[test]
fn two_frames_of_everything_make_a_section() {
    let suite = SaliencySuite::new(subjects(1), 2, vec![sample_drive()]);
    let outcomes = outcomes(&suite);
    assert_eq!(suite.run(0).unwrap(), outcomes[0], "the same unit, the same outcome");
    let section = suite.section(&outcomes).unwrap();
    let tables: Vec<&str> = section.tables.iter().map(|table| table.id.as_str()).collect();
    let expected = [
        "regions",
        "pointing",
        "procedures",
        "procedure_contrasts",
        "recording_0",
        "recording_0_contrasts",
        "noise",
        "randomisation",
        "faithfulness",
        "swaps",
        "trainings",
    ];
    assert_eq!(tables, expected);
    for table in &section.tables {
        assert!(!table.rows.is_empty(), "{}", table.id);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
    }
    assert_eq!((section.charts.len(), section.pictures.len()), (5, 2));
    for chart in &section.charts {
        assert!(chart.figure.svg().unwrap().contains("ncp"), "{}", chart.id);
    }
    assert!(section.text.iter().all(|paragraph| !paragraph.is_empty()), "{:?}", section.text);
    the_head_has_no_part_in_visual_backprop(&section);
}

fn the_head_has_no_part_in_visual_backprop(section: &Section) {
    let table = section.tables.iter().find(|table| table.id == "randomisation").unwrap();
    let column = table.columns.iter().position(|column| column.name == "ssim_head").unwrap();
    for row in &table.rows {
        let Cell::Text(map) = &row[0] else { panic!("{row:?}") };
        let (Cell::Number(likeness) | Cell::Interval { value: likeness, .. }) = row[column] else { panic!("{row:?}") };
        assert_eq!(likeness > 1.0 - 1e-6, map.starts_with("VisualBackProp"), "{row:?}");
    }
    assert!(section.text.iter().any(|text| text.starts_with("Unchanged without a trained head")));
}

#[test]
fn the_scope_of_the_paper_is_its_procedures_noise_and_what_the_steering_depends_on() {
    let suite = SaliencySuite::paper(subjects(2), 3, Vec::new());
    let section = suite.section(&outcomes(&suite)).unwrap();
    let tables: Vec<&str> = section.tables.iter().map(|table| table.id.as_str()).collect();
    assert_eq!(tables, ["procedures", "procedure_contrasts", "noise", "swaps", "trainings"]);
    let of_script: Vec<_> =
        section.tables[1].rows.iter().filter(|row| row[1] == Cell::text("VisualBackProp, RNN script")).collect();
    assert_eq!(of_script.len(), 4, "two other procedures for each of two policies");
    assert!(section.text.iter().any(|text| text.contains("procedure")), "{:?}", section.text);
}
