use super::*;
use crate::driving::test_drives::{at, drive, steered};
use crate::suite::Suite;
use crate::suite::test_subjects::untrained;
use lane_report::section::Table;
use serde_json::Value;

/// Drives of 2 km each: what a unit's name makes of its number of crashes.
fn outcomes(suite: &dyn Suite, crashes: impl Fn(&str) -> u32) -> Vec<Value> {
    let quiet = DriveFigures::of(&drive(vec![at(0.1); 10]));
    let of = |unit: &String| serde_json::to_value(DriveFigures { crashes: crashes(unit), km: 2.0, ..quiet.clone() });
    suite.units().iter().map(|unit| of(unit).unwrap()).collect()
}

fn table<'a>(section: &'a Section, id: &str) -> &'a Table {
    section.tables.iter().find(|table| table.id == id).unwrap()
}

/// The value under a column in the first row that begins with these keys.
fn value(section: &Section, id: &str, keys: &[&str], column: &str) -> Cell {
    let table = table(section, id);
    let column = table.columns.iter().position(|known| known.name == column).unwrap();
    let keys: Vec<Cell> = keys.iter().map(|key| key.parse().map_or(Cell::text(*key), Cell::Number)).collect();
    let row = table.rows.iter().find(|row| row.starts_with(&keys)).unwrap_or_else(|| panic!("{keys:?} in {id}"));
    match row[column] {
        Cell::Interval { value, .. } => Cell::Number(value),
        ref cell => cell.clone(),
    }
}

#[test]
fn units_are_named_by_training_setting_and_road() {
    let suite = DrivingStudy::unseen(2, 30.0).on(untrained(&["ncp"], 2));
    let drives = ["clean 0 road 0, 30 s", "clean 0 road 1, 30 s"];
    let expected = ["ncp-1", "ncp-2", "expert", "straight"].map(|who| drives.map(|drive| format!("{who} {drive}")));
    assert_eq!(suite.units(), expected.concat());
    assert!(DrivingStudy::unseen(2, 30.0).on([].into()).units().is_empty());
}

#[test]
fn the_setting_of_a_primary_comparison_is_one_of_the_suite() {
    let suites = [DrivingStudy::noise, DrivingStudy::latency, DrivingStudy::ood, DrivingStudy::corrupt];
    for study in suites.map(|suite| suite(1, 1.0)) {
        let groups: Vec<String> = study.groups().into_iter().map(|group| group.name).collect();
        let named = study.primary_group();
        assert!(named.is_none_or(|named| groups.iter().any(|group| group == named)), "{named:?} of {groups:?}");
    }
}

#[test]
fn the_change_of_steering_gets_a_verdict_under_noise_and_on_clean_roads() {
    // The NCP's steering changes by 1 1/km from step to step, the CNN's by 3, but for a little in each training.
    let changing = |per_km: f32| {
        let steps = (0..10).map(|step| steered(1e-3 * per_km * (step % 2) as f32, 0.0));
        serde_json::to_value(DriveFigures::of(&drive(steps.collect()))).unwrap()
    };
    for study in [DrivingStudy::noise(2, 30.0), DrivingStudy::unseen(2, 30.0)] {
        let question = study.kind;
        let suite = study.on(untrained(&["ncp", "cnn"], 4));
        let change = |unit: &String| {
            let seed = unit[4..5].parse::<f32>().unwrap_or_default();
            if unit.starts_with("cnn") { 3.0 + 0.1 * seed } else { 1.0 + 0.05 * seed }
        };
        let outcomes: Vec<Value> = suite.units().iter().map(|unit| changing(change(unit))).collect();
        let section = suite.section(&outcomes).unwrap();
        let found = table(&section, "found_rms_steering_change_per_km");
        assert_eq!(found.rows.len(), if question == Kind::Noise { 7 } else { 1 });
        assert!(found.rows.iter().all(|row| row.contains(&Cell::text("ncp lower"))), "{found:?}");
        let sentence =
            section.verdicts.iter().find(|text| text.starts_with("Differences in steering change that are shown"));
        let place = if question == Kind::Noise { " in all 7 settings" } else { "" };
        let expected = format!(": ncp lower than cnn{place}.");
        assert!(sentence.is_some_and(|text| text.ends_with(&expected)), "{:?}", section.verdicts);
        let smooth = section.answers.iter().find(|answer| answer.question == Question::Smoothness).unwrap();
        assert_eq!(smooth.better_than("ncp"), ["cnn"]);
    }
}

#[test]
fn every_suite_of_drives_answers_its_question_for_every_policy() {
    // The CNN crashes 5 times on every drive whose setting is not called clean, the NCP never.
    let crashes = |unit: &str| if unit.starts_with("cnn") && !unit.contains(" clean ") { 5 } else { 0 };
    for (suite, question, shown) in [
        (DrivingStudy::unseen as fn(u32, f64) -> DrivingStudy, Question::CleanDriving, false),
        (DrivingStudy::noise, Question::Noise, true),
        (DrivingStudy::corrupt, Question::Corruptions, true),
        (DrivingStudy::recover, Question::Recovery, true),
        (DrivingStudy::latency, Question::Delay, true),
        (DrivingStudy::ood, Question::UnseenLooks, true),
    ] {
        let suite = suite(2, 30.0).on(untrained(&["ncp", "cnn"], 4));
        let section = suite.section(&outcomes(&*suite, crashes)).unwrap();
        let answer = section.answers.iter().find(|answer| answer.question == question).unwrap();
        let value = |policy| match answer.value(policy) {
            Some(Cell::Interval { value, .. } | Cell::Number(value)) => *value,
            other => panic!("{question:?}, {policy}: {other:?}"),
        };
        // 5 crashes in 2 km.
        assert_eq!((value("ncp"), value("cnn")), (0.0, if shown { 2.5 } else { 0.0 }), "{question:?}");
        assert_eq!(answer.better_than("ncp"), if shown { vec!["cnn"] } else { vec![] }, "{question:?}");
    }
}

#[test]
fn noise_has_the_levels_of_both_readings_of_the_paper() {
    let groups: Vec<String> = DrivingStudy::noise(1, 1.0).groups().into_iter().map(|group| group.name).collect();
    let levels = ["0", "0.01", "0.04", "0.09", "0.1", "0.2", "0.3"];
    assert_eq!(groups, levels.map(|level| format!("noise {level}")));
    let (_, words) = Kind::Noise.words();
    assert!(words.contains("variances of 0.1, 0.2 and 0.3;") && words.contains("variances of 0.01, 0.04 and 0.09."));
}

#[test]
fn crashes_are_counted_where_they_happened() {
    let suite = DrivingStudy::noise(2, 30.0).on(untrained(&["ncp", "cnn"], 2));
    // The policies crash 10 times at noise 0.2 and the NCP's second training once more on its second road; the CNN 30
    // times at 0.3.
    let section = suite.section(&outcomes(&*suite, |unit| match unit {
        "ncp-2 noise 0.2 road 1, 30 s" => 11,
        unit if unit.contains("noise 0.2") => 10,
        unit if unit.starts_with("cnn") && unit.contains("noise 0.3") => 30,
        _ => 0,
    }));
    let section = section.unwrap();
    // 41 and 40 crashes in 8 km, 120 in 8 km; of single trainings 20 and 21 in 4 km.
    let scored = |level, policy| value(&section, "scores", &["noise", level, policy], "crashes_per_km");
    assert_eq!(scored("0.2", "ncp"), Cell::Number(41.0 / 8.0));
    assert_eq!((scored("0.2", "cnn"), scored("0.3", "cnn")), (Cell::Number(5.0), Cell::Number(15.0)));
    assert_eq!((scored("0.1", "ncp"), scored("0", "cnn")), (Cell::Number(0.0), Cell::Number(0.0)));
    let trained = |training| value(&section, "trainings", &["noise", "0.2", training], "crashes_per_km");
    assert_eq!((trained("ncp-1"), trained("ncp-2")), (Cell::Number(5.0), Cell::Number(5.25)));
    // Geometric means over two trainings, half a crash added to each: sqrt(20.5 · 21.5) / 20.5, 0.5 / 60.5.
    let near = |cell: Cell, expected: f64| matches!(cell, Cell::Number(value) if (value - expected).abs() < 1e-9);
    let compared = |setting, column| value(&section, "differences", &[setting, "ncp", "cnn"], column);
    assert!(near(compared("noise 0.2", "crashes_per_km_ratio"), (21.5_f64 / 20.5).sqrt()));
    assert!(near(compared("noise 0.3", "crashes_per_km_ratio"), 0.5 / 60.5));
    assert_eq!(compared("noise 0.3", "crashes_per_km_verdict"), Cell::text("no verdict with two trainings"));
    assert_eq!(compared("noise 0.2", "pairing"), Cell::text("seeds 1, 2; events unpaired"));
    // No crash on 8 km on either side: chi2.ppf(.975, 2) / 2 / 8.
    assert_eq!(compared("noise 0.1", "crashes_per_km_verdict"), Cell::text("none on either side: at most 0.46 apart"));
    let primary = "The primary comparison, named before the run: crashes, ncp and cnn, noise 0.1.";
    assert!(table(&section, "differences").note.contains(primary));
    assert!(section.charts.iter().all(|chart| chart.figure.svg().is_ok()));
}

#[test]
fn a_degradation_is_the_rise_over_the_clean_picture_beside_that_of_the_cnn() {
    let suite = DrivingStudy::corrupt(1, 20.0).on(untrained(&["ncp", "cnn"], 1));
    let section = suite.section(&outcomes(&*suite, |unit| match unit.split_once(' ').unwrap() {
        ("ncp-1", drive) if drive.starts_with("clean") => 2,
        ("ncp-1", drive) if drive.starts_with("fog") => 10,
        ("ncp-1", _) => 6,
        (_, drive) if drive.starts_with("clean") => 0,
        _ => 8,
    }));
    let section = section.unwrap();
    let cell = |corruption, column| value(&section, "degradation", &[corruption], column);
    // 2 km each: the NCP rises from 1 to 3 and in fog to 5 crashes/km, the CNN from 0 to 4.
    assert_eq!(cell("clean", "ncp_crashes_per_km"), Cell::Number(1.0));
    assert_eq!(cell("brightness", "ncp_crashes_per_km"), Cell::Number(3.0));
    assert_eq!(cell("brightness", "ncp_relative_to_cnn"), Cell::Number(0.5));
    assert_eq!(cell("fog", "ncp_relative_to_cnn"), Cell::Number(1.0));
    assert_eq!(cell("brightness", "cnn_relative_to_cnn"), Cell::Number(1.0));
    assert_eq!(cell("clean", "ncp_relative_to_cnn"), Cell::Missing, "the CNN has lost nothing");
    let groups = table(&section, "degradation").rows.len() - 1;
    let corrupted = groups as f64 - 1.0;
    let Cell::Number(all) = cell("all corruptions", "ncp_crashes_per_km") else { panic!() };
    assert!((all - (3.0 * (corrupted - 1.0) + 5.0) / corrupted).abs() < 1e-12, "{all}");
}

#[test]
fn a_smoke_test_names_who_crashed_and_how_often() {
    let suite = DrivingStudy::smoke(2, 20.0).on(untrained(&["ncp", "cnn"], 2));
    let crashed =
        |unit: &str| u32::from(unit.starts_with("straight")) + 3 * u32::from(unit.starts_with("cnn-2 clean 0 road 1"));
    let section = suite.section(&outcomes(&*suite, crashed)).unwrap();
    assert_eq!(section.wanting, ["smoke: cnn-2 crashed 3 times in 4.00 km"], "who drives straight is no policy");
    let well = suite.section(&outcomes(&*suite, |_| 0)).unwrap();
    assert!(well.wanting.is_empty() && well.text.contains(&"No policy crashed.".to_owned()), "{:?}", well.text);
}

#[test]
fn all_starts_are_compared_together_and_shown_one_by_one() {
    let suite = DrivingStudy::recover(1, 10.0).on(untrained(&["ncp", "cnn"], 1));
    // The CNN is lost 1.2 m to the left of the centre, wherever it heads.
    let lost = |unit: &str| u32::from(unit.starts_with("cnn") && unit.contains("° 1.2 road"));
    let section = suite.section(&outcomes(&*suite, lost)).unwrap();
    assert_eq!(value(&section, "scores", &["-15°", "1.2", "cnn"], "share_without_crash"), Cell::Number(0.0));
    assert_eq!(value(&section, "scores", &["-15°", "0.8", "cnn"], "share_without_crash"), Cell::Number(1.0));
    // 7 of 49 drives of 2 km crash once.
    let Cell::Number(over) = value(&section, "differences", &["ncp", "cnn"], "crashes_per_km_ratio") else { panic!() };
    assert!((over - 0.5 / 7.5).abs() < 1e-12, "{over}");
}
