//! Text tables: CSV as recorders, scripts and spreadsheets write it, read line by line so that a stray quote spoils its
//! own line and not the rest of the file.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::media::folder::{Folder, base_name, numbered_lines};
use crate::media::json::standard_json;
use crate::media::listing::is_picture;
use crate::model::civil_time::time_ms;
use crate::model::error::RecordingError;
use crate::model::skip::SkipReason;

/// As many rows as tell what a column holds.
const ROWS_LOOKED_AT: usize = 20;

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
    /// Fields of a line of units below the header; empty where there is none.
    pub units: Vec<String>,
    /// Number of the first line behind all that stands before the rows.
    first_row: usize,
}

/// What stands before the rows of a table.
struct Head<'a> {
    /// Number and text of the first line that is none of the others.
    first: (usize, &'a [u8]),
    /// The separator of a line `sep=;`.
    delimiter: Option<u8>,
    /// The last comment, without its mark.
    comment: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut head = Self { first: (1, b""), delimiter: None, comment: None };
        let mut lines = numbered_lines(text).filter(|(_, line)| !is_blank(line)).peekable();
        while let Some((number, line)) = lines.next() {
            let is_parted = |line: &[u8]| PARTING.iter().any(|parting| line.contains(parting));
            if let Some(delimiter) = stated_delimiter(line) {
                head.delimiter = Some(delimiter);
            } else if let Some(comment) = comment(line) {
                head.comment = Some(comment);
            } else if is_parted(line) || lines.peek().is_none_or(|(_, next)| !is_parted(next)) {
                head.first = (number, line);
                break;
            }
            // What is left is a title: the only line that nothing parts.
        }
        head
    }
}

/// Characters that part the fields of a line, blanks left out.
const PARTING: [u8; 4] = *b",;\t|";

/// True for a line that stands before a table and is not of it: blank, a comment, or a statement of the separator.
pub(crate) fn is_preamble(line: &[u8]) -> bool {
    is_blank(line) || comment(line).is_some() || stated_delimiter(line).is_some()
}

/// The character in `sep=;`, which spreadsheets go by.
fn stated_delimiter(line: &[u8]) -> Option<u8> {
    let [delimiter] = line.trim_ascii_end().strip_prefix(b"sep=")? else { return None };
    Some(*delimiter)
}

/// The text of a comment.
fn comment(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let text = line.strip_prefix(b"#").or_else(|| line.strip_prefix(b"%")).or_else(|| line.strip_prefix(b"//"))?;
    // A column of that name.
    (!text.first().is_some_and(|next| PARTING.contains(next))).then(|| text.trim_ascii())
}

/// True for fields of which none is a number, a time or a picture, as those of names are.
fn is_header(fields: &[String]) -> bool {
    let is_value = |field: &String| field.parse::<f64>().is_ok() || time_ms(field).is_some() || is_picture(field);
    fields.iter().any(|field| !field.is_empty()) && !fields.iter().any(is_value)
}

/// True for fields that are units and words for none.
fn is_row_of_units(fields: &[String]) -> bool {
    let bare = |field: &str| field.trim_matches(['[', ']', '(', ')', '-', ' ']).to_owned();
    let is_unit =
        |unit: &str| Measure::by_word(unit).is_some() || ["s", "ms", "us", "ns", "m/s", "1/m", "mph"].contains(&unit);
    let bare: Vec<String> = fields.iter().map(|field| bare(field)).collect();
    bare.iter().all(|unit| unit.len() <= 12 && !is_picture(unit))
        && is_header(&bare)
        && bare.iter().any(|unit| is_unit(unit))
}

impl Table {
    /// Reads a table of the recording's folder. The first line is a header if none of its fields is a number; before it may
    /// stand comments, of which the last may be the header, a title, and the separator as spreadsheets state it.
    pub fn read(folder: &Folder, name: &str) -> Result<Self, RecordingError> {
        let text = folder.read_text(name)?;
        let (file, path) = (name.into(), folder.path().join(name));
        let head = Head::of(&text);
        let (number, first) = head.first;
        if let Some(object) = json_object(first) {
            let header = Some(object.into_iter().map(|(key, _)| key).collect());
            let (delimiter, first_row) = (b',', number);
            return Ok(Self { file, path, text, delimiter, is_json: true, header, units: Vec::new(), first_row });
        }
        let delimiter = head.delimiter.unwrap_or_else(|| delimiter(first));
        let first = fields(first, delimiter);
        let commented = head.comment.map(|comment| fields(comment, delimiter));
        let commented = commented.filter(|names| names.len() > 1 && names.len() == first.len() && is_header(names));
        let (header, mut first_row) = match is_header(&first) {
            true => (Some(first), number + 1),
            false => (commented, number),
        };
        let next = numbered_lines(&text).find(|(number, line)| *number >= first_row && !is_blank(line));
        let second = next.map(|(number, line)| (number, fields(line, delimiter)));
        let units = second.filter(|(_, fields)| header.is_some() && is_row_of_units(fields));
        if let Some((number, _)) = &units {
            first_row = number + 1;
        }
        let units = units.map(|(_, fields)| fields).unwrap_or_default();
        Ok(Self { file, path, text, delimiter, is_json: false, header, units, first_row })
    }

    /// Line number and fields of every row, the header left out.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Vec<String>)> {
        let rows = numbered_lines(&self.text).filter(|(number, _)| *number >= self.first_row);
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

    /// As many rows as tell what a column holds, without those that are blank.
    pub fn first_rows(&self) -> Vec<Vec<String>> {
        self.rows().map(|(_, fields)| fields).filter(|fields| !fields.is_empty()).take(ROWS_LOOKED_AT).collect()
    }

    /// Name of a column, where the table has names.
    pub fn column_name(&self, number: usize) -> &str {
        self.header.as_ref().and_then(|header| header.get(number)).map_or("", String::as_str)
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

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The character that parts the fields of a first line: the one of the usual ones that it has, tabs and blanks last. Commas
/// between digits are decimal commas where something else parts the fields.
pub(crate) fn delimiter(line: &[u8]) -> u8 {
    let is_between_digits = |at: usize| {
        let is_digit = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_digit);
        is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1))
    };
    let mut commas = (0..line.len()).filter(|&at| line[at] == b',').peekable();
    let parts = |parting: &&u8| line.contains(parting);
    let other = b";\t|".iter().find(parts).copied();
    match (commas.peek().is_some(), other) {
        (true, Some(other)) if commas.all(is_between_digits) => other,
        (true, _) => b',',
        (false, Some(other)) => other,
        (false, None) => {
            if line.trim_ascii().contains(&b' ') {
                b' '
            } else {
                b','
            }
        }
    }
}

/// Fields of one line without blanks and quotes around them; none where it is no CSV.
pub(crate) fn fields(line: &[u8], delimiter: u8) -> Vec<String> {
    // Lossy: a folder name in another encoding does not matter, only the base name is used.
    let text = |field: &[u8]| {
        let field = String::from_utf8_lossy(field);
        let field = field.trim_matches([' ', '\t', '\r', '"', '\'']);
        let field = if delimiter == b',' { field.to_owned() } else { with_decimal_point(field) };
        // Typesetting makes another character of a minus.
        if field.is_ascii() { field } else { field.replace('\u{2212}', "-") }
    };
    // Few tables have quotes, and a CSV reader for each of 100,000 lines would take a second.
    if !line.contains(&b'"') && delimiter == b' ' {
        return line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).map(text).collect();
    }
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

/// A unit that stands beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Degrees,
    Radians,
    Percent,
}

impl Measure {
    /// The unit of a word, in brackets or not.
    pub fn by_word(word: &str) -> Option<Self> {
        match word.trim_matches(['[', ']', '(', ')', ' ', '.']).to_lowercase().as_str() {
            "°" | "deg" | "degs" | "degree" | "degrees" => Some(Self::Degrees),
            "rad" | "rads" | "radian" | "radians" => Some(Self::Radians),
            "%" | "pct" | "percent" => Some(Self::Percent),
            _ => None,
        }
    }
}

/// A finite number and the unit behind it: `-12.5°`, `0.2 rad`.
pub(crate) fn quantity(field: &str) -> Option<(f64, Option<Measure>)> {
    let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    if let Some(number) = finite(field) {
        return Some((number, None));
    }
    let end = field.rfind(|last: char| last.is_ascii_digit() || last == '.')? + 1;
    Some((finite(&field[..end])?, Some(Measure::by_word(&field[end..])?)))
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
    fn tables_of_any_delimiter_are_read_with_and_without_header() {
        for text in ["0.jpg 89 20\n", "0.jpg;89;20\n", "0.jpg\t89\t20\n", "0.jpg, 89, \"20\"\n"] {
            let table = table(text);
            assert_eq!(table.header, None, "{text}");
            assert_eq!(table.rows().next().unwrap().1, ["0.jpg", "89", "20"], "{text}");
        }
    }

    #[test]
    fn what_stands_before_the_rows_is_none_of_them() {
        let names = ["image", "steering"].map(String::from).to_vec();
        for (text, first) in [
            ("# made by a script\n\nimage,steering\na.jpg,1\n", 4),
            ("#image [-],steering\na.jpg,1\n", 2),
            ("sep=;\nimage;steering\na.jpg;0,5\n", 3),
            ("My drive of Monday\nimage,steering\na.jpg,1\n", 3),
            ("image,steering\n[-],[deg]\na.jpg,1\n", 3),
            ("\nimage   steering\na.jpg    1\n", 3),
            ("image|steering\n'a.jpg'|1\n", 2),
        ] {
            let table = table(text);
            let header: Vec<String> = table.header.iter().flatten().map(|name| name.replace(" [-]", "")).collect();
            assert_eq!((header, table.rows().next().map(|(line, _)| line)), (names.clone(), Some(first)), "{text}");
            assert_eq!(table.rows().next().unwrap().1[0], "a.jpg", "{text}");
        }
        assert_eq!(table("image,steering\n[-],[deg]\na.jpg,1\n").units, ["[-]", "[deg]"]);
    }

    #[test]
    fn commas_are_decimal_where_something_else_parts_the_fields() {
        for text in ["0.jpg;0,25\n", "0.jpg\t0,25\n", "0.jpg|0,25\n"] {
            assert_eq!(table(text).rows().next().unwrap().1, ["0.jpg", "0.25"], "{text}");
        }
        assert_eq!(table("0.jpg,0.25;x\n").rows().next().unwrap().1.len(), 2);
    }

    #[test]
    fn a_number_may_have_its_unit_behind_it_and_a_typesetters_minus() {
        assert_eq!(quantity("-12.5°"), Some((-12.5, Some(Measure::Degrees))));
        assert_eq!(quantity("0.2 rad"), Some((0.2, Some(Measure::Radians))));
        assert_eq!(quantity("1e-3"), Some((1e-3, None)));
        assert_eq!([quantity("12 apples"), quantity("left"), quantity("NaN"), quantity("")], [None; 4]);
        assert_eq!(fields("a.jpg,\u{2212}0.5".as_bytes(), b','), ["a.jpg", "-0.5"]);
    }

    #[test]
    fn a_quoted_line_that_is_no_csv_has_no_fields_of_a_row() {
        assert_eq!(fields(b"\"a, b\",2", b','), ["a, b", "2"]);
        assert_eq!(fields(b"\"stray", b',').len(), 1);
    }
}
