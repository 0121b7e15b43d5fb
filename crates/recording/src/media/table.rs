//! Text tables: CSV as recorders, scripts and spreadsheets write it, read line by line so that a stray quote spoils its
//! own line and not the rest of the file.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::media::folder::{Folder, base_name, numbered_lines};
use crate::media::json::standard_json;
use crate::media::listing::is_picture;
use crate::model::civil_time::time_ms;
use crate::model::error::{BadOption, RecordingError};
use crate::model::options::Columns;
use crate::model::skip::SkipReason;
use crate::model::steering_name::steering_rank;

/// As many rows as tell what a column holds.
const ROWS_LOOKED_AT: usize = 20;

/// The first number that may be a Unix time in a table without names: seconds of 1973.
const EARLIEST_UNIX_SECS: f64 = 1e8;

/// A table's text, with its header if it has one.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the file, for the places of its rows.
    pub file: Arc<str>,
    path: PathBuf,
    text: Vec<u8>,
    delimiter: u8,
    /// True for lines of JSON, each an object whose keys are the names of the columns.
    is_json: bool,
    /// Fields of the first line where that is a header.
    pub header: Option<Vec<String>>,
}

/// Positions of the columns that are read; those that a table does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnNumbers {
    pub image: Option<usize>,
    pub steering: Option<usize>,
    pub time: Option<usize>,
    pub speed: Option<usize>,
}

impl Table {
    /// Reads a table of the recording's folder. The first line is a header if none of its fields is a number.
    pub fn read(folder: &Folder, name: &str) -> Result<Self, RecordingError> {
        let text = folder.read_text(name)?;
        let first = numbered_lines(&text).next().map_or(&b""[..], |(_, line)| line);
        if let Some(object) = json_object(first) {
            let header = Some(object.into_iter().map(|(key, _)| key).collect());
            let path = folder.path().join(name);
            return Ok(Self { file: name.into(), path, text, delimiter: b',', is_json: true, header });
        }
        let delimiter = delimiter(first);
        let first = fields(first, delimiter);
        let is_header = first.iter().any(|field| !field.is_empty())
            && first.iter().all(|field| field.parse::<f64>().is_err() && time_ms(field).is_none());
        // A column of picture names with nothing else beside it has no header.
        let is_header = is_header && !first.iter().any(|field| is_picture(field));
        let header = is_header.then_some(first);
        Ok(Self { file: name.into(), path: folder.path().join(name), text, delimiter, is_json: false, header })
    }

    /// Line number and fields of every row, the header left out.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Vec<String>)> {
        let rows = numbered_lines(&self.text).skip(usize::from(self.header.is_some() && !self.is_json));
        rows.map(|(number, line)| (number, if is_blank(line) { Vec::new() } else { self.fields(line) }))
    }

    fn fields(&self, line: &[u8]) -> Vec<String> {
        if !self.is_json {
            return fields(line, self.delimiter);
        }
        let object = json_object(line).unwrap_or_default();
        let value = |key: &String| object.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone());
        self.header.iter().flatten().map(|key| value(key).unwrap_or_default()).collect()
    }

    /// Finds the columns by what the user has named, or else by the names that such columns have.
    ///
    /// # Errors
    /// Refuses a name that is no column, and one that is wanted of a table without names.
    pub fn columns(&self, wanted: &Columns) -> Result<ColumnNumbers, RecordingError> {
        let find = |key: &str, wanted: &Option<String>, usual: Option<usize>| match wanted {
            Some(wanted) => self.wanted_column(key, wanted).map(Some),
            None => Ok(usual),
        };
        let numbers = ColumnNumbers {
            image: find("image", &wanted.image, self.first_column(names_picture))?,
            steering: find("steering", &wanted.steering, self.steering_column())?,
            time: find("time", &wanted.time, self.time_column())?,
            speed: find("speed", &wanted.speed, self.first_column(|name| name == "speed_mps"))?,
        };
        Ok(numbers)
    }

    fn wanted_column(&self, key: &str, wanted: &str) -> Result<usize, RecordingError> {
        let header = self.header.as_deref().unwrap_or_default();
        let by_name = header.iter().position(|name| name == wanted);
        let by_number = || wanted.parse::<usize>().ok()?.checked_sub(1);
        let refuse = || RecordingError::Option {
            path: self.path.clone(),
            bad: BadOption {
                option: "--columns",
                expected: if header.is_empty() {
                    "the number of a column, from 1 (the table has no header)".to_owned()
                } else {
                    format!("one of {}, or a number from 1", header.join(", "))
                },
                got: format!("{key}={wanted}"),
            },
        };
        by_name.or_else(by_number).ok_or_else(refuse)
    }

    /// The column whose name is the most likely to be that of steering; the first of equally likely ones. Of a table without
    /// names the only column of numbers that are no times.
    fn steering_column(&self) -> Option<usize> {
        if self.header.is_none() {
            let is_time = |&column: &usize| Some(column) == self.time_column();
            let mut numbers = self.number_columns().into_iter().filter(|column| !is_time(column));
            return numbers.next().filter(|_| numbers.next().is_none());
        }
        let names = self.header.as_deref().unwrap_or_default().iter().enumerate();
        let ranked = names.filter_map(|(number, name)| Some((steering_rank(name)?, number)));
        ranked.min().map(|(_, number)| number)
    }

    /// The column that has a time by its name, or in a table without names by its values: dates, or Unix times.
    fn time_column(&self) -> Option<usize> {
        if self.header.is_some() {
            return self.first_column(names_time);
        }
        let rows = self.first_rows();
        let is_unix_time = |field: &String| field.parse::<f64>().is_ok_and(|number| number >= EARLIEST_UNIX_SECS);
        let is_time = |&column: &usize| {
            let mut fields = rows.iter().map(|fields| fields.get(column));
            !rows.is_empty() && fields.all(|field| field.is_some_and(|field| is_date(field) || is_unix_time(field)))
        };
        (0..columns_of(&rows)).find(is_time)
    }

    /// Columns of a table without names whose values are numbers.
    fn number_columns(&self) -> Vec<usize> {
        let rows = self.first_rows();
        let is_number =
            |&column: &usize| 2 * rows.iter().filter(|fields| number(fields, column).is_some()).count() > rows.len();
        (0..columns_of(&rows)).filter(is_number).collect()
    }

    /// As many rows as tell what a column holds, without those that are blank.
    fn first_rows(&self) -> Vec<Vec<String>> {
        self.rows().map(|(_, fields)| fields).filter(|fields| !fields.is_empty()).take(ROWS_LOOKED_AT).collect()
    }

    /// True if most of the first fields of a column are dates: their times are in milliseconds.
    pub fn has_dates(&self, column: usize) -> bool {
        let rows = self.first_rows();
        let dates = rows.iter().filter(|fields| fields.get(column).is_some_and(|field| is_date(field)));
        2 * dates.count() > rows.len()
    }

    fn first_column(&self, is_usual: fn(&str) -> bool) -> Option<usize> {
        self.header.as_ref()?.iter().position(|name| is_usual(&name.to_ascii_lowercase()))
    }

    /// Name of a column, where the table has names.
    pub fn column_name(&self, number: usize) -> &str {
        self.header.as_ref().and_then(|header| header.get(number)).map_or("", String::as_str)
    }

    /// The column whose values are names of pictures: of several the first that is named so, or else the first.
    pub fn picture_column(&self) -> Option<usize> {
        let rows = self.first_rows();
        let holds_pictures = |&column: &usize| {
            let names = rows.iter().filter_map(|fields| fields.get(column));
            2 * names.filter(|name| is_picture(base_name(name))).count() > rows.len()
        };
        let columns: Vec<usize> = (0..columns_of(&rows)).filter(holds_pictures).collect();
        let is_named = |&&column: &&usize| names_picture(&self.column_name(column).to_ascii_lowercase());
        columns.iter().find(is_named).or(columns.first()).copied()
    }

    /// A column's name for the screen: its number where the table has no names.
    pub fn column_text(&self, number: usize) -> String {
        match self.column_name(number) {
            "" => format!("column {}", number + 1),
            name => name.to_owned(),
        }
    }

    /// The table's path, for messages.
    pub fn path(&self) -> &PathBuf {
        &self.path
    }
}

/// Columns of the longest of some rows.
fn columns_of(rows: &[Vec<String>]) -> usize {
    rows.iter().map(Vec::len).max().unwrap_or(0)
}

/// Keys and values of a line that is a JSON object, those of objects in it with the keys of both: `car.steering`.
fn json_object(line: &[u8]) -> Option<Vec<(String, String)>> {
    if !line.trim_ascii().starts_with(b"{") {
        return None;
    }
    let object: serde_json::Map<String, Value> = serde_json::from_slice(&standard_json(line)).ok()?;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let mut fields = Vec::new();
    for (key, value) in &object {
        match value {
            Value::Object(inner) => {
                fields.extend(inner.iter().map(|(name, value)| (format!("{key}.{name}"), text(value))));
            }
            other => fields.push((key.clone(), text(other))),
        }
    }
    Some(fields)
}

/// True for a line of a table with the name of a picture in it.
pub(crate) fn is_line_with_picture(line: &[u8]) -> bool {
    if let Some(object) = json_object(line) {
        return object.iter().any(|(_, text)| is_picture(base_name(text)));
    }
    fields(line, delimiter(line)).iter().any(|field| is_picture(base_name(field)))
}

fn names_picture(name: &str) -> bool {
    ["image", "filename", "file", "img", "picture", "path", "center", "frame", "frame_id", "name"].contains(&name)
        || name.contains("image")
        || name.contains("filename")
}

fn names_time(name: &str) -> bool {
    name.starts_with("time") || name.contains("timestamp") || name == "t"
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The character that parts the fields of a first line: the one of the usual ones that it has, tabs and blanks last.
fn delimiter(line: &[u8]) -> u8 {
    *b",;\t ".iter().find(|delimiter| line.contains(delimiter)).unwrap_or(&b',')
}

/// Fields of one line without blanks and quotes around them; none where it is no CSV.
pub(crate) fn fields(line: &[u8], delimiter: u8) -> Vec<String> {
    // Lossy: a folder name in another encoding does not matter, only the base name is used.
    let text = |field: &[u8]| {
        let field = String::from_utf8_lossy(field);
        let field = field.trim_matches([' ', '\t', '\r', '"']);
        if delimiter == b',' { field.to_owned() } else { with_decimal_point(field) }
    };
    // Few tables have quotes, and a CSV reader for each of 100,000 lines would take a second.
    if !line.contains(&b'"') {
        return line.split(|&byte| byte == delimiter).map(text).collect();
    }
    let mut record = csv::ByteRecord::new();
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(line);
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

/// A field, with a point for the comma where it is a number with a decimal comma.
fn with_decimal_point(field: &str) -> String {
    let pointed = field.replacen(',', ".", 1);
    let begins_number = field.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | ','));
    if begins_number && pointed.parse::<f64>().is_ok() { pointed } else { field.to_owned() }
}

/// A finite number of a row.
pub(crate) fn number(fields: &[String], column: usize) -> Option<f64> {
    fields.get(column)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A capture time as the table has it: a date in milliseconds, or a number of a unit that shows only over the whole column.
pub(crate) fn raw_time(fields: &[String], column: usize) -> Option<f64> {
    let field = fields.get(column)?;
    if is_date(field) { time_ms(field) } else { number(fields, column) }
}

/// True for a date, or a time of day. Digits alone are one only where they are a whole date: `20240301120055`.
fn is_date(field: &str) -> bool {
    let is_plain = field.parse::<f64>().is_ok();
    let digits = field.split('.').next().unwrap_or_default();
    let may_be_date = !is_plain || matches!(digits.len(), 14 | 17 | 20);
    may_be_date && time_ms(field).is_some()
}

/// Milliseconds in one unit of a column of times. Cameras take 1 to 200 pictures a second, so that seconds, milli-,
/// micro- and nanoseconds can be told apart by the median step.
pub(crate) fn millis_per_unit(raw_times: &[f64]) -> f64 {
    let mut in_order: Vec<f64> = raw_times.iter().copied().filter(|time| time.is_finite()).collect();
    in_order.sort_by(f64::total_cmp);
    let steps = in_order.windows(2).map(|pair| pair[1] - pair[0]);
    let mut steps: Vec<f64> = steps.filter(|&step| step > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    // Of two middle ones the lower: gaps are longer than steps.
    match steps.get(steps.len().saturating_sub(1) / 2) {
        Some(&step) if step < 2.0 => 1e3,
        Some(&step) if step < 2e3 => 1.0,
        Some(&step) if step < 2e6 => 1e-3,
        Some(_) => 1e-6,
        None => 1e3,
    }
}

/// Spreads rows whose times are coarser than the camera's steps, such as whole seconds at 20 Hz, evenly up to the next
/// time. Times that mostly differ are left alone, and so are those that do not increase.
pub(crate) fn spread_coarse(raw_times: &mut [f64]) {
    let repeats = raw_times.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let is_increasing = raw_times.windows(2).all(|pair| pair[0] <= pair[1]);
    if 2 * repeats <= raw_times.len() || !is_increasing {
        return;
    }
    let runs: Vec<(f64, usize)> =
        raw_times.chunk_by(|a, b| a == b).map(|run| (run.first().copied().unwrap_or_default(), run.len())).collect();
    // The recording may begin and end in the middle of a time: the fullest run tells the step.
    let steps = runs.windows(2).map(|pair| (pair[1].0 - pair[0].0) / pair[0].1 as f64);
    let Some(usual_step) = steps.reduce(f64::min) else { return };
    let mut spread = Vec::with_capacity(raw_times.len());
    for (number, &(time, len)) in runs.iter().enumerate() {
        let next = runs.get(number + 1).map(|(next, _)| *next);
        let step = next.map_or(usual_step, |next| usual_step.max((next - time) / len as f64));
        let row = |i: usize| match next {
            Some(next) if number == 0 => next - usual_step * (len - i) as f64,
            // No gap is filled: its rows follow each other as all others do.
            _ => time + i as f64 * step.min(2.0 * usual_step),
        };
        spread.extend((0..len).map(row));
    }
    raw_times.copy_from_slice(&spread);
}

/// The number of a row that has the columns it needs, or why it is left out.
pub(crate) fn steering(fields: &[String], column: usize) -> Result<f64, SkipReason> {
    if fields.len() <= column {
        return Err(SkipReason::WrongColumnCount);
    }
    number(fields, column).ok_or(SkipReason::SteeringNotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log.csv"), text).unwrap();
        Table::read(&Folder::open(dir.path()).unwrap(), "log.csv").unwrap()
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let table = table("timestamp,filename,Steering_Angle,speed\n1,a.jpg,0.5,3\n");
        let numbers = table.columns(&Columns::default()).unwrap();
        assert_eq!(numbers, ColumnNumbers { image: Some(1), steering: Some(2), time: Some(0), speed: None });
        assert_eq!(table.rows().collect::<Vec<_>>(), [(2, ["1", "a.jpg", "0.5", "3"].map(String::from).to_vec())]);
    }

    #[test]
    fn the_column_named_after_steering_is_read_wherever_it_stands() {
        for (header, steering) in
            [("image,pitch_angle,steering_angle", Some(2)), ("image,wheel_angle,steer", Some(2)), ("image,yaw", None)]
        {
            let columns = table(&format!("{header}\na.jpg,1,2\n")).columns(&Columns::default()).unwrap();
            assert_eq!(columns.steering, steering, "{header}");
        }
    }

    #[test]
    fn columns_are_named_or_numbered_by_the_user() {
        let columns = Columns { image: Some("b".into()), steering: Some("1".into()), ..Columns::default() };
        let numbers = table("a,b\n0.5,x.jpg\n").columns(&columns).unwrap();
        assert_eq!((numbers.image, numbers.steering), (Some(1), Some(0)));
        let message = table("a,c\n0.5,x.jpg\n").columns(&columns).unwrap_err().to_string();
        assert!(message.contains("--columns: expected one of a, c, or a number from 1, got image=b"), "{message}");
        assert!(table("1,2\n").columns(&columns).is_err(), "a table without names");
    }

    #[test]
    fn tables_of_any_delimiter_are_read_with_and_without_header() {
        for text in ["0.jpg 89 20\n", "0.jpg;89;20\n", "0.jpg\t89\t20\n", "0.jpg, 89, \"20\"\n"] {
            let table = table(text);
            assert_eq!(table.header, None, "{text}");
            assert_eq!(table.rows().next().unwrap().1, ["0.jpg", "89", "20"], "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_time_column_shows_in_its_steps() {
        for (step, millis) in [(0.05, 1e3), (50.0, 1.0), (50_000.0, 1e-3), (50_000_000.0, 1e-6)] {
            let raw: Vec<f64> = (0..5).map(|i| 1e9 + step * f64::from(i)).collect();
            assert_eq!(millis_per_unit(&raw), millis, "step {step}");
        }
        assert_eq!(millis_per_unit(&[7.0]), 1e3);
    }

    #[test]
    fn rows_of_whole_seconds_are_spread_over_them() {
        // 20 Hz from the middle of second 100 on, to the middle of second 103.
        let mut times: Vec<f64> = (0..60).map(|i| f64::floor(100.5 + 0.05 * f64::from(i) + 1e-9)).collect();
        spread_coarse(&mut times);
        for (i, time) in times.iter().enumerate() {
            let expected = 100.5 + 0.05 * i as f64;
            assert!((time - expected).abs() < 1e-6, "row {i}: {time}, expected {expected}");
        }
        let mut fine = [0.0, 0.05, 0.05, 0.1];
        spread_coarse(&mut fine);
        assert_eq!(fine, [0.0, 0.05, 0.05, 0.1]);
    }

    #[test]
    fn lines_of_json_are_a_table_of_their_keys() {
        let table = table(
            "{\"t\": 1.5, \"car\": {\"steering\": -0.25}, \"image\": \"a.jpg\"}\n{\"image\": \"b.jpg\", \"t\": NaN}\n{\n",
        );
        let columns = table.columns(&Columns::default()).unwrap();
        let name = |column: Option<usize>| table.column_text(column.unwrap());
        assert_eq!([columns.image, columns.steering, columns.time].map(name), ["image", "car.steering", "t"]);
        let rows: Vec<_> = table.rows().collect();
        assert_eq!((rows[0].0, number(&rows[0].1, columns.steering.unwrap())), (1, Some(-0.25)));
        assert_eq!((table.picture_column(), rows.len()), (columns.image, 3));
        assert_eq!(number(&rows[1].1, columns.time.unwrap()), None);
    }

    #[test]
    fn a_quoted_line_that_is_no_csv_has_no_fields_of_a_row() {
        assert_eq!(fields(b"\"a, b\",2", b','), ["a, b", "2"]);
        assert_eq!(fields(b"\"stray", b',').len(), 1);
    }
}
