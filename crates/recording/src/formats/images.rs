//! Reader of any folder of pictures: alone, in the order of the numbers in their names, or listed by a table whose
//! columns are known by their names or stated with `--columns`.

use std::sync::Arc;

use super::{Mark, Reader, TableMark, has_extension};
use crate::media::listing::Listing;
use crate::media::name_labels::NameLabels;
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::media::table::{self, ColumnNumbers, Table, is_line_with_picture};
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::{BadOption, RecordingError};
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::{Columns, RecordingOptions};
use crate::model::pictures::PictureRef;
use crate::model::skip::SkipReason;
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

/// Pictures alone, in the order of the numbers in their names, with the labels that the names of some cars' have.
fn without_table(source: &Source, pictures: &Listing) -> Log {
    let file: Arc<str> = "folder".into();
    let names = pictures.pictures();
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
    };
    let mut rows: Vec<Row> = (1..).zip(names).map(row).collect();
    let clock = Clock::Counted { step_ms: USUAL_STEP_MS };
    let Some(NameLabels { values, counts, name }) = labels else {
        return log(source, rows, Default::default(), None, clock);
    };
    rows.iter_mut().zip(values).for_each(|(row, value)| row.value = Some(value));
    let label = Some(LabelProfile::guessed_counts(counts));
    Log { label_name: Some(name.to_owned()), ..log(source, rows, Default::default(), label, clock) }
}

fn read_table(
    source: &Source,
    table: &Table,
    pictures: &Listing,
    options: &RecordingOptions,
) -> Result<Log, RecordingError> {
    let columns = table.columns(&options.columns)?;
    // A column's values tell more than its name: `frame` may be a counter. Some tables leave the extensions out.
    let by_values = if options.columns.image.is_none() { table.picture_column() } else { None };
    let image = by_values.or(columns.image).ok_or_else(|| no_picture_column(table))?;
    let camera = table.header.iter().flatten().position(|name| name.to_ascii_lowercase().contains("camera"));
    let side = |fields: &[String]| Side::by_names(fields, [Some(image), camera]);
    let has_side_cameras = has_side_cameras(table, side);
    let judged = table.rows().map(|(line, fields)| {
        if has_side_cameras && side(&fields) == Some(Side::Other) {
            return Err(SkipReason::OtherCamera);
        }
        judge(&fields, image, &columns, pictures, Place::line(&table.file, line))
    });
    let (mut rows, skipped) = sort_out(judged);
    let clock = match columns.time {
        Some(column) => {
            scale_times(&mut rows, table.has_dates(column));
            Clock::Recorded { usual_step_ms: USUAL_STEP_MS }
        }
        None => Clock::Counted { step_ms: USUAL_STEP_MS },
    };
    let label = columns.steering.map(|column| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
        LabelProfile::guessed(table.column_name(column), &values)
    });
    let label_name = columns.steering.map(|column| table.column_text(column));
    Ok(Log { label_name, ..log(source, rows, skipped, label, clock) })
}

/// The camera of a row of a car that has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Centre,
    Other,
}

impl Side {
    /// By the words in the picture's name and in the column of the camera.
    fn by_names(fields: &[String], columns: [Option<usize>; 2]) -> Option<Self> {
        let texts = columns.into_iter().flatten().filter_map(|column| fields.get(column)?.rsplit(['/', '\\']).next());
        let texts: Vec<String> = texts.map(str::to_ascii_lowercase).collect();
        let has_any = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
        match (has_any(&["center", "centre"]), has_any(&["left", "right"])) {
            (true, _) => Some(Self::Centre),
            (false, true) => Some(Self::Other),
            (false, false) => None,
        }
    }
}

/// True if every row is of the centre camera or of another, and there are as many of others at least: one drive, seen by
/// several cameras at a time.
fn has_side_cameras(table: &Table, side: impl Fn(&[String]) -> Option<Side>) -> bool {
    let sides: Option<Vec<Side>> =
        table.rows().filter(|(_, fields)| !fields.is_empty()).map(|(_, fields)| side(&fields)).collect();
    sides.is_some_and(|sides| {
        let centre = sides.iter().filter(|side| **side == Side::Centre).count();
        centre > 0 && sides.len() >= 2 * centre
    })
}

fn log(
    source: &Source,
    rows: Vec<Row>,
    skipped: crate::model::skip::Skipped,
    label: Option<LabelProfile>,
    clock: Clock,
) -> Log {
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
            Some(column) => table::raw_time(fields, column).unwrap_or(f64::NAN),
            None => place.number as f64 * USUAL_STEP_MS,
        },
        value: columns.steering.map(|column| table::steering(fields, column)).transpose()?,
        speed_mps: columns.speed.and_then(|column| table::number(fields, column)).map(|speed_mps| speed_mps as f32),
        place,
        picture: PictureRef::File(picture),
        starts_drive: false,
    })
}

/// Some tables name pictures without their extension, and AirSim all of a row's in one field.
fn find(pictures: &Listing, names: &str) -> Option<String> {
    let name = names.split(';').next().unwrap_or(names);
    pictures
        .find(name)
        .or_else(|| ["jpg", "png", "jpeg"].iter().find_map(|end| pictures.find(&format!("{name}.{end}"))))
}

/// Brings times to milliseconds, in which dates are already.
fn scale_times(rows: &mut [Row], are_dates: bool) {
    let mut raw_times: Vec<f64> = rows.iter().map(|row| row.recorded_ms).collect();
    let millis = if are_dates { 1.0 } else { table::millis_per_unit(&raw_times) };
    table::spread_coarse(&mut raw_times);
    rows.iter_mut().zip(raw_times).for_each(|(row, raw_time)| row.recorded_ms = raw_time * millis);
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
