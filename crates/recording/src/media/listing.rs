//! The pictures of a recording's folder, listed so that a row's path from another machine finds its file here.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;

use crate::media::folder::{Folder, base_name};
use crate::model::error::RecordingError;

/// Subfolders looked into: a recording has a handful, a home folder thousands.
const MAX_FOLDERS: usize = 64;

/// Names that picture folders usually have, in small letters; they are looked into first.
const USUAL_NAMES: [&str; 5] = ["img", "images", "center", "frames", "data"];

/// File names in a folder and in its subfolders, two levels down.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Each with its path below the recording's folder (`""` for itself) and the names in it.
    folders: Vec<(String, HashSet<String>)>,
    /// The pictures by [`alike`], for names that are not here as they stand; made when the first is looked for.
    by_likeness: OnceLock<HashMap<String, Vec<String>>>,
}

impl Listing {
    /// Lists a recording's folder. One listing, because looking for 100,000 pictures one by one is slow on network
    /// disks.
    pub fn read(folder: &Folder) -> Result<Self, RecordingError> {
        let mut folders = vec![(String::new(), folder.names_in("")?)];
        for name in usual_first(folder.subfolders("")?) {
            let deeper = folder.subfolders(&name)?.into_iter().map(|deeper| format!("{name}/{deeper}"));
            for path in std::iter::once(name.clone()).chain(deeper) {
                // A subfolder that cannot be listed, or leads elsewhere, holds no picture of this recording.
                if folders.len() < MAX_FOLDERS
                    && let Ok(names) = folder.names_in(&path)
                {
                    folders.push((path, names));
                }
            }
        }
        Ok(Self { folders, by_likeness: OnceLock::new() })
    }

    /// The picture's path, relative to the recording, wherever it lay on the machine that recorded: at the end of
    /// its recorded path if that is here, or under its base name in any of the folders; else the only picture whose name
    /// differs in nothing but zeros before its numbers, the size of letters, and the extension, which may be left out.
    pub fn find(&self, recorded: &str) -> Option<String> {
        self.find_exact(recorded).or_else(|| self.find_alike(recorded))
    }

    fn find_alike(&self, recorded: &str) -> Option<String> {
        let by_likeness = self.by_likeness.get_or_init(|| {
            let mut by_likeness: HashMap<String, Vec<String>> = HashMap::new();
            for (path, names) in &self.folders {
                for name in names.iter().filter(|name| is_picture(name)) {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                    by_likeness.entry(alike(name)).or_default().push(below);
                }
            }
            by_likeness
        });
        let name = base_name(recorded);
        let found = by_likeness.get(&alike(name))?;
        let parent = recorded.strip_suffix(name).map(|parent| base_name(parent.trim_end_matches(['/', '\\'])));
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| base_name(folder).to_owned());
        let mut beside = found.iter().filter(|path| folder(path).as_deref() == parent && parent.is_some());
        match (&found[..], beside.next(), beside.next()) {
            ([only], _, _) => Some(only.clone()),
            (_, Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }

    fn find_exact(&self, recorded: &str) -> Option<String> {
        let name = base_name(recorded);
        let parent = recorded.strip_suffix(name).map(|parent| base_name(parent.trim_end_matches(['/', '\\'])));
        let is_parent = |path: &str| parent.is_some_and(|parent| !parent.is_empty() && base_name(path) == parent);
        let holding = |(_, names): &&(String, HashSet<String>)| names.contains(name);
        let same_parent = self.folders.iter().filter(|(path, _)| is_parent(path)).find(holding);
        // Subfolders first: pictures beside the index are the rarer layout.
        let anywhere = || self.folders.iter().skip(1).chain(self.folders.first()).find(holding);
        let (path, _) = same_parent.or_else(anywhere)?;
        Some(if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") })
    }

    /// Pictures that lie directly in the folder, in the order of the numbers in their names.
    pub fn pictures(&self) -> Vec<String> {
        let names = self.folders.first().map(|(_, names)| names).into_iter().flatten();
        let mut pictures: Vec<String> = names.filter(|name| is_picture(name)).cloned().collect();
        pictures.sort_by(|a, b| numeric_order(a, b));
        pictures
    }
}

/// A picture's name without its extension, without zeros before numbers, in small letters.
fn alike(name: &str) -> String {
    let mut rest = if is_picture(name) { stem(name) } else { name };
    let mut alike = String::new();
    while let Some(piece) = take_piece(&mut rest) {
        match significant_digits(piece) {
            Some("") => alike.push('0'),
            Some(digits) => alike.push_str(digits),
            None => alike.extend(small_letters(piece)),
        }
    }
    alike
}

fn usual_first(mut names: Vec<String>) -> Vec<String> {
    let rank = |name: &str| {
        let name = name.to_ascii_lowercase();
        USUAL_NAMES.iter().position(|usual| *usual == name).unwrap_or(USUAL_NAMES.len())
    };
    names.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    names
}

/// True for a file that is a picture by its name. Names that begin with a dot are what systems put beside data.
pub(crate) fn is_picture(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    !name.starts_with('.') && PICTURE_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Extensions of the pictures that are read.
const PICTURE_EXTENSIONS: [&str; 10] = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pnm"];

/// Orders names so that `frame2` comes before `frame10`, and 1.05 before 1.1: digits behind a number and a point are its
/// fraction, as in the names that cameras make of Unix times.
/// Extensions come last, so that `x.jpg` stands before `x (1).jpg`, and the size of letters does not count.
pub(crate) fn numeric_order(a: &str, b: &str) -> Ordering {
    order_of_stems(stem(a), stem(b)).then_with(|| a.cmp(b))
}

/// A name without its extension, which begins with a letter: the digits behind a point are a number's.
fn stem(name: &str) -> &str {
    let is_extension = |extension: &str| extension.starts_with(|first: char| first.is_ascii_alphabetic());
    name.rsplit_once('.').filter(|(_, extension)| is_extension(extension)).map_or(name, |(stem, _)| stem)
}

fn order_of_stems(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    // The last two pieces, which are the same of both names.
    let mut before = ["", ""];
    while let (Some(piece_a), Some(piece_b)) = (take_piece(&mut rest_a), take_piece(&mut rest_b)) {
        let is_fraction = before[1] == "." && significant_digits(before[0]).is_some();
        let order = match (significant_digits(piece_a), significant_digits(piece_b)) {
            (Some(_), Some(_)) if is_fraction => piece_a.trim_end_matches('0').cmp(piece_b.trim_end_matches('0')),
            // A longer number is larger, whatever its first digit; numbers of names may be too long for any integer.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => small_letters(piece_a).cmp(small_letters(piece_b)),
        };
        if order != Ordering::Equal {
            return order;
        }
        before = [before[1], piece_a];
    }
    // `1.jpg` and `01.jpg` are one number: any fixed order will do.
    rest_a.len().cmp(&rest_b.len())
}

fn small_letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Takes the longest piece of digits only or of no digits off the front.
fn take_piece<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_digit = rest.chars().next()?.is_ascii_digit();
    let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
    let (piece, after) = rest.split_at(end);
    *rest = after;
    Some(piece)
}

fn significant_digits(piece: &str) -> Option<&str> {
    piece.starts_with(|c: char| c.is_ascii_digit()).then(|| piece.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn listing(files: &[&str]) -> Listing {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Listing::read(&Folder::open(dir.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_is_found_under_its_recorded_folder_before_any_other() {
        let listing = listing(&["center/1.jpg", "left/1.jpg", "right/1.jpg", "log.csv"]);
        assert_eq!(listing.find("left/1.jpg").as_deref(), Some("left/1.jpg"));
        assert_eq!(listing.find(r"C:\elsewhere\right\1.jpg").as_deref(), Some("right/1.jpg"));
        assert_eq!(listing.find("/gone/1.jpg").as_deref(), Some("center/1.jpg"), "the usual name comes first");
        assert_eq!(listing.find("2.jpg"), None);
    }

    #[test]
    fn pictures_are_found_beside_the_index_and_in_the_folders_of_several_drives() {
        let listing = listing(&["a.jpg", "track 1/IMG/b.jpg", "Track2/img/c.jpg"]);
        assert_eq!(listing.find("IMG/a.jpg").as_deref(), Some("a.jpg"));
        assert_eq!(listing.find(r"D:\sim\track 1\IMG\b.jpg").as_deref(), Some("track 1/IMG/b.jpg"));
        assert_eq!(listing.find("IMG/c.jpg").as_deref(), Some("Track2/img/c.jpg"));
    }

    #[test]
    fn nothing_outside_of_the_folder_is_ever_found() {
        let listing = listing(&["IMG/a.jpg"]);
        for path in ["../secret.jpg", "/etc/passwd", "..", ".", "", "IMG/..", "IMG/", "IMG"] {
            let found = listing.find(path);
            assert!(found.as_deref().is_none_or(|found| found == "IMG"), "{path}: {found:?}");
        }
    }

    #[test]
    fn pictures_come_in_the_order_of_their_numbers() {
        let listing = listing(&["f10.jpg", "f9.PNG", "f1.jpeg", "._f1.jpg", ".DS_Store", "notes.txt", "sub/f0.jpg"]);
        assert_eq!(listing.pictures(), ["f1.jpeg", "f9.PNG", "f10.jpg"]);
        assert_eq!(numeric_order("a2b10", "a2b9"), Ordering::Greater);
        assert_eq!(numeric_order("1479424215880976321", "999"), Ordering::Greater);
        assert_ne!(numeric_order("01.jpg", "1.jpg"), Ordering::Equal, "a fixed order of equal numbers");
        assert_eq!(numeric_order("a", "a1"), Ordering::Less);
    }

    // Downloads of one name, cameras that count without padding, and systems that differ in the size of letters.
    #[test]
    fn extensions_and_sizes_of_letters_come_last() {
        for names in [["x.jpg", "x (1).jpg", "x (2).jpg"], ["IMG_1.jpg", "img_2.JPG", "IMG_10.png"]] {
            assert!(names.windows(2).all(|pair| numeric_order(pair[0], pair[1]) == Ordering::Less), "{names:?}");
        }
    }

    #[test]
    fn a_name_without_its_zeros_or_extension_finds_the_only_picture_that_it_may_be() {
        let listing =
            listing(&["a/0005.JPG", "b/frame_000010.png", "c/7.jpg", "c/07.jpg", "d/8.png", "e/8.png", "9.txt"]);
        assert_eq!(listing.find("5").as_deref(), Some("a/0005.JPG"));
        assert_eq!(listing.find("Frame_10.jpg").as_deref(), Some("b/frame_000010.png"));
        assert_eq!(listing.find("0008.jpg"), None, "two may be it");
        assert_eq!(listing.find("e/0008.jpg").as_deref(), Some("e/8.png"));
        assert_eq!([listing.find("007.jpg"), listing.find("9.jpg"), listing.find("50")], [None, None, None]);
    }

    #[test]
    fn digits_behind_a_number_and_a_point_are_a_fraction() {
        let names =
            ["1700000000.9.jpg", "1700000000.95.jpg", "1700000001.0.jpg", "1700000001.05.jpg", "1700000001.1.jpg"];
        for pair in names.windows(2) {
            assert_eq!(numeric_order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(numeric_order("x.9.jpg", "x.10.jpg"), Ordering::Less, "no number before the point");
    }
}
