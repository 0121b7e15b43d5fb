//! Reader of SullyChen's driving datasets: `data.txt` beside pictures named by number.
//!
//! A line is `<n>.jpg <degrees>` or `<n>.jpg <degrees>,YYYY-MM-DD HH:MM:SS:f`, where f counts milliseconds without
//! padding: taken for a fraction, time would run backwards. Some copies have commas for every separator.

use std::sync::Arc;

use super::{Mark, Reader, TableMark};
use crate::media::folder::numbered_lines;
use crate::media::listing::{Listing, is_picture};
use crate::media::picture::PictureFiles;
use crate::media::source::Source;
use crate::model::camera_view::CameraGuess;
use crate::model::civil_time::{CivilTime, numbers};
use crate::model::entry::{Log, Place, Row, sort_out};
use crate::model::error::RecordingError;
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::{PictureRef, Pictures};
use crate::model::skip::SkipReason;
use crate::model::timeline::Clock;
use crate::model::unit::{Sign, Unit, Vehicle};
use lane_frame::Size;

impl Format {
    /// `data.txt` and pictures in one folder.
    pub const SULLY_CHEN: Self = Self::new("sully-chen", "SullyChen");
}

pub(super) const READER: Reader = Reader {
    format: Format::SULLY_CHEN,
    mark: Mark::File(INDEX_FILE),
    table: Some(TableMark {
        extensions: &["txt", "csv"],
        is_head: |_, lines| lines.first().is_some_and(|line| is_timed_row(line)),
    }),
    columns: &[],
    read: Ok(read),
};

/// The author's viewer turns the picture of a steering wheel clockwise for positive values.
pub(crate) const LABEL: LabelProfile = LabelProfile::known(Unit::WheelDegrees, Sign::RightPositive, Vehicle::ASSUMED);

/// A camera behind the windscreen. The roofs of far cars, about as high as the camera, lie around row 138 of 256 in the
/// pictures looked at; 60 degrees from side to side are taken.
const CAMERA: CameraGuess = CameraGuess::new(CAMERA_SIZE, 138.0 / 256.0, 1.54);

const CAMERA_SIZE: Size = Size::new(455, 256);

const INDEX_FILE: &str = "data.txt";

/// Step of the dataset without times; the median of the one with times is 57 ms.
const USUAL_STEP_MS: f64 = 50.0;

fn read(source: &Source, _: &RecordingOptions) -> Result<Log, RecordingError> {
    let index_file = source.file_or(INDEX_FILE);
    let text = source.folder.read_text(index_file)?;
    let pictures = Listing::read(&source.folder)?;
    let clock = clock(&text);
    let file: Arc<str> = index_file.into();
    let judged = numbered_lines(&text).map(|(line, bytes)| judge(bytes, &pictures, Place::line(&file, line), clock));
    let (rows, skipped) = sort_out(judged);
    let pictures = PictureFiles::in_folder(&source.folder);
    Ok(Log {
        label: Some(label(&rows, clock, &*pictures)),
        rows,
        skipped,
        pictures,
        label_name: None,
        camera: CAMERA,
        clock,
        time_note: String::new(),
    })
}

/// Recorded times count if most lines have one: a damaged line may look as if it had.
fn clock(text: &[u8]) -> Clock {
    let fields = || numbered_lines(text).filter_map(|(_, line)| Fields::split(line));
    let timed = fields().filter(|fields| fields.time.and_then(time_ms).is_some()).count();
    if 2 * timed > fields().count() {
        return Clock::Recorded { usual_step_ms: USUAL_STEP_MS };
    }
    Clock::Counted { step_ms: USUAL_STEP_MS }
}

/// True for a line that only this format has: with a time in its form. A picture and a number may stand in any table.
fn is_timed_row(line: &[u8]) -> bool {
    Fields::split(line).is_some_and(|fields| {
        is_picture(fields.picture) && fields.degrees.parse::<f64>().is_ok() && fields.time.and_then(time_ms).is_some()
    })
}

/// The label of rows that nothing but the file's name tells to be SullyChen's is a guess by their values.
fn label(rows: &[Row], clock: Clock, pictures: &dyn Pictures) -> LabelProfile {
    let has_size = || rows.first().is_some_and(|row| pictures.size(&row.picture).is_ok_and(|size| size == CAMERA_SIZE));
    if matches!(clock, Clock::Recorded { .. }) || has_size() {
        return LABEL;
    }
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
    LabelProfile::guessed("", &values)
}

/// One line, not yet judged.
struct Fields<'a> {
    picture: &'a str,
    degrees: &'a str,
    time: Option<[&'a str; 2]>,
}

impl<'a> Fields<'a> {
    /// Two fields, or four with date and time. Three would be another format: some have a speed, whose angle is not in
    /// degrees of a steering wheel.
    fn split(line: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?;
        let fields: Vec<&str> = text.split([' ', ',', '\t']).filter(|field| !field.is_empty()).collect();
        match fields[..] {
            [picture, degrees] => Some(Self { picture, degrees, time: None }),
            // Two rows on one line have four fields too.
            [picture, degrees, date, time] if !is_picture(date) => {
                Some(Self { picture, degrees, time: Some([date, time]) })
            }
            _ => None,
        }
    }
}

/// Makes a row of one line, or says why it is left out.
fn judge(line: &[u8], pictures: &Listing, place: Place, clock: Clock) -> Result<Row, SkipReason> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err(SkipReason::BlankLine);
    }
    let fields = Fields::split(line).ok_or(SkipReason::WrongColumnCount)?;
    let picture = pictures.find(fields.picture).ok_or(SkipReason::PictureMissing)?;
    let degrees: f64 = fields.degrees.parse().map_err(|_| SkipReason::SteeringNotANumber)?;
    let recorded_ms = match clock {
        Clock::Recorded { .. } => fields.time.and_then(time_ms).ok_or(SkipReason::NoTime)?,
        // What stands where a time would is none, so that the angle before it may be none either.
        Clock::Counted { .. } if fields.time.is_some_and(|time| time_ms(time).is_none()) => {
            return Err(SkipReason::WrongColumnCount);
        }
        Clock::Counted { step_ms } => place.number as f64 * step_ms,
    };
    let picture = PictureRef::File(picture);
    Ok(Row {
        recorded_ms,
        value: Some(degrees),
        speed_mps: None,
        place,
        picture,
        starts_drive: false,
        steered_by: None,
    })
}

fn time_ms([date, time]: [&str; 2]) -> Option<f64> {
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second, millis] = numbers(time, ':')?;
    CivilTime { year, month, day, hour, minute, second, millis: f64::from(millis) }.millis_since_1970()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Recording, Timing};
    use lane_frame::RgbImage;

    /// A folder of four pictures and this index.
    fn open(text: &str) -> Recording {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..4 {
            RgbImage::new(16, 12).save(dir.path().join(format!("{number}.jpg"))).unwrap();
        }
        std::fs::write(dir.path().join(INDEX_FILE), text).unwrap();
        Recording::open(dir.path()).unwrap()
    }

    #[test]
    fn lines_without_times_follow_at_twenty_hertz() {
        let recording = open("0.jpg 0.000000\r\n1.jpg 15\n2.jpg -30.5");
        assert_eq!((recording.format(), recording.len()), (Format::SULLY_CHEN, 3));
        assert_eq!(recording.timing(), Timing::Assumed { step_ms: 50.0 });
        let curvature = |i: usize| recording.entry(i).steering.unwrap().0;
        assert!(curvature(1) < -0.006 && curvature(2) > 0.013, "right is recorded positive, ours is left positive");
    }

    #[test]
    fn milliseconds_without_padding_are_milliseconds() {
        let blanks =
            "0.jpg 0,2018-07-01 17:09:44:912\n1.jpg 0,2018-07-01 17:09:45:11\n2.jpg 0,2018-07-01 17:09:45:76\n";
        for text in [blanks.to_owned(), blanks.replace(' ', ",")] {
            let recording = open(&text);
            assert_eq!(recording.drives().len(), 1, "time never runs backwards");
            let times: Vec<f64> = (0..3).map(|i| recording.entry(i).time_secs).collect();
            assert_eq!(times, [0.0, 0.099, 0.164]);
        }
    }

    #[test]
    fn one_damaged_line_does_not_decide_whether_there_are_times() {
        let recording = open("0.jpg 0\n1.jpg 0.5 5 0.6\n2.jpg 1\n3.jpg 2\n");
        assert_eq!((recording.len(), recording.skipped()), (3, &[(SkipReason::WrongColumnCount, 1)].into()));
        let time = "2018-07-01 17:09:44";
        let recording = open(&format!("0.jpg 0,{time}:1\n1.jpg 0\n2.jpg 1,{time}:100\n3.jpg 2,{time}:150\n"));
        assert_eq!((recording.len(), recording.skipped()), (3, &[(SkipReason::NoTime, 1)].into()));
    }

    #[test]
    fn lines_that_cannot_be_trusted_are_left_out_and_counted() {
        let cases = [
            ("1.jpg NaN", SkipReason::SteeringNotANumber),
            ("1.jpg 901", SkipReason::SteeringOutOfRange),
            ("1.jpg 89 20", SkipReason::WrongColumnCount),
            ("1.jpg", SkipReason::WrongColumnCount),
            ("1.jpg 0.5 2.jpg 0.5", SkipReason::WrongColumnCount),
            ("1.jpg 0.5,2018-13-01 17:09:44:950", SkipReason::NoTime),
            ("9.jpg 0", SkipReason::PictureMissing),
            ("../0.jpg/x 0", SkipReason::PictureMissing),
            ("", SkipReason::BlankLine),
            ("\0\0\0", SkipReason::WrongColumnCount),
        ];
        for (bad, reason) in cases {
            let time = if reason == SkipReason::NoTime { ",2018-07-01 17:09:44:912" } else { "" };
            let recording = open(&format!("0.jpg 0{time}\n{bad}\n2.jpg 0{time}\n"));
            assert_eq!((recording.len(), recording.skipped()), (2, &[(reason, 1)].into()), "{bad:?}");
        }
    }

    #[test]
    fn a_row_is_known_by_a_picture_a_number_and_a_time_of_its_form() {
        assert!(is_timed_row(b"0.jpg,0.5,2018-07-01,17:09:44:912"));
        for other in [&b"0.jpg 0.5"[..], b"hello world", b"0.jpg,0.5,3", b"image,steering"] {
            assert!(!is_timed_row(other), "{other:?}");
        }
    }
}
