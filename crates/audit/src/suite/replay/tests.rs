//! The suite on a small recording made here, with untrained policies.

use super::*;
use crate::suite::test_subjects::subject;
use lane_frame::RgbImage;
use lane_recording::{Recording, RecordingOptions};
use lane_report::section::Cell;
use std::fs;
use std::path::Path;

/// Two drives of 12 s at 10 Hz; picture 30 is empty.
fn recording(folder: &Path, steering: impl Fn(u32) -> f64) -> Arc<NamedRecording> {
    let mut table = "image,time,curvature\n".to_owned();
    for i in 0..240_u32 {
        let grey = |x: u32, y: u32| image::Rgb([(x * 3 + i) as u8, (y * 5) as u8, (x * y / 9) as u8]);
        RgbImage::from_fn(60, 40, grey).save(folder.join(format!("{i}.png"))).unwrap();
        let time_secs = f64::from(i) / 10.0 + if i < 120 { 0.0 } else { 60.0 };
        table += &format!("{i}.png,{time_secs},{}\n", steering(i));
    }
    fs::write(folder.join("30.png"), "").unwrap();
    fs::write(folder.join("log.csv"), table).unwrap();
    named(folder)
}

fn named(folder: &Path) -> Arc<NamedRecording> {
    Arc::new(NamedRecording::new(Recording::open(folder).unwrap()))
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
    let [primary, said] = &section.verdicts[..] else { panic!("{:?}", section.verdicts) };
    assert!(
        primary.starts_with("Primary comparison, named before the run (mean absolute error, ncp and cnn): "),
        "{primary}"
    );
    assert_eq!(said, "No difference of mean absolute errors is shown, of 5 tried.");
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
    assert_ne!(suite.recording.key(), turned.recording.key());
    let cropped = RecordingOptions { crop: Some([0, 20, 50, 20]), ..RecordingOptions::default() };
    let cropped = Arc::new(NamedRecording::new(Recording::open_with(dir.path(), &cropped).unwrap()));
    let cropped = ReplaySuite::new([subject("ncp", 1)].into(), cropped).unwrap();
    assert_ne!(suite.units(), cropped.units());
}

#[test]
fn a_command_that_follows_the_label_late_has_its_lag_found() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recording(dir.path(), bend);
    let late = |i: u32| if i < 120 { bend(i.saturating_sub(4)) } else { bend((i - 4).max(120)) };
    let commands: Vec<_> = (0..240).map(|i| (i != 30).then(|| vec![late(i)])).collect();
    let comparison = Comparison::new(recording.opened(), &[subject("ncp", 1)], &commands).unwrap();
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
    let message = refused(vec![subject("ncp", 1)], named(dir.path()));
    assert!(message.contains("a recording without labels") && message.lines().count() == 1, "{message}");
    let labelled = tempfile::tempdir().unwrap();
    assert_eq!(refused(vec![], recording(labelled.path(), bend)), "no policy to compare with the recording");
}

#[test]
fn differences_are_the_first_less_the_second_paired_by_seed_and_block() {
    let dir = tempfile::tempdir().unwrap();
    let recording = recording(dir.path(), bend);
    // The seeds of the two policies stand in another order; each commands more curvature than the human by so many 1/km.
    let too_much = [("ncp", 1, 2.0), ("ncp", 2, 3.0), ("cnn", 2, 5.0), ("cnn", 1, 4.0)];
    let subjects = too_much.map(|(name, seed, _)| subject(name, seed));
    let suite = ReplaySuite::new(subjects.into(), Arc::clone(&recording)).unwrap();
    let commanded = |i: usize| {
        let label = f64::from(recording.opened().entry(i).steering.unwrap().0);
        (i != 30).then(|| too_much.iter().map(|(.., per_km)| label + per_km / 1e3).collect())
    };
    let outcome = serde_json::to_value(Outcome { commands: (0..240).map(commanded).collect() }).unwrap();
    let section = suite.section(&[outcome]).unwrap();
    let table = |id: &str| section.tables.iter().find(|table| table.id == id).unwrap();
    let difference = |first: &str, second: &str| {
        let row = table("differences").rows.iter().find(|row| row[..2] == [first, second].map(Cell::text)).unwrap();
        let Cell::Interval { value, low, high } = row[3] else { panic!("{row:?}") };
        ([value, low, high], row[4].clone())
    };
    let (found, verdict) = difference("ncp", "cnn");
    // 2 less 4 and 3 less 5, of every block.
    assert!(
        found.iter().all(|found| (found + 2.0).abs() < 1e-5) && verdict == Cell::text("no verdict with two trainings"),
        "{found:?}"
    );
    // 2.5 less the mean of |0.02 sin|, 12.73 1/km and a little: see above.
    let ([found, low, high], verdict) = difference("ncp", "zero");
    assert!((found - (2.5 - 12.73)).abs() < 0.3 && low < found && found < high, "{found} {low} {high}");
    assert_eq!(verdict, Cell::text("no verdict with two trainings"));
    let sentence = section.verdicts.last().unwrap();
    assert_eq!(sentence, "No difference of mean absolute errors is shown, of 5 tried.");
    let of = |row: usize, column: &str| {
        let errors = table("errors");
        value(&errors.rows[row][errors.columns.iter().position(|known| known.name == column).unwrap()])
    };
    assert!((of(0, "mae_per_km") - 2.5).abs() < 1e-6 && (of(1, "mae_per_km") - 4.5).abs() < 1e-6);
    assert!((of(0, "bias_per_km") - 2.5).abs() < 1e-6, "to the left");
}
