//! Reader of any folder of pictures: alone, in the order of the numbers in their names, or listed by a table whose
//! columns are known by their names or stated with `--columns`.

use std::sync::Arc;

use super::{Mark, Reader, TableMark, has_extension};
use crate::media::cameras::{Seen, of_other_cameras};
use crate::media::columns::{ColumnNumbers, Steerings};
use crate::media::folder::base_name;
use crate::media::listing::{Listing, numeric_order};
use crate::media::name_labels::NameLabels;
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::media::table::{self, Table, is_line_with_picture};
use crate::media::times;
use crate::model::camera_view::CameraGuess;
use crate::model::civil_time::time_ms_in_name;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::{BadOption, RecordingError};
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::{Columns, RecordingOptions};
use crate::model::pictures::PictureRef;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::steering_name::words;
use crate::model::timeline::Clock;

impl Format {
    /// A folder of pictures, with or without a table.
    pub const IMAGES: Self = Self::new("images", "images");
}

/// Any CSV may be a table of pictures; a text file is one that names some, as AirSim's recordings are.
pub(super) const READER: Reader = Reader {
    format: Format::IMAGES,
    mark: Mark::Pictures,
    table: Some(TableMark {
        extensions: &["csv", "tsv", "txt", "jsonl", "ndjson"],
        is_head: |name, lines| {
            has_extension(name, &["csv", "jsonl", "ndjson"]) || lines.iter().any(|line| is_line_with_picture(line))
        },
    }),
    columns: &["image", "steering", "time", "speed"],
    read: Ok(read),
};

/// 20 Hz, as most driving recorders have.
const USUAL_STEP_MS: f64 = 50.0;

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let pictures = Listing::read(&source.folder)?;
    match &source.file {
        Some(file) => read_table(source, &Table::read(&source.folder, file)?, &pictures, options),
        None if options.columns != Columns::default() => Err(no_table(source)),
        None => Ok(without_table(source, &pictures)),
    }
}

fn no_table(source: &Source) -> RecordingError {
    let (expected, got) = ("a table: name its file".to_owned(), "a folder without a CSV file".to_owned());
    RecordingError::Option { path: source.path(), bad: BadOption { option: "--columns", expected, got } }
}

/// Pictures alone, in the order of the numbers in their names, with the times and the labels that the names have.
fn without_table(source: &Source, pictures: &Listing) -> Log {
    let file: Arc<str> = "folder".into();
    let names = pictures.pictures();
    let seen: Vec<Seen> =
        names.iter().map(|name| Seen { picture: name, camera: None, time: None, steering: None }).collect();
    let others = of_other_cameras(&seen).unwrap_or_else(|| vec![false; names.len()]);
    let read: Vec<(usize, String)> =
        (1..).zip(names).zip(&others).filter(|(_, other)| !**other).map(|(picture, _)| picture).collect();
    let names: Vec<String> = read.iter().map(|(_, name)| name.clone()).collect();
    let files = PictureFiles::in_folder(&source.folder);
    let width = names.iter().find_map(|name| files.size(&PictureRef::File(name.clone())).ok()).map(|size| size.width);
    let labels = width.and_then(|width| NameLabels::read(&names, width));
    let row = |(number, name)| Row {
        recorded_ms: number as f64 * USUAL_STEP_MS,
        value: None,
        speed_mps: None,
        place: Place::picture(&file, number),
        picture: PictureRef::File(name),
        starts_drive: false,
        steered_by: None,
    };
    let mut rows: Vec<Row> = read.into_iter().map(row).collect();
    let clock = match labels {
        // The numbers of such names are labels.
        Some(_) => Clock::Counted { step_ms: USUAL_STEP_MS },
        None => clock_of_names(&mut rows),
    };
    let others = others.iter().filter(|other| **other).count();
    let skipped = if others > 0 { [(SkipReason::OtherCamera, others)].into() } else { Skipped::new() };
    let Some(NameLabels { values, counts, name }) = labels else {
        return log(source, rows, skipped, None, clock);
    };
    rows.iter_mut().zip(values).for_each(|(row, value)| row.value = Some(value));
    let label = Some(LabelProfile::guessed_counts(counts));
    Log { label_name: Some(name.to_owned()), ..log(source, rows, skipped, label, clock) }
}

/// Gives rows the times in the names of their pictures, where all names have one and most of these differ.
fn clock_of_names(rows: &mut [Row]) -> Clock {
    let times: Option<Vec<f64>> = rows.iter().map(|row| time_ms_in_name(base_name(picture_name(row)?))).collect();
    let mostly_differ = |times: &Vec<f64>| {
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        2 * sorted.windows(2).filter(|pair| pair[0] < pair[1]).count() > times.len()
    };
    let Some(mut times) = times.filter(mostly_differ) else { return Clock::Counted { step_ms: USUAL_STEP_MS } };
    times::in_millis(&mut times, true, "");
    rows.iter_mut().zip(times).for_each(|(row, time_ms)| row.recorded_ms = time_ms);
    Clock::Recorded { usual_step_ms: USUAL_STEP_MS }
}

/// Rows of a table that has no times, and was shuffled as those of data sets are, are counted by the numbers in the names of their
/// pictures, where these differ in nothing else.
fn count_by_names(rows: &mut [Row]) {
    let letters = |row: &Row| picture_name(row).map(|name| name.replace(|letter: char| letter.is_ascii_digit(), ""));
    let is_series = rows.windows(2).all(|pair| letters(&pair[0]) == letters(&pair[1]));
    let order = |a: usize, b: usize| {
        numeric_order(picture_name(&rows[a]).unwrap_or_default(), picture_name(&rows[b]).unwrap_or_default())
    };
    let is_shuffled = (1..rows.len()).any(|row| order(row - 1, row).is_gt());
    let repeats = (1..rows.len()).any(|row| order(row - 1, row).is_eq());
    if !is_series || !is_shuffled || repeats {
        return;
    }
    let mut by_name: Vec<usize> = (0..rows.len()).collect();
    by_name.sort_by(|&a, &b| order(a, b));
    for (place, row) in by_name.into_iter().enumerate() {
        rows[row].recorded_ms = place as f64 * USUAL_STEP_MS;
    }
}

fn picture_name(row: &Row) -> Option<&str> {
    match &row.picture {
        PictureRef::File(name) => Some(name),
        PictureRef::Frame { .. } => None,
    }
}

fn read_table(
    source: &Source,
    table: &Table,
    pictures: &Listing,
    options: &RecordingOptions,
) -> Result<Log, RecordingError> {
    let columns = table.columns(&options.columns)?;
    let image = columns.image.ok_or_else(|| no_picture_column(table))?;
    let others = other_cameras(table, image, &columns);
    let steerings = columns.steering.map(|column| table.steerings(column));
    let judged = table.rows().zip(0..).map(|((line, fields), position)| {
        if others.as_ref().is_some_and(|others| others[position]) {
            return Err(SkipReason::OtherCamera);
        }
        judge(&fields, image, &columns, steerings, pictures, Place::line(&table.file, line))
    });
    let (mut rows, skipped) = sort_out(judged);
    if others.is_some() && columns.time.is_none() {
        // The lines between two rows are other cameras', and no time.
        rows.iter_mut().enumerate().for_each(|(place, row)| row.recorded_ms = place as f64 * USUAL_STEP_MS);
    }
    let clock = match columns.time {
        Some(time) => {
            let mut times: Vec<f64> = rows.iter().map(|row| row.recorded_ms).collect();
            times::in_millis(&mut times, time.are_dates, table.column_name(time.column));
            rows.iter_mut().zip(times).for_each(|(row, time_ms)| row.recorded_ms = time_ms);
            Clock::Recorded { usual_step_ms: USUAL_STEP_MS }
        }
        None => {
            let clock = clock_of_names(&mut rows);
            if matches!(clock, Clock::Counted { .. }) {
                count_by_names(&mut rows);
            }
            clock
        }
    };
    let label = columns.steering.zip(steerings).map(|(column, steerings)| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
        LabelProfile::guessed(&steerings.name_with_unit(table.column_name(column)), &values)
    });
    let label_name = columns.steering.map(|column| table.column_text(column));
    Ok(Log { label_name, ..log(source, rows, skipped, label, clock) })
}

/// Which rows of a table, blank ones among them, are of other cameras than the one that is read; `None` where there is one.
fn other_cameras(table: &Table, image: usize, columns: &ColumnNumbers) -> Option<Vec<bool>> {
    let rows: Vec<Vec<String>> = table.rows().map(|(_, fields)| fields).collect();
    let camera = table.header.iter().flatten().position(|name| {
        words(name)
            .iter()
            .any(|word| word.starts_with("cam") || ["view", "sensor", "position"].contains(&word.as_str()))
    });
    let camera = camera.filter(|camera| *camera != image);
    let field = |fields: &Vec<String>, column: usize| fields.get(column).cloned();
    let text = |column: Option<usize>| -> Vec<Option<String>> {
        rows.iter().map(|fields| column.and_then(|column| field(fields, column))).collect()
    };
    let [pictures, cameras, times, steerings] =
        [Some(image), camera, columns.time.map(|time| time.column), columns.steering].map(text);
    let is_row = |&position: &usize| pictures[position].is_some();
    let positions: Vec<usize> = (0..rows.len()).filter(is_row).collect();
    let seen = |&position: &usize| Seen {
        picture: pictures[position].as_deref().unwrap_or_default(),
        camera: cameras[position].as_deref(),
        time: times[position].as_deref(),
        steering: steerings[position].as_deref(),
    };
    let seen: Vec<Seen> = positions.iter().map(seen).collect();
    let mut others = vec![false; rows.len()];
    positions.iter().zip(of_other_cameras(&seen)?).for_each(|(&position, other)| others[position] = other);
    Some(others)
}

fn log(source: &Source, rows: Vec<Row>, skipped: Skipped, label: Option<LabelProfile>, clock: Clock) -> Log {
    let pictures = PictureFiles::in_folder(&source.folder);
    Log {
        rows,
        skipped,
        pictures,
        label,
        label_name: None,
        camera: CameraGuess::UNKNOWN,
        clock,
        time_note: String::new(),
    }
}

fn no_picture_column(table: &Table) -> RecordingError {
    RecordingError::Option {
        path: table.path().clone(),
        bad: BadOption {
            option: "--columns",
            expected: "image=COLUMN".to_owned(),
            got: match &table.header {
                Some(header) => {
                    format!("none, and no column of {} that is one of pictures by its name", header.join(", "))
                }
                None => "none, and a table without a header".to_owned(),
            },
        },
    }
}

/// Makes a row of one line, its time still in the table's unit, or says why it is left out.
fn judge(
    fields: &[String],
    image: usize,
    columns: &ColumnNumbers,
    steerings: Option<Steerings>,
    pictures: &Listing,
    place: Place,
) -> Result<Row, SkipReason> {
    if fields.is_empty() {
        return Err(SkipReason::BlankLine);
    }
    let name = fields.get(image).ok_or(SkipReason::WrongColumnCount)?;
    let picture = find(pictures, name).ok_or(SkipReason::PictureMissing)?;
    Ok(Row {
        recorded_ms: match columns.time {
            Some(time) => time.raw(fields),
            None => place.number as f64 * USUAL_STEP_MS,
        },
        value: steerings.map(|steerings| steerings.value(fields)).transpose()?,
        speed_mps: columns.speed.and_then(|column| table::number(fields, column)).map(|speed_mps| speed_mps as f32),
        place,
        picture: PictureRef::File(picture),
        starts_drive: false,
        steered_by: None,
    })
}

/// The picture of a row; AirSim names all of a row's in one field.
fn find(pictures: &Listing, names: &str) -> Option<String> {
    pictures.find(names.split(';').next().unwrap_or(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Recording, Sign, Timing, Unit};
    use lane_frame::RgbImage;

    /// A folder of pictures 1, 2 and 10, and perhaps a table.
    fn folder(table: Option<&str>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for number in [1, 2, 10] {
            RgbImage::from_pixel(16, 12, image::Rgb([20 * number; 3]))
                .save(dir.path().join(format!("f{number}.png")))
                .unwrap();
        }
        if let Some(table) = table {
            std::fs::write(dir.path().join("labels.csv"), table).unwrap();
        }
        dir
    }

    #[test]
    fn a_folder_of_pictures_is_a_recording_without_labels() {
        let dir = folder(None);
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.format(), recording.len(), recording.label()), (Format::IMAGES, 3, None));
        assert_eq!(recording.timing(), Timing::Assumed { step_ms: 50.0 });
        assert!((0..3).all(|i| recording.entry(i).steering.is_none()));
        assert_eq!(recording.sample(2).unwrap().frame.image.get_pixel(0, 0)[0], 200, "10 comes after 2");
    }

    #[test]
    fn a_table_gives_labels_and_times() {
        let dir = folder(Some("time,frame,steering\n5.00,f2,0.5\n5.04,x/f1.png,-0.5\n5.08,f10,0\n"));
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.skipped().len()), (3, 0));
        assert!((recording.entry(2).time_secs - 0.08).abs() < 1e-9, "decimal fractions of a second in f64");
        assert_eq!(recording.label().map(|label| (label.unit, label.unit_is_known)), Some((Unit::Share, false)));
        assert!(recording.entry(0).steering.unwrap().0 < 0.0);
        assert_eq!(recording.sample(0).unwrap().frame.image.get_pixel(0, 0)[0], 40, "picture 2");
    }

    #[test]
    fn a_counter_is_not_taken_for_the_column_of_pictures() {
        let dir = folder(Some("frame,picture,steering\n1,f2.png,0.5\n2,f10.png,-0.5\n"));
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!(recording.len(), 2);
        assert_eq!(recording.sample(0).unwrap().frame.image.get_pixel(0, 0)[0], 40, "picture 2");
        assert_eq!(recording.entry(0).recorded_value, Some(0.5));
    }

    #[test]
    fn of_several_cameras_in_the_rows_of_one_table_the_centre_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = "frame,steering,camera_position,time\n".to_owned();
        for number in 0..4 {
            for camera in ["left", "center", "right"] {
                let name = format!("{camera}_{number}.png");
                RgbImage::new(16, 12).save(dir.path().join(&name)).unwrap();
                table += &format!("{name},0.{number},{camera},{}\n", 0.1 * f64::from(number));
            }
        }
        std::fs::write(dir.path().join("labels.csv"), table).unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.skipped()), (4, &[(SkipReason::OtherCamera, 8)].into()));
        assert!((recording.duration_secs() - 0.3).abs() < 1e-9, "{}", recording.duration_secs());
    }

    // Tables of data sets are often shuffled, and say so nowhere.
    #[test]
    fn rows_without_times_come_by_the_numbers_in_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = "image,steering\n".to_owned();
        for number in [3, 11, 0, 7, 5, 1, 10, 2, 9, 4, 8, 6] {
            RgbImage::new(16, 12).save(dir.path().join(format!("f{number}.png"))).unwrap();
            table += &format!("f{number}.png,0.{number:02}\n");
        }
        std::fs::write(dir.path().join("labels.csv"), table).unwrap();
        let values = |rate_hz| {
            let options = RecordingOptions { rate_hz, ..RecordingOptions::default() };
            let recording = Recording::open_with(dir.path(), &options).unwrap();
            assert_eq!((recording.len(), recording.drives().len()), (12, 1));
            (0..12).map(|i| (100.0 * recording.entry(i).recorded_value.unwrap()).round() as i32).collect::<Vec<_>>()
        };
        assert_eq!(values(None), (0..12).collect::<Vec<_>>());
        assert_eq!(values(Some(10.0))[..3], [3, 11, 0], "with a rate the order of the file counts");
        let order = Recording::open(dir.path()).unwrap().doubts().pop().unwrap().to_string();
        assert!(order.contains("in the order of the numbers in their names"), "{order}");
    }

    #[test]
    fn times_in_the_names_of_pictures_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..12 {
            RgbImage::new(16, 12)
                .save(dir.path().join(format!("{}.{:02}.png", 1_700_000_000 + number / 10, number % 10 * 10)))
                .unwrap();
        }
        assert_eq!(Recording::open(dir.path()).unwrap().timing(), Timing::Recorded { step_ms: 100.0 });
    }

    #[test]
    fn decimal_commas_are_understood_where_fields_are_parted_otherwise() {
        let dir = folder(Some("filename;steering\nf1.png;0,25\nf2.png;-1,5E-2\n"));
        let recording = Recording::open(dir.path()).unwrap();
        let values = [0, 1].map(|i| recording.entry(i).recorded_value);
        assert_eq!(values, [Some(0.25), Some(-0.015)]);
    }

    #[test]
    fn columns_unit_and_sign_are_the_users() {
        let dir = folder(Some("f1.png 0.5\nf2.png -0.5\n"));
        let columns = Columns { image: Some("1".into()), steering: Some("2".into()), ..Columns::default() };
        let (unit, sign) = (Some(Unit::FrontRadians), Some(Sign::LeftPositive));
        let options = RecordingOptions { columns, unit, sign, ..RecordingOptions::default() };
        let recording = Recording::open_with(dir.path(), &options).unwrap();
        // tan(0.5) / 2.7 m = 0.5463025 / 2.7 = 0.2023343 1/m.
        let curvature = recording.entry(0).steering.unwrap().0;
        assert!((curvature - 0.202_334_3).abs() < 1e-6, "f32 holds 7 digits, got {curvature}");
        assert!(recording.label().unwrap().unit_is_known);
    }

    #[test]
    fn rows_that_cannot_be_trusted_are_left_out_and_counted() {
        let cases = [
            ("f9.png,0,50", SkipReason::PictureMissing),
            ("../f1.png/.., 0,50", SkipReason::PictureMissing),
            ("/etc/passwd,0,50", SkipReason::PictureMissing),
            ("f2.png,inf,50", SkipReason::SteeringNotANumber),
            ("f2.png,,50", SkipReason::SteeringNotANumber),
            ("f2.png,0,soon", SkipReason::NoTime),
            ("f2.png", SkipReason::WrongColumnCount),
            ("", SkipReason::BlankLine),
        ];
        for (bad, reason) in cases {
            let dir = folder(Some(&format!("image,angle,t\nf1.png,0,0\n{bad}\nf10.png,0,100\n")));
            let recording = Recording::open(dir.path()).unwrap();
            assert_eq!((recording.len(), recording.skipped()), (2, &[(reason, 1)].into()), "{bad:?}");
        }
    }

    #[test]
    fn columns_of_no_table_are_refused() {
        let columns = Columns { steering: Some("2".into()), ..Columns::default() };
        let options = RecordingOptions { columns, ..RecordingOptions::default() };
        let message = Recording::open_with(folder(None).path(), &options).unwrap_err().to_string();
        assert!(message.contains("--columns: expected a table: name its file"), "{message}");
    }

    #[test]
    fn a_table_whose_picture_column_is_not_known_asks_for_it() {
        let message = Recording::open(folder(Some("a,b\nf1,0\n")).path()).unwrap_err().to_string();
        assert!(message.contains("--columns: expected image=COLUMN, got none, and no column of a, b"), "{message}");
    }
}
