//! The cameras of a car whose pictures stand in the rows of one table, or in one folder: several streams of one drive,
//! of which one is read.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::media::folder::base_name;
use crate::media::listing::numeric_order;
use crate::model::steering_name::words;

/// Cameras that a car has at most.
const MAX_CAMERAS: usize = 12;

/// Words for the camera that looks ahead, and for those that look elsewhere or at something else.
const CENTRE: [&str; 12] =
    ["center", "centre", "central", "front", "forward", "middle", "mid", "rgb", "color", "colour", "main", "c"];
const OTHERS: [&str; 22] = [
    "left",
    "right",
    "rear",
    "back",
    "side",
    "depth",
    "seg",
    "segmentation",
    "semantic",
    "mask",
    "thermal",
    "ir",
    "infrared",
    "lidar",
    "radar",
    "disparity",
    "flow",
    "bev",
    "top",
    "label",
    "l",
    "r",
];

/// Streams agree in what belongs to a moment where they do so in this share of their rows.
const ALIKE: f64 = 0.9;

/// A row or a picture, as far as that tells its camera.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub picture: &'a str,
    /// Text of a column that names the camera.
    pub camera: Option<&'a str>,
    pub time: Option<&'a str>,
    pub steering: Option<&'a str>,
}

/// How much a name speaks for the camera that looks ahead: above 0 for it, below 0 for another, 0 for neither.
pub(crate) fn centre_score(name: &str) -> i32 {
    // Camera makers write leftImg8bit, people leftcamera.
    let is_one = |word: &str, known: &[&str]| {
        known.iter().any(|known| word == *known || (known.len() > 3 && word.starts_with(known)))
    };
    let words = words(name);
    let any = |known: &[&str]| i32::from(words.iter().any(|word| is_one(word, known)));
    any(&CENTRE) - 2 * any(&OTHERS)
}

/// Which rows are of another camera than the one that looks ahead; `None` where all are of one. Cameras show by their
/// words, or by streams of one length that agree in time and steering.
pub(crate) fn of_other_cameras(rows: &[Seen]) -> Option<Vec<bool>> {
    let letters: Vec<String> = rows.iter().map(letters).collect();
    let keys = [camera_column(rows), Some(letters.clone())].into_iter().flatten();
    let numbered = (0..4).map_while(|place| numbers_at(rows, &letters, place));
    keys.chain(numbered).find_map(|keys| others_by(&keys, rows))
}

fn camera_column(rows: &[Seen]) -> Option<Vec<String>> {
    rows.iter().map(|row| row.camera.map(str::to_lowercase)).collect()
}

/// Folder and name of a picture without digits.
fn letters(row: &Seen) -> String {
    let name = base_name(row.picture);
    let folder = base_name(row.picture.strip_suffix(name).unwrap_or_default().trim_end_matches(['/', '\\']));
    format!("{folder}/{name}").chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>().to_lowercase()
}

/// The number at a place of each name, behind the letters; `None` where a name has none there.
fn numbers_at(rows: &[Seen], letters: &[String], place: usize) -> Option<Vec<String>> {
    let number = |row: &Seen| digits(row.picture).nth(place).map(str::to_owned);
    rows.iter().zip(letters).map(|(row, letters)| Some(format!("{letters} {}", number(row)?))).collect()
}

fn digits(picture: &str) -> impl Iterator<Item = &str> {
    base_name(picture).split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty())
}

fn others_by(keys: &[String], rows: &[Seen]) -> Option<Vec<bool>> {
    let mut streams: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, key) in keys.iter().enumerate() {
        streams.entry(key).or_default().push(row);
        if streams.len() > MAX_CAMERAS {
            return None;
        }
    }
    if streams.len() < 2 || !(are_named(&streams) || are_parallel(&streams, rows)) {
        return None;
    }
    let best = |a: &&&str, b: &&&str| centre_score(a).cmp(&centre_score(b)).then_with(|| numeric_order(b, a));
    let centre = *streams.keys().max_by(best)?;
    Some(keys.iter().map(|key| key != centre).collect())
}

/// True where every stream is by its words the centre camera's or that of a side, which has rows of at least the same
/// number: the labels of side cameras are often corrected.
fn are_named(streams: &BTreeMap<&str, Vec<usize>>) -> bool {
    let is_side = |key: &str| words(key).iter().any(|word| word.starts_with("left") || word.starts_with("right"));
    let is_centre = |key: &str| !is_side(key) && centre_score(key) > 0;
    let count = |is_one: &dyn Fn(&str) -> bool| {
        streams.iter().filter(|(key, _)| is_one(key)).map(|(_, rows)| rows.len()).sum::<usize>()
    };
    let (centre, side) = (count(&is_centre), count(&is_side));
    centre > 0 && side >= centre && streams.keys().all(|key| is_centre(key) || is_side(key))
}

/// True where all streams have as many rows, and these belong to the same moments.
fn are_parallel(streams: &BTreeMap<&str, Vec<usize>>, rows: &[Seen]) -> bool {
    let lengths: Vec<usize> = streams.values().map(Vec::len).collect();
    let (least, most) = (lengths.iter().min().copied().unwrap_or(0), lengths.iter().max().copied().unwrap_or(0));
    let Some((_, first)) = streams.iter().next() else { return false };
    if least < 2 || most > least + least / 5 {
        return false;
    }
    let has_words = streams.keys().any(|key| centre_score(key) != 0);
    let mut others = streams.iter().skip(1).map(|(_, others)| others);
    others.all(|other| agree(first, other, rows, has_words))
}

/// True where the rows of two streams belong to the same moments: by their times, or else by their places, they have the
/// same steering. Where there is none, or always the same, by their times or numbers and the words of the streams.
fn agree(first: &[usize], other: &[usize], rows: &[Seen], has_words: bool) -> bool {
    let steering = |row: usize| rows[row].steering;
    let time = |row: usize| rows[row].time;
    let moment = |row: usize| match time(row) {
        Some(time) => time.to_owned(),
        None => digits(rows[row].picture).collect::<Vec<_>>().join(" "),
    };
    let by_moment: HashMap<String, usize> = first.iter().map(|&row| (moment(row), row)).collect();
    let pairs: Vec<(usize, usize)> = match other.iter().all(|&row| time(row).is_some()) {
        true => other.iter().filter_map(|&row| Some((*by_moment.get(&moment(row))?, row))).collect(),
        false => first.iter().copied().zip(other.iter().copied()).collect(),
    };
    let share = |count: usize| count as f64 / other.len() as f64 >= ALIKE;
    let varies = first.iter().filter_map(|&row| steering(row)).collect::<HashSet<_>>().len() > 2;
    if varies {
        return share(pairs.iter().filter(|&&(a, b)| steering(a) == steering(b)).count());
    }
    has_words && share(other.iter().filter(|&&row| by_moment.contains_key(&moment(row))).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pictures that are read, of rows `picture camera time steering`, `-` for what is not there.
    fn read(rows: &[String]) -> Vec<&str> {
        let known = |text: &'static str| move |field: &&str| *field != text;
        let seen: Vec<Seen> = rows
            .iter()
            .map(|row| {
                let mut fields = row.split(' ');
                let picture = fields.next().unwrap();
                let [camera, time, steering] = [0; 3].map(|_| fields.next().filter(known("-")));
                Seen { picture, camera, time, steering }
            })
            .collect();
        let others = of_other_cameras(&seen).unwrap_or_else(|| vec![false; rows.len()]);
        seen.iter().zip(others).filter(|(_, other)| !other).map(|(seen, _)| seen.picture).collect()
    }

    fn rows(row: impl Fn(usize, &str) -> String, cameras: &[&str]) -> Vec<String> {
        (0..6).flat_map(|i| cameras.iter().map(|camera| row(i, camera)).collect::<Vec<_>>()).collect()
    }

    fn assert_one(rows: &[String], begins: &str) {
        let read = read(rows);
        assert_eq!(read.len(), 6, "{read:?}");
        assert!(read.iter().all(|picture| picture.starts_with(begins)), "{read:?}");
    }

    #[test]
    fn one_of_several_cameras_is_read_whichever_way_they_show() {
        // Words in names and folders, with steering that is corrected for the sides, and without any.
        assert_one(&rows(|i, camera| format!("{camera}_{i}.jpg - {i} 0.{i}"), &["left", "center", "right"]), "center");
        assert_one(
            &rows(|i, camera| format!("{camera}/{i}.jpg - - 0.{i}{}", camera.len()), &["left", "front"]),
            "front/",
        );
        assert_one(&rows(|i, camera| format!("{camera}_{i}.jpg - - -"), &["depth", "rgb"]), "rgb");
        // A column, numbers and letters, with the same steering.
        assert_one(&rows(|i, camera| format!("p{i}{camera}.jpg {camera} - 0.{i}"), &["2", "1"])[..], "p");
        assert_one(&rows(|i, camera| format!("cam{camera}_{i}.jpg - - 0.{i}"), &["0", "1", "2"]), "cam0");
        assert_one(&rows(|i, camera| format!("{camera}{i}.jpg - {i} 0.{i}"), &["l", "c", "r"]), "c");
        assert_one(
            &rows(|i, camera| format!("{camera}/{i}.jpg - {i} 0.{i}"), &["front_left", "front", "rear"]),
            "front/",
        );
    }

    #[test]
    fn drives_of_one_camera_are_all_read() {
        // Two drives from time 0 with steering of their own; one drive; names of two numbers.
        let drives = rows(|i, drive| format!("{drive}/{i}.jpg - {i} 0.{i}{}", drive.len()), &["town", "track"]);
        assert_eq!(read(&drives).len(), 12);
        assert_eq!(read(&rows(|i, _| format!("{i}.jpg - - 0.{i}"), &["-"])).len(), 6);
        assert_eq!(read(&rows(|i, part| format!("{part}_{i}.jpg - - 0.{part}{i}"), &["1", "2"])).len(), 12);
        let zeros = rows(|i, drive| format!("{drive}{i}.jpg - - 0"), &["a", "b"]);
        assert_eq!(read(&zeros).len(), 12, "always the same steering tells nothing");
    }
}
