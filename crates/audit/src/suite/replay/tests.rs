//! The suite on a small recording made here, with untrained policies.

use super::*;
use crate::suite::test_subjects::subject;
use lane_frame::RgbImage;
use lane_report::section::Cell;
use std::fs;
use std::path::Path;

/// Two drives of 12 s at 10 Hz; picture 30 is empty.
fn recording(folder: &Path, steering: impl Fn(u32) -> f64) -> Recording {
    let mut table = "image,time,curvature\n".to_owned();
    for i in 0..240_u32 {
        let grey = |x: u32, y: u32| image::Rgb([(x * 3 + i) as u8, (y * 5) as u8, (x * y / 9) as u8]);
        RgbImage::from_fn(60, 40, grey).save(folder.join(format!("{i}.png"))).unwrap();
        let time_secs = f64::from(i) / 10.0 + if i < 120 { 0.0 } else { 60.0 };
        table += &format!("{i}.png,{time_secs},{}\n", steering(i));
    }
    fs::write(folder.join("30.png"), "").unwrap();
    fs::write(folder.join("log.csv"), table).unwrap();
    Recording::open(folder).unwrap()
}

fn bend(i: u32) -> f64 {
    0.02 * (f64::from(i) / 15.0).sin()
}

fn run_all(suite: &ReplaySuite) -> Vec<Value> {
    (0..suite.units().len()).map(|unit| suite.run(unit).unwrap()).collect()
}

fn value(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(value) | Cell::Interval { value, .. } => *value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recording_becomes_a_section_with_every_policy_beside_the_predictors_that_look_at_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let subjects = [subject("ncp", 1), subject("ncp", 2), subject("cnn", 1)];
    let suite = ReplaySuite::new(subjects.into(), recording(dir.path(), bend)).unwrap();
    assert_eq!(suite.units().len(), 1);
    assert!(suite.units()[0].starts_with("ncp-1 ncp-2 cnn-1 on ") && suite.units()[0].ends_with("entries 0 to 240"));
    let outcomes = run_all(&suite);
    let section = suite.section(&outcomes).unwrap();
    assert!(section.text[0].contains("the 239 frames with a label and a picture; 1 pictures could not be used"));
    let said = section.text.last().unwrap();
    let differing = section.tables[1].rows.iter().filter(|row| {
        let verdict = &row[4];
        *verdict == Cell::text("smaller error") || *verdict == Cell::text("larger error")
    });
    assert!(said.contains("of 5 tried") && said.matches(" beside ").count() == differing.count(), "{said}");
    let agreement = &section.tables[0];
    let names: Vec<&Cell> = agreement.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(names, ["ncp", "cnn", "zero", "mean"].map(Cell::text).iter().collect::<Vec<_>>());
    // Mean of |0.02 sin| over whole periods: 0.02 · 2 / π; 240 frames are not quite whole ones.
    assert!((value(&agreement.rows[2][2]) - 12.73).abs() < 0.3, "{:?}", agreement.rows[2]);
    assert!(matches!(agreement.rows[0][2], Cell::Interval { .. }));
    let errors = &section.tables[2];
    let r2 = errors.columns.iter().position(|column| column.name == "r2").unwrap();
    assert!(value(&errors.rows[3][r2]).abs() < 1e-9, "the mean explains nothing");
    assert_eq!((section.tables[3].rows.len(), section.pictures.len()), (3, 2));
    for table in &section.tables {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.id);
    }
    for chart in &section.charts {
        assert!(chart.figure.svg().unwrap().len() > 1000, "{}", chart.id);
    }
}

#[test]
fn the_same_unit_gives_the_same_outcome_and_another_recording_another_unit() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let suite = ReplaySuite::new([subject("ncp", 1)].into(), recording(dir.path(), bend)).unwrap();
    assert_eq!(run_all(&suite), run_all(&suite));
    let turned = ReplaySuite::new([subject("ncp", 1)].into(), recording(other.path(), |i| -bend(i))).unwrap();
    let fingerprints = [&suite, &turned].map(ReplaySuite::fingerprint);
    assert_ne!(fingerprints[0], fingerprints[1]);
}

#[test]
fn a_command_that_follows_the_label_late_has_its_lag_found() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recording(dir.path(), bend);
    let late = |i: u32| if i < 120 { bend(i.saturating_sub(4)) } else { bend((i - 4).max(120)) };
    let commands: Vec<_> = (0..240).map(|i| (i != 30).then(|| vec![late(i)])).collect();
    let comparison = Comparison::new(&recording, &[subject("ncp", 1)], &commands).unwrap();
    let lag = lag::best_lag(&comparison.predictors[0].trainings[0], &comparison).unwrap();
    assert!((lag.secs - 0.4).abs() < 1e-9 && lag.correlation > 0.999, "{lag:?}");
    let zero = &comparison.predictors[1].trainings[0];
    assert_eq!(lag::best_lag(zero, &comparison), None, "what never changes is neither late nor early");
}

#[test]
fn outcomes_of_other_policies_or_recordings_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let suite = ReplaySuite::new([subject("ncp", 1)].into(), recording(dir.path(), bend)).unwrap();
    let outcome = |frames: usize, policies: usize| {
        let outcome = Outcome { commands: vec![Some(vec![0.0; policies]); frames] };
        suite.section(&[serde_json::to_value(outcome).unwrap()]).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(outcome(240, 1), Ok(()));
    assert_eq!(outcome(239, 1), Err("outcomes of 239 frames, not 240".into()));
    assert_eq!(outcome(240, 2), Err("outcomes of other policies".into()));
}

#[test]
fn a_recording_without_labels_and_a_suite_without_policies_are_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    (0..3).for_each(|i| RgbImage::new(8, 8).save(dir.path().join(format!("{i}.png"))).unwrap());
    let refused =
        |subjects: Vec<Subject>, recording| ReplaySuite::new(subjects.into(), recording).err().unwrap().to_string();
    let message = refused(vec![subject("ncp", 1)], Recording::open(dir.path()).unwrap());
    assert!(message.contains("a recording without labels") && message.lines().count() == 1, "{message}");
    let labelled = tempfile::tempdir().unwrap();
    assert_eq!(refused(vec![], recording(labelled.path(), bend)), "no policy to compare with the recording");
}
