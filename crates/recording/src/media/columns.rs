//! The columns of a table that are read: told by the user, or found by their names and by what is in them.

use crate::media::cameras::centre_score;
use crate::media::folder::base_name;
use crate::media::listing::is_picture;
use crate::media::table::{Measure, Table, number, quantity};
use crate::media::times::{is_date, raw_time};
use crate::model::error::{BadOption, RecordingError};
use crate::model::options::Columns;
use crate::model::skip::SkipReason;
use crate::model::steering_name::{steering_rank, words};

/// The first number that may be a Unix time in a column without a name for it: seconds of 1973.
const EARLIEST_UNIX_SECS: f64 = 1e8;

/// Positions of the columns that are read; those that a table does not have are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ColumnNumbers {
    pub image: Option<usize>,
    pub steering: Option<usize>,
    pub time: Option<Time>,
    pub speed: Option<usize>,
}

/// A column of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Time {
    pub column: usize,
    /// Another column with the part of a second, and its unit in seconds, as messages of robots have it.
    pub fraction: Option<(usize, f64)>,
    /// True where the values are dates or times of day.
    pub are_dates: bool,
}

impl Time {
    /// The raw time of a row; NaN where there is none.
    pub fn raw(self, fields: &[String]) -> f64 {
        let whole = fields.get(self.column).and_then(|field| raw_time(field)).unwrap_or(f64::NAN);
        match self.fraction {
            Some((column, unit)) => whole + number(fields, column).unwrap_or(f64::NAN) * unit,
            None => whole,
        }
    }
}

impl Table {
    /// Finds the columns by what the user has named, or else by the names that such columns have and by their values.
    ///
    /// # Errors
    /// Refuses a name that is no column, and one that is wanted of a table without names.
    pub fn columns(&self, wanted: &Columns) -> Result<ColumnNumbers, RecordingError> {
        let told = |key: &str, wanted: &Option<String>| {
            wanted.as_ref().map(|wanted| self.wanted_column(key, wanted)).transpose()
        };
        let rows = self.first_rows();
        // A column's values tell more than its name: `frame` may be a counter. Some tables leave the extensions out.
        let image = told("image", &wanted.image)?
            .or_else(|| self.picture_column(&rows))
            .or_else(|| self.first_column(names_picture));
        let steering = match told("steering", &wanted.steering)? {
            Some(column) => Some(column),
            None => self.steering_column(&rows),
        };
        let time = match told("time", &wanted.time)? {
            Some(column) => Some(column),
            None => self.time_column(&rows, [image, steering]),
        };
        let speed = told("speed", &wanted.speed)?.or_else(|| self.first_column(|name| name == "speed_mps"));
        Ok(ColumnNumbers { image, steering, time: time.map(|column| self.time(column, &rows)), speed })
    }

    fn wanted_column(&self, key: &str, wanted: &str) -> Result<usize, RecordingError> {
        let header = self.header.as_deref().unwrap_or_default();
        let by_name = header.iter().position(|name| name == wanted);
        let by_number = || wanted.parse::<usize>().ok()?.checked_sub(1);
        let refuse = || RecordingError::Option {
            path: self.path().clone(),
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

    fn first_column(&self, is_usual: fn(&str) -> bool) -> Option<usize> {
        self.header.as_ref()?.iter().position(|name| is_usual(&name.to_ascii_lowercase()))
    }

    /// The column whose values are names of pictures; of several that of the camera that looks ahead, then one that is
    /// named so, then the first.
    fn picture_column(&self, rows: &[Vec<String>]) -> Option<usize> {
        let holds_pictures =
            |&column: &usize| mostly(rows, |fields| fields.get(column).is_some_and(|name| is_picture(base_name(name))));
        let rank = |&column: &usize| {
            let name = match self.column_name(column) {
                "" => rows.first().and_then(|fields| fields.get(column)).map_or("", String::as_str),
                name => name,
            };
            (-centre_score(name), !names_picture(&name.to_ascii_lowercase()), column)
        };
        (0..columns_of(rows)).filter(holds_pictures).min_by_key(rank)
    }

    /// The column that numbers the frames of a video: one that is named as pictures are and holds whole numbers.
    pub fn frame_column(&self) -> Option<usize> {
        let rows = self.first_rows();
        let is_whole =
            |fields: &Vec<String>, column| number(fields, column).is_some_and(|number| number.fract() == 0.0);
        let is_named = |&column: &usize| names_picture(&self.column_name(column).to_ascii_lowercase());
        (0..columns_of(&rows)).filter(is_named).find(|&column| mostly(&rows, |fields| is_whole(fields, column)))
    }

    /// The column of numbers whose name is the most likely to be that of steering; of all such one whose numbers change, as
    /// those of a switch do not. Of a table without names the only column of numbers that are no times.
    fn steering_column(&self, rows: &[Vec<String>]) -> Option<usize> {
        let holds_numbers =
            |column: usize| mostly(rows, |fields| fields.get(column).is_some_and(|field| quantity(field).is_some()));
        let Some(header) = &self.header else {
            let time = self.time_column(rows, [None; 2]);
            let mut numbers = (0..columns_of(rows)).filter(|&column| holds_numbers(column) && Some(column) != time);
            return numbers.next().filter(|_| numbers.next().is_none());
        };
        let ranked = header.iter().enumerate().filter_map(|(column, name)| Some((steering_rank(name)?, column)));
        let mut ranked: Vec<(usize, usize)> = ranked.collect();
        ranked.sort_unstable();
        let likely = ranked.first().map(|&(_, column)| column);
        ranked.retain(|&(_, column)| holds_numbers(column));
        let changing = || ranked.iter().find(|&&(_, column)| self.has_values(column, 3)).map(|&(_, column)| column);
        match &ranked[..] {
            [] => likely,
            [(_, only)] => Some(*only),
            [(_, first), ..] => changing().or(Some(*first)),
        }
    }

    /// The column that has a time by its name, one whose values are times and differ; else one whose values can be nothing
    /// else: dates, or Unix times.
    fn time_column(&self, rows: &[Vec<String>], taken: [Option<usize>; 2]) -> Option<usize> {
        let columns = || (0..columns_of(rows)).filter(|&column| !taken.contains(&Some(column)));
        let holds_times =
            |column: usize| mostly(rows, |fields| fields.get(column).is_some_and(|field| raw_time(field).is_some()));
        let differ = |column: usize| rows.len() < 2 || self.has_values(column, 2);
        let ranked = columns().filter_map(|column| Some((time_rank(self.column_name(column))?, column)));
        let mut ranked: Vec<(usize, usize)> = ranked.collect();
        ranked.sort_unstable();
        let mut named = ranked.iter().map(|&(_, column)| column);
        let is_unix_time = |field: &str| field.parse::<f64>().is_ok_and(|number| number >= EARLIEST_UNIX_SECS);
        let can_be_nothing_else = |column: &usize| {
            let is_time = |field: &String| is_date(field) || is_unix_time(field);
            !rows.is_empty() && rows.iter().all(|fields| fields.get(*column).is_some_and(is_time)) && differ(*column)
        };
        named
            .find(|&column| holds_times(column) && differ(column))
            .or_else(|| columns().find(can_be_nothing_else))
            .or(ranked.first().map(|&(_, column)| column))
    }

    /// A column of times with the fraction beside it, as `secs` and `nsecs`.
    fn time(&self, column: usize, rows: &[Vec<String>]) -> Time {
        let last = |column: usize| words(self.column_name(column)).into_iter().rfind(|word| !word.is_empty());
        let is_secs = last(column).is_some_and(|word| ["s", "sec", "secs", "seconds"].contains(&word.as_str()));
        let fraction = (0..columns_of(rows)).find_map(|other| match last(other)?.as_str() {
            "nsec" | "nsecs" | "nanosec" | "nanosecs" | "nanoseconds" => Some((other, 1e-9)),
            "usec" | "usecs" | "microsec" | "microseconds" => Some((other, 1e-6)),
            _ => None,
        });
        let is_part = |(other, unit): &(usize, f64)| {
            mostly(rows, |fields| number(fields, *other).is_some_and(|part| (0.0..1.0).contains(&(part * unit))))
        };
        let are_dates = mostly(rows, |fields| fields.get(column).is_some_and(|field| is_date(field)));
        Time { column, fraction: fraction.filter(|part| is_secs && is_part(part)), are_dates }
    }

    /// True if a column has so many different values at least.
    fn has_values(&self, column: usize, count: usize) -> bool {
        let mut seen: Vec<String> = Vec::new();
        for (_, fields) in self.rows() {
            if let Some(field) = fields.get(column)
                && !seen.contains(field)
            {
                seen.push(field.clone());
                if seen.len() >= count {
                    return true;
                }
            }
        }
        false
    }

    /// The steering of every row, in one unit.
    pub fn steerings(&self, column: usize) -> Steerings {
        let rows = self.first_rows();
        let is_unit = |column: &usize| {
            mostly(&rows, |fields| fields.get(*column).is_some_and(|field| Measure::by_word(field).is_some()))
        };
        let unit_column = (0..columns_of(&rows)).find(|other| *other != column && is_unit(other));
        let of_all = self.units.get(column).and_then(|word| Measure::by_word(word));
        let mut steerings = Steerings { column, unit_column, measure: of_all };
        let states_unit = |fields: &Vec<String>| steerings.measure_of(fields).is_some();
        if of_all.is_none() && rows.iter().any(states_unit) {
            let measures: Vec<Measure> = self.rows().filter_map(|(_, fields)| steerings.measure_of(&fields)).collect();
            // Of angles in both units degrees are made.
            let is_mixed = measures.contains(&Measure::Degrees) && measures.contains(&Measure::Radians);
            steerings.measure = if is_mixed { Some(Measure::Degrees) } else { measures.first().copied() };
        }
        steerings
    }
}

/// The column of steering, and the unit that the table states beside its numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steerings {
    column: usize,
    unit_column: Option<usize>,
    measure: Option<Measure>,
}

impl Steerings {
    fn measure_of(&self, fields: &[String]) -> Option<Measure> {
        let (_, behind) = quantity(fields.get(self.column)?)?;
        behind.or_else(|| Measure::by_word(fields.get(self.unit_column?)?))
    }

    /// The number of a row, in the unit of most, or why it is left out.
    pub fn value(&self, fields: &[String]) -> Result<f64, SkipReason> {
        let field = fields.get(self.column).ok_or(SkipReason::WrongColumnCount)?;
        let (number, _) = quantity(field).ok_or(SkipReason::SteeringNotANumber)?;
        Ok(match (self.measure_of(fields), self.measure) {
            (Some(Measure::Radians), Some(Measure::Degrees)) => number.to_degrees(),
            _ => number,
        })
    }

    /// A column's name with the unit that the table states, for the guess of its unit.
    pub fn name_with_unit(&self, name: &str) -> String {
        match self.measure {
            Some(Measure::Degrees) => format!("{name} deg"),
            Some(Measure::Radians) => format!("{name} rad"),
            Some(Measure::Percent) => format!("{name} percent"),
            None => name.to_owned(),
        }
    }
}

/// True if more than half of the rows are so.
fn mostly(rows: &[Vec<String>], is_so: impl Fn(&Vec<String>) -> bool) -> bool {
    2 * rows.iter().filter(|fields| is_so(fields)).count() > rows.len()
}

/// Columns of the longest of some rows.
fn columns_of(rows: &[Vec<String>]) -> usize {
    rows.iter().map(Vec::len).max().unwrap_or(0)
}

fn names_picture(name: &str) -> bool {
    ["image", "filename", "file", "img", "picture", "path", "center", "frame", "frame_id", "name"].contains(&name)
        || name.contains("image")
        || name.contains("filename")
}

/// Rank of a name among those of times, 0 the most likely; `None` where it says nothing of a time, or of another one than
/// that of the row.
pub(crate) fn time_rank(name: &str) -> Option<usize> {
    let small = name.trim_start_matches('%').to_ascii_lowercase();
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if has(&["exposure", "lap", "delta", "dt", "step", "duration", "processing", "latency"]) {
        return None;
    }
    if small.starts_with("time") || small.contains("timestamp") || small == "t" {
        return Some(0);
    }
    if has(&["ts", "stamp", "datetime", "date", "epoch", "clock", "elapsed", "unix", "time", "sec", "secs", "seconds"])
    {
        return Some(1);
    }
    has(&["ms", "msec", "millis", "milliseconds", "us", "usec", "micros", "ns", "nsec", "nsecs", "nanos"]).then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::folder::Folder;

    fn table(text: &str) -> Table {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log.csv"), text).unwrap();
        Table::read(&Folder::open(dir.path()).unwrap(), "log.csv").unwrap()
    }

    /// Names of the columns that are read as picture, steering and time.
    fn read(text: &str) -> [String; 3] {
        let table = table(text);
        let numbers = table.columns(&Columns::default()).unwrap();
        let columns = [numbers.image, numbers.steering, numbers.time.map(|time| time.column)];
        columns.map(|column| column.map_or_else(String::new, |column| table.column_text(column)))
    }

    #[test]
    fn a_column_whose_values_are_none_of_its_name_is_not_read() {
        for (text, expected) in [
            ("image,steering,angle\na.jpg,manual,0.5\nb.jpg,manual,0.6\n", ["image", "angle", ""]),
            ("image,steer_on,steering_deg\na.jpg,1,2\nb.jpg,1,3\nc.jpg,1,4\n", ["image", "steering_deg", ""]),
            (
                "image,steer,time_of_day,timestamp\na.jpg,0,night,1.0\nb.jpg,1,night,1.1\n",
                ["image", "steer", "timestamp"],
            ),
            ("image,steer,time,ts\na.jpg,0,0,5\nb.jpg,1,0,6\n", ["image", "steer", "ts"]),
            (
                "when,image,steer\n2024-03-01 12:00:55,a.jpg,1\n2024-03-01 12:00:56,b.jpg,2\n",
                ["image", "steer", "when"],
            ),
            ("left_image,center_image,right_image,steer\nl.jpg,c.jpg,r.jpg,1\n", ["center_image", "steer", ""]),
            ("depth,rgb,steer\nd/1.png,c/1.png,1\n", ["rgb", "steer", ""]),
            ("image,exposure_time,steer\na.jpg,0.01,1\nb.jpg,0.02,1\n", ["image", "steer", ""]),
            ("image,steer,steer\na.jpg,0,1\nb.jpg,0,2\nc.jpg,0,3\n", ["image", "steer", ""]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        // Of two columns of one name the one that changes.
        let numbers =
            table("image,steer,steer\na.jpg,0,1\nb.jpg,0,2\nc.jpg,0,3\n").columns(&Columns::default()).unwrap();
        assert_eq!(numbers.steering, Some(2));
    }

    #[test]
    fn seconds_and_their_fraction_in_two_columns_are_one_time() {
        let table = table("secs,nsecs,image,steer\n5,900000000,a.jpg,1\n6,100000000,b.jpg,2\n");
        let time = table.columns(&Columns::default()).unwrap().time.unwrap();
        let raw: Vec<f64> = table.rows().map(|(_, fields)| time.raw(&fields)).collect();
        assert!((raw[0] - 5.9).abs() < 1e-9 && (raw[1] - 6.1).abs() < 1e-9, "{raw:?}");
    }

    #[test]
    fn steering_in_several_units_comes_in_one() {
        for text in
            ["image,steer,unit\na.jpg,30,deg\nb.jpg,0.5235988,rad\n", "image,steer\na.jpg,30°\nb.jpg,0.5235988 rad\n"]
        {
            let table = table(text);
            let steerings = table.steerings(1);
            let values: Vec<f64> = table.rows().map(|(_, fields)| steerings.value(&fields).unwrap()).collect();
            assert!(values.iter().all(|value| (value - 30.0).abs() < 1e-4), "{values:?}");
            assert_eq!(steerings.name_with_unit("steer"), "steer deg");
        }
        let units = table("image,steer\n-,rad\na.jpg,0.5\n");
        assert_eq!(units.steerings(1).name_with_unit("steer"), "steer rad");
        assert_eq!(table("image,steer\na.jpg,0.5\n").steerings(1).name_with_unit("steer"), "steer");
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let table = table("timestamp,filename,Steering_Angle,speed\n1,a.jpg,0.5,3\n");
        let numbers = table.columns(&Columns::default()).unwrap();
        assert_eq!(numbers.time, Some(Time { column: 0, fraction: None, are_dates: false }));
        assert_eq!(numbers, ColumnNumbers { image: Some(1), steering: Some(2), time: numbers.time, speed: None });
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
    fn lines_of_json_are_a_table_of_their_keys() {
        let table = table(
            "{\"t\": 1.5, \"car\": {\"steering\": -0.25}, \"image\": \"a.jpg\"}\n{\"image\": \"b.jpg\", \"t\": NaN}\n{\n",
        );
        let columns = table.columns(&Columns::default()).unwrap();
        let name = |column: Option<usize>| table.column_text(column.unwrap());
        assert_eq!(
            [columns.image, columns.steering, columns.time.map(|time| time.column)].map(name),
            ["image", "car.steering", "t"]
        );
        let rows: Vec<_> = table.rows().collect();
        assert_eq!((rows[0].0, number(&rows[0].1, columns.steering.unwrap())), (1, Some(-0.25)));
        assert_eq!((table.picture_column(&table.first_rows()), rows.len()), (columns.image, 3));
        assert!(columns.time.unwrap().raw(&rows[1].1).is_nan());
    }
}
