//! Reader of the Udacity simulator's recordings: `driving_log.csv` and a folder of pictures.
//!
//! A row is `center,left,right,steering,throttle,brake,speed`; the header is missing more often than not. Steering is
//! the share of 25 degrees of front-wheel angle, right positive; speed is in mph; the time stands only in the picture's
//! name, `center_YYYY_MM_DD_HH_MM_SS_mmm.jpg`. Only the centre camera is read: the others have no steering of their
//! own.

use std::sync::Arc;

use super::{Mark, Reader, TableMark, images};
use crate::media::folder::{base_name, numbered_lines};
use crate::media::listing::{Listing, is_picture};
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::media::table;
use crate::model::camera_view::CameraGuess;
use crate::model::civil_time::time_ms_in_name;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::SkipReason;
use crate::model::steering_name::steering_rank;
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit, Vehicle};
use lane_frame::Size;

impl Format {
    /// `driving_log.csv` beside `IMG/`, as Udacity's behavioural-cloning simulator writes it.
    pub const UDACITY_SIMULATOR: Self = Self::new("udacity-sim", "Udacity simulator");
}

pub(super) const READER: Reader = Reader {
    format: Format::UDACITY_SIMULATOR,
    mark: Mark::File(INDEX_FILE),
    table: Some(TableMark {
        extensions: &["csv"],
        is_head: |_, lines| lines.first().is_some_and(|line| is_first_line(line)),
    }),
    columns: &[],
    read: Ok(read),
};

/// 25 degrees at most; its wheel hubs lie 1.27 m ahead of the car's origin and 1.6 m behind it (`Car.prefab` of
/// udacity/self-driving-car-sim).
const VEHICLE: Vehicle = Vehicle {
    wheelbase_m: 2.87,
    full_angle_deg: 25.0,
    wheelbase_is_known: true,
    full_angle_is_known: true,
    ..Vehicle::ASSUMED
};

pub(crate) const LABEL: LabelProfile = LabelProfile::known(Unit::Share, Sign::RightPositive, VEHICLE);

/// The road vanishes at row 61 of 160. The focal length is that of 60 degrees from top to bottom, the preset of the
/// engine that the simulator is built with.
pub(crate) const CAMERA: CameraGuess = CameraGuess::new(Size::new(320, 160), 61.0 / 160.0, 0.866);

const INDEX_FILE: &str = "driving_log.csv";

/// The simulator's own columns.
const USUAL: Layout = Layout { columns: 7, steering: 3, speed: Some(6) };
const STEERING_COLUMN: usize = USUAL.steering;
const MPS_PER_MPH: f64 = 0.447_04;

/// Median step of the newer builds of the simulator.
const USUAL_STEP_MS: f64 = 70.0;

fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let index_file = source.file_or(INDEX_FILE);
    let text = source.folder.read_text(index_file)?;
    let form = Form::of(&text);
    let mut lines = numbered_lines(&text).peekable();
    if lines.peek().is_some_and(|(_, first)| is_header_of_another_table(&form.fields(first))) {
        let table = Source { folder: source.folder.clone(), file: Some(index_file.to_owned()) };
        return images::read(&table, options);
    }
    let pictures = Listing::read(&source.folder)?;
    if let Some((_, first)) = lines.peek()
        && is_header(&form.fields(first))
    {
        check_header(source, &form.fields(first))?;
        lines.next();
    }
    let layout = Layout::most_common(numbered_lines(&text).map(|(_, line)| form.fields(line)));
    let file: Arc<str> = index_file.into();
    let judged = lines.map(|(line, bytes)| judge(bytes, form, layout, &pictures, Place::line(&file, line)));
    let (rows, skipped) = sort_out(judged);
    Ok(Log {
        rows,
        skipped,
        pictures: PictureFiles::in_folder(&source.folder),
        label: Some(LABEL),
        label_name: None,
        camera: CAMERA,
        clock: Clock::Recorded { usual_step_ms: USUAL_STEP_MS },
        time_note: String::new(),
    })
}

/// What spreadsheets and scripts make of the simulator's lines.
#[derive(Clone, Copy, Debug)]
struct Form {
    delimiter: u8,
    /// 1 where a counter stands before the pictures, else 0.
    counters: usize,
}

impl Form {
    fn of(text: &[u8]) -> Self {
        let line = numbered_lines(text).map(|(_, line)| line).find(|line| table::is_line_with_picture(line));
        let delimiter = line.map_or(b',', table::delimiter);
        let delimiter = if delimiter == b' ' { b',' } else { delimiter };
        let fields = line.map(|line| table::fields(line, delimiter)).unwrap_or_default();
        let is_counter = fields.first().is_some_and(|first| first.parse::<u64>().is_ok());
        let counters = usize::from(is_counter && fields.get(1).is_some_and(|second| is_picture(base_name(second))));
        Self { delimiter, counters }
    }

    fn fields(self, line: &[u8]) -> Vec<String> {
        table::fields(line, self.delimiter).into_iter().skip(self.counters).collect()
    }
}

/// Places of the columns: pictures, steering, throttle, brake and speed follow one another. People take the side cameras or
/// the throttle out of a log, and put columns of their own behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    columns: usize,
    steering: usize,
    speed: Option<usize>,
}

impl Layout {
    /// Rows that tell the layout of a log.
    const ROWS: usize = 20;

    /// The layout that most of the first rows have.
    fn most_common(rows: impl Iterator<Item = Vec<String>>) -> Self {
        let layouts: Vec<Self> = rows.filter_map(|fields| Self::of_row(&fields)).take(Self::ROWS).collect();
        let count = |layout: &Self| layouts.iter().filter(|other| *other == layout).count();
        // Of equally common ones the first.
        layouts.iter().rev().max_by_key(|layout| count(layout)).copied().unwrap_or(USUAL)
    }

    /// The layout of a row that begins with pictures and has a number behind them; the empty columns that spreadsheets append
    /// do not count.
    fn of_row(fields: &[String]) -> Option<Self> {
        let columns = fields.iter().rposition(|field| !field.is_empty())? + 1;
        let pictures = fields.iter().take_while(|field| is_picture(base_name(field))).count();
        // A row whose names of the side cameras are no pictures is the simulator's all the same.
        let steering = if columns == USUAL.columns { USUAL.steering } else { pictures };
        if pictures == 0 || table::number(fields, steering).is_none() {
            return None;
        }
        // The speed is known by its place behind throttle and brake alone.
        let speed = Some(steering + 3).filter(|&speed| columns > speed && steering == USUAL.steering);
        Some(Self { columns, steering, speed })
    }
}

/// True for a line that may be the first of a log, whatever the log's name.
fn is_first_line(line: &[u8]) -> bool {
    let fields = table::fields(line, b',');
    let names_picture = fields.first().is_some_and(|field| is_picture(base_name(field)));
    let names_camera = fields.first().is_some_and(|field| field.to_ascii_lowercase().contains("center"));
    fields.len() >= USUAL.columns
        && (names_camera || (names_picture && table::number(&fields, STEERING_COLUMN).is_some()))
}

/// A first row that names no picture and has words where steering stands. Headers are often made by hand.
fn is_header(fields: &[String]) -> bool {
    let is_picture = |field: &String| field.contains('.');
    let is_words = |field: &String| !field.is_empty() && field.parse::<f64>().is_err();
    !fields.first().is_some_and(is_picture) && fields.get(STEERING_COLUMN).is_some_and(is_words)
}

/// True for a header that is not the simulator's and names its steering: other programs call their tables
/// `driving_log.csv` too, which are read by their names.
fn is_header_of_another_table(fields: &[String]) -> bool {
    let is_words = |field: &String| !field.is_empty() && field.parse::<f64>().is_err();
    let names_steering = |field: &String| steering_rank(field).is_some();
    let begins_as_simulators = fields.first().is_some_and(|field| field.to_ascii_lowercase().contains("center"));
    let has_its_columns = fields.len() == USUAL.columns && fields.get(STEERING_COLUMN).is_some_and(names_steering);
    // With more columns behind it is still the simulator's, with fewer only where steering has its place.
    let has_its_place = begins_as_simulators
        && (fields.len() == USUAL.columns || fields.get(STEERING_COLUMN).is_some_and(names_steering));
    !has_its_place && !has_its_columns && fields.iter().all(is_words) && fields.iter().any(names_steering)
}

/// Refuses a header that has something else where steering stands: its rows would be read as wrong labels.
fn check_header(source: &Source, fields: &[String]) -> Result<(), RecordingError> {
    let got = &fields[STEERING_COLUMN];
    let name = got.to_ascii_lowercase();
    if name.contains("steer") || name.contains("angle") {
        return Ok(());
    }
    Err(RecordingError::Unsupported {
        path: source.folder.path().join(source.file_or(INDEX_FILE)),
        expected: format!(
            "steering in line 1, column {} (center,left,right,steering,throttle,brake,speed)",
            STEERING_COLUMN + 1
        ),
        got: format!("{got:?}"),
        way_out: "say which column it is with --format images --columns image=COLUMN,steering=COLUMN".to_owned(),
    })
}

/// Makes a row of one line, or says why it is left out.
fn judge(line: &[u8], form: Form, layout: Layout, pictures: &Listing, place: Place) -> Result<Row, SkipReason> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err(SkipReason::BlankLine);
    }
    let fields = form.fields(line);
    // Spreadsheets append empty columns; anything else there means two rows on one line.
    if fields.len() < layout.columns || fields[layout.columns..].iter().any(|field| !field.is_empty()) {
        return Err(SkipReason::WrongColumnCount);
    }
    let picture = pictures.find(&fields[0]).ok_or(SkipReason::PictureMissing)?;
    let recorded_ms = time_ms_in_name(base_name(&fields[0])).unwrap_or(f64::NAN);
    let value = Some(table::steering(&fields, layout.steering)?);
    let speed_mps = layout.speed.and_then(|column| speed_mps(&fields[column]));
    Ok(Row {
        recorded_ms,
        value,
        speed_mps,
        place,
        picture: PictureRef::File(picture),
        starts_drive: false,
        steered_by: None,
    })
}

fn speed_mps(field: &str) -> Option<f32> {
    let speed_mph: f64 = field.parse().ok()?;
    (speed_mph.is_finite() && speed_mph >= 0.0).then_some((speed_mph * MPS_PER_MPH) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Recording, Skipped};

    const NAMES: [&str; 3] = [
        "center_2021_05_24_15_48_52_843.jpg",
        "center_2021_05_24_15_48_52_914.jpg",
        "center_2021_05_24_15_48_52_983.jpg",
    ];

    /// A folder with three pictures under `IMG/` and this log.
    fn drive(log: impl AsRef<[u8]>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("IMG")).unwrap();
        for name in NAMES {
            let path = dir.path().join("IMG").join(name);
            lane_frame::RgbImage::new(32, 16).save(path).unwrap();
        }
        std::fs::write(dir.path().join(INDEX_FILE), log).unwrap();
        dir
    }

    fn open(log: impl AsRef<[u8]>) -> Recording {
        Recording::open(drive(log).path()).unwrap()
    }

    fn row(name: &str, steering: &str) -> String {
        format!("IMG/{name},IMG/l.jpg,IMG/r.jpg,{steering},0.4,0,30\n")
    }

    fn skipped(reason: SkipReason, count: usize) -> Skipped {
        [(reason, count)].into()
    }

    #[test]
    fn a_plain_log_opens_with_times_steering_and_speed() {
        let dir = drive(row(NAMES[0], "0") + &row(NAMES[1], "1") + &row(NAMES[2], "-0.5"));
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.format(), recording.len()), (Format::UDACITY_SIMULATOR, 3));
        let times: Vec<f64> = (0..3).map(|i| recording.entry(i).time_secs).collect();
        assert_eq!(times, [0.0, 0.071, 0.14]);
        let curvature = |i: usize| recording.entry(i).steering.unwrap().0;
        assert!(curvature(1) < -0.16 && curvature(2) > 0.07, "right is recorded positive, ours is left positive");
        let speed_mps = recording.sample(0).unwrap().speed_mps.unwrap();
        assert!((speed_mps - 13.411_2).abs() < 1e-5, "30 mph, f32 rounding only, got {speed_mps}");
        assert_eq!(recording.sample(1).unwrap().frame.time_secs, 0.071);
        assert_eq!(recording.entry(2).place.to_string(), "driving_log.csv line 3");
    }

    // Spreadsheets write semicolons and decimal commas, and data frames a counter before the rows.
    #[test]
    fn other_separators_and_a_counter_before_the_rows_are_understood() {
        let row = |i: usize| row(NAMES[i], "-0.5");
        for log in [
            (0..3).map(|i| row(i).replace(',', ";")).collect::<String>(),
            (0..3).map(|i| row(i).replace(',', ";").replace("0.", "0,")).collect(),
            (0..3).map(|i| row(i).replace(',', "\t")).collect(),
            (0..3).map(|i| format!("{i},{}", row(i))).collect(),
            ",center,left,right,steering,throttle,brake,speed\n".to_owned()
                + &(0..3).map(|i| format!("{i},{}", row(i))).collect::<String>(),
        ] {
            let recording = open(&log);
            assert_eq!((recording.len(), recording.skipped().len()), (3, 0), "{log}");
            assert_eq!(recording.entry(2).recorded_value, Some(-0.5), "{log}");
        }
    }

    #[test]
    fn headers_of_the_simulator_and_by_hand_are_no_rows() {
        for header in
            ["center,left,right,steering,throttle,brake,speed\n", "camera_center, a, b,steering_angle,0,0,speed\n"]
        {
            let recording = open(header.to_owned() + &row(NAMES[0], "0"));
            assert_eq!((recording.len(), recording.skipped().len()), (1, 0));
            assert_eq!(recording.entry(0).place.number, 2);
        }
    }

    #[test]
    fn a_log_with_a_header_of_its_own_is_read_by_its_names() {
        for header in ["image,steering_angle,command", "image,steering_angle,throttle,brake,gear,x,y,heading,speed"] {
            let columns = header.split(',').count();
            let row = |name: &str, steering: &str| format!("{name},{steering}{}\n", ",0".repeat(columns - 2));
            let recording = open(format!("{header}\n") + &row(NAMES[0], "0.25") + &row(NAMES[1], "-0.5"));
            assert_eq!((recording.len(), recording.skipped().len()), (2, 0), "{header}");
            assert_eq!(recording.entry(1).recorded_value, Some(-0.5), "{header}");
            assert_eq!(recording.label_name(), Some("steering_angle"));
            assert!(recording.label().is_some_and(|label| !label.unit_is_known), "{header}");
        }
    }

    #[test]
    fn a_header_with_steering_elsewhere_is_refused() {
        let dir = drive("center,left,right,throttle,steering,brake,speed\n".to_owned() + &row(NAMES[0], "0"));
        let message = Recording::open(dir.path()).unwrap_err().to_string();
        assert!(
            message.contains("expected steering in line 1, column 4") && message.contains("--format images"),
            "{message}"
        );
    }

    #[test]
    fn paths_of_all_systems_quotes_blanks_and_a_spreadsheets_marks_are_understood() {
        let log = format!(
            "\u{feff}\"C:\\Users\\A B\\IMG\\{}\",\"l, l.jpg\",r.jpg,\"0.5\",0,0,1.4E-06\r\n\
             /home/a/IMG/{}, l.jpg, r.jpg, 0.5, 0, 0, 30,,\r\n\
             data\\IMG\\{},l,r,0.5,0,0,30",
            NAMES[0], NAMES[1], NAMES[2]
        );
        let recording = open(log);
        assert_eq!((recording.len(), recording.skipped().len()), (3, 0));
        assert!((0..3).all(|i| recording.entry(i).steering == recording.entry(0).steering));
    }

    #[test]
    fn rows_that_cannot_be_trusted_are_left_out_and_counted() {
        let good = row(NAMES[0], "0");
        let joined = good.trim_end().to_owned() + &good;
        let cases = [
            (row(NAMES[1], "NaN"), SkipReason::SteeringNotANumber),
            (row(NAMES[1], "-inf"), SkipReason::SteeringNotANumber),
            (row(NAMES[1], ""), SkipReason::SteeringNotANumber),
            (row(NAMES[1], "15.0"), SkipReason::SteeringOutOfRange),
            (row("center_2021_05_24_15_48_53_000.jpg", "0"), SkipReason::PictureMissing),
            (row("../../secret.jpg", "0"), SkipReason::PictureMissing),
            (" \t\n".to_owned(), SkipReason::BlankLine),
            ("\n".to_owned(), SkipReason::BlankLine),
            (joined, SkipReason::WrongColumnCount),
            (format!("IMG/{},l,r,0.1\n", NAMES[1]), SkipReason::WrongColumnCount),
            (",,,,,,\n".to_owned(), SkipReason::PictureMissing),
            ("\0\0\0\n".to_owned(), SkipReason::WrongColumnCount),
            ("\"stray\n".to_owned(), SkipReason::WrongColumnCount),
        ];
        for (bad, reason) in cases {
            let recording = open(good.clone() + &bad + &row(NAMES[2], "0"));
            assert_eq!(recording.skipped(), &skipped(reason, 1), "{bad:?}");
            assert_eq!(recording.len(), 2, "{bad:?}");
        }
    }

    #[test]
    fn a_first_row_with_bad_steering_is_skipped_and_not_taken_for_a_header() {
        let recording = open(row(NAMES[0], "oops") + &row(NAMES[1], "0"));
        assert_eq!(recording.skipped(), &skipped(SkipReason::SteeringNotANumber, 1));
    }

    #[test]
    fn a_log_whose_pictures_are_all_missing_says_so() {
        let dir = drive(row("center_2020_01_01_00_00_00_000.jpg", "0").repeat(3));
        let message = Recording::open(dir.path()).unwrap_err().to_string();
        assert!(message.contains("skipped: 3 picture missing"), "{message}");
        std::fs::write(dir.path().join(INDEX_FILE), "").unwrap();
        assert!(Recording::open(dir.path()).unwrap_err().to_string().contains("no rows"));
    }

    #[test]
    fn logs_of_four_and_nine_columns_are_read_by_what_is_in_them() {
        let rows = |tail: &str| NAMES.iter().map(|name| format!("IMG/{name},{tail}\n")).collect::<String>();
        for (tail, has_speed) in [
            ("IMG/l.jpg,IMG/r.jpg,0.25", false),
            ("0.25,0.4,0", false),
            ("0.25", false),
            ("IMG/l.jpg,IMG/r.jpg,0.25,0.4,0,30,1.5,2.5", true),
        ] {
            let recording = open(rows(tail));
            assert_eq!((recording.len(), recording.skipped().len()), (3, 0), "{tail}");
            assert_eq!(recording.entry(1).recorded_value, Some(0.25), "{tail}");
            assert_eq!(recording.entry(1).speed_mps.is_some(), has_speed, "{tail}");
        }
    }

    #[test]
    fn names_without_a_time_are_counted_off() {
        let dir = drive("");
        for number in 0..3 {
            lane_frame::RgbImage::new(32, 16).save(dir.path().join(format!("IMG/{number}.jpg"))).unwrap();
        }
        let log: String = (0..3).map(|number| row(&format!("{number}.jpg"), "0.5")).collect();
        std::fs::write(dir.path().join(INDEX_FILE), log).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.timing()), (3, crate::Timing::Assumed { step_ms: 70.0 }));
    }

    #[test]
    fn capture_times_follow_the_calendar() {
        // date -u -d '2024-03-01 00:00:00' +%s gives 1709251200; 29 February lies 86,400 s before.
        assert_eq!(time_ms_in_name("center_2024_03_01_00_00_00_007.jpg"), Some(1_709_251_200_007.0));
        assert_eq!(time_ms_in_name("center_2024_02_29_00_00_00_007.jpg"), Some(1_709_164_800_007.0));
        assert_eq!(time_ms_in_name("center_1970_01_01_00_00_01_000.jpg"), Some(1000.0));
    }

    #[test]
    fn a_spoiled_picture_costs_one_sample() {
        let dir = drive(row(NAMES[0], "0") + &row(NAMES[1], "0") + &row(NAMES[2], "0"));
        std::fs::write(dir.path().join("IMG").join(NAMES[1]), "").unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        let spoiled = recording.sample(1).unwrap_err();
        assert_eq!((spoiled.index, spoiled.reason.as_str()), (1, "empty file"));
        assert_eq!(spoiled.place, format!("driving_log.csv line 2 (IMG/{})", NAMES[1]));
        assert!(recording.sample(0).is_ok() && recording.sample(2).is_ok());
    }

    #[test]
    fn a_picture_of_another_size_has_a_view_of_its_own() {
        let dir = drive(row(NAMES[0], "0") + &row(NAMES[1], "0") + &row(NAMES[2], "0"));
        lane_frame::RgbImage::new(64, 48).save(dir.path().join("IMG").join(NAMES[0])).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        let image = recording.sample(0).unwrap().frame.image;
        assert_eq!(image.dimensions(), (64, 48));
        let [left, top, width, height] = recording.view_of(&image).crop;
        assert!(left + width <= 64 && top + height <= 48 && width > 32, "it uses more than the usual picture has");
    }
}
