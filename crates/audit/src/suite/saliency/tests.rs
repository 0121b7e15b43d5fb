use super::quantity::{Change, Extent, Fill, Likeness, Place, Procedure, Series};
use super::*;
use crate::suite::test_subjects::{subject, untrained};
use crate::suite::{Subject, Suite};
use lane_recording::{Recording, RecordingOptions, Unit as SteeringUnit};
use lane_report::section::Cell;
use serde_json::Value;
use std::path::Path;

/// Two policies of some trainings each, none of which ever took place.
fn subjects(trainings: u64) -> Arc<[Subject]> {
    untrained(&["ncp", "cnn"], trainings)
}

fn outcomes(suite: &dyn Suite) -> Vec<Value> {
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
    .map(|options| SaliencyStudy::paper(1, vec![sample_drive(&options)]).on(untrained(&["cnn"], 1)));
    // The unit of the one road comes first.
    let of_recording = |suite: &dyn Suite| (suite.units()[1].clone(), suite.run(1).unwrap());
    let (name, outcome) = of_recording(&*as_is);
    assert_eq!(of_recording(&*as_is), (name.clone(), outcome.clone()), "the same recording, the same unit");
    for other in [&*cropped, &*other_unit] {
        let (other_name, other_outcome) = of_recording(other);
        assert!(name != other_name && outcome != other_outcome, "{name} and {other_name}");
    }
}

#[test]
fn every_unit_has_a_name_of_its_own_and_all_roads_are_in_one() {
    let suite = SaliencyStudy::new(47, vec![sample_drive(&RecordingOptions::default())]).on(subjects(2));
    let mut units = suite.units();
    // 47 roads in blocks of 20, 40 of them in blocks of 4, and a recording.
    assert_eq!(units.len(), 4 * (3 + 10 + 1));
    assert!(units.iter().any(|unit| unit == "cnn-2 5 methods quick roads 500040 to 500046"), "{units:?}");
    units.sort();
    units.dedup();
    assert_eq!(units.len(), 4 * 14);
    assert_eq!(SaliencyStudy::paper(47, Vec::new()).on(subjects(2)).units().len(), 4 * 3);
}

#[test]
fn two_frames_of_everything_make_a_section() {
    let suite = SaliencyStudy::new(2, vec![sample_drive(&RecordingOptions::default())]).on(subjects(1));
    let outcomes = outcomes(&*suite);
    assert_eq!(suite.run(0).unwrap(), outcomes[0], "the same unit, the same outcome");
    let section = suite.section(&outcomes).unwrap();
    // Which differences are found between two untrained networks is chance.
    let tables = section.tables.iter().map(|table| table.id.as_str()).filter(|id| !id.starts_with("found_"));
    let tables: Vec<&str> = tables.collect();
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
        "completeness",
        "swaps",
        "differences",
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
    let suite = SaliencyStudy::paper(3, Vec::new()).on(subjects(2));
    let section = suite.section(&outcomes(&*suite)).unwrap();
    let tables: Vec<&str> = section.tables.iter().map(|table| table.id.as_str()).collect();
    assert_eq!(tables, ["procedures", "procedure_contrasts", "noise", "swaps", "differences", "trainings"]);
    let of_script: Vec<_> =
        section.tables[1].rows.iter().filter(|row| row[1] == Cell::text("VisualBackProp, RNN script")).collect();
    assert_eq!(of_script.len(), 4, "two other procedures for each of two policies");
    assert!(section.text.iter().any(|text| text.contains("procedure")), "{:?}", section.text);
}

/// What every unit of an audit with the paper's scope could have measured: ncp's procedures and cnn's differ, and so do
/// their trainings, by 1 from one seed to the next. Two frames each.
fn made_up_outcome(subject: &Subject) -> Value {
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
        (Quantity::SwapArea(Swap::Roadside), [0.5, 0.5]),
        (Quantity::Swap(Swap::Asphalt), [1.0, 6.0]),
        (Quantity::Label, [8.0, 8.0]),
    ];
    let more = (subject.training_seed - 1) as f64;
    let series = values.map(|(of, [ncp, cnn])| {
        let first = more + if subject.policy == "ncp" { ncp } else { cnn };
        Series { of, values: vec![Some(first), Some(first + 2.0)] }
    });
    serde_json::to_value(Outcome { series: series.to_vec() }).unwrap()
}

#[test]
fn differences_are_the_first_less_the_second_paired_by_seed_and_frame() {
    // The seeds of the two policies stand in another order.
    let subjects: Arc<[Subject]> =
        [("ncp", 1), ("ncp", 2), ("cnn", 2), ("cnn", 1)].map(|(name, seed)| subject(name, seed)).into();
    let outcomes: Vec<Value> = subjects.iter().map(made_up_outcome).collect();
    let section = SaliencyStudy::paper(1, Vec::new()).on(subjects).section(&outcomes).unwrap();
    let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
    let cell = |id: &str, row: usize, column: &str| {
        let column = table(id).columns.iter().position(|known| known.name == column).unwrap();
        table(id).rows[row][column].clone()
    };
    let interval = |value: f64| Cell::Interval { value, low: value, high: value };
    let contrast = |within: &str, first: &str, second: &str| {
        let keys = [within, first, second].map(Cell::text);
        let row = table("procedure_contrasts").rows.iter().position(|row| row[..3] == keys).unwrap();
        assert_eq!(cell("procedure_contrasts", row, "verdict"), Cell::text("no verdict with two trainings"));
        cell("procedure_contrasts", row, "difference_times_uniform")
    };
    // Each pair of one seed and one frame differs by the same: pairs of other trainings or frames would not.
    let [algorithm_7, recurrent, convolutional] = PROCEDURES.map(Method::name);
    assert_eq!(contrast(recurrent, "ncp", "cnn"), interval(2.0));
    assert_eq!(contrast(algorithm_7, "ncp", "cnn"), interval(-2.0));
    assert_eq!(contrast(convolutional, "ncp", "cnn"), interval(0.0));
    assert_eq!(contrast("ncp", recurrent, convolutional), interval(1.0));
    assert_eq!(contrast("cnn", recurrent, algorithm_7), interval(-2.0));
    assert_eq!(contrast(&format!("ncp, {recurrent}"), "trained", "untrained"), interval(2.5));
    assert_eq!(cell("differences", 0, "pairing"), Cell::text("seeds 1, 2"));
    assert_eq!(cell("differences", 0, "roadside_mean_abs_change_1e3_per_m"), interval(-5.0));
    assert_eq!(cell("differences", 0, "ssim_rnn_script_at_variance_0.2"), interval(-0.25));
    let says = |sentence: &str| {
        assert!(section.text.iter().any(|text| text.contains(sentence)), "{sentence} in {:#?}", section.text);
    };
    // ncp by the RNN script less cnn by the CNN script: 3 less 2.
    says("ncp by the RNN script less cnn by the CNN script is +1.00 [1.00, 1.00]");
    let value = |row: usize, column: &str| {
        let (Cell::Number(value) | Cell::Interval { value, .. }) = cell("swaps", row, column) else { panic!() };
        value
    };
    // 1, 3, 2 and 4: mean 2.5, root of the mean square √7.5. Areas of 0.5, 2.5, 1.5 and 3.5, as the outcome is made up.
    let near = |row: usize, column: &str, expected: f64| assert!((value(row, column) - expected).abs() < 1e-12);
    near(0, "mean_abs_change_1e3_per_m", 2.5);
    near(0, "rms_change_1e3_per_m", 7.5_f64.sqrt());
    near(0, "share_of_picture", 2.0);
    near(0, "mean_abs_change_over_share_1e3_per_m", 1.25);
    near(0, "rms_over_asphalt", 1.0);
    // Behind four replacements and the expert's row of the first policy.
    near(5, "mean_abs_change_1e3_per_m", 7.5);
}

/// What one training could have measured on two frames if each of these methods moved the steering so far when it took out
/// pixels, where the maps of another frame and edges moved it by 1, and only VisualBackProp stayed as it was without a trained head. Twice as
/// much of every map as of a uniform one lies on the road's outline for ncp, and as much for all others.
fn attention_outcome(subject: &Subject, moved: &[(Method, f64)]) -> Value {
    let mut measured = quantity::Measured::default();
    for frame in 0..2 {
        let jitter = 0.01 * f64::from(frame);
        let rankings = moved.iter().map(|(method, moved)| (Ranking::Method(*method), *moved));
        let others = moved.iter().map(|(method, _)| (Ranking::OtherFrame(*method), 1.0));
        for (ranking, moved) in rankings.chain(others).chain([(Ranking::Edges, 1.0)]) {
            for fill in Fill::ALL {
                measured.note(Quantity::Faithful(ranking, Change::Deletion, fill), Some(moved + jitter));
            }
        }
        measured.note(Quantity::Share(Ranking::Edges, Region::Outline), Some(1.25));
        for (method, _) in moved {
            let likeness = if *method == Method::VisualBackProp { 1.0 } else { 0.3 };
            measured.note(Quantity::Untrained(*method, Extent::Head, Likeness::Ssim), Some(likeness));
            let share = if subject.policy == "ncp" { 2.0 } else { 1.0 };
            measured.note(Quantity::Share(Ranking::Method(*method), Region::Outline), Some(share + jitter));
        }
    }
    serde_json::to_value(measured.outcome()).unwrap()
}

fn attention(moved: impl Fn(&Subject) -> Vec<(Method, f64)>) -> lane_report::answers::Answer {
    let subjects = untrained(&["ncp", "cnn", "gru"], 4);
    let mut outcomes = Vec::new();
    for subject in subjects.iter() {
        // Two frames of quick work, and two of slow work that adds nothing here.
        outcomes.push(attention_outcome(subject, &moved(subject)));
        outcomes.push(serde_json::to_value(Outcome::default()).unwrap());
    }
    let section = SaliencyStudy::new(2, Vec::new()).on(subjects).section(&outcomes).unwrap();
    let [answer] = &section.answers[..] else { panic!("{:?}", section.answers) };
    answer.clone()
}

#[test]
fn attention_is_answered_by_one_method_that_is_faithful_and_depends_on_the_head() {
    // VisualBackProp would be the first, but it never sees the head; occlusion is as good as Grad-CAM, but slower.
    let answer = attention(|subject| {
        let cam = if subject.policy == "gru" { 0.5 } else { 2.0 };
        vec![
            (Method::VisualBackProp, 3.0),
            (Method::InputGradient, if subject.policy == "ncp" { 2.0 } else { 1.0 }),
            (Method::GradCam, cam),
            (Method::Occlusion, cam),
        ]
    });
    assert_eq!(answer.measure, "Grad-CAM: share on the road outline");
    assert_eq!(
        answer.basis,
        "4 trainings of each on 2 frames; the picture's own edges: 1.25; no value where the method is not faithful to the policy"
    );
    let interval = |low: f64| Cell::Interval { value: low + 0.005, low, high: low + 0.01 };
    let close = |cell: &Cell, expected: &Cell| match (cell, expected) {
        (Cell::Interval { value: a, .. }, Cell::Interval { value: b, .. }) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    };
    for (policy, expected) in [("ncp", interval(2.0)), ("cnn", interval(1.0)), ("gru", Cell::Missing)] {
        assert!(close(answer.value(policy).unwrap(), &expected), "{policy}: {answer:?}");
    }
    assert_eq!((answer.better_than("ncp"), answer.differences.len()), (vec!["cnn"], 1));
}

#[test]
fn attention_has_no_value_where_no_method_is_faithful() {
    let answer = attention(|_| vec![(Method::VisualBackProp, 3.0), (Method::InputGradient, 0.9)]);
    assert!(answer.policies.iter().all(|policy| policy.value == Cell::Missing), "{answer:?}");
    assert_eq!((answer.policies.len(), answer.differences.len()), (3, 0));
    assert!(answer.basis.ends_with("no saliency method is faithful to any of these policies"), "{}", answer.basis);
}
