use super::*;
use crate::plot::{Axis, Figure, Panel};
use crate::section::Cell;

#[test]
fn the_same_content_gives_the_same_bytes_in_the_same_files() {
    let bytes = |report: Report| -> Vec<(String, Vec<u8>)> {
        report.entries().unwrap().into_iter().map(|entry| (entry.name, entry.bytes)).collect()
    };
    let once = bytes(sample::report());
    assert!(once == bytes(sample::report()));
    let names: Vec<_> = once.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "report.json",
        "report.html",
        "tables/answers.csv",
        "tables/driving-policies.csv",
        "charts/driving-rates.svg",
        "charts/driving-rates.png",
        "pictures/saliency-frames.png",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_report_is_read_back_as_it_was_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = sample::report();
    // Numbers whose shortest decimal form a careless reader misses by one bit, and one that is whole.
    let numbers = [0.1 + 0.2, 5e-324, f64::MAX, 7.038_531e-26, 9.078_555_839e-5, 3.0, -0.0, 1.0 / 3.0];
    let row = |value: f64| {
        let (count, text) = (Cell::Count(u64::MAX), Cell::text("1.5"));
        vec![count, Cell::Number(value), Cell::Interval { value, low: value, high: value }, Cell::Missing, text]
    };
    report.sections[0].tables[0].rows = numbers.map(row).to_vec();
    let out = folder.path().join("out");
    report.write(&out).unwrap();
    let read = Report::read(&out).unwrap();
    assert_eq!(read, ReadReport::of(&report));
    let Cell::Number(zero) = read.sections[0].tables[0].rows[6][1] else { panic!("{read:?}") };
    assert!(zero.is_sign_negative());
    assert_eq!(read, Report::read(&out.join("report.json")).unwrap());
}

#[test]
fn another_format_another_file_and_none_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let refusal = || format!("{:#}", Report::read(folder.path()).unwrap_err());
    assert!(refusal().starts_with("cannot read the report "), "{}", refusal());
    std::fs::write(&path, "{\"kind\": \"another\"}").unwrap();
    assert_eq!(refusal(), format!("{} is not a report of an audit", folder.path().display()));
    let json = ReadReport::of(&sample::report()).json().unwrap();
    std::fs::write(&path, json.replace("\"format\": 1", "\"format\": 3")).unwrap();
    let expected = format!("{} is a report of format 3, this program reads 1: audit again", folder.path().display());
    assert!(refusal().starts_with(&expected), "{}", refusal());
    std::fs::write(&path, json.replace("\"training_seed\"", "\"seed\"")).unwrap();
    assert!(refusal().contains("is a damaged report of format 1: missing field"), "{}", refusal());
    let mut report = sample::report();
    report.sections[0].tables[0].rows[0].pop();
    std::fs::write(&path, ReadReport::of(&report).json().unwrap()).unwrap();
    assert!(refusal().ends_with("row 0: 4 cells under 5 columns"), "{}", refusal());
}

#[test]
fn a_chart_that_cannot_be_drawn_leaves_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = sample::report();
    let panel = || Panel::new("", Axis::linear("x"), Axis::linear("y"));
    report.sections[0].charts[0].figure = (0..401).fold(Figure::new("Huge"), |figure, _| figure.with(panel()));
    let message = format!("{:#}", report.write(&folder.path().join("out")).unwrap_err());
    assert_eq!(message, "cannot draw the figure 'Huge': 401 panels are more than 400");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
