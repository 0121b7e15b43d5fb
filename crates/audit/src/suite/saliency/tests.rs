use super::quantity::{Place, Procedure, Quantity, Series, Swap};
use super::*;
use crate::suite::test_subjects::{subject, untrained};
use lane_recording::{Recording, RecordingOptions, Unit as SteeringUnit};
use lane_report::section::Cell;
use std::path::Path;

/// Two policies of some trainings each, none of which ever took place.
fn subjects(trainings: u64) -> Arc<[Subject]> {
    untrained(&["ncp", "cnn"], trainings)
}

fn outcomes(suite: &SaliencySuite) -> Vec<Value> {
    (0..suite.units().len()).map(|unit| suite.run(unit).unwrap()).collect()
}

fn sample_drive(options: &RecordingOptions) -> Arc<NamedRecording> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample-drive");
    Arc::new(NamedRecording::new(Recording::open_with(&path, options).unwrap()))
}

#[test]
fn what_is_said_about_a_recording_reaches_its_maps_and_the_names_of_its_units() {
    let plain = RecordingOptions::default();
    let [as_is, cropped, other_unit] = [
        plain.clone(),
        RecordingOptions { crop: Some([0, 0, 160, 64]), ..plain.clone() },
        RecordingOptions { unit: Some(SteeringUnit::WheelDegrees), ..plain },
    ]
    .map(|options| SaliencySuite::paper(untrained(&["cnn"], 1), 1, vec![sample_drive(&options)]));
    // The unit of the one road comes first.
    let of_recording = |suite: &SaliencySuite| (suite.units()[1].clone(), suite.run(1).unwrap());
    let (name, outcome) = of_recording(&as_is);
    assert_eq!(of_recording(&as_is), (name.clone(), outcome.clone()), "the same recording, the same unit");
    for other in [&cropped, &other_unit] {
        let (other_name, other_outcome) = of_recording(other);
        assert!(name != other_name && outcome != other_outcome, "{name} and {other_name}");
    }
}

#[test]
fn every_unit_has_a_name_of_its_own_and_all_roads_are_in_one() {
    let suite = SaliencySuite::new(subjects(2), 47, vec![sample_drive(&RecordingOptions::default())]);
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
fn every_method_is_audited() {
    let mut audited: Vec<Method> = tables::methods().collect();
    audited.sort();
    assert_eq!(audited, Method::ALL);
}

#[test]
fn two_frames_of_everything_make_a_section() {
    let suite = SaliencySuite::new(subjects(1), 2, vec![sample_drive(&RecordingOptions::default())]);
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

/// What every unit of an audit with the paper's scope could have measured: ncp's procedures and cnn's differ, and so do
/// their trainings, by 1 from one seed to the next. Two frames each.
fn made_up_outcomes(suite: &SaliencySuite) -> Vec<Value> {
    let share = |method, trained| Quantity::Procedure(Procedure { method, trained, as_published: false }, Place::Road);
    let [algorithm_7, recurrent, convolutional] = PROCEDURES;
    // Of ncp-1 and of cnn-1, first frame; the second frame has 2 more.
    let values = [
        (share(algorithm_7, true), [1.0, 3.0]),
        (share(recurrent, true), [3.0, 1.0]),
        (share(convolutional, true), [2.0, 2.0]),
        (share(recurrent, false), [0.5, 0.5]),
        (Quantity::Noise(recurrent, 20), [0.25, 0.5]),
        (Quantity::Swap(Swap::Roadside), [1.0, 6.0]),
        (Quantity::Label, [8.0, 8.0]),
    ];
    let outcome = |unit: &Unit| {
        let subject = &suite.subjects[unit.subject];
        let more = (subject.training_seed - 1) as f64;
        let series = values.map(|(of, [ncp, cnn])| {
            let first = more + if subject.policy == "ncp" { ncp } else { cnn };
            Series { of, values: vec![Some(first), Some(first + 2.0)] }
        });
        serde_json::to_value(Outcome { series: series.to_vec() }).unwrap()
    };
    suite.units.iter().map(outcome).collect()
}

fn interval(value: f64, low: f64, high: f64) -> Cell {
    Cell::Interval { value, low, high }
}

#[test]
fn differences_are_the_first_less_the_second_paired_by_seed_and_frame() {
    // The seeds of the two policies stand in another order.
    let subjects = [("ncp", 1), ("ncp", 2), ("cnn", 2), ("cnn", 1)].map(|(name, seed)| subject(name, seed));
    let suite = SaliencySuite::paper(subjects.into(), 1, Vec::new());
    let section = suite.section(&made_up_outcomes(&suite)).unwrap();
    let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
    let contrast = |within: &str, first: &str, second: &str| {
        let keys = [within, first, second].map(Cell::text);
        let row = table("procedure_contrasts").rows.iter().find(|row| row[..3] == keys).unwrap();
        (row[3].clone(), row[4].clone())
    };
    let yes = || Cell::text("yes");
    // Each pair of one seed and one frame differs by the same: pairs of other trainings or frames would not.
    let [algorithm_7, recurrent, convolutional] = PROCEDURES.map(Method::name);
    assert_eq!(contrast(recurrent, "ncp", "cnn"), (interval(2.0, 2.0, 2.0), yes()));
    assert_eq!(contrast(algorithm_7, "ncp", "cnn"), (interval(-2.0, -2.0, -2.0), yes()));
    assert_eq!(contrast(convolutional, "ncp", "cnn"), (interval(0.0, 0.0, 0.0), Cell::text("no")));
    assert_eq!(contrast("ncp", recurrent, convolutional), (interval(1.0, 1.0, 1.0), yes()));
    assert_eq!(contrast("cnn", recurrent, algorithm_7), (interval(-2.0, -2.0, -2.0), yes()));
    let in_ncp = format!("ncp, {recurrent}");
    assert_eq!(contrast(&in_ncp, "trained", "untrained"), (interval(2.5, 2.5, 2.5), yes()));
    let says = |sentence: &str| {
        assert!(section.text.iter().any(|text| text.contains(sentence)), "{sentence} in {:#?}", section.text);
    };
    // ncp by the RNN script less cnn by the CNN script: 3 less 2.
    says("a difference between ncp by the RNN script and cnn by the CNN script: +1.00 [1.00, 1.00]");
    says("other roadside, mean change in 1e-3 1/m: ncp less cnn -5.00 [-5.00, -5.00].");
    says("VisualBackProp, RNN script, SSIM at variance 0.2: ncp less cnn -0.25 [-0.25, -0.25].");
    let swaps = table("swaps");
    let value = |row: usize, column: &str| {
        let column = swaps.columns.iter().position(|known| known.name == column).unwrap();
        let (Cell::Number(value) | Cell::Interval { value, .. }) = swaps.rows[row][column] else { panic!() };
        value
    };
    // 1, 3, 2 and 4: mean 2.5, root of the mean square √7.5.
    assert!((value(0, "roadside_mean_abs_change_1e3_per_m") - 2.5).abs() < 1e-12);
    assert!((value(0, "roadside_rms_change_1e3_per_m") - 7.5_f64.sqrt()).abs() < 1e-12);
    assert!((value(1, "roadside_mean_abs_change_1e3_per_m") - 7.5).abs() < 1e-12);
}
