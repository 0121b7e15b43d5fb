//! Reader of the drives of Udacity's real car: `interpolated.csv` and the pictures of three cameras.
//!
//! Three rows per instant, one a camera, of which the centre is read. `angle` is in radians of the steering wheel, left
//! positive; `timestamp` in nanoseconds. Full exports have 12 columns, others 8; one mirror lacks the header. Pictures
//! are joined by `filename`: the number in it differs from the time stamp in some exports.

use super::{Mark, Reader, TableMark};
use crate::media::listing::Listing;
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::media::table::{self, Table};
use crate::model::camera_view::CameraGuess;
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::PictureRef;
use crate::model::skip::SkipReason;
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit, Vehicle};
use lane_frame::Size;

impl Format {
    /// `interpolated.csv` and the pictures of three cameras, of Udacity's real car.
    pub const UDACITY_CAR: Self = Self::new("udacity-car", "Udacity real car");
}

pub(super) const READER: Reader = Reader {
    format: Format::UDACITY_CAR,
    mark: Mark::File(INDEX_FILE),
    table: Some(TableMark {
        extensions: &["csv"],
        is_head: |_, lines| lines.first().is_some_and(|line| Columns::among(&table::fields(line, b',')).is_some()),
    }),
    columns: &[],
    read: Ok(read),
};

/// Lincoln MKZ (`wheel_base` and `steer_ratio` of the drive-by-wire node in udacity/CarND-Capstone).
const VEHICLE: Vehicle =
    Vehicle { wheelbase_m: 2.85, steering_ratio: 14.8, wheelbase_is_known: true, ..Vehicle::ASSUMED };

pub(crate) const LABEL: LabelProfile = LabelProfile::known(Unit::WheelRadians, Sign::LeftPositive, VEHICLE);

/// The road vanishes somewhat above the middle; 60 degrees from side to side are taken.
const CAMERA: CameraGuess = CameraGuess::new(Size::new(640, 480), 0.46, 1.155);

const INDEX_FILE: &str = "interpolated.csv";

/// Each camera takes 20 pictures a second.
const USUAL_STEP_MS: f64 = 50.0;
const MILLIS_PER_NANO: f64 = 1e-6;

/// The exports without a header: theirs are the columns of those with one.
const FULL_COLUMNS: [&str; 12] =
    ["index", "timestamp", "width", "height", "frame_id", "filename", "angle", "torque", "speed", "lat", "long", "alt"];
const SHORT_COLUMNS: [&str; 8] = ["index", "timestamp", "width", "height", "frame_id", "filename", "angle", "speed"];

/// Positions of the columns that are read.
#[derive(Clone, Copy)]
struct Columns {
    timestamp: usize,
    frame_id: usize,
    filename: usize,
    angle: usize,
    speed: Option<usize>,
    count: usize,
}

fn read(source: &Source, _: &RecordingOptions) -> Result<Log, RecordingError> {
    let table = Table::read(&source.folder, source.file_or(INDEX_FILE))?;
    let columns = columns(&table)?;
    let pictures = Listing::read(&source.folder)?;
    let camera = camera(&table, columns);
    let judged = table.rows().map(|(line, fields)| {
        let place = Place::line(&table.file, line);
        judge(&fields, columns, &camera, &pictures, place)
    });
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

impl Columns {
    fn among(names: &[impl AsRef<str>]) -> Option<Self> {
        let position = |wanted: &str| names.iter().position(|name| name.as_ref().eq_ignore_ascii_case(wanted));
        Some(Self {
            timestamp: position("timestamp")?,
            frame_id: position("frame_id")?,
            filename: position("filename")?,
            angle: position("angle")?,
            speed: position("speed"),
            count: names.len(),
        })
    }
}

/// The columns by the header, or by their number where there is none.
fn columns(table: &Table) -> Result<Columns, RecordingError> {
    let first_len = table.rows().next().map_or(0, |(_, fields)| fields.len());
    let found = match &table.header {
        Some(header) => Columns::among(header),
        None if first_len == SHORT_COLUMNS.len() => Columns::among(&SHORT_COLUMNS),
        None if first_len == FULL_COLUMNS.len() => Columns::among(&FULL_COLUMNS),
        None => None,
    };
    found.ok_or_else(|| RecordingError::Unreadable {
        path: table.path().clone(),
        place: "line 1".to_owned(),
        expected: format!("the columns {} (8 or 12, without a header)", FULL_COLUMNS.join(",")),
        got: match &table.header {
            Some(header) => header.join(","),
            None => format!("{first_len} columns without names"),
        },
    })
}

/// The camera that is read: the centre one, or the first of a car that names its cameras otherwise.
fn camera(table: &Table, columns: Columns) -> String {
    let mut cameras = table
        .rows()
        .filter_map(|(_, mut fields)| (fields.len() > columns.frame_id).then(|| fields.swap_remove(columns.frame_id)));
    let Some(first) = cameras.next() else { return String::new() };
    if first.contains("center") { first } else { cameras.find(|camera| camera.contains("center")).unwrap_or(first) }
}

/// Makes a row of one line, or says why it is left out.
fn judge(
    fields: &[String],
    columns: Columns,
    camera: &str,
    pictures: &Listing,
    place: Place,
) -> Result<Row, SkipReason> {
    if fields.is_empty() {
        return Err(SkipReason::BlankLine);
    }
    // Spreadsheets append empty columns; anything else there means two rows on one line.
    if fields.len() < columns.count || fields[columns.count..].iter().any(|field| !field.is_empty()) {
        return Err(SkipReason::WrongColumnCount);
    }
    if fields[columns.frame_id] != camera {
        return Err(SkipReason::OtherCamera);
    }
    let picture = pictures.find(&fields[columns.filename]).ok_or(SkipReason::PictureMissing)?;
    let value = Some(table::steering(fields, columns.angle)?);
    let recorded_ms = table::number(fields, columns.timestamp).unwrap_or(f64::NAN) * MILLIS_PER_NANO;
    let speed_mps = columns.speed.and_then(|column| table::number(fields, column)).map(|speed_mps| speed_mps as f32);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Recording, Timing};
    use lane_frame::RgbImage;

    const START_NS: u64 = 1_479_424_215_880_976_321;

    /// A row of a camera at instant `i`, 50 ms apart.
    fn row(i: u64, camera: &str, angle: &str) -> String {
        let time_ns = START_NS + 50_000_000 * i;
        format!(
            "2016-11-17 23:10:15.{i},{time_ns},640,480,{camera}_camera,{camera}/{time_ns}.jpg,{angle},0.1,5.5,37.4,-122.1,20\n"
        )
    }

    /// A folder with three instants of three cameras and this table.
    fn folder(table: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for camera in ["left", "center", "right"] {
            std::fs::create_dir(dir.path().join(camera)).unwrap();
            for i in 0..3 {
                let name = format!("{camera}/{}.jpg", START_NS + 50_000_000 * i);
                let shade = if camera == "center" { 200 } else { 20 };
                RgbImage::from_pixel(16, 12, image::Rgb([shade; 3])).save(dir.path().join(name)).unwrap();
            }
        }
        std::fs::write(dir.path().join(INDEX_FILE), table).unwrap();
        dir
    }

    fn three_cameras(i: u64, angle: &str) -> String {
        row(i, "left", angle) + &row(i, "center", angle) + &row(i, "right", angle)
    }

    #[test]
    fn the_centre_camera_is_read_with_and_without_a_header() {
        let rows = three_cameras(0, "0") + &three_cameras(1, "0.5") + &three_cameras(2, "-0.5");
        for table in [FULL_COLUMNS.join(",") + "\n" + &rows, rows] {
            let dir = folder(&table);
            let recording = Recording::open(dir.path()).unwrap();
            assert_eq!((recording.format(), recording.len()), (Format::UDACITY_CAR, 3));
            assert_eq!(recording.skipped(), &[(SkipReason::OtherCamera, 6)].into());
            // 256 ns of the time stamp's last digits get lost in f64.
            let Timing::Recorded { step_ms } = recording.timing() else { panic!("{:?}", recording.timing()) };
            assert!((step_ms - 50.0).abs() < 1e-3, "{step_ms}");
            assert!(
                recording.sample(1).unwrap().frame.image.get_pixel(0, 0)[0] > 150,
                "the centre pictures are bright"
            );
            assert!(recording.entry(1).steering.unwrap().0 > 0.01, "left is recorded positive, as ours");
            assert_eq!(recording.entry(1).speed_mps, Some(5.5));
        }
    }

    #[test]
    fn eight_columns_have_neither_torque_nor_position() {
        let short = |i: u64| {
            let row = row(i, "center", "0.25");
            let fields: Vec<&str> = row.split(',').collect();
            [&fields[..7], &fields[8..9]].concat().join(",") + "\n"
        };
        let recording = Recording::open(folder(&(short(0) + &short(1))).path()).unwrap();
        assert_eq!((recording.len(), recording.entry(1).speed_mps), (2, Some(5.5)));
        assert_eq!(recording.entry(0).recorded_value, Some(0.25));
    }

    #[test]
    fn rows_that_cannot_be_trusted_are_left_out_and_counted() {
        let cases = [
            (row(1, "center", "nan"), SkipReason::SteeringNotANumber),
            (row(1, "center", "16"), SkipReason::SteeringOutOfRange),
            (row(1, "center", "0").replace("center/", "center/x"), SkipReason::PictureMissing),
            (row(1, "center", "0").replace(",640", "x,640"), SkipReason::NoTime),
            (row(1, "center", "0").trim_end().to_owned() + &row(1, "center", "0"), SkipReason::WrongColumnCount),
            ("2016,1\n".to_owned(), SkipReason::WrongColumnCount),
            ("\n".to_owned(), SkipReason::BlankLine),
        ];
        for (bad, reason) in cases {
            let recording = Recording::open(folder(&(row(0, "center", "0") + &bad + &row(2, "center", "0"))).path());
            let recording = recording.unwrap();
            assert_eq!((recording.len(), recording.skipped()), (2, &[(reason, 1)].into()), "{bad:?}");
        }
    }

    #[test]
    fn a_table_of_other_columns_is_refused() {
        let message =
            Recording::open(folder("timestamp,angle,torque,speed\n1,2,3,4\n").path()).unwrap_err().to_string();
        assert!(message.contains("line 1: expected the columns index,timestamp"), "{message}");
        let message = Recording::open(folder("1,2,3\n").path()).unwrap_err().to_string();
        assert!(message.contains("got 3 columns without names"), "{message}");
    }
}
